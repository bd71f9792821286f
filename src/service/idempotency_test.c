/* A command with an Idempotency-Key is done once, however often it is sent. */
#include "core_int.h"
#include "routes_testing.h"

#include <io/loop.h>

#include <strings.h>

static weir_status post_thing(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    thing it;
    weir_failure failure = {0};
    if (weir_json_decode(weir_tx_arena(tx), thing_fields, request->body, &it, &failure) != WEIR_OK)
        return weir_reject(tx, "%s", failure.sentence);
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES ('x', ?1, 'k')", WEIR_INT(it.n));
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = "k"});
    weir_rows *rows = weir_query(tx, "SELECT count(*) FROM effects");
    int64_t count = weir_rows_next(rows) ? weir_rows_int(rows, 0) : -1;
    static const weir_attribute headers[] = {{"ETag", "\"7\""}};
    response->status = 201;
    response->content_type = "text/plain";
    response->location = "/things/1";
    response->headers = headers;
    response->header_count = 1;
    response->body = weir_slice_of(weir_arena_printf(weir_tx_arena(tx), "%lld", (long long)count));
    if (it.n == 422) /* refused, with all that was done */
        return weir_reject(tx, "not so many");
    return it.n == 500 ? weir_exec(tx, "INSERT INTO nowhere VALUES (1)") : weir_tx_status(tx);
}

/* Answers with what is not there when nothing is set. */
static weir_status post_nothing(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)request, (void)response, (void)user;
    return weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES ('x', 1, 'k')");
}

static const weir_route routes[] = {
    {"POST", "/things", post_thing, .idempotency_key = WEIR_KEY_OPTIONAL},
    {"PUT", "/things", post_thing, .idempotency_key = WEIR_KEY_OPTIONAL},
    {"POST", "/orders", post_thing, .idempotency_key = WEIR_KEY_REQUIRED},
    {"POST", "/nothing", post_nothing, .idempotency_key = WEIR_KEY_OPTIONAL},
    {"POST", "/unused", post_thing},
    {0},
};

static int send_with(front *w, const char *method, const char *path, const char *key, const char *body)
{
    char line[400];
    snprintf(line, sizeof line, "idempotency-key: %s", key);
    const char *const headers[] = {line, NULL};
    return front_call(w, method, path, key[0] ? headers : NULL, body);
}

static void begin(front *w)
{
    front_begin(w, routes);
    wr_routes_set_core(w->routes, w->f.core);
    fixture_turns(&w->f, 2);
}

static int post(front *w, const char *path, const char *key, const char *body)
{
    return send_with(w, "POST", path, key, body);
}

TEST(a_command_that_comes_again_with_its_key_is_answered_as_before_and_not_done)
{
    front w = {0};
    begin(&w);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(post(&w, "/things", "\"one\"", "{\"n\":5}"), 201);
        CHECK_STR(w.body, "1");
        CHECK_STR(w.content_type, "text/plain");
    }
    CHECK_EQ(COUNT(&w.f, "effects"), 1);
    CHECK_EQ(post(&w, "/things", "\"two\"", "{\"n\":5}"), 201);
    CHECK_STR(w.body, "2");
    fixture_turns(&w.f, 3);
    CHECK_EQ(wr_sim_count(w.f.cluster, "out"), 2);
    CHECK_EQ(atomic_load(&w.f.core->numbers.replayed), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(post(&w, "/nothing", "three", ""), 200);
        CHECK_STR(w.body, "");
        CHECK_STR(w.content_type, "application/json"); /* as without a key */
    }
    CHECK_EQ(COUNT(&w.f, "effects"), 3);
    front_end(&w);
}

TEST(two_that_come_together_are_done_once)
{
    front w = {0};
    begin(&w);
    const char *const headers[] = {"Idempotency-Key: \"one\"", NULL};
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_http_pool_send(w.pool, "POST", "/things", headers, WEIR_SLICE("{\"n\":5}"), NULL));
    while (atomic_load(&w.created_count) < 6) /* another answer, and this has no end */
        CHECK_OK(wr_core_turn(w.f.core, 0, &w.f.failure));
    CHECK_EQ(atomic_load(&w.f.core->numbers.replayed), 5);
    CHECK_EQ(COUNT(&w.f, "effects"), 1);
    front_end(&w);
}

TEST(a_key_of_another_request_is_refused_and_nothing_is_done)
{
    front w = {0};
    begin(&w);
    CHECK_EQ(post(&w, "/things?a=1", "one", "{\"n\":5}"), 201);
    CHECK_EQ(post(&w, "/things?a=1", "one", "{\"n\":6}"), 422);
    CHECK_STR(w.body, "{\"error\":\"this Idempotency-Key stands for another request\"}");
    CHECK_EQ(post(&w, "/things?a=2", "one", "{\"n\":5}"), 422);
    CHECK_EQ(post(&w, "/orders?a=1", "one", "{\"n\":5}"), 422);
    CHECK_EQ(send_with(&w, "PUT", "/things?a=1", "one", "{\"n\":5}"), 422);
    CHECK_EQ(post(&w, "/things?a=1", "one", "{\"n\":5}"), 201);
    CHECK_EQ(COUNT(&w.f, "effects"), 1);
    front_end(&w);
}

TEST(what_was_refused_or_failed_leaves_no_answer_and_is_tried_anew)
{
    front w = {0};
    begin(&w);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(post(&w, "/things", "one", "{\"n\":422}"), 422);
        CHECK_EQ(post(&w, "/things", "two", "{\"n\":500}"), 500);
        CHECK_EQ(post(&w, "/things", "three", "no json"), 422);
    }
    CHECK_EQ(COUNT(&w.f, "effects") + COUNT(&w.f, "weir_answers"), 0);
    CHECK_EQ(post(&w, "/things", "one", "{\"n\":1}"), 201); /* nothing stands for the key yet */
    CHECK_EQ(COUNT(&w.f, "weir_answers"), 1);
    front_end(&w);
}

TEST(where_a_key_is_required_a_request_without_one_is_told_so)
{
    front w = {0};
    begin(&w);
    CHECK_EQ(post(&w, "/orders", "", "{\"n\":1}"), 400);
    CHECK_STR(w.body, "{\"error\":\"this needs a header Idempotency-Key\"}");
    CHECK_EQ(post(&w, "/things", "", "{\"n\":1}"), 201);
    CHECK_EQ(post(&w, "/unused", "one", "{\"n\":1}"), 201);
    CHECK_EQ(post(&w, "/unused", "one", "{\"n\":1}"), 201);
    CHECK_EQ(COUNT(&w.f, "effects"), 3);
    CHECK_EQ(COUNT(&w.f, "weir_answers"), 0);
    front_end(&w);
}

TEST(a_key_has_1_to_255_printable_characters_with_or_without_quotes)
{
    static char longest[256], longer[257];
    memset(longest, 'k', 255);
    memset(longer, 'k', 256);
    const struct {
        const char *sent, *kept; /* NULL: none */
    } table[] = {{"\"one\"", "one"},  {"one", "one"},    {"\"a \\\"b\\\" \\\\\"", "a \"b\" \\"},
                 {longest, longest},  {longer, NULL},    {"\"\"", NULL},
                 {"\"open", NULL},    {"\"", NULL},      {"\"a\"b", NULL},
                 {"\"a\";p=1", NULL}, {"\"\\n\"", NULL}, {"\"caf\xc3\xa9\"", NULL},
                 {"a\"b", "a\"b"}};
    front w = {0};
    begin(&w);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fixture_exec(w.f.database, "DELETE FROM weir_answers");
        int status = post(&w, "/things", table[i].sent, "{\"n\":1}");
        if (status != (table[i].kept ? 201 : 400))
            fail_msg("%s is answered %d: %s", table[i].sent, status, w.body);
        wr_store *store;
        CHECK_OK(wr_store_open(w.f.database, WR_STORE_READ_ONLY, &store, NULL));
        wr_statement *row;
        CHECK_OK(wr_store_select(store, WR_SQL_ANSWER_GET, WEIR_VALUES(WEIR_TEXT(table[i].kept ? table[i].kept : "")),
                                 &row, NULL));
        CHECK_EQ(wr_statement_next(row, NULL), table[i].kept ? WEIR_OK : WEIR_E_RANGE);
        wr_statement_done(row);
        wr_store_close(store);
    }
    const char *const both[] = {"Idempotency-Key: a", "Idempotency-Key: a", NULL};
    CHECK_EQ(front_call(&w, "POST", "/things", both, "{\"n\":1}"), 400);
    CHECK(strstr(w.body, "more than one"));
    front_end(&w);
}

TEST(answers_outlive_the_process_and_go_when_their_window_is_over)
{
    front w = {0};
    begin(&w);
    w.f.options.answer_window_ms = 10000;
    wr_routes_set_core(w.routes, NULL);
    fixture_restart(&w.f);
    wr_routes_set_core(w.routes, w.f.core);
    fixture_turns(&w.f, 2);
    CHECK_EQ(post(&w, "/things", "one", "{\"n\":5}"), 201);
    wr_routes_set_core(w.routes, NULL);
    fixture_restart(&w.f);
    wr_routes_set_core(w.routes, w.f.core);
    fixture_turns(&w.f, 2);
    CHECK_EQ(post(&w, "/things", "one", "{\"n\":5}"), 201);
    CHECK_EQ(COUNT(&w.f, "effects"), 1);
    wr_sim_advance_ms(w.f.machine, 9000);
    CHECK_EQ(post(&w, "/things", "two", "{\"n\":5}"), 201);
    CHECK_EQ(COUNT(&w.f, "weir_answers"), 2);
    wr_sim_advance_ms(w.f.machine, 2000);
    CHECK_EQ(post(&w, "/things", "three", "{\"n\":5}"), 201);
    CHECK_EQ(COUNT(&w.f, "weir_answers WHERE key = 'one'"), 0);
    CHECK_EQ(COUNT(&w.f, "weir_answers"), 2);
    front_end(&w);
}

TEST(a_route_that_does_nothing_takes_no_key)
{
    const weir_route wrong[][2] = {
        {{"GET", "/x", post_thing, .read_only = true, .idempotency_key = WEIR_KEY_OPTIONAL}, {0}},
        {{"GET", "/x", .forward = "x.url", .idempotency_key = WEIR_KEY_OPTIONAL}, {0}}};
    for (size_t i = 0; i < 2; i++) {
        wr_routes *made;
        weir_failure failure = {0};
        weir_service service = {.name = "x", .routes = wrong[i]};
        CHECK_EQ(wr_routes_new(&service, NULL, NULL, &made, &failure), WEIR_E_USAGE);
        CHECK(strstr(failure.sentence, "/x does nothing"));
    }
}
