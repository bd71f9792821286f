/* Events that kill the process: a handler that crashes or takes all memory.
 *
 * Such an event would come again after every restart, for ever. So, before a record is touched, its coordinates are
 * written to a small file beside the database (DATABASE.attempt), which the page cache keeps when the process dies; that
 * costs a microsecond and no sync, since a power cut is no event's fault. When the batch is through, the mark is taken
 * off. A start that finds a mark counts one more attempt for that event, in the database: in its row of weir_parked, if
 * it was handled from there, else in weir_attempts. The mark names the row, since coordinates do not: a topic that was
 * made anew has other events at them, while those of the old one are still parked. Attempts count together with those that ended with a retry, and when the handler's are
 * used up the event becomes a dead letter, "exhausted", without being handled again.
 *
 *   file:  crc32c:4 of the rest | partition:4 | offset:8 | parked:8 | size of topic:2 | topic
 *          big-endian; crc 0: no mark; parked is the row's id, 0 for an event that was read
 *
 * A handler's WEIR_FATAL, a full disk and a lost database are no crash: the mark comes off. Memory that has run out
 * leaves it there, since a record that needs too much does so every time.
 *
 * Rows of weir_attempts that lie below the partition's position are done with, and are deleted at the next start. */
#include "core_int.h"

#include <base/hash.h>

#include <stdio.h>

enum { HEAD_SIZE = 4 + 4 + 8 + 8 + 2, FILE_SIZE = HEAD_SIZE + TOPIC_SIZE_MAX, ATTEMPTED_MAX = 1000 };

static void write_mark(wr_core *core, const void *bytes, size_t size)
{
    attempts *attempts = &core->attempts;
    weir_err err = wr_file_write(attempts->file, 0, bytes, size);
    if (err == WEIR_OK)
        return;
    wr_trace_log(core->trace, WR_WARN,
                 "the file of attempts cannot be written; an event that kills the process would "
                 "not be recognised",
                 WR_TEXT("file", core->options.attempt_path), WR_TEXT("error", weir_err_name(err)));
    wr_file_close(attempts->file);
    attempts->file = NULL;
}

void wr_attempt_begin(wr_core *core, const wr_client_record *record, int64_t parked_id)
{
    attempts *attempts = &core->attempts;
    size_t topic_size = strlen(record->topic);
    if (!attempts->file || topic_size > TOPIC_SIZE_MAX)
        return;
    uint8_t bytes[FILE_SIZE];
    wr_put_i32(bytes + 4, record->partition);
    wr_put_i64(bytes + 8, record->offset);
    wr_put_i64(bytes + 16, parked_id);
    wr_put_i16(bytes + 24, (int16_t)topic_size);
    memcpy(bytes + HEAD_SIZE, record->topic, topic_size);
    size_t size = HEAD_SIZE + topic_size;
    uint32_t crc = wr_crc32c(0, bytes + 4, size - 4);
    wr_put_i32(bytes, (int32_t)(crc ? crc : 1));
    attempts->is_marked = true;
    write_mark(core, bytes, size);
}

void wr_attempt_end(wr_core *core, weir_err err)
{
    static const uint8_t none[4];
    attempts *attempts = &core->attempts;
    if (!attempts->file || !attempts->is_marked || err == WEIR_E_MEMORY)
        return;
    attempts->is_marked = false;
    write_mark(core, none, sizeof none);
}

/* ---- what an earlier life has left */

typedef struct mark {
    bool is_set;
    char topic[TOPIC_SIZE_MAX + 1];
    int32_t partition;
    int64_t offset, parked_id;
} mark;

static weir_err read_mark(wr_core *core, mark *ret_mark, weir_failure *failure)
{
    uint8_t bytes[FILE_SIZE] = {0};
    size_t size;
    weir_err err = wr_file_read(core->attempts.file, 0, bytes, sizeof bytes, &size);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%s: %s", core->options.attempt_path, weir_err_name(err));
    size_t topic_size = (size_t)(uint16_t)wr_get_i16(bytes + 24);
    if (size < HEAD_SIZE || topic_size > size - HEAD_SIZE || topic_size > TOPIC_SIZE_MAX)
        return WEIR_OK;
    uint32_t crc = wr_crc32c(0, bytes + 4, HEAD_SIZE - 4 + topic_size);
    if ((crc ? crc : 1) != (uint32_t)wr_get_i32(bytes))
        return WEIR_OK;
    *ret_mark = (mark){.is_set = true,
                       .partition = wr_get_i32(bytes + 4),
                       .offset = wr_get_i64(bytes + 8),
                       .parked_id = wr_get_i64(bytes + 16)};
    memcpy(ret_mark->topic, bytes + HEAD_SIZE, topic_size);
    return WEIR_OK;
}

/* A parked row that is gone was done with: the process died before its mark was taken off. */
static weir_err count_attempt(wr_core *core, const mark *mark, weir_failure *failure)
{
    wr_trace_log(core->trace, WR_WARN, "the process died while it handled this event; that counts as an attempt",
                 WR_TEXT("topic", mark->topic), WR_NUMBER("partition", mark->partition),
                 WR_NUMBER("offset", mark->offset), WR_TEXT("group", core->group));
    count_up(&core->numbers.died, 1);
    if (mark->parked_id)
        return wr_store_run(core->store, WR_SQL_PARKED_DIED,
                            WEIR_VALUES(WEIR_INT(mark->parked_id), WEIR_TEXT(mark->topic), WEIR_INT(mark->partition),
                                        WEIR_INT(mark->offset)),
                            failure);
    return wr_store_run(core->store, WR_SQL_ATTEMPT_ADD,
                        WEIR_VALUES(WEIR_TEXT(mark->topic), WEIR_INT(mark->partition), WEIR_INT(mark->offset)),
                        failure);
}

static weir_err forget_done(wr_core *core, weir_failure *failure)
{
    return wr_store_run(core->store, WR_SQL_ATTEMPT_DELETE_DONE, NULL, failure);
}

static weir_err load_rows(wr_core *core, weir_failure *failure)
{
    attempts *attempts = &core->attempts;
    wr_statement *statement;
    attempts->rows = weir_arena_new(sizeof(attempted) * ATTEMPTED_MAX + 65536);
    attempts->items = attempts->rows ? weir_arena_array(attempts->rows, ATTEMPTED_MAX, sizeof(attempted)) : NULL;
    if (!attempts->items)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for attempts");
    weir_err err =
        wr_store_select(core->store, WR_SQL_ATTEMPT_LIST, WEIR_VALUES(WEIR_INT(ATTEMPTED_MAX)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK && attempts->count < ATTEMPTED_MAX) {
        attempted *item = &attempts->items[attempts->count++];
        snprintf(item->topic, sizeof item->topic, "%s", wr_statement_text(statement, 0));
        item->partition = (int32_t)wr_statement_int(statement, 1);
        item->offset = wr_statement_int(statement, 2);
        item->attempts = (int)wr_statement_int(statement, 3);
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err open_file(wr_core *core, weir_failure *failure)
{
    const char *path = core->options.attempt_path;
    weir_err err = wr_file_open(core->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &core->attempts.file);
    return err == WEIR_OK ? err : weir_fail(failure, err, "%s: %s", path, weir_err_name(err));
}

weir_err wr_attempts_load(wr_core *core, weir_failure *failure)
{
    mark mark = {0};
    weir_err err = core->options.attempt_path ? open_file(core, failure) : WEIR_OK;
    if (err == WEIR_OK && core->attempts.file)
        err = read_mark(core, &mark, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    if (mark.is_set)
        err = count_attempt(core, &mark, failure);
    if (err == WEIR_OK)
        err = forget_done(core, failure);
    if (err != WEIR_OK) {
        wr_store_rollback(core->store);
        return err;
    }
    err = wr_store_commit(core->store, failure);
    core->attempts.is_marked = mark.is_set;
    wr_attempt_end(core, err);
    return err == WEIR_OK ? load_rows(core, failure) : err;
}

void wr_attempts_fini(wr_core *core)
{
    wr_file_close(core->attempts.file);
    weir_arena_free(core->attempts.rows);
}

/* Attempts are told apart by offsets, which a topic that is made anew gives to other events. */
weir_err wr_attempts_forget(wr_core *core, const char *topic, int32_t partition, weir_failure *failure)
{
    attempts *attempts = &core->attempts;
    for (size_t i = 0; i < attempts->count; i++)
        if (attempts->items[i].partition == partition && strcmp(attempts->items[i].topic, topic) == 0)
            attempts->items[i].attempts = 0;
    return wr_store_run(core->store, WR_SQL_ATTEMPT_DELETE_PARTITION,
                        WEIR_VALUES(WEIR_TEXT(topic), WEIR_INT(partition)), failure);
}

int wr_attempts_of(const wr_core *core, const wr_client_record *record)
{
    const attempts *attempts = &core->attempts;
    for (size_t i = 0; i < attempts->count; i++) {
        const attempted *item = &attempts->items[i];
        if (item->offset == record->offset && item->partition == record->partition &&
            strcmp(item->topic, record->topic) == 0)
            return item->attempts;
    }
    return 0;
}
