/* The threads that work beside a real loop.
 *
 * A thread is started when a work is queued and nobody is free for it, up to WR_LOOP_WORKER_COUNT_MAX: a process that
 * never works beside its loop has none, and one whose works never overlap has one. They wait for work without using the
 * CPU, and end with the loop. Signals stay with the threads that the program knows of. */
#include "real_int.h"

#include <assert.h>
#include <stdlib.h>

enum { STACK_SIZE = 256 * 1024 };

weir_err real_workers_init(real_workers *workers)
{
    wr_list_init(&workers->queued);
    wr_list_init(&workers->returned);
    if (pthread_cond_init(&workers->work, NULL) != 0)
        return WEIR_E_MEMORY;
    if (pthread_cond_init(&workers->back, NULL) == 0)
        return WEIR_OK;
    pthread_cond_destroy(&workers->work);
    return WEIR_E_MEMORY;
}

static void *worker_main(void *argument)
{
    real_loop *loop = argument;
    real_workers *workers = &loop->workers;
    pthread_mutex_lock(&loop->mutex);
    while (!workers->stopping) {
        wr_link *first = wr_list_pop(&workers->queued);
        if (!first) {
            workers->idle_count++;
            pthread_cond_wait(&workers->work, &loop->mutex);
            workers->idle_count--;
            continue;
        }
        workers->queued_count--;
        wr_work *work = WR_LIST_ITEM(first, wr_work, link);
        work->state = WR_WORK_RUNNING;
        pthread_mutex_unlock(&loop->mutex);
        wr_work_run(work);
        pthread_mutex_lock(&loop->mutex);
        work->state = WR_WORK_RETURNED;
        wr_list_append(&workers->returned, &work->link);
        pthread_cond_broadcast(&workers->back);
        real_wake_locked(loop);
    }
    pthread_mutex_unlock(&loop->mutex);
    return NULL;
}

static weir_err thread_start(real_loop *loop)
{
    real_workers *workers = &loop->workers;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return WEIR_E_MEMORY;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (status == 0)
        status = pthread_create(&workers->threads[workers->thread_count], &attributes, worker_main, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (status != 0) {
        errno = status;
        return WEIR_E_IO;
    }
    workers->thread_count++;
    return WEIR_OK;
}

/* With a worker there it is only slower without another. */
weir_err real_work_start(wr_loop *base, wr_work *work)
{
    real_loop *loop = real_loop_of(base);
    real_workers *workers = &loop->workers;
    pthread_mutex_lock(&loop->mutex);
    weir_err err = WEIR_OK;
    if (workers->queued_count >= workers->idle_count && workers->thread_count < WR_LOOP_WORKER_COUNT_MAX)
        err = thread_start(loop);
    if (workers->thread_count > 0) {
        err = WEIR_OK;
        wr_list_append(&workers->queued, &work->link);
        workers->queued_count++;
        pthread_cond_signal(&workers->work);
    }
    pthread_mutex_unlock(&loop->mutex);
    return err;
}

void real_work_take(wr_loop *base, wr_work *work)
{
    real_loop *loop = real_loop_of(base);
    pthread_mutex_lock(&loop->mutex);
    if (work->state == WR_WORK_QUEUED)
        loop->workers.queued_count--;
    while (work->state == WR_WORK_RUNNING)
        pthread_cond_wait(&loop->workers.back, &loop->mutex);
    wr_link_remove(&work->link);
    pthread_mutex_unlock(&loop->mutex);
}

void real_work_await(wr_loop *base, wr_work *work)
{
    real_loop *loop = real_loop_of(base);
    pthread_mutex_lock(&loop->mutex);
    while (work->state != WR_WORK_RETURNED)
        pthread_cond_wait(&loop->workers.back, &loop->mutex);
    wr_link_remove(&work->link);
    pthread_mutex_unlock(&loop->mutex);
}

void real_workers_finish(real_loop *loop)
{
    for (;;) {
        pthread_mutex_lock(&loop->mutex);
        wr_link *first = wr_list_pop(&loop->workers.returned);
        pthread_mutex_unlock(&loop->mutex);
        if (!first)
            return;
        wr_work_done(WR_LIST_ITEM(first, wr_work, link));
    }
}

static void forget(wr_list *list)
{
    wr_link *first;
    while ((first = wr_list_pop(list)))
        wr_work_forget(WR_LIST_ITEM(first, wr_work, link));
}

void real_workers_fini(real_loop *loop)
{
    real_workers *workers = &loop->workers;
    pthread_mutex_lock(&loop->mutex);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&loop->mutex);
    for (size_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    forget(&workers->queued);
    forget(&workers->returned);
    pthread_cond_destroy(&workers->work);
    pthread_cond_destroy(&workers->back);
}
