/* Ending what librdkafka runs, within a time.
 *
 * rd_kafka_destroy waits for the threads of all brokers, and such a thread ends when nobody refers to its broker any
 * more. In librdkafka 2.0.2 one reference stays for good: when a topic goes away, a partition that a consumer had been
 * given of it is taken out of the topic's lists, and lives on by the references that others hold. It holds one itself,
 * in a circle:
 *
 *     partition ──► its queue ──► a version barrier that waits there ──► partition ──► its leader ──► the broker
 *
 * The barrier comes of taking the partition away: stopping its fetcher cuts the queue off from the consumer's, and the
 * resume that always follows leaves a barrier in the queue that now nobody reads. For a topic that still exists
 * destroying empties the queue; what was taken out of the lists is not found. So the consumer keeps the queues of all
 * partitions that it was given (wr_kafka_queues) and empties them itself when their fetchers have stopped, which breaks
 * the circle.
 *
 * There may be other such circles. So whatever ends a handle does so on a thread of its own, for which we wait for
 * DESTROY_MS; then it is left behind with all that it may still use, silent, and the client counts it: who has one left
 * behind ends the process without waiting for threads (wr_self_exit). */
#include "kafka_int.h"

#include <base/array.h>
#include <io/stop.h>

#include <stdlib.h>

enum { DESTROY_MS = 3000, QUEUE_COUNT_MAX = 1 << 24 };

/* ---- queues of partitions */

bool wr_kafka_queues_hold(wr_kafka_queues *queues, rd_kafka_t *kafka, const rd_kafka_topic_partition_list_t *list)
{
    size_t wanted = queues->count + (size_t)list->cnt;
    if (WR_ARRAY_RESERVE(queues->queues, queues->capacity, wanted, QUEUE_COUNT_MAX) != WEIR_OK)
        return false;
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(kafka, list->elems[i].topic, list->elems[i].partition);
        if (queue)
            queues->queues[queues->count++] = queue;
    }
    return true;
}

void wr_kafka_queues_drop(wr_kafka_queues *queues)
{
    for (size_t i = 0; i < queues->count; i++) {
        /* Barriers are consumed by looking for something else; what else is there belongs to nobody any more. */
        for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(queues->queues[i], 0));)
            rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queues->queues[i]);
    }
    free(queues->queues);
    *queues = (wr_kafka_queues){0};
}

/* ---- handles */

typedef struct ending {
    rd_kafka_t *kafka;
    int flags;
} ending;

static void destroy(void *user)
{
    ending *end = user;
    rd_kafka_destroy_flags(end->kafka, end->flags);
}

bool wr_kafka_end(rd_kafka_t *kafka, int flags)
{
    wr_kafka_handle *handle = rd_kafka_opaque(kafka);
    ending *end = malloc(sizeof(*end));
    if (!end) {
        rd_kafka_destroy_flags(kafka, flags);
        return true;
    }
    *end = (ending){kafka, flags};
    if (wr_run_within(DESTROY_MS, destroy, end)) {
        free(end);
        return true;
    }
    wr_trace_log(handle->trace, WR_WARN, "librdkafka does not end; its threads are left behind");
    atomic_store(&handle->trace, NULL);
    if (handle->left_behind)
        atomic_fetch_add(handle->left_behind, 1);
    return false;
}
