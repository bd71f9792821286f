/* Messages as one line of text, for people:
 *
 *     FetchRequest version 4 {replica_id: -1, topics: [{topic: "orders", partitions: [{…}]}], …}
 *
 * Only what the version sends is shown; bytes and records by size, texts escaped, long arrays cut. */
#include <wire/message_int.h>

#include <assert.h>
#include <ctype.h>

enum { PRINT_ITEM_COUNT_MAX = 16, PRINT_TEXT_SIZE_MAX = 200 };

typedef struct printer {
    int16_t version;
    wr_buf *out;
} printer;

static void print_fields(const printer *to, const wr_field *fields, const void *from);

static void print_text(wr_buf *out, weir_slice text)
{
    if (!text.data) {
        wr_buf_text(out, "null");
        return;
    }
    wr_buf_text(out, "\"");
    for (size_t i = 0; i < text.size && i < PRINT_TEXT_SIZE_MAX; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            wr_buf_printf(out, "\\%c", text.data[i]);
        else if (isprint(text.data[i]))
            wr_buf_i8(out, (int8_t)text.data[i]);
        else
            wr_buf_printf(out, "\\x%02x", text.data[i]);
    }
    wr_buf_text(out, text.size > PRINT_TEXT_SIZE_MAX ? "…\"" : "\"");
}

static void print_bytes(wr_buf *out, weir_slice bytes)
{
    if (bytes.data)
        wr_buf_printf(out, "<%zu bytes>", bytes.size);
    else
        wr_buf_text(out, "null");
}

static void print_array(const printer *to, const wr_items *items, wr_array array);

static void print_value(const printer *to, wr_kind kind, const wr_items *items, const void *from)
{
    wr_buf *out = to->out;
    switch (kind) {
    case WR_BOOL:
        wr_buf_text(out, *(const bool *)from ? "true" : "false");
        break;
    case WR_INT8:
        wr_buf_printf(out, "%d", *(const int8_t *)from);
        break;
    case WR_INT16:
        wr_buf_printf(out, "%d", *(const int16_t *)from);
        break;
    case WR_UINT16:
        wr_buf_printf(out, "%u", *(const uint16_t *)from);
        break;
    case WR_INT32:
        wr_buf_printf(out, "%d", *(const int32_t *)from);
        break;
    case WR_INT64:
        wr_buf_printf(out, "%lld", (long long)*(const int64_t *)from);
        break;
    case WR_FLOAT64:
        wr_buf_printf(out, "%g", *(const double *)from);
        break;
    case WR_UUID: {
        char text[WR_UUID_BASE64_SIZE];
        wr_uuid_print_base64(from, text);
        wr_buf_text(out, text);
        break;
    }
    case WR_STRING:
        print_text(out, *(const weir_slice *)from);
        break;
    case WR_BYTES:
    case WR_RECORDS:
        print_bytes(out, *(const weir_slice *)from);
        break;
    case WR_ARRAY:
        print_array(to, items, wr_array_of(from));
        break;
    case WR_STRUCT:
        print_fields(to, items->fields, from);
        break;
    case WR_END:
        assert(!"a row without a kind");
    }
}

static void print_array(const printer *to, const wr_items *items, wr_array array)
{
    if (array.count < 0) {
        wr_buf_text(to->out, "null");
        return;
    }
    wr_buf_text(to->out, "[");
    for (int32_t i = 0; i < array.count; i++) {
        if (i > 0)
            wr_buf_text(to->out, ", ");
        if (i == PRINT_ITEM_COUNT_MAX) {
            wr_buf_printf(to->out, "… %d more", array.count - i);
            break;
        }
        print_value(to, items->kind, items, (const uint8_t *)array.items + (size_t)i * items->size);
    }
    wr_buf_text(to->out, "]");
}

static void print_fields(const printer *to, const wr_field *fields, const void *from)
{
    const char *between = "";
    wr_buf_text(to->out, "{");
    for (const wr_field *field = fields; field->kind != WR_END; field++) {
        if (!wr_field_exists(field, to->version) || (field->tag && wr_field_is_default(field, from)))
            continue;
        wr_buf_printf(to->out, "%s%s: ", between, field->name);
        between = ", ";
        const void *at = wr_field_of(field, from);
        if (field->kind != WR_STRUCT)
            print_value(to, field->kind, field->items, at);
        else if (*(const void *const *)at)
            print_fields(to, field->items->fields, *(const void *const *)at);
        else
            wr_buf_text(to->out, "null");
    }
    wr_buf_text(to->out, "}");
}

void wr_message_print(const wr_message *message, int16_t version, const void *from, wr_buf *out)
{
    printer to = {.version = version, .out = out};
    wr_buf_printf(out, "%s version %d ", message->name, version);
    print_fields(&to, message->fields, from);
}
