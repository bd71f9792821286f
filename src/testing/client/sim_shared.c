/* The simulated cluster for several threads: each call of a shared client's producers and consumers is made under one
 * lock, and a poll that finds nothing waits in real time, without it, until something was done or it is woken.
 *
 * The lock is held while a consumer calls back, which may wait for another thread: so what any thread may call (wake,
 * end) does not take it. */
#include "sim_int.h"

#include <stdlib.h>
#include <time.h>

typedef struct shared_client {
    wr_client door;
    wr_sim_cluster *cluster;
    wr_client *inner;
} shared_client;

typedef struct shared_producer {
    wr_producer door;
    wr_sim_cluster *cluster;
    wr_producer *inner;
} shared_producer;

typedef struct shared_consumer {
    wr_consumer door;
    wr_sim_cluster *cluster;
    wr_consumer *inner;
    bool is_woken; /* under the cluster's changes_lock */
} shared_consumer;

void wr_sim_lock(wr_sim_cluster *cluster)
{
    pthread_mutex_lock(&cluster->shared_lock);
}

void wr_sim_unlock(wr_sim_cluster *cluster)
{
    pthread_mutex_unlock(&cluster->shared_lock);
    pthread_mutex_lock(&cluster->changes_lock);
    cluster->changes++;
    pthread_cond_broadcast(&cluster->changed);
    pthread_mutex_unlock(&cluster->changes_lock);
}

static unsigned changes_of(wr_sim_cluster *cluster)
{
    pthread_mutex_lock(&cluster->changes_lock);
    unsigned changes = cluster->changes;
    pthread_mutex_unlock(&cluster->changes_lock);
    return changes;
}

static struct timespec after_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Until something was done since `seen`, or the consumer is woken; false: the time is over. */
static bool wait_for_change(wr_sim_cluster *cluster, unsigned seen, const bool *is_woken, const struct timespec *until)
{
    bool in_time = true;
    pthread_mutex_lock(&cluster->changes_lock);
    while (in_time && cluster->changes == seen && !(is_woken && *is_woken))
        in_time = pthread_cond_timedwait(&cluster->changed, &cluster->changes_lock, until) == 0;
    pthread_mutex_unlock(&cluster->changes_lock);
    return in_time;
}

/* ---- producer */

static weir_err producer_send(wr_producer *door, const wr_client_record *record, void *cookie)
{
    shared_producer *producer = (shared_producer *)door;
    pthread_mutex_lock(&producer->cluster->shared_lock);
    weir_err err = wr_producer_send(producer->inner, record, cookie);
    pthread_mutex_unlock(&producer->cluster->shared_lock);
    return err;
}

static void producer_poll(wr_producer *door, int timeout_ms, void (*done)(void *user, const wr_delivery *delivery),
                          void *user)
{
    shared_producer *producer = (shared_producer *)door;
    wr_sim_cluster *cluster = producer->cluster;
    struct timespec until = after_ms(timeout_ms);
    for (bool is_over = timeout_ms == 0;; is_over = true) {
        unsigned seen = changes_of(cluster);
        wr_sim_lock(cluster);
        size_t before = wr_producer_pending(producer->inner);
        wr_producer_poll(producer->inner, 0, done, user);
        bool has_moved = before > 0; /* what was appended, readers may want */
        bool has_delivered = wr_producer_pending(producer->inner) != before;
        if (has_moved)
            wr_sim_unlock(cluster);
        else
            pthread_mutex_unlock(&cluster->shared_lock);
        if (has_delivered || is_over || !wait_for_change(cluster, seen, NULL, &until))
            return;
    }
}

static size_t producer_pending(const wr_producer *door)
{
    const shared_producer *producer = (const shared_producer *)(const void *)door;
    wr_sim_lock(producer->cluster);
    size_t pending = wr_producer_pending(producer->inner);
    pthread_mutex_unlock(&producer->cluster->shared_lock);
    return pending;
}

static void producer_on_ready(wr_producer *door, void (*ready)(void *user), void *user)
{
    shared_producer *producer = (shared_producer *)door;
    wr_sim_lock(producer->cluster);
    wr_producer_on_ready(producer->inner, ready, user);
    wr_sim_unlock(producer->cluster);
}

static void producer_free(wr_producer *door)
{
    shared_producer *producer = (shared_producer *)door;
    wr_sim_lock(producer->cluster);
    wr_producer_free(producer->inner);
    wr_sim_unlock(producer->cluster);
    free(producer);
}

static const wr_producer_ops producer_ops = {
    .send = producer_send,
    .poll = producer_poll,
    .pending = producer_pending,
    .on_ready = producer_on_ready,
    .free = producer_free,
};

static weir_err producer_new(wr_client *door, const wr_producer_options *options, wr_producer **ret_producer,
                             weir_failure *failure)
{
    shared_client *client = (shared_client *)door;
    shared_producer *producer = wr_sim_alloc(sizeof(*producer));
    producer->door.ops = &producer_ops;
    producer->cluster = client->cluster;
    *ret_producer = &producer->door;
    wr_sim_lock(client->cluster);
    weir_err err = wr_producer_new(client->inner, options, &producer->inner, failure);
    wr_sim_unlock(client->cluster);
    return err;
}

/* ---- consumer */

static weir_err consumer_subscribe(wr_consumer *door, const char *const *topics, size_t count, weir_failure *failure)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    weir_err err = wr_consumer_subscribe(consumer->inner, topics, count, failure);
    wr_sim_unlock(consumer->cluster);
    return err;
}

static weir_err consumer_assign(wr_consumer *door, const wr_assignment *assignments, size_t count,
                                weir_failure *failure)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    weir_err err = wr_consumer_assign(consumer->inner, assignments, count, failure);
    wr_sim_unlock(consumer->cluster);
    return err;
}

static bool take_wake(shared_consumer *consumer)
{
    pthread_mutex_lock(&consumer->cluster->changes_lock);
    bool is_woken = consumer->is_woken;
    consumer->is_woken = false;
    pthread_mutex_unlock(&consumer->cluster->changes_lock);
    return is_woken;
}

static weir_err consumer_poll(wr_consumer *door, size_t max, int timeout_ms, const wr_client_record **ret_records,
                              size_t *ret_count, weir_failure *failure)
{
    shared_consumer *consumer = (shared_consumer *)door;
    struct timespec until = after_ms(timeout_ms);
    for (bool is_over = timeout_ms == 0;;) {
        is_over = take_wake(consumer) || is_over;
        unsigned seen = changes_of(consumer->cluster);
        wr_sim_lock(consumer->cluster);
        weir_err err = wr_consumer_poll(consumer->inner, max, 0, ret_records, ret_count, failure);
        pthread_mutex_unlock(&consumer->cluster->shared_lock);
        if (err != WEIR_OK || *ret_count || is_over)
            return err;
        is_over = !wait_for_change(consumer->cluster, seen, &consumer->is_woken, &until);
    }
}

static wr_polled *consumer_take(wr_consumer *door)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    wr_polled *polled = wr_consumer_take(consumer->inner);
    pthread_mutex_unlock(&consumer->cluster->shared_lock);
    return polled;
}

static void consumer_wake(wr_consumer *door)
{
    shared_consumer *consumer = (shared_consumer *)door;
    pthread_mutex_lock(&consumer->cluster->changes_lock);
    consumer->is_woken = true;
    pthread_cond_broadcast(&consumer->cluster->changed);
    pthread_mutex_unlock(&consumer->cluster->changes_lock);
}

static void consumer_reach(wr_consumer *door, wr_reach *ret_reach)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    wr_consumer_reach(consumer->inner, ret_reach);
    pthread_mutex_unlock(&consumer->cluster->shared_lock);
}

static weir_err consumer_pause(wr_consumer *door, const char *topic, int32_t partition, bool paused)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    weir_err err = wr_consumer_pause(consumer->inner, topic, partition, paused);
    wr_sim_unlock(consumer->cluster);
    return err;
}

static int64_t consumer_end(const wr_consumer *door, const char *topic, int32_t partition)
{
    return wr_consumer_end(((const shared_consumer *)(const void *)door)->inner, topic, partition);
}

static int64_t consumer_looks(const wr_consumer *door)
{
    const shared_consumer *consumer = (const shared_consumer *)(const void *)door;
    wr_sim_lock(consumer->cluster);
    int64_t looks = wr_consumer_looks(consumer->inner);
    pthread_mutex_unlock(&consumer->cluster->shared_lock);
    return looks;
}

static weir_err consumer_seek(wr_consumer *door, const char *topic, int32_t partition, int64_t offset)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    weir_err err = wr_consumer_seek(consumer->inner, topic, partition, offset);
    wr_sim_unlock(consumer->cluster);
    return err;
}

/* Also called back, with the lock held: `revoked` tells the group. */
static weir_err consumer_commit(wr_consumer *door, const wr_assignment *positions, size_t count, bool wait)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    weir_err err = wr_consumer_commit(consumer->inner, positions, count, wait);
    pthread_mutex_unlock(&consumer->cluster->shared_lock);
    return err;
}

static void consumer_free(wr_consumer *door)
{
    shared_consumer *consumer = (shared_consumer *)door;
    wr_sim_lock(consumer->cluster);
    wr_consumer_free(consumer->inner);
    wr_sim_unlock(consumer->cluster);
    free(consumer);
}

static const wr_consumer_ops consumer_ops = {
    .subscribe = consumer_subscribe,
    .assign = consumer_assign,
    .poll = consumer_poll,
    .take = consumer_take,
    .wake = consumer_wake,
    .reach = consumer_reach,
    .pause = consumer_pause,
    .end = consumer_end,
    .looks = consumer_looks,
    .seek = consumer_seek,
    .commit = consumer_commit,
    .free = consumer_free,
};

static weir_err consumer_new(wr_client *door, const wr_consumer_options *options, wr_consumer **ret_consumer,
                             weir_failure *failure)
{
    shared_client *client = (shared_client *)door;
    shared_consumer *consumer = wr_sim_alloc(sizeof(*consumer));
    consumer->door.ops = &consumer_ops;
    consumer->cluster = client->cluster;
    *ret_consumer = &consumer->door;
    wr_sim_lock(client->cluster);
    weir_err err = wr_consumer_new(client->inner, options, &consumer->inner, failure);
    wr_sim_unlock(client->cluster);
    return err;
}

/* ---- client */

static bool client_free(wr_client *door)
{
    shared_client *client = (shared_client *)door;
    bool all_ended = wr_client_free(client->inner);
    free(client);
    return all_ended;
}

static const wr_client_ops client_ops = {
    .client_free = client_free, .producer_new = producer_new, .consumer_new = consumer_new};

wr_client *wr_sim_shared_client_new(wr_sim_cluster *cluster)
{
    shared_client *client = wr_sim_alloc(sizeof(*client));
    client->door.ops = &client_ops;
    client->cluster = cluster;
    client->inner = wr_sim_client_new(cluster);
    return &client->door;
}
