/* Routes in front of a core on the simulated cluster, driven by this thread, with a real server and client between. */
#ifndef WR_ROUTES_TESTING_H
#define WR_ROUTES_TESTING_H

#include "core_testing.h"
#include "routes.h"

#include <stdatomic.h>

typedef struct front {
    fixture f;
    weir_service service;
    wr_routes *routes;
    wr_http_server *server;
    wr_http_pool *pool;
    atomic_bool is_done;
    atomic_int created_count; /* answers with 201 so far */
    int status;
    char content_type[100], body[64000];
} front;

static void on_reply(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    front *w = user;
    (void)cookie;
    w->status = err == WEIR_OK ? reply->status : -(int)err;
    w->body[0] = 0;
    if (err == WEIR_OK) {
        snprintf(w->content_type, sizeof w->content_type, "%s", reply->content_type ? reply->content_type : "");
        snprintf(w->body, sizeof w->body, "%.*s", (int)reply->body.size, (const char *)reply->body.data);
    }
    atomic_fetch_add(&w->created_count, w->status == 201);
    atomic_store(&w->is_done, true);
}

static inline void front_begin(front *w, const weir_route *routes)
{
    fixture_begin(&w->f, &w->service);
    w->service.routes = routes;
    CHECK_OK(wr_routes_new(&w->service, NULL, NULL, &w->routes, NULL));
    wr_http_options options = {.handle = wr_routes_handle, .user = w->routes, .body_size_max = 2000};
    CHECK_OK(wr_http_server_start(&options, &w->server, NULL));
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wr_http_server_port(w->server));
    CHECK_OK(wr_http_pool_new(&(wr_http_pool_options){.base_url = url, .done = on_reply, .user = w}, &w->pool, NULL));
}

static inline void front_end(front *w)
{
    wr_http_pool_free(w->pool);
    wr_http_server_stop(w->server);
    wr_routes_free(w->routes);
    fixture_end(&w->f);
}

/* The core runs on this thread meanwhile. The status of the answer; what else it has is in the front. */
static inline int front_call(front *w, const char *method, const char *path, const char *const *headers,
                             const char *body)
{
    atomic_store(&w->is_done, false);
    CHECK_OK(wr_http_pool_send(w->pool, method, path, headers, weir_slice_of(body), NULL));
    while (!atomic_load(&w->is_done))
        CHECK_OK(wr_core_turn(w->f.core, 0, &w->f.failure));
    return w->status;
}

#endif
