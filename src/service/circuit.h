/* Whether another service is asked, or left alone because it has failed several times. A machine by itself, without lock
 * or clock; times are monotonic.
 *
 *              5 failures in a row                 the pause is over
 *     CLOSED ──────────────────────▶ OPEN ─────────────────────────────▶ TRYING: one request passes
 *        ▲                            ▲                                     │
 *        │                            ├──────── it fails: twice as long ────┤
 *        │                            └──────── it was not sent ────────────┤
 *        └────────────────── a request is answered, whichever it is ────────┘ (and from OPEN)
 *
 * Requests take their time, so many end after the circuit has moved on. An answer always tells that the service is
 * there. A failure of a request that passed before the circuit opened tells nothing that is not known: it belongs to the
 * failures that opened it, and neither ends the try nor makes the pause longer. So each request keeps the number of
 * openings before it. */
#ifndef WR_CIRCUIT_H
#define WR_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WR_CIRCUIT_FAILURES_MAX = 5,
    WR_CIRCUIT_PAUSE_MIN_US = 1000 * 1000,
    WR_CIRCUIT_PAUSE_MAX_US = 30 * 1000 * 1000,
};

typedef enum wr_circuit_state { WR_CIRCUIT_CLOSED, WR_CIRCUIT_OPEN, WR_CIRCUIT_TRYING } wr_circuit_state;

typedef struct wr_circuit { /* zeroed: closed */
    wr_circuit_state state;
    int failures; /* in a row */
    int64_t pause_us, retry_us;
    uint64_t openings;
} wr_circuit;

/* May a request be sent? It ends with one of the calls below, which is told *ret_openings. */
bool wr_circuit_pass(wr_circuit *circuit, int64_t now_us, uint64_t *ret_openings);
void wr_circuit_answered(wr_circuit *circuit);
void wr_circuit_failed(wr_circuit *circuit, uint64_t openings, int64_t now_us);
void wr_circuit_not_sent(wr_circuit *circuit, uint64_t openings);

#endif
