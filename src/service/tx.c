/* The transaction as a handler or a route sees it: its life, and how it fails.
 *
 *   init → trace → the handler's calls → settle (open queries end; which status counts) → keep, or the caller undoes
 *
 * The first failure sticks: every later call of the handler returns its status and does nothing, and whatever the
 * handler returns at its end, that status counts. A failure has a reason (for the log and for dead letters), and
 *
 *   is_wrong             it is a mistake of the program: an event handler stops the service, a route is answered 500
 *   is_database_reason   the reason is in the database's words, which no answer repeats
 *   err                  behind a WEIR_FATAL: what ended the batch
 *
 * What SQL does is in tx_rows.c, what emitting does in tx_emit.c. */
#include "core_int.h"

#include <event/codec.h>

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

/* The last field of a line; a query that nobody traces has none. */
static wr_trace_field traced(const weir_tx *tx)
{
    return tx->traceparent[0] ? WR_TEXT("traceparent", tx->traceparent) : (wr_trace_field){.name = NULL};
}

void wr_tx_log_failure(const weir_tx *tx, weir_status status, const char *what)
{
    what = what ? what : "command";
    if (status == WEIR_FATAL)
        wr_trace_log(tx->core->trace, WR_ERROR,
                     tx->is_wrong       ? "a request failed: the program is wrong"
                     : tx->is_read_only ? "a query failed: it gave up with WEIR_FATAL"
                                        : "the service stops: a request cannot go on",
                     WR_TEXT("request", what), WR_TEXT("error", tx->reason[0] ? tx->reason : "gave up with WEIR_FATAL"),
                     traced(tx));
    else if (tx->is_database_reason)
        wr_trace_log(tx->core->trace, WR_DEBUG, "a request was refused by the database", WR_TEXT("request", what),
                     WR_TEXT("error", tx->reason), traced(tx));
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
weir_status wr_tx_call_failed(weir_tx *tx, weir_err err, const weir_failure *failure)
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
    case WEIR_E_UNREACHABLE:
        if (tx->is_read_only) /* another connection will do, once the server is back */
            return wr_tx_fail(tx, WEIR_RETRY, "the database cannot be reached; try again");
        tx->err = err;
        return wr_tx_fail(tx, WEIR_FATAL, "%s", failure->sentence);
    case WEIR_E_FENCED:
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
    *status = wr_tx_call_failed(tx, err, &own);
    return WEIR_OK;
}

undo_mark wr_undo_mark(const wr_core *core)
{
    return (undo_mark){core->outbox.next_sequence, core->timers.change};
}

weir_err wr_undo_to(wr_core *core, undo_mark mark, weir_failure *failure)
{
    wr_outbox_undo(core, mark.sequence);
    core->timers.change = mark.timer_change; /* the earliest due times may be too early now, which costs a look */
    return wr_store_undo(core->store, failure);
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
                     WR_TEXT("event", tx->event->id), WR_TEXT("type", tx->event->type), traced(tx));
    else
        wr_trace_log(tx->core->trace, to, text, WR_TEXT("request", tx->what ? tx->what : "command"), traced(tx));
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
    weir_err err =
        wr_codec_of(event->datacontenttype)->decode(tx->arena, fields, field_size, event->data, ret_struct, &failure);
    if (err == WEIR_OK)
        return WEIR_DONE;
    if (err == WEIR_E_MEMORY)
        return wr_tx_call_failed(tx, err, &failure);
    return wr_tx_fail(tx, WEIR_REJECT, "%s: %s", event->type ? event->type : "event", failure.sentence);
}

weir_slice weir_encode_sized(weir_tx *tx, const weir_json_field *fields, size_t field_size, const void *from)
{
    const wr_codec *codec = wr_codec_default();
    weir_slice data = {0};
    if (tx->status == WEIR_DONE)
        data = codec->encode(tx->arena, fields, field_size, from);
    if (!data.data)
        wr_tx_fail(tx, WEIR_REJECT, "cannot be written as %s: a text is not UTF-8, or memory is out", codec->name);
    return data;
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
