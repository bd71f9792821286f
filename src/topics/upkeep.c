/* Which logs have something to be kept up, and one work at a time for each of them (upkeep.h says when). */
#include "upkeep.h"

#include "partition_int.h"
#include "topic.h"

#include <stdlib.h>

struct wr_upkeep {
    wr_loop *loop;
    const wr_trace *trace;
    wr_flusher *flusher;
    wr_retention *retention;
    wr_list noted, working; /* by upkeep_link */
    bool closing;
};

weir_err wr_upkeep_new(wr_loop *loop, const wr_trace *trace, wr_flusher *flusher, wr_retention *retention,
                       wr_upkeep **ret_upkeep)
{
    wr_upkeep *upkeep = calloc(1, sizeof *upkeep);
    if (!upkeep)
        return WEIR_E_MEMORY;
    *upkeep = (wr_upkeep){.loop = loop, .trace = trace, .flusher = flusher, .retention = retention};
    wr_list_init(&upkeep->noted);
    wr_list_init(&upkeep->working);
    *ret_upkeep = upkeep;
    return WEIR_OK;
}

void wr_upkeep_free(wr_upkeep *upkeep)
{
    if (!upkeep)
        return;
    upkeep->closing = true;
    while (wr_list_pop(&upkeep->noted))
        ;
    for (wr_link *link; (link = wr_list_first(&upkeep->working));)
        wr_loop_work_cancel(upkeep->loop, &WR_LIST_ITEM(link, wr_partition, upkeep_link)->upkeep_order);
    free(upkeep);
}

bool wr_upkeep_unsettled(const wr_upkeep *upkeep)
{
    return !wr_list_empty(&upkeep->noted);
}

bool wr_upkeep_idle(const wr_upkeep *upkeep)
{
    return wr_list_empty(&upkeep->noted) && wr_list_empty(&upkeep->working);
}

void wr_upkeep_note(wr_upkeep *upkeep, wr_partition *partition)
{
    if (upkeep->closing || partition->detached || !partition->log)
        return;
    partition->upkeep = upkeep;
    if (!wr_link_linked(&partition->upkeep_link)) /* else noted already, or under way and noted when it returns */
        wr_list_append(&upkeep->noted, &partition->upkeep_link);
}

/* Nothing has changed, and nothing is lost. Unless somebody asks for records to be deleted, or appends, readers or a roll wait
 * for it, it is left alone until retention asks again, so that a full disk is not tried, and said, at every sync. */
static void failed(wr_upkeep *upkeep, wr_partition *partition, weir_err err)
{
    wr_trace_log(upkeep->trace, WR_ERROR,
                 "cannot write a log's checkpoint, or name, cut or delete segments; tried again later",
                 WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
                 WR_TEXT("error", weir_err_name(err)));
    wr_partition_fail_trims(partition, err);
    if (!wr_log_broken(partition->log))
        wr_retention_postpone(upkeep->retention, partition);
    if (!wr_list_empty(&partition->trims))
        wr_upkeep_note(upkeep, partition);
}

static weir_err run(void *user)
{
    const wr_partition *partition = user;
    return wr_log_upkeep_run(partition->log_upkeep);
}

static void returned(void *user, weir_err err)
{
    wr_partition *partition = user;
    wr_upkeep *upkeep = partition->upkeep;
    int64_t start_offset = wr_log_start_offset(partition->log), synced = wr_log_synced_offset(partition->log);
    wr_link_remove(&partition->upkeep_link);
    (void)wr_log_upkeep_end(partition->log_upkeep, err);
    partition->log_upkeep = NULL;
    if (partition->detached) {
        wr_partition_leave(partition);
        return;
    }
    if (upkeep->closing)
        return;
    wr_partition_tell(partition);
    bool moved = wr_log_start_offset(partition->log) != start_offset;
    if (moved)
        wr_partition_changed(partition);
    if (wr_log_synced_offset(partition->log) > synced || wr_log_broken(partition->log))
        wr_partition_synced(partition); /* who waited for the name of a segment */
    if (err != WEIR_OK) {
        failed(upkeep, partition, err);
        return;
    }
    partition->retain_after_us = 0;
    if (moved)
        wr_retention_ask(upkeep->retention, partition); /* when the files of what was deleted are to be removed */
    wr_upkeep_note(upkeep, partition);
}

static void begin(wr_upkeep *upkeep, wr_partition *partition)
{
    wr_log_upkeep *work;
    weir_err err = wr_log_upkeep_begin(partition->log, &work);
    if (err == WEIR_OK) {
        partition->log_upkeep = work;
        wr_link_remove(&partition->upkeep_link); /* who was told just now may have noted it again */
        wr_list_append(&upkeep->working, &partition->upkeep_link);
        err = wr_loop_work(upkeep->loop, &partition->upkeep_order, run, returned, partition);
        if (err == WEIR_OK)
            return;
        wr_link_remove(&partition->upkeep_link);
        partition->log_upkeep = NULL;
        (void)wr_log_upkeep_end(work, err);
    }
    failed(upkeep, partition, err);
}

static void look(wr_upkeep *upkeep, wr_partition *partition)
{
    wr_partition_pursue_trims(partition);
    bool waited_for = !wr_list_empty(&partition->trims);
    if (!waited_for && !wr_log_upkeep_presses_now(partition->log) &&
        partition->retain_after_us > wr_loop_now_us(upkeep->loop))
        return;
    if (wr_log_upkeep_due(partition->log))
        begin(upkeep, partition);
    else if (waited_for)
        wr_flusher_sync(upkeep->flusher, partition);
}

void wr_upkeep_kick(wr_upkeep *upkeep)
{
    wr_list batch; /* telling who waits may note others */
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(&upkeep->noted));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));)
        look(upkeep, WR_LIST_ITEM(link, wr_partition, upkeep_link));
}
