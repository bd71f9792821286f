/* Every event in every state of a connection's life, as connection.c draws it. */
#include "connection_state.h"

#include <stdbool.h>

#include "test.h"

/* One arrow of the diagram. */
typedef struct arrow {
    wr_connection_state from;
    wr_connection_event event;
    wr_connection_state to;
} arrow;

static const arrow arrows[] = {
    {WR_CONNECTION_READING, WR_CONNECTION_HOLD, WR_CONNECTION_HELD},
    {WR_CONNECTION_HELD, WR_CONNECTION_RESUME, WR_CONNECTION_READING},
    {WR_CONNECTION_READING, WR_CONNECTION_STARVE, WR_CONNECTION_STARVED},
    {WR_CONNECTION_STARVED, WR_CONNECTION_FEED, WR_CONNECTION_READING},
    {WR_CONNECTION_STARVED, WR_CONNECTION_HOLD, WR_CONNECTION_HELD_STARVED},
    {WR_CONNECTION_HELD_STARVED, WR_CONNECTION_RESUME, WR_CONNECTION_STARVED},
    {WR_CONNECTION_HELD, WR_CONNECTION_STARVE, WR_CONNECTION_HELD_STARVED},
    {WR_CONNECTION_HELD_STARVED, WR_CONNECTION_FEED, WR_CONNECTION_HELD},
    {WR_CONNECTION_READING, WR_CONNECTION_DRAIN, WR_CONNECTION_DRAINING},
    {WR_CONNECTION_HELD, WR_CONNECTION_DRAIN, WR_CONNECTION_DRAINING},
    {WR_CONNECTION_STARVED, WR_CONNECTION_DRAIN, WR_CONNECTION_DRAINING},
    {WR_CONNECTION_HELD_STARVED, WR_CONNECTION_DRAIN, WR_CONNECTION_DRAINING},
    {WR_CONNECTION_READING, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_HELD, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_STARVED, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_HELD_STARVED, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_DRAINING, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_CLOSING, WR_CONNECTION_HANG_UP, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_CLOSING, WR_CONNECTION_DRAIN, WR_CONNECTION_CLOSING},
    {WR_CONNECTION_CLOSING, WR_CONNECTION_CLOSE, WR_CONNECTION_CLOSED},
};
enum { ARROWS = sizeof arrows / sizeof arrows[0] };

TEST(every_event_in_every_state_does_what_the_diagram_says_or_cannot_happen)
{
    int possible = 0;
    for (wr_connection_state state = WR_CONNECTION_READING; state < WR_CONNECTION_STATE_COUNT; state++)
        for (wr_connection_event event = 0; event < WR_CONNECTION_EVENT_COUNT; event++) {
            wr_connection_state expected = WR_CONNECTION_IMPOSSIBLE;
            for (int i = 0; i < ARROWS; i++)
                if (arrows[i].from == state && arrows[i].event == event)
                    expected = arrows[i].to;
            CHECK_EQ(wr_connection_next(state, event), expected);
            possible += expected != WR_CONNECTION_IMPOSSIBLE;
        }
    CHECK_EQ(possible, ARROWS); /* no arrow is drawn twice */
}

/* What can be reached from a state, itself included. */
static void reach(wr_connection_state from, bool reached[WR_CONNECTION_STATE_COUNT])
{
    if (reached[from])
        return;
    reached[from] = true;
    for (wr_connection_event event = 0; event < WR_CONNECTION_EVENT_COUNT; event++) {
        wr_connection_state next = wr_connection_next(from, event);
        if (next != WR_CONNECTION_IMPOSSIBLE)
            reach(next, reached);
    }
}

TEST(a_new_connection_can_come_into_every_state_and_end_from_each)
{
    bool from_new[WR_CONNECTION_STATE_COUNT] = {false};
    reach(WR_CONNECTION_READING, from_new);
    for (wr_connection_state state = WR_CONNECTION_READING; state < WR_CONNECTION_STATE_COUNT; state++) {
        bool reached[WR_CONNECTION_STATE_COUNT] = {false};
        CHECK(from_new[state]);
        reach(state, reached);
        CHECK(reached[WR_CONNECTION_CLOSED]);
    }
}

TEST(a_connection_that_stops_reading_for_good_never_reads_again)
{
    for (wr_connection_state state = WR_CONNECTION_DRAINING; state < WR_CONNECTION_STATE_COUNT; state++) {
        bool reached[WR_CONNECTION_STATE_COUNT] = {false};
        reach(state, reached);
        for (wr_connection_state reading = WR_CONNECTION_READING; reading < WR_CONNECTION_DRAINING; reading++)
            CHECK(!reached[reading]);
    }
}
