/* Changing a letter: another value, or other headers, from now on. The letter itself stays as it is, and what is put back
 * is what the last change says (marks.h). */
#ifndef WR_LETTERS_EDIT_H
#define WR_LETTERS_EDIT_H

#include <base/buf.h>
#include <letters/marks.h>
#include <letters/scan.h>

typedef struct wr_edit {
    const char *const *places; /* JSON pointers into the letter's data, and the JSON values to put there */
    const weir_slice *values;
    size_t place_count;
    weir_slice data;              /* data NULL: as it was; else all of it, before the places */
    bool is_raw;                  /* not checked: data that was JSON may become something else */
    const wr_client_header *sets; /* of the event; a value that is null takes the header away */
    size_t set_count;
} wr_edit;

/* Append the record's value with the change. Of an event in structured mode the data within the envelope is changed.
 * Errors: WEIR_E_NOT_FOUND no such place; WEIR_E_FORMAT no JSON; WEIR_E_UNSUPPORTED the data stands in its envelope in a way
 * in which it cannot be changed; WEIR_E_LIMIT, WEIR_E_MEMORY. `out` is then as it was. */
WEIR_MUST_CHECK weir_err wr_edit_value(const wr_edit *edit, const wr_letter_item *item, wr_buf *out,
                                       weir_failure *failure);
/* Append in words what differs: "/sku: "A" -> "B"; …", at most 2000 bytes. */
void wr_edit_describe(const wr_letter_item *item, weir_slice value, wr_buf *out);
/* Writes the change into the letter's topic, and waits until it is there.
 * Errors: WEIR_E_LIMIT more than WR_MARK_SETS_MAX headers; those of marks. */
WEIR_MUST_CHECK weir_err wr_edit_write(const wr_scan *scan, const wr_edit *edit, const wr_letter_item *item,
                                       weir_slice value, const char *changes, weir_failure *failure);

#endif
