#include "retention.h"

#include "partition_int.h"
#include "topics.h"

#include <stdlib.h>

struct wr_retention {
    wr_broker *broker;
    wr_timer timer;
};

enum { SHORTEST_PAUSE_MS = 100 };

weir_err wr_retention_new(wr_broker *broker, wr_retention **ret_retention)
{
    wr_retention *retention = calloc(1, sizeof *retention);
    if (!retention)
        return WEIR_E_MEMORY;
    retention->broker = broker;
    *ret_retention = retention;
    return WEIR_OK;
}

void wr_retention_free(wr_retention *retention)
{
    if (retention)
        wr_timer_stop(retention->broker->loop, &retention->timer);
    free(retention);
}

/* Answers when this log wants to be asked again, -1: not before it has grown. */
static int64_t retain(wr_broker *broker, wr_partition *partition, int64_t now_ms)
{
    if (!partition->log || wr_log_broken(partition->log))
        return -1;
    int64_t start_offset = wr_log_start_offset(partition->log), next_ms = -1;
    weir_err err = wr_log_retain(partition->log, now_ms, &next_ms);
    if (err != WEIR_OK) {
        wr_trace_log(broker->trace, WR_ERROR, "cannot delete old segments", WR_TEXT("topic", partition->topic->name),
                     WR_NUMBER("partition", partition->index), WR_TEXT("error", weir_err_name(err)));
        return -1;
    }
    if (wr_log_start_offset(partition->log) != start_offset)
        wr_partition_stir(partition);
    return next_ms;
}

static void look(void *user)
{
    wr_retention *retention = user;
    wr_broker *broker = retention->broker;
    wr_broker_enter(broker);
    int64_t now_ms = wr_broker_now_ms(broker), next_ms = -1;
    for (wr_topic *topic = wr_topics_next(broker->topics, NULL); topic; topic = wr_topics_next(broker->topics, topic))
        for (int32_t i = 0; i < topic->partition_count; i++) {
            int64_t wanted_ms = retain(broker, topic->partitions[i], now_ms);
            if (wanted_ms >= 0 && (next_ms < 0 || wanted_ms < next_ms))
                next_ms = wanted_ms;
        }
    if (next_ms >= 0) {
        int64_t pause_ms = next_ms - now_ms > SHORTEST_PAUSE_MS ? next_ms - now_ms : SHORTEST_PAUSE_MS;
        if (pause_ms > INT32_MAX)
            pause_ms = INT32_MAX; /* 24 days: far enough, and cannot overflow */
        weir_err err = wr_timer_start(broker->loop, &retention->timer, wr_loop_now_us(broker->loop) + pause_ms * 1000,
                                      look, retention);
        (void)err; /* the next append tries again */
    }
    wr_broker_leave(broker);
}

void wr_retention_note(wr_retention *retention)
{
    wr_broker *broker = retention->broker;
    int64_t latest_us = wr_loop_now_us(broker->loop) + broker->config.retention_check_ms * 1000;
    if (wr_timer_started(&retention->timer) && retention->timer.deadline_us <= latest_us)
        return;
    weir_err err = wr_timer_start(broker->loop, &retention->timer, latest_us, look, retention);
    (void)err; /* the next append tries again */
}
