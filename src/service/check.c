/* What a service says of itself, checked before anything starts: weir_main says which entry of which table is wrong and
 * ends with status 2. Everything here would be a crash, a handler that is never called, or a request that nobody
 * answers, later. */
#include "check.h"

#include "settings.h"

#include <base/buf.h>
#include <base/cron.h>
#include <base/utf8.h>
#include <event/kafka.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE_MAX = 100,
    TOPIC_COUNT_MAX = 32,
    ROUTE_COUNT_MAX = 64,
    PARAMETER_COUNT_MAX = 8,
    TYPE_SIZE_MAX = 180,
    SCHEDULE_COUNT_MAX = 1000
};

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

weir_err wr_check_name(const char *name, weir_failure *failure)
{
    if (!name || !*name)
        return weir_fail(failure, WEIR_E_USAGE, "a service needs a name");
    size_t size = strspn(name, name_characters);
    if (name[size] || size > NAME_SIZE_MAX || !isalnum((unsigned char)name[0]))
        return weir_fail(failure, WEIR_E_USAGE,
                         "'%.60s' is no name of a service: 1 to %d letters, digits, dots, dashes and underscores, of "
                         "which a letter or digit is the first",
                         name, NAME_SIZE_MAX);
    if (strcmp(name, "weir") == 0)
        return weir_fail(failure, WEIR_E_USAGE,
                         "a service cannot be named weir: its tables are counted under its name");
    return WEIR_OK;
}

/* ---- topics */

static weir_err check_topic(const char *of, const char *topic, weir_failure *failure)
{
    return wr_topic_name_valid(topic)
               ? WEIR_OK
               : weir_fail(failure, WEIR_E_USAGE, "%s: '%.60s' is not the name of a topic: " WR_TOPIC_NAME_RULE, of,
                           topic);
}

static weir_err check_consumed(const weir_service *service, weir_failure *failure)
{
    char topics[TOPIC_COUNT_MAX][260];
    size_t count = 0;
    weir_err err = WEIR_OK;
    for (const char *at = service->consumes; at && *at && err == WEIR_OK;) {
        size_t size = strcspn(at, ", ");
        if (size && count == TOPIC_COUNT_MAX)
            return weir_fail(failure, WEIR_E_USAGE, "consumes: more than %d topics", TOPIC_COUNT_MAX);
        if (size) {
            snprintf(topics[count], sizeof topics[count], "%.*s", (int)(size < 255 ? size : 255), at);
            err = check_topic("consumes", topics[count], failure);
            for (size_t i = 0; i < count && err == WEIR_OK; i++)
                if (strcmp(topics[i], topics[count]) == 0)
                    err = weir_fail(failure, WEIR_E_USAGE, "consumes: %s is there twice", topics[i]);
            count++;
        }
        at += size + (at[size] != 0);
    }
    bool has_timers =
        (service->routes && service->routes[0].path) || (service->schedules && service->schedules[0].name);
    if (err == WEIR_OK && service->handlers && service->handlers[0].type && count == 0 && !has_timers)
        return weir_fail(failure, WEIR_E_USAGE,
                         "there are handlers, but `consumes` names no topic, and no schedule or route sets a timer");
    return err;
}

/* ---- handlers */

static int version_of(const weir_handler *handler)
{
    return handler->version ? handler->version : 1;
}

static weir_err check_handler(const weir_handler *handlers, size_t at, weir_failure *failure)
{
    const weir_handler *handler = &handlers[at];
    const char *type = handler->type ? handler->type : "";
    if (!*type)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu] has no type", at);
    if (strlen(type) > TYPE_SIZE_MAX)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu]: a type of more than %d bytes: %.60s…", at,
                         TYPE_SIZE_MAX, type);
    for (const char *c = type; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '"')
            return weir_fail(failure, WEIR_E_USAGE,
                             "handlers[%zu]: a type with a blank, a quote or a control character", at);
    if (!handler->run)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu], %s, has no run", at, type);
    if (handler->version < 0)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu], %s: version %d is below 0", at, type, handler->version);
    const weir_retry_policy *retry = &handler->retry;
    if (retry->max < 0 || retry->base_ms < 0 || retry->max_ms < 0)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu], %s: a number of retry is below 0", at, type);
    if (retry->max_ms > 0 && retry->base_ms > retry->max_ms)
        return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu], %s: retry.base_ms %d is above retry.max_ms %d", at,
                         type, retry->base_ms, retry->max_ms);
    for (size_t i = 0; i < at; i++)
        if (strcmp(handlers[i].type, type) == 0 && version_of(&handlers[i]) == version_of(handler))
            return weir_fail(failure, WEIR_E_USAGE, "handlers[%zu] and handlers[%zu] are both for %s version %d", i, at,
                             type, version_of(handler));
    return WEIR_OK;
}

/* ---- routes */

static weir_err wrong_route(const weir_route *route, size_t at, const char *problem, weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_USAGE, "routes[%zu], %.20s %.60s: %s", at, route->method ? route->method : "GET",
                     route->path ? route->path : "(no path)", problem);
}

/* The next segment of a path from *at, which stands on its slash and moves behind it. */
static weir_slice next_segment(const char **at)
{
    const char *start = *at + 1;
    size_t size = strcspn(start, "/");
    *at = start + size;
    return (weir_slice){(const uint8_t *)start, size};
}

static bool is_parameter(weir_slice segment)
{
    return segment.size > 2 && segment.data[0] == '{' && segment.data[segment.size - 1] == '}';
}

static const char *find_path_problem(const char *path)
{
    weir_slice names[PARAMETER_COUNT_MAX];
    size_t count = 0;
    if (path[0] != '/')
        return "a path begins with /";
    for (const char *at = path; *at;) {
        weir_slice segment = next_segment(&at);
        if (segment.size == 0 && *at)
            return "a segment of the path is empty";
        bool is_name = is_parameter(segment);
        for (size_t i = is_name; i + is_name < segment.size; i++) {
            unsigned char c = segment.data[i];
            if (is_name ? !isalnum(c) && c != '_' : c <= ' ' || c == 0x7f || strchr("{}?#", c))
                return is_name ? "a {name} is made of letters, digits and _"
                               : "a segment is {name}, or text without blanks, {, }, ? and #";
        }
        if (!is_name)
            continue;
        if (count == PARAMETER_COUNT_MAX)
            return "more than 8 {names} in the path";
        for (size_t i = 0; i < count; i++)
            if (weir_slice_equal(names[i], segment))
                return "a {name} is there twice";
        names[count++] = segment;
    }
    return NULL;
}

static const char *method_of(const weir_route *route)
{
    return route->method ? route->method : "GET";
}

/* The same requests: paths are equal but for the names of their parameters. */
static bool is_same_route(const weir_route *a, const weir_route *b)
{
    if (strcmp(method_of(a), method_of(b)) != 0)
        return false;
    const char *at = a->path, *bt = b->path;
    while (*at && *bt) {
        weir_slice one = next_segment(&at), other = next_segment(&bt);
        if (is_parameter(one) != is_parameter(other) || (!is_parameter(one) && !weir_slice_equal(one, other)))
            return false;
    }
    return *at == *bt;
}

static bool has_setting(const weir_service *service, const char *key)
{
    for (const weir_setting *setting = service->settings; setting && setting->key; setting++)
        if (strcmp(setting->key, key) == 0)
            return true;
    return wr_settings_find_known(key) != NULL;
}

static weir_err check_route(const weir_service *service, size_t at, weir_failure *failure)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    static const char *const own[] = {"/livez", "/readyz", "/metrics"};
    const weir_route *route = &service->routes[at];
    bool is_known = false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        is_known |= strcmp(methods[i], method_of(route)) == 0;
    if (!is_known)
        return wrong_route(route, at, "the method is one of GET, POST, PUT, PATCH and DELETE", failure);
    if (!route->path || !*route->path)
        return wrong_route(route, at, "a route has a path", failure);
    const char *problem = find_path_problem(route->path);
    if (problem)
        return wrong_route(route, at, problem, failure);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i], route->path) == 0)
            return wrong_route(route, at, "weir answers this path itself", failure);
    if (!route->run == !route->forward)
        return wrong_route(route, at,
                           route->run ? "a route has run or forward, not both" : "a route has run or forward", failure);
    if (route->forward && strcmp(method_of(route), "GET") != 0)
        return wrong_route(route, at, "only GET is passed on by forward", failure);
    if (route->forward && !has_setting(service, route->forward))
        return wrong_route(route, at, "forward names a setting, and there is none of this name", failure);
    for (size_t i = 0; i < at; i++)
        if (is_same_route(&service->routes[i], route))
            return weir_fail(failure, WEIR_E_USAGE, "routes[%zu] and routes[%zu] are both for %s %.60s", i, at,
                             method_of(route), route->path);
    return WEIR_OK;
}

/* ---- settings */

static weir_err check_setting(const weir_setting *settings, size_t at, weir_failure *failure)
{
    const char *key = settings[at].key;
    if (!key || !*key)
        return weir_fail(failure, WEIR_E_USAGE, "settings[%zu] has no key", at);
    size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    if (key[size] || size > 100 || !islower((unsigned char)key[0]) || !isalnum((unsigned char)key[size - 1]) ||
        strstr(key, ".."))
        return weir_fail(failure, WEIR_E_USAGE,
                         "settings[%zu]: '%.60s' is no key: lower-case letters and digits, with dots between them", at,
                         key);
    const wr_config_key *known = wr_settings_find_known(key);
    if (known)
        return weir_fail(failure, WEIR_E_USAGE, "settings[%zu]: %s is weir's own: %.100s", at, key, known->help);
    if (strncmp(key, "kafka.", 6) == 0)
        return weir_fail(failure, WEIR_E_USAGE, "settings[%zu]: %s: keys that begin with kafka. are librdkafka's", at,
                         key);
    for (size_t i = 0; i < at; i++)
        if (wr_settings_is_same(settings[i].key, key))
            return weir_fail(failure, WEIR_E_USAGE, "settings[%zu] and settings[%zu] are both %s", i, at, key);
    return WEIR_OK;
}

/* ---- schedules */

static weir_err check_schedule(const weir_service *service, size_t at, weir_failure *failure)
{
    const weir_schedule *schedule = &service->schedules[at];
    const char *name = schedule->name ? schedule->name : "";
    wr_cron cron;
    weir_failure why = {0};
    if (!*name || strlen(name) > NAME_SIZE_MAX || !wr_utf8_valid(weir_slice_of(name)))
        return weir_fail(failure, WEIR_E_USAGE, "schedules[%zu]: a name has 1 to %d bytes of UTF-8", at, NAME_SIZE_MAX);
    if (wr_cron_parse(schedule->cron, &cron, &why) != WEIR_OK)
        return weir_fail(failure, WEIR_E_USAGE, "schedules[%zu], %.60s: %.150s", at, name, why.sentence);
    bool has_handler = false;
    const weir_handler *handler = service->handlers;
    for (; handler && handler->type && schedule->type && !has_handler; handler++)
        has_handler = strcmp(handler->type, schedule->type) == 0 &&
                      version_of(handler) == (schedule->version ? schedule->version : 1);
    if (!has_handler)
        return weir_fail(failure, WEIR_E_USAGE, "schedules[%zu], %.60s: there is no handler of '%.60s' version %d", at,
                         name, schedule->type ? schedule->type : "", schedule->version ? schedule->version : 1);
    for (size_t i = 0; i < at; i++)
        if (strcmp(service->schedules[i].name, name) == 0)
            return weir_fail(failure, WEIR_E_USAGE, "schedules[%zu] and schedules[%zu] are both called %.60s", i, at,
                             name);
    return WEIR_OK;
}

weir_err wr_check_service(const weir_service *service, weir_failure *failure)
{
    weir_err err = wr_check_name(service->name, failure);
    if (err == WEIR_OK)
        err = check_consumed(service, failure);
    if (err == WEIR_OK && service->produces)
        err = check_topic("produces", service->produces, failure);
    if (err == WEIR_OK && (service->http_port < 0 || service->http_port > 65535))
        err = weir_fail(failure, WEIR_E_USAGE, "http_port %d is no port", service->http_port);
    const weir_handler *handler = service->handlers;
    for (size_t i = 0; err == WEIR_OK && handler && (handler[i].type || handler[i].run); i++)
        err = check_handler(handler, i, failure);
    const weir_setting *setting = service->settings;
    for (size_t i = 0; err == WEIR_OK && setting && (setting[i].key || setting[i].fallback); i++)
        err = i < WR_SETTING_COUNT_MAX
                  ? check_setting(setting, i, failure)
                  : weir_fail(failure, WEIR_E_USAGE, "settings: more than %d", WR_SETTING_COUNT_MAX);
    const weir_schedule *schedule = service->schedules;
    for (size_t i = 0; err == WEIR_OK && schedule && (schedule[i].name || schedule[i].cron || schedule[i].type); i++)
        err = i < SCHEDULE_COUNT_MAX ? check_schedule(service, i, failure)
                                     : weir_fail(failure, WEIR_E_USAGE, "schedules: more than %d", SCHEDULE_COUNT_MAX);
    const weir_route *route = service->routes;
    for (size_t i = 0; err == WEIR_OK && route && (route[i].path || route[i].method || route[i].run); i++)
        err = i < ROUTE_COUNT_MAX ? check_route(service, i, failure)
                                  : weir_fail(failure, WEIR_E_USAGE, "routes: more than %d", ROUTE_COUNT_MAX);
    return err;
}
