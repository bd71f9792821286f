/* One timer and the list of partitions that it will ask (retention.h says when). */
#include "retention.h"

#include "partition_int.h"
#include "topic.h"

#include <base/time.h>

#include <stdlib.h>

struct wr_retention {
    wr_loop *loop;
    const wr_trace *trace;
    int64_t check_ms;
    wr_list noted; /* partitions, by retained_link */
    wr_list due;   /* those that are asked now, a piece in each round of the loop */
    wr_timer timer, piece;
};

enum {
    SHORTEST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 60 * 60 * 1000, /* what is due is due by the wall clock, which may be set */
    AGAIN_MS = 60 * 1000,              /* after a failure */
    PIECE_COUNT = 64,                  /* partitions asked in one round: thousands may be due at once */
};

weir_err wr_retention_new(wr_loop *loop, const wr_trace *trace, int64_t check_ms, wr_retention **ret_retention)
{
    wr_retention *retention = calloc(1, sizeof *retention);
    if (!retention)
        return WEIR_E_MEMORY;
    retention->loop = loop;
    retention->trace = trace;
    retention->check_ms = check_ms;
    wr_list_init(&retention->noted);
    wr_list_init(&retention->due);
    *ret_retention = retention;
    return WEIR_OK;
}

void wr_retention_free(wr_retention *retention)
{
    if (!retention)
        return;
    wr_timer_stop(retention->loop, &retention->timer);
    wr_timer_stop(retention->loop, &retention->piece);
    while (wr_list_pop(&retention->noted) || wr_list_pop(&retention->due))
        ;
    free(retention);
}

static void look(void *user);

static void start_timer(wr_retention *retention, int64_t pause_ms)
{
    int64_t deadline_us = wr_time_after_ms(wr_loop_now_us(retention->loop), pause_ms);
    if (wr_timer_started(&retention->timer) && retention->timer.deadline_us <= deadline_us)
        return;
    weir_err err = wr_timer_start(retention->loop, &retention->timer, deadline_us, look, retention);
    (void)err; /* the next append tries again */
}

/* Asks the log, and notes it until it wants to be asked again, if it does before it has grown. */
static void ask(wr_retention *retention, wr_partition *partition, int64_t now_ms)
{
    if (wr_partition_broken(partition))
        return;
    int64_t next_ms = -1, left_us = partition->retain_after_us - wr_loop_now_us(retention->loop);
    if (left_us > 0) {
        next_ms = wr_time_add_ms(now_ms, left_us / 1000 + 1);
    } else {
        weir_err err = wr_log_look(partition->log, now_ms, &next_ms);
        wr_partition_tell(partition);
        if (err != WEIR_OK) {
            wr_trace_log(retention->trace, WR_ERROR, "cannot delete old segments",
                         WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
                         WR_TEXT("error", weir_err_name(err)));
            next_ms = wr_log_broken(partition->log) ? -1 : wr_time_add_ms(now_ms, AGAIN_MS);
        }
        wr_partition_keep_up(partition);
    }
    if (next_ms < 0)
        return;
    wr_list_append(&retention->noted, &partition->retained_link);
    int64_t pause_ms = next_ms - now_ms > SHORTEST_PAUSE_MS ? next_ms - now_ms : SHORTEST_PAUSE_MS;
    start_timer(retention, pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS);
}

static void look_on(void *user)
{
    wr_retention *retention = user;
    int64_t now_ms = wr_now_ms(wr_loop_io(retention->loop));
    weir_err err = WEIR_E_AGAIN;
    while (err != WEIR_OK && !wr_list_empty(&retention->due)) {
        for (int i = 0; i < PIECE_COUNT && !wr_list_empty(&retention->due); i++)
            ask(retention, WR_LIST_ITEM(wr_list_pop(&retention->due), wr_partition, retained_link), now_ms);
        if (!wr_list_empty(&retention->due)) /* what is due now might run in this round again; without memory it does */
            err = wr_timer_start(retention->loop, &retention->piece, wr_loop_now_us(retention->loop) + 1, look_on,
                                 retention);
    }
}

static void look(void *user)
{
    wr_retention *retention = user;
    for (wr_link *link; (link = wr_list_pop(&retention->noted));)
        wr_list_append(&retention->due, link);
    look_on(retention);
}

void wr_retention_ask(wr_retention *retention, wr_partition *partition)
{
    wr_link_remove(&partition->retained_link);
    ask(retention, partition, wr_now_ms(wr_loop_io(retention->loop)));
}

void wr_retention_postpone(wr_retention *retention, wr_partition *partition)
{
    int64_t pause_ms = wr_log_upkeep_pressing(partition->log) ? WR_LOG_RETRY_MS : AGAIN_MS;
    partition->retain_after_us = wr_time_after_ms(wr_loop_now_us(retention->loop), pause_ms);
    wr_retention_ask(retention, partition);
}

void wr_retention_note(wr_retention *retention, wr_partition *partition)
{
    if (!wr_link_linked(&partition->retained_link))
        wr_list_append(&retention->noted, &partition->retained_link);
    start_timer(retention, retention->check_ms);
}

void wr_retention_forget(wr_partition *partition)
{
    wr_link_remove(&partition->retained_link);
}
