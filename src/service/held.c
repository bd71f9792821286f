/* Outbox rows that are refused and in doubt. The Kafka side's alone.
 *
 * A row in doubt is one that was handed to a producer that is gone: the process ended, or the producer broke, before it
 * was acknowledged; or one whose refusal followed an attempt that nobody answered. When such a row is refused now, the
 * broker may have it from then; with a new number, as other refused rows get one, it would be another event. So it keeps
 * its number and is held back, here in memory and in the table as a row to publish, and so is what follows it of its
 * key; after a minute they go again, in their order. Readers take it for what it is, new or known, since the floor stays
 * below it. Only when HELD_SPAN_MAX numbers were given meanwhile, which is about what readers remember, it is marked as
 * any other, with a line in the log.
 *
 *     refused → held → (a minute) → waiting → acknowledged, or refused again
 *                 ↘ an operator skips it → a mark for the next transaction, which sets it aside
 *
 * That a row is held is written into its row's `reason`, for the eyes of an operator; the operator's wish to skip it is
 * the row's sent_to, -1 (outbox_admin.c). The database's side looks for such wishes once a minute and hands their numbers
 * over; what is under way just then is offered again a minute later. */
#include "held.h"

#include <stdlib.h>

enum {
    HELD_MS = 60000,
    HELD_SPAN_MAX = HANDLED_MAX / 2,
};

static kept_record *row_of(wr_link *link)
{
    return WR_LIST_ITEM(link, kept_record, link);
}

bool wr_held_is_key(const publisher *publisher, const kept_record *row)
{
    if (wr_map_count(publisher->held_keys) == 0 || !row->record.key.data)
        return false;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    bool is_held =
        wr_map_find(publisher->held_keys, wr_publisher_key_name(&row->record, &name)) != NULL || wr_buf_failed(&name);
    wr_buf_fini(&name);
    return is_held;
}

void wr_held_is_over(publisher *publisher, kept_record *row)
{
    publisher->held_count -= row->is_held;
    row->is_held = false;
}

static void hold(publisher *publisher, kept_record *row, const char *reason)
{
    if (publisher->held_count == 0 || row->sequence < publisher->held_low)
        publisher->held_low = row->sequence;
    const outbox_mark shown = {.sequence = row->sequence, .state = OUTBOX_TO_PUBLISH};
    if (!row->is_held && !wr_publisher_mark(publisher, &shown, reason))
        publisher->is_out_of_memory = true; /* which ends the core */
    publisher->held_count += !row->is_held;
    row->is_held = true;
    /* What was under way together is refused one after the other, and others were held back meanwhile. */
    wr_link *before = publisher->held.head.prev;
    while (before != &publisher->held.head && row_of(before)->sequence > row->sequence)
        before = before->prev;
    wr_list_insert(before, &row->link);
}

void wr_held_take_behind(wr_core *core, kept_record *row)
{
    row->was_refused = false;
    hold(&core->publisher, row, "behind another");
}

bool wr_held_take_refused(wr_core *core, kept_record *row, const char *reason)
{
    publisher *publisher = &core->publisher;
    if (!row->is_in_doubt && !wr_held_is_key(publisher, row))
        return false;
    if (row->record.key.data && !wr_held_is_key(publisher, row)) {
        wr_buf name;
        wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
        weir_slice bytes = wr_publisher_key_name(&row->record, &name);
        weir_err err = wr_buf_failed(&name) ? WEIR_E_MEMORY : wr_map_add(publisher->held_keys, bytes, core);
        wr_buf_fini(&name);
        if (err != WEIR_OK)
            return false;
    }
    if (wr_list_empty(&publisher->held))
        publisher->held_due_ms = wr_clock_ms(core) + (publisher->retries_now ? 0 : HELD_MS);
    row->was_refused = true;
    hold(publisher, row, *reason ? reason : "refused");
    wr_publisher_log_refusal(core, row,
                             "the broker refuses an event that it may have taken before: its key waits, and is tried "
                             "again every minute; remove the cause, or set the event aside with: weir outbox skip "
                             "DATABASE SEQUENCE",
                             reason);
    return true;
}

static void forget_keys(publisher *publisher)
{
    weir_slice name;
    for (size_t at = 0; wr_map_next(publisher->held_keys, &at, &name);)
        wr_map_remove(publisher->held_keys, name);
}

/* In front of all others, in their order. */
static void send_again(publisher *publisher)
{
    for (wr_link *link; (link = wr_list_pop_last(&publisher->held));) {
        wr_list_insert(&publisher->waiting.head, link);
        publisher->waiting_count++;
    }
    forget_keys(publisher);
    publisher->refusals_logged = 0;
}

static void give_up(wr_core *core)
{
    publisher *publisher = &core->publisher;
    wr_trace_log(core->trace, WR_WARN,
                 "events that the broker refuses may have been published before the process ended, and get new numbers "
                 "now: readers may count them twice",
                 WR_NUMBER("first", publisher->held_low), WR_NUMBER("events", (int64_t)publisher->held_count));
    forget_keys(publisher);
    for (wr_link *link; (link = wr_list_pop(&publisher->held));) {
        kept_record *row = row_of(link);
        if (row->was_refused)
            wr_publisher_refuse(core, row, OUTBOX_REFUSED, "refused again, after it may have been published");
        else
            wr_publisher_refuse(core, row, OUTBOX_BEHIND, "behind another");
    }
}

/* Some of them may be over by now. */
static void find_low(publisher *publisher)
{
    const wr_list *lists[] = {&publisher->held, &publisher->waiting, &publisher->sent};
    publisher->held_low = INT64_MAX;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (wr_link *link = wr_list_first(lists[i]); link; link = wr_list_next(lists[i], link))
            if (row_of(link)->is_held && row_of(link)->sequence < publisher->held_low)
                publisher->held_low = row_of(link)->sequence;
}

void wr_held_look_after(wr_core *core)
{
    publisher *publisher = &core->publisher;
    if (wr_list_empty(&publisher->held))
        return;
    if (publisher->taken_to - publisher->held_low > HELD_SPAN_MAX)
        find_low(publisher);
    if (publisher->taken_to - publisher->held_low > HELD_SPAN_MAX)
        give_up(core);
    else if (wr_clock_ms(core) >= publisher->held_due_ms)
        send_again(publisher);
}

void wr_held_skip(wr_core *core, const int64_t *sequences, size_t count)
{
    publisher *publisher = &core->publisher;
    size_t i = 0;
    for (wr_link *link = wr_list_first(&publisher->held), *next; link && i < count; link = next) {
        kept_record *row = row_of(link);
        next = wr_list_next(&publisher->held, link);
        while (i < count && sequences[i] < row->sequence)
            i++;
        if (i == count || sequences[i] != row->sequence ||
            !wr_publisher_mark(publisher, &(outbox_mark){.sequence = row->sequence, .state = OUTBOX_TO_SET_ASIDE}, ""))
            continue;
        wr_link_remove(link);
        wr_held_is_over(publisher, row);
        atomic_fetch_sub(&core->numbers.outbox_rows, 1);
        free(row);
        publisher->held_due_ms = wr_clock_ms(core); /* what has waited for it may go */
    }
}
