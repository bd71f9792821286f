#include "core_testing.h"

/* What a handler sees through its weir_tx beside SQL and emitting. */
static char seen[2000];

static weir_status on_rows(weir_tx *tx, const weir_event *event, void *user)
{
    (void)event, (void)user;
    weir_rows *rows = weir_query(
        tx, fixture_is_on_server() ? "SELECT NULL AS missing, 0 AS n, 1.5 AS r, '' AS t, '\\x00'::bytea AS b, 7 AS n"
                                   : "SELECT NULL AS missing, 0 AS n, 1.5 AS r, '' AS t, x'00' AS b, 7 AS n");
    CHECK_EQ(weir_rows_column_count(rows), 6);
    CHECK(weir_rows_next(rows));
    static const weir_value_kind kinds[] = {WEIR_VALUE_NULL, WEIR_VALUE_INT,  WEIR_VALUE_REAL,
                                            WEIR_VALUE_TEXT, WEIR_VALUE_BLOB, WEIR_VALUE_INT};
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(weir_rows_kind(rows, i), kinds[i]);
        CHECK_EQ(weir_rows_is_null(rows, i), i == 0);
    }
    CHECK_STR(weir_rows_name(rows, 3), "t");
    CHECK_EQ(weir_rows_column(rows, "b"), 4);
    CHECK_EQ(weir_rows_column(rows, "n"), 1); /* the first of two */
    CHECK(weir_rows_real(rows, weir_rows_column(rows, "r")) == 1.5);
    CHECK(!weir_rows_next(rows));
    CHECK_EQ(weir_rows_column_count(rows), 0);
    CHECK(weir_rows_is_null(rows, 0) && weir_rows_kind(rows, 1) == WEIR_VALUE_NULL);
    CHECK_EQ(weir_tx_status(tx), WEIR_DONE);
    return weir_exec(tx, "INSERT INTO effects (n) VALUES (1)");
}

static void run_with(weir_handler_fn run, const wr_trace *trace, fixture *f, weir_service *service)
{
    static weir_handler handlers[2];
    handlers[0] = (weir_handler){.type = "thing.happened", .run = run, .retry = {.max = 3}};
    fixture_begin(f, service);
    service->handlers = handlers;
    f->options.trace = trace;
    fixture_restart(f);
}

TEST(kinds_nulls_and_names_of_columns_are_told)
{
    fixture f;
    weir_service service;
    run_with(on_rows, NULL, &f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}

static weir_status on_missing(weir_tx *tx, const weir_event *event, void *user)
{
    (void)event, (void)user;
    weir_rows *rows = weir_query(tx, "SELECT 1 AS n");
    CHECK(weir_rows_next(rows));
    CHECK_EQ(weir_rows_int(rows, weir_rows_column(rows, "m")), 0);
    return WEIR_DONE;
}

TEST(a_column_that_is_not_there_is_the_programs_mistake)
{
    fixture f;
    weir_service service;
    run_with(on_missing, NULL, &f, &service);
    fixture_happen(&f, "a", 1);
    weir_err err = WEIR_OK;
    for (int i = 0; i < 3 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK_EQ(err, WEIR_E_USAGE);
    CHECK(strstr(f.failure.sentence, "no column m"));
    fixture_end(&f);
}

static weir_status on_headers(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    (void)event;
    seen[0] = 0;
    for (size_t i = 0; i < weir_tx_header_count(tx); i++) {
        const char *name = NULL;
        weir_slice value = weir_tx_header_at(tx, i, &name);
        size_t used = strlen(seen);
        snprintf(seen + used, sizeof seen - used, "%s=%.*s;", name, (int)value.size, (const char *)value.data);
    }
    CHECK(weir_slice_equal(weir_tx_header(tx, "ce_id"), WEIR_SLICE("id-1")));
    CHECK(weir_tx_header(tx, "CE_ID").data == NULL && weir_tx_header(tx, "none").data == NULL);
    if (f->retries_left[0]-- > 0)
        return weir_retry(tx, "once more");
    return weir_exec(tx, "INSERT INTO effects (n) VALUES (1)");
}

TEST(headers_of_the_record_are_reachable_also_when_it_was_parked)
{
    fixture f;
    weir_service service;
    run_with(on_headers, NULL, &f, &service);
    f.retries_left[0] = 1;
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK(strstr(seen, "ce_type=thing.happened;"));
    seen[0] = 0;
    fixture_turns_ms(&f, 3, -1);
    CHECK(strstr(seen, "ce_type=thing.happened;") && strstr(seen, "content-type=application/json;"));
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}

static void keep_lines(void *sink, const char *line, size_t size)
{
    char *log = sink;
    size_t used = strlen(log);
    snprintf(log + used, 4000 - used, "%.*s", (int)size, line);
}

static weir_status on_log(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    weir_log(tx, WEIR_DEBUG, "below the level");
    weir_log(tx, WEIR_WARN, "stock of %s is low", event->subject);
    return weir_fatal(tx, "the warehouse has burnt down");
}

static weir_status give_up(void *user, weir_tx *tx)
{
    (void)user;
    return weir_fatal(tx, "the shelves are gone");
}

TEST(a_query_that_gives_up_fails_alone_and_the_log_says_no_more)
{
    char log[4000] = "", reason[240];
    fixture f;
    weir_service service;
    wr_trace trace = {.level = WR_INFO, .write = keep_lines, .now_ms = fixture_now_ms, .clock = &f, .sink = log};
    run_with(on_log, &trace, &f, &service);
    fixture_turns(&f, 2);
    weir_arena *arena = weir_arena_new(1 << 20);
    CHECK_EQ(wr_core_query(f.core, "GET /x", give_up, NULL, arena, reason), WEIR_FATAL);
    fixture_turns(&f, 2); /* the service goes on */
    CHECK(strstr(log, "a query failed") && strstr(log, "the shelves are gone") && !strstr(log, "the service stops"));
    CHECK(!strstr(log, "traceparent"));
    weir_arena_free(arena);
    fixture_end(&f);
}

TEST(a_line_of_a_handler_and_its_last_word_say_which_event)
{
    char log[4000] = "";
    fixture f;
    weir_service service;
    wr_trace trace = {.level = WR_INFO, .write = keep_lines, .now_ms = fixture_now_ms, .clock = &f, .sink = log};
    run_with(on_log, &trace, &f, &service);
    fixture_happen(&f, "tea", 1);
    weir_err err = WEIR_OK;
    for (int i = 0; i < 3 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK(err != WEIR_OK);
    const char *line = strstr(log, "stock of tea is low");
    CHECK(line && strstr(line, "topic=in") && strstr(line, "offset=0") && strstr(line, "event=id-1"));
    CHECK(!strstr(log, "below the level"));
    line = strstr(log, "the service stops");
    CHECK(line && strstr(line, "the warehouse has burnt down") && strstr(line, "topic=in") &&
          strstr(line, "event=id-1"));
    CHECK(strstr(f.failure.sentence, "the warehouse has burnt down") && strstr(f.failure.sentence, "offset 0"));
    fixture_end(&f);
}
