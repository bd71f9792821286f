#include "test.h"

#include "check.h"

#include <stdio.h>

static weir_status run(weir_tx *tx, const weir_event *event, void *user)
{
    (void)event, (void)user;
    return weir_tx_status(tx);
}

static weir_status answer(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)request, (void)response, (void)user;
    return weir_tx_status(tx);
}

#define HANDLERS(...)                                                                                                  \
    .consumes = "in", .handlers = (const weir_handler[])                                                               \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }
#define ROUTES(...)                                                                                                    \
    .routes = (const weir_route[])                                                                                     \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }
#define SCHEDULES(...)                                                                                                 \
    .schedules = (const weir_schedule[])                                                                               \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }
#define SETTINGS(...)                                                                                                  \
    .settings = (const weir_setting[])                                                                                 \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

typedef struct row {
    const char *says; /* NULL: nothing is wrong */
    weir_service service;
} row;

static const char long_name[] = "a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789"
                                "i123456789j123456789k";

static const row rows[] = {
    {NULL, {.name = "shop"}},
    {NULL, {.name = "Shop-2.eu_1", .consumes = "a, b,c", .produces = "d.e"}},
    {"needs a name", {0}},
    {"needs a name", {.name = ""}},
    {"no name of a service", {.name = "a/b"}},
    {"no name of a service", {.name = "../etc"}},
    {"no name of a service", {.name = ".hidden"}},
    {"no name of a service", {.name = "two words"}},
    {"no name of a service", {.name = long_name}},
    {"cannot be named weir", {.name = "weir"}},
    {"consumes: 'a?b'", {.name = "n", .consumes = "ok,a?b"}},
    {"consumes: a is there twice", {.name = "n", .consumes = "a, b, a"}},
    {"produces: 'a,b'", {.name = "n", .produces = "a,b"}},
    {"produces: ''", {.name = "n", .produces = ""}},
    {"http_port 70000", {.name = "n", .http_port = 70000}},

    {NULL, {.name = "n", HANDLERS({.type = "a.b", .run = run}, {.type = "a.b", .version = 2, .run = run})}},
    {"handlers[0], a.b, has no run", {.name = "n", HANDLERS({.type = "a.b"})}},
    {"handlers[1] has no type", {.name = "n", HANDLERS({.type = "a.b", .run = run}, {.run = run})}},
    {"handlers[0] has no type", {.name = "n", HANDLERS({.type = "", .run = run})}},
    {"handlers[0] and handlers[2] are both for a.b version 1",
     {.name = "n",
      HANDLERS({.type = "a.b", .run = run}, {.type = "c", .run = run}, {.type = "a.b", .version = 1, .run = run})}},
    {"version -1", {.name = "n", HANDLERS({.type = "a.b", .version = -1, .run = run})}},
    {"below 0", {.name = "n", HANDLERS({.type = "a.b", .run = run, .retry = {.max = -1}})}},
    {"retry.base_ms 500 is above", {.name = "n", HANDLERS({.type = "a", .run = run, .retry = {0, 500, 100}})}},
    {"a blank", {.name = "n", HANDLERS({.type = "a b", .run = run})}},
    {NULL,
     {.name = "n",
      .handlers = (const weir_handler[]){{.type = "a", .run = run}, {0}},
      .routes = (const weir_route[]){{.path = "/a", .run = answer}, {0}}}},
    {NULL,
     {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", "@daily", "a"}, {"y", "@daily", "a", 1})}},
    {"schedules[0]: a name", {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({NULL, "@daily", "a"})}},
    {"schedules[0]: a name", {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"\xff", "@daily", "a"})}},
    {"schedules[1], y: '60' is no minute",
     {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", "@daily", "a"}, {"y", "60 * * * *", "a"})}},
    {"schedules[0], x: a cron line", {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", NULL, "a"})}},
    {"no handler of 'a' version 2",
     {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", "@daily", "a", 2})}},
    {"no handler of ''", {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", "@daily", NULL})}},
    {"no handler of 'a'", {.name = "n", SCHEDULES({"x", "@daily", "a"})}},
    {"are both called x",
     {.name = "n", HANDLERS({.type = "a", .run = run}), SCHEDULES({"x", "@daily", "a"}, {"x", "@hourly", "a"})}},
    {"`consumes` names no topic", {.name = "n", .handlers = (const weir_handler[]){{.type = "a", .run = run}, {0}}}},

    {NULL,
     {.name = "n",
      ROUTES({"GET", "/", answer}, {"GET", "/a/{id}", answer}, {"GET", "/a/b", answer}, {"POST", "/a/{id}", answer},
             {NULL, "/c/{x}/d/{y_2}", answer, .read_only = true}),
      SETTINGS({"other.url", "http://x", NULL})}},
    {"routes[0], GET a: a path begins with /", {.name = "n", ROUTES({"GET", "a", answer})}},
    {"a route has a path", {.name = "n", ROUTES({"GET", NULL, answer})}},
    {"a route has a path", {.name = "n", ROUTES({"GET", "", answer})}},
    {"routes[0], get /a: the method", {.name = "n", ROUTES({"get", "/a", answer})}},
    {"the method", {.name = "n", ROUTES({"HEAD", "/a", answer})}},
    {"is empty", {.name = "n", ROUTES({"GET", "/a//b", answer})}},
    {"a segment is", {.name = "n", ROUTES({"GET", "/a{id}", answer})}},
    {"a segment is", {.name = "n", ROUTES({"GET", "/a b", answer})}},
    {"a segment is", {.name = "n", ROUTES({"GET", "/a?b=c", answer})}},
    {"a segment is", {.name = "n", ROUTES({"GET", "/{}", answer})}},
    {"a {name}", {.name = "n", ROUTES({"GET", "/{a-b}", answer})}},
    {"there twice", {.name = "n", ROUTES({"GET", "/{a}/{a}", answer})}},
    {"more than 8", {.name = "n", ROUTES({"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", answer})}},
    {"weir answers this path", {.name = "n", ROUTES({"GET", "/readyz", answer})}},
    {"a route has run or forward", {.name = "n", ROUTES({"GET", "/a", NULL})}},
    {"not both", {.name = "n", ROUTES({"GET", "/a", answer, .forward = "x.url"}), SETTINGS({"x.url", "", ""})}},
    {"only GET is passed on", {.name = "n", ROUTES({"POST", "/a", .forward = "x.url"}), SETTINGS({"x.url", "", ""})}},
    {"there is none of this name", {.name = "n", ROUTES({"GET", "/a", .forward = "x.url"})}},
    {"routes[0] and routes[1] are both for GET /a/{y}",
     {.name = "n", ROUTES({"GET", "/a/{x}", answer}, {NULL, "/a/{y}", answer})}},

    {NULL, {.name = "n", SETTINGS({"stock.initial", NULL, NULL}, {"stock.final", "1", "x"})}},
    {"settings[0]: http.port is weir's own", {.name = "n", SETTINGS({"http.port", "1", "x"})}},
    {"settings[0]: http-port is weir's own", {.name = "n", SETTINGS({"http-port", "1", "x"})}},
    {"bootstrap.servers is weir's own", {.name = "n", SETTINGS({"bootstrap.servers", "1", "x"})}},
    {"librdkafka's", {.name = "n", SETTINGS({"kafka.linger.ms", "1", "x"})}},
    {"both a_b", {.name = "n", SETTINGS({"a.b", "1", "x"}, {"a_b", "1", "x"})}},
    {"settings[1] has no key", {.name = "n", SETTINGS({"a", "1", "x"}, {NULL, "1", "x"})}},
    {"no key", {.name = "n", SETTINGS({"A", "1", "x"})}},
    {"no key", {.name = "n", SETTINGS({"a..b", "1", "x"})}},
};

TEST(each_wrong_entry_of_a_services_tables_is_said)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        weir_failure failure = {0};
        weir_err err = wr_check_service(&rows[i].service, &failure);
        if (!rows[i].says && err != WEIR_OK)
            fail_msg("row %zu: %s", i, failure.sentence);
        if (rows[i].says && (err != WEIR_E_USAGE || !strstr(failure.sentence, rows[i].says)))
            fail_msg("row %zu: '%s' does not say '%s'", i, failure.sentence, rows[i].says);
    }
}

TEST(a_service_that_is_put_together_wrongly_ends_with_status_2_before_anything_starts)
{
    char program[] = "n", flag[] = "--help", *argv[] = {program, flag, NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].says)
            CHECK_EQ(weir_main(2, argv, &rows[i].service), 2); /* not even help: its text would be of wrong tables */
}

static weir_route many_routes[66];
static weir_setting many_settings[102];

TEST(tables_have_limits)
{
    static char paths[66][16], keys[102][16];
    for (int i = 0; i < 65; i++) {
        snprintf(paths[i], sizeof paths[i], "/r%d", i);
        many_routes[i] = (weir_route){.path = paths[i], .run = answer};
    }
    for (int i = 0; i < 101; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        many_settings[i] = (weir_setting){.key = keys[i]};
    }
    weir_failure failure = {0};
    CHECK_EQ(wr_check_service(&(weir_service){.name = "n", .routes = many_routes}, &failure), WEIR_E_USAGE);
    CHECK(strstr(failure.sentence, "routes: more than 64"));
    many_routes[64] = (weir_route){0};
    CHECK_OK(wr_check_service(&(weir_service){.name = "n", .routes = many_routes}, &failure));
    CHECK_EQ(wr_check_service(&(weir_service){.name = "n", .settings = many_settings}, &failure), WEIR_E_USAGE);
    CHECK(strstr(failure.sentence, "settings: more than 100"));
    many_settings[100] = (weir_setting){0};
    CHECK_OK(wr_check_service(&(weir_service){.name = "n", .settings = many_settings}, &failure));
}
