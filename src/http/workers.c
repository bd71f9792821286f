/* Threads that may wait: for a database, or for whatever a request needs. The server's own thread never does.
 *
 *     wr_exchange_run → work → a worker → run → wr_exchange_answer → the server's thread writes it
 *
 * What waits here is bounded by the server's limit of requests. Without threads, work runs where it is handed in. */
#include "server_int.h"

#include <stdlib.h>

static void *work(void *user)
{
    wr_http_workers *workers = user;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        wr_link *link = workers->is_stopping ? NULL : wr_list_pop(&workers->work);
        if (link) {
            wr_exchange *exchange = WR_LIST_ITEM(link, wr_exchange, link);
            pthread_mutex_unlock(&workers->lock);
            exchange->run(exchange->run_user);
            pthread_mutex_lock(&workers->lock);
        } else if (workers->is_stopping) {
            break;
        } else {
            pthread_cond_wait(&workers->filled, &workers->lock);
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

weir_err wr_http_workers_start(wr_http_workers *workers, int count)
{
    *workers = (wr_http_workers){0};
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->filled, NULL);
    wr_list_init(&workers->work);
    if (count <= 0)
        return WEIR_OK;
    workers->threads = calloc((size_t)count, sizeof *workers->threads);
    if (!workers->threads)
        return WEIR_E_MEMORY;
    for (; workers->count < count; workers->count++)
        if (pthread_create(&workers->threads[workers->count], NULL, work, workers) != 0)
            return WEIR_E_MEMORY;
    return WEIR_OK;
}

static void answer_stopping(wr_exchange *exchange)
{
    wr_exchange_answer(
        exchange,
        &(wr_answer){.status = 503, .body = WEIR_SLICE("{\"error\":\"the server is stopping\"}"), .retry_after = "1"});
}

void wr_http_workers_stop(wr_http_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
    for (int i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    for (wr_link *link; (link = wr_list_pop(&workers->work));)
        answer_stopping(WR_LIST_ITEM(link, wr_exchange, link));
    workers->count = 0;
}

void wr_http_workers_fini(wr_http_workers *workers)
{
    free(workers->threads);
    pthread_cond_destroy(&workers->filled);
    pthread_mutex_destroy(&workers->lock);
}

void wr_exchange_run(wr_exchange *exchange, void (*run)(void *user), void *user)
{
    wr_http_workers *workers = &exchange->server->workers;
    if (!workers->threads) {
        run(user);
        return;
    }
    exchange->run = run;
    exchange->run_user = user;
    pthread_mutex_lock(&workers->lock);
    bool is_stopping = workers->is_stopping;
    if (!is_stopping) {
        wr_list_append(&workers->work, &exchange->link);
        pthread_cond_signal(&workers->filled);
    }
    pthread_mutex_unlock(&workers->lock);
    if (is_stopping)
        answer_stopping(exchange);
}
