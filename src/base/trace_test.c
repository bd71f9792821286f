#include "base/trace.h"

#include <stdio.h>

#include "test.h"

typedef struct sink {
    char text[8192];
    size_t size;
    int line_count;
} sink;

static void take(void *to, const char *line, size_t size)
{
    sink *at = to;
    memcpy(at->text, line, size);
    at->text[size] = 0;
    at->size = size;
    at->line_count++;
}

static int64_t fixed_time(void *clock)
{
    (void)clock;
    return 1769860800000;
}

static wr_trace trace_to(sink *to, bool json)
{
    return (wr_trace){
        .level = WR_INFO, .json = json, .write = take, .now_ms = fixed_time, .sink = to, .component = "broker"};
}

TEST(a_line_reads_as_logfmt_or_as_json)
{
    sink to = {0};
    wr_trace trace = trace_to(&to, false);
    wr_trace_log(&trace, WR_INFO, "now listening", WR_TEXT("address", "127.0.0.1:9092"), WR_NUMBER("port", -9092));
    CHECK_STR(to.text, "time=2026-01-31T12:00:00.000Z level=info component=broker msg=\"now listening\" "
                       "address=127.0.0.1:9092 port=-9092\n");
    trace = trace_to(&to, true);
    wr_trace_log(&trace, WR_ERROR, "stopped");
    CHECK_STR(to.text, "{\"time\":\"2026-01-31T12:00:00.000Z\",\"level\":\"error\",\"component\":\"broker\","
                       "\"msg\":\"stopped\"}\n");
    trace.component = NULL;
    wr_trace_log(&trace, WR_WARN, "x", WR_TEXT("reason", NULL));
    CHECK_STR(to.text, "{\"time\":\"2026-01-31T12:00:00.000Z\",\"level\":\"warn\",\"msg\":\"x\",\"reason\":\"\"}\n");
}

TEST(lines_below_the_level_and_a_null_trace_are_silent)
{
    sink to = {0};
    wr_trace trace = trace_to(&to, false);
    wr_trace_log(&trace, WR_DEBUG, "details");
    wr_trace_log(NULL, WR_ERROR, "nobody listens");
    CHECK_EQ(to.line_count, 0);
}

TEST(what_a_client_sent_cannot_forge_a_line_or_a_terminal_sequence)
{
    sink to = {0};
    wr_trace trace = trace_to(&to, false);
    wr_trace_log(&trace, WR_INFO, "m", WR_TEXT("v", "a\nlevel=error \x1b[31m \"q\" \\ \x7f \xff ü \xc2\x9b"));
    CHECK(strstr(to.text, "v=\"a\\nlevel=error \\x1b[31m \\\"q\\\" \\\\ \\x7f \\xff ü \\xc2\\x9b\"\n"));
    trace = trace_to(&to, true);
    wr_trace_log(&trace, WR_INFO, "m", WR_TEXT("v", "a\n\x1b\xff\xed\xa0\x80ü"));
    CHECK(strstr(to.text, "\"v\":\"a\\n\\u001b\\ufffd\\ufffd\\ufffd\\ufffdü\"}\n"));
}

TEST(a_line_that_is_too_long_is_cut_at_a_field_and_says_so)
{
    char kilobyte[1500];
    memset(kilobyte, 'x', sizeof kilobyte - 1);
    kilobyte[sizeof kilobyte - 1] = 0;
    sink to = {0};
    for (int json = 0; json < 2; json++) {
        wr_trace trace = trace_to(&to, json);
        wr_trace_log(&trace, WR_INFO, "m", WR_TEXT("a", kilobyte), WR_TEXT("b", kilobyte), WR_TEXT("c", kilobyte),
                     WR_TEXT("d", kilobyte), WR_NUMBER("e", 5));
        CHECK(to.size <= 4096);
        CHECK(strstr(to.text, "c") && !strstr(to.text, json ? "\"d\"" : " d="));
        CHECK(strstr(to.text, "…\""));
        const char *end = json ? ",\"cut\":1}\n" : " cut=1\n";
        CHECK_STR(to.text + to.size - strlen(end), end);
    }
}

TEST(levels_have_names)
{
    wr_level level = WR_INFO;
    CHECK_OK(wr_level_parse("debug", &level));
    CHECK_EQ(level, WR_DEBUG);
    CHECK_EQ(wr_level_parse("loud", &level), WEIR_E_FORMAT);
    CHECK_EQ(level, WR_DEBUG);
}

TEST(of_lines_that_others_cause_some_are_written_in_a_window_and_the_rest_is_counted)
{
    wr_trace_limit limit = {.window_ms = 1, .line_max = 2};
    uint64_t left_out = 9;
    for (int64_t start_us = -5000; start_us < 10000; start_us += 5000) {
        CHECK(wr_trace_allows(&limit, start_us, &left_out));
        CHECK_EQ(left_out, start_us == -5000 ? 0 : 3);
        CHECK(wr_trace_allows(&limit, start_us + 998, &left_out));
        CHECK_EQ(left_out, 0);
        for (int i = 0; i < 3; i++)
            CHECK(!wr_trace_allows(&limit, start_us + 999, &left_out));
    }
    CHECK(wr_trace_allows(&limit, 6000, &left_out)); /* the window is over to the microsecond */
    CHECK_EQ(left_out, 3);
}
