/* Opening logs again that could not be opened (logs.h says which): a change of each topic that has some, so that nobody
 * grows, configures or deletes the topic meanwhile, and its directories stay where they are. */
#include "topics_change_int.h"

#include "logs.h"

#include <stdlib.h>

enum { REOPEN_MS = 5000 };

static weir_err reopen_begin(topic_change *change)
{
    wr_topics *topics = change->topics;
    change->topic = wr_topics_find(topics, weir_slice_of(change->queue->name));
    if (!change->topic)
        return WEIR_E_NOT_FOUND;
    change->openings = malloc(sizeof *change->openings);
    if (!change->openings)
        return WEIR_E_MEMORY;
    wr_log_openings_init(change->openings, &topics->files, &topics->config, false);
    weir_err err = WEIR_OK;
    for (int32_t i = 0; err == WEIR_OK && i < change->topic->partition_count; i++)
        if (wr_partition_waits(change->topic->partitions[i]))
            err = wr_log_openings_add(change->openings, change->topic->partitions[i]);
    change->made_count = (int32_t)change->openings->count;
    return err;
}

static weir_err reopen_some(topic_change *change)
{
    wr_log_openings_run(change->openings);
    return WEIR_OK;
}

static void reopen_finish(topic_change *change, weir_err err)
{
    if (err == WEIR_OK)
        wr_log_openings_give(change->openings, change->topics);
    wr_change_end(change, err, NULL);
}

static const change_kind reopen_kind = {reopen_begin, reopen_some, NULL, reopen_finish};

/* What could not even be begun is tried again like what could not be opened. */
static void reopened(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    if (err == WEIR_E_MEMORY)
        wr_logs_reopen_later(user);
}

static bool waits(const wr_topic *topic)
{
    for (int32_t i = 0; i < topic->partition_count; i++)
        if (wr_partition_waits(topic->partitions[i]))
            return true;
    return false;
}

static void reopen(void *user)
{
    wr_topics *topics = user;
    for (wr_topic *topic = wr_topics_next(topics, NULL); topic; topic = wr_topics_next(topics, topic)) {
        if (!waits(topic))
            continue;
        weir_err err = wr_change_ask(topics, &reopen_kind, weir_slice_of(topic->name), 0, NULL, reopened, topics, NULL);
        if (err != WEIR_OK)
            wr_logs_reopen_later(topics);
    }
}

void wr_logs_reopen_later(wr_topics *topics)
{
    weir_err err = WEIR_OK;
    if (!topics->closing && !wr_timer_started(&topics->reopen_timer))
        err = wr_timer_after_ms(topics->host.loop, &topics->reopen_timer, REOPEN_MS, reopen, topics);
    if (err != WEIR_OK)
        wr_trace_log(topics->host.trace, WR_ERROR, "closed partitions stay closed until a restart: out of memory");
}
