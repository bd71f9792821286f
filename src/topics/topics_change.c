/* Making, changing and deleting topics, beside the loop.
 *
 *                  its turn                     wr_loop_work            `run` has returned
 *     asked ────────────────────▶ begun ──────────────────▶ on the disk ──────────────────▶ finished, told
 *                  └── refused: told, and nothing was done
 *
 * Partitions are made by several workers at once, each of which takes the next one that nobody has taken: a disk makes
 * several files durable in the time of one. What makes them a topic's comes after, in a work of its own.
 *
 * Each name has a queue, and the first change in it is under way. `begin` and `finish` run on the loop's thread and touch
 * topics in memory; `run` runs on a worker and touches the disk and what belongs to the change alone: new partitions are
 * the change's until it finishes, and nobody else changes the topic meanwhile, since its queue is held. So a topic of
 * five thousand partitions is made while everybody else is served.
 *
 * Settling begins changes, so that nobody is told from inside a call. A deleted topic's files are removed later, one topic
 * at a time, and so is what a failed creation left. */
#include "topics_change_int.h"

#include "logs.h"

#include <assert.h>
#include <stdlib.h>

enum { QUEUE_COUNT_MAX = 1 << 20, AGAIN_MS = 100 };

/* ---- queues */

static name_queue *queue_of(wr_topics *topics, weir_slice name)
{
    name_queue *queue = wr_map_find(topics->queues, name);
    if (queue)
        return queue;
    queue = calloc(1, sizeof *queue + name.size + 1);
    if (!queue)
        return NULL;
    wr_list_init(&queue->changes);
    memcpy(queue->name, name.data, name.size);
    if (wr_map_add(topics->queues, name, queue) != WEIR_OK) {
        free(queue);
        return NULL;
    }
    return queue;
}

static void change_free(topic_change *change)
{
    wr_link_remove(&change->link);
    if (change->openings)
        wr_log_openings_fini(change->openings);
    free(change->openings);
    wr_topic_config_free(change->config);
    free(change->partitions);
    free(change->on_disk);
    free(change);
}

weir_err wr_change_ask(wr_topics *topics, const change_kind *kind, weir_slice name, int32_t partition_count,
                       wr_topic_config *config, wr_topic_done *done, void *user, topic_change **ret_change)
{
    name_queue *queue = queue_of(topics, name);
    topic_change *change = queue ? calloc(1, sizeof *change) : NULL;
    if (!change) {
        if (queue && wr_list_empty(&queue->changes)) {
            wr_map_remove(topics->queues, name);
            free(queue);
        }
        return WEIR_E_MEMORY;
    }
    *change = (topic_change){.topics = topics,
                             .queue = queue,
                             .kind = kind,
                             .done = done,
                             .user = user,
                             .config = config,
                             .partition_count = partition_count};
    if (wr_list_empty(&queue->changes))
        wr_list_append(&topics->startable, &queue->startable_link);
    wr_list_append(&queue->changes, &change->link);
    if (ret_change)
        *ret_change = change;
    return WEIR_OK;
}

/* The change is over: the next one of its name can begin. */
void wr_change_end(topic_change *change, weir_err err, wr_topic *topic)
{
    wr_topics *topics = change->topics;
    name_queue *queue = change->queue;
    wr_topic_done *done = change->done;
    void *user = change->user;
    change_free(change);
    queue->running = false;
    if (wr_list_empty(&queue->changes)) {
        wr_map_remove(topics->queues, weir_slice_of(queue->name));
        free(queue);
    } else {
        wr_list_append(&topics->startable, &queue->startable_link);
    }
    if (!topics->closing)
        done(user, err, topic);
}

static weir_err run_change(void *user)
{
    topic_change *change = user;
    return change->kind->run(change);
}

static void change_done(void *user, weir_err err)
{
    topic_change *change = user;
    change->kind->finish(change, err);
}

/* It has begun, so it must come to its end, which may be to take back what was made: memory that is out now is asked for
 * again. */
static void start_running(void *user)
{
    topic_change *change = user;
    wr_topics *topics = change->topics;
    weir_err err = WEIR_E_CLOSED;
    if (!topics->closing)
        err = wr_loop_work(topics->host.loop, &change->queue->orders[0], run_change, change_done, change);
    if (err != WEIR_OK && !topics->closing &&
        wr_timer_after_ms(topics->host.loop, &change->again, AGAIN_MS, start_running, change) == WEIR_OK)
        return;
    if (err != WEIR_OK)
        change->kind->finish(change, err);
}

static weir_err run_preparing(void *user)
{
    topic_change *change = user;
    return change->kind->prepare(change);
}

static void prepared(void *user, weir_err err)
{
    topic_change *change = user;
    if (change->err == WEIR_OK)
        change->err = err;
    if (--change->working_count > 0)
        return;
    if (change->kind->run)
        start_running(change);
    else
        change->kind->finish(change, change->err);
}

/* Each takes what nobody has taken, so fewer workers do the same: only when none can be started nothing is done. */
static void start_preparing(topic_change *change)
{
    int count = 1 + change->made_count / WR_PARTITIONS_PER_WORKER;
    count = count < WR_CHANGE_WORKER_COUNT ? count : WR_CHANGE_WORKER_COUNT;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && change->working_count < count) {
        wr_work_order *order = &change->queue->orders[change->working_count];
        err = wr_loop_work(change->topics->host.loop, order, run_preparing, prepared, change);
        change->working_count += err == WEIR_OK;
    }
    if (change->working_count > 0)
        return;
    change->working_count = 1;
    prepared(change, err);
}

static void go_on(topic_change *change)
{
    if (change->kind->prepare)
        start_preparing(change);
    else
        start_running(change);
}

void wr_change_release(void *user)
{
    topic_change *change = user;
    if (--change->held_count == 0)
        go_on(change);
}

static void begin(topic_change *change)
{
    name_queue *queue = change->queue;
    queue->running = true;
    weir_err err = change->kind->begin(change);
    if (err != WEIR_OK) {
        wr_change_end(change, err, NULL);
        return;
    }
    if (change->held_count == 0)
        go_on(change);
}

void wr_changes_begin(wr_topics *topics)
{
    for (wr_link *link; (link = wr_list_pop(&topics->startable));) {
        name_queue *queue = WR_LIST_ITEM(link, name_queue, startable_link);
        begin(WR_LIST_ITEM(wr_list_first(&queue->changes), topic_change, link));
    }
}

/* ---- life */

weir_err wr_changes_init(wr_topics *topics)
{
    topics->queues = wr_map_new(QUEUE_COUNT_MAX, wr_random_u64(topics->files.io));
    return topics->queues ? WEIR_OK : WEIR_E_MEMORY;
}

bool wr_changes_idle(const wr_topics *topics)
{
    return wr_map_count(topics->queues) == 0 && topics->removing_count == 0;
}

/* Waits for the works of the queue's change; the last that is told ends the change, and maybe the queue. */
static void cancel(wr_topics *topics, name_queue *queue)
{
    topic_change *change = WR_LIST_ITEM(wr_list_first(&queue->changes), topic_change, link);
    if (wr_timer_started(&change->again)) {
        wr_timer_stop(topics->host.loop, &change->again);
        change->kind->finish(change, WEIR_E_CLOSED);
        return;
    }
    int count = change->working_count > 0 ? WR_CHANGE_WORKER_COUNT : 1;
    for (int i = 0, left = change->working_count; i < count; i++) {
        bool under_way = queue->orders[i].under_way != NULL;
        bool last = count == 1 || (under_way && --left == 0);
        wr_loop_work_cancel(topics->host.loop, &queue->orders[i]);
        if (last)
            return;
    }
}

void wr_changes_fini(wr_topics *topics)
{
    topics->closing = true;
    wr_removals_fini(topics);
    name_queue *queue;
    for (size_t at = 0; topics->queues && (queue = wr_map_next(topics->queues, &at, NULL)); at = 0) {
        wr_link_remove(&queue->startable_link);
        if (queue->running)
            cancel(topics, queue);
        else
            wr_change_end(WR_LIST_ITEM(wr_list_first(&queue->changes), topic_change, link), WEIR_E_CLOSED, NULL);
    }
    wr_map_free(topics->queues);
    topics->queues = NULL;
}
