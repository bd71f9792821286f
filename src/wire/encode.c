/* The encoder: the decoder's mirror; decode.c has the format. Tagged fields are written where they differ from their
 * default. */
#include <wire/message_int.h>

#include <assert.h>

typedef struct encoder {
    int16_t version;
    bool flexible;
    wr_buf *out;
} encoder;

static weir_err encode_fields(const encoder *to, const wr_field *fields, const void *from);

/* Lengths and counts; -1 is null. */
static void put_length(const encoder *to, wr_kind kind, int64_t length)
{
    if (to->flexible)
        wr_buf_uvarint(to->out, (uint64_t)(length + 1));
    else if (kind == WR_STRING)
        wr_buf_i16(to->out, (int16_t)length);
    else
        wr_buf_i32(to->out, (int32_t)length);
}

static weir_err encode_bytes(const encoder *to, wr_kind kind, bool nullable, weir_slice bytes)
{
    if (!bytes.data) {
        if (!nullable)
            return WEIR_E_USAGE;
        put_length(to, kind, -1);
        return WEIR_OK;
    }
    if (bytes.size > (kind == WR_STRING ? (size_t)WR_STRING_SIZE_MAX : (size_t)INT32_MAX - 1))
        return WEIR_E_LIMIT;
    put_length(to, kind, (int64_t)bytes.size);
    wr_buf_slice(to->out, bytes);
    return WEIR_OK;
}

/* Fixed-size kinds; false for all others. */
static bool encode_number(wr_buf *out, wr_kind kind, const void *from)
{
    switch (kind) {
    case WR_BOOL:
        wr_buf_i8(out, *(const bool *)from);
        return true;
    case WR_INT8:
        wr_buf_i8(out, *(const int8_t *)from);
        return true;
    case WR_INT16:
    case WR_UINT16:
        wr_buf_i16(out, *(const int16_t *)from);
        return true;
    case WR_INT32:
        wr_buf_i32(out, *(const int32_t *)from);
        return true;
    case WR_INT64:
    case WR_FLOAT64: {
        int64_t bits;
        memcpy(&bits, from, sizeof(bits));
        wr_buf_i64(out, bits);
        return true;
    }
    case WR_UUID:
        wr_buf_append(out, from, sizeof(wr_uuid));
        return true;
    default:
        return false;
    }
}

static weir_err encode_array(const encoder *to, const wr_field *field, const void *from)
{
    const wr_items *items = field->items;
    wr_array array = wr_array_of(from);
    if (array.count < -1 || (array.count < 0 && !wr_field_nullable(field, to->version)))
        return WEIR_E_USAGE;
    put_length(to, WR_ARRAY, array.count);
    for (int32_t i = 0; i < array.count; i++) {
        const void *item = (const uint8_t *)array.items + (size_t)i * items->size;
        weir_err err = WEIR_OK;
        if (items->kind == WR_STRUCT)
            err = encode_fields(to, items->fields, item);
        else if (!encode_number(to->out, items->kind, item))
            err = encode_bytes(to, items->kind, false, *(const weir_slice *)item);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err encode_struct(const encoder *to, const wr_field *field, const void *from)
{
    const void *inner = *(const void *const *)from;
    bool nullable = !field->tag && wr_field_nullable(field, to->version);
    if (!inner && !nullable)
        return WEIR_E_USAGE;
    if (nullable)
        wr_buf_i8(to->out, inner ? 1 : -1);
    return inner ? encode_fields(to, field->items->fields, inner) : WEIR_OK;
}

static weir_err encode_value(const encoder *to, const wr_field *field, const void *message)
{
    const void *from = wr_field_of(field, message);
    if (encode_number(to->out, field->kind, from))
        return WEIR_OK;
    if (field->kind == WR_ARRAY)
        return encode_array(to, field, from);
    if (field->kind == WR_STRUCT)
        return encode_struct(to, field, from);
    return encode_bytes(to, field->kind, wr_field_nullable(field, to->version), *(const weir_slice *)from);
}

/* ---- tagged fields: a value comes after its size, so it is written first and moved up by what its size takes */

static size_t uvarint_size(uint64_t value)
{
    size_t size = 1;
    while (value >>= 7)
        size++;
    return size;
}

static void insert_size(wr_buf *out, size_t start)
{
    if (wr_buf_failed(out))
        return;
    size_t size = out->size - start;
    if (!wr_buf_extend(out, uvarint_size(size)))
        return;
    memmove(out->data + start + uvarint_size(size), out->data + start, size);
    out->size = start;
    wr_buf_uvarint(out, size);
    out->size += size;
}

static weir_err encode_tag(const encoder *to, const wr_field *field, const void *from)
{
    wr_buf_uvarint(to->out, (uint64_t)field->tag - 1);
    size_t start = to->out->size;
    weir_err err = encode_value(to, field, from);
    insert_size(to->out, start);
    return err;
}

static bool tag_is_sent(const encoder *to, const wr_field *field, const void *from)
{
    return field->tag && wr_field_exists(field, to->version) && !wr_field_is_default(field, from);
}

/* Tables hold their tags in ascending order, as they are sent. */
static weir_err encode_tags(const encoder *to, const wr_field *fields, const void *from)
{
    uint64_t count = 0;
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        count += tag_is_sent(to, field, from);
    wr_buf_uvarint(to->out, count);
    for (const wr_field *field = fields; count > 0 && field->kind != WR_END; field++) {
        if (!tag_is_sent(to, field, from))
            continue;
        weir_err err = encode_tag(to, field, from);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err encode_fields(const encoder *to, const wr_field *fields, const void *from)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++) {
        if (field->tag || !wr_field_exists(field, to->version))
            continue;
        weir_err err = encode_value(to, field, from);
        if (err != WEIR_OK)
            return err;
    }
    return to->flexible ? encode_tags(to, fields, from) : WEIR_OK;
}

weir_err wr_message_encode(const wr_message *message, int16_t version, const void *from, wr_buf *out)
{
    if (version < message->min_version || version > message->max_version)
        return WEIR_E_UNSUPPORTED;
    encoder to = {.version = version, .flexible = version >= message->flexible_version, .out = out};
    size_t start = out->size;
    weir_err err = encode_fields(&to, message->fields, from);
    if (err == WEIR_OK && wr_buf_failed(out))
        err = WEIR_E_LIMIT;
    if (err != WEIR_OK && !wr_buf_failed(out))
        out->size = start;
    return err;
}
