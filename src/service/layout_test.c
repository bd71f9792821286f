#include "layout_int.h"

#include <allocation.h>
#include <test.h>

#include <string.h>

static weir_status run(weir_tx *tx, const weir_event *event, void *user)
{
    (void)tx, (void)event, (void)user;
    return WEIR_DONE;
}

static weir_status answer(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)tx, (void)request, (void)response, (void)user;
    return WEIR_DONE;
}

/* As headers of an earlier weir might have had them. */
typedef struct old_handler {
    const char *type;
    int version;
    weir_handler_fn run;
} old_handler;

typedef struct old_route {
    const char *method;
    const char *path;
    weir_route_fn run;
} old_route;

typedef struct old_setting {
    const char *key;
    const char *fallback;
} old_setting;

static const weir_layout today = {sizeof(weir_layout),  WEIR_VERSION_NUMBER, sizeof(weir_service),
                                  sizeof(weir_handler), sizeof(weir_route),  sizeof(weir_setting)};

static weir_err read_with(const weir_service *service, const weir_layout *layout, weir_failure *ret_failure)
{
    wr_layout read;
    *ret_failure = (weir_failure){0};
    weir_err err = wr_layout_read(&read, service, layout, ret_failure);
    if (err == WEIR_OK)
        wr_layout_fini(&read);
    return err;
}

TEST(todays_tables_are_read_as_they_are)
{
    static const weir_handler handlers[] = {{.type = "a.b", .version = 3, .run = run, .retry = {.max = 7}}, {0}};
    static const weir_route routes[] = {{"GET", "/x", answer, .read_only = true}, {0}};
    static const weir_setting settings[] = {{"a.b", "1", "help"}, {0}};
    const weir_service service = {.name = "n", .handlers = handlers, .routes = routes, .settings = settings};
    wr_layout read;
    CHECK_OK(wr_layout_read(&read, &service, &today, NULL));
    CHECK_STR(read.service.name, "n");
    CHECK(!memcmp(read.service.handlers, handlers, sizeof handlers));
    CHECK(!memcmp(read.service.routes, routes, sizeof routes));
    CHECK(!memcmp(read.service.settings, settings, sizeof settings));
    wr_layout_fini(&read);
}

TEST(a_program_compiled_when_rows_had_fewer_members_gets_zeroes_for_those_it_lacks)
{
    static const old_handler handlers[] = {{"a.b", 1, run}, {"c.d", 2, run}, {0}};
    static const old_route routes[] = {{"GET", "/x", answer}, {"POST", "/y", answer}, {0}};
    static const old_setting settings[] = {{"a.b", "1"}, {"c.d", "2"}, {0}};
    const weir_service service = {.name = "n",
                                  .handlers = (const weir_handler *)handlers,
                                  .routes = (const weir_route *)routes,
                                  .settings = (const weir_setting *)settings,
                                  .user = &read_with};
    weir_layout then = today;
    then.service_size = offsetof(weir_service, user);
    then.handler_size = sizeof(old_handler);
    then.route_size = sizeof(old_route);
    then.setting_size = sizeof(old_setting);
    wr_layout read;
    CHECK_OK(wr_layout_read(&read, &service, &then, NULL));
    CHECK(read.service.user == NULL);
    CHECK_STR(read.handlers[1].type, "c.d");
    CHECK_EQ(read.handlers[1].version, 2);
    CHECK(read.handlers[1].run == run);
    CHECK_EQ(read.handlers[1].retry.max, 0);
    CHECK(read.handlers[2].type == NULL);
    CHECK_STR(read.routes[1].path, "/y");
    CHECK(!read.routes[0].read_only);
    CHECK(read.routes[1].forward == NULL);
    CHECK_STR(read.settings[1].fallback, "2");
    CHECK(read.settings[1].help == NULL);
    wr_layout_fini(&read);
}

TEST(a_program_compiled_against_a_later_weir_is_told_so)
{
    weir_failure failure;
    const weir_service service = {.name = "n"};
    weir_layout later[6] = {today, today, today, today, today, today};
    later[0].layout_size += 8;
    later[1].version_number++;
    later[2].service_size += 8;
    later[3].handler_size += 8;
    later[4].route_size += 8;
    later[5].setting_size += 8;
    for (size_t i = 0; i < 6; i++) {
        CHECK_EQ(read_with(&service, &later[i], &failure), WEIR_E_UNSUPPORTED);
        CHECK(strstr(failure.sentence, "later weir"));
    }
}

TEST(sizes_that_no_weir_had_and_no_service_are_wrong_use)
{
    weir_failure failure;
    const weir_service service = {.name = "n"};
    weir_layout odd[4] = {today, today, today, today};
    odd[0].service_size = 0;
    odd[1].handler_size = 8;
    odd[2].route_size = 8;
    odd[3].setting_size = 8;
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(read_with(&service, &odd[i], &failure), WEIR_E_USAGE);
    CHECK_EQ(read_with(NULL, &today, &failure), WEIR_E_USAGE);
}

TEST(a_table_ends_at_the_first_row_of_nothing_and_has_a_limit)
{
    static weir_handler handlers[4098];
    weir_failure failure;
    const weir_service service = {.name = "n", .handlers = handlers};
    for (size_t i = 0; i < 4096; i++)
        handlers[i] = (weir_handler){.type = "a.b", .run = run};
    CHECK_OK(read_with(&service, &today, &failure));
    handlers[4096].type = "a.b";
    CHECK_EQ(read_with(&service, &today, &failure), WEIR_E_LIMIT);
    handlers[1] = (weir_handler){.run = run}; /* a mistake that somebody else names, not the end */
    CHECK_EQ(read_with(&service, &today, &failure), WEIR_E_LIMIT);
}

TEST(without_memory_nothing_is_left)
{
    static const weir_handler handlers[] = {{.type = "a.b", .run = run}, {0}};
    static const weir_route routes[] = {{"GET", "/x", answer}, {0}};
    const weir_service service = {.name = "n", .handlers = handlers, .routes = routes};
    weir_failure failure;
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        weir_err err = read_with(&service, NULL, &failure);
        if (!test_allocation_failed()) {
            CHECK_OK(err);
            break;
        }
        CHECK_EQ(err, WEIR_E_MEMORY);
    }
}
