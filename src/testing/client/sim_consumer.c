/* The simulated consumer and its group. */
#include "sim_int.h"

#include <assert.h>
#include <base/array.h>
#include <stdlib.h>

bool wr_sim_subscribed(const sim_consumer *consumer, const char *topic)
{
    for (size_t i = 0; i < consumer->topic_count; i++)
        if (strcmp(consumer->topics[i], topic) == 0)
            return true;
    return false;
}

/* ---- rebalances */

static wr_assignment *owned_list(const sim_consumer *consumer)
{
    wr_assignment *list = wr_sim_alloc((consumer->owned_count + 1) * sizeof(*list));
    for (size_t i = 0; i < consumer->owned_count; i++)
        list[i] = (wr_assignment){consumer->owned[i].topic->name, consumer->owned[i].partition, WR_OFFSET_COMMITTED,
                                  consumer->owned[i].topic->id};
    return list;
}

static void give_back(sim_consumer *consumer, bool lost)
{
    wr_assignment *list = owned_list(consumer);
    size_t count = consumer->owned_count;
    consumer->owned_count = 0;
    if (count && consumer->options.revoked)
        consumer->options.revoked(consumer->options.user, list, count, lost);
    free(list);
}

static int64_t first_position(const sim_consumer *consumer, const sim_topic *topic, int32_t partition, int64_t wanted)
{
    int64_t end = (int64_t)topic->partitions[partition].count;
    if (wanted == WR_OFFSET_COMMITTED && consumer->group)
        wanted = wr_sim_committed(consumer->cluster, consumer->group->name, topic->name, partition);
    if (wanted == WR_TIME_BEGINNING)
        return 0;
    if (wanted == WR_TIME_END)
        return end;
    return wanted >= 0 && wanted <= end ? wanted : consumer->options.from_beginning ? 0 : end;
}

static void own(sim_consumer *consumer, sim_topic *topic, int32_t partition)
{
    consumer->owned = realloc(consumer->owned, (consumer->owned_count + 1) * sizeof(*consumer->owned));
    assert(consumer->owned);
    consumer->owned[consumer->owned_count++] =
        (sim_owned){.topic = topic, .partition = partition, .end_told = -1, .told_id = topic->id};
}

/* Range: the members that want the topic, in the order in which they joined, get neighbouring partitions; the first
 * ones get one more when it does not come out even. */
static void take_of_topic(sim_consumer *consumer, sim_topic *topic)
{
    int32_t members = 0, place = -1;
    wr_list *list = &consumer->group->members;
    for (wr_link *link = wr_list_first(list); link; link = wr_list_next(list, link)) {
        const sim_consumer *member = WR_LIST_ITEM(link, sim_consumer, member);
        if (!wr_sim_subscribed(member, topic->name))
            continue;
        if (member == consumer)
            place = members;
        members++;
    }
    assert(place >= 0); /* it is called for a topic that this member wants */
    int32_t each = topic->partition_count / members, rest = topic->partition_count % members;
    int32_t first = place * each + (place < rest ? place : rest);
    for (int32_t i = 0; i < each + (place < rest); i++)
        own(consumer, topic, first + i);
}

static void take(sim_consumer *consumer)
{
    for (size_t i = 0; i < consumer->topic_count; i++) {
        sim_topic *topic = wr_sim_topic_find(consumer->cluster, consumer->topics[i]);
        if (topic)
            take_of_topic(consumer, topic);
    }
    wr_assignment *list = owned_list(consumer);
    if (consumer->options.assigned)
        consumer->options.assigned(consumer->options.user, list, consumer->owned_count);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        sim_owned *owned = &consumer->owned[i];
        owned->position = first_position(consumer, owned->topic, owned->partition, list[i].start_offset);
    }
    free(list);
}

static void join(sim_consumer *consumer)
{
    wr_list_append(&consumer->group->members, &consumer->member);
    consumer->group->round++;
    consumer->expired = false;
}

static bool all_gave_back(const sim_group *group)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        if (WR_LIST_ITEM(link, sim_consumer, member)->given_round != group->round)
            return false;
    return true;
}

static void rebalance(sim_consumer *consumer)
{
    sim_group *group = consumer->group;
    if (!group || !consumer->topic_count)
        return;
    if (consumer->expired) {
        give_back(consumer, true);
        join(consumer);
    }
    if (consumer->given_round != group->round) {
        give_back(consumer, false);
        consumer->given_round = group->round;
    }
    if (consumer->taken_round != group->round && all_gave_back(group)) {
        consumer->taken_round = group->round;
        take(consumer);
    }
}

/* ---- poll */

static wr_client_record *next_out(sim_consumer *consumer, size_t at)
{
    weir_err err = WR_ARRAY_RESERVE(consumer->out, consumer->out_capacity, at + 1, SIZE_MAX);
    assert(err == WEIR_OK);
    return &consumer->out[at];
}

static size_t fetch_partition(sim_consumer *consumer, sim_owned *owned, size_t count, size_t max)
{
    const sim_partition *partition = &owned->topic->partitions[owned->partition];
    if (owned->position > (int64_t)partition->count) /* it was made anew */
        owned->position = consumer->options.from_beginning ? 0 : (int64_t)partition->count;
    size_t left = partition->count - (size_t)owned->position;
    if (consumer->cluster->options.jitter && left)
        left = wr_sim_random(consumer->cluster, left + 1);
    for (; left && count < max; left--)
        *next_out(consumer, count++) = *partition->records[owned->position++];
    if (consumer->options.partition_end && count < max && owned->position == (int64_t)partition->count &&
        owned->end_told != owned->position) {
        owned->end_told = owned->position;
        *next_out(consumer, count++) = (wr_client_record){.topic = owned->topic->name,
                                                          .partition = owned->partition,
                                                          .offset = owned->position,
                                                          .header_count = (size_t)-1};
    }
    return count;
}

/* Once a topic, whose other partitions hear of it, too. */
static void identify(sim_consumer *consumer)
{
    consumer->looks++;
    for (size_t i = 0; i < consumer->owned_count; i++) {
        sim_topic *topic = consumer->owned[i].topic;
        if (memcmp(&consumer->owned[i].told_id, &topic->id, sizeof(topic->id)) == 0)
            continue;
        for (size_t k = i; k < consumer->owned_count; k++)
            if (consumer->owned[k].topic == topic)
                consumer->owned[k].told_id = topic->id;
        if (consumer->options.identified)
            consumer->options.identified(consumer->options.user, topic->name, &topic->id);
    }
}

/* Another partition is first each time, so that none starves. */
static size_t fetch(sim_consumer *consumer, size_t max)
{
    size_t count = 0;
    consumer->turn++;
    for (size_t i = 0; i < consumer->owned_count; i++) {
        sim_owned *owned = &consumer->owned[(consumer->turn + i) % consumer->owned_count];
        if (!owned->paused)
            count = fetch_partition(consumer, owned, count, max);
    }
    return count;
}

static weir_err check_down(sim_consumer *consumer, weir_failure *failure)
{
    bool news = consumer->cluster->down && !consumer->told_down;
    consumer->told_down = consumer->cluster->down;
    return news ? weir_fail(failure, WEIR_E_UNREACHABLE, "simulated: no broker answers") : WEIR_OK;
}

static weir_err consumer_poll(wr_consumer *door, size_t max, int timeout_ms, const wr_client_record **ret_records,
                              size_t *ret_count, weir_failure *failure)
{
    sim_consumer *consumer = (sim_consumer *)door;
    size_t count = 0;
    consumer->out_count = 0;
    if (atomic_exchange(&consumer->woken, false))
        timeout_ms = 0;
    for (int round = 0; round < 2 && !count; round++) {
        if (consumer->broken)
            return weir_fail(failure, WEIR_E_BROKEN, "simulated: the consumer has to be made anew");
        weir_err err = check_down(consumer, failure);
        if (err != WEIR_OK)
            return err;
        if (!consumer->cluster->down) {
            rebalance(consumer);
            if (!consumer->cluster->hold_looks)
                identify(consumer);
            count = fetch(consumer, max);
        }
        if (!count && timeout_ms == 0)
            break;
        if (!count && !round)
            wr_sim_wait(consumer->cluster, timeout_ms);
    }
    consumer->out_count = count;
    *ret_records = consumer->out;
    *ret_count = count;
    return WEIR_OK;
}

/* ---- records that outlive their poll, and the topic that they were read from */

typedef struct sim_polled {
    wr_polled door;
    wr_client_record **copies;
    wr_client_record records[];
} sim_polled;

static void polled_free(wr_polled *door)
{
    sim_polled *polled = WR_LIST_ITEM(door, sim_polled, door);
    for (size_t i = 0; i < polled->door.count; i++)
        free(polled->copies[i]);
    free(polled->copies);
    free(polled);
}

static wr_polled *consumer_take(wr_consumer *door)
{
    sim_consumer *consumer = (sim_consumer *)door;
    size_t count = consumer->out_count;
    sim_polled *polled = wr_sim_alloc(sizeof(*polled) + count * sizeof(wr_client_record));
    polled->copies = wr_sim_alloc((count + 1) * sizeof(wr_client_record *));
    for (size_t i = 0; i < count; i++) {
        polled->copies[i] = wr_sim_record_copy(&consumer->out[i]);
        polled->records[i] = *polled->copies[i];
    }
    consumer->out_count = 0;
    polled->door = (wr_polled){polled->records, count, polled_free};
    return &polled->door;
}

static void consumer_wake(wr_consumer *door)
{
    atomic_store(&((sim_consumer *)door)->woken, true);
}

static void consumer_reach(wr_consumer *door, wr_reach *ret_reach)
{
    bool is_down = ((sim_consumer *)door)->cluster->down;
    *ret_reach =
        (wr_reach){.is_reached = !is_down, .is_unreachable = is_down, .reason = "simulated: no broker answers"};
}

/* ---- what to read */

static void topics_clear(sim_consumer *consumer)
{
    for (size_t i = 0; i < consumer->topic_count; i++)
        free(consumer->topics[i]);
    free(consumer->topics);
    consumer->topics = NULL;
    consumer->topic_count = 0;
}

static weir_err consumer_subscribe(wr_consumer *door, const char *const *topics, size_t count, weir_failure *failure)
{
    sim_consumer *consumer = (sim_consumer *)door;
    if (!consumer->group)
        return weir_fail(failure, WEIR_E_USAGE, "subscribing needs a group");
    topics_clear(consumer);
    consumer->topics = wr_sim_alloc(count * sizeof(char *));
    for (; consumer->topic_count < count; consumer->topic_count++)
        consumer->topics[consumer->topic_count] = wr_sim_dup(topics[consumer->topic_count]);
    for (size_t i = 0; i < count; i++)
        wr_sim_topic_auto(consumer->cluster, topics[i]);
    wr_link_remove(&consumer->member);
    join(consumer);
    return WEIR_OK;
}

static weir_err consumer_assign(wr_consumer *door, const wr_assignment *assignments, size_t count,
                                weir_failure *failure)
{
    sim_consumer *consumer = (sim_consumer *)door;
    consumer->owned_count = 0;
    for (size_t i = 0; i < count; i++) {
        sim_topic *topic = wr_sim_topic_auto(consumer->cluster, assignments[i].topic);
        if (!topic || assignments[i].partition < 0 || assignments[i].partition >= topic->partition_count)
            return weir_fail(failure, WEIR_E_NOT_FOUND, "no partition %d of topic %s", assignments[i].partition,
                             assignments[i].topic);
        own(consumer, topic, assignments[i].partition);
        consumer->owned[i].position =
            first_position(consumer, topic, assignments[i].partition, assignments[i].start_offset);
    }
    return WEIR_OK;
}

static sim_owned *owned_find(sim_consumer *consumer, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (consumer->owned[i].partition == partition && strcmp(consumer->owned[i].topic->name, topic) == 0)
            return &consumer->owned[i];
    return NULL;
}

static int64_t consumer_looks(const wr_consumer *door)
{
    return ((const sim_consumer *)door)->looks;
}

static int64_t consumer_end(const wr_consumer *door, const char *topic, int32_t partition)
{
    return wr_sim_end(((const sim_consumer *)(const void *)door)->cluster, topic, partition);
}

static weir_err consumer_pause(wr_consumer *door, const char *topic, int32_t partition, bool paused)
{
    sim_owned *owned = owned_find((sim_consumer *)door, topic, partition);
    if (owned)
        owned->paused = paused;
    return owned ? WEIR_OK : WEIR_E_NOT_FOUND;
}

static weir_err consumer_seek(wr_consumer *door, const char *topic, int32_t partition, int64_t offset)
{
    sim_consumer *consumer = (sim_consumer *)door;
    sim_owned *owned = owned_find(consumer, topic, partition);
    if (!owned)
        return WEIR_E_NOT_FOUND;
    owned->position = first_position(consumer, owned->topic, partition, offset);
    owned->end_told = -1;
    return WEIR_OK;
}

static weir_err consumer_commit(wr_consumer *door, const wr_assignment *positions, size_t count, bool wait)
{
    sim_consumer *consumer = (sim_consumer *)door;
    (void)wait;
    if (!consumer->group)
        return WEIR_E_USAGE;
    if (consumer->expired)
        return WEIR_E_FENCED;
    if (consumer->cluster->down)
        return WEIR_E_UNREACHABLE;
    weir_err err = WEIR_OK;
    for (size_t i = 0; err == WEIR_OK && i < count; i++)
        err = wr_sim_commit(consumer->cluster, consumer->group->name, positions[i].topic, positions[i].partition,
                            positions[i].start_offset);
    return err;
}

static void consumer_free(wr_consumer *door)
{
    sim_consumer *consumer = (sim_consumer *)door;
    if (consumer->group) {
        give_back(consumer, consumer->expired);
        wr_link_remove(&consumer->member);
        consumer->group->round++;
    }
    wr_link_remove(&consumer->link);
    topics_clear(consumer);
    free(consumer->owned);
    free(consumer->out);
    free(consumer);
}

static const wr_consumer_ops ops = {
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

weir_err wr_sim_consumer_new(wr_client *door, const wr_consumer_options *options, wr_consumer **ret_consumer,
                             weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    sim_consumer *consumer = wr_sim_alloc(sizeof(*consumer));
    (void)failure;
    consumer->door.ops = &ops;
    consumer->cluster = cluster;
    consumer->options = *options;
    consumer->group = options->group ? wr_sim_group_get(cluster, options->group) : NULL;
    consumer->options.group = consumer->group ? consumer->group->name : NULL;
    wr_list_append(&cluster->consumers, &consumer->link);
    *ret_consumer = &consumer->door;
    return WEIR_OK;
}
