/* Printing and reading a record as a line of JSON; json_record.h has the form. A line is read twice: once for which members
 * it has, since the table's reader passes over those that it does not know, and once by the table. */
#include <cli/json_record.h>

#include <base/base64.h>
#include <base/utf8.h>
#include <cli/command.h>
#include <cli/yaml.h>
#include <event/json_text.h>
#include <stdio.h>
#include <weir/json.h>

/* ---- base64 */
static void print_base64(weir_slice bytes, wr_buf *out)
{
    wr_buf_text(out, "\"");
    wr_base64_print(out, bytes);
    wr_buf_text(out, "\"");
}

static weir_err read_base64(weir_arena *arena, const char *text, weir_slice *ret_bytes, weir_failure *failure)
{
    size_t size;
    uint8_t *bytes = weir_arena_alloc(arena, wr_base64_bytes_max(strlen(text)) + 1);
    if (!bytes)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    if (!wr_base64_parse(weir_slice_of(text), bytes, &size))
        return weir_fail(failure, WEIR_E_FORMAT, "'%.40s' is not base64", text);
    *ret_bytes = (weir_slice){bytes, size};
    return WEIR_OK;
}

/* ---- printing */
/* "name": text, or "name_base64": what is no text, or would not come back through a C string. */
static void print_bytes(const char *name, weir_slice bytes, wr_buf *out)
{
    bool text = bytes.size == 0 || (wr_utf8_valid(bytes) && !memchr(bytes.data, 0, bytes.size));
    wr_buf_printf(out, "\"%s%s\":", name, text ? "" : "_base64");
    if (!bytes.data)
        wr_buf_text(out, "null");
    else if (text)
        wr_json_text(out, bytes);
    else
        print_base64(bytes, out);
}

static void print_value(weir_slice value, wr_buf *out)
{
    size_t before = out->size;
    wr_buf_text(out, "\"value\":");
    /* Objects and arrays are embedded; a bare number or word stays the text that it is. */
    bool embeds = value.size > 0 && (value.data[0] == '{' || value.data[0] == '[');
    if (embeds && wr_json_compact(out, value, NULL) == WEIR_OK)
        return;
    out->size = before;
    print_bytes("value", value, out);
}

void wr_json_record_object(const wr_client_record *record, wr_buf *out)
{
    wr_buf_text(out, "{\"topic\":");
    wr_json_text(out, weir_slice_of(record->topic));
    wr_buf_printf(out, ",\"partition\":%d,\"offset\":%lld,\"timestamp\":%lld,", record->partition,
                  (long long)record->offset, (long long)record->timestamp_ms);
    print_bytes("key", record->key, out);
    wr_buf_text(out, ",");
    print_value(record->value, out);
    wr_buf_text(out, ",\"headers\":[");
    for (size_t i = 0; i < record->header_count; i++) {
        wr_buf_text(out, i ? ",{" : "{");
        print_bytes("name", weir_slice_of(record->headers[i].name), out);
        wr_buf_text(out, ",");
        print_bytes("value", record->headers[i].value, out);
        wr_buf_text(out, "}");
    }
    wr_buf_text(out, "]}");
}

void wr_json_record_print(const wr_client_record *record, wr_buf *out)
{
    wr_json_record_object(record, out);
    wr_buf_text(out, "\n");
}

/* ---- reading */
typedef struct json_header {
    const char *name, *name_base64, *value, *value_base64;
} json_header;

typedef struct json_line {
    const char *key, *key_base64, *value_base64;
    int64_t timestamp;
    weir_slice value;
    json_header *headers;
    size_t header_count;
} json_line;

typedef struct json_text {
    const char *text;
} json_text;

static const weir_json_field header_fields[] = {
    {"name", WEIR_JSON_TEXT, offsetof(json_header, name)},
    {"name_base64", WEIR_JSON_TEXT, offsetof(json_header, name_base64)},
    {"value", WEIR_JSON_TEXT, offsetof(json_header, value)},
    {"value_base64", WEIR_JSON_TEXT, offsetof(json_header, value_base64)},
    {0},
};

static const weir_json_field line_fields[] = {
    {"key", WEIR_JSON_TEXT, offsetof(json_line, key)},
    {"key_base64", WEIR_JSON_TEXT, offsetof(json_line, key_base64)},
    {"timestamp", WEIR_JSON_INT, offsetof(json_line, timestamp)},
    {"value", WEIR_JSON_RAW, offsetof(json_line, value)},
    {"value_base64", WEIR_JSON_TEXT, offsetof(json_line, value_base64)},
    {"headers", WEIR_JSON_ARRAY, offsetof(json_line, headers), .count_offset = offsetof(json_line, header_count),
     .item_size = sizeof(json_header), .fields = header_fields},
    {0},
};

static const weir_json_field text_fields[] = {{"text", WEIR_JSON_TEXT, offsetof(json_text, text)}, {0}};

static weir_err read_bytes(weir_arena *arena, const char *text, const char *base64, weir_slice *ret_bytes,
                           weir_failure *failure)
{
    if (base64)
        return read_base64(arena, base64, ret_bytes, failure);
    *ret_bytes = weir_slice_of(text);
    return WEIR_OK;
}

/* A JSON string is the text in it; any other JSON stays as it is. */
static weir_err read_value(weir_arena *arena, const json_line *line, weir_slice *ret_value, weir_failure *failure)
{
    if (line->value_base64)
        return read_base64(arena, line->value_base64, ret_value, failure);
    *ret_value = line->value;
    if (line->value.size == 0 || line->value.data[0] != '"')
        return WEIR_OK;
    json_text read = {0};
    wr_buf object;
    wr_buf_init(&object, line->value.size + 64);
    wr_buf_text(&object, "{\"text\":");
    wr_buf_slice(&object, line->value);
    wr_buf_text(&object, "}");
    weir_err err = wr_buf_failed(&object) ? weir_fail(failure, WEIR_E_MEMORY, "out of memory")
                                          : weir_json_decode(arena, text_fields, wr_buf_view(&object), &read, failure);
    wr_buf_fini(&object);
    if (err == WEIR_OK)
        *ret_value = weir_slice_of(read.text);
    return err;
}

/* ---- which members a line has: a table's reader passes over those it does not know, and here they would be lost */
static const char *const members[] = {"topic",      "partition", "offset",       "timestamp", "key",
                                      "key_base64", "value",     "value_base64", "headers"};
enum { MEMBER_COUNT = sizeof members / sizeof *members };

static weir_err check_member(weir_slice name, unsigned *seen, weir_failure *failure)
{
    char text[40];
    snprintf(text, sizeof text, "%.*s", (int)(name.size < 39 ? name.size : 39), (const char *)name.data);
    for (unsigned i = 0; i < MEMBER_COUNT; i++) {
        if (!weir_slice_equal(name, weir_slice_of(members[i])))
            continue;
        if (*seen & 1u << i)
            return weir_fail(failure, WEIR_E_FORMAT, "\"%s\" is there twice", text);
        *seen |= 1u << i;
        return WEIR_OK;
    }
    const char *nearest = strcmp(text, "payload") == 0 ? "value" : wr_nearest(text, members, MEMBER_COUNT);
    if (nearest)
        return weir_fail(failure, WEIR_E_FORMAT, "a record has no \"%s\"; is \"%s\" meant?", text, nearest);
    return weir_fail(failure, WEIR_E_FORMAT, "a record has no \"%s\"; it has key, value, headers and timestamp", text);
}

static bool is_seen(unsigned seen, const char *name)
{
    for (unsigned i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i], name) == 0)
            return seen & 1u << i;
    return false;
}

/* `compact` is one JSON object without blanks between its tokens. */
static weir_err check_members(weir_slice compact, weir_failure *failure)
{
    unsigned seen = 0;
    for (const uint8_t *at = compact.data + 1; *at == '"';) {
        const uint8_t *end = wr_json_past_string(at);
        weir_err err = check_member((weir_slice){at + 1, (size_t)(end - at - 2)}, &seen, failure);
        if (err != WEIR_OK)
            return err;
        at = wr_json_past_value(end + 1);
        at += *at == ',';
    }
    if (!is_seen(seen, "value") && !is_seen(seen, "value_base64"))
        return weir_fail(failure, WEIR_E_FORMAT, "a record needs a \"value\"; a tombstone says \"value\": null");
    if (is_seen(seen, "value") && is_seen(seen, "value_base64"))
        return weir_fail(failure, WEIR_E_FORMAT, "\"value\" and \"value_base64\" say the same thing twice");
    if (is_seen(seen, "key") && is_seen(seen, "key_base64"))
        return weir_fail(failure, WEIR_E_FORMAT, "\"key\" and \"key_base64\" say the same thing twice");
    return WEIR_OK;
}

static weir_err check_line(weir_slice line, weir_failure *failure)
{
    wr_buf compact;
    wr_buf_init(&compact, line.size + 1);
    weir_err err = wr_json_compact(&compact, line, failure);
    if (err == WEIR_OK && compact.data[0] != '{')
        err = weir_fail(failure, WEIR_E_FORMAT, "a record is a JSON object");
    if (err == WEIR_OK)
        err = check_members(wr_buf_view(&compact), failure);
    wr_buf_fini(&compact);
    return err;
}

weir_err wr_json_record_read(weir_arena *arena, weir_slice line, wr_client_record *ret_record, weir_failure *failure)
{
    json_line read = {0};
    wr_client_record record = {0};
    weir_err err = check_line(line, failure);
    if (err == WEIR_OK)
        err = weir_json_decode(arena, line_fields, line, &read, failure);
    if (err == WEIR_OK)
        err = read_value(arena, &read, &record.value, failure);
    if (err == WEIR_OK)
        err = read_bytes(arena, read.key, read.key_base64, &record.key, failure);
    wr_client_header *headers = err == WEIR_OK ? weir_arena_array(arena, read.header_count + 1, sizeof *headers) : NULL;
    if (err == WEIR_OK && !headers)
        err = weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    for (size_t i = 0; i < read.header_count && err == WEIR_OK; i++) {
        const json_header *from = &read.headers[i];
        weir_slice name = {0};
        err = read_bytes(arena, from->name, from->name_base64, &name, failure);
        if (err == WEIR_OK && !name.data)
            err = weir_fail(failure, WEIR_E_FORMAT, "headers[%zu] has no name", i);
        if (err == WEIR_OK)
            err = read_bytes(arena, from->value, from->value_base64, &headers[i].value, failure);
        headers[i].name = weir_arena_dup_text(arena, name);
    }
    if (err != WEIR_OK)
        return err;
    record.timestamp_ms = read.timestamp;
    record.headers = headers;
    record.header_count = read.header_count;
    *ret_record = record;
    return WEIR_OK;
}
