/* Many requests in flight: one thread, one event loop, connection_count connections that are kept alive.
 *
 *     wr_http_pool_send → queue → a connection that is idle → done
 *
 * The queue is the only thing that other threads touch. A request has one of connection_count places from send until its
 * end is known; in_flight counts on to the end of `done`, so that whoever hears from `done` finds the place free.
 *
 * The time of a request counts from when it gets a connection; the library's own deadline, which every byte moves and
 * which cannot tell a connection that is slow to come from one that is refused, lies behind it. So a server that answers
 * a byte now and then costs no more than one that is silent. */
#include "http_int.h"

#include <base/list.h>

#include <event2/thread.h>
#include <pthread.h>
#include <stdlib.h>

enum { LATER_MS = 1000 };

typedef struct pool_job {
    wr_link link;
    wr_http_pool *pool;
    struct evhttp_request *request; /* made by the sender, so that it carries the copies */
    void *cookie;
    struct pool_line *line; /* where it runs */
    weir_err err;
    char method[8];
    char path[];
} pool_job;

typedef struct pool_line { /* one connection */
    struct evhttp_connection *connection;
    struct event *deadline;
    pool_job *job; /* NULL: idle */
} pool_line;

struct wr_http_pool {
    wr_http_target target;
    wr_http_pool_options options;
    struct event_base *base;
    struct event *wake;
    pool_line *lines;
    pthread_t thread;
    bool is_running;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* taken or in_flight went down */
    wr_list queue;        /* under lock, as all below */
    size_t taken;         /* places */
    size_t in_flight;
    bool is_closing;
};

static void start_jobs(wr_http_pool *pool);

static void end_job(pool_job *job, weir_err err, const wr_http_reply *reply)
{
    wr_http_pool *pool = job->pool;
    if (job->line) {
        evtimer_del(job->line->deadline);
        job->line->job = NULL;
    }
    pthread_mutex_lock(&pool->lock);
    pool->taken--;
    pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    pool->options.done(pool->options.user, job->cookie, err, err == WEIR_OK ? reply : NULL);
    free(job);
    pthread_mutex_lock(&pool->lock);
    pool->in_flight--;
    pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
}

static void on_failed(enum evhttp_request_error error, void *user)
{
    pool_job *job = user;
    job->err = wr_http_request_error(error);
}

static void on_over(struct evhttp_request *request, void *user)
{
    pool_job *job = user;
    wr_http_pool *pool = job->pool;
    wr_http_reply reply;
    weir_err err = wr_http_request_end(request, job->err, &reply);
    end_job(job, err, &reply);
    /* The library is still busy with this connection: what is next starts from the loop. */
    event_active(pool->wake, 0, 0);
}

static void on_deadline(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    pool_line *line = user;
    pool_job *job = line->job;
    if (!job)
        return;
    evhttp_cancel_request(job->request); /* frees it, closes the connection, and does not call on_over */
    wr_http_pool *pool = job->pool;
    end_job(job, WEIR_E_TIMEOUT, NULL);
    event_active(pool->wake, 0, 0);
}

static pool_job *next_job(wr_http_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    wr_link *link = wr_list_pop(&pool->queue);
    pthread_mutex_unlock(&pool->lock);
    return link ? WR_LIST_ITEM(link, pool_job, link) : NULL;
}

static void start_jobs(wr_http_pool *pool)
{
    for (int i = 0; i < pool->options.connection_count; i++) {
        pool_line *line = &pool->lines[i];
        if (line->job)
            continue;
        pool_job *job = next_job(pool);
        if (!job)
            return;
        line->job = job;
        job->line = line;
        struct timeval timeout = {pool->options.timeout_ms / 1000, pool->options.timeout_ms % 1000 * 1000};
        evtimer_add(line->deadline, &timeout);
        weir_err err = wr_http_request_send(&pool->target, line->connection, job->request, job->method, job->path);
        if (err != WEIR_OK)
            end_job(job, err, NULL);
    }
}

static void on_wake(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    wr_http_pool *pool = user;
    pthread_mutex_lock(&pool->lock);
    bool is_closing = pool->is_closing;
    pthread_mutex_unlock(&pool->lock);
    if (is_closing)
        event_base_loopbreak(pool->base);
    else
        start_jobs(pool);
}

static void *run(void *user)
{
    wr_http_pool *pool = user;
    event_base_loop(pool->base, EVLOOP_NO_EXIT_ON_EMPTY);
    for (int i = 0; i < pool->options.connection_count; i++) {
        pool_job *job = pool->lines[i].job;
        event_free(pool->lines[i].deadline);
        pool->lines[i].deadline = NULL;
        if (job)
            job->line = NULL;
        evhttp_connection_free(pool->lines[i].connection); /* frees the request, without calling back */
        if (job)
            end_job(job, WEIR_E_CLOSED, NULL);
    }
    for (pool_job *job; (job = next_job(pool));) {
        evhttp_request_free(job->request);
        end_job(job, WEIR_E_CLOSED, NULL);
    }
    return NULL;
}

weir_err wr_http_pool_new(const wr_http_pool_options *options, wr_http_pool **ret_pool, weir_failure *failure)
{
    wr_http_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for an HTTP pool");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->ended, NULL);
    wr_list_init(&pool->queue);
    pool->options = *options;
    if (pool->options.connection_count <= 0)
        pool->options.connection_count = 16;
    if (pool->options.timeout_ms <= 0)
        pool->options.timeout_ms = 30000;
    weir_err err = wr_http_target_parse(options->base_url, &pool->target, failure);
    if (err != WEIR_OK)
        goto fail;

    err = weir_fail(failure, WEIR_E_MEMORY, "no memory for an HTTP pool");
    evthread_use_pthreads();
    pool->base = event_base_new();
    pool->lines = calloc((size_t)pool->options.connection_count, sizeof *pool->lines);
    if (!pool->base || !pool->lines)
        goto fail;
    pool->wake = event_new(pool->base, -1, EV_PERSIST, on_wake, pool);
    if (!pool->wake)
        goto fail;
    for (int i = 0; i < pool->options.connection_count; i++) {
        pool->lines[i].connection =
            wr_http_connection_new(pool->base, &pool->target, pool->options.timeout_ms + LATER_MS);
        pool->lines[i].deadline = evtimer_new(pool->base, on_deadline, &pool->lines[i]);
        if (!pool->lines[i].connection || !pool->lines[i].deadline)
            goto fail;
    }
    if (pthread_create(&pool->thread, NULL, run, pool) != 0)
        goto fail;
    pool->is_running = true;
    *ret_pool = pool;
    return WEIR_OK;
fail:
    wr_http_pool_free(pool);
    return err;
}

static weir_err job_new(wr_http_pool *pool, const char *method, const char *path, const char *const *headers,
                        weir_slice body, void *cookie, pool_job **ret_job)
{
    size_t size = strlen(path);
    if (strlen(method) >= sizeof(*ret_job)->method)
        return WEIR_E_USAGE;
    pool_job *job = calloc(1, sizeof *job + size + 1);
    if (!job)
        return WEIR_E_MEMORY;
    job->pool = pool;
    job->cookie = cookie;
    memcpy(job->method, method, strlen(method));
    memcpy(job->path, path, size);
    job->request = wr_http_request_new(&pool->target, headers, body, on_over, on_failed, job);
    if (!job->request) {
        free(job);
        return WEIR_E_USAGE;
    }
    *ret_job = job;
    return WEIR_OK;
}

static bool is_full(const wr_http_pool *pool)
{
    return !pool->is_closing && pool->taken >= (size_t)pool->options.connection_count;
}

typedef enum when_full { WAIT, QUEUE, GIVE_UP } when_full;

static weir_err send_job(wr_http_pool *pool, pool_job *job, when_full when_full)
{
    weir_err err = WEIR_OK;
    pthread_mutex_lock(&pool->lock);
    while (when_full == WAIT && is_full(pool))
        pthread_cond_wait(&pool->ended, &pool->lock);
    if (pool->is_closing) {
        err = WEIR_E_CLOSED;
    } else if (when_full == GIVE_UP && is_full(pool)) {
        err = WEIR_E_LIMIT;
    } else {
        pool->taken++;
        pool->in_flight++;
        wr_list_append(&pool->queue, &job->link);
    }
    pthread_mutex_unlock(&pool->lock);
    if (err == WEIR_OK) {
        event_active(pool->wake, 0, 0);
        return WEIR_OK;
    }
    evhttp_request_free(job->request);
    free(job);
    return err;
}

weir_err wr_http_pool_send(wr_http_pool *pool, const char *method, const char *path, const char *const *headers,
                           weir_slice body, void *cookie)
{
    pool_job *job;
    weir_err err = job_new(pool, method, path, headers, body, cookie, &job);
    return err == WEIR_OK ? send_job(pool, job, pthread_equal(pthread_self(), pool->thread) ? QUEUE : WAIT) : err;
}

weir_err wr_http_pool_try(wr_http_pool *pool, const char *method, const char *path, const char *const *headers,
                          weir_slice body, void *cookie)
{
    pool_job *job;
    weir_err err = job_new(pool, method, path, headers, body, cookie, &job);
    return err == WEIR_OK ? send_job(pool, job, GIVE_UP) : err;
}

void wr_http_pool_wait(wr_http_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->in_flight > 0)
        pthread_cond_wait(&pool->ended, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void wr_http_pool_free(wr_http_pool *pool)
{
    if (!pool)
        return;
    if (pool->is_running) {
        pthread_mutex_lock(&pool->lock);
        pool->is_closing = true;
        pthread_mutex_unlock(&pool->lock);
        event_active(pool->wake, 0, 0);
        pthread_join(pool->thread, NULL);
    } else {
        for (int i = 0; pool->lines && i < pool->options.connection_count; i++) {
            if (pool->lines[i].deadline)
                event_free(pool->lines[i].deadline);
            if (pool->lines[i].connection)
                evhttp_connection_free(pool->lines[i].connection);
        }
    }
    if (pool->wake)
        event_free(pool->wake);
    if (pool->base)
        event_base_free(pool->base);
    free(pool->lines);
    pthread_cond_destroy(&pool->ended);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
