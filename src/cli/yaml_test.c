#include "test.h"

#include <cli/yaml.h>
#include <stdio.h>

static const char *yaml(const char *json)
{
    static char text[2000];
    wr_buf out;
    wr_buf_init(&out, sizeof text);
    wr_yaml_of_json(weir_slice_of(json), &out);
    snprintf(text, sizeof text, "%s", wr_buf_failed(&out) ? "failed" : wr_buf_cstr(&out));
    wr_buf_fini(&out);
    return text;
}

TEST(objects_and_arrays_become_lines)
{
    CHECK_STR(yaml("{\"a\": 1, \"b\": [{\"c\": \"x\", \"d\": true}, [], [1, [2]]], \"e\": {}, \"f\": {\"g\": null}}"),
              "a: 1\nb:\n  - c: \"x\"\n    d: true\n  - []\n  - - 1\n    - - 2\ne: {}\nf:\n  g: null\n");
    CHECK_STR(yaml("[{\"a\":[1]},\"x\"]"), "- a:\n    - 1\n- \"x\"\n");
    CHECK_STR(yaml("[]"), "[]\n");
    CHECK_STR(yaml("17"), "17\n");
}

TEST(names_and_texts_that_yaml_would_take_for_something_else_stay_quoted)
{
    CHECK_STR(yaml("{\"retention.ms\":\"60000\",\"no\":\"no\",\"a b\":\"{}[]: ,\\\"\\\\\",\"1\":1,\"\":2}"),
              "retention.ms: \"60000\"\n\"no\": \"no\"\n\"a b\": \"{}[]: ,\\\"\\\\\"\n\"1\": 1\n\"\": 2\n");
}

TEST(what_is_no_json_is_no_yaml)
{
    CHECK_STR(yaml("{\"a\":"), "failed");
    CHECK_STR(yaml("{} {}"), "failed");
    CHECK_STR(yaml(""), "failed");
}
