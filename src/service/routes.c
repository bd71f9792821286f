/* From an exchange to a handler and back.
 *
 *   /livez /readyz /metrics        answered at once, on the HTTP server's thread, which never waits
 *   a route with `forward`         passed on to another service (forward.c), without waiting
 *   a route that is read-only      run on a read connection, by a worker
 *   any other                      queued for the core; answered after the commit
 *
 * GET brings HEAD with it; OPTIONS is answered for every path with the methods that it has, and for * with all.
 *
 * The route whose template has the most literal bytes wins. Errors are {"error": "…"}: 404 no such path, 405 with
 * Allow, 400 no Idempotency-Key where one is required (idempotency.c), 422 the handler or a constraint of the database rejects, 500 the program is wrong (the log says how, the
 * answer does not), 503 try again (with Retry-After), 502 and 504 for what we passed on. A status below 400 that a
 * handler has set is dropped when what it did was not committed. */
#include "routes.h"

#include "exposition.h"
#include "forward.h"
#include "idempotency.h"

#include <base/utf8.h>
#include <event/json_text.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    ROUTE_COUNT_MAX = 64,
    PARAMETER_COUNT_MAX = 8,
    HEALTH_SIZE_MAX = 64 * 1024, /* the names of all topics may be in it */
    METRICS_SIZE_MAX = 16 * 1024 * 1024
};

struct wr_routes {
    const weir_service *service;
    const wr_config *config;
    wr_forward *forward;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t unused;
    wr_core *core;
    int core_users; /* threads that are inside of it */
    char waits_for[300];
};

/* One request on its way; stands in the exchange's arena. */
typedef struct bound {
    wr_core_command command; /* first */
    wr_routes *routes;
    const weir_route *route;
    wr_exchange *exchange;
    wr_idempotency idempotency;
    weir_attribute parameters[PARAMETER_COUNT_MAX];
    size_t parameter_count;
    weir_http_request request;
    weir_http_response response;
} bound;

weir_err wr_routes_new(const weir_service *service, const wr_config *config, wr_io *io, wr_routes **ret_routes,
                       weir_failure *failure)
{
    size_t count = 0;
    for (const weir_route *route = service->routes; route && route->path; route++, count++) {
        if ((!route->run && !route->forward) || route->path[0] != '/')
            return weir_fail(failure, WEIR_E_USAGE, "route %s needs a handler or somewhere to forward to", route->path);
        if (route->idempotency_key && (route->read_only || route->forward))
            return weir_fail(failure, WEIR_E_USAGE, "route %s does nothing that an Idempotency-Key could stand for",
                             route->path);
    }
    if (count > ROUTE_COUNT_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "more than %d routes", ROUTE_COUNT_MAX);
    wr_routes *routes = calloc(1, sizeof *routes);
    if (!routes)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for routes");
    routes->service = service;
    routes->config = config;
    weir_err err = wr_forward_new(service, config, io, &routes->forward, failure);
    if (err != WEIR_OK) {
        free(routes);
        return err;
    }
    pthread_mutex_init(&routes->lock, NULL);
    pthread_cond_init(&routes->unused, NULL);
    *ret_routes = routes;
    return WEIR_OK;
}

void wr_routes_free(wr_routes *routes)
{
    if (!routes)
        return;
    wr_forward_free(routes->forward);
    pthread_cond_destroy(&routes->unused);
    pthread_mutex_destroy(&routes->lock);
    free(routes);
}

void wr_routes_set_core(wr_routes *routes, wr_core *core)
{
    pthread_mutex_lock(&routes->lock);
    routes->core = core;
    while (!core && routes->core_users > 0)
        pthread_cond_wait(&routes->unused, &routes->lock);
    pthread_mutex_unlock(&routes->lock);
}

/* NULL: there is none now. Else it stays until it is given back. */
static wr_core *core_take(wr_routes *routes)
{
    pthread_mutex_lock(&routes->lock);
    wr_core *core = routes->core;
    routes->core_users += core != NULL;
    pthread_mutex_unlock(&routes->lock);
    return core;
}

static void core_give(wr_routes *routes, const wr_core *core)
{
    if (!core)
        return;
    pthread_mutex_lock(&routes->lock);
    if (--routes->core_users == 0)
        pthread_cond_signal(&routes->unused);
    pthread_mutex_unlock(&routes->lock);
}

/* ---- answers */

static void answer_error(wr_exchange *exchange, int status, const char *sentence, const char *allow)
{
    static const weir_json_field fields[] = {{"error", WEIR_JSON_TEXT, 0, .required = true}, {0}};
    weir_slice body = weir_json_encode(wr_exchange_arena(exchange), fields, &sentence);
    if (!body.data)
        body = WEIR_SLICE("{\"error\":\"the reason is not text\"}");
    wr_exchange_answer(
        exchange,
        &(wr_answer){.status = status, .body = body, .allow = allow, .retry_after = status == 503 ? "1" : NULL});
}

static void answer_text(wr_exchange *exchange, int status, const char *content_type, wr_buf *text)
{
    if (wr_buf_failed(text))
        answer_error(exchange, 500, "out of memory", NULL);
    else
        wr_exchange_answer(exchange,
                           &(wr_answer){.status = status, .content_type = content_type, .body = wr_buf_view(text)});
    wr_buf_fini(text);
}

void wr_routes_say(wr_routes *routes, const char *sentence)
{
    pthread_mutex_lock(&routes->lock);
    snprintf(routes->waits_for, sizeof routes->waits_for, "%s", sentence ? sentence : "");
    pthread_mutex_unlock(&routes->lock);
}

static void answer_starting(wr_routes *routes, wr_exchange *exchange)
{
    wr_buf text;
    wr_buf_init(&text, 4096);
    wr_buf_text(&text, "{\"ready\":false,\"state\":\"starting\",\"reasons\":[");
    pthread_mutex_lock(&routes->lock);
    bool is_said = routes->waits_for[0] && wr_utf8_valid(weir_slice_of(routes->waits_for));
    wr_json_text(&text, weir_slice_of(is_said ? routes->waits_for : "the service is starting"));
    pthread_mutex_unlock(&routes->lock);
    wr_buf_text(&text, "]}");
    answer_text(exchange, 503, NULL, &text);
}

static void answer_health(wr_exchange *exchange, wr_core *core)
{
    wr_buf text;
    wr_buf_init(&text, HEALTH_SIZE_MAX);
    bool is_ready = wr_core_health(core, &text);
    answer_text(exchange, is_ready ? 200 : 503, NULL, &text);
}

/* Also while the service starts: then there is only what a process has. */
static void answer_metrics(const wr_routes *routes, wr_exchange *exchange, wr_core *core)
{
    const char *name = routes->config ? wr_config_find(routes->config, "name") : NULL;
    name = name && *name ? name : routes->service->name;
    wr_buf text;
    wr_buf_init(&text, METRICS_SIZE_MAX);
    wr_process_metrics(name, &text);
    wr_http_metrics(wr_exchange_server(exchange), name, &text);
    wr_forward_metrics(routes->forward, name, &text);
    if (core)
        wr_core_metrics(core, &text);
    answer_text(exchange, 200, "text/plain; version=0.0.4", &text);
}

static wr_answer answer_of(const weir_http_response *response, int status)
{
    const char *retry_after = status == 503 ? "1" : NULL;
    for (size_t i = 0; retry_after && i < response->header_count; i++)
        if (response->headers[i].name && strcasecmp(response->headers[i].name, "Retry-After") == 0)
            retry_after = NULL; /* the route has its own */
    return (wr_answer){.status = status,
                       .content_type = response->content_type,
                       .location = response->location,
                       .retry_after = retry_after,
                       .headers = response->headers,
                       .header_count = response->header_count,
                       .body = response->body};
}

/* A status that the handler has set is its answer to what it did. It is kept for success only when that was committed,
 * and otherwise only when it says itself that nothing came of the request. */
static void answer_response(bound *bound, weir_status status, const char *reason)
{
    const weir_http_response *response = &bound->response;
    static const int by_status[] = {
        [WEIR_DONE] = 200, [WEIR_IGNORE] = 404, [WEIR_RETRY] = 503, [WEIR_REJECT] = 422, [WEIR_FATAL] = 500};
    static const char *const words[] = {[WEIR_DONE] = "",
                                        [WEIR_IGNORE] = "there is no such thing",
                                        [WEIR_RETRY] = "not now; try again",
                                        [WEIR_REJECT] = "rejected",
                                        [WEIR_FATAL] = "the service has failed; its log says why"};
    if (status == WEIR_FATAL) {
        answer_error(bound->exchange, 500, words[WEIR_FATAL], NULL);
        return;
    }
    bool is_own = status == WEIR_DONE ? response->status != 0 : response->status >= 400;
    int code = is_own ? response->status : by_status[status];
    if (status != WEIR_DONE && (!is_own || !response->body.data)) {
        answer_error(bound->exchange, code, reason[0] ? reason : words[status], NULL);
        return;
    }
    wr_answer answer = answer_of(response, code);
    wr_exchange_answer(bound->exchange, &answer);
}

/* ---- matching */

static size_t segment_size(const char *at)
{
    return strcspn(at, "/");
}

/* The literal bytes of a template that fits, else -1. */
static int match(const char *template, const wr_exchange *exchange, weir_arena *arena, bound *ret_bound)
{
    int literal = 0;
    size_t at = 0;
    const char *segment = wr_exchange_segment(exchange, &at);
    ret_bound->parameter_count = 0;
    for (; *template == '/' && segment; segment = wr_exchange_segment(exchange, &at)) {
        size_t want = segment_size(++template), have = strlen(segment);
        if (*template == '{' && want > 2 && template[want - 1] == '}' && have > 0) {
            if (ret_bound->parameter_count == PARAMETER_COUNT_MAX)
                return -1;
            weir_attribute *parameter = &ret_bound->parameters[ret_bound->parameter_count++];
            parameter->name = weir_arena_dup_text(arena, (weir_slice){(const uint8_t *)template + 1, want - 2});
            parameter->value = segment; /* lives as long as the exchange */
            if (!parameter->name)
                return -1;
        } else if (want != have || memcmp(template, segment, want) != 0) {
            return -1;
        } else {
            literal += (int)want + 1;
        }
        template += want;
    }
    return *template == 0 && !segment ? literal : -1;
}

/* One more method for an Allow header, unless it is there. */
static void allow(char *list, size_t size, const char *method)
{
    size_t used = strlen(list), own = strlen(method);
    for (const char *at = list; (at = strstr(at, method)); at += own)
        if ((at == list || at[-1] == ' ') && (at[own] == ',' || at[own] == 0))
            return;
    snprintf(list + used, size - used, "%s%s", used ? ", " : "", method);
}

/* NULL: none; then *ret_allow lists the methods that this path has, or is empty. */
static bound *find_route(wr_routes *routes, wr_exchange *exchange, char *ret_allow, size_t size)
{
    weir_arena *arena = wr_exchange_arena(exchange);
    const char *method = wr_exchange_method(exchange);
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    bound *best = NULL;
    int best_literal = -1;
    ret_allow[0] = 0;
    for (const weir_route *route = routes->service->routes; route && route->path; route++) {
        bound *candidate = weir_arena_alloc(arena, sizeof *candidate);
        int literal = candidate ? match(route->path, exchange, arena, candidate) : -1;
        if (literal < 0)
            continue;
        const char *own = route->method ? route->method : "GET";
        allow(ret_allow, size, own);
        if (strcmp(own, "GET") == 0)
            allow(ret_allow, size, "HEAD");
        if (strcmp(own, method) != 0 || literal <= best_literal)
            continue;
        best = candidate;
        best->route = route;
        best_literal = literal;
    }
    if (ret_allow[0])
        allow(ret_allow, size, "OPTIONS");
    return best;
}

/* ---- running */

static weir_status run_route(bound *own, weir_tx *tx)
{
    weir_status status = own->route->run(tx, &own->request, &own->response, own->routes->service->user);
    wr_answer answer = answer_of(&own->response, own->response.status ? own->response.status : 200);
    const char *fault = wr_answer_fault(&answer); /* before the commit: no 500 is said of what was done */
    if (fault)
        return wr_tx_wrong(tx, "the route's answer with status %d cannot be sent: %s", answer.status, fault);
    return status;
}

static weir_status run_command(wr_core_command *command, weir_tx *tx)
{
    bound *own = (bound *)command;
    bool is_known = false;
    if (!own->idempotency.key)
        return run_route(own, tx);
    weir_status status = wr_idempotency_begin(tx, &own->idempotency, &own->response, &is_known);
    if (status != WEIR_DONE || is_known)
        return status;
    status = run_route(own, tx);
    bool is_done = status == WEIR_DONE && weir_tx_status(tx) == WEIR_DONE;
    return is_done ? wr_idempotency_end(tx, &own->idempotency, &own->response) : status;
}

static void command_done(wr_core_command *command, weir_status status, const char *reason)
{
    bound *own = (bound *)command;
    if (status == WEIR_FATAL && command->in_doubt)
        answer_error(own->exchange, 500, "the service failed while it stored this; it may have been done or not", NULL);
    else if (status == WEIR_FATAL && !command->is_wrong)
        answer_error(own->exchange, 503, "the service is stopping; nothing was done", NULL);
    else
        answer_response(own, status, reason);
}

static weir_status run_query(void *user, weir_tx *tx)
{
    return run_route(user, tx);
}

/* The route's template, not the path: that may hold what is nobody's business. */
static const char *what(const bound *bound)
{
    const char *text =
        weir_arena_printf(wr_exchange_arena(bound->exchange), "%s %s", bound->request.method, bound->route->path);
    return text ? text : bound->route->path;
}

/* False: it was answered. */
static bool read_key(bound *bound)
{
    weir_failure failure = {0};
    weir_err err = wr_idempotency_read(bound->exchange, &bound->idempotency, &failure);
    if (err == WEIR_E_NOT_FOUND && bound->route->idempotency_key == WEIR_KEY_REQUIRED)
        answer_error(bound->exchange, 400, "this needs a header Idempotency-Key", NULL);
    else if (err == WEIR_E_MEMORY)
        answer_error(bound->exchange, 503, failure.sentence, NULL);
    else if (err != WEIR_OK && err != WEIR_E_NOT_FOUND)
        answer_error(bound->exchange, 400, failure.sentence, NULL);
    else
        return true;
    return false;
}

static void submit(bound *bound, wr_core *core)
{
    if (bound->route->idempotency_key && !read_key(bound))
        return;
    bound->command = (wr_core_command){.run = run_command,
                                       .done = command_done,
                                       .what = what(bound),
                                       .traceparent = bound->request.traceparent,
                                       .arena = wr_exchange_arena(bound->exchange)};
    weir_err err = wr_core_submit(core, &bound->command);
    if (err == WEIR_E_LIMIT)
        answer_error(bound->exchange, 503, "too much is waiting; try again", NULL);
    else if (err != WEIR_OK)
        answer_error(bound->exchange, 503, "the service is stopping; nothing was done", NULL);
}

const char *const wr_routes_urgent_paths[] = {"/livez", "/readyz", "/metrics", NULL};

static bool is_own(const char *path)
{
    for (size_t i = 0; wr_routes_urgent_paths[i]; i++)
        if (strcmp(wr_routes_urgent_paths[i], path) == 0)
            return true;
    return false;
}

static void answer_methods(wr_exchange *exchange, const char *allowed)
{
    if (strcmp(wr_exchange_method(exchange), "OPTIONS") == 0)
        wr_exchange_answer(exchange, &(wr_answer){.status = 204, .allow = allowed});
    else
        answer_error(exchange, 405, "this path has other methods", allowed);
}

static void answer_own(wr_routes *routes, wr_exchange *exchange, wr_core *core)
{
    const char *method = wr_exchange_method(exchange), *path = wr_exchange_path(exchange);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        answer_methods(exchange, "GET, HEAD, OPTIONS");
    else if (strcmp(path, "/livez") == 0)
        wr_exchange_answer(exchange, &(wr_answer){.status = 200, .body = WEIR_SLICE("{\"live\":true}")});
    else if (strcmp(path, "/metrics") == 0)
        answer_metrics(routes, exchange, core);
    else if (!core)
        answer_starting(routes, exchange);
    else
        answer_health(exchange, core);
}

static void work_query(void *user)
{
    bound *bound = user;
    char reason[240];
    wr_core *core = core_take(bound->routes); /* it may have gone since the request came */
    if (!core) {
        answer_error(bound->exchange, 503, "the service is starting", NULL);
        return;
    }
    weir_status status = wr_core_query(core, what(bound), run_query, bound, wr_exchange_arena(bound->exchange), reason);
    core_give(bound->routes, core);
    answer_response(bound, status, reason);
}

static void handle(wr_routes *routes, wr_exchange *exchange, wr_core *core)
{
    if (is_own(wr_exchange_path(exchange))) {
        answer_own(routes, exchange, core);
        return;
    }
    char allowed[200];
    bound *bound = find_route(routes, exchange, allowed, sizeof allowed);
    if (!bound && strcmp(wr_exchange_path(exchange), "*") == 0)
        answer_methods(exchange, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    else if (!bound && allowed[0])
        answer_methods(exchange, allowed);
    else if (!bound)
        answer_error(exchange, 404, "there is no such path", NULL);
    else if (!core)
        answer_error(exchange, 503, "the service is starting", NULL);
    if (!bound || !core)
        return;
    bound->routes = routes;
    bound->exchange = exchange;
    bound->request = (weir_http_request){.method = wr_exchange_method(exchange),
                                         .path = wr_exchange_path(exchange),
                                         .body = wr_exchange_body(exchange),
                                         .content_type = wr_exchange_header(exchange, "Content-Type"),
                                         .traceparent = wr_exchange_header(exchange, "traceparent"),
                                         .internal = bound};
    if (bound->route->forward)
        wr_forward_pass(routes->forward, bound->route->forward, exchange);
    else if (bound->route->read_only)
        wr_exchange_run(exchange, work_query, bound);
    else
        submit(bound, core);
}

void wr_routes_handle(void *user, wr_exchange *exchange)
{
    wr_routes *routes = user;
    wr_core *core = core_take(routes);
    handle(routes, exchange, core);
    core_give(routes, core);
}

const char *weir_request_path(const weir_http_request *request, const char *name)
{
    const bound *own = request->internal;
    for (size_t i = 0; i < own->parameter_count; i++)
        if (strcmp(own->parameters[i].name, name) == 0)
            return own->parameters[i].value;
    return NULL;
}

const char *weir_request_query(const weir_http_request *request, const char *name)
{
    return wr_exchange_query(((const bound *)request->internal)->exchange, name);
}

const char *weir_request_header(const weir_http_request *request, const char *name)
{
    return wr_exchange_header(((const bound *)request->internal)->exchange, name);
}

const weir_attribute *weir_request_headers(const weir_http_request *request, size_t *ret_count)
{
    return wr_exchange_headers(((const bound *)request->internal)->exchange, ret_count);
}
