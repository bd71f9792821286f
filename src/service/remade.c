/* Topics that are made anew, and what of them was read for the old ones.
 *
 * An id that is another than the stored one says that the topic was made anew, and it is read from the start. What
 * senders have sent goes on counting, since their numbers are theirs, whatever the topic. But between the moment of the
 * remaking and the look that finds it, up to a second and a half, records of the new topic may have been handled: those
 * from where the old position was. Their numbers are higher than those of the records before them, which nobody has seen:
 *
 *     old topic   ░░░░░░░░░░░                        handled
 *     new topic   ...........▒▒▒▒▒▒▒                 dots: never seen, numbers up to ▒ would call them repetitions
 *                            ^ the old position      ▒: handled; must not be handled again
 *
 * So of each partition the offsets and numbers are kept that were handled since the last two looks that found nothing
 * new; what was handled before such a look began was certainly of the old topic. When the topic turns out to be another,
 * each sender's highest number goes back to what it was before these (wr_senders_go_back), and while the new topic is
 * read up to where the position was, a record counts as handled when its offset and number are among those kept.
 *
 * That is kept in memory alone: for a service that dies within that second the dots stay repetitions. */
#include "core_int.h"

#include <base/array.h>
#include <base/hash.h>

#include <stdlib.h>

enum { NOTHING_READ = -1001, READ_COUNT_MAX = 65536 };

struct read_record {
    int64_t offset, looks;
    uint64_t number; /* hash of the sender and its number */
};

/* ---- what was read since it was last known which topic it is */

void wr_remade_forget(position *position)
{
    free(position->read);
    position->read = NULL;
    position->read_count = position->read_capacity = 0;
}

/* What was handled before the last look but one ended is of a topic that is known. */
static void drop_known(position *position, int64_t looks)
{
    size_t known = 0;
    while (known < position->read_count && position->read[known].looks < looks - 1)
        known++;
    if (known == 0)
        return;
    position->read_count -= known;
    memmove(position->read, position->read + known, position->read_count * sizeof *position->read);
}

/* Without memory or beyond the limit it is forgotten, and would be handled again. */
static void keep(position *position, int64_t offset, uint64_t number, int64_t looks)
{
    if (position->read_count == position->read_capacity)
        drop_known(position, looks);
    if (WR_ARRAY_RESERVE(position->read, position->read_capacity, position->read_count + 1, READ_COUNT_MAX) == WEIR_OK)
        position->read[position->read_count++] = (struct read_record){offset, looks, number};
}

bool wr_remade_was_read(wr_core *core, position *position, int64_t offset, const char *id, int64_t sequence)
{
    if (!position || core->looks < 0)
        return false;
    uint64_t number = wr_hash64(id, strlen(id), (uint64_t)sequence);
    if (offset >= position->replay_end) {
        if (position->replay_end) { /* over */
            wr_remade_forget(position);
            position->replay_end = 0;
        }
        keep(position, offset, number, core->looks);
        return false;
    }
    while (position->replay_at < position->read_count && position->read[position->replay_at].offset < offset)
        position->replay_at++;
    return position->replay_at < position->read_count && position->read[position->replay_at].offset == offset &&
           position->read[position->replay_at].number == number;
}

/* ---- ids */

static bool is_known(const wr_topic_id *id)
{
    static const wr_topic_id none;
    return memcmp(id, &none, sizeof none) != 0;
}

/* Within a transaction. What is stored of the partition holds for the topic with the stored id; of one that was made
 * anew nothing was read yet. */
weir_err wr_remade_check(wr_core *core, position *position, const wr_topic_id *stored, const wr_topic_id *id,
                         weir_failure *failure)
{
    if (!is_known(id) || memcmp(stored, id, sizeof *id) == 0)
        return WEIR_OK;
    bool is_remade = is_known(stored);
    if (is_remade) {
        wr_trace_log(core->trace, WR_WARN, "the topic was made anew; its events are read from the start",
                     WR_TEXT("topic", position->topic), WR_NUMBER("partition", position->partition),
                     WR_NUMBER("position", position->next));
        count_up(&core->numbers.remade, 1);
        position->replay_end = position->next;
        position->replay_at = 0;
        position->next = NOTHING_READ;
        position->is_changed = position->is_held = false;
    }
    weir_err err =
        wr_store_run(core->store, WR_SQL_INBOX_SET_TOPIC_ID,
                     WEIR_VALUES(WEIR_TEXT(position->topic), WEIR_INT(position->partition),
                                 WEIR_BLOB(((weir_slice){id->bytes, sizeof id->bytes})), WEIR_INT(position->next)),
                     failure);
    if (err == WEIR_OK && is_remade)
        err = wr_attempts_forget(core, position->topic, position->partition, failure);
    if (err == WEIR_OK && is_remade)
        err = wr_senders_go_back(core, position->topic, position->partition, failure);
    return err;
}

static weir_err read_id(wr_core *core, const position *position, wr_topic_id *ret_id, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(core->store, WR_SQL_INBOX_TOPIC_ID,
                        WEIR_VALUES(WEIR_TEXT(position->topic), WEIR_INT(position->partition)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    weir_slice id = err == WEIR_OK ? wr_statement_blob(statement, 0) : (weir_slice){0};
    *ret_id = (wr_topic_id){0};
    if (id.size == sizeof ret_id->bytes)
        memcpy(ret_id->bytes, id.data, id.size);
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err identify(wr_core *core, const char *topic, const wr_topic_id *id, weir_failure *failure)
{
    position *position;
    weir_err err = WEIR_OK;
    for (size_t at = 0; err == WEIR_OK && (position = wr_map_next(core->inbox.positions, &at, NULL));) {
        wr_topic_id stored;
        if (!position->is_owned || strcmp(position->topic, topic) != 0)
            continue;
        err = read_id(core, position, &stored, failure);
        if (err == WEIR_OK)
            err = wr_remade_check(core, position, &stored, id, failure);
        if (err != WEIR_OK || !is_known(&stored) || memcmp(&stored, id, sizeof stored) == 0)
            continue;
        wr_inbox_read_from(core, position, 0); /* the consumer would read on where the old topic was */
    }
    return err;
}

void wr_inbox_identified(wr_core *core, const char *topic, const wr_topic_id *id)
{
    weir_failure *failure = &core->assign_failure;
    weir_err err = wr_store_begin(core->store, failure);
    if (err == WEIR_OK)
        err = identify(core, topic, id, failure);
    if (err == WEIR_OK)
        err = wr_store_commit(core->store, failure);
    else
        wr_store_rollback(core->store);
    if (err != WEIR_OK)
        core->assign_err = err;
    else
        wr_inbox_committed(core);
}
