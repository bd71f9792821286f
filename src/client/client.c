/* The door: hands each call to the implementation that made the object. */
#include "client_int.h"

/* Kafka's format counts in variable-length numbers of up to five bytes (ten for a timestamp); librdkafka and the broker
 * both allow for the longest. */
size_t wr_record_size(const wr_client_record *record)
{
    enum { BATCH_OVERHEAD = 61, RECORD_OVERHEAD = 36, HEADER_OVERHEAD = 10 };
    size_t size = BATCH_OVERHEAD + RECORD_OVERHEAD + record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += HEADER_OVERHEAD + strlen(record->headers[i].name) + record->headers[i].value.size;
    return size;
}

bool wr_client_free(wr_client *client)
{
    return !client || client->ops->client_free(client);
}

weir_err wr_client_check(wr_client *client, const char *group, weir_failure *failure)
{
    return client->ops->check ? client->ops->check(client, group, failure) : WEIR_OK;
}

weir_err wr_client_reach(wr_client *client, int timeout_ms, weir_failure *failure)
{
    return client->ops->reach(client, timeout_ms, failure);
}

weir_err wr_producer_new(wr_client *client, const wr_producer_options *options, wr_producer **ret_producer,
                         weir_failure *failure)
{
    return client->ops->producer_new(client, options, ret_producer, failure);
}

weir_err wr_producer_send(wr_producer *producer, const wr_client_record *record, void *cookie)
{
    return producer->ops->send(producer, record, cookie);
}

void wr_producer_poll(wr_producer *producer, int timeout_ms, void (*done)(void *user, const wr_delivery *delivery),
                      void *user)
{
    producer->ops->poll(producer, timeout_ms, done, user);
}

size_t wr_producer_pending(const wr_producer *producer)
{
    return producer->ops->pending(producer);
}

void wr_producer_on_ready(wr_producer *producer, void (*ready)(void *user), void *user)
{
    producer->ops->on_ready(producer, ready, user);
}

void wr_producer_free(wr_producer *producer)
{
    if (producer)
        producer->ops->free(producer);
}

weir_err wr_consumer_new(wr_client *client, const wr_consumer_options *options, wr_consumer **ret_consumer,
                         weir_failure *failure)
{
    return client->ops->consumer_new(client, options, ret_consumer, failure);
}

weir_err wr_consumer_subscribe(wr_consumer *consumer, const char *const *topics, size_t count, weir_failure *failure)
{
    return consumer->ops->subscribe(consumer, topics, count, failure);
}

weir_err wr_consumer_assign(wr_consumer *consumer, const wr_assignment *assignments, size_t count,
                            weir_failure *failure)
{
    return consumer->ops->assign(consumer, assignments, count, failure);
}

weir_err wr_consumer_poll(wr_consumer *consumer, size_t max, int timeout_ms, const wr_client_record **ret_records,
                          size_t *ret_count, weir_failure *failure)
{
    return consumer->ops->poll(consumer, max, timeout_ms, ret_records, ret_count, failure);
}

wr_polled *wr_consumer_take(wr_consumer *consumer)
{
    return consumer->ops->take(consumer);
}

const wr_client_record *wr_polled_records(const wr_polled *polled, size_t *ret_count)
{
    *ret_count = polled->count;
    return polled->records;
}

void wr_polled_free(wr_polled *polled)
{
    if (polled)
        polled->free(polled);
}

void wr_consumer_wake(wr_consumer *consumer)
{
    consumer->ops->wake(consumer);
}

int64_t wr_consumer_end(const wr_consumer *consumer, const char *topic, int32_t partition)
{
    return consumer->ops->end(consumer, topic, partition);
}

int64_t wr_consumer_looks(const wr_consumer *consumer)
{
    return consumer->ops->looks(consumer);
}

void wr_consumer_reach(wr_consumer *consumer, wr_reach *ret_reach)
{
    consumer->ops->reach(consumer, ret_reach);
}

weir_err wr_consumer_pause(wr_consumer *consumer, const char *topic, int32_t partition, bool paused)
{
    return consumer->ops->pause(consumer, topic, partition, paused);
}

weir_err wr_consumer_seek(wr_consumer *consumer, const char *topic, int32_t partition, int64_t offset)
{
    return consumer->ops->seek(consumer, topic, partition, offset);
}

weir_err wr_consumer_commit(wr_consumer *consumer, const wr_assignment *positions, size_t count, bool wait)
{
    return consumer->ops->commit(consumer, positions, count, wait);
}

void wr_consumer_free(wr_consumer *consumer)
{
    if (consumer)
        consumer->ops->free(consumer);
}

weir_err wr_admin_describe(wr_client *client, const char *topic, bool offsets, int timeout_ms, weir_arena *arena,
                           wr_cluster_info *ret_info, weir_failure *failure)
{
    return client->ops->describe(client, topic, offsets, timeout_ms, arena, ret_info, failure);
}

weir_err wr_admin_create_topic(wr_client *client, const char *topic, int32_t partition_count, int16_t replication,
                               const weir_attribute *configs, size_t config_count, int timeout_ms,
                               weir_failure *failure)
{
    return client->ops->create_topic(client, topic, partition_count, replication, configs, config_count, timeout_ms,
                                     failure);
}

weir_err wr_admin_delete_topic(wr_client *client, const char *topic, int timeout_ms, weir_failure *failure)
{
    return client->ops->delete_topic(client, topic, timeout_ms, failure);
}

weir_err wr_admin_topic_config(wr_client *client, const char *topic, int timeout_ms, weir_arena *arena,
                               const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    return client->ops->topic_config(client, topic, timeout_ms, arena, ret_configs, ret_count, failure);
}

weir_err wr_admin_offset_at(wr_client *client, const char *topic, int32_t partition, int64_t time_ms, int timeout_ms,
                            int64_t *ret_offset, weir_failure *failure)
{
    return client->ops->offset_at(client, topic, partition, time_ms, timeout_ms, ret_offset, failure);
}

weir_err wr_admin_groups(wr_client *client, int timeout_ms, weir_arena *arena, const wr_group_info **ret_groups,
                         size_t *ret_count, weir_failure *failure)
{
    return client->ops->groups(client, timeout_ms, arena, ret_groups, ret_count, failure);
}

weir_err wr_admin_group(wr_client *client, const char *group, int timeout_ms, weir_arena *arena,
                        wr_group_info *ret_group, weir_failure *failure)
{
    return client->ops->group(client, group, timeout_ms, arena, ret_group, failure);
}

weir_err wr_admin_broker_config(wr_client *client, int32_t broker, int timeout_ms, weir_arena *arena,
                                const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    return client->ops->broker_config(client, broker, timeout_ms, arena, ret_configs, ret_count, failure);
}

weir_err wr_admin_set_topic_config(wr_client *client, const char *topic, const weir_attribute *configs,
                                   size_t config_count, bool validate, int timeout_ms, weir_failure *failure)
{
    return client->ops->set_topic_config(client, topic, configs, config_count, validate, timeout_ms, failure);
}

weir_err wr_admin_add_partitions(wr_client *client, const char *topic, int32_t partition_count, bool validate,
                                 int timeout_ms, weir_failure *failure)
{
    return client->ops->add_partitions(client, topic, partition_count, validate, timeout_ms, failure);
}

weir_err wr_admin_set_group_offsets(wr_client *client, const char *group, const wr_assignment *positions, size_t count,
                                    int timeout_ms, weir_failure *failure)
{
    return client->ops->set_group_offsets(client, group, positions, count, timeout_ms, failure);
}

weir_err wr_admin_delete_group(wr_client *client, const char *group, int timeout_ms, weir_failure *failure)
{
    return client->ops->delete_group(client, group, timeout_ms, failure);
}
