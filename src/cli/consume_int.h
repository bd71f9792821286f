/* What `weir consume` is made of: spans (which offsets), filters (which records), forms (how they look). */
#ifndef WR_CONSUME_INT_H
#define WR_CONSUME_INT_H

#include <cli/kafka.h>

/* ---- spans: what to read of each partition */
typedef struct wr_span {
    const char *topic;
    int32_t partition;
    int64_t start, end; /* end is past the last one to show; INT64_MAX: no end */
    bool done;
    int64_t next;      /* behind the last one read */
    bool is_restarted; /* one came from below it: the topic was made anew */
} wr_span;

typedef struct wr_span_list {
    wr_span *spans;
    size_t count, open_count;
} wr_span_list;

/* From the operands and --offset, --to, --tail, --partition. Says on stderr what is wrong; returns an exit status. */
int wr_spans_find(wr_cli *cli, wr_kafka *kafka, bool follow, wr_span_list *ret_list);
wr_span *wr_span_find(const wr_span_list *list, const char *topic, int32_t partition); /* NULL: not ours */
void wr_span_done(wr_span_list *list, wr_span *span, bool keep_open);

/* ---- filters */
typedef struct wr_filter {
    const char *key;
    const char *header; /* NULL: any */
    const char *value;
} wr_filter;

int wr_filter_parse(wr_cli *cli, wr_filter *ret_filter);
bool wr_filter_passes(const wr_filter *filter, const wr_client_record *record);
bool wr_record_is_end(const wr_client_record *record); /* not a record, but the news that a partition has no more */

/* ---- forms */
/* The first four as --output of weir consume has them. */
typedef enum wr_record_kind {
    WR_RECORD_PRETTY,
    WR_RECORD_JSON,
    WR_RECORD_YAML,
    WR_RECORD_NAME,
    WR_RECORD_PATTERN,
} wr_record_kind;

typedef struct wr_record_form {
    wr_record_kind kind;
    const char *pattern;
} wr_record_form;

int wr_record_form_parse(wr_cli *cli, wr_record_form *ret_form);
void wr_record_print(const wr_record_form *form, const wr_client_record *record, wr_buf *out);

#endif
