/* What `weir produce` is made of: input (produce_input.c) becomes records (produce_record.c), which are sent and
 * counted (produce.c).
 *
 *     line   VALUE                                 one record a line; \n or \r\n ends it, the last needs no end
 *     kv     KEY <tab> VALUE
 *     hkv    NAME=VALUE,... <tab> KEY <tab> VALUE  headers as in pairs.h; what `consume -f '%h\t%k\t%v\n'` prints
 *     json   one JSON object                       json_record.h; blank lines are passed over
 *     file   all of a file, or all of stdin, is one value
 *
 * Lines are bytes: NUL and what is no UTF-8 pass through. What is no record ends the command with the file's name and
 * the number of the line; what came before it has been sent. */
#ifndef WR_PRODUCE_INT_H
#define WR_PRODUCE_INT_H

#include <cli/kafka.h>

enum { WR_PRODUCE_HEADERS_MAX = 64, WR_PRODUCE_VALUE_SIZE_MAX = 32 << 20, WR_PRODUCE_POLL_MS = 100 };

typedef enum wr_produce_form {
    WR_PRODUCE_LINE,
    WR_PRODUCE_KV,
    WR_PRODUCE_HKV,
    WR_PRODUCE_JSON,
    WR_PRODUCE_FILE,
} wr_produce_form;

typedef struct wr_produce {
    wr_cli *cli;
    wr_producer *producer;
    weir_arena *arena; /* of one record */
    const char *topic;
    wr_produce_form form;
    int32_t partition;
    bool empty_is_null;
    weir_slice key;                                   /* of records that bring none */
    wr_client_header headers[WR_PRODUCE_HEADERS_MAX]; /* of every record */
    size_t header_count;
    const char *ce_type;
    int64_t us_per_record; /* 0: as fast as they go */
    int64_t next_us;
    wr_stop *stop;

    int64_t sent_count, done_count, failed_count;
    weir_err failed;
    char reason[160];
} wr_produce;

/* Lets go what waits, up to timeout_ms for the first. */
void wr_produce_poll(wr_produce *produce, int timeout_ms);
/* Hands one record to the producer, at the pace asked for. Sets neither topic nor partition. */
WEIR_MUST_CHECK weir_err wr_produce_send(wr_produce *produce, wr_client_record *record);
/* Makes a record of a line, or of a whole file, and sends it. Without a sentence in *failure the producer refused it.
 */
WEIR_MUST_CHECK weir_err wr_produce_text(wr_produce *produce, weir_slice text, weir_failure *failure);
/* Sends all of stdin, or of the files named. Says on stderr what is wrong; returns an exit status. */
int wr_produce_read(wr_produce *produce);

#endif
