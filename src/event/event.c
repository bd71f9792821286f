/* One event from its attributes, and its attributes from an event, whatever it travels in (event.h).
 *
 * The attributes of CloudEvents 1.0.2 that weir names have a member of the struct and a row here; dataversion is a number;
 * every other one is an extension. What is to be written is checked wholly. What is read comes one attribute at a time
 * (wr_event_reader_set): a fault in a required one is the event's, any other is dropped and counted (wr_event_loss). */
#include "event_int.h"

#include "codec.h"

#include "trace_context.h"

#include <base/text.h>
#include <base/time.h>
#include <base/utf8.h>

#include <stdio.h>
#include <strings.h>

/* The attributes that have a member of their own. dataversion, an integer, and the extensions follow them. */
typedef struct own_attribute {
    const char *name;
    size_t offset;
    bool required;
    bool may_repeat; /* also as an extension: the trace that the event began with */
} own_attribute;

static const own_attribute rows[] = {
    {"id", offsetof(weir_event, id), .required = true},
    {"source", offsetof(weir_event, source), .required = true},
    {"type", offsetof(weir_event, type), .required = true},
    {"subject", offsetof(weir_event, subject)},
    {"time", offsetof(weir_event, time)},
    {"datacontenttype", offsetof(weir_event, datacontenttype)},
    {"dataschema", offsetof(weir_event, dataschema)},
    {"correlationid", offsetof(weir_event, correlationid)},
    {"causationid", offsetof(weir_event, causationid)},
    {"traceparent", offsetof(weir_event, traceparent), .may_repeat = true},
    {"tracestate", offsetof(weir_event, tracestate), .may_repeat = true},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static const char *row_get(const own_attribute *row, const weir_event *event)
{
    const char *value;
    memcpy(&value, (const char *)event + row->offset, sizeof(value));
    return value;
}

static void row_set(const own_attribute *row, weir_event *event, const char *value)
{
    memcpy((char *)event + row->offset, &value, sizeof(value));
}

static const own_attribute *row_find(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static const char *extension_find(const weir_attribute *extensions, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(extensions[i].name, name) == 0)
            return extensions[i].value;
    return NULL;
}

weir_err wr_attribute_list_fill(wr_attribute_list *list, const weir_event *event, weir_failure *failure)
{
    if (event->extension_count > WR_EVENT_EXTENSION_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "%zu extensions, more than %d", event->extension_count,
                         WR_EVENT_EXTENSION_MAX);
    list->count = 0;
    list->items[list->count++] = (weir_attribute){"specversion", "1.0"};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *value = row_get(&rows[i], event);
        if (value)
            list->items[list->count++] = (weir_attribute){rows[i].name, value};
    }
    snprintf(list->version, sizeof(list->version), "%d", event->version ? event->version : 1);
    list->items[list->count++] = (weir_attribute){"dataversion", list->version};
    for (size_t i = 0; i < event->extension_count; i++)
        list->items[list->count++] = event->extensions[i];
    return WEIR_OK;
}

bool wr_attribute_is_hop(const weir_event *event, const weir_attribute *attribute)
{
    /* the same name among the extensions is another text: the trace that the event began with */
    return (attribute->value == event->traceparent && strcmp(attribute->name, "traceparent") == 0) ||
           (attribute->value == event->tracestate && strcmp(attribute->name, "tracestate") == 0);
}

bool wr_attribute_name_valid(weir_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || (name.data[i] >= '0' && name.data[i] <= '9')))
            return false;
    return name.size > 0 && name.size <= WR_ATTRIBUTE_NAME_READ_MAX;
}

/* ---- values */

/* CloudEvents' type String: no control characters, no noncharacters. */
static bool value_valid(weir_slice value)
{
    if (!wr_utf8_valid(value))
        return false;
    for (const uint8_t *at = value.data, *end = at + value.size; at < end;) {
        uint32_t code = wr_utf8_next(&at);
        if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xfdd0 && code <= 0xfdef) ||
            (code & 0xfffe) == 0xfffe)
            return false;
    }
    return true;
}

static bool media_type_valid(const char *text)
{
    const char *slash = strchr(text, '/');
    for (const char *at = text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            return false; /* it goes into headers as it is */
    return slash && slash > text && slash[1] && slash[1] != ';';
}

/* What holds for a value apart from its characters; NULL, or what is wrong. */
static const char *meaning_problem(const char *name, const char *value)
{
    int64_t time_ms;
    if (row_find(name) && !*value)
        return "is empty";
    if (strcmp(name, "time") == 0 && wr_time_parse(value, &time_ms) != WEIR_OK)
        return "is not a time as in RFC 3339";
    if (strcmp(name, "datacontenttype") == 0 && !media_type_valid(value))
        return "is not a media type";
    if ((strcmp(name, "source") == 0 || strcmp(name, "dataschema") == 0) && strpbrk(value, " <>\"\\^`{|}"))
        return "is not a URI";
    return NULL;
}

/* What is wrong with the characters of a value; NULL: nothing. */
static const char *text_problem(const char *value)
{
    if (!value)
        return "has no value";
    if (strnlen(value, WR_EVENT_ATTRIBUTE_MAX + 1) > WR_EVENT_ATTRIBUTE_MAX)
        return "is longer than 32768 bytes";
    return value_valid(weir_slice_of(value)) ? NULL : "is not text: bad UTF-8 or a control character";
}

static weir_err check_value(const char *name, const char *value, weir_failure *failure)
{
    const char *problem = text_problem(value);
    if (!problem)
        problem = meaning_problem(name, value);
    bool is_long = value && strnlen(value, WR_EVENT_ATTRIBUTE_MAX + 1) > WR_EVENT_ATTRIBUTE_MAX;
    return problem ? weir_fail(failure, is_long ? WEIR_E_LIMIT : WEIR_E_FORMAT, "attribute %s %s", name, problem)
                   : WEIR_OK;
}

/* ---- checking what is to be written */

static weir_err check_extension_name(const weir_event *event, size_t at, weir_failure *failure)
{
    static const char *const reserved[] = {"specversion", "dataversion", "data", "database64"};
    const char *name = event->extensions[at].name;
    weir_slice bytes = weir_slice_of(name);
    if (!wr_attribute_name_valid(bytes) || bytes.size > WR_EVENT_NAME_MAX)
        return weir_fail(failure, WEIR_E_FORMAT, "an extension's name is 1 to %d of a-z and 0-9, not '%.40s'",
                         WR_EVENT_NAME_MAX, name ? name : "");
    const own_attribute *own = row_find(name);
    bool taken = (own && !own->may_repeat) || extension_find(event->extensions, at, name);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        taken = taken || strcmp(name, reserved[i]) == 0;
    return taken ? weir_fail(failure, WEIR_E_FORMAT, "extension %s is there already", name) : WEIR_OK;
}

static weir_err check_required(const weir_event *event, weir_failure *failure)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].required && !row_get(&rows[i], event))
            return weir_fail(failure, WEIR_E_FORMAT, "attribute %s is missing", rows[i].name);
    if (event->version < 0)
        return weir_fail(failure, WEIR_E_FORMAT, "attribute dataversion is negative");
    return WEIR_OK;
}

weir_err wr_event_check(const weir_event *event, weir_failure *failure)
{
    wr_attribute_list list;
    weir_err err = wr_attribute_list_fill(&list, event, failure);
    if (err == WEIR_OK)
        err = check_required(event, failure);
    for (size_t i = 0; err == WEIR_OK && i < event->extension_count; i++)
        err = check_extension_name(event, i, failure);
    for (size_t i = 0; err == WEIR_OK && i < list.count; i++)
        err = check_value(list.items[i].name, list.items[i].value, failure);
    return err;
}

/* ---- reading */

void wr_event_reader_drop(wr_event_reader *reader, const char *name, const char *problem)
{
    wr_event_loss *loss = reader->loss;
    if (loss && loss->count++ == 0)
        snprintf(loss->first, sizeof(loss->first), "attribute %.40s %s", name, problem);
}

/* "2" is version 2, and so is "2.1": other producers count in parts, and the first part is what a handler is for. */
static void set_version(wr_event_reader *reader, const char *value)
{
    const char *rest;
    int64_t version;
    weir_err err = wr_digits_parse(value, &version, &rest);
    if (reader->event.version)
        wr_event_reader_drop(reader, "dataversion", "comes twice");
    else if (err != WEIR_OK || *value == '0' || (*rest && *rest != '.') || version > INT32_MAX)
        wr_event_reader_drop(reader, "dataversion", "is not a number from 1");
    else
        reader->event.version = (int)version;
}

static weir_err set_specversion(wr_event_reader *reader, const char *value, weir_failure *failure)
{
    if (reader->versioned) {
        wr_event_reader_drop(reader, "specversion", "comes twice");
        return WEIR_OK;
    }
    reader->versioned = true;
    return strcmp(value, "1.0") == 0
               ? WEIR_OK
               : weir_fail(failure, WEIR_E_UNSUPPORTED, "CloudEvents specversion '%.40s', not 1.0", value);
}

/* What keeps a value from being read. A source that is not a URI is one all the same: it tells producers apart. */
static const char *reading_problem(const char *name, const char *value)
{
    wr_trace_context context;
    const char *problem = text_problem(value);
    if (problem)
        return problem;
    if (strcmp(name, "source") == 0)
        return *value ? NULL : "is empty";
    if (strcmp(name, "traceparent") == 0 && wr_trace_context_parse(value, &context) != WEIR_OK)
        return "is not a trace context";
    if (strcmp(name, "tracestate") == 0 && !wr_tracestate_valid(value))
        return "is not a trace state";
    return meaning_problem(name, value);
}

static bool has_room(wr_event_reader *reader, const own_attribute *own, const char *name)
{
    if (own ? row_get(own, &reader->event) != NULL
            : extension_find(reader->extensions, reader->extension_count, name) != NULL)
        wr_event_reader_drop(reader, name, "comes twice");
    else if (!own && reader->extension_count == WR_EVENT_EXTENSION_MAX)
        wr_event_reader_drop(reader, name, "is one more than an event may have");
    else
        return true;
    return false;
}

weir_err wr_event_reader_set(wr_event_reader *reader, const char *name, const char *value, weir_failure *failure)
{
    if (strcmp(name, "specversion") == 0)
        return set_specversion(reader, value, failure);
    if (strcmp(name, "dataversion") == 0) {
        set_version(reader, value);
        return WEIR_OK;
    }
    const own_attribute *own = row_find(name);
    if (!has_room(reader, own, name))
        return WEIR_OK;
    const char *problem = reading_problem(name, value);
    if (problem && own && own->required)
        return weir_fail(failure, WEIR_E_FORMAT, "attribute %s %s", name, problem);
    if (problem)
        wr_event_reader_drop(reader, name, problem);
    else if (own)
        row_set(own, &reader->event, value);
    else
        reader->extensions[reader->extension_count++] = (weir_attribute){name, value};
    return WEIR_OK;
}

weir_err wr_event_reader_set_bytes(wr_event_reader *reader, weir_slice name, weir_slice value, weir_failure *failure)
{
    if (!wr_attribute_name_valid(name)) {
        wr_event_reader_drop(reader, "with a foreign name", "is none");
        return WEIR_OK;
    }
    const char *name_text = weir_arena_dup_text(reader->arena, name);
    if (!name_text)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for an attribute");
    const own_attribute *own = row_find(name_text);
    if (value.size && memchr(value.data, 0, value.size)) {
        if (own && own->required && !row_get(own, &reader->event))
            return weir_fail(failure, WEIR_E_FORMAT, "attribute %s has a NUL in it", name_text);
        wr_event_reader_drop(reader, name_text, "has a NUL in it");
        return WEIR_OK;
    }
    const char *value_text = weir_arena_dup_text(reader->arena, value);
    if (!value_text)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for attribute %s", name_text);
    return wr_event_reader_set(reader, name_text, value_text, failure);
}

/* A second traceparent: the first is the one that the event began with, and moves to the extensions if there is room.
 */
static void keep_origin(wr_event_reader *reader, const char *name, const char *value)
{
    if (value && reader->extension_count < WR_EVENT_EXTENSION_MAX)
        reader->extensions[reader->extension_count++] = (weir_attribute){name, value};
}

void wr_event_reader_hop(wr_event_reader *reader, const char *traceparent, const char *tracestate)
{
    weir_event *event = &reader->event;
    wr_trace_context context;
    if (!traceparent)
        return;
    if (wr_trace_context_parse(traceparent, &context) != WEIR_OK) {
        wr_event_reader_drop(reader, "traceparent", "is not a trace context");
        return;
    }
    if (event->traceparent && strcmp(event->traceparent, traceparent) != 0) {
        keep_origin(reader, "traceparent", event->traceparent);
        keep_origin(reader, "tracestate", event->tracestate);
    }
    if (traceparent[WR_TRACEPARENT_SIZE - 1]) { /* a later version with more behind it, whatever that is */
        char *own = weir_arena_alloc(reader->arena, WR_TRACEPARENT_SIZE);
        if (own)
            wr_trace_context_print(&context, own);
        traceparent = own;
    }
    event->traceparent = traceparent;
    event->tracestate = traceparent && wr_tracestate_valid(tracestate) ? tracestate : NULL;
    if (tracestate && !event->tracestate)
        wr_event_reader_drop(reader, "tracestate", "is not a trace state");
}

weir_err wr_event_reader_finish(wr_event_reader *reader, weir_event *ret_event, weir_failure *failure)
{
    if (!reader->versioned)
        return weir_fail(failure, WEIR_E_FORMAT, "not a CloudEvent: no specversion");
    weir_event *event = &reader->event;
    weir_err err = check_required(event, failure);
    if (err != WEIR_OK)
        return err;
    event->version = event->version ? event->version : 1;
    if (reader->extension_count) {
        weir_attribute *extensions =
            weir_arena_array(reader->arena, reader->extension_count, sizeof(reader->extensions[0]));
        if (!extensions)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for the extensions");
        memcpy(extensions, reader->extensions, reader->extension_count * sizeof(reader->extensions[0]));
        event->extensions = extensions;
        event->extension_count = reader->extension_count;
    }
    *ret_event = *event;
    return WEIR_OK;
}

/* ---- content types */

static bool ends_type(char byte)
{
    return byte == '\0' || byte == ';' || byte == ' ' || byte == '\t';
}

wr_event_mode wr_event_mode_of(const char *content_type)
{
    static const char prefix[] = "application/cloudevents";
    if (!content_type || strncasecmp(content_type, prefix, sizeof(prefix) - 1) != 0)
        return WR_EVENT_BINARY;
    const char *suffix = content_type + sizeof(prefix) - 1;
    return strncasecmp(suffix, "+json", 5) == 0 && ends_type(suffix[5]) ? WR_EVENT_STRUCTURED_JSON
                                                                        : WR_EVENT_OTHER_MODE;
}

const char *wr_event_content_type(const weir_event *event)
{
    return event->datacontenttype ? event->datacontenttype : event->data.data ? wr_codec_default()->content_type : NULL;
}

bool wr_event_is_json(const char *datacontenttype)
{
    if (!datacontenttype)
        return true;
    const char *slash = strchr(datacontenttype, '/');
    if (!slash)
        return false;
    const char *end = slash;
    while (!ends_type(*end))
        end++;
    size_t size = (size_t)(end - slash - 1);
    return (size == 4 && strncasecmp(slash + 1, "json", 4) == 0) || (size > 5 && strncasecmp(end - 5, "+json", 5) == 0);
}

void wr_event_derive_id(const char *service, const char *incoming_id, uint32_t index, char ret_text[WR_UUID_TEXT_SIZE])
{
    /* Each text is hashed alone first, so that ("a", "bc") and ("ab", "c") differ. */
    uint8_t name[2 * sizeof(wr_uuid) + sizeof(int32_t)];
    wr_uuid part = wr_uuid_derive(weir_slice_of(service));
    memcpy(name, part.bytes, sizeof(part));
    part = wr_uuid_derive(weir_slice_of(incoming_id));
    memcpy(name + sizeof(part), part.bytes, sizeof(part));
    wr_put_i32(name + 2 * sizeof(part), (int32_t)index);
    part = wr_uuid_derive((weir_slice){name, sizeof(name)});
    wr_uuid_print(&part, ret_text);
}
