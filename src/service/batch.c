/* The unit of work: one transaction for what a turn has to do.
 *
 *   begin → rows that other programs inserted → parked events that are due → records of the poll → commands
 *         → timers that are due → positions, senders, marks of the outbox → commit
 *         → rows of the outbox may be published; commands are answered; held records are given back
 *
 * When more rows were inserted than one transaction takes, it takes them and does nothing else: records and commands go
 * back to the front of where they wait, and have their turn, as timers have, when the rows that were there before them
 * have been taken.
 *
 * Each event and each command has a savepoint of its own: what it did is kept or undone without the others. An error of
 * the batch itself (a full disk, a handler that stops the service) rolls all of it back and ends the core; commands are
 * told that nothing was done, or, when it was the commit that failed, that it is in doubt. A record whose topic has an
 * open breaker is neither handled nor counted: its position stays, and the consumer reads it again later. */
#include "core_int.h"
#include "idempotency.h"

#include <stdio.h>

enum { COMMAND_BATCH_MAX = 512, BEGIN_ATTEMPT_MAX = 3 };

static weir_err handle_record(wr_core *core, const wr_client_record *record, const chunk_item *item,
                              weir_failure *failure)
{
    if (!wr_inbox_is_ours(item))
        return WEIR_OK;
    if (wr_breaker_holds(core, record->topic)) {
        wr_inbox_hold(core, item->position, record);
        return WEIR_OK;
    }
    wr_inbox_admit(core, item->position, record);
    count_up(&core->numbers.events, 1);
    handling handling;
    wr_attempt_begin(core, record, 0);
    weir_err err = wr_handle(core, record, item->event, wr_attempts_of(core, record), true, &handling, failure);
    if (err != WEIR_OK || handling.outcome != OUTCOME_RETRY)
        return err;
    int64_t due_ms = wr_clock_ms(core) + wr_retry_delay_ms(core, &handling.handler->retry, handling.attempts);
    return wr_parked_add(core, record, handling.attempts, due_ms, handling.reason, failure);
}

static weir_err handle_records(wr_core *core, weir_failure *failure)
{
    weir_err err = wr_inbox_begin(core, failure);
    for (wr_link *link = wr_list_first(&core->batch); link; link = wr_list_next(&core->batch, link)) {
        const chunk *chunk = WR_LIST_ITEM(link, struct chunk, link);
        core->looks = chunk->looks;
        for (size_t i = 0; i < chunk->count && err == WEIR_OK; i++)
            err = handle_record(core, &chunk->records[i], &chunk->items[i], failure);
    }
    return err;
}

static weir_err run_command(wr_core *core, wr_core_command *command, weir_failure *failure)
{
    undo_mark mark = wr_undo_mark(core);
    weir_err err = wr_store_savepoint(core->store, failure);
    if (err != WEIR_OK)
        return err;
    weir_tx tx;
    char id[WR_UUID_TEXT_SIZE];
    wr_tx_init(&tx, core, core->store, command->arena);
    wr_tx_trace(&tx, command->traceparent);
    if (!command->id) {
        uint8_t random[10];
        wr_random(core->io, random, sizeof random);
        wr_uuid uuid = wr_uuid_v7(tx.now_ms, random);
        wr_uuid_print(&uuid, id);
    }
    tx.origin_id = command->id ? command->id : id;
    tx.correlationid = tx.origin_id;
    tx.what = command->what;
    weir_status status = wr_tx_settle(&tx, command->run(command, &tx));
    count_up(&core->numbers.commands, 1);
    if (status == WEIR_DONE)
        err = wr_tx_keep(&tx, &status, failure);
    command->status = status;
    command->is_wrong = tx.is_wrong;
    snprintf(command->reason, sizeof command->reason, "%s", wr_tx_reason_outside(&tx));
    if (status == WEIR_DONE || err != WEIR_OK)
        return err;
    wr_tx_log_failure(&tx, status, command->what);
    if (status == WEIR_FATAL && !tx.is_wrong)
        return weir_fail(failure, tx.err != WEIR_OK ? tx.err : WEIR_E_BROKEN, "%s: %s",
                         command->what ? command->what : "command",
                         tx.reason[0] ? tx.reason : "gave up with WEIR_FATAL");
    return wr_undo_to(core, mark, failure);
}

static void take_commands(wr_core *core, size_t most, wr_list *ret_taken)
{
    wr_list_init(ret_taken);
    pthread_mutex_lock(&core->lock);
    for (size_t i = 0; i < most; i++) {
        wr_link *link = wr_list_pop(&core->commands);
        if (!link)
            break;
        core->command_count--;
        wr_list_append(ret_taken, link);
    }
    pthread_mutex_unlock(&core->lock);
}

/* Whoever waits is told, after the commit and not before; when nothing was committed, that. */
static void answer_commands(wr_list *commands, const weir_failure *failure, bool in_doubt)
{
    for (wr_link *link; (link = wr_list_pop(commands));) {
        wr_core_command *command = WR_LIST_ITEM(link, wr_core_command, link);
        command->in_doubt = in_doubt;
        if (failure)
            command->done(command, WEIR_FATAL, failure->sentence);
        else
            command->done(command, command->status, command->reason);
    }
}

static void put_commands_back(wr_core *core, wr_list *commands)
{
    pthread_mutex_lock(&core->lock);
    core->inserts.command_count = 0;
    for (wr_link *link; (link = wr_list_pop_last(commands)); core->inserts.command_count++)
        wr_list_insert(&core->commands.head, link);
    core->command_count += core->inserts.command_count;
    pthread_mutex_unlock(&core->lock);
}

void wr_batch_refuse_commands(wr_core *core)
{
    wr_list commands;
    take_commands(core, SIZE_MAX, &commands);
    for (wr_link *link; (link = wr_list_pop(&commands));) {
        wr_core_command *command = WR_LIST_ITEM(link, wr_core_command, link);
        command->done(command, WEIR_RETRY, "too much is waiting; try again");
    }
}

/* What is parked has time: a stop does not wait for it. */
static bool has_due_parked(const wr_core *core)
{
    return core->parked.next_due_ms <= wr_clock_ms(core) && !atomic_load(&core->is_draining);
}

static weir_err handle_all(wr_core *core, const wr_list *commands, weir_failure *failure)
{
    weir_err err = wr_core_timers_read_due(core, failure);
    if (err == WEIR_OK && !atomic_load(&core->is_draining))
        err = wr_parked_run_due(core, failure);
    if (err == WEIR_OK)
        err = handle_records(core, failure);
    wr_attempt_end(core, err);
    wr_link *link = wr_list_first(commands);
    for (; link && err == WEIR_OK; link = wr_list_next(commands, link))
        err = run_command(core, WR_LIST_ITEM(link, wr_core_command, link), failure);
    if (err == WEIR_OK && !wr_list_empty(commands))
        err = wr_idempotency_prune(core, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_fire_due(core, failure);
    wr_attempt_end(core, err);
    return err == WEIR_OK ? wr_inbox_write(core, failure) : err;
}

/* *ret_rows_only: more rows were inserted, and the others have to wait for them. */
static weir_err work(wr_core *core, const wr_list *commands, bool *ret_rows_only, weir_failure *failure)
{
    weir_err err = wr_inserts_take(core, !wr_list_empty(commands), failure);
    *ret_rows_only = core->inserts.has_more;
    if (err == WEIR_OK && !*ret_rows_only)
        err = handle_all(core, commands, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_write(core, failure);
    return err == WEIR_OK ? wr_outbox_write(core, failure) : err;
}

static weir_err begin(wr_core *core, weir_failure *failure)
{
    weir_err err = WEIR_E_AGAIN; /* somebody looks at the database with a tool that locks it */
    for (int i = 0; i < BEGIN_ATTEMPT_MAX && err == WEIR_E_AGAIN; i++)
        err = wr_store_begin(core->store, failure);
    return err;
}

weir_err wr_batch_run(wr_core *core, size_t count, bool *ret_did, weir_failure *failure)
{
    wr_list commands;
    if (core->inserts.has_more && core->is_paused)
        wr_batch_refuse_commands(core); /* nobody knows when the outbox has room for the rows before them */
    weir_err seen = atomic_load(&core->is_draining) ? WEIR_OK : wr_parked_look(core, failure);
    if (seen != WEIR_OK)
        return seen;
    take_commands(core, core->inserts.has_more ? core->inserts.command_count : COMMAND_BATCH_MAX, &commands);
    bool is_idle = count == 0 && wr_list_empty(&commands) && !has_due_parked(core) && !wr_core_timers_want_write(core);
    *ret_did = !is_idle;
    if (is_idle) {
        weir_err looked = wr_inserts_look(core, ret_did, failure);
        if (looked != WEIR_OK || (!*ret_did && !wr_outbox_wants_write(core, true)))
            return looked;
    }

    weir_failure own = {0};
    failure = failure ? failure : &own;
    bool in_doubt = false, rows_only = false;
    weir_err err = begin(core, failure);
    if (err == WEIR_OK) {
        err = work(core, &commands, &rows_only, failure);
        if (err == WEIR_OK && wr_core_crash(core, "handled"))
            err = weir_fail(failure, WEIR_E_BROKEN, "crash asked for");
        int64_t start_us = wr_mono_us(core->io);
        if (err == WEIR_OK) {
            err = wr_store_commit(core->store, failure);
            in_doubt = err != WEIR_OK && !rows_only;
        } else {
            wr_store_rollback(core->store);
            wr_outbox_rolled_back(core);
        }
        count_up(&core->numbers.commit_us, (uint64_t)(wr_mono_us(core->io) - start_us));
    }
    if (err == WEIR_OK && rows_only) {
        wr_pipeline_put_back(core);
        put_commands_back(core, &commands);
        count = 0;
    }
    wr_pipeline_give_back(core);
    if (err == WEIR_OK) {
        count_up(&core->numbers.batches, 1);
        count_up(&core->numbers.batch_events, count);
        wr_inbox_committed(core);
        wr_outbox_committed(core);
        wr_core_timers_committed(core);
    }
    answer_commands(&commands, err == WEIR_OK ? NULL : failure, in_doubt);
    if (err == WEIR_OK)
        wr_inbox_give_back(core);
    return err;
}
