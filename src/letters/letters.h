/* Dead letters on any Kafka: read, chosen by a clause, changed, dropped, put back for the group that failed on them.
 *
 * A letter is a record of a dead letter topic that says why it is one (event/letter.h). Its name is TOPIC/PARTITION@OFFSET.
 * What has become of letters is written into the same partition behind them, as marks (marks.h), so that it lives as long
 * as they do and is the same for everybody who looks. book.h reads both. */
#ifndef WR_LETTERS_H
#define WR_LETTERS_H

#include <client/client.h>
#include <event/letter.h>

typedef enum wr_letter_state {
    WR_LETTER_OPEN = 0,
    WR_LETTER_SENDING,  /* a run began to put it back and did not say that it has */
    WR_LETTER_REDRIVEN, /* it was put back */
    WR_LETTER_DROPPED,  /* somebody has decided that nothing is to become of it */
} wr_letter_state;
const char *wr_letter_state_name(wr_letter_state state);

/* One letter at hand. */
typedef struct wr_letter_item {
    wr_client_record record; /* as it is to be put back: with what somebody has changed */
    wr_letter letter;
    weir_event event; /* when it is one */
    bool is_event;
    wr_letter_state state;
    bool is_edited;
    weir_slice original; /* its value before it was changed */
    int64_t edited_ms;
    const char *changes;          /* what was changed, in words */
    const wr_client_header *sets; /* headers that somebody has set; a null value takes one away */
    size_t set_count;
    const char *to;      /* into which topic it was put back, or began to be; NULL: none */
    const char *dropped; /* why; NULL: it was not */
    const char *run;     /* what stands behind its id, if it began to be put back once more; "": nothing */
    const char *by;      /* whose process has begun that; "": none */
    int64_t handled_ms;  /* when it got its state */
} wr_letter_item;

/* "TOPIC/PARTITION@OFFSET", as weir consume -o name prints it. WEIR_E_FORMAT. */
typedef struct wr_letter_name {
    char topic[WR_TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t offset;
} wr_letter_name;
WEIR_MUST_CHECK weir_err wr_letter_name_parse(const char *text, wr_letter_name *ret_name);

/* The event's data, where the letter is an event, else the record's value; data NULL: there is none. */
weir_slice wr_letter_data(const wr_letter_item *item);

#endif
