/* Which offsets are read: on the simulated cluster, whose topic `t` has 10 records in partition 0, one every second
 * from 1000 ms on, and none in partition 1. */
#include "test.h"

#include <cli/command_int.h>
#include <cli/consume_int.h>
#include <stdio.h>
#include <testing/client/sim.h>

typedef struct fixture {
    wr_cli cli;
    wr_sim_cluster *cluster;
    wr_kafka kafka;
    char words[8][60];
    char *argv[9];
} fixture;

/* The words after `weir consume`. */
static int begin(fixture *f, const char *const *words)
{
    static char *no_environment[] = {NULL};
    static char noun[] = "consume";
    int used = 0, count = 0;
    *f = (fixture){.cluster = wr_sim_cluster_new(&(wr_sim_options){.seed = 1})};
    f->cli.command = wr_command_find(1, (char *[]){noun}, &used);
    CHECK_OK(wr_cli_open(&f->cli));
    f->cli.folder = test_directory();
    f->argv[0] = noun;
    for (; words[count]; count++) {
        snprintf(f->words[count], sizeof f->words[count], "%s", words[count]);
        f->argv[count + 1] = f->words[count];
    }
    CHECK_OK(wr_sim_topic_add(f->cluster, "t", 2));
    CHECK_OK(wr_sim_topic_add(f->cluster, "empty", 1));
    for (int i = 0; i < 10; i++)
        CHECK_OK(wr_sim_append(
            f->cluster, &(wr_client_record){.topic = "t", .timestamp_ms = 1000 + i * 1000, .value = WEIR_SLICE("v")}));
    f->kafka = (wr_kafka){.client = wr_sim_client_new(f->cluster), .timeout_ms = 1000};
    return wr_cli_parse(&f->cli, count, f->argv + 1, no_environment);
}

static void end(fixture *f)
{
    wr_client_free(f->kafka.client);
    wr_sim_cluster_free(f->cluster);
    wr_cli_close(&f->cli);
}

#define WORDS(...)                                                                                                     \
    (const char *[])                                                                                                   \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct {
    const char *words[6];
    int64_t start, end;
} cases[] = {
    {{"t"}, 0, 10},
    {{"t", "--offset", "start"}, 0, 10},
    {{"t", "--offset", "end"}, 10, 10},
    {{"t", "--offset", "3"}, 3, 10},
    {{"t", "--offset", "-3"}, 7, 10},
    {{"t", "--offset", "-30"}, 0, 10},
    {{"t", "--offset", "30"}, 10, 10},
    {{"t", "--offset", "-0"}, 10, 10},
    {{"t", "--offset", "-9223372036854775807"}, 0, 10},
    {{"t", "--offset", "@3000"}, 2, 10},
    {{"t", "--offset", "@1970-01-01T00:00:03Z"}, 2, 10},
    {{"t", "--offset", "@3001"}, 3, 10},
    {{"t", "--offset", "1970-01-01T00:00:03Z"}, 2, 10},
    {{"t", "--offset", "1970-01-01"}, 0, 10},
    {{"t", "--offset", "earliest"}, 0, 10},
    {{"t", "--offset", "beginning"}, 0, 10},
    {{"t", "--offset", "latest"}, 10, 10},
    {{"t", "--offset", "now"}, 10, 10},
    {{"t", "--offset", "-5m"}, 10, 10},
    {{"t", "--to", "@2h ago"}, 0, 10},
    {{"t", "--offset", "@999999"}, 10, 10},
    {{"t", "--to", "4"}, 0, 4},
    {{"t", "--to", "-4"}, 0, 6},
    {{"t", "--to", "40"}, 0, 10},
    {{"t", "--to", "@3000"}, 0, 2},
    {{"t", "--to", "end"}, 0, 10},
    {{"t", "--offset", "5", "--to", "3"}, 5, 3},
    {{"t", "--tail", "2"}, 8, 10},
    {{"t", "--tail", "0"}, 10, 10},
    {{"t", "--tail", "200"}, 0, 10},
    {{"t", "--tail", "3", "--to", "9"}, 7, 9},
};

TEST(places_become_offsets_within_what_there_is)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        wr_span_list list = {0};
        CHECK_EQ(begin(&f, cases[i].words), WR_EXIT_OK);
        CHECK_EQ(wr_spans_find(&f.cli, &f.kafka, false, &list), WR_EXIT_OK);
        CHECK_EQ(list.count, 2);
        wr_span *span = wr_span_find(&list, "t", 0);
        if (span->start != cases[i].start || span->end != cases[i].end)
            fail_msg("%s %s: %lld to %lld", cases[i].words[1], cases[i].words[2], (long long)span->start,
                     (long long)span->end);
        CHECK_EQ(span->done, cases[i].start >= cases[i].end);
        CHECK(wr_span_find(&list, "t", 1)->done); /* nothing there to wait for */
        CHECK_EQ(list.open_count, !span->done);
        end(&f);
    }
}

TEST(following_has_no_end_unless_one_is_said)
{
    fixture f;
    wr_span_list list = {0};
    CHECK_EQ(begin(&f, WORDS("t", "--tail", "1")), WR_EXIT_OK);
    CHECK_EQ(wr_spans_find(&f.cli, &f.kafka, true, &list), WR_EXIT_OK);
    wr_span *span = wr_span_find(&list, "t", 1);
    CHECK(span->end == INT64_MAX && !span->done);
    CHECK_EQ(list.open_count, 2);
    wr_span_done(&list, span, true); /* the end of the partition is no end of the span */
    CHECK_EQ(list.open_count, 2);
    wr_span_done(&list, span, false);
    wr_span_done(&list, span, false);
    CHECK_EQ(list.open_count, 1);
    end(&f);
}

TEST(one_partition_or_several_topics)
{
    fixture f;
    wr_span_list list = {0};
    CHECK_EQ(begin(&f, WORDS("t", "-p", "0")), WR_EXIT_OK);
    CHECK_EQ(wr_spans_find(&f.cli, &f.kafka, false, &list), WR_EXIT_OK);
    CHECK_EQ(list.count, 1);
    end(&f);
    CHECK_EQ(begin(&f, WORDS("t", "empty")), WR_EXIT_OK);
    CHECK_EQ(wr_spans_find(&f.cli, &f.kafka, false, &list), WR_EXIT_OK);
    CHECK_EQ(list.count, 3);
    CHECK(wr_span_find(&list, "empty", 0) && !wr_span_find(&list, "other", 0));
    end(&f);
}

TEST(what_cannot_be_read_is_said_with_the_status_that_fits)
{
    static const struct {
        const char *words[4];
        int status;
    } wrong[] = {
        {{"nothing"}, WR_EXIT_NOT_FOUND},
        {{"t", "-p", "2"}, WR_EXIT_NOT_FOUND},
        {{"t", "--offset", "soon"}, WR_EXIT_USAGE},
        {{"t", "--offset", ""}, WR_EXIT_USAGE},
        {{"t", "--offset", "-"}, WR_EXIT_USAGE},
        {{"t", "--offset", "1x"}, WR_EXIT_USAGE},
        {{"t", "--offset", "@"}, WR_EXIT_USAGE},
        {{"t", "--offset", "@yesterday"}, WR_EXIT_USAGE},
        {{"t", "--offset", "-9223372036854775808"}, WR_EXIT_USAGE},
        {{"t", "--offset", "99999999999999999999"}, WR_EXIT_USAGE},
        {{"t", "--to", "x"}, WR_EXIT_USAGE},
        {{"t", "--tail", "-1"}, WR_EXIT_USAGE},
        {{"t", "-p", "x"}, WR_EXIT_USAGE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fixture f;
        wr_span_list list = {0};
        int status = begin(&f, wrong[i].words); /* numbers are checked here, places and topics below */
        CHECK_EQ(status == WR_EXIT_OK ? wr_spans_find(&f.cli, &f.kafka, false, &list) : status, wrong[i].status);
        CHECK_EQ(list.count, 0);
        end(&f);
    }
}
