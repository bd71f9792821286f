/* The demo: start the marketplace, feed it, watch it come to rest, check its books, say what happened. */
#ifndef WR_DEMO_H
#define WR_DEMO_H

#include <base/buf.h>
#include <base/config.h>
#include <base/trace.h>
#include <demo/books.h>
#include <demo/feeder.h>
#include <io/io.h>

typedef struct wr_demo_options {
    wr_io *io;
    const wr_config *config; /* holds the client's keys; bootstrap.servers is set by the demo */
    const wr_trace *trace;
    const char *orders; /* file; NULL: generated */
    int64_t count;      /* invoices; -1: no end */
    uint64_t seed;
    double rate;          /* invoices a second; 0: as fast as they go */
    bool live;            /* until interrupted */
    const char *kafka;    /* NULL: our own broker */
    int64_t kill_count;   /* 0: no chaos */
    const char *data;     /* folder */
    bool data_kept;       /* is not removed at the end, which is for the caller to do; said to who watches */
    const char *services; /* folder of the services' programs */
    const char *own_path;
    int broker_port, gateway_port; /* 0: free ones */
    int partitions;
    int64_t stall_ms;
    const char *topic_prefix;

    bool (*stop)(void *user);                       /* asked often; true from the moment somebody wants it to end */
    bool (*wait)(void *user, int timeout_ms);       /* waits; true when stop became true */
    void (*say)(void *user, const char *line);      /* news, on lines of their own */
    void (*progress)(void *user, const char *line); /* overwrites the last progress; NULL: nobody looks */
    void *user;
} wr_demo_options;

typedef struct wr_demo_result {
    wr_feeder_progress fed;
    wr_figures figures;
    wr_finding findings[WR_FINDINGS_MAX];
    int finding_count;
    bool interrupted, at_rest, drained;
    double seconds; /* from the first order to rest */
    int64_t kill_count, crash_count;
    bool own_broker;
} wr_demo_result;

/* Errors: what could not be started, or stopped moving. A violated invariant is no error but a finding. ret_result
 * holds what is known, also after an error. */
WEIR_MUST_CHECK weir_err wr_demo_run(const wr_demo_options *options, wr_demo_result *ret_result, weir_failure *failure);

int64_t wr_demo_violations(const wr_demo_result *result); /* findings and lines or invoices missing from the account */
void wr_demo_summary(const wr_demo_result *result, wr_buf *out);      /* for people */
void wr_demo_summary_json(const wr_demo_result *result, wr_buf *out); /* one object */

#endif
