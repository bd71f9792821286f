/* One request and its answer. An exchange owns copies of all that it hands out, so that any thread may read it, even
 * after the client has gone or the server has stopped. */
#include "server_int.h"

#include <stdlib.h>
#include <strings.h>

/* Twice the largest answer: a route makes it here, and it is copied when another thread sends it. */
enum { ARENA_SIZE_MAX = 2 * HTTP_ANSWER_SIZE_MAX + 64 * 1024 * 1024 };

void wr_exchange_hold(wr_exchange *exchange, size_t size)
{
    exchange->held_size += size;
    atomic_fetch_add_explicit(&exchange->server->memory_size, size, memory_order_relaxed);
}

void wr_exchange_free(wr_exchange *exchange)
{
    wr_http_server *server = exchange->server;
    atomic_fetch_sub_explicit(&server->memory_size, exchange->held_size, memory_order_relaxed);
    wr_buf_fini(&exchange->body);
    weir_arena_free(exchange->arena);
    wr_http_server_unref(server);
}

static bool parse_query(wr_exchange *exchange, const char *query)
{
    size_t count = 1;
    for (const char *at = query; *at; at++)
        count += *at == '&';
    exchange->queries = weir_arena_array(exchange->arena, count, sizeof *exchange->queries);
    if (!exchange->queries)
        return false;
    while (*query) {
        size_t size = strcspn(query, "&");
        const char *equals = memchr(query, '=', size);
        size_t name_size = equals ? (size_t)(equals - query) : size;
        weir_slice value = equals ? (weir_slice){(const uint8_t *)equals + 1, size - name_size - 1}
                                  : (weir_slice){(const uint8_t *)"", 0};
        weir_attribute *to = &exchange->queries[exchange->query_count];
        to->name = wr_http_unescape(exchange->arena, (weir_slice){(const uint8_t *)query, name_size}, true);
        to->value = wr_http_unescape(exchange->arena, value, true);
        if (!to->name || !to->value)
            return false;
        exchange->query_count += name_size > 0;
        query += size + (query[size] == '&');
    }
    return true;
}

static wr_http_fault parse_target(wr_exchange *exchange)
{
    const char *at = exchange->target;
    if (strcmp(at, "*") == 0) {
        exchange->path = at;
        return (wr_http_fault){strcmp(exchange->method, "OPTIONS") == 0 ? 0 : 400, "only OPTIONS asks about *"};
    }
    if (strncasecmp(at, "http://", 7) == 0) { /* the absolute form, as a proxy would be asked */
        at += 7 + strcspn(at + 7, "/?");
        if (*at != '/' && !(at = weir_arena_printf(exchange->arena, "/%s", at)))
            return (wr_http_fault){503, "out of memory"};
        exchange->target = at;
    } else if (*at != '/') {
        return (wr_http_fault){400, "the target is neither a path nor an http URL"};
    }
    size_t size = strcspn(at, "?");
    weir_slice path = {(const uint8_t *)at, size};
    exchange->path = wr_http_unescape(exchange->arena, path, false);
    exchange->segments = wr_http_unescape_segments(exchange->arena, path, &exchange->segments_size);
    if (!exchange->path || !exchange->segments || !parse_query(exchange, at[size] == '?' ? at + size + 1 : ""))
        return (wr_http_fault){400, "a broken escape in the path or the query"};
    return (wr_http_fault){0};
}

static bool copy_head(wr_exchange *exchange, const wr_http_head *head)
{
    weir_arena *arena = exchange->arena;
    exchange->method = weir_arena_dup_text(arena, weir_slice_of(head->method));
    exchange->target = weir_arena_dup_text(arena, weir_slice_of(head->target));
    exchange->headers = weir_arena_array(arena, head->field_count + 1, sizeof *exchange->headers);
    if (!exchange->method || !exchange->target || !exchange->headers)
        return false;
    for (; exchange->header_count < head->field_count; exchange->header_count++) {
        weir_attribute *to = &exchange->headers[exchange->header_count];
        to->name = weir_arena_dup_text(arena, weir_slice_of(head->fields[exchange->header_count].name));
        to->value = weir_arena_dup_text(arena, weir_slice_of(head->fields[exchange->header_count].value));
        if (!to->name || !to->value)
            return false;
    }
    return true;
}

static bool is_urgent(const wr_http_server *server, const char *path)
{
    for (const char *const *at = server->options.urgent_paths; at && *at; at++)
        if (strcmp(*at, path) == 0)
            return true;
    return false;
}

static bool is_known_method(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], method) == 0)
            return true;
    return false;
}

wr_exchange *wr_exchange_new(wr_http_server *server, const wr_http_head *head, size_t head_size,
                             wr_http_fault *ret_fault)
{
    if (!is_known_method(head->method)) {
        *ret_fault = (wr_http_fault){501, "there is no such method"};
        return NULL;
    }
    weir_arena *arena = weir_arena_new(ARENA_SIZE_MAX + server->options.body_size_max);
    wr_exchange *exchange = arena ? weir_arena_alloc(arena, sizeof *exchange) : NULL;
    if (!exchange) {
        weir_arena_free(arena);
        *ret_fault = (wr_http_fault){503, "out of memory"};
        return NULL;
    }
    *exchange = (wr_exchange){.server = server, .arena = arena};
    atomic_fetch_add(&server->refs, 1);
    wr_buf_init(&exchange->body, server->options.body_size_max);
    wr_exchange_hold(exchange, head_size);
    wr_http_fault fault = {503, "out of memory"};
    if (copy_head(exchange, head))
        fault = parse_target(exchange);
    if (fault.status) {
        *ret_fault = fault;
        wr_exchange_free(exchange);
        return NULL;
    }
    exchange->is_urgent = is_urgent(server, exchange->path);
    return exchange;
}

/* ---- answering */

static bool keep_text(wr_exchange *exchange, const char **text)
{
    return !*text || (*text = weir_arena_dup_text(exchange->arena, weir_slice_of(*text)));
}

static bool keep_answer(wr_exchange *exchange, const wr_answer *answer)
{
    wr_answer *kept = &exchange->answer;
    *kept = *answer;
    kept->body = answer->body.size ? weir_arena_dup(exchange->arena, answer->body) : (weir_slice){0};
    weir_attribute *headers = weir_arena_array(exchange->arena, answer->header_count + 1, sizeof *headers);
    bool good = (kept->body.data || !answer->body.size) && headers && keep_text(exchange, &kept->content_type) &&
                keep_text(exchange, &kept->location) && keep_text(exchange, &kept->retry_after) &&
                keep_text(exchange, &kept->allow);
    for (size_t i = 0; good && i < answer->header_count; i++) {
        headers[i] = answer->headers[i];
        good = keep_text(exchange, &headers[i].name) && keep_text(exchange, &headers[i].value);
    }
    kept->headers = headers;
    return good;
}

static void deliver(wr_exchange *exchange, const wr_answer *answer)
{
    if (exchange->connection)
        wr_http_connection_answer(exchange->connection, answer);
    wr_exchange_free(exchange);
}

static void on_answered(void *user)
{
    wr_http_server *server = user;
    wr_list answered;
    wr_list_init(&answered);
    pthread_mutex_lock(&server->lock);
    server->is_posted = false;
    for (wr_link *link; (link = wr_list_pop(&server->answered));)
        wr_list_append(&answered, link);
    pthread_mutex_unlock(&server->lock);
    for (wr_link *link; (link = wr_list_pop(&answered));) {
        wr_exchange *exchange = WR_LIST_ITEM(link, wr_exchange, link);
        deliver(exchange, &exchange->answer);
    }
    wr_http_server_unref(server);
}

void wr_exchange_answer(wr_exchange *exchange, const wr_answer *answer)
{
    wr_http_server *server = exchange->server;
    if (wr_http_server_on_loop(server)) {
        deliver(exchange, answer);
        return;
    }
    if (!keep_answer(exchange, answer))
        exchange->answer = (wr_answer){.status = 500, .body = WEIR_SLICE("{\"error\":\"out of memory\"}")};
    pthread_mutex_lock(&server->lock);
    bool is_closed = server->is_closed;
    if (!is_closed) {
        wr_list_append(&server->answered, &exchange->link);
        if (!server->is_posted && wr_loop_post(server->loop, on_answered, server) == WEIR_OK) {
            server->is_posted = true; /* else memory is out, and the next answer tries again */
            atomic_fetch_add(&server->refs, 1);
        }
    }
    pthread_mutex_unlock(&server->lock);
    if (is_closed)
        wr_exchange_free(exchange);
}

/* ---- reading */

const wr_http_server *wr_exchange_server(const wr_exchange *exchange)
{
    return exchange->server;
}

const char *wr_exchange_method(const wr_exchange *exchange)
{
    return exchange->method;
}

const char *wr_exchange_path(const wr_exchange *exchange)
{
    return exchange->path;
}

const char *wr_exchange_segment(const wr_exchange *exchange, size_t *at)
{
    if (*at >= exchange->segments_size)
        return NULL;
    const char *segment = exchange->segments + *at;
    *at += strlen(segment) + 1;
    return segment;
}

const char *wr_exchange_target(const wr_exchange *exchange)
{
    return exchange->target;
}

const char *wr_exchange_query(const wr_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->query_count; i++)
        if (strcmp(exchange->queries[i].name, name) == 0)
            return exchange->queries[i].value;
    return NULL;
}

const char *wr_exchange_header(const wr_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (strcasecmp(exchange->headers[i].name, name) == 0)
            return exchange->headers[i].value;
    return NULL;
}

const weir_attribute *wr_exchange_headers(const wr_exchange *exchange, size_t *ret_count)
{
    *ret_count = exchange->header_count;
    return exchange->headers;
}

weir_slice wr_exchange_body(const wr_exchange *exchange)
{
    return exchange->body.size ? wr_buf_view(&exchange->body) : WEIR_SLICE("");
}

weir_arena *wr_exchange_arena(wr_exchange *exchange)
{
    return exchange->arena;
}
