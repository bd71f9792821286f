/* The outbox as it stands in the database: every statement on weir_outbox and weir_set_aside.
 *
 *   weir_outbox.state   0 to publish; with a `reason` it is held (held.c), and with sent_to -1 somebody said `weir outbox
 *                         skip` of it
 *                       1 refused by the broker, for `reason`; rows of its key up to `sent_to` had been handed to the
 *                         producer then
 *                       2 behind a refused row of the same topic and key
 *                       3 refused, and somebody said `weir outbox skip`: to be moved to weir_set_aside
 *   weir_set_aside      records that are not published until somebody asks for it (`again`, by `weir outbox requeue`)
 *
 * Refused rows are tried again at every start and once a minute (wr_outbox_table_retry). Then, in one transaction:
 *
 *   1. rows with state 0 that follow a refused row of their key and were never handed to a producer get state 2
 *   2. rows with state 3 move to weir_set_aside
 *   3. rows with state 1 and 2 get new numbers, behind all others and in their order, and state 0
 *   4. rows of weir_set_aside that are asked for come behind them
 *
 * The partial index on the rows that are not in state 0 makes each step cost what there is to do, not the length of
 * the table. */
#include "core_int.h"

#include <base/array.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOAD_COUNT = 1000, SKIPPED_MAX = 1000 };

/* ---- the outbox's id and its numbers */

static weir_err load_meta(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    bool found;
    weir_err err = wr_meta_get(core->store, "outbox.id", outbox->id, sizeof outbox->id, &found, failure);
    if (err == WEIR_OK && !found) {
        uint8_t random[16];
        wr_random(core->io, random, sizeof random);
        wr_uuid id = wr_uuid_v4(random);
        wr_uuid_print(&id, outbox->id);
        err = wr_meta_set(core->store, "outbox.id", outbox->id, failure);
    }
    int64_t stored = 0;
    if (err == WEIR_OK)
        err = wr_meta_get_number(core, "outbox.sequence", &stored, &found, failure);
    if (err != WEIR_OK)
        return err;
    outbox->stored_sequence = stored;
    outbox->next_sequence = outbox->first_own = outbox->stored_sequence + 1;
    return WEIR_OK;
}

weir_err wr_outbox_table_number(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    if (outbox->stored_sequence == outbox->next_sequence - 1)
        return WEIR_OK;
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, outbox->next_sequence - 1);
    weir_err err = wr_meta_set(core->store, "outbox.sequence", text, failure);
    if (err == WEIR_OK)
        outbox->stored_sequence = outbox->next_sequence - 1;
    return err;
}

/* ---- refused rows, and those set aside */

static weir_err count(wr_core *core, int64_t *ret_refused, int64_t *ret_asked, int64_t *ret_aside,
                      weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_OUTBOX_COUNT, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK) {
        *ret_refused = wr_statement_int(statement, 0);
        *ret_asked = wr_statement_int(statement, 1);
        *ret_aside = wr_statement_int(statement, 2);
    }
    wr_statement_done(statement);
    return err;
}

static weir_err renumber(wr_core *core, weir_failure *failure)
{
    weir_err err =
        wr_store_run(core->store, WR_SQL_OUTBOX_RENUMBER, WEIR_VALUES(WEIR_INT(core->outbox.next_sequence)), failure);
    if (err == WEIR_OK)
        core->outbox.next_sequence += wr_store_changes(core->store);
    return err;
}

static weir_err take_back(wr_core *core, weir_failure *failure)
{
    weir_err err =
        wr_store_run(core->store, WR_SQL_OUTBOX_TAKE_BACK, WEIR_VALUES(WEIR_INT(core->outbox.next_sequence)), failure);
    if (err != WEIR_OK)
        return err;
    core->outbox.next_sequence += wr_store_changes(core->store);
    return wr_store_run(core->store, WR_SQL_ASIDE_DELETE_TAKEN, NULL, failure);
}

weir_err wr_outbox_table_set_aside(wr_core *core, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_ASIDE_ADD_SKIPPED, NULL, failure);
    if (err == WEIR_OK)
        core->outbox.aside_count += (size_t)wr_store_changes(core->store);
    return err == WEIR_OK ? wr_store_run(core->store, WR_SQL_OUTBOX_DELETE_SKIPPED, NULL, failure) : err;
}

/* Nothing is in memory yet: what an earlier life has held is in doubt as all its rows are, or skipped. */
static weir_err forget_held(wr_core *core, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_OUTBOX_HELD_SKIP, NULL, failure);
    if (err == WEIR_OK)
        err = wr_outbox_table_set_aside(core, failure);
    return err == WEIR_OK ? wr_store_run(core->store, WR_SQL_OUTBOX_HELD_FORGET, NULL, failure) : err;
}

weir_err wr_outbox_table_skipped(wr_core *core, int64_t **ret_sequences, size_t *ret_count, weir_failure *failure)
{
    wr_statement *statement;
    int64_t *sequences = NULL;
    size_t count = 0, capacity = 0;
    weir_err err = wr_store_select(core->store, WR_SQL_OUTBOX_HELD_SKIPPED, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        err = WR_ARRAY_RESERVE(sequences, capacity, count + 1, SKIPPED_MAX);
        if (err != WEIR_OK) {
            weir_fail(failure, err, "no memory for events to skip");
            break;
        }
        sequences[count++] = wr_statement_int(statement, 0);
    }
    wr_statement_done(statement);
    if (err != WEIR_E_RANGE) {
        free(sequences);
        return err;
    }
    *ret_sequences = sequences;
    *ret_count = count;
    return WEIR_OK;
}

static weir_err retry_steps(wr_core *core, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_OUTBOX_MARK_BEHIND, NULL, failure);
    if (err == WEIR_OK)
        err = wr_outbox_table_set_aside(core, failure);
    if (err == WEIR_OK)
        err = renumber(core, failure);
    return err == WEIR_OK ? take_back(core, failure) : err;
}

weir_err wr_outbox_table_retry(wr_core *core, int64_t *ret_count, weir_failure *failure)
{
    int64_t refused, asked, aside, first = core->outbox.next_sequence;
    weir_err err = count(core, &refused, &asked, &aside, failure);
    if (err == WEIR_OK && refused + asked > 0) {
        err = retry_steps(core, failure);
        if (err == WEIR_OK)
            err = count(core, &refused, &asked, &aside, failure);
    }
    if (err != WEIR_OK)
        return err;
    core->outbox.aside_count = (size_t)aside;
    *ret_count = core->outbox.next_sequence - first;
    return WEIR_OK;
}

weir_err wr_outbox_table_mark(wr_core *core, const outbox_mark *mark, weir_failure *failure)
{
    return wr_store_run_later(core->store, WR_SQL_OUTBOX_MARK,
                              WEIR_VALUES(WEIR_INT(mark->sequence), WEIR_INT(mark->state), WEIR_INT(mark->sent_to),
                                          WEIR_TEXT(mark->reason[0] ? mark->reason : NULL)),
                              false, failure);
}

weir_err wr_outbox_set_aside(wr_core *core, const wr_client_record *record, const char *reason, int64_t *ret_id,
                             weir_failure *failure)
{
    wr_buf blob;
    wr_buf_init(&blob, HEADER_BLOB_SIZE_MAX);
    weir_slice headers = wr_headers_encode(record->headers, record->header_count, &blob);
    wr_statement *statement = NULL;
    weir_err err =
        wr_buf_failed(&blob)
            ? weir_fail(failure, WEIR_E_MEMORY, "no memory to set a record aside")
            : wr_store_select(core->store, WR_SQL_ASIDE_ADD,
                              WEIR_VALUES(WEIR_TEXT(record->topic), WEIR_BLOB(record->key), WEIR_BLOB(record->value),
                                          WEIR_BLOB(headers), WEIR_INT(wr_now_ms(core->io)), WEIR_TEXT(reason)),
                              &statement, failure);
    if (err == WEIR_OK)
        err = wr_statement_next(statement, failure);
    if (err == WEIR_OK) {
        *ret_id = wr_statement_int(statement, 0);
        core->outbox.aside_count++;
        if (!core->outbox.retry_due_ms) /* when somebody may have asked for it */
            wr_outbox_retry_later(core);
        count_up(&core->numbers.set_aside, 1);
    }
    wr_statement_done(statement);
    wr_buf_fini(&blob);
    return err;
}

/* ---- rows to publish */

weir_err wr_outbox_table_insert(wr_core *core, const kept_record *row, const wr_client_record *record,
                                weir_slice headers, weir_failure *failure)
{
    return wr_store_run_later(core->store, WR_SQL_OUTBOX_ADD,
                              WEIR_VALUES(WEIR_INT(row->sequence), WEIR_TEXT(record->topic), WEIR_BLOB(record->key),
                                          WEIR_BLOB(record->value), WEIR_BLOB(headers), WEIR_INT(row->created_ms)),
                              false, failure);
}

weir_err wr_outbox_table_delete(wr_core *core, int64_t from, int64_t below, weir_failure *failure)
{
    return wr_store_run_later(core->store, WR_SQL_OUTBOX_DELETE, WEIR_VALUES(WEIR_INT(from), WEIR_INT(below)), false,
                              failure);
}

static weir_err read_row(wr_core *core, wr_statement *statement, wr_list *rows, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_arena_reset(core->arena);
    wr_client_header *headers;
    wr_client_record record = {.topic = wr_statement_text(statement, 1),
                               .partition = -1,
                               .key = wr_statement_blob(statement, 2),
                               .value = wr_statement_blob(statement, 3)};
    weir_err err = wr_headers_decode(wr_statement_blob(statement, 4), core->arena, &headers, &record.header_count);
    record.headers = headers;
    int64_t sequence = wr_statement_int(statement, 0);
    if (!outbox->floor) /* the first row that an earlier life has left */
        wr_outbox_raise_floor(outbox, sequence);
    kept_record *row = err == WEIR_OK ? wr_outbox_row_new(core, sequence, &record) : NULL;
    if (!row)
        return weir_fail(failure, err == WEIR_OK ? WEIR_E_MEMORY : err, "outbox row %" PRId64 " cannot be read",
                         sequence);
    row->created_ms = wr_statement_int(statement, 5);
    row->is_in_doubt = sequence < outbox->first_own;
    wr_list_append(rows, &row->link);
    outbox->loaded_to = sequence;
    count_up(&core->numbers.republished, 1);
    return WEIR_OK;
}

weir_err wr_outbox_table_load_more(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_OUTBOX_LOAD,
                                   WEIR_VALUES(WEIR_INT(outbox->loaded_to), WEIR_INT(LOAD_COUNT)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    wr_list rows;
    wr_list_init(&rows);
    size_t count = 0;
    for (; (err = wr_statement_next(statement, failure)) == WEIR_OK; count++) {
        err = read_row(core, statement, &rows, failure);
        if (err != WEIR_OK)
            break;
    }
    wr_statement_done(statement);
    wr_publisher_give(core, &rows, count); /* also what came before a row that cannot be read */
    if (err != WEIR_E_RANGE)
        return err;
    outbox->is_loading = count == LOAD_COUNT;
    if (!outbox->floor) /* it has left none */
        wr_outbox_raise_floor(outbox, outbox->next_sequence);
    return WEIR_OK;
}

weir_err wr_outbox_load(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    int64_t count = 0;
    weir_err err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    err = load_meta(core, failure);
    if (err == WEIR_OK)
        err = forget_held(core, failure);
    if (err == WEIR_OK)
        err = wr_outbox_table_retry(core, &count, failure);
    if (err == WEIR_OK)
        err = wr_outbox_table_number(core, failure);
    if (err != WEIR_OK) {
        wr_store_rollback(core->store);
        return err;
    }
    outbox->is_loading = true;
    wr_outbox_retry_later(core);
    if (count)
        wr_trace_log(core->trace, WR_WARN, "events that the broker had refused are tried again",
                     WR_NUMBER("count", count));
    return wr_store_commit(core->store, failure);
}
