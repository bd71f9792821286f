/* Structs into compact JSON by table. */
#include "json_int.h"

#include <event/json_text.h>
#include <weir/json.h>

#include <assert.h>
#include <math.h>

enum { ENCODED_SIZE_MAX = 64 * 1024 * 1024 };

static void encode_members(wr_buf *out, const weir_json_field *fields, const uint8_t *from);

static void encode_value(wr_buf *out, const weir_json_field *field, const uint8_t *from);

static bool is_nothing(const weir_json_field *field, const uint8_t *from)
{
    const void *text = from; /* a slice begins with its pointer */
    if (field->kind == WEIR_JSON_TEXT || field->kind == WEIR_JSON_RAW)
        memcpy(&text, from + field->offset, sizeof(text));
    return !text;
}

static size_t scalar_size(weir_json_kind kind)
{
    switch (kind) {
    case WEIR_JSON_INT:
        return sizeof(int64_t);
    case WEIR_JSON_REAL:
        return sizeof(double);
    case WEIR_JSON_BOOL:
        return sizeof(bool);
    case WEIR_JSON_RAW:
        return sizeof(weir_slice);
    default:
        return sizeof(char *);
    }
}

static void encode_item(wr_buf *out, const weir_json_field *array, const uint8_t *from)
{
    weir_json_field item = {.name = array->name, .kind = array->item};
    if (!array->item)
        encode_members(out, array->fields, from);
    else if (!is_nothing(&item, from))
        encode_value(out, &item, from);
    else if (array->item == WEIR_JSON_RAW)
        wr_buf_text(out, "null");
    else
        out->failed = true; /* null, which is refused where it is read */
}

static void encode_array(wr_buf *out, const weir_json_field *field, const uint8_t *from)
{
    const uint8_t *items;
    size_t count;
    memcpy(&items, from + field->offset, sizeof(items));
    memcpy(&count, from + field->count_offset, sizeof(count));
    size_t item_size = field->item && !field->item_size ? scalar_size(field->item) : field->item_size;
    wr_buf_append(out, "[", 1);
    for (size_t i = 0; i < count && !wr_buf_failed(out); i++) {
        if (i)
            wr_buf_append(out, ",", 1);
        encode_item(out, field, items + i * item_size);
    }
    wr_buf_append(out, "]", 1);
}

static void encode_int(wr_buf *out, int64_t value)
{
    char text[24], *at = text + sizeof(text);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
    } while (rest /= 10);
    if (value < 0)
        *--at = '-';
    wr_buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

static void encode_value(wr_buf *out, const weir_json_field *field, const uint8_t *from)
{
    const uint8_t *at = from + field->offset;
    const char *text;
    int64_t whole;
    double real;
    bool flag;
    weir_slice raw;
    switch (field->kind) {
    case WEIR_JSON_TEXT:
        memcpy(&text, at, sizeof(text));
        wr_json_text(out, weir_slice_of(text));
        return;
    case WEIR_JSON_INT:
        memcpy(&whole, at, sizeof(whole));
        encode_int(out, whole);
        return;
    case WEIR_JSON_REAL:
        memcpy(&real, at, sizeof(real));
        wr_json_real(out, real);
        out->failed =
            out->failed || !isfinite(real); /* JSON has no word for it, and null is refused where it is read */
        return;
    case WEIR_JSON_BOOL:
        memcpy(&flag, at, sizeof(flag));
        wr_buf_text(out, flag ? "true" : "false");
        return;
    case WEIR_JSON_OBJECT:
        encode_members(out, field->fields, at);
        return;
    case WEIR_JSON_ARRAY:
        encode_array(out, field, from);
        return;
    case WEIR_JSON_RAW:
        memcpy(&raw, at, sizeof(raw));
        wr_buf_slice(out, raw);
        return;
    }
    assert(!"a kind that weir/json.h has");
}

static weir_json_presence presence_of(const weir_json_field *field, const uint8_t *from)
{
    weir_json_presence presence = WEIR_JSON_IS_THERE;
    if (field->has_presence)
        memcpy(&presence, from + field->presence_offset, sizeof(presence));
    return presence == WEIR_JSON_IS_THERE && is_nothing(field, from) ? WEIR_JSON_IS_ABSENT : presence;
}

static void encode_members(wr_buf *out, const weir_json_field *fields, const uint8_t *from)
{
    bool first = true;
    wr_buf_append(out, "{", 1);
    for (const weir_json_field *field = fields; field->name; field++) {
        weir_json_presence presence = presence_of(field, from);
        if (presence == WEIR_JSON_IS_ABSENT)
            continue;
        if (!first)
            wr_buf_append(out, ",", 1);
        first = false;
        wr_json_text(out, weir_slice_of(field->name));
        wr_buf_append(out, ":", 1);
        if (presence == WEIR_JSON_IS_NULL)
            wr_buf_text(out, "null");
        else
            encode_value(out, field, from);
    }
    wr_buf_append(out, "}", 1);
}

weir_slice weir_json_encode_sized(weir_arena *arena, const weir_json_field *fields, size_t field_size, const void *from)
{
    wr_buf out;
    weir_slice json = {0};
    if (wr_json_table(arena, &fields, field_size) != WEIR_OK)
        return json;
    wr_buf_init(&out, ENCODED_SIZE_MAX);
    encode_members(&out, fields, from);
    if (!wr_buf_failed(&out))
        json = weir_arena_dup(arena, wr_buf_view(&out));
    wr_buf_fini(&out);
    return json;
}
