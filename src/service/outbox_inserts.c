/* Events that other programs insert: in any language, with one INSERT into weir_outbox_inserts, in the transaction that
 * changes their own tables in the service's database.
 *
 *     INSERT INTO weir_outbox_inserts (aggregatetype, aggregateid, type, payload)
 *     VALUES ('order', '17', 'order.placed', '{"total": 12}')
 *
 *   number           made by the database, in commit order where the database has one writer
 *   id               the event's id, text or 16 bytes; NULL: derived from the outbox's id and the number
 *   aggregatetype, aggregateid, type, payload   as Debezium's outbox has them: aggregateid is subject and key, payload
 *                    is the data, text or bytes; NULL is an event without data
 *   topic            NULL: what outbox.topic says, in which ${aggregatetype} stands for that column
 *   key              of the record, text or bytes; NULL: aggregateid
 *   headers          a JSON object of texts, numbers and booleans: headers of the record, beside those that weir writes
 *   source, version, datacontenttype   of the event; NULL: the service's name, 1, application/json
 *   state, reason    0 to be taken; 1 cannot be published, for `reason`
 *
 * Each transaction of the service begins with taking what is there: rows become rows of weir_outbox, in order of their
 * numbers, and are deleted. So a row that was committed before a batch began comes before what the batch emits, and from
 * there on it is an event like those of the handlers: published once, in its key's order. Past TAKE_MAX rows the
 * transaction does nothing else, and the others have the next ones for themselves; records and commands wait for the
 * rows that were there when the first of these transactions took its own, and not for those that come meanwhile. A row
 * that another transaction is changing (PostgreSQL) counts as inserted when that one ends.
 *
 * What cannot be published (no type, no topic, too large, headers that are no object) gets state 1 and a reason, and
 * holds nothing up: `weir outbox ls` lists it, and `weir outbox requeue --inserted`, after it was mended with an UPDATE,
 * or `rm --inserted` decide.
 *
 * A service that has something to do looks with every transaction. One that is idle looks by itself: after FAST_MS when
 * the last look found something, then twice as long each time, up to outbox.poll. Such a look is one read, no
 * transaction. */
#include "core_int.h"

#include <base/array.h>
#include <event/codec.h>
#include <event/json_text.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TAKE_COUNT = 1000, /* rows of one statement */
    TAKE_MAX = 10000,  /* rows of one transaction */
    FAST_MS = 5,
    COUNT_EVERY_MS = 1000,
    HEADER_MAX = 40,
    BAD_LOG_MAX = 10,
};

enum columns {
    NUMBER,
    ID,
    AGGREGATE_TYPE,
    AGGREGATE_ID,
    TYPE,
    PAYLOAD,
    TOPIC,
    KEY,
    HEADERS,
    SOURCE,
    VERSION,
    CONTENT_TYPE,
    PAYLOAD_SIZE
};

/* ---- when */

/* A stop takes no more than what has to come before the commands that were let in. */
static bool takes(const wr_core *core, bool has_commands)
{
    bool is_wanted = has_commands || !atomic_load(&core->is_draining);
    return core->options.insert_poll_ms > 0 && is_wanted && !core->is_paused;
}

static bool is_on(const wr_core *core)
{
    return takes(core, false);
}

int64_t wr_inserts_due_ms(const wr_core *core)
{
    return is_on(core) ? core->inserts.due_ms : INT64_MAX;
}

static void look_again(wr_core *core, bool has_found)
{
    inserts *inserts = &core->inserts;
    int64_t most_ms = core->options.insert_poll_ms, twice_ms = 2 * inserts->delay_ms;
    inserts->delay_ms = has_found || twice_ms < FAST_MS ? FAST_MS : twice_ms;
    if (inserts->delay_ms > most_ms)
        inserts->delay_ms = most_ms;
    inserts->due_ms = inserts->has_more ? 0 : wr_clock_ms(core) + inserts->delay_ms;
}

static weir_err count_bad(wr_core *core, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_INSERTS_COUNT, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        atomic_store(&core->numbers.inserts_bad, wr_statement_int(statement, 1));
    wr_statement_done(statement);
    core->inserts.counted_at_ms = wr_clock_ms(core);
    return err;
}

/* Somebody may have mended or deleted some of the bad rows. */
static weir_err count_again(wr_core *core, weir_failure *failure)
{
    bool is_due = atomic_load(&core->numbers.inserts_bad) > 0 &&
                  wr_clock_ms(core) - core->inserts.counted_at_ms >= COUNT_EVERY_MS;
    return is_due ? count_bad(core, failure) : WEIR_OK;
}

weir_err wr_inserts_look(wr_core *core, bool *ret_any, weir_failure *failure)
{
    *ret_any = false;
    if (wr_inserts_due_ms(core) > wr_clock_ms(core))
        return WEIR_OK;
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_INSERTS_ANY, NULL, &statement, failure);
    if (err == WEIR_OK) {
        err = wr_statement_next(statement, failure);
        *ret_any = err == WEIR_OK;
        wr_statement_done(statement);
    }
    core->inserts.has_more = core->inserts.has_more && err != WEIR_E_RANGE; /* there were just as many as were taken */
    if (err == WEIR_OK || err == WEIR_E_RANGE)
        err = count_again(core, failure);
    if (err == WEIR_E_AGAIN) /* somebody holds the database: a little later then */
        err = WEIR_OK;
    if (!*ret_any)
        look_again(core, false);
    return err;
}

/* ---- one row */

static const char *text_of(wr_statement *row, int column)
{
    return wr_statement_kind(row, column) == WEIR_VALUE_NULL ? NULL : wr_statement_text(row, column);
}

/* Text or bytes, as they are. */
static weir_slice bytes_of(wr_statement *row, int column)
{
    return wr_statement_kind(row, column) == WEIR_VALUE_NULL ? (weir_slice){0} : wr_statement_blob(row, column);
}

static const char *id_of(wr_core *core, wr_statement *row, char made[WR_UUID_TEXT_SIZE])
{
    char number[24];
    weir_value_kind kind = wr_statement_kind(row, ID);
    if (kind == WEIR_VALUE_BLOB && wr_statement_blob(row, ID).size == sizeof(wr_uuid)) {
        wr_uuid id;
        memcpy(&id, wr_statement_blob(row, ID).data, sizeof id);
        wr_uuid_print(&id, made);
        return made;
    }
    if (kind != WEIR_VALUE_NULL)
        return wr_statement_text(row, ID);
    snprintf(number, sizeof number, "%" PRId64, wr_statement_int(row, NUMBER));
    wr_event_derive_id(core->outbox.id, number, 0, made);
    return made;
}

/* The topic with its prefix; NULL: memory, or none, which the failure says. */
static const char *topic_of(wr_core *core, wr_statement *row, weir_failure *why)
{
    static const char place[] = "${aggregatetype}";
    const char *topic = text_of(row, TOPIC), *type = text_of(row, AGGREGATE_TYPE);
    const char *pattern = core->options.insert_topic, *at;
    if ((topic && strlen(topic) >= TOPIC_SIZE_MAX) || (type && strlen(type) >= TOPIC_SIZE_MAX)) {
        weir_fail(why, WEIR_E_USAGE, "its topic is too long: " WR_TOPIC_NAME_RULE);
        return NULL;
    }
    if (!topic && pattern && (at = strstr(pattern, place)) != NULL) {
        if (!type || !*type) {
            weir_fail(why, WEIR_E_USAGE, "it has neither topic nor aggregatetype");
            return NULL;
        }
        topic = weir_arena_printf(core->arena, "%.*s%s%s", (int)(at - pattern), pattern, type, at + sizeof place - 1);
    } else if (!topic) {
        topic = pattern;
    }
    topic = topic ? weir_arena_printf(core->arena, "%s%s", core->prefix, topic) : NULL;
    if (!topic)
        weir_fail(why, WEIR_E_MEMORY, "no memory for a row of weir_outbox_inserts");
    return topic;
}

static bool is_ours(const char *name)
{
    return strncmp(name, "ce_", 3) == 0 || strncmp(name, "weir-", 5) == 0 || strcmp(name, "content-type") == 0;
}

static weir_err headers_of(wr_core *core, wr_statement *row, wr_event_header **ret_headers, size_t *ret_count,
                           weir_failure *why)
{
    weir_slice json = bytes_of(row, HEADERS);
    weir_attribute *members = NULL;
    size_t count = 0;
    if (json.size > core->options.message_size_max)
        return weir_fail(why, WEIR_E_LIMIT, "its headers are beyond message.size.max, %zu",
                         core->options.message_size_max);
    weir_err err = json.data ? wr_json_members(json, HEADER_MAX, core->arena, &members, &count, why) : WEIR_OK;
    if (err != WEIR_OK)
        return err;
    wr_event_header *headers = weir_arena_array(core->arena, count + 1, sizeof *headers);
    if (!headers)
        return weir_fail(why, WEIR_E_MEMORY, "no memory for a row of weir_outbox_inserts");
    for (size_t i = 0; i < count; i++) {
        if (is_ours(members[i].name))
            return weir_fail(why, WEIR_E_USAGE, "the header %.60s is weir's to write", members[i].name);
        headers[i] = (wr_event_header){members[i].name, weir_slice_of(members[i].value)};
    }
    *ret_headers = headers;
    *ret_count = count;
    return WEIR_OK;
}

/* WEIR_E_USAGE, _FORMAT, _LIMIT: the row cannot be published, and `why` says why. */
static weir_err append(wr_core *core, wr_statement *row, weir_failure *why)
{
    char id[WR_UUID_TEXT_SIZE], now[WR_TIME_TEXT_SIZE];
    wr_event_header *headers = NULL;
    size_t header_count = 0;
    wr_time_print(wr_now_ms(core->io), now);
    if (wr_statement_int(row, PAYLOAD_SIZE) > (int64_t)core->options.message_size_max)
        return weir_fail(why, WEIR_E_LIMIT, "its payload of %" PRId64 " bytes is beyond message.size.max, %zu",
                         wr_statement_int(row, PAYLOAD_SIZE), core->options.message_size_max);
    weir_err err = headers_of(core, row, &headers, &header_count, why);
    if (err != WEIR_OK)
        return err;
    int64_t version = wr_statement_int(row, VERSION);
    const char *source = text_of(row, SOURCE), *content_type = text_of(row, CONTENT_TYPE);
    weir_event event = {.id = id_of(core, row, id),
                        .source = source ? source : core->name,
                        .type = text_of(row, TYPE),
                        .subject = text_of(row, AGGREGATE_ID),
                        .time = now,
                        .version = (int)version,
                        .data = bytes_of(row, PAYLOAD)};
    if (version < 0 || version > INT32_MAX)
        return weir_fail(why, WEIR_E_USAGE, "%" PRId64 " is no version", version);
    if (event.data.data)
        event.datacontenttype = content_type ? content_type : wr_codec_default()->content_type;
    wr_event_record encoded;
    err = wr_event_encode_kafka(&event, headers, header_count, core->arena, &encoded, why);
    const char *topic = err == WEIR_OK ? topic_of(core, row, why) : NULL;
    if (err != WEIR_OK || !topic)
        return err != WEIR_OK ? err : why->err;
    weir_slice key = bytes_of(row, KEY);
    wr_client_record record = {.topic = topic,
                               .partition = -1,
                               .key = key.data ? key : encoded.key,
                               .value = encoded.value,
                               .headers = encoded.headers,
                               .header_count = encoded.header_count};
    return wr_outbox_append(core, &record, core->options.message_size_max, why);
}

/* ---- within a transaction */

static weir_err note_bad(wr_core *core, int64_t number, const char *reason, weir_failure *failure)
{
    inserts *inserts = &core->inserts;
    weir_err err = WR_ARRAY_RESERVE(inserts->bad, inserts->bad_capacity, inserts->bad_count + 1, TAKE_COUNT);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "no memory for a row of weir_outbox_inserts");
    inserted_bad *bad = &inserts->bad[inserts->bad_count++];
    bad->number = number;
    snprintf(bad->reason, sizeof bad->reason, "%s", reason);
    if (inserts->logged++ < BAD_LOG_MAX)
        wr_trace_log(core->trace, WR_ERROR,
                     "a row that another program inserted cannot be published, and is set aside; see: weir outbox ls",
                     WR_NUMBER("number", number), WR_TEXT("error", reason),
                     WR_TEXT("database", core->options.database));
    return WEIR_OK;
}

static bool is_of_the_row(weir_err err)
{
    return err == WEIR_E_USAGE || err == WEIR_E_FORMAT || err == WEIR_E_LIMIT;
}

/* Those that were taken are deleted one by one: between them there may be rows that are not committed yet. */
static weir_err write_results(wr_core *core, weir_failure *failure)
{
    inserts *inserts = &core->inserts;
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < inserts->bad_count && err == WEIR_OK; i++)
        err = wr_store_run(core->store, WR_SQL_INSERTS_SET_ASIDE,
                           WEIR_VALUES(WEIR_INT(inserts->bad[i].number), WEIR_TEXT(inserts->bad[i].reason)), failure);
    for (size_t i = 0; i < inserts->taken_count && err == WEIR_OK; i++)
        err = wr_store_run_later(core->store, WR_SQL_INSERTS_DELETE, WEIR_VALUES(WEIR_INT(inserts->taken[i])), false,
                                 failure);
    atomic_fetch_add(&core->numbers.inserts_bad, (int64_t)inserts->bad_count);
    count_up(&core->numbers.inserted, inserts->taken_count);
    return err;
}

/* From the number `first` on, which is set to the one behind the last. */
static weir_err take_some(wr_core *core, int64_t *first, size_t *ret_count, weir_failure *failure)
{
    inserts *inserts = &core->inserts;
    wr_statement *row;
    weir_err err = wr_store_select(
        core->store, WR_SQL_INSERTS_TAKE,
        WEIR_VALUES(WEIR_INT(*first), WEIR_INT(TAKE_COUNT), WEIR_INT((int64_t)core->options.message_size_max)), &row,
        failure);
    if (err != WEIR_OK)
        return err;
    inserts->taken_count = inserts->bad_count = 0;
    while ((err = wr_statement_next(row, failure)) == WEIR_OK) {
        weir_failure why = {0};
        int64_t number = wr_statement_int(row, NUMBER);
        weir_arena_reset(core->arena);
        err = append(core, row, &why);
        if (err == WEIR_OK)
            inserts->taken[inserts->taken_count++] = number;
        else if (is_of_the_row(err))
            err = note_bad(core, number, why.sentence, failure);
        else
            weir_fail(failure, err, "%s", why.sentence);
        if (err != WEIR_OK)
            break;
        *first = number < INT64_MAX ? number + 1 : number; /* those that were taken are gone */
    }
    wr_statement_done(row);
    *ret_count = inserts->taken_count + inserts->bad_count;
    return err == WEIR_E_RANGE ? write_results(core, failure) : err;
}

/* Of the rows that are there now; the lowest number when there are none. */
static weir_err read_last(wr_core *core, int64_t *ret_number, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_INSERTS_LAST, NULL, &statement, failure);
    *ret_number = INT64_MIN;
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        *ret_number = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_inserts_take(wr_core *core, bool has_commands, weir_failure *failure)
{
    if (!takes(core, has_commands))
        return WEIR_OK;
    inserts *inserts = &core->inserts;
    int64_t next = INT64_MIN;
    size_t taken = 0, count = TAKE_COUNT;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && count == TAKE_COUNT && taken < TAKE_MAX) {
        err = take_some(core, &next, &count, failure);
        taken += err == WEIR_OK ? count : 0;
    }
    if (err != WEIR_OK)
        return err;
    bool is_full = count == TAKE_COUNT;
    if (is_full && !inserts->has_more)
        err = read_last(core, &inserts->last, failure);
    if (err != WEIR_OK)
        return err;
    inserts->has_more = is_full && next <= inserts->last;
    if (taken || wr_clock_ms(core) >= inserts->due_ms)
        look_again(core, taken > 0);
    return count_again(core, failure);
}

/* ---- starting and ending */

weir_err wr_inserts_load(wr_core *core, weir_failure *failure)
{
    if (!core->options.insert_topic)
        core->options.insert_topic =
            core->service->produces ? core->service->produces : "outbox.event.${aggregatetype}";
    core->inserts.taken = calloc(TAKE_COUNT, sizeof *core->inserts.taken);
    if (!core->inserts.taken)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for rows of weir_outbox_inserts");
    return count_bad(core, failure);
}

void wr_inserts_fini(wr_core *core)
{
    free(core->inserts.bad);
    free(core->inserts.taken);
}
