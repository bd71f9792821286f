/* Which partitions a consumer of a group has.
 *
 *     group gives ──► assigned: the caller says where each is read from ──► fetched
 *     group wants back ──► what is collected of them is dropped ──► revoked ──► given back
 *
 * Rebalances are eager (assignors range, then roundrobin): all partitions are given back before any is taken, so that a
 * service has one moment at which it knows exactly what it owns and takes its ownership epochs; range also gives one
 * member the same partition numbers of all its topics. */
#include "kafka_consumer_int.h"

#include <base/list.h>

#include <stdlib.h>

/* Partitions go away while a poll collects: what it has of them is the next owner's to read. */
static void drop_revoked(kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < consumer->count; i++) {
        const wr_client_record *record = &consumer->records[i];
        if (rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)(uintptr_t)list, record->topic,
                                               record->partition)) {
            rd_kafka_message_destroy(consumer->messages[i]);
            continue;
        }
        consumer->messages[kept] = consumer->messages[i];
        consumer->records[kept++] = *record;
    }
    consumer->count = kept;
}

static wr_assignment *to_assignments(const rd_kafka_topic_partition_list_t *list)
{
    wr_assignment *assignments = calloc((size_t)list->cnt + 1, sizeof(*assignments));
    for (int i = 0; assignments && i < list->cnt; i++)
        assignments[i] = (wr_assignment){list->elems[i].topic, list->elems[i].partition, WR_OFFSET_COMMITTED};
    return assignments;
}

static void take(kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    wr_assignment *assignments = to_assignments(list);
    if (!assignments) {
        consumer->out_of_memory = true;
        rd_kafka_assign(consumer->kafka, NULL);
        return;
    }
    if (list->cnt)
        wr_kafka_ids_refresh(consumer->ids, WR_KAFKA_IDS_MS);
    for (int i = 0; i < list->cnt; i++)
        assignments[i].topic_id = wr_kafka_ids_tell(consumer->ids, assignments[i].topic);
    if (consumer->options.assigned)
        consumer->options.assigned(consumer->options.user, assignments, (size_t)list->cnt);
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = assignments[i].start_offset; /* -1001 is librdkafka's "as committed", too */
    wr_kafka_queues_drop(&consumer->given); /* those of an assignment that was given back and has stopped */
    rd_kafka_assign(consumer->kafka, list);
    if (!wr_kafka_queues_hold(&consumer->given, consumer->kafka, list))
        consumer->out_of_memory = true;
    free(assignments);
}

static void give_back(kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list, bool lost)
{
    drop_revoked(consumer, list);
    wr_assignment *assignments = to_assignments(list);
    if (!assignments)
        consumer->out_of_memory = true; /* the poll says so, and a broken consumer owns nothing */
    else if (consumer->options.revoked && list->cnt)
        consumer->options.revoked(consumer->options.user, assignments, (size_t)list->cnt, lost);
    rd_kafka_assign(consumer->kafka, NULL);
    free(assignments);
}

void wr_kafka_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                        void *opaque)
{
    kafka_consumer *consumer = WR_LIST_ITEM(opaque, kafka_consumer, handle);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        take(consumer, list);
    else
        give_back(consumer, list, rd_kafka_assignment_lost(kafka) != 0);
}
