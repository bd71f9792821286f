#include "core_testing.h"

#include <base/buf.h>

/* The value of a metric's line with these labels; -1: it is not there. */
static double value_of(fixture *f, const char *line)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(f->core, &text);
    const char *at = strstr(wr_buf_cstr(&text), line);
    double value = at ? strtod(at + strlen(line), NULL) : -1;
    wr_buf_fini(&text);
    return value;
}

#define RECORDS(p) "weir_inbox_lag_records{service=\"tally\",topic=\"in\",partition=\"" p "\"} "
#define SECONDS(p) "weir_inbox_lag_seconds{service=\"tally\",topic=\"in\",partition=\"" p "\"} "

static double both(fixture *f)
{
    return value_of(f, RECORDS("0")) + value_of(f, RECORDS("1"));
}

static double older(fixture *f)
{
    double zero = value_of(f, SECONDS("0")), one = value_of(f, SECONDS("1"));
    return zero > one ? zero : one;
}

TEST(lag_is_what_is_not_handled_yet_and_as_old_as_the_oldest_of_it)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "k", 1);
    fixture_turns(&f, 3);
    CHECK(both(&f) == 0 && older(&f) == 0);

    wr_sim_advance_ms(f.machine, 3600 * 1000); /* a quiet hour, at whose end somebody looks */
    CHECK(older(&f) == 0);
    wr_sim_advance_ms(f.machine, 2000);
    fixture_happen(&f, "k", 2);
    fixture_happen(&f, "k", 3);
    wr_sim_advance_ms(f.machine, 3000);
    CHECK(both(&f) == 2);
    CHECK(older(&f) == 5); /* not the hour */
    fixture_turns(&f, 2);
    CHECK(both(&f) == 0 && older(&f) == 0);
    fixture_end(&f);
}

static fixture *looking;
static double records_seen, seconds_seen;

/* Between the handlers and the commit, as a scrape while a handler hangs. */
static bool look(void *user, const char *where)
{
    (void)user;
    if (strcmp(where, "handled") == 0 && records_seen < 0) {
        wr_sim_advance_ms(looking->machine, 60000);
        records_seen = both(looking);
        seconds_seen = older(looking);
    }
    return false;
}

TEST(lag_grows_while_a_handler_hangs)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    f.options.crash = look;
    looking = &f;
    fixture_restart(&f);
    fixture_turns(&f, 2);
    records_seen = -1;
    fixture_happen(&f, "k", 1);
    wr_sim_advance_ms(f.machine, 1000);
    fixture_turns(&f, 2);
    CHECK(records_seen == 1);
    CHECK(seconds_seen == 61);
    CHECK(both(&f) == 0);
    fixture_end(&f);
}

TEST(a_partition_that_was_never_read_is_behind_by_all_of_it_and_then_by_what_is_left)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.batch_max = 1;
    fixture_restart(&f);
    fixture_turns(&f, 2);
    for (int i = 0; i < 5; i++)
        fixture_happen(&f, "k", i);
    for (int left = 5; left > 0; left--) {
        CHECK(both(&f) == left);
        fixture_turns(&f, 1);
    }
    CHECK(both(&f) == 0);
    fixture_restart(&f);
    fixture_turns(&f, 2);
    CHECK(both(&f) == 0); /* the position is known again */
    fixture_end(&f);
}
