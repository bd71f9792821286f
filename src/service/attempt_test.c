/* An event that kills the process ends as a dead letter. The processes are real children, which a handler kills. */
#include "core_testing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Number 7 kills the process: in the child, where nobody catches it. */
static weir_status on_lethal(weir_tx *tx, const weir_event *event, void *user)
{
    thing it;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    if (it.n == 7)
        raise(SIGKILL);
    if (it.n == 8) /* number 7, later */
        weir_after(tx,
                   &(weir_timer){.id = "lethal",
                                 .event = &(weir_event){.type = "thing.happened", .data = WEIR_SLICE("{\"n\":7}")}});
    return on_happened(tx, event, user);
}

static const weir_handler lethal[] = {
    {.type = "thing.happened", .run = on_lethal, .retry = {.max = 3, .base_ms = 60000}}, {0}};

typedef struct world {
    fixture f;
    weir_service service;
    wr_io *io;
    char attempt_path[320];
} world;

/* The database and the file of attempts are real; the cluster is simulated, and each child has a copy of it. */
static void world_begin(world *w)
{
    fixture_begin(&w->f, &w->service);
    CHECK_OK(wr_io_real_new(&w->io));
    snprintf(w->attempt_path, sizeof w->attempt_path, "%s.attempt", w->f.database);
    w->service.handlers = lethal;
    w->f.options.io = w->io;
    w->f.options.attempt_path = w->attempt_path;
    wr_core_free(w->f.core);
    w->f.core = NULL;
}

static void world_end(world *w)
{
    fixture_end(&w->f);
    wr_io_free(w->io);
}

/* Run a service in a child for a few turns; whether the child was killed. */
static bool run_child(world *w)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        weir_failure failure = {0};
        weir_err err = wr_core_new(&w->f.options, &w->f.core, &failure);
        for (int i = 0; i < 6 && err == WEIR_OK; i++)
            err = wr_core_turn(w->f.core, 20, &failure);
        _exit(err == WEIR_OK ? 0 : 1);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

TEST(an_event_that_kills_the_process_is_a_dead_letter_after_the_handlers_attempts)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 1);
    fixture_happen(&w.f, "a", 7);
    fixture_happen(&w.f, "a", 2);
    for (int i = 0; i < 3; i++)
        CHECK(run_child(&w));
    CHECK_EQ(COUNT(&w.f, "effects"), 0);
    fixture_start(&w.f);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(w.f.core, 0, &w.f.failure));
    CHECK_EQ(COUNT(&w.f, "effects WHERE n IN (1, 2)"), 2);
    CHECK_EQ(COUNT(&w.f, "effects WHERE n = 7"), 0);
    CHECK_EQ(wr_sim_count(w.f.cluster, "tally.dlq"), 1);
    int32_t p = wr_sim_end(w.f.cluster, "tally.dlq", 0) ? 0 : 1;
    CHECK_STR(fixture_header(&w.f, "tally.dlq", p, 0, "weir-dlq-reason"), "exhausted");
    CHECK_STR(fixture_header(&w.f, "tally.dlq", p, 0, "weir-dlq-attempts"), "3");
    CHECK_STR(fixture_header(&w.f, "tally.dlq", p, 0, "ce_id"), "id-7");
    fixture_restart(&w.f); /* what is over is forgotten */
    CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
    world_end(&w);
}

TEST(a_parked_event_that_kills_the_process_is_a_dead_letter_after_the_handlers_attempts)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 1);
    fixture_happen(&w.f, "a", 7);
    w.f.retries_left[1] = 1;
    fixture_start(&w.f);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(w.f.core, 0, &w.f.failure)); /* 1 asks for a retry; 7 waits behind it */
    CHECK_EQ(COUNT(&w.f, "weir_parked"), 2);
    wr_core_free(w.f.core);
    w.f.core = NULL;
    w.f.retries_left[1] = 0;
    fixture_exec(w.f.database, "UPDATE weir_parked SET due_ms = 0");
    for (int i = 0; i < 3; i++)
        CHECK(run_child(&w));
    CHECK_EQ(COUNT(&w.f, "weir_parked"), 2);
    CHECK(!run_child(&w));
    CHECK_EQ(COUNT(&w.f, "weir_parked"), 0);
    CHECK_EQ(COUNT(&w.f, "effects WHERE n = 1"), 1);
    CHECK_EQ(COUNT(&w.f, "effects WHERE n = 7"), 0);
    /* What the child published is in its own copy of the cluster; that it did is to be seen from its numbers: an event
     * and a dead letter. */
    CHECK_EQ(fixture_number(w.f.database, "SELECT value FROM weir_meta WHERE key = 'outbox.sequence'"), 2);
    fixture_start(&w.f);
    CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
    world_end(&w);
}

TEST(a_timer_that_kills_the_process_is_a_dead_letter_after_the_handlers_attempts)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 1);
    fixture_happen(&w.f, "a", 8);
    CHECK(run_child(&w));
    CHECK_EQ(COUNT(&w.f, "effects"), 2); /* what set it is committed before it is called */
    for (int i = 0; i < 2; i++)
        CHECK(run_child(&w));
    CHECK_EQ(COUNT(&w.f, "weir_timers"), 1);
    CHECK(!run_child(&w));
    CHECK_EQ(COUNT(&w.f, "weir_timers"), 0);
    CHECK_EQ(COUNT(&w.f, "effects"), 2);
    CHECK_EQ(fixture_number(w.f.database, "SELECT value FROM weir_meta WHERE key = 'outbox.sequence'"), 3);
    fixture_start(&w.f);
    CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
    world_end(&w);
}

/* A key of `in` that goes to the same partition as "a", tried by harmless events. */
static char key_beside_a(world *w, int32_t *ret_partition)
{
    *ret_partition = wr_sim_end(w->f.cluster, "in", 0) ? 0 : 1;
    for (char key[] = "b"; key[0] <= 'z'; key[0]++) {
        int64_t before = wr_sim_end(w->f.cluster, "in", *ret_partition);
        fixture_happen(&w->f, key, 2);
        if (wr_sim_end(w->f.cluster, "in", *ret_partition) > before)
            return key[0];
    }
    fail();
    return 0;
}

TEST(an_event_of_a_topic_made_anew_is_not_taken_for_a_parked_one_that_stood_at_its_offset)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 1);
    int32_t partition;
    const char key[2] = {key_beside_a(&w, &partition)};
    w.f.retries_left[1] = 1;
    fixture_start(&w.f);
    fixture_turns(&w.f, 6);
    CHECK_EQ(COUNT(&w.f, "weir_parked WHERE record_offset = 0 AND attempts = 1"), 1);
    wr_core_free(w.f.core);
    w.f.core = NULL;
    CHECK_OK(wr_sim_topic_remake(w.f.cluster, "in"));
    fixture_happen(&w.f, key, 7);
    CHECK_EQ(wr_sim_end(w.f.cluster, "in", partition), 1);
    for (int i = 0; i < 3; i++)
        CHECK(run_child(&w));
    CHECK(!run_child(&w));
    CHECK_EQ(COUNT(&w.f, "weir_parked WHERE record_offset = 0 AND attempts = 1"), 1);
    CHECK_EQ(COUNT(&w.f, "effects WHERE n = 7"), 0);
    world_end(&w);
}

TEST(a_process_that_dies_between_events_suspects_none_and_a_torn_file_is_none)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 1);
    fixture_start(&w.f);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(w.f.core, 0, &w.f.failure));
    CHECK_EQ(COUNT(&w.f, "effects"), 1);
    fixture_restart(&w.f); /* drops everything, as a kill does */
    CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
    wr_core_free(w.f.core);
    w.f.core = NULL;
    for (size_t size = 0; size < 40; size++) {
        wr_file *file;
        uint8_t junk[40];
        memset(junk, (int)size, sizeof junk);
        CHECK_OK(wr_file_open(w.io, w.attempt_path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
        CHECK_OK(wr_file_truncate(file, 0));
        CHECK_OK(wr_file_write(file, 0, junk, size));
        wr_file_close(file);
        fixture_start(&w.f);
        CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
        wr_core_free(w.f.core);
        w.f.core = NULL;
    }
    world_end(&w);
}

TEST(a_handler_that_stops_the_service_is_no_attempt)
{
    world w;
    world_begin(&w);
    fixture_happen(&w.f, "a", 3);
    w.f.fatal[3] = true;
    for (int i = 0; i < 5; i++) {
        fixture_start(&w.f);
        weir_err err = WEIR_OK;
        for (int turn = 0; turn < 4 && err == WEIR_OK; turn++)
            err = wr_core_turn(w.f.core, 0, &w.f.failure);
        CHECK(err != WEIR_OK);
        wr_core_free(w.f.core);
        w.f.core = NULL;
    }
    w.f.fatal[3] = false;
    fixture_start(&w.f);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(w.f.core, 0, &w.f.failure));
    CHECK_EQ(COUNT(&w.f, "effects WHERE n = 3"), 1);
    CHECK_EQ(COUNT(&w.f, "weir_attempts"), 0);
    world_end(&w);
}
