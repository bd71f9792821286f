#include "needed_topics.h"

#include <client/client.h>
#include <service/core.h>

#include <stdio.h>
#include <string.h>

enum {
    REACH_MS = 800,
    KAFKA_TIMEOUT_MS = 5000,
    KAFKA_RETRY_MS = 500,
    KAFKA_BATCH_SIZE = 1048588 /* a topic's default */
};

/* Until a broker answers; WEIR_E_CLOSED when we are told to stop before. Said within REACH_MS, with host and cause. */
static weir_err wait_for_kafka(const wr_needed_topics *needed, weir_failure *failure)
{
    for (bool has_warned = false;;) {
        weir_failure why = {0};
        weir_err err = wr_client_reach(needed->client, REACH_MS, &why);
        char waits[300];
        snprintf(waits, sizeof waits, "waiting for Kafka at %.60s: %.200s",
                 wr_config_text(needed->config, "bootstrap.servers"), why.sentence);
        wr_routes_say(needed->routes, err == WEIR_OK ? NULL : waits);
        if (err == WEIR_OK && has_warned)
            wr_trace_log(needed->trace, WR_INFO, "Kafka is reached");
        if (err != WEIR_E_UNREACHABLE && err != WEIR_E_TIMEOUT)
            return err == WEIR_OK ? err : weir_fail(failure, err, "%.200s", why.sentence);
        if (!has_warned)
            wr_trace_log(needed->trace, WR_WARN, "waiting for Kafka",
                         WR_TEXT("bootstrap.servers", wr_config_text(needed->config, "bootstrap.servers")),
                         WR_TEXT("error", why.sentence));
        has_warned = true;
        if (wr_stop_asked(needed->stop))
            return WEIR_E_CLOSED;
    }
}

/* Again while it is only not the time for it; WEIR_E_CLOSED when we are told to stop before. */
static weir_err make_topic(const wr_needed_topics *needed, const char *topic, int partition_count, int64_t size_max,
                           weir_failure *failure)
{
    char size[24];
    snprintf(size, sizeof size, "%lld", (long long)size_max);
    const weir_attribute larger = {"max.message.bytes", size};
    size_t config_count = size_max > KAFKA_BATCH_SIZE ? 1 : 0;
    for (bool has_warned = false;;) {
        weir_failure why = {0};
        weir_err err = wr_admin_create_topic(needed->client, topic, partition_count,
                                             (int16_t)wr_config_int(needed->config, "topic.replication"), &larger,
                                             config_count, KAFKA_TIMEOUT_MS, &why);
        if (err == WEIR_OK || err == WEIR_E_EXISTS)
            return WEIR_OK;
        if (err != WEIR_E_UNREACHABLE && err != WEIR_E_TIMEOUT && err != WEIR_E_AGAIN)
            return weir_fail(failure, err, "topic %s cannot be made: %.180s", topic, why.sentence);
        if (!has_warned)
            wr_trace_log(needed->trace, WR_WARN, "a topic cannot be made yet", WR_TEXT("topic", topic),
                         WR_TEXT("error", why.sentence));
        has_warned = true;
        if (wr_stop_wait(needed->stop, KAFKA_RETRY_MS))
            return WEIR_E_CLOSED;
    }
}

/* One partition, so that events come back in the order in which they were put there. A service does not fail for it: who
 * may not make it has no events put back. */
static weir_err make_redrive_topic(const wr_needed_topics *needed, int64_t size_max)
{
    if (!needed->redrive[0])
        return WEIR_OK;
    weir_failure why = {0};
    weir_err err = make_topic(needed, needed->redrive, 1, size_max, &why);
    if (err == WEIR_OK || err == WEIR_E_CLOSED)
        return err;
    wr_trace_log(needed->trace, WR_WARN, "events cannot be put back for this service: it reads no topic for them",
                 WR_TEXT("topic", needed->redrive), WR_TEXT("error", why.sentence));
    needed->redrive[0] = 0;
    return WEIR_OK;
}

weir_err wr_needed_topics_make(const wr_needed_topics *needed, weir_failure *failure)
{
    int partition_count = (int)wr_config_int(needed->config, "topic.partitions");
    if (partition_count == 0)
        return WEIR_OK;
    /* A topic takes what may be emitted to it, and a dead letter is longer than any record. */
    int64_t size_max = wr_config_int(needed->config, "message.size.max");
    int64_t letter_max = size_max > WR_DEAD_LETTER_SIZE_MAX ? size_max : WR_DEAD_LETTER_SIZE_MAX;
    weir_err reached = wait_for_kafka(needed, failure);
    if (reached != WEIR_OK)
        return reached;
    const char *lists[] = {needed->service->consumes, needed->service->produces};
    char topic[300];
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const char *at = lists[i]; at && *at && err == WEIR_OK;) {
            size_t size = strcspn(at, ", ");
            snprintf(topic, sizeof topic, "%s%.*s", wr_config_text(needed->config, "topic.prefix"), (int)size, at);
            if (size)
                err = make_topic(needed, topic, partition_count, size_max, failure);
            at += size + (at[size] != 0);
        }
    snprintf(topic, sizeof topic, "%s%s.dlq", wr_config_text(needed->config, "topic.prefix"), needed->name);
    if (err == WEIR_OK && needed->service->consumes)
        err = make_topic(needed, topic, partition_count, letter_max, failure);
    return err == WEIR_OK ? make_redrive_topic(needed, letter_max) : err;
}
