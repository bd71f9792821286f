/* What `weir dlq …` is made of: which topics and letters are meant, and a connection to read them by. */
#ifndef WR_CLI_DLQ_H
#define WR_CLI_DLQ_H

#include <cli/kafka.h>
#include <letters/redrive.h>

typedef struct wr_dlq {
    wr_cli *cli;
    wr_kafka kafka;
    wr_stop *stop;
    wr_scan scan;
    const wr_where *where; /* NULL: all */
    const char **topics;   /* each once */
    size_t topic_count;
    wr_letter_name *letters; /* those that are named */
    size_t letter_count;
    bool *is_whole; /* by topic: named as a whole, and not by its letters */
} wr_dlq;

/* From the operands, TOPIC or TOPIC/PARTITION@OFFSET (without any, every topic whose name is a dead letter topic's), and
 * --where where the command has it. Says on stderr what is wrong; returns an exit status. To be closed in any case. */
int wr_dlq_open(wr_cli *cli, wr_dlq *ret_dlq);
void wr_dlq_close(wr_dlq *dlq);
wr_book_part wr_dlq_part(const wr_dlq *dlq, size_t topic); /* which letters of it */
bool wr_dlq_topic_is(const char *topic);                   /* by its name */
/* The exit status of what failed, said on stderr; of an interruption the signal's. */
int wr_dlq_fail(const wr_dlq *dlq, weir_err err, const weir_failure *failure);
/* What there is to know of a letter, as one JSON object. False: memory. */
bool wr_dlq_print(const wr_letter_item *item, wr_buf *out);

#endif
