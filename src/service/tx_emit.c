/* Emitting: an event of a handler becomes a row of the outbox, in the same transaction.
 *
 * What is missing is filled in: the id is derived from the service, the event or request at hand, and how many were
 * emitted before, so that a rerun emits the same ids; correlation and causation come from the event at hand, the trace
 * from its span. What no event can be the cause of (no type, an illegal name) is a mistake of the program; a value that
 * cannot be written, and an event that is too large, came from somewhere and are rejected. */
#include "core_int.h"

#include <event/codec.h>

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
        event->datacontenttype = wr_codec_default()->content_type;
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

/* topic NULL: it is for the service's own handlers. */
static weir_err encode(weir_tx *tx, const char *topic, const weir_event *event, wr_client_record *ret_record,
                       weir_failure *failure)
{
    wr_core *core = tx->core;
    wr_event_record encoded;
    weir_failure why = {0};
    weir_err err = wr_event_encode_kafka(event, NULL, 0, tx->arena, &encoded, &why);
    if (err != WEIR_OK) /* a text that is none, or too long: values, which come from elsewhere */
        return weir_fail(failure, err == WEIR_E_FORMAT ? WEIR_E_LIMIT : err, "%.60s: %.160s", event->type,
                         why.sentence);
    const char *whole_topic =
        topic && *core->prefix ? weir_arena_printf(tx->arena, "%s%s", core->prefix, topic) : topic;
    if (topic && !whole_topic)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to emit");
    *ret_record = (wr_client_record){.topic = whole_topic,
                                     .partition = -1,
                                     .key = encoded.key,
                                     .value = encoded.value,
                                     .headers = encoded.headers,
                                     .header_count = encoded.header_count};
    return WEIR_OK;
}

/* Now, or as the timer says. */
static weir_status publish(weir_tx *tx, const char *call, const char *topic, const weir_event *given,
                           const weir_timer *timer)
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
    wr_client_record record;
    weir_failure failure = {0};
    fill_in(tx, &event, id);
    weir_err err = encode(tx, topic, &event, &record, &failure);
    if (err == WEIR_OK && timer)
        err = wr_core_timer_set_for(tx->core, timer, &record, event.id, &failure);
    else if (err == WEIR_OK)
        err = wr_outbox_append(tx->core, &record, tx->core->options.message_size_max, &failure);
    return err == WEIR_OK ? WEIR_DONE : wr_tx_call_failed(tx, err, &failure);
}

/* An event of a program that was compiled when events had fewer members. */
static weir_status publish_sized(weir_tx *tx, const char *call, const char *topic, const weir_event *event,
                                 size_t event_size, const weir_timer *timer)
{
    weir_event whole = {0};
    if (tx->status != WEIR_DONE)
        return tx->status;
    if (event_size > sizeof whole)
        return wr_tx_wrong(tx, "the program was compiled against a later weir than " WEIR_VERSION);
    if (event)
        memcpy(&whole, event, event_size);
    return publish(tx, call, topic, event ? &whole : NULL, timer);
}

weir_status weir_emit_sized(weir_tx *tx, const weir_event *event, size_t event_size)
{
    if (tx->status == WEIR_DONE && !tx->core->service->produces)
        return wr_tx_wrong(tx, "weir_emit: the service has no topic to emit to; set `produces`");
    return publish_sized(tx, "weir_emit", tx->core->service->produces, event, event_size, NULL);
}

weir_status weir_send_sized(weir_tx *tx, const char *topic, const weir_event *command, size_t event_size)
{
    if (tx->status == WEIR_DONE && (!topic || !wr_topic_name_valid(topic)))
        return wr_tx_wrong(tx, "weir_send to '%.100s': a topic's name has " WR_TOPIC_NAME_RULE, topic ? topic : "");
    return publish_sized(tx, "weir_send", topic, command, event_size, NULL);
}

/* ---- later */

static weir_status publish_later(weir_tx *tx, const char *call, const char *topic, const weir_timer *timer,
                                 size_t timer_size, size_t event_size)
{
    weir_timer whole = {0};
    if (tx->status != WEIR_DONE)
        return tx->status;
    if (timer_size > sizeof whole)
        return wr_tx_wrong(tx, "the program was compiled against a later weir than " WEIR_VERSION);
    if (!timer)
        return wr_tx_wrong(tx, "%s: a timer is wanted, not NULL", call);
    memcpy(&whole, timer, timer_size);
    if (whole.after_ms && whole.at_ms)
        return wr_tx_wrong(tx, "%s: after_ms or at_ms, not both", call);
    return publish_sized(tx, call, topic, whole.event, event_size, &whole);
}

weir_status weir_after_sized(weir_tx *tx, const weir_timer *timer, size_t timer_size, size_t event_size)
{
    bool is_known;
    const weir_event *event = tx->status == WEIR_DONE && timer ? timer->event : NULL;
    if (event && event->type && event->version >= 0 && !wr_handler_find(tx->core, event, &is_known))
        return wr_tx_wrong(tx, "weir_after: the service has no handler of %.100s version %d", event->type,
                           event->version ? event->version : 1);
    return publish_later(tx, "weir_after", NULL, timer, timer_size, event_size);
}

weir_status weir_emit_later_sized(weir_tx *tx, const weir_timer *timer, size_t timer_size, size_t event_size)
{
    if (tx->status == WEIR_DONE && !tx->core->service->produces)
        return wr_tx_wrong(tx, "weir_emit_later: the service has no topic to emit to; set `produces`");
    return publish_later(tx, "weir_emit_later", tx->core->service->produces, timer, timer_size, event_size);
}

weir_status weir_send_later_sized(weir_tx *tx, const char *topic, const weir_timer *timer, size_t timer_size,
                                  size_t event_size)
{
    if (tx->status == WEIR_DONE && (!topic || !wr_topic_name_valid(topic)))
        return wr_tx_wrong(tx, "weir_send_later to '%.100s': a topic's name has " WR_TOPIC_NAME_RULE,
                           topic ? topic : "");
    return publish_later(tx, "weir_send_later", topic, timer, timer_size, event_size);
}

weir_status weir_cancel(weir_tx *tx, const char *id)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    if (!id)
        return wr_tx_wrong(tx, "weir_cancel: an id is wanted, not NULL");
    if (tx->is_read_only)
        return wr_tx_wrong(tx, "weir_cancel of %.100s: a query cannot cancel", id);
    tx->changes = 0;
    if (!wr_core_timer_id_valid(id)) /* nothing has it */
        return WEIR_DONE;
    weir_failure failure = {0};
    weir_err err = wr_core_timer_drop(tx->core, TIMER, id, &tx->changes, &failure);
    return err == WEIR_OK ? WEIR_DONE : wr_tx_call_failed(tx, err, &failure);
}
