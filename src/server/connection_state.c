/* What happens in which state of a connection's life. The diagram is in connection.c. */
#include "connection_state.h"

#include <assert.h>

/* Rows: the state; columns: what happens. What a row leaves out cannot happen in it. */
static const uint8_t transitions[WR_CONNECTION_STATE_COUNT][WR_CONNECTION_EVENT_COUNT] = {
    [WR_CONNECTION_READING] =
        {
            [WR_CONNECTION_HOLD] = WR_CONNECTION_HELD,
            [WR_CONNECTION_STARVE] = WR_CONNECTION_STARVED,
            [WR_CONNECTION_DRAIN] = WR_CONNECTION_DRAINING,
            [WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING,
        },
    [WR_CONNECTION_HELD] =
        {
            [WR_CONNECTION_RESUME] = WR_CONNECTION_READING,
            [WR_CONNECTION_STARVE] = WR_CONNECTION_HELD_STARVED,
            [WR_CONNECTION_DRAIN] = WR_CONNECTION_DRAINING,
            [WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING,
        },
    [WR_CONNECTION_STARVED] =
        {
            [WR_CONNECTION_HOLD] = WR_CONNECTION_HELD_STARVED,
            [WR_CONNECTION_FEED] = WR_CONNECTION_READING,
            [WR_CONNECTION_DRAIN] = WR_CONNECTION_DRAINING,
            [WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING,
        },
    [WR_CONNECTION_HELD_STARVED] =
        {
            [WR_CONNECTION_RESUME] = WR_CONNECTION_STARVED,
            [WR_CONNECTION_FEED] = WR_CONNECTION_HELD,
            [WR_CONNECTION_DRAIN] = WR_CONNECTION_DRAINING,
            [WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING,
        },
    [WR_CONNECTION_DRAINING] = {[WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING},
    [WR_CONNECTION_CLOSING] =
        {
            [WR_CONNECTION_DRAIN] = WR_CONNECTION_CLOSING,   /* it is on its way out */
            [WR_CONNECTION_HANG_UP] = WR_CONNECTION_CLOSING, /* the first reason counts */
            [WR_CONNECTION_CLOSE] = WR_CONNECTION_CLOSED,
        },
};

wr_connection_state wr_connection_next(wr_connection_state state, wr_connection_event event)
{
    assert((unsigned)state < WR_CONNECTION_STATE_COUNT && (unsigned)event < WR_CONNECTION_EVENT_COUNT);
    return (wr_connection_state)transitions[state][event];
}

void wr_connection_step(wr_connection_state *state, wr_connection_event event)
{
    wr_connection_state next = wr_connection_next(*state, event);
    assert(next != WR_CONNECTION_IMPOSSIBLE);
    *state = next;
}
