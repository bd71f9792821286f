/* Starts the broker and the services, restarts what ends, and kills what it is told to.
 *
 *    start ──▶ starting ──ready──▶ running ──┬─ killed by us ──▶ starting   (a restart that was meant)
 *                                            └─ ended by itself ─▶ starting (counted; too often: the failure is said)
 *
 * Each child logs to <data>/logs/<name>.log. Children end with this process, however it ends. */
#ifndef WR_SUPERVISOR_H
#define WR_SUPERVISOR_H

#include <base/config.h>
#include <client/client.h>
#include <demo/marketplace.h>
#include <io/io.h>

typedef struct wr_supervisor wr_supervisor;

typedef struct wr_supervisor_options {
    wr_io *io;
    const char *data;     /* folder of everything */
    const char *services; /* folder of the services' programs */
    const char *own_path; /* the `weir` program, which is also the broker */
    const char *kafka;    /* bootstrap servers of somebody else's Kafka; NULL: start our own broker */
    int broker_port, gateway_port;
    int partitions;
    const char *topic_prefix;
} wr_supervisor_options;

WEIR_MUST_CHECK weir_err wr_supervisor_start(const wr_supervisor_options *options, wr_supervisor **ret_supervisor,
                                             weir_failure *failure);
/* Waits until the broker and every service answer that they are ready. `stop` is asked now and then. */
WEIR_MUST_CHECK weir_err wr_supervisor_wait_ready(wr_supervisor *supervisor, int timeout_ms, bool (*stop)(void *user),
                                                  void *user, weir_failure *failure);
/* Look after the children; call it some times a second. Fails when one cannot be kept running. */
WEIR_MUST_CHECK weir_err wr_supervisor_tick(wr_supervisor *supervisor, weir_failure *failure);
/* SIGKILL for one child, which the next tick starts again. Children are numbered from 0 to child_count - 1. */
void wr_supervisor_kill(wr_supervisor *supervisor, int child);
int wr_supervisor_child_count(const wr_supervisor *supervisor);
const char *wr_supervisor_child_name(const wr_supervisor *supervisor, int child);
int64_t wr_supervisor_kill_count(const wr_supervisor *supervisor, int child);
int64_t wr_supervisor_crash_count(const wr_supervisor *supervisor);           /* ended by themselves */
int wr_supervisor_service_port(const wr_supervisor *supervisor, int service); /* its HTTP port */
const char *wr_supervisor_bootstrap(const wr_supervisor *supervisor);
/* SIGTERM for the services, wait, then for the broker; SIGKILL for what does not end in time. True if all drained. */
bool wr_supervisor_stop(wr_supervisor *supervisor, int timeout_ms);
void wr_supervisor_free(wr_supervisor *supervisor); /* accepts NULL */

#endif
