/* Dead letters as Kafka records: which headers say why a record is one, and where it stood first. Three conventions are
 * read (letter.c has the table): weir's own, that of Spring for Apache Kafka and that of Kafka Connect. weir's is written
 * by service/dead_letter.c, and Spring's beside it where somebody wants that.
 *
 * A record that is put back for the one group that failed on it carries
 *
 *   weir-redrive-id      TOPIC/PARTITION@OFFSET/TIMESTAMP of its dead letter, always the same: by it the group's service
 *                        knows a repetition. "/" and a word follow when somebody wanted it put back once more
 *   weir-redrive-group   for whom it is: services of other groups pass it over. Not there: for all that read it
 *   weir-redrive-count   how often it was put back, with this time
 *   weir-redrive-at      when, RFC 3339
 *   weir-dlq-original-topic, -partition, -offset, -timestamp   where it stood first: where handlers see it
 *   weir-edit-original   the value as it was, when somebody has changed it and it is no longer than 32 KiB
 *   weir-edit-at         when that was
 *
 * and stands in the topic GROUP.redrive, which that group alone reads. */
#ifndef WR_LETTER_H
#define WR_LETTER_H

#include <event/kafka.h>

typedef enum wr_letter_kind {
    WR_LETTER_UNKNOWN = 0, /* no header says that this is one */
    WR_LETTER_WEIR,
    WR_LETTER_SPRING,
    WR_LETTER_CONNECT,
} wr_letter_kind;

/* Texts are in the arena; NULL and -1: not said. */
typedef struct wr_letter {
    wr_letter_kind kind;
    const char *reason;  /* rejected, undecodable, unknown-version, exhausted; an exception's class */
    const char *error;   /* the sentence */
    const char *handler; /* TYPE/VERSION, a connector's name */
    const char *group;
    int64_t attempts;
    int64_t failed_ms;
    const char *topic; /* where it stood first */
    int64_t partition, offset, timestamp_ms;
    int64_t redrives; /* how often it was put back; 0: never */
    const char *body; /* NAME/ID: its value is in the database of NAME, see service/dead_letter.c */
} wr_letter;

/* WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_letter_read(const wr_event_header *headers, size_t count, weir_arena *arena,
                                        wr_letter *ret_letter);
const char *wr_letter_kind_name(wr_letter_kind kind); /* "weir", "spring", "connect", "unknown" */

/* What Spring's DeadLetterPublishingRecoverer would say of this letter, whose reason and group are said and where it stood
 * first. WEIR_E_MEMORY. */
enum { WR_SPRING_HEADERS = 10 };
WEIR_MUST_CHECK weir_err wr_letter_write_spring(const wr_letter *letter, weir_arena *arena,
                                                wr_event_header ret_headers[WR_SPRING_HEADERS], size_t *ret_count);

/* What a dead letter's header is about: what is said of the last failure goes when the event is put back or fails again,
 * what is said of the first stays. */
typedef enum wr_letter_part {
    WR_LETTER_OTHER,    /* none of a dead letter's: the event's own */
    WR_LETTER_FAILURE,  /* weir-dlq-…, kafka_dlt-exception-…, __connect.errors.exception.… */
    WR_LETTER_ORIGINAL, /* weir-dlq-original-…, kafka_dlt-original-…, __connect.errors.topic … */
    WR_LETTER_SENDER,   /* weir-outbox-…: the numbers of whoever wrote that record */
    WR_LETTER_REDRIVE,  /* weir-redrive-… */
} wr_letter_part;
wr_letter_part wr_letter_part_of(const char *header);

/* What a record that was put back says of itself. Texts are in the arena, the group borrows from the headers. */
typedef struct wr_redriven {
    const char *id;
    weir_slice group;  /* data NULL: for whoever reads it */
    const char *topic; /* where it stood first; NULL: not said, or no topic's name */
    int64_t partition, offset, timestamp_ms;
} wr_redriven;
/* WEIR_E_NOT_FOUND: it was not put back, or does not say as what; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_redriven_read(const wr_event_header *headers, size_t count, weir_arena *arena,
                                          wr_redriven *ret_redriven);
/* Whether it was put back at all; costs nothing. */
bool wr_redriven_is(const wr_event_header *headers, size_t count);
/* The name of the topic where it stood first, borrowed from the headers; data NULL: not said, or no topic's name. */
weir_slice wr_redriven_topic(const wr_event_header *headers, size_t count);

enum { WR_TOPIC_NAME_SIZE = 250, WR_REDRIVE_ID_MAX = 400 };
/* GROUP.redrive. False: the group's name makes none. */
bool wr_redrive_topic_of(const char *group, char ret_topic[WR_TOPIC_NAME_SIZE]);

#endif
