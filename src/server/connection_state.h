/* The states of a connection. A machine by itself: what the states mean is in connection.c. */
#ifndef WR_SERVER_CONNECTION_STATE_H
#define WR_SERVER_CONNECTION_STATE_H

#include <stdint.h>

typedef enum wr_connection_state {
    WR_CONNECTION_IMPOSSIBLE,   /* no state: what the table holds where an event cannot happen */
    WR_CONNECTION_READING,      /* frames are read and started */
    WR_CONNECTION_HELD,         /* no frame is started: answers have to leave first */
    WR_CONNECTION_STARVED,      /* nothing is read: memory of all is short. What has arrived is started */
    WR_CONNECTION_HELD_STARVED, /* both */
    WR_CONNECTION_DRAINING,     /* the server stops: nothing is read or started, what was asked is answered */
    WR_CONNECTION_CLOSING,      /* it ends at the next settling */
    WR_CONNECTION_CLOSED,
    WR_CONNECTION_STATE_COUNT
} wr_connection_state;

typedef enum wr_connection_event {
    WR_CONNECTION_HOLD,    /* its order or its budget says that nothing more may start */
    WR_CONNECTION_RESUME,  /* they no longer do */
    WR_CONNECTION_STARVE,  /* the memory of all connections is used up */
    WR_CONNECTION_FEED,    /* there is memory again */
    WR_CONNECTION_DRAIN,   /* the server stops */
    WR_CONNECTION_HANG_UP, /* a bad frame, the end of the stream, a deadline; or all is answered while draining */
    WR_CONNECTION_CLOSE,   /* nothing of it is left */
    WR_CONNECTION_EVENT_COUNT
} wr_connection_event;

/* WR_CONNECTION_IMPOSSIBLE where the event cannot happen. */
wr_connection_state wr_connection_next(wr_connection_state state, wr_connection_event event);

/* Move on. An event that cannot happen in the state is a bug: an assert. */
void wr_connection_step(wr_connection_state *state, wr_connection_event event);

#endif
