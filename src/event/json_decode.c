/* JSON into structs by table, in one pass and without a tree.
 *
 * Everything lands in a shadow of the struct first, which lives in the arena; only when the whole input was good are
 * the table's members copied out, so that a failure leaves the caller's struct alone. An array is walked twice, once to
 * count, so that its items are allocated exactly once and their count is checked before any memory is taken. */
#include "json_int.h"

#include <weir/json.h>

#include <base/buf.h>

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH_MAX = 32, ITEM_COUNT_MAX = 100000, NUMBER_SIZE_MAX = 400 };

typedef struct step {
    const char *name; /* NULL: an item of the array before */
    size_t index;
} step;

typedef struct json_decoder {
    wr_json_reader in;
    weir_arena *arena;
    step path[2 * DEPTH_MAX + 2];
    size_t path_count; /* where decoding is; after a failure, where it was */
} json_decoder;

static void decode_members(json_decoder *decoder, const weir_json_field *fields, uint8_t *to);

static size_t kind_size(const weir_json_field *field);

/* A value of an array as the value of a member at offset 0. */
static weir_json_field item_field(const weir_json_field *array)
{
    return (weir_json_field){.name = array->name, .kind = array->item};
}

/* How many bytes of the struct the table speaks of. */
static size_t fields_extent(const weir_json_field *fields)
{
    size_t extent = 0;
    for (const weir_json_field *field = fields; field->name; field++) {
        size_t end = field->offset + kind_size(field);
        size_t count_end = field->kind == WEIR_JSON_ARRAY ? field->count_offset + sizeof(size_t) : 0;
        extent = end > extent ? end : extent;
        extent = count_end > extent ? count_end : extent;
        size_t presence_end = field->has_presence ? field->presence_offset + sizeof(weir_json_presence) : 0;
        extent = presence_end > extent ? presence_end : extent;
    }
    return extent;
}

static size_t kind_size(const weir_json_field *field)
{
    switch (field->kind) {
    case WEIR_JSON_INT:
        return sizeof(int64_t);
    case WEIR_JSON_REAL:
        return sizeof(double);
    case WEIR_JSON_BOOL:
        return sizeof(bool);
    case WEIR_JSON_OBJECT:
        return fields_extent(field->fields);
    case WEIR_JSON_RAW:
        return sizeof(weir_slice);
    case WEIR_JSON_TEXT:
    case WEIR_JSON_ARRAY:
        return sizeof(void *);
    }
    assert(!"a kind that weir/json.h has");
    return 0;
}

static void fields_copy(const weir_json_field *fields, const uint8_t *from, uint8_t *to)
{
    for (const weir_json_field *field = fields; field->name; field++) {
        if (field->kind == WEIR_JSON_OBJECT)
            fields_copy(field->fields, from + field->offset, to + field->offset);
        else
            memcpy(to + field->offset, from + field->offset, kind_size(field));
        if (field->kind == WEIR_JSON_ARRAY)
            memcpy(to + field->count_offset, from + field->count_offset, sizeof(size_t));
        if (field->has_presence)
            memcpy(to + field->presence_offset, from + field->presence_offset, sizeof(weir_json_presence));
    }
}

static void fail_at(json_decoder *decoder, const uint8_t *at, const char *problem)
{
    wr_json_fail(&decoder->in, WEIR_E_FORMAT, at, problem);
}

static int64_t read_int(json_decoder *decoder)
{
    weir_slice number;
    bool whole;
    uint64_t value = 0, limit = INT64_MAX;
    wr_json_number_read(&decoder->in, &number, &whole);
    if (!whole)
        fail_at(decoder, number.data, "expected an integer, found a fraction");
    if (wr_json_failed(&decoder->in))
        return 0;
    bool negative = number.data[0] == '-';
    limit += negative;
    for (size_t i = negative; i < number.size; i++) {
        uint64_t digit = number.data[i] - '0';
        if (value > (limit - digit) / 10) {
            fail_at(decoder, number.data, "an integer beyond 64 bits");
            return 0;
        }
        value = value * 10 + digit;
    }
    return negative ? (int64_t)(0 - value) : (int64_t)value;
}

static double read_real(json_decoder *decoder)
{
    weir_slice number;
    bool whole;
    char text[NUMBER_SIZE_MAX];
    wr_json_number_read(&decoder->in, &number, &whole);
    if (number.size >= sizeof(text))
        fail_at(decoder, number.data, "a number with too many digits");
    if (wr_json_failed(&decoder->in))
        return 0;
    memcpy(text, number.data, number.size);
    text[number.size] = '\0';
    /* Not strtod: a program may have set a locale with a decimal comma. */
    double value = strtod_l(text, NULL, newlocale(LC_ALL_MASK, "C", (locale_t)0));
    if (!isfinite(value))
        fail_at(decoder, number.data, "a number beyond double precision");
    return value;
}

static size_t count_items(json_decoder *decoder)
{
    wr_json_reader ahead = decoder->in;
    size_t count = 0;
    wr_json_open(&ahead, '[');
    while (wr_json_more(&ahead, ']')) {
        wr_json_peek(&ahead);
        if (++count > ITEM_COUNT_MAX)
            wr_json_fail(&ahead, WEIR_E_LIMIT, ahead.at, "an array beyond 100,000 items");
        wr_json_skip(&ahead);
    }
    if (wr_json_failed(&ahead))
        decoder->in = ahead;
    return count;
}

static void decode_value(json_decoder *decoder, const weir_json_field *field, uint8_t *to);

static void decode_item(json_decoder *decoder, const weir_json_field *array, uint8_t *to)
{
    if (!array->item) {
        decode_members(decoder, array->fields, to);
        return;
    }
    weir_json_field item = item_field(array);
    if (array->item == WEIR_JSON_RAW && wr_json_peek(&decoder->in) == WR_JSON_IS_NULL)
        wr_json_skip(&decoder->in);
    else
        decode_value(decoder, &item, to);
}

static void decode_array(json_decoder *decoder, const weir_json_field *field, uint8_t *to)
{
    size_t count = count_items(decoder), index = 0;
    if (wr_json_failed(&decoder->in))
        return;
    weir_json_field item = item_field(field);
    size_t item_size = field->item && !field->item_size ? kind_size(&item) : field->item_size;
    uint8_t *items = count ? weir_arena_array(decoder->arena, count, item_size) : NULL;
    if (count && !items) {
        wr_json_fail(&decoder->in, WEIR_E_MEMORY, decoder->in.at, "no memory for the items");
        return;
    }
    wr_json_open(&decoder->in, '[');
    for (; wr_json_more(&decoder->in, ']'); index++) {
        decoder->path[decoder->path_count++] = (step){.index = index};
        decode_item(decoder, field, items + index * item_size);
        if (wr_json_failed(&decoder->in))
            return;
        decoder->path_count--;
    }
    memcpy(to + field->offset, &items, sizeof(items));
    memcpy(to + field->count_offset, &count, sizeof(count));
}

static const struct {
    wr_json_token token;
    const char *problem;
} expected[] = {
    [WEIR_JSON_TEXT] = {WR_JSON_IS_STRING, "expected a string"},
    [WEIR_JSON_INT] = {WR_JSON_IS_NUMBER, "expected an integer"},
    [WEIR_JSON_REAL] = {WR_JSON_IS_NUMBER, "expected a number"},
    [WEIR_JSON_BOOL] = {WR_JSON_IS_TRUE, "expected true or false"},
    [WEIR_JSON_OBJECT] = {WR_JSON_IS_OBJECT, "expected an object"},
    [WEIR_JSON_ARRAY] = {WR_JSON_IS_ARRAY, "expected an array"},
};

static void decode_text(json_decoder *decoder, uint8_t *to)
{
    wr_json_string string;
    wr_json_string_read(&decoder->in, &string);
    const char *text = wr_json_string_dup(&decoder->in, string, decoder->arena);
    memcpy(to, &text, sizeof(text));
}

/* The next value is not null. */
static void decode_value(json_decoder *decoder, const weir_json_field *field, uint8_t *to)
{
    if (field->kind == WEIR_JSON_RAW) {
        weir_slice raw = wr_json_skip(&decoder->in);
        memcpy(to + field->offset, &raw, sizeof(raw));
        return;
    }
    wr_json_token token = wr_json_peek(&decoder->in);
    bool flag = token == WR_JSON_IS_TRUE;
    if (token != expected[field->kind].token && !(field->kind == WEIR_JSON_BOOL && token == WR_JSON_IS_FALSE)) {
        fail_at(decoder, decoder->in.at, expected[field->kind].problem);
        return;
    }
    switch (field->kind) {
    case WEIR_JSON_TEXT:
        decode_text(decoder, to + field->offset);
        break;
    case WEIR_JSON_INT:
        memcpy(to + field->offset, &(int64_t){read_int(decoder)}, sizeof(int64_t));
        break;
    case WEIR_JSON_REAL:
        memcpy(to + field->offset, &(double){read_real(decoder)}, sizeof(double));
        break;
    case WEIR_JSON_BOOL:
        wr_json_literal_read(&decoder->in);
        memcpy(to + field->offset, &flag, sizeof(flag));
        break;
    case WEIR_JSON_OBJECT:
        decode_members(decoder, field->fields, to + field->offset);
        break;
    case WEIR_JSON_ARRAY:
        decode_array(decoder, field, to);
        break;
    case WEIR_JSON_RAW:
        break; /* above */
    }
}

static const weir_json_field *find_field(const weir_json_field *fields, wr_json_string name)
{
    for (const weir_json_field *field = fields; field->name; field++)
        if (wr_json_string_is(name, field->name))
            return field;
    return NULL;
}

static void check_required(json_decoder *decoder, const weir_json_field *fields, uint64_t seen, const uint8_t *start)
{
    for (size_t i = 0; fields[i].name; i++) {
        if (!fields[i].required || (seen >> i & 1))
            continue;
        decoder->path[decoder->path_count++] = (step){.name = fields[i].name};
        fail_at(decoder, start, "is required");
        return;
    }
}

static void set_presence(const weir_json_field *field, weir_json_presence presence, uint8_t *to)
{
    if (field->has_presence)
        memcpy(to + field->presence_offset, &presence, sizeof(presence));
}

static void decode_members(json_decoder *decoder, const weir_json_field *fields, uint8_t *to)
{
    uint64_t seen = 0; /* a bit for each field that came and was not null */
    wr_json_string name;
    wr_json_peek(&decoder->in);
    const uint8_t *start = decoder->in.at;
    wr_json_open(&decoder->in, '{');
    while (wr_json_more(&decoder->in, '}')) {
        wr_json_name(&decoder->in, &name);
        const weir_json_field *field = wr_json_failed(&decoder->in) ? NULL : find_field(fields, name);
        if (!field || wr_json_peek(&decoder->in) == WR_JSON_IS_NULL) {
            wr_json_skip(&decoder->in);
            if (field)
                set_presence(field, WEIR_JSON_IS_NULL, to);
            continue;
        }
        set_presence(field, WEIR_JSON_IS_THERE, to);
        decoder->path[decoder->path_count++] = (step){.name = field->name};
        decode_value(decoder, field, to);
        if (wr_json_failed(&decoder->in))
            return;
        decoder->path_count--;
        seen |= (uint64_t)1 << (field - fields);
    }
    if (!wr_json_failed(&decoder->in))
        check_required(decoder, fields, seen, start);
}

static void fields_check(const weir_json_field *fields)
{
    size_t count = 0;
    for (; fields[count].name; count++)
        assert(fields[count].item != WEIR_JSON_OBJECT && fields[count].item != WEIR_JSON_ARRAY);
    assert(count <= 64); /* one bit each in decode_members */
}

static weir_err explain(const json_decoder *decoder, weir_failure *failure)
{
    wr_buf path;
    size_t line, column;
    wr_buf_init(&path, 120);
    for (size_t i = 0; i < decoder->path_count; i++) {
        const step *at = &decoder->path[i];
        if (at->name)
            wr_buf_printf(&path, "%s%s", i ? "." : "", at->name);
        else
            wr_buf_printf(&path, "[%zu]", at->index);
    }
    wr_json_position(&decoder->in, &line, &column);
    path.failed = false; /* a path too long to print is cut */
    weir_err err = weir_fail(failure, decoder->in.err, "%s%s%s at line %zu, column %zu", wr_buf_cstr(&path),
                             path.size ? ": " : "", decoder->in.problem, line, column);
    wr_buf_fini(&path);
    return err;
}

weir_err weir_json_decode_sized(weir_arena *arena, const weir_json_field *fields, size_t field_size, weir_slice json,
                                void *ret_struct, weir_failure *failure)
{
    json_decoder decoder = {.in = wr_json_reader_of(json, DEPTH_MAX), .arena = arena};
    weir_err err = wr_json_table(arena, &fields, field_size);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "the table of members cannot be read: %s", wr_json_table_problem(err));
    fields_check(fields);
    size_t extent = fields_extent(fields);
    uint8_t *shadow = weir_arena_alloc(arena, extent ? extent : 1);
    if (!shadow)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a struct of %zu bytes", extent);
    decode_members(&decoder, fields, shadow);
    wr_json_end(&decoder.in);
    if (wr_json_failed(&decoder.in))
        return explain(&decoder, failure);
    fields_copy(fields, shadow, ret_struct);
    return WEIR_OK;
}
