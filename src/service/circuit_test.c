/* Requests that end in any order around the opening of a circuit. */
#include "circuit.h"

#include "test.h"

enum { SECOND_US = 1000 * 1000 };

/* Lets so many requests pass; the number of openings that they keep. */
static uint64_t pass(wr_circuit *circuit, int count, int64_t now_us)
{
    uint64_t openings = 0;
    for (int i = 0; i < count; i++)
        CHECK(wr_circuit_pass(circuit, now_us, &openings));
    return openings;
}

static void fails(wr_circuit *circuit, int count, uint64_t openings, int64_t now_us)
{
    for (int i = 0; i < count; i++)
        wr_circuit_failed(circuit, openings, now_us);
}

static bool passes(wr_circuit circuit, int64_t now_us) /* a copy: nothing is changed */
{
    uint64_t openings;
    return wr_circuit_pass(&circuit, now_us, &openings);
}

TEST(five_failures_in_a_row_open_it_for_a_second)
{
    wr_circuit circuit = {0};
    uint64_t openings = pass(&circuit, 9, 0);
    fails(&circuit, 4, openings, 0);
    wr_circuit_answered(&circuit);
    fails(&circuit, 4, openings, 0);
    CHECK(passes(circuit, 0));
    fails(&circuit, 1, openings, 0);
    CHECK(!passes(circuit, SECOND_US - 1));
    CHECK(passes(circuit, SECOND_US));
}

TEST(each_try_that_fails_doubles_the_pause_up_to_its_limit)
{
    wr_circuit circuit = {0};
    int64_t now_us = 0, pause_us = SECOND_US;
    fails(&circuit, 5, pass(&circuit, 5, now_us), now_us);
    for (int i = 0; i < 10; i++) {
        CHECK(!passes(circuit, now_us + pause_us - 1));
        now_us += pause_us;
        uint64_t openings = pass(&circuit, 1, now_us);
        CHECK(!passes(circuit, now_us)); /* one at a time */
        fails(&circuit, 1, openings, now_us);
        pause_us = pause_us * 2 < WR_CIRCUIT_PAUSE_MAX_US ? pause_us * 2 : WR_CIRCUIT_PAUSE_MAX_US;
    }
    CHECK_EQ(pause_us, WR_CIRCUIT_PAUSE_MAX_US);
}

TEST(failures_of_requests_from_before_it_opened_change_nothing)
{
    wr_circuit circuit = {0};
    uint64_t early = pass(&circuit, 16, 0);
    fails(&circuit, 5, early, 0);
    fails(&circuit, 3, early, SECOND_US / 2); /* while it is open: the pause does not begin anew */
    CHECK(!passes(circuit, SECOND_US - 1));
    uint64_t trying = pass(&circuit, 1, SECOND_US);
    fails(&circuit, 3, early, SECOND_US); /* while one tries: that one decides */
    CHECK_EQ(circuit.state, WR_CIRCUIT_TRYING);
    CHECK_EQ(circuit.pause_us, SECOND_US);
    wr_circuit_answered(&circuit);
    fails(&circuit, 5, early, SECOND_US); /* while it is closed again: they do not open it */
    CHECK(passes(circuit, SECOND_US));
    fails(&circuit, 1, trying, SECOND_US);
    CHECK_EQ(circuit.failures, 1);
}

TEST(a_late_answer_closes_it_and_a_request_that_was_not_sent_leaves_the_try_to_the_next)
{
    wr_circuit circuit = {0};
    uint64_t early = pass(&circuit, 6, 0);
    fails(&circuit, 5, early, 0);
    uint64_t trying = pass(&circuit, 1, SECOND_US);
    wr_circuit_not_sent(&circuit, early); /* another one, from before */
    CHECK(!passes(circuit, SECOND_US));
    wr_circuit_not_sent(&circuit, trying);
    CHECK(passes(circuit, SECOND_US));
    CHECK_EQ(circuit.pause_us, SECOND_US);
    wr_circuit_answered(&circuit);
    CHECK_EQ(circuit.state, WR_CIRCUIT_CLOSED);
}
