/* The two sides of a service.
 *
 *                Kafka side                                            database side
 *    ┌───────────────────────────────────┐              ┌──────────────────────────────────────────┐
 *    │ reader      poll ─▶ chunks ───────┼── records ──▶│ one transaction: parked, records, commands│
 *    │             seek, pause ◀─────────┼── wanted ────│ positions, senders, outbox rows ─▶ COMMIT │
 *    │             tell the group ◀──────┼── committed ─│                                           │
 *    │             assigned, revoked ────┼── asks ─────▶│ epochs, between two batches               │
 *    │ publisher   send ◀────────────────┼── rows ──────│ committed rows                            │
 *    │             acknowledged, refused ┼── results ──▶│ rows deleted and marked by the next one   │
 *    └───────────────────────────────────┘              └──────────────────────────────────────────┘
 *          consumer, producer                            store, handlers, HTTP commands
 *
 * In a process the Kafka side has a thread of its own (wr_core_start), so that records are polled and rows are sent
 * while a batch is handled and while its commit waits for the disk. In tests there is one thread, and a turn calls both
 * sides one after the other: the same code, the same queues.
 *
 * What passes between them stands in core->handoff, under core->lock, and has limits: records, batch.max of them, or
 * READ_SIZE_MAX bytes and one poll more; rows, outbox.max and what one batch emits, since nothing is read beyond it;
 * results, no more than there were rows. Neither side waits for the other but in two cases. The Kafka side waits when it
 * asks for something, between two batches at the latest; when the core is ending it is refused instead. The database
 * side waits for it to end.
 *
 * Errors: whichever side fails, the core is over. What the Kafka side ends with is what the next wait returns; the
 * database side's failure ends the core before it stops the other, which tells the group nothing more. */
#include "core_int.h"

#include <time.h>

weir_err wr_pipeline_init(wr_core *core)
{
    handoff *handoff = &core->handoff;
    wr_list *lists[] = {&handoff->chunks, &handoff->spent,     &handoff->rows,
                        &handoff->marks,  &handoff->too_large, &core->batch};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        wr_list_init(lists[i]);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool failed = pthread_cond_init(&handoff->main_changed, &monotonic) != 0;
    failed = pthread_cond_init(&handoff->client_changed, &monotonic) != 0 || failed;
    pthread_condattr_destroy(&monotonic);
    return failed ? WEIR_E_MEMORY : WEIR_OK;
}

/* Before the consumer goes, whose records these are. */
void wr_pipeline_fini(wr_core *core)
{
    wr_reader_drop(&core->batch);
    wr_reader_drop(&core->handoff.chunks);
    wr_reader_drop(&core->handoff.spent);
}

/* ---- waking and waiting */

void wr_pipeline_wake_main(wr_core *core)
{
    pthread_mutex_lock(&core->lock);
    core->handoff.main_is_woken = true;
    pthread_cond_signal(&core->handoff.main_changed);
    pthread_mutex_unlock(&core->lock);
}

void wr_pipeline_wake_client(wr_core *core)
{
    if (!atomic_load(&core->is_threaded))
        return; /* the turn under way comes to it */
    pthread_mutex_lock(&core->lock);
    core->handoff.client_is_woken = true;
    pthread_cond_signal(&core->handoff.client_changed);
    pthread_mutex_unlock(&core->lock);
    wr_consumer_wake(core->reader.consumer);
}

static struct timespec after_ms(const wr_core *core, int ms)
{
    int64_t us = wr_mono_us(core->io) + (int64_t)ms * 1000;
    return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

/* With the lock held; false: the time is over. */
static bool wait_for(pthread_cond_t *changed, wr_core *core, const struct timespec *until)
{
    return pthread_cond_timedwait(changed, &core->lock, until) == 0;
}

/* With the lock held, which is let go meanwhile. */
static bool run_asked(wr_core *core)
{
    handoff *handoff = &core->handoff;
    if (!handoff->is_asking || handoff->asks_are_refused)
        return false;
    pthread_mutex_unlock(&core->lock);
    handoff->ask(core, handoff->ask_what); /* the other side waits, and leaves both as they are */
    pthread_mutex_lock(&core->lock);
    handoff->is_asking = false;
    pthread_cond_signal(&handoff->client_changed);
    return true;
}

bool wr_pipeline_ask(wr_core *core, void (*run)(wr_core *core, void *what), void *what)
{
    handoff *handoff = &core->handoff;
    if (!core->is_threaded) {
        if (!core->is_broken)
            run(core, what);
        return !core->is_broken;
    }
    pthread_mutex_lock(&core->lock);
    handoff->ask = run;
    handoff->ask_what = what;
    handoff->is_asking = true;
    pthread_cond_signal(&handoff->main_changed);
    while (handoff->is_asking && !handoff->asks_are_refused)
        pthread_cond_wait(&handoff->client_changed, &core->lock);
    bool was_run = !handoff->is_asking;
    handoff->is_asking = false;
    pthread_mutex_unlock(&core->lock);
    return was_run;
}

void wr_pipeline_refuse_asks(wr_core *core)
{
    pthread_mutex_lock(&core->lock);
    core->handoff.asks_are_refused = true;
    pthread_cond_signal(&core->handoff.client_changed);
    pthread_mutex_unlock(&core->lock);
}

weir_err wr_pipeline_wait(wr_core *core, int timeout_ms, weir_failure *failure)
{
    handoff *handoff = &core->handoff;
    struct timespec until = after_ms(core, timeout_ms);
    weir_err err = WEIR_OK;
    pthread_mutex_lock(&core->lock);
    bool is_over = false;
    while (!run_asked(core) && !is_over && !handoff->has_ended && !handoff->main_is_woken &&
           (wr_list_empty(&handoff->chunks) || !handoff->may_read) && !core->command_count)
        is_over = timeout_ms == 0 || !wait_for(&handoff->main_changed, core, &until);
    handoff->main_is_woken = false;
    bool is_taken = handoff->may_read && !wr_list_empty(&handoff->chunks); /* what was read before is handled first */
    if (handoff->has_ended && !is_taken) {
        err = handoff->client_err != WEIR_OK ? handoff->client_err : WEIR_E_CLOSED;
        weir_fail(failure, err, "%s", handoff->client_failure.sentence);
    }
    pthread_mutex_unlock(&core->lock);
    return err;
}

/* ---- records */

void wr_pipeline_may_read(wr_core *core, bool may_read)
{
    pthread_mutex_lock(&core->lock);
    bool is_change = core->handoff.may_read != may_read;
    core->handoff.may_read = may_read;
    pthread_mutex_unlock(&core->lock);
    if (is_change && may_read)
        wr_pipeline_wake_client(core);
}

size_t wr_pipeline_take(wr_core *core, bool only_put_back)
{
    handoff *handoff = &core->handoff;
    pthread_mutex_lock(&core->lock);
    size_t count = 0, most = only_put_back ? handoff->put_back_count : SIZE_MAX;
    bool was_full = handoff->read_count >= core->options.batch_max || handoff->read_size >= READ_SIZE_MAX;
    for (wr_link *link; most && (link = wr_list_pop(&handoff->chunks)); most--) {
        const chunk *chunk = WR_LIST_ITEM(link, struct chunk, link);
        count += chunk->count;
        handoff->read_count -= chunk->count;
        handoff->read_size -= chunk->size;
        wr_list_append(&core->batch, link);
    }
    handoff->put_back_count = 0;
    pthread_mutex_unlock(&core->lock);
    if (was_full)
        wr_pipeline_wake_client(core);
    return count;
}

void wr_pipeline_put_back(wr_core *core)
{
    handoff *handoff = &core->handoff;
    pthread_mutex_lock(&core->lock);
    handoff->put_back_count = 0;
    for (wr_link *link; (link = wr_list_pop_last(&core->batch));) {
        const chunk *chunk = WR_LIST_ITEM(link, struct chunk, link);
        handoff->read_count += chunk->count;
        handoff->read_size += chunk->size;
        handoff->put_back_count++;
        wr_list_insert(&handoff->chunks.head, link);
    }
    pthread_mutex_unlock(&core->lock);
}

void wr_pipeline_give_back(wr_core *core)
{
    pthread_mutex_lock(&core->lock);
    wr_list_move(&core->handoff.spent, &core->batch);
    pthread_mutex_unlock(&core->lock);
}

/* ---- the Kafka side's thread */

enum { CLIENT_WAIT_MAX_MS = 60000 };

static weir_err client_round(wr_core *core, weir_failure *failure)
{
    bool did = false;
    uint64_t published = atomic_load(&core->numbers.published);
    weir_err err = wr_publisher_run(core, failure);
    if (err == WEIR_OK && atomic_load(&core->numbers.published) != published && wr_core_crash(core, "published"))
        err = weir_fail(failure, WEIR_E_BROKEN, "crash asked for");
    if (err == WEIR_OK)
        err = wr_reader_apply(core, failure);
    if (err != WEIR_OK)
        return err;
    wr_reader_tell_group(core, false);
    int wait_ms = wr_publisher_wait_ms(core, wr_reader_wait_ms(core, CLIENT_WAIT_MAX_MS));
    err = wr_reader_poll(core, wait_ms, &did, failure);
    if (err != WEIR_OK || did)
        return err;
    struct timespec until = after_ms(core, wait_ms);
    pthread_mutex_lock(&core->lock);
    while (!core->handoff.client_is_woken && !core->handoff.is_stopping &&
           wait_for(&core->handoff.client_changed, core, &until))
        ;
    core->handoff.client_is_woken = false;
    pthread_mutex_unlock(&core->lock);
    return err;
}

static void *client_main(void *user)
{
    wr_core *core = user;
    handoff *handoff = &core->handoff;
    weir_failure failure = {0};
    weir_err err = WEIR_OK;
    for (bool is_stopping = false; err == WEIR_OK && !is_stopping;) {
        err = client_round(core, &failure);
        pthread_mutex_lock(&core->lock);
        is_stopping = handoff->is_stopping;
        pthread_mutex_unlock(&core->lock);
    }
    if (err == WEIR_OK && handoff->is_last_word_due)
        wr_reader_tell_group(core, true);
    pthread_mutex_lock(&core->lock);
    handoff->client_err = err;
    handoff->client_failure = failure;
    handoff->has_ended = true;
    pthread_cond_signal(&handoff->main_changed);
    pthread_mutex_unlock(&core->lock);
    return NULL;
}

weir_err wr_core_start(wr_core *core, weir_failure *failure)
{
    atomic_store(&core->is_threaded, true);
    if (pthread_create(&core->client_thread, NULL, client_main, core) == 0)
        return WEIR_OK;
    atomic_store(&core->is_threaded, false);
    return weir_fail(failure, WEIR_E_MEMORY, "no thread for the side of the service that talks to Kafka");
}

void wr_pipeline_stop(wr_core *core, bool tell)
{
    handoff *handoff = &core->handoff;
    if (!core->is_threaded)
        return;
    pthread_mutex_lock(&core->lock);
    handoff->is_stopping = true;
    handoff->is_last_word_due = tell;
    handoff->asks_are_refused = !tell;
    pthread_cond_signal(&handoff->client_changed);
    pthread_mutex_unlock(&core->lock);
    wr_pipeline_wake_client(core);
    pthread_mutex_lock(&core->lock);
    while (!handoff->has_ended)
        if (!run_asked(core))
            pthread_cond_wait(&handoff->main_changed, &core->lock);
    pthread_mutex_unlock(&core->lock);
    pthread_join(core->client_thread, NULL);
    atomic_store(&core->is_threaded, false);
}
