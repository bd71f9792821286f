#include "json_pointer.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static const char order[] =
    "{\"id\": \"17\", \"lines\": [{\"sku\":\"a\",\"n\":2}, {\"sku\":\"b\",\"n\":1}],\n"
    " \"a/b\": 1, \"m~n\": 2, \"\": 3, \"caf\\u00e9\": 4, \"twice\": 5, \"twice\": 6, \"none\": []}";

static void check_get(const char *pointer, const char *expected)
{
    weir_slice value = {0};
    weir_failure failure = {0};
    weir_err err = wr_json_pointer_get(weir_slice_of(order), pointer, &value, &failure);
    if (err != WEIR_OK || !weir_slice_equal(value, weir_slice_of(expected)))
        fail_msg("%s: %s %.*s, expected %s", pointer, failure.sentence, (int)value.size,
                 value.data ? (const char *)value.data : "", expected);
}

static weir_err get_err(const char *pointer)
{
    weir_slice value = {0};
    return wr_json_pointer_get(weir_slice_of(order), pointer, &value, NULL);
}

TEST(a_pointer_finds_what_it_names)
{
    check_get("", order);
    check_get("/id", "\"17\"");
    check_get("/lines/1/sku", "\"b\"");
    check_get("/lines/0", "{\"sku\":\"a\",\"n\":2}");
    check_get("/a~1b", "1");
    check_get("/m~0n", "2");
    check_get("/", "3");
    check_get("/caf\xc3\xa9", "4");
    check_get("/twice", "6");
}

TEST(what_is_not_there_is_not_found)
{
    static const char *const absent[] = {"/x",   "/lines/2",       "/lines/-", "/lines/01", "/lines/-1", "/id/x",
                                         "/x/y", "/lines/0/sku/0", "/lines/x", "/none/0/a", "/none/0"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (get_err(absent[i]) != WEIR_E_NOT_FOUND)
            fail_msg("%s: %s", absent[i], weir_err_name(get_err(absent[i])));
    CHECK_EQ(get_err("id"), WEIR_E_FORMAT);
    CHECK_EQ(get_err("/a~b"), WEIR_E_FORMAT);
    CHECK_EQ(get_err("/a~"), WEIR_E_FORMAT);
    CHECK_EQ(get_err("/\xff"), WEIR_E_FORMAT);
    weir_slice value;
    CHECK_EQ(wr_json_pointer_get(WEIR_SLICE("{\"a\":}"), "/a", &value, NULL), WEIR_E_FORMAT);
    CHECK_EQ(wr_json_pointer_get((weir_slice){0}, "/a", &value, NULL), WEIR_E_FORMAT);
}

static void check_set(const char *json, const char *pointer, const char *value, const char *expected)
{
    wr_buf out;
    weir_failure failure = {0};
    wr_buf_init(&out, 1 << 20);
    wr_buf_text(&out, "=");
    weir_err err = wr_json_pointer_set(weir_slice_of(json), pointer, weir_slice_of(value), &out, &failure);
    if (err != WEIR_OK || strcmp(wr_buf_cstr(&out) + 1, expected) != 0)
        fail_msg("%s of %s: %s %s, expected %s", pointer, json, failure.sentence, wr_buf_cstr(&out), expected);
    wr_buf_fini(&out);
}

TEST(a_value_is_replaced_or_added_and_all_else_stays_as_it_is)
{
    check_set("{ \"a\" : 1 , \"b\" : [1, 2] }", "/a", "\"x\"", "{ \"a\" : \"x\" , \"b\" : [1, 2] }");
    check_set("{\"b\":[1, 2]}", "/b/1", "{}", "{\"b\":[1, {}]}");
    check_set("{\"b\":[1]}", "/b/-", "2", "{\"b\":[1,2]}");
    check_set("{\"b\":[]}", "/b/0", "2", "{\"b\":[2]}");
    check_set("{}", "/new\"one", " 5 ", "{\"new\\\"one\":5}");
    check_set("{\"a\":{\"c\":1}}", "/a/d", "null", "{\"a\":{\"c\":1,\"d\":null}}");
    check_set(" {\"a\":1} ", "", "7", " 7 ");
    check_set("{\"a\":1,\"a\":2}", "/a", "3", "{\"a\":1,\"a\":3}");
}

TEST(a_set_that_fails_leaves_the_text_as_it_was)
{
    static const struct {
        const char *json, *pointer, *value;
        weir_err err;
    } cases[] = {
        {"{}", "/a/b", "1", WEIR_E_NOT_FOUND}, {"[]", "/1", "1", WEIR_E_NOT_FOUND}, {"[]", "/x", "1", WEIR_E_NOT_FOUND},
        {"5", "/x", "1", WEIR_E_NOT_FOUND},    {"{}", "/a", "x", WEIR_E_FORMAT},    {"{", "/a", "1", WEIR_E_FORMAT},
        {"{}", "a", "1", WEIR_E_FORMAT},       {"{}", "/a", "", WEIR_E_FORMAT},     {"{}", "/a", "1 2", WEIR_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wr_buf out;
        wr_buf_init(&out, 64);
        wr_buf_text(&out, "before");
        CHECK_EQ(wr_json_pointer_set(weir_slice_of(cases[i].json), cases[i].pointer, weir_slice_of(cases[i].value),
                                     &out, NULL),
                 cases[i].err);
        CHECK_STR(wr_buf_cstr(&out), "before");
        wr_buf_fini(&out);
    }
    wr_buf small;
    wr_buf_init(&small, 8);
    CHECK_EQ(wr_json_pointer_set(WEIR_SLICE("{\"a\":1}"), "/a", WEIR_SLICE("12345"), &small, NULL), WEIR_E_MEMORY);
    CHECK_EQ(small.size, 0);
    CHECK(!wr_buf_failed(&small));
    wr_buf_fini(&small);
}

/* Every place of a value that is made up can be found again by the pointer under which it was put there. */
TEST(what_was_put_somewhere_is_found_there)
{
    uint64_t state = 31 + test_seed();
    static const char *const names[] = {"a", "b~", "c/d", "\xc3\xa9", "", "q\"", "\\", "0", "-"};
    for (int round = 0; round < 300; round++) {
        wr_buf json, next;
        char pointer[200] = "";
        wr_buf_init(&json, 1 << 16);
        wr_buf_init(&next, 1 << 16);
        wr_buf_text(&json, "{}");
        for (int depth = (int)(test_random(&state) % 5); depth >= 0; depth--) {
            size_t end = strlen(pointer);
            bool is_array = end && json.size && test_random(&state) % 2;
            if (is_array) { /* what is there becomes an array with one item in it */
                wr_buf_clear(&next);
                CHECK_OK(wr_json_pointer_set(wr_buf_view(&json), pointer, WEIR_SLICE("[0]"), &next, NULL));
                wr_buf_clear(&json);
                wr_buf_slice(&json, wr_buf_view(&next));
                memcpy(pointer + end, "/1", sizeof "/1");
            } else {
                const char *name = names[test_random(&state) % (sizeof names / sizeof *names)];
                pointer[end++] = '/';
                for (; *name; name++) {
                    if (*name == '~' || *name == '/')
                        pointer[end++] = '~';
                    pointer[end++] = *name == '~' ? '0' : *name == '/' ? '1' : *name;
                }
                pointer[end] = 0;
            }
            char value[40];
            snprintf(value, sizeof value, depth ? "{}" : "%d", round);
            wr_buf_clear(&next);
            CHECK_OK(wr_json_pointer_set(wr_buf_view(&json), pointer, weir_slice_of(value), &next, NULL));
            wr_buf_clear(&json);
            wr_buf_slice(&json, wr_buf_view(&next));
            weir_slice found;
            CHECK_OK(wr_json_pointer_get(wr_buf_view(&json), pointer, &found, NULL));
            CHECK(weir_slice_equal(found, weir_slice_of(value)));
        }
        wr_buf_fini(&json);
        wr_buf_fini(&next);
    }
}

TEST(a_scalar_is_read_as_what_it_is)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_json_scalar scalar;
    CHECK_OK(wr_json_scalar_read(WEIR_SLICE("\"a\\nb\""), arena, &scalar));
    CHECK_EQ(scalar.kind, WR_JSON_TEXT);
    CHECK_STR(scalar.text, "a\nb");
    CHECK_OK(wr_json_scalar_read(WEIR_SLICE("-1.5e2"), arena, &scalar));
    CHECK_EQ(scalar.kind, WR_JSON_NUMBER);
    CHECK(scalar.number == -150.0);
    CHECK_OK(wr_json_scalar_read(WEIR_SLICE("true"), arena, &scalar));
    CHECK_EQ(scalar.kind, WR_JSON_BOOL);
    CHECK(scalar.number == 1.0);
    CHECK_OK(wr_json_scalar_read(WEIR_SLICE("null"), arena, &scalar));
    CHECK_EQ(scalar.kind, WR_JSON_NULL);
    CHECK_OK(wr_json_scalar_read(WEIR_SLICE("[1]"), arena, &scalar));
    CHECK_EQ(scalar.kind, WR_JSON_OTHER);
    CHECK_STR(scalar.text, "[1]");
    CHECK_EQ(wr_json_scalar_read(WEIR_SLICE("nil"), arena, &scalar), WEIR_E_FORMAT);
    weir_arena_free(arena);
}

static void add_difference(void *user, const char *pointer, weir_slice before, weir_slice after)
{
    wr_buf *out = user;
    wr_buf_printf(out, "%s %.*s>%.*s;", pointer, (int)before.size, before.data ? (const char *)before.data : "",
                  (int)after.size, after.data ? (const char *)after.data : "");
}

static void check_differences(const char *before, const char *after, const char *expected)
{
    wr_buf out;
    wr_buf_init(&out, 1 << 16);
    CHECK_OK(wr_json_differences(weir_slice_of(before), weir_slice_of(after), add_difference, &out, NULL));
    CHECK_STR(wr_buf_cstr(&out), expected);
    wr_buf_fini(&out);
}

TEST(differences_are_told_place_by_place)
{
    check_differences("{\"a\":1,\"b\":[1,2]}", "{ \"b\": [1, 2], \"a\": 1 }", "");
    check_differences("{\"a\":1,\"b\":[1,{\"c\":2}],\"x\":0}", "{\"a\":2,\"b\":[1,{\"c\":3},4],\"y/z\":5}",
                      "/a 1>2;/b/1/c 2>3;/b/2 >4;/x 0>;/y~1z >5;");
    check_differences("{\"a\":{}}", "{\"a\":[]}", "/a {}>[];");
    check_differences("1", "2", " 1>2;");
    CHECK_EQ(wr_json_differences(WEIR_SLICE("{"), WEIR_SLICE("{}"), add_difference, NULL, NULL), WEIR_E_FORMAT);
}
