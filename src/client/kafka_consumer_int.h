/* Inside the consumer on librdkafka: kafka_consumer.c and kafka_rebalance.c. */
#ifndef WR_KAFKA_CONSUMER_INT_H
#define WR_KAFKA_CONSUMER_INT_H

#include "kafka_int.h"

enum { WR_KAFKA_IDS_MS = 1500 }; /* how long an assignment waits for the ids of its topics */

typedef struct kafka_consumer {
    wr_consumer door;
    wr_kafka_handle handle;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    wr_kafka_ids *ids;           /* NULL: nobody wants to know, or they cannot be known */
    wr_kafka_queues given;       /* queues of the partitions of this assignment */
    wr_consumer_options options; /* group is dup'd */
    char *group;
    rd_kafka_message_t **messages; /* of the last poll, beside records */
    wr_client_record *records;
    size_t count, capacity;
    weir_arena *arena; /* headers of the records */
    atomic_bool woken;
    weir_failure held; /* an error that came behind records: the next poll's. err WEIR_OK: none */
    bool out_of_memory, told_unreachable;
} kafka_consumer;

/* librdkafka's callback, within a poll: opaque is the consumer's handle. */
void wr_kafka_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                        void *opaque);

#endif
