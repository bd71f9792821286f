/* The decoder: walks a message's table along the bytes.
 *
 *     kind      up to the first flexible version         from it on ("compact")
 *     string    length:2 (-1 null), bytes                uvarint length + 1 (0 null), bytes
 *     bytes     length:4 (-1 null), bytes                the same
 *     array     count:4 (-1 null), items                 uvarint count + 1 (0 null), items
 *     struct    its fields                               its fields, then its tagged fields
 *     optional struct                                    int8 (-1 null, 1 follows), then as a struct
 *     tagged                                             uvarint count, then for each, tags ascending:
 *                                                        uvarint tag, uvarint size, value
 *
 * Numbers are big-endian. A tag that the table does not know is skipped. Nothing is allocated for an array before it is
 * known that the bytes which are left could hold its items, so memory stays in proportion to the frame. */
#include <wire/message_int.h>

#include <assert.h>
#include <stdio.h>

typedef struct place {
    const struct place *outer; /* the struct around this one; NULL: the message itself */
    const wr_field *field;     /* where we are in it */
    int32_t index;             /* in an array */
} place;

typedef struct decoder {
    const wr_message *message;
    int16_t version;
    bool flexible;
    wr_cursor cursor;
    weir_arena *arena;
    weir_failure *failure;
} decoder;

static weir_err decode_fields(decoder *in, const wr_field *fields, const place *outer, void *into);

/* ---- saying where it went wrong */

static void print_place(const place *at, char *text, size_t size)
{
    size_t used = 0;
    if (at->outer) {
        print_place(at->outer, text, size);
        used = strlen(text);
    }
    const char *dot = used ? "." : "";
    if (used >= size)
        return;
    if (at->field->kind == WR_ARRAY)
        snprintf(text + used, size - used, "%s%s[%d]", dot, at->field->name, at->index);
    else
        snprintf(text + used, size - used, "%s%s", dot, at->field->name);
}

static weir_err reject(const decoder *in, const place *at, weir_err err, const char *what)
{
    char where[120];
    print_place(at, where, sizeof(where));
    return weir_fail(in->failure, err, "%s version %d: %s at %s", in->message->name, in->version, what, where);
}

/* ---- values */

/* The length of a text, of bytes, or the count of an array: -1 for null. */
static int64_t take_length(decoder *in, wr_kind kind)
{
    if (in->flexible)
        return (int64_t)wr_cursor_uvarint32(&in->cursor) - 1;
    return kind == WR_STRING ? wr_cursor_i16(&in->cursor) : wr_cursor_i32(&in->cursor);
}

static weir_err decode_bytes(decoder *in, const place *at, wr_kind kind, bool nullable, weir_slice *ret_bytes)
{
    int64_t size = take_length(in, kind);
    if (in->cursor.failed)
        return reject(in, at, WEIR_E_FORMAT, "the message ends early");
    if (size < 0) {
        if (size < -1)
            return reject(in, at, WEIR_E_FORMAT, "negative length");
        if (!nullable)
            return reject(in, at, WEIR_E_FORMAT, "null where no null may be");
        *ret_bytes = (weir_slice){0};
        return WEIR_OK;
    }
    if (kind == WR_STRING && size > WR_STRING_SIZE_MAX)
        return reject(in, at, WEIR_E_FORMAT, "text too long");
    if ((uint64_t)size > wr_cursor_left(&in->cursor))
        return reject(in, at, WEIR_E_FORMAT, "the message ends early");
    *ret_bytes = size ? wr_cursor_take(&in->cursor, (size_t)size) : WEIR_SLICE("");
    return WEIR_OK;
}

/* Fixed-size kinds; false for all others. */
static bool decode_number(wr_cursor *cursor, wr_kind kind, void *into)
{
    switch (kind) {
    case WR_BOOL:
        *(bool *)into = wr_cursor_i8(cursor) != 0;
        return true;
    case WR_INT8:
        *(int8_t *)into = wr_cursor_i8(cursor);
        return true;
    case WR_INT16:
    case WR_UINT16:
        *(int16_t *)into = wr_cursor_i16(cursor);
        return true;
    case WR_INT32:
        *(int32_t *)into = wr_cursor_i32(cursor);
        return true;
    case WR_INT64:
    case WR_FLOAT64: {
        int64_t bits = wr_cursor_i64(cursor);
        memcpy(into, &bits, sizeof(bits));
        return true;
    }
    case WR_UUID: {
        weir_slice bytes = wr_cursor_take(cursor, sizeof(wr_uuid));
        if (bytes.data)
            memcpy(into, bytes.data, sizeof(wr_uuid));
        return true;
    }
    default:
        return false;
    }
}

/* The fewest bytes that a value can take on the wire. */
static size_t least_value_size(const decoder *in, wr_kind kind)
{
    switch (kind) {
    case WR_BOOL:
    case WR_INT8:
        return 1;
    case WR_INT16:
    case WR_UINT16:
        return 2;
    case WR_INT32:
        return 4;
    case WR_INT64:
    case WR_FLOAT64:
        return 8;
    case WR_UUID:
        return 16;
    case WR_STRING:
        return in->flexible ? 1 : 2;
    case WR_BYTES:
    case WR_RECORDS:
    case WR_ARRAY:
        return in->flexible ? 1 : 4;
    case WR_STRUCT: /* as a field: at least the byte that says whether it follows */
        return 1;
    case WR_END:
        break;
    }
    assert(!"a row without a kind");
    return 1;
}

static size_t least_item_size(const decoder *in, const wr_items *items)
{
    if (items->kind != WR_STRUCT)
        return least_value_size(in, items->kind);
    size_t size = in->flexible ? 1 : 0;
    for (const wr_field *field = items->fields; field->kind != WR_END; field++)
        if (!field->tag && wr_field_exists(field, in->version))
            size += least_value_size(in, field->kind);
    assert(size > 0); /* or a frame of nothing could hold any number of them */
    return size;
}

static weir_err decode_array(decoder *in, place *at, void *into)
{
    const wr_items *items = at->field->items;
    int64_t count = take_length(in, WR_ARRAY);
    if (in->cursor.failed)
        return reject(in, at, WEIR_E_FORMAT, "the message ends early");
    if (count < 0) {
        if (count < -1)
            return reject(in, at, WEIR_E_FORMAT, "negative count");
        if (!wr_field_nullable(at->field, in->version))
            return reject(in, at, WEIR_E_FORMAT, "null where no null may be");
        wr_array_set(into, (wr_array){.count = -1});
        return WEIR_OK;
    }
    if ((uint64_t)count > wr_cursor_left(&in->cursor) / least_item_size(in, items))
        return reject(in, at, WEIR_E_FORMAT, "more items than the message has bytes for");

    wr_array array = {.count = (int32_t)count};
    if (count > 0) {
        array.items = weir_arena_array(in->arena, (size_t)count, items->size);
        if (!array.items)
            return reject(in, at, WEIR_E_LIMIT, "no memory within the request's limit");
    }
    for (int32_t i = 0; i < array.count; i++) {
        at->index = i;
        void *item = (uint8_t *)array.items + (size_t)i * items->size;
        weir_err err = WEIR_OK;
        if (items->kind == WR_STRUCT)
            err = decode_fields(in, items->fields, at, item);
        else if (!decode_number(&in->cursor, items->kind, item))
            err = decode_bytes(in, at, items->kind, false, item);
        if (err != WEIR_OK)
            return err;
    }
    wr_array_set(into, array);
    return WEIR_OK;
}

static weir_err decode_struct(decoder *in, const place *at, void *into)
{
    const wr_items *items = at->field->items;
    if (!at->field->tag && wr_field_nullable(at->field, in->version)) {
        int8_t present = wr_cursor_i8(&in->cursor);
        if (present < 0) {
            *(void **)into = NULL;
            return WEIR_OK;
        }
    }
    void *inner = weir_arena_array(in->arena, 1, items->size);
    if (!inner)
        return reject(in, at, WEIR_E_LIMIT, "no memory within the request's limit");
    weir_err err = decode_fields(in, items->fields, at, inner);
    if (err == WEIR_OK)
        *(void **)into = inner;
    return err;
}

static weir_err decode_value(decoder *in, place *at, void *into)
{
    const wr_field *field = at->field;
    if (decode_number(&in->cursor, field->kind, into))
        return in->cursor.failed ? reject(in, at, WEIR_E_FORMAT, "the message ends early") : WEIR_OK;
    if (field->kind == WR_ARRAY)
        return decode_array(in, at, into);
    if (field->kind == WR_STRUCT)
        return decode_struct(in, at, into);
    return decode_bytes(in, at, field->kind, wr_field_nullable(field, in->version), into);
}

/* ---- structs */

static const wr_field *find_tag(const wr_field *fields, uint32_t tag, int16_t version)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        if (field->tag && (uint32_t)field->tag - 1 == tag && wr_field_exists(field, version))
            return field;
    return NULL;
}

static weir_err decode_tags(decoder *in, const wr_field *fields, const place *outer, void *into)
{
    static const wr_field tags = {.name = "tagged fields", .kind = WR_BYTES};
    place at = {.outer = outer, .field = &tags};
    uint32_t count = wr_cursor_uvarint32(&in->cursor);
    uint32_t least = 0; /* tags ascend */
    for (uint32_t i = 0; i < count && !in->cursor.failed; i++) {
        uint32_t tag = wr_cursor_uvarint32(&in->cursor);
        uint32_t size = wr_cursor_uvarint32(&in->cursor);
        weir_slice value = wr_cursor_take(&in->cursor, size);
        if (in->cursor.failed)
            break;
        if (tag < least || tag == UINT32_MAX)
            return reject(in, &at, WEIR_E_FORMAT, "tags out of order");
        least = tag + 1;

        const wr_field *field = find_tag(fields, tag, in->version);
        if (!field)
            continue;
        place inner = {.outer = outer, .field = field};
        wr_cursor rest = in->cursor;
        in->cursor = wr_cursor_of(value);
        weir_err err = decode_value(in, &inner, wr_field_in(field, into));
        if (err == WEIR_OK && wr_cursor_left(&in->cursor) > 0)
            err = reject(in, &inner, WEIR_E_FORMAT, "bytes left over in a tagged field");
        in->cursor = rest;
        if (err != WEIR_OK)
            return err;
    }
    if (in->cursor.failed)
        return reject(in, &at, WEIR_E_FORMAT, "the message ends early");
    return WEIR_OK;
}

static weir_err decode_fields(decoder *in, const wr_field *fields, const place *outer, void *into)
{
    place at = {.outer = outer};
    for (at.field = fields; at.field->kind != WR_END; at.field++) {
        if (at.field->tag || !wr_field_exists(at.field, in->version)) {
            wr_field_reset(at.field, into);
            continue;
        }
        at.index = 0;
        weir_err err = decode_value(in, &at, wr_field_in(at.field, into));
        if (err != WEIR_OK)
            return err;
    }
    return in->flexible ? decode_tags(in, fields, outer, into) : WEIR_OK;
}

weir_err wr_message_decode(const wr_message *message, int16_t version, weir_slice body, weir_arena *arena,
                           void *ret_message, weir_failure *failure)
{
    if (version < message->min_version || version > message->max_version)
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "%s version %d: versions %d to %d are served", message->name,
                         version, message->min_version, message->max_version);
    decoder in = {
        .message = message,
        .version = version,
        .flexible = version >= message->flexible_version,
        .cursor = wr_cursor_of(body),
        .arena = arena,
        .failure = failure,
    };
    return decode_fields(&in, message->fields, NULL, ret_message);
}
