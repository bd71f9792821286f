#include "json_text.h"
#include "test.h"

#include <weir/json.h>

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

typedef struct line {
    const char *sku;
    int64_t quantity;
} line;
typedef struct address {
    const char *city;
} address;
typedef struct order {
    const char *id;
    int64_t total;
    double weight;
    bool gift;
    address to;
    line *lines;
    size_t line_count;
} order;

static const weir_json_field line_fields[] = {
    {"sku", WEIR_JSON_TEXT, offsetof(line, sku), .required = true},
    {"quantity", WEIR_JSON_INT, offsetof(line, quantity), .required = true},
    {0},
};
static const weir_json_field address_fields[] = {{"city", WEIR_JSON_TEXT, offsetof(address, city)}, {0}};
static const weir_json_field fields[] = {
    {"id", WEIR_JSON_TEXT, offsetof(order, id), .required = true},
    {"total", WEIR_JSON_INT, offsetof(order, total)},
    {"weight", WEIR_JSON_REAL, offsetof(order, weight)},
    {"gift", WEIR_JSON_BOOL, offsetof(order, gift)},
    {"to", WEIR_JSON_OBJECT, offsetof(order, to), .fields = address_fields},
    {"lines", WEIR_JSON_ARRAY, offsetof(order, lines), offsetof(order, line_count), sizeof(line), line_fields},
    {0},
};

static weir_err decode(weir_arena *arena, const char *json, order *ret, weir_failure *failure)
{
    return weir_json_decode(arena, fields, weir_slice_of(json), ret, failure);
}

TEST(a_struct_goes_to_json_and_comes_back)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    line lines[] = {{"A\"1\n", INT64_MIN}, {"Gr\xc3\xbc\xc3\x9f", INT64_MAX}};
    order from = {"o1", -7, 0.1, true, {"Z\xc3\xbcrich"}, lines, 2}, to;
    weir_slice json = weir_json_encode(arena, fields, &from);
    const char expected[] =
        "{\"id\":\"o1\",\"total\":-7,\"weight\":0.1,\"gift\":true,\"to\":{\"city\":\"Z\xc3\xbcrich\"},"
        "\"lines\":[{\"sku\":\"A\\\"1\\n\",\"quantity\":-9223372036854775808},"
        "{\"sku\":\"Gr\xc3\xbc\xc3\x9f\",\"quantity\":9223372036854775807}]}";
    CHECK_EQ(json.size, sizeof(expected) - 1);
    CHECK_BYTES(json.data, expected, json.size);
    CHECK_OK(weir_json_decode(arena, fields, json, &to, NULL));
    CHECK_STR(to.id, "o1");
    CHECK(to.total == -7 && to.weight == 0.1 && to.gift);
    CHECK_STR(to.to.city, "Z\xc3\xbcrich");
    CHECK_EQ(to.line_count, 2);
    CHECK_STR(to.lines[0].sku, "A\"1\n");
    CHECK(to.lines[0].quantity == INT64_MIN && to.lines[1].quantity == INT64_MAX);
    weir_arena_free(arena);
}

TEST(escapes_unknown_members_nulls_and_space_are_read)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    order to;
    CHECK_OK(decode(
        arena,
        " {\n\"new\":[{\"x\":[1.5e3,null,true]}], \"\\u0069d\" : \"\\ud83d\\ude00\\u00e9\\/\\t\" , \"total\":null,"
        "\"weight\":-1.25E-2,\"lines\":[]} ",
        &to, NULL));
    CHECK_STR(to.id, "\xf0\x9f\x98\x80\xc3\xa9/\t");
    CHECK(to.total == 0 && to.weight == -0.0125);
    CHECK(to.lines == NULL && to.line_count == 0 && to.to.city == NULL);
    weir_arena_free(arena);
}

TEST(a_failure_names_the_path_and_the_position_and_leaves_the_struct_alone)
{
    static const struct {
        const char *json, *sentence;
        weir_err err;
    } cases[] = {
        {"{\"id\":\"a\",\n \"lines\":[{\"sku\":\"s\",\"quantity\":1},{\"sku\":\"s\",\"quantity\":\"2\"}]}",
         "lines[1].quantity: expected an integer at line 2, column 58", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"lines\":[{\"sku\":\"s\"}]}", "lines[0].quantity: is required", WEIR_E_FORMAT},
        {"{}", "id: is required at line 1, column 1", WEIR_E_FORMAT},
        {"{\"id\":null}", "id: is required", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"total\":1.0}", "total: expected an integer, found a fraction", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"total\":9223372036854775808}", "total: an integer beyond 64 bits", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"total\":-9223372036854775809}", "total: an integer beyond 64 bits", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"weight\":1e999}", "weight: a number beyond double precision", WEIR_E_FORMAT},
        {"{\"id\":\"\\u0000\"}", "id: a text with \\u0000", WEIR_E_FORMAT},
        {"{\"id\":\"\\ud800\"}", "a bad escape", WEIR_E_FORMAT},
        {"{\"id\":\"\xff\"}", "not UTF-8", WEIR_E_FORMAT},
        {"{\"id\":\"a\",}", "member's name", WEIR_E_FORMAT},
        {"{\"id\":\"a\"} x", "something follows", WEIR_E_FORMAT},
        {"{\"id\":\"a\"", "ends too early", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"lines\":[null]}", "lines[0]: expected an object", WEIR_E_FORMAT},
        {"{\"id\":\"a\",\"total\":01}", "total: not a number", WEIR_E_FORMAT},
        {"[]", "expected an object", WEIR_E_FORMAT},
        {"", "ends too early", WEIR_E_FORMAT},
    };
    weir_arena *arena = weir_arena_new(1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        weir_failure failure = {0};
        order to, before;
        memset(&to, 0x5a, sizeof(to));
        before = to;
        CHECK_EQ(decode(arena, cases[i].json, &to, &failure), cases[i].err);
        if (!strstr(failure.sentence, cases[i].sentence))
            fail_msg("'%s' is not in '%s'", cases[i].sentence, failure.sentence);
        CHECK_BYTES(&to, &before, sizeof(to));
    }
    weir_arena_free(arena);
}

TEST(depth_items_and_memory_have_limits)
{
    weir_arena *arena = weir_arena_new(16 << 20), *small = weir_arena_new(4096);
    weir_failure failure = {0};
    order to;
    wr_buf json;
    wr_buf_init(&json, 1 << 20);
    wr_buf_text(&json, "{\"deep\":");
    for (int i = 0; i < 100000; i++)
        wr_buf_text(&json, "[");
    CHECK_EQ(weir_json_decode(arena, fields, wr_buf_view(&json), &to, &failure), WEIR_E_LIMIT);
    wr_buf_clear(&json);
    wr_buf_text(&json, "{\"id\":\"a\",\"lines\":[{}");
    for (int i = 0; i < 100000; i++)
        wr_buf_text(&json, ",{}");
    wr_buf_text(&json, "]}");
    CHECK_EQ(weir_json_decode(arena, fields, wr_buf_view(&json), &to, &failure), WEIR_E_LIMIT);
    wr_buf_clear(&json);
    wr_buf_text(&json, "{\"id\":\"a\",\"lines\":[{\"sku\":\"a\",\"quantity\":1}");
    for (int i = 0; i < 1000; i++)
        wr_buf_text(&json, ",{\"sku\":\"a\",\"quantity\":1}");
    wr_buf_text(&json, "]}");
    CHECK_EQ(weir_json_decode(small, fields, wr_buf_view(&json), &to, &failure), WEIR_E_MEMORY);
    CHECK_OK(weir_json_decode(arena, fields, wr_buf_view(&json), &to, &failure));
    CHECK_EQ(to.line_count, 1001);
    wr_buf_fini(&json);
    weir_arena_free(small);
    weir_arena_free(arena);
}

TEST(text_that_is_not_utf8_is_not_encoded)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    order from = {.id = "\xc0\x80"};
    CHECK(weir_json_encode(arena, fields, &from).data == NULL);
    weir_arena_free(arena);
}

TEST(doubles_come_back_as_they_were_in_few_digits)
{
    static const double values[] = {0, 0.1, 1.0 / 3, 1e300, 5e-324, 123456789.123, -2.5, 1.7976931348623157e308};
    wr_buf out;
    wr_buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        wr_buf_clear(&out);
        wr_json_real(&out, values[i]);
        CHECK(strtod(wr_buf_cstr(&out), NULL) == values[i]);
    }
    wr_buf_clear(&out);
    wr_json_real(&out, 0.1);
    wr_json_real(&out, NAN);
    CHECK_STR(wr_buf_cstr(&out), "0.1null");
    wr_buf_fini(&out);
}

TEST(compacting_takes_space_out_between_tokens_only)
{
    wr_buf out;
    weir_failure failure = {0};
    wr_buf_init(&out, 4096);
    CHECK_OK(wr_json_compact(&out, WEIR_SLICE(" { \"a b\" : [ 1 , \"x \\\" y\" ] ,\n\"c\":{ } }\n"), &failure));
    CHECK_STR(wr_buf_cstr(&out), "{\"a b\":[1,\"x \\\" y\"],\"c\":{}}");
    CHECK_EQ(wr_json_compact(&out, WEIR_SLICE("{\"a\":}"), &failure), WEIR_E_FORMAT);
    CHECK_STR(wr_buf_cstr(&out), "{\"a b\":[1,\"x \\\" y\"],\"c\":{}}");
    wr_buf_fini(&out);
}

/* jansson as an independent judge: for mutations of a document both must agree on what is JSON. */
TEST(another_parser_agrees_on_what_is_json)
{
    static const char seed[] = "{\"a\":[1,-2.5e+3,\"x\\u00e9\\n\",true,null,{\"b\":{}}],\"c\":\"\xc3\xa9\"}";
    static const char bytes[] = "{}[]\",:\\u0e-+.1 tfn\x80\xc3\n";
    uint64_t random = 1;
    wr_buf out;
    wr_buf_init(&out, 4096);
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(seed)];
        memcpy(text, seed, sizeof(seed));
        for (int i = 0; i < 1 + round % 3; i++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            text[(random >> 33) % (sizeof(seed) - 1)] = bytes[(random >> 45) % (sizeof(bytes) - 1)];
        }
        json_error_t error;
        json_t *judge =
            json_loadb(text, sizeof(seed) - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
        wr_buf_clear(&out);
        bool ours = wr_json_compact(&out, (weir_slice){(uint8_t *)text, sizeof(seed) - 1}, NULL) == WEIR_OK;
        bool overflow = !judge && json_error_code(&error) == json_error_numeric_overflow; /* grammar allows it */
        if (ours != (judge != NULL) && !overflow)
            fail_msg("we say %d, jansson says %d (%s): %s", ours, judge != NULL, error.text, text);
        json_decref(judge);
    }
    wr_buf_fini(&out);
}

typedef struct scalars {
    const char **tags;
    size_t tag_count;
    int64_t *sizes;
    size_t size_count;
    double *weights;
    size_t weight_count;
    bool *flags;
    size_t flag_count;
    weir_slice *raw;
    size_t raw_count;
} scalars;

static const weir_json_field scalar_fields[] = {
    {"tags", WEIR_JSON_ARRAY, offsetof(scalars, tags), offsetof(scalars, tag_count), .item = WEIR_JSON_TEXT},
    {"sizes", WEIR_JSON_ARRAY, offsetof(scalars, sizes), offsetof(scalars, size_count), .item = WEIR_JSON_INT},
    {"weights", WEIR_JSON_ARRAY, offsetof(scalars, weights), offsetof(scalars, weight_count), .item = WEIR_JSON_REAL},
    {"flags", WEIR_JSON_ARRAY, offsetof(scalars, flags), offsetof(scalars, flag_count), .item = WEIR_JSON_BOOL},
    {"raw", WEIR_JSON_ARRAY, offsetof(scalars, raw), offsetof(scalars, raw_count), .item = WEIR_JSON_RAW},
    {0}};

TEST(arrays_of_values_come_and_go)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_failure failure = {0};
    scalars it = {0};
    const char *json = "{\"tags\":[\"a\",\"\",\"b\\n\"],\"sizes\":[-1,9223372036854775807],\"weights\":[0.5],"
                       "\"flags\":[true,false],\"raw\":[{\"x\":[1]},null,\"t\"]}";
    CHECK_OK(weir_json_decode(arena, scalar_fields, weir_slice_of(json), &it, &failure));
    CHECK(it.tag_count == 3 && it.size_count == 2 && it.weight_count == 1 && it.flag_count == 2 && it.raw_count == 3);
    CHECK_STR(it.tags[2], "b\n");
    CHECK(it.sizes[1] == INT64_MAX && it.weights[0] == 0.5 && it.flags[0] && !it.flags[1] && !it.raw[1].data);
    weir_slice again = weir_json_encode(arena, scalar_fields, &it);
    CHECK(weir_slice_equal(again, weir_slice_of(json)));

    CHECK_OK(weir_json_decode(arena, scalar_fields, WEIR_SLICE("{\"tags\":[]}"), &it, &failure));
    CHECK(it.tag_count == 0 && it.size_count == 0);
    const char *const wrong[] = {"{\"tags\":[1]}",  "{\"tags\":[null]}", "{\"sizes\":[1.5]}", "{\"sizes\":[\"1\"]}",
                                 "{\"flags\":[0]}", "{\"tags\":\"a\"}",  "{\"sizes\":[[1]]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQ(weir_json_decode(arena, scalar_fields, weir_slice_of(wrong[i]), &it, &failure), WEIR_E_FORMAT);
    CHECK_EQ(weir_json_decode(arena, scalar_fields, WEIR_SLICE("{\"tags\":[\"a\",2]}"), &it, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "tags[1]: expected a string"));
    weir_arena_free(arena);
}

typedef struct measured {
    double weight;
    weir_json_presence weight_is;
} measured;

TEST(a_number_that_json_has_not_is_not_written_unless_its_presence_says_null)
{
    static const weir_json_field plain[] = {{"weight", WEIR_JSON_REAL, offsetof(measured, weight)}, {0}};
    static const weir_json_field present[] = {{"weight", WEIR_JSON_REAL, offsetof(measured, weight),
                                               .has_presence = true, .presence_offset = offsetof(measured, weight_is)},
                                              {0}};
    static const weir_json_field outer[] = {{"inner", WEIR_JSON_OBJECT, 0, .fields = plain}, {0}};
    const double none[] = {NAN, INFINITY, -INFINITY};
    weir_arena *arena = weir_arena_new(1 << 20);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        measured it = {.weight = none[i], .weight_is = WEIR_JSON_IS_THERE};
        CHECK(weir_json_encode(arena, plain, &it).data == NULL);
        CHECK(weir_json_encode(arena, outer, &it).data == NULL);
        CHECK(weir_json_encode(arena, present, &it).data == NULL);
        it.weight_is = WEIR_JSON_IS_NULL;
        CHECK(weir_slice_equal(weir_json_encode(arena, present, &it), WEIR_SLICE("{\"weight\":null}")));
    }
    weir_arena_free(arena);
}

TEST(what_no_reader_would_take_from_an_array_is_not_written)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    const char *tags[] = {"a", NULL, "b"};
    weir_slice raw[] = {WEIR_SLICE("1"), {0}};
    scalars it = {.tags = tags, .tag_count = 3};
    CHECK(weir_json_encode(arena, scalar_fields, &it).data == NULL);
    double weights[] = {0.5, NAN};
    it = (scalars){.weights = weights, .weight_count = 2};
    CHECK(weir_json_encode(arena, scalar_fields, &it).data == NULL);
    weights[1] = -INFINITY;
    CHECK(weir_json_encode(arena, scalar_fields, &it).data == NULL);
    it = (scalars){.tags = tags, .tag_count = 1};
    it.raw = raw;
    it.raw_count = 2; /* any JSON value is meant here, and null is one */
    weir_slice json = weir_json_encode(arena, scalar_fields, &it);
    scalars back = {0};
    CHECK_OK(weir_json_decode(arena, scalar_fields, json, &back, NULL));
    CHECK(back.tag_count == 1 && back.raw_count == 2 && !back.raw[1].data);
    weir_arena_free(arena);
}

typedef struct change {
    const char *note;
    weir_json_presence note_is;
    int64_t amount;
    weir_json_presence amount_is;
} change;

static const weir_json_field change_fields[] = {{"note", WEIR_JSON_TEXT, offsetof(change, note), .has_presence = true,
                                                 .presence_offset = offsetof(change, note_is)},
                                                {"amount", WEIR_JSON_INT, offsetof(change, amount),
                                                 .has_presence = true, .presence_offset = offsetof(change, amount_is)},
                                                {0}};

TEST(absent_is_told_from_null)
{
    static const struct {
        const char *json;
        weir_json_presence note, amount;
    } table[] = {{"{}", WEIR_JSON_IS_ABSENT, WEIR_JSON_IS_ABSENT},
                 {"{\"note\":null}", WEIR_JSON_IS_NULL, WEIR_JSON_IS_ABSENT},
                 {"{\"note\":\"\",\"amount\":null}", WEIR_JSON_IS_THERE, WEIR_JSON_IS_NULL},
                 {"{\"amount\":0}", WEIR_JSON_IS_ABSENT, WEIR_JSON_IS_THERE}};
    weir_arena *arena = weir_arena_new(1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        change it = {.note_is = WEIR_JSON_IS_THERE, .amount_is = WEIR_JSON_IS_NULL};
        CHECK_OK(weir_json_decode(arena, change_fields, weir_slice_of(table[i].json), &it, NULL));
        CHECK_EQ(it.note_is, table[i].note);
        CHECK_EQ(it.amount_is, table[i].amount);
        CHECK(weir_slice_equal(weir_json_encode(arena, change_fields, &it), weir_slice_of(table[i].json)));
    }
    weir_arena_free(arena);
}

TEST(the_members_of_an_object_are_listed_and_what_is_no_text_number_or_boolean_is_refused)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_attribute *members;
    size_t count;
    CHECK_OK(wr_json_members(WEIR_SLICE(" {\"a\":\"x\\ny\",\"b\":-1.50e2,\"c\":false,\"d\":null,\"\":\"\"} "), 4, arena,
                             &members, &count, NULL));
    CHECK_EQ(count, 4);
    CHECK_STR(members[0].value, "x\ny");
    CHECK_STR(members[1].value, "-1.50e2");
    CHECK_STR(members[2].value, "false");
    CHECK_STR(members[3].name, "");
    CHECK_EQ(wr_json_members(WEIR_SLICE("{\"a\":1,\"b\":2}"), 1, arena, &members, &count, NULL), WEIR_E_LIMIT);
    static const char *const wrong[] = {"", "1", "[]", "{", "{\"a\":[]}", "{\"a\":{}}", "{} {}", "{\"a\":\"\\u0000\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQ(wr_json_members(weir_slice_of(wrong[i]), 4, arena, &members, &count, NULL), WEIR_E_FORMAT);
    weir_arena_free(arena);
}
