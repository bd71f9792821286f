/* The broker as a whole: the door for `weir server`, `weir dev`, `weir test-broker` and tests.
 *
 *     wr_server_start ── lock and read the data directory, recover, listen ──▶ serving ── wr_server_stop ──▶ draining
 *     ──▶ done is called ── wr_server_free
 */
#ifndef WR_SERVER_H
#define WR_SERVER_H

#include <broker/broker.h>

/* Listening when it returns. `config` must hold wr_broker_keys; everything handed in must outlive the server.
 * Errors: WEIR_E_FORMAT configuration, WEIR_E_AGAIN data directory in use, WEIR_E_CORRUPT/IO/FULL/MEMORY,
 * WEIR_E_DENIED an address beyond loopback without `insecure`. */
WEIR_MUST_CHECK weir_err wr_server_start(wr_loop *loop, wr_io *io, const wr_config *config, const wr_trace *trace,
                                         const wr_handler *handlers, wr_server **ret_server, weir_failure *failure);
const char *wr_server_host(const wr_server *server); /* to connect to: "localhost" when listening on loopback */
int wr_server_port(const wr_server *server);
wr_broker *wr_server_broker(wr_server *server);
int32_t wr_server_connection_count(const wr_server *server);
int64_t wr_server_memory_size(const wr_server *server); /* held by requests and answers, in bytes */

/* Stop accepting, answer what waits (parked fetches with what there is), close connections when their answers have left
 * or drain_ms has passed, sync and close the logs, write .kafka_cleanshutdown; then call done (may be NULL) with the
 * first error. The loop must go on running until then. */
void wr_server_stop(wr_server *server, int64_t drain_ms, void (*done)(void *user, weir_err err), void *user);
/* After done. Without a stop before it: everything is dropped as in a crash, nothing is written. Accepts NULL. */
void wr_server_free(wr_server *server);

#endif
