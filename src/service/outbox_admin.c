/* An operator's wishes are states of rows (outbox_table.c), so that they need nobody who listens: a service looks at
 * them when it next tries refused rows again. */
#include "outbox_admin.h"

#include "core_int.h"

#include <base/text.h>
#include <event/json_text.h>
#include <stdio.h>

enum { VERSION_MIN = 6 }; /* of weir's tables: has all that is asked here */

enum { HELD = 4 }; /* what the statements make of OUTBOX_TO_PUBLISH with a reason */

static const char *state_name(int64_t state)
{
    switch (state) {
    case OUTBOX_TO_PUBLISH:
        return "to be published";
    case OUTBOX_REFUSED:
        return "refused";
    case OUTBOX_BEHIND:
        return "behind";
    case HELD:
        return "held";
    default:
        return "to be set aside";
    }
}

static weir_err check_version(wr_store *store, weir_failure *failure)
{
    return wr_meta_check_version(store, VERSION_MIN, failure);
}

typedef enum kind { REFUSED, ASIDE, BAD } kind;

static weir_err each_row(wr_store *store, wr_sql sql, kind kind, void (*each)(void *user, const wr_outbox_item *item),
                         void *user, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(store, sql, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        int64_t state = wr_statement_int(statement, 1);
        const char *aside = state ? "to be published" : "set aside";
        wr_outbox_item item = {.number = wr_statement_int(statement, 0),
                               .state = kind == ASIDE ? aside
                                        : kind == BAD ? "bad"
                                                      : state_name(state),
                               .topic = wr_statement_text(statement, 2),
                               .key = wr_statement_blob(statement, 3),
                               .reason = wr_statement_text(statement, 4),
                               .created_ms = wr_statement_int(statement, 5),
                               .size = wr_statement_int(statement, 6)};
        each(user, &item);
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_outbox_each(wr_store *store, void (*each)(void *user, const wr_outbox_item *item), void *user,
                        weir_failure *failure)
{
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = each_row(store, WR_SQL_OUTBOX_LIST_REFUSED, REFUSED, each, user, failure);
    if (err == WEIR_OK)
        err = each_row(store, WR_SQL_ASIDE_LIST, ASIDE, each, user, failure);
    if (err == WEIR_OK)
        err = each_row(store, WR_SQL_INSERTS_LIST_BAD, BAD, each, user, failure);
    return err;
}

static weir_err change(wr_store *store, wr_sql sql, int64_t number, const char *what, weir_failure *failure)
{
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_store_run(store, sql, WEIR_VALUES(WEIR_INT(number)), failure);
    if (err == WEIR_OK && wr_store_changes(store) == 0)
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of %s", (long long)number, what);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return err;
}

weir_err wr_outbox_skip(wr_store *store, int64_t sequence, weir_failure *failure)
{
    return change(store, WR_SQL_OUTBOX_SKIP, sequence, "a refused event", failure);
}

weir_err wr_outbox_requeue(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_ASIDE_REQUEUE, number, "what is set aside", failure);
}

weir_err wr_outbox_remove(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_ASIDE_DELETE, number, "what is set aside", failure);
}

weir_err wr_outbox_inserts_requeue(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_INSERTS_REQUEUE, number, "a bad row", failure);
}

weir_err wr_outbox_inserts_remove(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_INSERTS_REMOVE, number, "a bad row", failure);
}

static weir_err value_of(wr_store *store, wr_sql sql, int64_t number, const char *what, weir_arena *arena,
                         weir_slice *ret_value, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, sql, WEIR_VALUES(WEIR_INT(number)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_E_RANGE) {
        wr_statement_done(statement);
        return weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of %s", (long long)number, what);
    }
    weir_slice value = err == WEIR_OK ? wr_statement_blob(statement, 0) : (weir_slice){0};
    weir_slice copy = value.data ? weir_arena_dup(arena, value) : value;
    wr_statement_done(statement);
    if (err == WEIR_OK && value.data && !copy.data)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory for %zu bytes", value.size);
    if (err == WEIR_OK)
        *ret_value = copy;
    return err;
}

weir_err wr_outbox_value(wr_store *store, int64_t number, weir_arena *arena, weir_slice *ret_value,
                         weir_failure *failure)
{
    return value_of(store, WR_SQL_ASIDE_VALUE, number, "what is set aside", arena, ret_value, failure);
}

weir_err wr_outbox_inserts_value(wr_store *store, int64_t number, weir_arena *arena, weir_slice *ret_value,
                                 weir_failure *failure)
{
    return value_of(store, WR_SQL_INSERTS_VALUE, number, "a bad row", arena, ret_value, failure);
}

/* ---- how it is */

weir_err wr_outbox_status_of(wr_store *store, wr_outbox_status *ret_status, weir_failure *failure)
{
    wr_statement *row;
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_OUTBOX_STATUS, NULL, &row, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(row, failure);
    if (err == WEIR_OK) {
        wr_outbox_status status = {.waiting = wr_statement_int(row, 2),
                                   .oldest_ms = wr_statement_int(row, 3),
                                   .refused = wr_statement_int(row, 4),
                                   .behind = wr_statement_int(row, 5),
                                   .to_set_aside = wr_statement_int(row, 6),
                                   .set_aside = wr_statement_int(row, 7),
                                   .inserted = wr_statement_int(row, 8),
                                   .bad = wr_statement_int(row, 9),
                                   .held = wr_statement_int(row, 10)};
        const char *id = wr_statement_text(row, 0), *last = wr_statement_text(row, 1);
        snprintf(status.id, sizeof status.id, "%s", id ? id : "");
        if (last && wr_number_parse(last, 0, INT64_MAX, &status.last_number) != WEIR_OK)
            err = weir_fail(failure, WEIR_E_CORRUPT, "outbox.sequence in weir_meta is '%.40s' and no number", last);
        else
            *ret_status = status;
    }
    wr_statement_done(row);
    return err;
}

weir_err wr_outbox_each_topic(wr_store *store, void (*each)(void *user, const wr_outbox_lag *lag), void *user,
                              weir_failure *failure)
{
    wr_statement *row;
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_OUTBOX_LAG, NULL, &row, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(row, failure)) == WEIR_OK)
        each(user, &(wr_outbox_lag){.topic = wr_statement_text(row, 0),
                                    .waiting = wr_statement_int(row, 1),
                                    .refused = wr_statement_int(row, 2),
                                    .oldest_ms = wr_statement_int(row, 3)});
    wr_statement_done(row);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* ---- one row */

static const struct place {
    wr_sql sql;
    const char *what;
    const char *states[2]; /* by state; NULL: see state_name */
} places[] = {
    [WR_OUTBOX_ROWS] = {WR_SQL_OUTBOX_ROW, "an event of the outbox", {NULL, NULL}},
    [WR_OUTBOX_ASIDE] = {WR_SQL_ASIDE_ROW, "what is set aside", {"set aside", "to be published"}},
    [WR_OUTBOX_INSERTS] = {WR_SQL_INSERTS_ROW, "an inserted row", {"to be taken", "bad"}},
};

static weir_slice dup(weir_arena *arena, weir_slice bytes, bool *ret_failed)
{
    weir_slice copy = bytes.data ? weir_arena_dup(arena, bytes) : bytes;
    *ret_failed = *ret_failed || (bytes.data && !copy.data);
    return copy;
}

/* Headers as they were inserted may be anything: what is no object is shown as one header. */
static weir_err inserted_headers(weir_slice json, weir_arena *arena, wr_client_header **ret_headers, size_t *ret_count)
{
    enum { SHOWN_MAX = 1000 };
    weir_attribute *members = NULL;
    size_t count = 0;
    bool is_object = !json.data || wr_json_members(json, SHOWN_MAX, arena, &members, &count, NULL) == WEIR_OK;
    wr_client_header *headers = weir_arena_array(arena, count + 1, sizeof *headers);
    if (!headers)
        return WEIR_E_MEMORY;
    if (!is_object)
        headers[count++] = (wr_client_header){"headers", json};
    for (size_t i = 0; is_object && i < count; i++)
        headers[i] = (wr_client_header){members[i].name, weir_slice_of(members[i].value)};
    *ret_headers = headers;
    *ret_count = count;
    return WEIR_OK;
}

static weir_err read_whole(wr_statement *row, wr_outbox_place place, int64_t number, weir_arena *arena,
                           wr_outbox_row *ret_row)
{
    bool failed = false;
    int64_t state = wr_statement_int(row, 5);
    const char *named = places[place].states[state != 0], *reason = wr_statement_text(row, 6);
    wr_client_header *headers = NULL;
    wr_outbox_row found = {.state = named ? named : state_name(state),
                           .reason = reason ? weir_arena_dup_text(arena, weir_slice_of(reason)) : NULL};
    found.record = (wr_client_record){.topic = weir_arena_dup_text(arena, weir_slice_of(wr_statement_text(row, 0))),
                                      .partition = -1,
                                      .offset = number,
                                      .timestamp_ms = wr_statement_int(row, 4),
                                      .key = dup(arena, wr_statement_blob(row, 1), &failed),
                                      .value = dup(arena, wr_statement_blob(row, 2), &failed)};
    weir_slice blob = dup(arena, wr_statement_blob(row, 3), &failed);
    if (failed || !found.record.topic || (reason && !found.reason))
        return WEIR_E_MEMORY;
    weir_err err = place == WR_OUTBOX_INSERTS ? inserted_headers(blob, arena, &headers, &found.record.header_count)
                                              : wr_headers_decode(blob, arena, &headers, &found.record.header_count);
    found.record.headers = headers;
    if (err == WEIR_OK)
        *ret_row = found;
    return err;
}

weir_err wr_outbox_find(wr_store *store, wr_outbox_place place, int64_t number, weir_arena *arena,
                        wr_outbox_row *ret_row, weir_failure *failure)
{
    wr_statement *row;
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, places[place].sql, WEIR_VALUES(WEIR_INT(number)), &row, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(row, failure);
    if (err == WEIR_E_RANGE)
        err =
            weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of %s", (long long)number, places[place].what);
    else if (err == WEIR_OK && (err = read_whole(row, place, number, arena, ret_row)) != WEIR_OK)
        weir_fail(failure, err, "%s %lld cannot be read", places[place].what, (long long)number);
    wr_statement_done(row);
    return err;
}
