/* The transaction as a handler sees it: SQL, emitting, and failures that stick. */
#include "core_int.h"

#include <stdarg.h>
#include <stdio.h>

void wr_tx_init(weir_tx *tx, wr_core *core, wr_store *store, weir_arena *arena)
{
    memset(tx, 0, sizeof *tx);
    tx->core = core;
    tx->store = store;
    tx->arena = arena;
    tx->now_ms = wr_now_ms(core->io);
    tx->none.tx = tx;
    wr_list_init(&tx->rows);
}

/* The span of this handling: a child of who sent the event or the request, or a new trace. */
void wr_tx_trace(weir_tx *tx, const char *traceparent)
{
    uint8_t random[24];
    wr_random(tx->core->io, random, sizeof random);
    wr_trace_context context;
    if (wr_trace_context_parse(traceparent, &context) == WEIR_OK)
        context = wr_trace_context_child(&context, random);
    else
        context = wr_trace_context_root(random, true);
    wr_trace_context_print(&context, tx->traceparent);
}

void wr_tx_end(weir_tx *tx)
{
    for (wr_link *link; (link = wr_list_first(&tx->rows));)
        weir_rows_end(WR_LIST_ITEM(link, weir_rows, link));
}

weir_status wr_tx_fail(weir_tx *tx, weir_status status, const char *format, ...)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    va_list args;
    va_start(args, format);
    vsnprintf(tx->reason, sizeof tx->reason, format, args);
    va_end(args);
    tx->status = status;
    return status;
}

weir_status wr_tx_wrong(weir_tx *tx, const char *format, ...)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    va_list args;
    va_start(args, format);
    vsnprintf(tx->reason, sizeof tx->reason, format, args);
    va_end(args);
    tx->err = WEIR_E_USAGE;
    tx->is_wrong = true;
    tx->status = WEIR_FATAL;
    return WEIR_FATAL;
}

const char *wr_tx_reason_outside(const weir_tx *tx)
{
    return tx->is_database_reason ? "what is stored does not allow this" : tx->reason;
}

void wr_tx_log_failure(const weir_tx *tx, weir_status status, const char *what)
{
    what = what ? what : "command";
    if (status == WEIR_FATAL)
        wr_trace_log(tx->core->trace, WR_ERROR,
                     tx->is_wrong ? "a request failed: the program is wrong"
                                  : "the service stops: a request cannot go on",
                     WR_TEXT("request", what), WR_TEXT("error", tx->reason[0] ? tx->reason : "gave up with WEIR_FATAL"),
                     WR_TEXT("traceparent", tx->traceparent));
    else if (tx->is_database_reason)
        wr_trace_log(tx->core->trace, WR_DEBUG, "a request was refused by the database", WR_TEXT("request", what),
                     WR_TEXT("error", tx->reason), WR_TEXT("traceparent", tx->traceparent));
}

weir_status wr_tx_settle(weir_tx *tx, weir_status returned)
{
    wr_tx_end(tx);
    if (tx->status != WEIR_DONE) /* a failure sticks, whatever the handler returns after it */
        return tx->status;
    if ((int)returned < WEIR_DONE || returned > WEIR_FATAL)
        return wr_tx_wrong(tx, "returned %d, which is no weir_status", (int)returned);
    return returned;
}

/* Whose fault it is decides what becomes of the event or the request: the data's is rejected, the moment's is tried
 * again or ends the batch, and whatever is left is the program's. */
static weir_status call_failed(weir_tx *tx, weir_err err, const weir_failure *failure)
{
    switch (err) {
    case WEIR_E_EXISTS:
    case WEIR_E_REFUSED:
        tx->is_database_reason |= tx->status == WEIR_DONE;
        return wr_tx_fail(tx, WEIR_REJECT, "%s", failure->sentence);
    case WEIR_E_LIMIT:
        return wr_tx_fail(tx, WEIR_REJECT, "%s", failure->sentence);
    case WEIR_E_AGAIN:
        tx->is_database_reason |= tx->status == WEIR_DONE;
        return wr_tx_fail(tx, WEIR_RETRY, "%s", failure->sentence);
    case WEIR_E_FULL:
    case WEIR_E_IO:
    case WEIR_E_MEMORY:
    case WEIR_E_CORRUPT:
    case WEIR_E_BROKEN:
        tx->err = err;
        return wr_tx_fail(tx, WEIR_FATAL, "%s", failure->sentence);
    default:
        return wr_tx_wrong(tx, "%s", failure->sentence);
    }
}

weir_err wr_tx_keep(weir_tx *tx, weir_status *status, weir_failure *failure)
{
    weir_failure own = {0};
    weir_err err = wr_store_release(tx->store, &own);
    if (err == WEIR_OK)
        return err;
    if (err != WEIR_E_EXISTS)
        return weir_fail(failure, err, "%s", own.sentence);
    *status = call_failed(tx, err, &own);
    return WEIR_OK;
}

weir_status weir_exec_values(weir_tx *tx, const char *sql, const weir_value *values)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    weir_failure failure = {0};
    weir_err err = wr_store_service_exec(tx->store, sql, values, &failure);
    if (err != WEIR_OK)
        return call_failed(tx, err, &failure);
    tx->changes = wr_store_changes(tx->store);
    return WEIR_DONE;
}

int64_t weir_changes(weir_tx *tx)
{
    return tx->changes;
}

weir_rows *weir_query_values(weir_tx *tx, const char *sql, const weir_value *values)
{
    if (tx->status != WEIR_DONE)
        return &tx->none;
    weir_rows *rows = weir_arena_alloc(tx->arena, sizeof *rows);
    if (!rows) {
        tx->err = WEIR_E_MEMORY;
        wr_tx_fail(tx, WEIR_FATAL, "no memory for a query");
        return &tx->none;
    }
    rows->tx = tx;
    weir_failure failure = {0};
    weir_err err = wr_store_service_query(tx->store, sql, values, &rows->statement, &failure);
    if (err != WEIR_OK)
        call_failed(tx, err, &failure);
    else
        wr_list_append(&tx->rows, &rows->link);
    return rows;
}

bool weir_rows_next(weir_rows *rows)
{
    if (!rows->statement)
        return false;
    weir_failure failure = {0};
    weir_err err = rows->tx->status == WEIR_DONE ? wr_statement_next(rows->statement, &failure) : WEIR_E_RANGE;
    if (err == WEIR_OK)
        return true;
    if (err != WEIR_E_RANGE)
        call_failed(rows->tx, err, &failure);
    weir_rows_end(rows);
    return false;
}

void weir_rows_end(weir_rows *rows)
{
    wr_link_remove(&rows->link);
    wr_statement_done(rows->statement);
    rows->statement = NULL;
}

/* Whether there is such a column of a row to read. A number that the statement has not is a mistake, and said. */
static bool has_column(weir_rows *rows, int column)
{
    if (!rows->statement)
        return false;
    if (column >= 0 && column < wr_statement_columns(rows->statement))
        return true;
    wr_tx_wrong(rows->tx, "column %d of a query that has %d", column, wr_statement_columns(rows->statement));
    return false;
}

int64_t weir_rows_int(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_int(rows->statement, column) : 0;
}

double weir_rows_real(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_real(rows->statement, column) : 0;
}

const char *weir_rows_text(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_text(rows->statement, column) : NULL;
}

weir_slice weir_rows_blob(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_blob(rows->statement, column) : (weir_slice){0};
}

bool weir_rows_is_null(weir_rows *rows, int column)
{
    return weir_rows_kind(rows, column) == WEIR_VALUE_NULL;
}

weir_value_kind weir_rows_kind(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_kind(rows->statement, column) : WEIR_VALUE_NULL;
}

int weir_rows_column_count(weir_rows *rows)
{
    return rows->statement ? wr_statement_columns(rows->statement) : 0;
}

const char *weir_rows_name(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_name(rows->statement, column) : NULL;
}

int weir_rows_column(weir_rows *rows, const char *name)
{
    for (int i = 0; i < weir_rows_column_count(rows); i++)
        if (strcmp(wr_statement_name(rows->statement, i), name) == 0)
            return i;
    if (rows->statement)
        wr_tx_wrong(rows->tx, "a query has no column %.60s", name);
    return -1;
}

/* ---- the record at hand, and the log */

weir_slice weir_tx_header(const weir_tx *tx, const char *name)
{
    const wr_client_record *record = tx->record;
    const wr_client_header *header = record ? wr_event_header_find(record->headers, record->header_count, name) : NULL;
    return header ? header->value : (weir_slice){0};
}

size_t weir_tx_header_count(const weir_tx *tx)
{
    return tx->record ? tx->record->header_count : 0;
}

weir_slice weir_tx_header_at(const weir_tx *tx, size_t at, const char **ret_name)
{
    if (at >= weir_tx_header_count(tx))
        return (weir_slice){0};
    *ret_name = tx->record->headers[at].name;
    return tx->record->headers[at].value;
}

void weir_log(const weir_tx *tx, weir_level level, const char *format, ...)
{
    static const wr_level levels[] = {
        [WEIR_DEBUG] = WR_DEBUG, [WEIR_INFO] = WR_INFO, [WEIR_WARN] = WR_WARN, [WEIR_ERROR] = WR_ERROR};
    char text[500];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    wr_level to = (unsigned)level <= WEIR_ERROR ? levels[level] : WR_ERROR;
    if (tx->record)
        wr_trace_log(tx->core->trace, to, text, WR_TEXT("topic", tx->record->topic),
                     WR_NUMBER("partition", tx->record->partition), WR_NUMBER("offset", tx->record->offset),
                     WR_TEXT("event", tx->event->id), WR_TEXT("type", tx->event->type),
                     WR_TEXT("traceparent", tx->traceparent));
    else
        wr_trace_log(tx->core->trace, to, text, WR_TEXT("request", tx->what ? tx->what : "command"),
                     WR_TEXT("traceparent", tx->traceparent));
}

/* ---- emitting */

static void fill_in(weir_tx *tx, weir_event *event, char id[WR_UUID_TEXT_SIZE])
{
    if (!event->id) {
        wr_event_derive_id(tx->core->name, tx->origin_id, tx->emit_count, id);
        event->id = id;
    }
    tx->emit_count++;
    if (!event->source)
        event->source = tx->core->name;
    if (!event->time)
        event->time = weir_tx_now_text(tx);
    if (!event->correlationid)
        event->correlationid = tx->correlationid;
    if (!event->causationid)
        event->causationid = tx->causationid;
    wr_trace_context context;
    if (event->tracestate && !wr_tracestate_valid(event->tracestate))
        event->tracestate = NULL;
    if (wr_trace_context_parse(event->traceparent, &context) != WEIR_OK) { /* none, or damaged where it was stored */
        event->traceparent = tx->traceparent;
        event->tracestate = wr_tracestate_valid(tx->tracestate) ? tx->tracestate : NULL;
    }
    if (event->data.data && !event->datacontenttype)
        event->datacontenttype = "application/json";
}

/* What no event can be the cause of: it is the same for all. NULL when there is nothing. */
static const char *find_mistake(const weir_event *event)
{
    if (!event)
        return "an event is wanted, not NULL";
    if (!event->type || !*event->type)
        return "an event without a type";
    if (event->version < 0)
        return "an event with a negative version";
    if (event->extension_count && !event->extensions)
        return "an event whose extensions are NULL";
    for (size_t i = 0; i < event->extension_count; i++) {
        const char *name = event->extensions[i].name;
        size_t size = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") : 0;
        if (size == 0 || size > WR_EVENT_NAME_MAX || name[size])
            return "an extension whose name is not 1 to 20 of a-z and 0-9";
        if (!event->extensions[i].value)
            return "an extension without a value";
    }
    return NULL;
}

static weir_err encode_and_append(weir_tx *tx, const char *topic, const weir_event *event, weir_failure *failure)
{
    wr_core *core = tx->core;
    wr_event_record encoded;
    weir_failure why = {0};
    weir_err err = wr_event_encode_kafka(event, NULL, 0, tx->arena, &encoded, &why);
    if (err != WEIR_OK) /* a text that is none, or too long: values, which come from elsewhere */
        return weir_fail(failure, err == WEIR_E_FORMAT ? WEIR_E_LIMIT : err, "%.60s: %.160s", event->type,
                         why.sentence);
    const char *whole_topic = *core->prefix ? weir_arena_printf(tx->arena, "%s%s", core->prefix, topic) : topic;
    if (!whole_topic)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to emit");
    wr_client_record record = {.topic = whole_topic,
                               .partition = -1,
                               .key = encoded.key,
                               .value = encoded.value,
                               .headers = encoded.headers,
                               .header_count = encoded.header_count};
    return wr_outbox_append(core, &record, core->options.message_size_max, failure);
}

static weir_status publish(weir_tx *tx, const char *call, const char *topic, const weir_event *given)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    const char *mistake = find_mistake(given);
    if (mistake)
        return wr_tx_wrong(tx, "%s: %s", call, mistake);
    if (tx->is_read_only)
        return wr_tx_wrong(tx, "%s of %s: a query cannot emit", call, given->type);
    weir_event event = *given;
    char id[WR_UUID_TEXT_SIZE];
    weir_failure failure = {0};
    fill_in(tx, &event, id);
    weir_err err = encode_and_append(tx, topic, &event, &failure);
    return err == WEIR_OK ? WEIR_DONE : call_failed(tx, err, &failure);
}

/* An event of a program that was compiled when events had fewer members. */
static weir_status publish_sized(weir_tx *tx, const char *call, const char *topic, const weir_event *event,
                                 size_t event_size)
{
    weir_event whole = {0};
    if (tx->status != WEIR_DONE)
        return tx->status;
    if (event_size > sizeof whole)
        return wr_tx_wrong(tx, "the program was compiled against a later weir than " WEIR_VERSION);
    if (event)
        memcpy(&whole, event, event_size);
    return publish(tx, call, topic, event ? &whole : NULL);
}

weir_status weir_emit_sized(weir_tx *tx, const weir_event *event, size_t event_size)
{
    if (tx->status == WEIR_DONE && !tx->core->service->produces)
        return wr_tx_wrong(tx, "weir_emit: the service has no topic to emit to; set `produces`");
    return publish_sized(tx, "weir_emit", tx->core->service->produces, event, event_size);
}

weir_status weir_send_sized(weir_tx *tx, const char *topic, const weir_event *command, size_t event_size)
{
    if (tx->status == WEIR_DONE && (!topic || !wr_topic_name_valid(topic)))
        return wr_tx_wrong(tx, "weir_send to '%.100s': a topic's name has " WR_TOPIC_NAME_RULE, topic ? topic : "");
    return publish_sized(tx, "weir_send", topic, command, event_size);
}

weir_status weir_reject(weir_tx *tx, const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return wr_tx_fail(tx, WEIR_REJECT, "%s", reason);
}

weir_status weir_fatal(weir_tx *tx, const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return wr_tx_fail(tx, WEIR_FATAL, "%s", reason);
}

weir_status weir_retry(weir_tx *tx, const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return wr_tx_fail(tx, WEIR_RETRY, "%s", reason);
}

weir_status weir_decode_sized(weir_tx *tx, const weir_event *event, const weir_json_field *fields, size_t field_size,
                              void *ret_struct)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    weir_failure failure = {0};
    weir_err err = weir_json_decode_sized(tx->arena, fields, field_size, event->data, ret_struct, &failure);
    if (err == WEIR_OK)
        return WEIR_DONE;
    if (err == WEIR_E_MEMORY)
        return call_failed(tx, err, &failure);
    return wr_tx_fail(tx, WEIR_REJECT, "%s: %s", event->type ? event->type : "event", failure.sentence);
}

weir_slice weir_encode_sized(weir_tx *tx, const weir_json_field *fields, size_t field_size, const void *from)
{
    weir_slice json = {0};
    if (tx->status == WEIR_DONE)
        json = weir_json_encode_sized(tx->arena, fields, field_size, from);
    if (!json.data)
        wr_tx_fail(tx, WEIR_REJECT, "cannot be written as JSON: a text is not UTF-8, or memory is out");
    return json;
}

weir_status weir_tx_status(const weir_tx *tx)
{
    return tx->status;
}

weir_arena *weir_tx_arena(weir_tx *tx)
{
    return tx->arena;
}

int64_t weir_tx_now_ms(const weir_tx *tx)
{
    return tx->now_ms;
}

const char *weir_tx_now_text(weir_tx *tx)
{
    if (!tx->now_text[0])
        wr_time_print(tx->now_ms, tx->now_text);
    return tx->now_text;
}

const char *weir_tx_setting(const weir_tx *tx, const char *key)
{
    const wr_core *core = tx->core;
    if (core->options.config)
        return wr_config_find(core->options.config, key);
    for (const weir_setting *setting = core->service->settings; setting && setting->key; setting++)
        if (strcmp(setting->key, key) == 0)
            return setting->fallback;
    return NULL;
}
