/* Passing GET requests on. Each target (a setting with a base URL) has a pool of connections and a circuit (circuit.h).
 *
 * A failure is an answer that does not come: no connection, a connection that ends, or http.forward.timeout. Any status
 * is an answer. While the circuit is open, and when http.forward.max requests are under way, requests are answered 503
 * at once, so a target that hangs costs so many connections and nothing else. The caller sees 502 when the target cannot
 * be reached or hangs up, 504 when it does not answer in time. */
#include "forward.h"

#include "circuit.h"
#include "exposition.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TARGET_COUNT_MAX = 64,
    TIMEOUT_DEFAULT_MS = 5000,
    CONNECTIONS_DEFAULT = 16,
};

typedef enum forwarded { FORWARD_ANSWERED, FORWARD_TIMEOUT, FORWARD_FAILED, FORWARD_REFUSED, FORWARD_COUNT } forwarded;

typedef struct target {
    wr_forward *forward;
    const char *setting, *url;
    wr_http_pool *pool; /* NULL: not configured */
    pthread_mutex_t lock;
    wr_circuit circuit; /* under lock, as all below */
    uint64_t counts[FORWARD_COUNT];
} target;

struct wr_forward {
    wr_io *io;
    int timeout_ms;
    target targets[TARGET_COUNT_MAX];
    size_t target_count;
};

typedef struct passing { /* stands in the exchange's arena */
    target *target;
    wr_exchange *exchange;
    uint64_t openings; /* of the circuit, before it passed */
} passing;

/* ---- the circuit */

static bool may_pass(target *target, uint64_t *ret_openings)
{
    pthread_mutex_lock(&target->lock);
    bool may = wr_circuit_pass(&target->circuit, wr_mono_us(target->forward->io), ret_openings);
    if (!may)
        target->counts[FORWARD_REFUSED]++;
    pthread_mutex_unlock(&target->lock);
    return may;
}

static void has_ended(target *target, uint64_t openings, forwarded how)
{
    pthread_mutex_lock(&target->lock);
    target->counts[how]++;
    if (how == FORWARD_ANSWERED)
        wr_circuit_answered(&target->circuit);
    else if (how == FORWARD_REFUSED)
        wr_circuit_not_sent(&target->circuit, openings);
    else
        wr_circuit_failed(&target->circuit, openings, wr_mono_us(target->forward->io));
    pthread_mutex_unlock(&target->lock);
}

/* ---- answers */

static void answer_error(wr_exchange *exchange, int status, const char *setting, const char *what)
{
    char *sentence = weir_arena_printf(wr_exchange_arena(exchange), "%s %s", setting, what);
    static const weir_json_field fields[] = {{"error", WEIR_JSON_TEXT, 0, .required = true}, {0}};
    weir_slice body = sentence ? weir_json_encode(wr_exchange_arena(exchange), fields, &sentence) : (weir_slice){0};
    if (!body.data)
        body = WEIR_SLICE("{\"error\":\"the other service does not answer\"}");
    wr_exchange_answer(exchange,
                       &(wr_answer){.status = status, .body = body, .retry_after = status == 503 ? "1" : NULL});
}

/* On the pool's thread. */
static void on_done(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    (void)user;
    passing *passing = cookie;
    target *target = passing->target;
    has_ended(target, passing->openings,
              err == WEIR_OK          ? FORWARD_ANSWERED
              : err == WEIR_E_TIMEOUT ? FORWARD_TIMEOUT
                                      : FORWARD_FAILED);
    if (err == WEIR_E_TIMEOUT)
        answer_error(passing->exchange, 504, target->setting, "is where this is answered; it takes too long");
    else if (err != WEIR_OK)
        answer_error(passing->exchange, 502, target->setting,
                     err == WEIR_E_UNREACHABLE ? "is where this is answered; it cannot be reached"
                                               : "is where this is answered; it gave no whole answer");
    else
        wr_exchange_answer(passing->exchange, &(wr_answer){.status = reply->status,
                                                           .content_type = reply->content_type,
                                                           .body = reply->body,
                                                           .retry_after = reply->status == 503 ? "1" : NULL});
}

static target *find(wr_forward *forward, const char *setting)
{
    for (size_t i = 0; i < forward->target_count; i++)
        if (strcmp(forward->targets[i].setting, setting) == 0)
            return &forward->targets[i];
    return NULL;
}

void wr_forward_pass(wr_forward *forward, const char *setting, wr_exchange *exchange)
{
    target *target = find(forward, setting);
    if (!target || !target->pool) {
        answer_error(exchange, 503, setting, "is where this would be answered; it is not configured");
        return;
    }
    uint64_t openings;
    if (!may_pass(target, &openings)) {
        answer_error(exchange, 503, setting,
                     "is where this is answered; it has failed several times and is left alone");
        return;
    }
    weir_arena *arena = wr_exchange_arena(exchange);
    passing *passing = weir_arena_alloc(arena, sizeof *passing);
    const char *traceparent = wr_exchange_header(exchange, "traceparent");
    const char *trace = traceparent ? weir_arena_printf(arena, "traceparent: %s", traceparent) : NULL;
    weir_err err = WEIR_E_MEMORY;
    if (passing) {
        *passing = (struct passing){target, exchange, openings};
        err = wr_http_pool_try(target->pool, "GET", wr_exchange_target(exchange), (const char *const[]){trace, NULL},
                               (weir_slice){0}, passing);
    }
    if (err == WEIR_OK)
        return;
    has_ended(target, openings, FORWARD_REFUSED);
    answer_error(exchange, 503, setting,
                 err == WEIR_E_LIMIT ? "is where this is answered; too many requests wait for it (http.forward.max)"
                                     : "is where this is answered; the request cannot be passed on");
}

/* ---- starting and stopping */

static weir_err add_target(wr_forward *forward, const wr_config *config, const char *setting, weir_failure *failure)
{
    if (find(forward, setting))
        return WEIR_OK;
    if (forward->target_count == TARGET_COUNT_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "routes forward to more than %d services", TARGET_COUNT_MAX);
    target *target = &forward->targets[forward->target_count];
    *target =
        (struct target){.forward = forward, .setting = setting, .url = config ? wr_config_find(config, setting) : NULL};
    if (target->url && *target->url) {
        wr_http_pool_options options = {.base_url = target->url,
                                        .connection_count = CONNECTIONS_DEFAULT,
                                        .timeout_ms = forward->timeout_ms,
                                        .done = on_done};
        if (wr_config_find(config, "http.forward.max"))
            options.connection_count = (int)wr_config_int(config, "http.forward.max");
        weir_failure own = {0};
        weir_err err = wr_http_pool_new(&options, &target->pool, &own);
        if (err != WEIR_OK)
            return weir_fail(failure, err, "setting %s: %.200s", setting, own.sentence);
    }
    pthread_mutex_init(&target->lock, NULL);
    forward->target_count++;
    return WEIR_OK;
}

weir_err wr_forward_new(const weir_service *service, const wr_config *config, wr_io *io, wr_forward **ret_forward,
                        weir_failure *failure)
{
    wr_forward *forward = calloc(1, sizeof *forward);
    if (!forward)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for routes");
    forward->io = io;
    forward->timeout_ms = config && wr_config_find(config, "http.forward.timeout")
                              ? (int)wr_config_int(config, "http.forward.timeout")
                              : TIMEOUT_DEFAULT_MS;
    weir_err err = WEIR_OK;
    for (const weir_route *route = service->routes; route && route->path && err == WEIR_OK; route++)
        if (route->forward)
            err = add_target(forward, config, route->forward, failure);
    if (err != WEIR_OK) {
        wr_forward_free(forward);
        return err;
    }
    *ret_forward = forward;
    return WEIR_OK;
}

void wr_forward_free(wr_forward *forward)
{
    if (!forward)
        return;
    for (size_t i = 0; i < forward->target_count; i++) {
        wr_http_pool_free(forward->targets[i].pool);
        pthread_mutex_destroy(&forward->targets[i].lock);
    }
    free(forward);
}

void wr_forward_metrics(wr_forward *forward, const char *service, wr_buf *out)
{
    static const char *const outcomes[FORWARD_COUNT] = {"answered", "timeout", "failed", "refused"};
    if (forward->target_count == 0)
        return;
    uint64_t counts[TARGET_COUNT_MAX][FORWARD_COUNT];
    bool is_open[TARGET_COUNT_MAX];
    for (size_t i = 0; i < forward->target_count; i++) {
        target *target = &forward->targets[i];
        pthread_mutex_lock(&target->lock);
        memcpy(counts[i], target->counts, sizeof counts[i]);
        is_open[i] = target->circuit.state != WR_CIRCUIT_CLOSED;
        pthread_mutex_unlock(&target->lock);
    }
    wr_metric_head(out, "weir_forward_requests_total", "counter", "Requests passed on to other services, by outcome.");
    for (size_t i = 0; i < forward->target_count; i++)
        for (int o = 0; o < FORWARD_COUNT; o++)
            wr_metric_value(
                out, "weir_forward_requests_total",
                (const weir_attribute[]){
                    {"service", service}, {"target", forward->targets[i].setting}, {"outcome", outcomes[o]}, {0}},
                (double)counts[i][o]);
    wr_metric_head(out, "weir_forward_circuit_open", "gauge",
                   "1 while a service is left alone because it has failed several times.");
    for (size_t i = 0; i < forward->target_count; i++)
        wr_metric_value(out, "weir_forward_circuit_open",
                        (const weir_attribute[]){{"service", service}, {"target", forward->targets[i].setting}, {0}},
                        is_open[i]);
}
