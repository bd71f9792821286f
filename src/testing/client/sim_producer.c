/* The simulated producer: send → queued → appended → acknowledged, with the cluster's faults in between. */
#include "sim_int.h"

#include <assert.h>
#include <base/hash.h>
#include <base/text.h>

#include <stdio.h>
#include <stdlib.h>

enum { PENDING_MAX = 100000 };

typedef enum entry_state { QUEUED, APPENDED, FAILED } entry_state;

typedef struct entry {
    wr_link link;
    wr_client_record *record;
    void *cookie;
    entry_state state;
    weir_err err;
    bool may_be_written;
    int32_t partition;
    int64_t offset, sent_ms;
} entry;

typedef struct sim_producer {
    wr_producer door;
    wr_sim_cluster *cluster;
    wr_link link;
    wr_list entries; /* oldest first; they are acknowledged in this order */
    size_t pending, released;
    int64_t delivery_timeout_ms;
    bool keyless_together, one_by_one;
    bool broken, told;
    void (*ready)(void *user);
    void *ready_user;
} sim_producer;

static void tell_ready(sim_producer *producer)
{
    const wr_sim_cluster *cluster = producer->cluster;
    bool moves = producer->broken || (!cluster->down && (!cluster->hold_acks || producer->released));
    if (!producer->ready || producer->told || !producer->pending || !moves)
        return;
    producer->told = true;
    producer->ready(producer->ready_user);
}

static weir_err producer_send(wr_producer *door, const wr_client_record *record, void *cookie)
{
    sim_producer *producer = (sim_producer *)door;
    if (producer->broken)
        return WEIR_E_BROKEN;
    if (producer->pending == PENDING_MAX)
        return WEIR_E_AGAIN;
    entry *item = wr_sim_alloc(sizeof(*item));
    item->record = wr_sim_record_copy(record);
    item->cookie = cookie;
    item->sent_ms = wr_sim_now(producer->cluster);
    wr_list_append(&producer->entries, &item->link);
    producer->pending++;
    tell_ready(producer);
    return WEIR_OK;
}

static bool refused(wr_sim_cluster *cluster, const char *topic)
{
    if (!cluster->refuse_count || (cluster->refuse_topic && strcmp(cluster->refuse_topic, topic) != 0))
        return false;
    cluster->refuse_count--;
    return true;
}

static size_t size_of(const wr_client_record *record)
{
    size_t size = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += strlen(record->headers[i].name) + record->headers[i].value.size;
    return size;
}

/* Whether the batch of this entry is larger than its topic takes. */
static bool too_large(const sim_producer *producer, const sim_topic *topic, const entry *item)
{
    const char *limit = NULL;
    for (size_t i = 0; i < topic->config_count; i++)
        if (strcmp(topic->configs[2 * i], "max.message.bytes") == 0)
            limit = topic->configs[2 * i + 1];
    if (!limit)
        return false;
    size_t size = size_of(item->record);
    for (const wr_link *link = wr_list_next(&producer->entries, &item->link); link && !producer->one_by_one;
         link = wr_list_next(&producer->entries, link)) {
        const entry *other = WR_LIST_ITEM((wr_link *)(uintptr_t)link, entry, link);
        if (other->state == QUEUED && strcmp(other->record->topic, topic->name) == 0)
            size += size_of(other->record);
    }
    int64_t most;
    weir_err err = wr_number_parse(limit, 0, INT64_MAX, &most);
    assert(err == WEIR_OK);
    return size > (uint64_t)most;
}

static void append(const sim_producer *producer, entry *item)
{
    wr_sim_cluster *cluster = producer->cluster;
    const wr_client_record *record = item->record;
    sim_topic *topic = wr_sim_topic_auto(cluster, record->topic);
    item->state = FAILED;
    item->offset = -1;
    item->err = WEIR_E_REFUSED;
    if (!topic) {
        item->err = WEIR_E_NOT_FOUND;
        return;
    }
    item->partition = record->partition;
    if (item->partition < 0 && (record->key.data || producer->keyless_together))
        item->partition =
            (int32_t)((wr_murmur2(record->key.data, record->key.size) & 0x7fffffff) % (uint32_t)topic->partition_count);
    else if (item->partition < 0)
        item->partition = (int32_t)wr_sim_random(cluster, (uint64_t)topic->partition_count);
    if (item->partition >= topic->partition_count)
        return;
    if (refused(cluster, record->topic)) {
        item->may_be_written = cluster->refuse_appended;
        if (item->may_be_written)
            wr_sim_put(cluster, topic, record, item->partition);
        return;
    }
    if (too_large(producer, topic, item)) {
        item->err = WEIR_E_LIMIT;
        return;
    }
    item->offset = wr_sim_put(cluster, topic, record, item->partition);
    item->state = APPENDED;
    item->err = WEIR_OK;
}

/* With jitter, how many of `count` move this time. */
static size_t share(wr_sim_cluster *cluster, size_t count)
{
    return cluster->options.jitter && count ? wr_sim_random(cluster, count + 1) : count;
}

static void append_queued(sim_producer *producer)
{
    wr_sim_cluster *cluster = producer->cluster;
    if (cluster->down || cluster->hold_appends)
        return;
    size_t left = share(cluster, producer->pending);
    for (wr_link *link = wr_list_first(&producer->entries); link && left;
         link = wr_list_next(&producer->entries, link)) {
        entry *item = WR_LIST_ITEM(link, entry, link);
        left--;
        if (item->state == QUEUED)
            append(producer, item);
    }
}

static void time_out(sim_producer *producer)
{
    int64_t now = wr_sim_now(producer->cluster);
    for (wr_link *link = wr_list_first(&producer->entries); link && producer->delivery_timeout_ms;
         link = wr_list_next(&producer->entries, link)) {
        entry *item = WR_LIST_ITEM(link, entry, link);
        if (item->state == QUEUED && now - item->sent_ms >= producer->delivery_timeout_ms) {
            item->state = FAILED;
            item->err = WEIR_E_TIMEOUT;
            item->offset = -1;
        }
    }
}

static void deliver(sim_producer *producer, entry *item, weir_err err,
                    void (*done)(void *user, const wr_delivery *delivery), void *user)
{
    wr_delivery delivery = {.cookie = item->cookie,
                            .err = err,
                            .may_be_written = item->may_be_written || (err != WEIR_OK && item->state == APPENDED),
                            .partition = item->partition,
                            .offset = item->offset};
    if (err != WEIR_OK)
        snprintf(delivery.reason, sizeof(delivery.reason), "simulated: %s", weir_err_name(err));
    wr_link_remove(&item->link);
    free(item->record);
    free(item);
    producer->pending--;
    if (done)
        done(user, &delivery);
}

/* Whether the oldest entry's fate may be told now. */
static bool may_tell(sim_producer *producer, const entry *item)
{
    const wr_sim_cluster *cluster = producer->cluster;
    if (producer->broken || item->err == WEIR_E_TIMEOUT)
        return true;
    if (item->state == QUEUED || cluster->down || (cluster->hold_acks && !producer->released))
        return false;
    producer->released -= cluster->hold_acks;
    return true;
}

static size_t deliver_known(sim_producer *producer, void (*done)(void *user, const wr_delivery *delivery), void *user)
{
    size_t count = 0, most = producer->broken ? producer->pending : share(producer->cluster, producer->pending);
    wr_link *link;
    while (count < most && (link = wr_list_first(&producer->entries))) {
        entry *item = WR_LIST_ITEM(link, entry, link);
        if (!may_tell(producer, item))
            break;
        deliver(producer, item, producer->broken ? WEIR_E_BROKEN : item->err, done, user);
        count++;
    }
    return count;
}

static void producer_poll(wr_producer *door, int timeout_ms, void (*done)(void *user, const wr_delivery *delivery),
                          void *user)
{
    sim_producer *producer = (sim_producer *)door;
    producer->told = false;
    for (int round = 0; round < 2; round++) {
        if (!producer->broken)
            append_queued(producer);
        time_out(producer);
        if (deliver_known(producer, done, user) || round || timeout_ms == 0)
            break;
        wr_sim_wait(producer->cluster, timeout_ms);
    }
    if (producer->cluster->options.jitter && !producer->cluster->hold_appends)
        tell_ready(producer); /* what chance has left behind moves with another poll */
}

static size_t producer_pending(const wr_producer *door)
{
    return ((const sim_producer *)door)->pending;
}

static void producer_on_ready(wr_producer *door, void (*ready)(void *user), void *user)
{
    sim_producer *producer = (sim_producer *)door;
    producer->ready = ready;
    producer->ready_user = user;
}

static void producer_free(wr_producer *door)
{
    sim_producer *producer = (sim_producer *)door;
    wr_link *link;
    while ((link = wr_list_first(&producer->entries)))
        deliver(producer, WR_LIST_ITEM(link, entry, link), WEIR_E_CLOSED, NULL, NULL);
    wr_link_remove(&producer->link);
    free(producer);
}

static const wr_producer_ops ops = {
    .send = producer_send,
    .poll = producer_poll,
    .pending = producer_pending,
    .on_ready = producer_on_ready,
    .free = producer_free,
};

weir_err wr_sim_producer_new(wr_client *door, const wr_producer_options *options, wr_producer **ret_producer,
                             weir_failure *failure)
{
    sim_client *client = (sim_client *)door;
    sim_producer *producer = wr_sim_alloc(sizeof(*producer));
    (void)failure;
    producer->door.ops = &ops;
    producer->cluster = client->cluster;
    producer->delivery_timeout_ms = options ? options->delivery_timeout_ms : 0;
    producer->keyless_together = options && options->keyless_together;
    producer->one_by_one = options && options->one_by_one;
    wr_list_init(&producer->entries);
    wr_list_append(&client->cluster->producers, &producer->link);
    *ret_producer = &producer->door;
    return WEIR_OK;
}

/* ---- for the cluster's switches */

void wr_sim_producers_ready(wr_sim_cluster *cluster)
{
    for (wr_link *link = wr_list_first(&cluster->producers); link; link = wr_list_next(&cluster->producers, link))
        tell_ready(WR_LIST_ITEM(link, sim_producer, link));
}

void wr_sim_producers_release(wr_sim_cluster *cluster, size_t count)
{
    for (wr_link *link = wr_list_first(&cluster->producers); link; link = wr_list_next(&cluster->producers, link))
        WR_LIST_ITEM(link, sim_producer, link)->released = count;
}

void wr_sim_break_producers(wr_sim_cluster *cluster)
{
    for (wr_link *link = wr_list_first(&cluster->producers); link; link = wr_list_next(&cluster->producers, link))
        WR_LIST_ITEM(link, sim_producer, link)->broken = true;
    wr_sim_producers_ready(cluster);
}
