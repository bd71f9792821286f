/* The broker: its rooms put together, and the door for `weir server`, `weir dev`, `weir test-broker` and tests.
 *
 *     wr_broker_start ── lock and read the data directory, recover, listen ──▶ serving ── wr_broker_stop ──▶ draining
 *     ──▶ done is called ── wr_broker_free
 *
 * One loop thread owns all of it. Nothing here runs by itself: the loop calls a connection, a timer or the end of a
 * sync; that changes topics and groups, and at the end of the loop's round all of it is settled: partitions that
 * changed wake who watches them, dirty logs go to the flusher, and answers that became ready are written. So a handler
 * may answer, append or wake at any point without anything calling back into it.
 *
 * No room below knows this struct: each is handed what it needs. Handlers find it as their request's context. */
#ifndef WR_BROKER_H
#define WR_BROKER_H

#include <broker/authorise.h>
#include <broker/config.h>
#include <topics/data_dir.h>
#include <topics/producer_ids.h>

typedef struct wr_broker {
    wr_loop *loop;
    wr_io *io;
    const wr_trace *trace;
    wr_broker_config config;
    wr_topics *topics;
    wr_groups *groups;
    wr_producer_ids *producer_ids;
    wr_server *server;
    const char *cluster_id;
    const wr_authorizer *authorizer; /* NULL: everybody may do everything */
    bool stopping;                   /* draining: nothing new is parked */

    /* ---- private to broker.c */
    wr_data_dir *data_dir;
    char shown_host[260];
    wr_round_end settle;
    wr_timer stop_timer;
    bool stopped;
    wr_work_order close_order; /* of the data directory */
    weir_err stop_err;         /* the first, of closing the logs and the directory */
    bool all_open; /* no partition was closed when it stopped: the next start may take the stop for a clean one */
    void (*stop_done)(void *user, weir_err err);
    void *stop_user;
} wr_broker;

/* Listening when it returns. `config` must hold wr_broker_keys; everything handed in must outlive the broker.
 * Errors: WEIR_E_FORMAT configuration, WEIR_E_AGAIN data directory in use, WEIR_E_CORRUPT/IO/FULL/MEMORY,
 * WEIR_E_DENIED an address beyond loopback without `insecure`. */
WEIR_MUST_CHECK weir_err wr_broker_start(wr_loop *loop, wr_io *io, const wr_config *config, const wr_trace *trace,
                                         const wr_handler *handlers, wr_broker **ret_broker, weir_failure *failure);
/* To connect to, as it stands before a port: an IPv6 address in brackets, "localhost" when listening on all addresses. */
const char *wr_broker_host(const wr_broker *broker);
int wr_broker_port(const wr_broker *broker);

/* Stop accepting, answer what waits (parked fetches with what there is), close connections when their answers have left
 * or drain_ms has passed, sync and close the logs, write .kafka_cleanshutdown; then call done (may be NULL) with the
 * first error. The loop must go on running until then. */
void wr_broker_stop(wr_broker *broker, int64_t drain_ms, void (*done)(void *user, weir_err err), void *user);
/* After done. Without a stop before it: everything is dropped as in a crash, nothing is written. Accepts NULL. */
void wr_broker_free(wr_broker *broker);

int64_t wr_broker_now_ms(const wr_broker *broker); /* wall clock */

#endif
