#include "test.h"
#include "trace_context.h"

#include <stdio.h>

static const char example[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(the_specification_s_example_is_read_and_printed)
{
    wr_trace_context context;
    char text[WR_TRACEPARENT_SIZE];
    CHECK_OK(wr_trace_context_parse(example, &context));
    CHECK_EQ(context.trace_id[0], 0x4b);
    CHECK_EQ(context.span_id[7], 0xb7);
    CHECK(context.sampled);
    wr_trace_context_print(&context, text);
    CHECK_STR(text, example);
}

TEST(a_higher_version_is_read_as_ours)
{
    wr_trace_context context;
    CHECK_OK(wr_trace_context_parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09", &context));
    CHECK(context.sampled);
    CHECK_OK(wr_trace_context_parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more", &context));
    CHECK(!context.sampled);
}

TEST(what_the_specification_calls_invalid_is_refused)
{
    static const char *const bad[] = {
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
    };
    wr_trace_context context = {.sampled = true};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_EQ(wr_trace_context_parse(bad[i], &context), WEIR_E_FORMAT);
    CHECK_EQ(wr_trace_context_parse(NULL, &context), WEIR_E_FORMAT);
    CHECK(context.sampled);
}

TEST(a_child_keeps_the_trace_and_ids_are_never_zero)
{
    static const uint8_t zeros[24], ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    wr_trace_context parent, root = wr_trace_context_root(zeros, true), read;
    char text[WR_TRACEPARENT_SIZE];
    CHECK_OK(wr_trace_context_parse(example, &parent));
    wr_trace_context child = wr_trace_context_child(&parent, ones);
    CHECK_BYTES(child.trace_id, parent.trace_id, 16);
    CHECK_BYTES(child.span_id, ones, 8);
    CHECK(child.sampled);
    wr_trace_context_print(&root, text);
    CHECK_OK(wr_trace_context_parse(text, &read));
}

TEST(tracestate_is_judged_by_members_and_size)
{
    char many[600] = "";
    CHECK(wr_tracestate_valid("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
    CHECK(wr_tracestate_valid("fw529a3039@dt=FfnBFp6wfp , ,a=b"));
    CHECK(!wr_tracestate_valid(NULL) && !wr_tracestate_valid("") && !wr_tracestate_valid("a"));
    CHECK(!wr_tracestate_valid("A=b") && !wr_tracestate_valid("a=") && !wr_tracestate_valid("a=b=c"));
    for (int i = 0; i < 33; i++)
        sprintf(many + strlen(many), "%sk%d=v", i ? "," : "", i);
    CHECK(!wr_tracestate_valid(many));
    memset(many, 'v', 599);
    many[0] = 'k', many[1] = '=';
    CHECK(!wr_tracestate_valid(many));
}
