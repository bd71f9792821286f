/* A dead letter topic as it stands: its letters, and what their marks say.
 *
 * Opening reads the topic once for its marks, which lie behind what they are about; wr_book_each reads it again for the
 * letters. What is kept in memory is ranges of handled letters and what was changed; the letters pass by. */
#ifndef WR_BOOK_H
#define WR_BOOK_H

#include <letters/marks.h>
#include <letters/scan.h>

typedef struct wr_book wr_book;

enum { WR_EDITS_MAX = 100000, WR_BOOK_SIZE_MAX = 512 << 20, WR_NOTES_MAX = 1000000 };

/* What a mark says of all its letters. */
typedef struct wr_note {
    int64_t at_ms; /* when it was written */
    const char *to, *run, *by, *reason;
    const wr_mark_end *ends;
    size_t end_count;
} wr_note;

/* Errors: WEIR_E_NOT_FOUND there is no such topic; WEIR_E_LIMIT more than is kept; those of a scan. */
WEIR_MUST_CHECK weir_err wr_book_open(const wr_scan *scan, const char *topic, wr_book **ret_book,
                                      weir_failure *failure);
void wr_book_close(wr_book *book); /* accepts NULL */
/* The marks that have been written since, up to that offset of each partition. */
WEIR_MUST_CHECK weir_err wr_book_refresh(wr_book *book, int64_t (*end)(const void *user, int32_t partition),
                                         const void *user, weir_failure *failure);

const char *wr_book_topic(const wr_book *book);
size_t wr_book_partition_count(const wr_book *book);
size_t wr_book_strange_count(const wr_book *book); /* marks that are not understood: a later weir's, or broken ones */
wr_range wr_book_at(const wr_book *book, int32_t partition, int64_t offset);
/* For this view of it, as if a mark had said so. */
WEIR_MUST_CHECK weir_err wr_book_set(wr_book *book, int32_t partition, wr_range range, weir_failure *failure);
const wr_note *wr_book_note(const wr_book *book, wr_range range); /* what set its state; NULL: nothing */
/* Everything that is WR_LETTER_SENDING; `each` must not change the book. */
WEIR_MUST_CHECK weir_err wr_book_each_sending(wr_book *book,
                                              weir_err (*each)(void *user, int32_t partition, wr_range range),
                                              void *user);

/* Which letters to look at. */
typedef struct wr_book_part {
    const wr_letter_name *letters; /* NULL: all of the topic */
    size_t letter_count;           /* those of other topics are passed over */
} wr_book_part;

/* Calls each(user, item) for the letters in the order of each partition, up to where the topic ended when the book was
 * opened. An item lives until `each` returns. An error of it ends the walk. */
WEIR_MUST_CHECK weir_err wr_book_each(wr_book *book, const wr_book_part *part,
                                      weir_err (*each)(void *user, const wr_letter_item *item, weir_failure *failure),
                                      void *user, weir_failure *failure);

#endif
