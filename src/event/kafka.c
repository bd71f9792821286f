/* The Kafka protocol binding of CloudEvents (kafka.h says which headers). The content type decides the mode:
 * application/cloudevents+json is structured, another CloudEvents type is not read, and whatever else is binary. The
 * headers of the trace stand without a prefix, as in HTTP, and tell of the last hop. */
#include "kafka.h"

#include "event_int.h"

#include <base/utf8.h>
#include <strings.h>

static const char attribute_prefix[] = "ce_";
enum { PREFIX_SIZE = sizeof(attribute_prefix) - 1 };

const wr_event_header *wr_event_header_find(const wr_event_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, name) == 0)
            return &headers[i];
    return NULL;
}

bool wr_topic_name_valid(const char *name)
{
    enum { NAME_SIZE_MAX = 249 };
    size_t size = name ? strnlen(name, NAME_SIZE_MAX + 1) : 0;
    if (size == 0 || size > NAME_SIZE_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
              (name[i] >= '0' && name[i] <= '9') || strchr("._-", name[i])))
            return false;
    return true;
}

/* ---- reading */

/* A header as text in the arena; NULL when absent, null, or not text. */
static weir_err header_text(const wr_event_record *record, weir_arena *arena, const char *name, const char **ret_text,
                            weir_failure *failure)
{
    const wr_event_header *header = wr_event_header_find(record->headers, record->header_count, name);
    *ret_text = NULL;
    if (!header || !header->value.data || memchr(header->value.data, 0, header->value.size))
        return WEIR_OK;
    *ret_text = weir_arena_dup_text(arena, header->value);
    return *ret_text ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for header %s", name);
}

/* Some producers write Content-Type, as in HTTP. */
static const wr_event_header *content_type_find(const wr_event_record *record)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strcasecmp(record->headers[i].name, "content-type") == 0 && record->headers[i].value.data)
            return &record->headers[i];
    return NULL;
}

bool wr_event_is_structured(const wr_event_record *record)
{
    static const char prefix[] = "application/cloudevents";
    const wr_event_header *content_type = content_type_find(record);
    return content_type && content_type->value.size >= sizeof(prefix) - 1 &&
           strncasecmp((const char *)content_type->value.data, prefix, sizeof(prefix) - 1) == 0;
}

static weir_err read_attributes(wr_event_reader *reader, const wr_event_record *record, weir_failure *failure)
{
    for (size_t i = 0; i < record->header_count; i++) {
        const wr_event_header *header = &record->headers[i];
        if (strncmp(header->name, attribute_prefix, PREFIX_SIZE) != 0 || !header->value.data)
            continue;
        weir_slice name = weir_slice_of(header->name + PREFIX_SIZE);
        /* content-type says datacontenttype */
        if (weir_slice_equal(name, WEIR_SLICE("datacontenttype")))
            continue;
        weir_err err = wr_event_reader_set_bytes(reader, name, header->value, failure);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err read_binary(wr_event_reader *reader, const wr_event_record *record, const wr_event_header *content_type,
                            weir_failure *failure)
{
    weir_err err = read_attributes(reader, record, failure);
    if (err == WEIR_OK && content_type)
        err = wr_event_reader_set_bytes(reader, WEIR_SLICE("datacontenttype"), content_type->value, failure);
    reader->event.data = record->value;
    return err;
}

static weir_err read_structured(wr_event_reader *reader, const wr_event_record *record, weir_failure *failure)
{
    if (!record->value.data)
        return weir_fail(failure, WEIR_E_FORMAT, "a structured CloudEvent without a value");
    return wr_event_reader_parse_json(reader, record->value, failure);
}

static weir_err read_key(wr_event_reader *reader, weir_slice key, weir_failure *failure)
{
    bool is_subject = weir_slice_equal(key, weir_slice_of(reader->event.subject)) && reader->event.subject;
    if (!key.data || is_subject || (key.size && memchr(key.data, 0, key.size)) || !wr_utf8_valid(key))
        return WEIR_OK;
    reader->event.key = weir_arena_dup_text(reader->arena, key);
    return reader->event.key ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for the key");
}

weir_err wr_event_decode_kafka(const wr_event_record *record, weir_arena *arena, weir_event *ret_event,
                               weir_failure *failure)
{
    return wr_event_decode_kafka_loss(record, arena, ret_event, NULL, failure);
}

weir_err wr_event_decode_kafka_loss(const wr_event_record *record, weir_arena *arena, weir_event *ret_event,
                                    wr_event_loss *ret_loss, weir_failure *failure)
{
    wr_event_reader reader = {.arena = arena, .loss = ret_loss};
    const char *traceparent, *tracestate, *mode_text = NULL;
    const wr_event_header *content_type = content_type_find(record);
    if (content_type && !(mode_text = weir_arena_dup_text(arena, content_type->value)))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for header content-type");

    weir_err err = WEIR_OK;
    switch (wr_event_mode_of(mode_text)) {
    case WR_EVENT_BINARY:
        err = read_binary(&reader, record, content_type, failure);
        break;
    case WR_EVENT_STRUCTURED_JSON:
        err = read_structured(&reader, record, failure);
        break;
    case WR_EVENT_OTHER_MODE:
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "CloudEvents as '%.60s', neither binary nor JSON", mode_text);
    }
    if (err == WEIR_OK)
        err = header_text(record, arena, "traceparent", &traceparent, failure);
    if (err == WEIR_OK)
        err = header_text(record, arena, "tracestate", &tracestate, failure);
    if (err != WEIR_OK)
        return err;
    wr_event_reader_hop(&reader, traceparent, tracestate);
    err = read_key(&reader, record->key, failure);
    return err == WEIR_OK ? wr_event_reader_finish(&reader, ret_event, failure) : err;
}

/* ---- writing */

static const char *header_name(const weir_event *event, const weir_attribute *attribute, weir_arena *arena)
{
    /* The names that every event has cost no memory. */
    static const char *const known[] = {"ce_specversion",   "ce_id",         "ce_source",     "ce_type",
                                        "ce_subject",       "ce_time",       "ce_dataschema", "ce_dataversion",
                                        "ce_correlationid", "ce_causationid"};
    if (wr_attribute_is_hop(event, attribute))
        return attribute->name;
    if (strcmp(attribute->name, "datacontenttype") == 0)
        return "content-type";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i] + PREFIX_SIZE, attribute->name) == 0)
            return known[i];
    return weir_arena_printf(arena, "%s%s", attribute_prefix, attribute->name);
}

static weir_err add_attributes(const weir_event *event, const wr_attribute_list *list, weir_arena *arena,
                               wr_event_header *headers, size_t *count, weir_failure *failure)
{
    for (size_t i = 0; i < list->count; i++) {
        const weir_attribute *attribute = &list->items[i];
        const char *name = header_name(event, attribute, arena);
        weir_slice value = weir_slice_of(attribute->value);
        if (attribute->value == list->version) /* the list goes away with this call */
            value = weir_arena_dup(arena, value);
        if (!name || !value.data)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for header %s", attribute->name);
        headers[(*count)++] = (wr_event_header){name, value};
    }
    return WEIR_OK;
}

weir_err wr_event_encode_kafka(const weir_event *event, const wr_event_header *extra, size_t extra_count,
                               weir_arena *arena, wr_event_record *ret_record, weir_failure *failure)
{
    wr_attribute_list list;
    weir_err err = wr_event_check(event, failure);
    if (err == WEIR_OK)
        err = wr_attribute_list_fill(&list, event, failure);
    if (err != WEIR_OK)
        return err;

    const char *content_type = wr_event_content_type(event);
    size_t total = list.count + extra_count + (content_type && !event->datacontenttype), count = 0;
    if (extra_count > WR_EVENT_HEADER_MAX || total > WR_EVENT_HEADER_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "%zu headers, more than %d", total, WR_EVENT_HEADER_MAX);
    wr_event_header *headers = weir_arena_array(arena, total, sizeof(*headers));
    if (!headers)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for %zu headers", total);

    err = add_attributes(event, &list, arena, headers, &count, failure);
    if (err != WEIR_OK)
        return err;
    if (content_type && !event->datacontenttype)
        headers[count++] = (wr_event_header){"content-type", weir_slice_of(content_type)};
    for (size_t i = 0; i < extra_count; i++)
        headers[count++] = extra[i];

    const char *key = event->key ? event->key : event->subject;
    *ret_record = (wr_event_record){weir_slice_of(key), event->data, headers, count};
    return WEIR_OK;
}
