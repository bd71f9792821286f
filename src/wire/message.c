#include <wire/message_int.h>

#include <assert.h>

const wr_items wr_int8_items = {.size = sizeof(int8_t), .kind = WR_INT8};
const wr_items wr_int32_items = {.size = sizeof(int32_t), .kind = WR_INT32};
const wr_items wr_string_items = {.size = sizeof(weir_slice), .kind = WR_STRING};

/* The layout that every `X *items; int32_t item_count;` pair has. Copied bytewise: the pointer's type differs. */
wr_array wr_array_of(const void *at)
{
    wr_array array = {0};
    memcpy(&array.items, at, sizeof(array.items));
    memcpy(&array.count, (const uint8_t *)at + sizeof(array.items), sizeof(array.count));
    return array;
}

void wr_array_set(void *at, wr_array array)
{
    memcpy(at, &array.items, sizeof(array.items));
    memcpy((uint8_t *)at + sizeof(array.items), &array.count, sizeof(array.count));
}

void wr_field_reset(const wr_field *field, void *message)
{
    void *at = wr_field_in(field, message);
    bool null_default = field->fallback == WR_NULL_DEFAULT;
    switch (field->kind) {
    case WR_BOOL:
        *(bool *)at = field->fallback != 0;
        break;
    case WR_INT8:
        *(int8_t *)at = (int8_t)field->fallback;
        break;
    case WR_INT16:
    case WR_UINT16:
        *(int16_t *)at = (int16_t)field->fallback;
        break;
    case WR_INT32:
        *(int32_t *)at = (int32_t)field->fallback;
        break;
    case WR_INT64:
        *(int64_t *)at = field->fallback;
        break;
    case WR_FLOAT64:
        *(double *)at = (double)field->fallback;
        break;
    case WR_UUID:
        *(wr_uuid *)at = (wr_uuid){0};
        break;
    case WR_STRING:
    case WR_BYTES:
    case WR_RECORDS:
        *(weir_slice *)at = null_default ? (weir_slice){0} : WEIR_SLICE("");
        break;
    case WR_ARRAY:
        wr_array_set(at, (wr_array){.count = null_default ? -1 : 0});
        break;
    case WR_STRUCT:
        *(void **)at = NULL;
        break;
    case WR_END:
        assert(!"a row without a kind");
    }
}

void wr_fields_reset(const wr_field *fields, void *message)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        wr_field_reset(field, message);
}

bool wr_field_is_default(const wr_field *field, const void *message)
{
    static const wr_uuid zero;
    const void *at = wr_field_of(field, message);
    bool null_default = field->fallback == WR_NULL_DEFAULT;
    switch (field->kind) {
    case WR_BOOL:
        return *(const bool *)at == (field->fallback != 0);
    case WR_INT8:
        return *(const int8_t *)at == field->fallback;
    case WR_INT16:
        return *(const int16_t *)at == field->fallback;
    case WR_UINT16:
        return *(const uint16_t *)at == field->fallback;
    case WR_INT32:
        return *(const int32_t *)at == field->fallback;
    case WR_INT64:
        return *(const int64_t *)at == field->fallback;
    case WR_FLOAT64:
        return *(const double *)at == (double)field->fallback;
    case WR_UUID:
        return memcmp(at, &zero, sizeof(zero)) == 0;
    case WR_STRING:
    case WR_BYTES:
    case WR_RECORDS: {
        const weir_slice *bytes = at;
        return null_default ? !bytes->data : bytes->data && bytes->size == 0;
    }
    case WR_ARRAY:
        return wr_array_of(at).count == (null_default ? -1 : 0);
    case WR_STRUCT:
        return *(void *const *)at == NULL;
    case WR_END:
        break;
    }
    assert(!"a row without a kind");
    return false;
}

void wr_message_init(const wr_message *message, void *ret_message)
{
    wr_fields_reset(message->fields, ret_message);
}
