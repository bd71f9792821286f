/* The CloudEvents JSON format 1.0.2.
 *
 *     {"specversion":"1.0", "id":…, …attributes as strings (integers and booleans are read too)…,
 *      "data": any JSON value          when datacontenttype is JSON or absent
 *      "data": "text"                  else, when the data is UTF-8
 *      "data_base64": "…"}             else */
#include "event_int.h"
#include "json_int.h"
#include "json_text.h"

#include <base/base64.h>

#include <base/utf8.h>

enum { DEPTH_MAX = 64 };

/* ---- writing */

static void print_attribute(wr_buf *out, const wr_attribute_list *list, size_t at)
{
    const weir_attribute *attribute = &list->items[at];
    for (size_t later = at + 1; later < list->count; later++)
        if (strcmp(list->items[later].name, attribute->name) == 0)
            return; /* the trace that the event began with, among the extensions, is the attribute */
    if (at)
        wr_buf_append(out, ",", 1);
    wr_json_text(out, weir_slice_of(attribute->name));
    wr_buf_append(out, ":", 1);
    if (attribute->value == list->version)
        wr_buf_text(out, attribute->value);
    else
        wr_json_text(out, weir_slice_of(attribute->value));
}

static void print_data(wr_buf *out, const weir_event *event)
{
    bool json = wr_event_is_json(event->datacontenttype);
    size_t before = out->size;
    if (json) {
        wr_buf_text(out, ",\"data\":");
        if (wr_json_compact(out, event->data, NULL) == WEIR_OK || wr_buf_failed(out))
            return;
        out->size = before;
    } else if (wr_utf8_valid(event->data)) {
        wr_buf_text(out, ",\"data\":");
        wr_json_text(out, event->data);
        return;
    }
    wr_buf_text(out, ",\"data_base64\":\"");
    wr_base64_print(out, event->data);
    wr_buf_append(out, "\"", 1);
}

weir_err wr_event_print_json(const weir_event *event, wr_buf *out, weir_failure *failure)
{
    wr_attribute_list list;
    weir_err err = wr_attribute_list_fill(&list, event, failure);
    if (err != WEIR_OK)
        return err;
    for (size_t i = 0; i < list.count; i++)
        if (!list.items[i].value || !wr_utf8_valid(weir_slice_of(list.items[i].value)))
            return weir_fail(failure, WEIR_E_FORMAT, "attribute %s is not UTF-8", list.items[i].name);
    size_t before = out->size;
    wr_buf_append(out, "{", 1);
    for (size_t i = 0; i < list.count; i++)
        print_attribute(out, &list, i);
    if (event->data.data)
        print_data(out, event);
    wr_buf_append(out, "}", 1);
    if (!wr_buf_failed(out))
        return WEIR_OK;
    out->size = before;
    return weir_fail(failure, WEIR_E_MEMORY, "no room for event %.60s as JSON", event->id ? event->id : "");
}

/* ---- reading */

typedef struct event_payload {
    weir_slice json; /* the value of `data` as it stands */
    wr_json_string base64;
    bool has_json, has_base64;
} event_payload;

static weir_err explain(const wr_json_reader *in, weir_failure *failure)
{
    size_t line, column;
    wr_json_position(in, &line, &column);
    return weir_fail(failure, in->err, "a CloudEvent as JSON: %s at line %zu, column %zu", in->problem, line, column);
}

static void read_data(wr_json_reader *in, event_payload *payload)
{
    if (wr_json_peek(in) == WR_JSON_IS_NULL) {
        wr_json_skip(in);
        return;
    }
    payload->json = wr_json_skip(in);
    payload->has_json = true;
}

/* The bytes of a string, unescaped, in the arena; data NULL when memory is out. */
static weir_slice bytes_of(wr_json_string string, weir_arena *arena)
{
    uint8_t *bytes = weir_arena_alloc(arena, string.raw.size + 1);
    return bytes ? (weir_slice){bytes, wr_json_unescape(string, bytes)} : (weir_slice){0};
}

/* Attributes are strings, integers and booleans; null is absence, and what else there is is left out. */
static weir_err read_attribute(wr_json_reader *in, wr_event_reader *reader, wr_json_string name, weir_failure *failure)
{
    wr_json_string string = {0};
    wr_json_token token = wr_json_peek(in);
    if (token == WR_JSON_IS_STRING)
        wr_json_string_read(in, &string);
    else
        string.raw = wr_json_skip(in);
    if (wr_json_failed(in) || token == WR_JSON_IS_NULL)
        return WEIR_OK;
    weir_slice name_bytes = bytes_of(name, reader->arena), value = bytes_of(string, reader->arena);
    if (!name_bytes.data || !value.data)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for an attribute");
    if (token == WR_JSON_IS_OBJECT || token == WR_JSON_IS_ARRAY) {
        wr_event_reader_drop(reader, "of JSON", "is neither text, number nor boolean");
        return WEIR_OK;
    }
    return wr_event_reader_set_bytes(reader, name_bytes, value, failure);
}

static weir_err read_member(wr_json_reader *in, wr_event_reader *reader, event_payload *payload, weir_failure *failure)
{
    wr_json_string name;
    wr_json_name(in, &name);
    if (wr_json_failed(in))
        return WEIR_OK;
    if (wr_json_string_is(name, "data")) {
        read_data(in, payload);
    } else if (wr_json_string_is(name, "data_base64") && wr_json_peek(in) == WR_JSON_IS_NULL) {
        wr_json_skip(in);
    } else if (wr_json_string_is(name, "data_base64")) {
        wr_json_string_read(in, &payload->base64);
        payload->has_base64 = true;
    } else {
        return read_attribute(in, reader, name, failure);
    }
    return WEIR_OK;
}

static weir_err unpack_text(weir_event *event, weir_slice json, weir_arena *arena, weir_failure *failure)
{
    wr_json_reader in = wr_json_reader_of(json, 1);
    wr_json_string string;
    wr_json_string_read(&in, &string);
    uint8_t *text = weir_arena_alloc(arena, string.raw.size + 1);
    if (!text)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the data");
    event->data = (weir_slice){text, wr_json_unescape(string, text)};
    return WEIR_OK;
}

static weir_err unpack_base64(weir_event *event, wr_json_string base64, weir_arena *arena, weir_failure *failure)
{
    uint8_t *digits = weir_arena_alloc(arena, base64.raw.size + 1);
    uint8_t *bytes = weir_arena_alloc(arena, base64.raw.size + 1);
    size_t size;
    if (!digits || !bytes)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the data");
    if (!wr_base64_parse((weir_slice){digits, wr_json_unescape(base64, digits)}, bytes, &size))
        return weir_fail(failure, WEIR_E_FORMAT, "data_base64 is not base64");
    event->data = (weir_slice){bytes, size};
    return WEIR_OK;
}

static weir_err unpack(weir_event *event, const event_payload *payload, weir_arena *arena, weir_failure *failure)
{
    if (payload->has_json && payload->has_base64)
        return weir_fail(failure, WEIR_E_FORMAT, "both data and data_base64");
    if (payload->has_base64)
        return unpack_base64(event, payload->base64, arena, failure);
    if (payload->has_json && payload->json.data[0] == '"' && !wr_event_is_json(event->datacontenttype))
        return unpack_text(event, payload->json, arena, failure);
    event->data = payload->json;
    return WEIR_OK;
}

weir_err wr_event_reader_parse_json(wr_event_reader *reader, weir_slice json, weir_failure *failure)
{
    wr_json_reader in = wr_json_reader_of(json, DEPTH_MAX);
    event_payload payload = {0};
    weir_err err = WEIR_OK;
    wr_json_open(&in, '{');
    while (err == WEIR_OK && wr_json_more(&in, '}'))
        err = read_member(&in, reader, &payload, failure);
    if (err != WEIR_OK)
        return err;
    wr_json_end(&in);
    if (wr_json_failed(&in))
        return explain(&in, failure);
    return unpack(&reader->event, &payload, reader->arena, failure);
}

weir_err wr_event_parse_json(weir_slice json, weir_arena *arena, weir_event *ret_event, weir_failure *failure)
{
    wr_event_reader reader = {.arena = arena};
    weir_err err = wr_event_reader_parse_json(&reader, json, failure);
    return err == WEIR_OK ? wr_event_reader_finish(&reader, ret_event, failure) : err;
}
