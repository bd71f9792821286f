/* The HTTP protocol binding of CloudEvents (http.h says which headers). A value is percent-encoded UTF-8: what is read may
 * stand in double quotes, and a percent sign that no two digits follow stands for itself; what is written encodes space,
 * double quote, percent and all that is not printable ASCII. */
#include "http.h"

#include "event_int.h"

#include <base/percent.h>

#include <strings.h>

static const char attribute_prefix[] = "ce-";
enum { PREFIX_SIZE = sizeof(attribute_prefix) - 1 };

/* As the binding's section 3.1.3.2 asks: a pair of quotes around the value is taken off, then %xx is decoded once. A
 * percent sign that no two hex digits follow stands for itself. */
static const char *decode_percent(const char *value, weir_arena *arena)
{
    size_t size = strlen(value);
    if (size >= 2 && value[0] == '"' && value[size - 1] == '"') {
        value++;
        size -= 2;
    }
    char *text = weir_arena_alloc(arena, size + 1), *to = text;
    for (size_t i = 0; text && i < size; i++) {
        int byte = wr_percent_byte(value + i, size - i);
        *to++ = byte >= 0 ? (char)byte : value[i];
        i += byte >= 0 ? WR_PERCENT_SIZE - 1 : 0;
    }
    return text;
}

static const char *encode_percent(const char *value, weir_arena *arena)
{
    char *text = weir_arena_array(arena, strlen(value) + 1, WR_PERCENT_SIZE), *to = text;
    for (const char *at = value; text && *at; at++) {
        uint8_t byte = (uint8_t)*at;
        if (byte > 0x20 && byte < 0x7f && byte != '"' && byte != '%') {
            *to++ = *at;
            continue;
        }
        wr_percent_print(byte, to);
        to += WR_PERCENT_SIZE;
    }
    return text;
}

static const char *header_find(const wr_event_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (strcasecmp(message->headers[i].name, name) == 0)
            return message->headers[i].value;
    return NULL;
}

static weir_err read_attribute(wr_event_reader *reader, const weir_attribute *header, weir_failure *failure)
{
    const char *value = decode_percent(header->value, reader->arena);
    char *name = weir_arena_dup_text(reader->arena, weir_slice_of(header->name + PREFIX_SIZE));
    if (!value || !name)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for header %s", header->name);
    for (char *at = name; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    if (strcmp(name, "datacontenttype") == 0)
        return WEIR_OK;
    return wr_event_reader_set_bytes(reader, weir_slice_of(name), weir_slice_of(value), failure);
}

static weir_err read_binary(wr_event_reader *reader, const wr_event_message *message, weir_failure *failure)
{
    const char *content_type = header_find(message, "content-type");
    weir_err err = WEIR_OK;
    for (size_t i = 0; err == WEIR_OK && i < message->header_count; i++)
        if (strncasecmp(message->headers[i].name, attribute_prefix, PREFIX_SIZE) == 0)
            err = read_attribute(reader, &message->headers[i], failure);
    if (err == WEIR_OK && content_type)
        err = wr_event_reader_set_bytes(reader, WEIR_SLICE("datacontenttype"), weir_slice_of(content_type), failure);
    reader->event.data = message->body;
    return err;
}

weir_err wr_event_decode_http(const wr_event_message *message, weir_arena *arena, weir_event *ret_event,
                              weir_failure *failure)
{
    wr_event_reader reader = {.arena = arena};
    const char *content_type = header_find(message, "content-type");
    switch (wr_event_mode_of(content_type)) {
    case WR_EVENT_STRUCTURED_JSON:
        return wr_event_parse_json(message->body, arena, ret_event, failure);
    case WR_EVENT_OTHER_MODE:
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "CloudEvents as '%.60s', neither binary nor JSON", content_type);
    case WR_EVENT_BINARY:
        break;
    }
    weir_err err = read_binary(&reader, message, failure);
    if (err != WEIR_OK)
        return err;
    wr_event_reader_hop(&reader, header_find(message, "traceparent"), header_find(message, "tracestate"));
    return wr_event_reader_finish(&reader, ret_event, failure);
}

static weir_err write_header(const weir_event *event, const weir_attribute *attribute, weir_arena *arena,
                             weir_attribute *ret_header)
{
    bool plain = wr_attribute_is_hop(event, attribute);
    bool type = strcmp(attribute->name, "datacontenttype") == 0;
    ret_header->name = type    ? "content-type"
                       : plain ? attribute->name
                               : weir_arena_printf(arena, "%s%s", attribute_prefix, attribute->name);
    ret_header->value = type || plain ? attribute->value : encode_percent(attribute->value, arena);
    return ret_header->name && ret_header->value ? WEIR_OK : WEIR_E_MEMORY;
}

weir_err wr_event_encode_http(const weir_event *event, weir_arena *arena, wr_event_message *ret_message,
                              weir_failure *failure)
{
    wr_attribute_list list;
    weir_err err = wr_event_check(event, failure);
    if (err == WEIR_OK)
        err = wr_attribute_list_fill(&list, event, failure);
    if (err != WEIR_OK)
        return err;
    const char *content_type = wr_event_content_type(event);
    bool implied = content_type && !event->datacontenttype;
    size_t count = 0;
    weir_attribute *headers = weir_arena_array(arena, list.count + 1, sizeof(*headers));
    for (size_t i = 0; headers && i < list.count; i++)
        if (write_header(event, &list.items[i], arena, &headers[count++]) != WEIR_OK)
            headers = NULL;
    if (!headers)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the headers");
    if (implied)
        headers[count++] = (weir_attribute){"content-type", content_type};
    *ret_message = (wr_event_message){headers, count, event->data};
    return WEIR_OK;
}
