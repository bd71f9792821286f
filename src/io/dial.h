/* A connection to somebody, for a thread that may wait: each call waits up to its timeout. Linux only, without a
 * simulated twin; loops have streams (loop.h). One thread at a time. */
#ifndef WR_DIAL_H
#define WR_DIAL_H

#include <weir/bytes.h>

typedef struct wr_dial wr_dial;

/* Host is a name or an address. WEIR_E_UNREACHABLE: no such name, or nobody there; WEIR_E_TIMEOUT, also while the name is
 * looked up: a thread that still waits for the resolver is then left behind until that answers. */
WEIR_MUST_CHECK weir_err wr_dial_open(const char *host, int port, int timeout_ms, wr_dial **ret_dial);
void wr_dial_close(wr_dial *dial); /* accepts NULL */
/* All of it, or an error, after which nothing but closing makes sense. WEIR_E_CLOSED: the other side is gone. */
WEIR_MUST_CHECK weir_err wr_dial_write(wr_dial *dial, const void *bytes, size_t size, int timeout_ms);
WEIR_MUST_CHECK weir_err wr_dial_read(wr_dial *dial, void *ret_bytes, size_t size, int timeout_ms);

#endif
