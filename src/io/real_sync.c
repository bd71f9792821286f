/* The thread that syncs beside a loop. It starts with the first sync, so a process that never flushes has none, and
 * takes one batch after the other; finished batches go back to the loop in the same order. */
#include "real_int.h"

#include <stdlib.h>

enum { STACK_SIZE = 64 * 1024 };

typedef struct syncing {
    wr_link link;
    void (*done)(void *user, weir_err err);
    void *user;
    weir_err err;
    int os_error;
    size_t count;
    wr_file *files[];
} syncing;

weir_err real_syncer_init(real_syncer *syncer)
{
    wr_list_init(&syncer->queued);
    wr_list_init(&syncer->done);
    return pthread_cond_init(&syncer->work, NULL) == 0 ? WEIR_OK : WEIR_E_MEMORY;
}

/* All files are tried, whatever happens to the first: the others may still become durable. */
static void sync_files(syncing *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        weir_err err = wr_file_sync(batch->files[i]);
        if (err != WEIR_OK && batch->err == WEIR_OK) {
            batch->err = err;
            batch->os_error = errno;
        }
    }
}

static void *syncer_main(void *argument)
{
    real_loop *loop = argument;
    real_syncer *syncer = &loop->syncer;
    pthread_mutex_lock(&loop->mutex);
    while (!syncer->stopping) {
        wr_link *first = wr_list_pop(&syncer->queued);
        if (!first) {
            pthread_cond_wait(&syncer->work, &loop->mutex);
            continue;
        }
        pthread_mutex_unlock(&loop->mutex);
        sync_files(WR_LIST_ITEM(first, syncing, link));
        pthread_mutex_lock(&loop->mutex);
        wr_list_append(&syncer->done, first);
        real_wake_locked(loop);
    }
    pthread_mutex_unlock(&loop->mutex);
    return NULL;
}

/* Signals stay with the threads that the program knows of. */
static weir_err thread_start(real_loop *loop)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return WEIR_E_MEMORY;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (status == 0)
        status = pthread_create(&loop->syncer.thread, &attributes, syncer_main, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (status != 0) {
        errno = status;
        return WEIR_E_IO;
    }
    loop->syncer.started = true;
    return WEIR_OK;
}

weir_err real_sync(wr_loop *base, wr_file *const *files, size_t count, void (*done)(void *user, weir_err err),
                   void *user)
{
    real_loop *loop = real_loop_of(base);
    syncing *batch = malloc(sizeof *batch + count * sizeof *files);
    if (!batch)
        return WEIR_E_MEMORY;
    *batch = (syncing){.done = done, .user = user, .count = count};
    if (count)
        memcpy(batch->files, files, count * sizeof *files);
    if (!loop->syncer.started) {
        weir_err err = thread_start(loop);
        if (err != WEIR_OK) {
            free(batch);
            return err;
        }
    }
    pthread_mutex_lock(&loop->mutex);
    wr_list_append(&loop->syncer.queued, &batch->link);
    pthread_cond_signal(&loop->syncer.work);
    pthread_mutex_unlock(&loop->mutex);
    return WEIR_OK;
}

void real_syncer_finish(real_loop *loop)
{
    for (;;) {
        pthread_mutex_lock(&loop->mutex);
        wr_link *first = wr_list_pop(&loop->syncer.done);
        pthread_mutex_unlock(&loop->mutex);
        if (!first)
            return;
        syncing *batch = WR_LIST_ITEM(first, syncing, link);
        errno = batch->os_error;
        batch->done(batch->user, batch->err);
        free(batch);
    }
}

static void forget(wr_list *list)
{
    wr_link *first;
    while ((first = wr_list_pop(list)))
        free(WR_LIST_ITEM(first, syncing, link));
}

void real_syncer_fini(real_loop *loop)
{
    real_syncer *syncer = &loop->syncer;
    if (syncer->started) {
        pthread_mutex_lock(&loop->mutex);
        syncer->stopping = true;
        pthread_cond_signal(&syncer->work);
        pthread_mutex_unlock(&loop->mutex);
        pthread_join(syncer->thread, NULL);
    }
    forget(&syncer->queued);
    forget(&syncer->done);
    pthread_cond_destroy(&syncer->work);
}
