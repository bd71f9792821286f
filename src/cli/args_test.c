#include "test.h"

#include <cli/command_int.h>
#include <stdio.h>

static char *no_environment[] = {NULL};

typedef struct line {
    wr_cli cli;
    char copies[16][80];
    char *words[17];
    int count;
} line;

/* Parses what follows the command's words, as separate words up to NULL. The folder has no .weir.yaml above it. */
static int parse(line *self, const char *noun, const char *verb, const char *const *words)
{
    *self = (line){0};
    char first[32], second[32];
    int used = 0;
    snprintf(first, sizeof first, "%s", noun);
    snprintf(second, sizeof second, "%s", verb ? verb : "");
    self->cli.command = wr_command_find(verb ? 2 : 1, (char *[]){first, second}, &used);
    CHECK(self->cli.command);
    CHECK_OK(wr_cli_open(&self->cli));
    self->cli.folder = test_directory();
    for (; words[self->count]; self->count++) {
        snprintf(self->copies[self->count + 1], 80, "%s", words[self->count]);
        self->words[self->count + 1] = self->copies[self->count + 1];
    }
    self->words[0] = first; /* the flags' reader looks from the command's word on */
    return wr_cli_parse(&self->cli, self->count, self->words + 1, no_environment);
}

#define PARSE(self, noun, verb, ...) parse((self), (noun), (verb), (const char *[]){__VA_ARGS__, NULL})

static void end(line *self)
{
    wr_cli_close(&self->cli);
}

TEST(options_take_values_in_every_usual_way)
{
    line self;
    static const char *const ways[][3] = {
        {"--key", "k v", "t"}, {"--key=k v", "t"}, {"-k", "k v", "t"}, {"-kk v", "t"}, {"t", "-k", "k v"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        CHECK_EQ(parse(&self, "produce", NULL, (const char *[]){ways[i][0], ways[i][1], ways[i][2], NULL}), 0);
        CHECK_STR(wr_cli_text(&self.cli, "key"), "k v");
        CHECK_EQ(self.cli.operand_count, 1);
        CHECK_STR(self.cli.operands[0], "t");
        end(&self);
    }
}

TEST(an_empty_value_is_a_value)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "--key=", "t"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "key"), "");
    end(&self);
    CHECK_EQ(PARSE(&self, "produce", NULL, "-k", "", "t"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "key"), "");
    end(&self);
}

TEST(switches_cluster_and_the_last_may_take_a_value)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "-qZkada", "t"), WR_EXIT_OK);
    CHECK(wr_cli_on(&self.cli, "quiet") && wr_cli_on(&self.cli, "null"));
    CHECK_STR(wr_cli_text(&self.cli, "key"), "ada");
    end(&self);
    CHECK_EQ(PARSE(&self, "produce", NULL, "-qk", "ada", "t"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "key"), "ada");
    end(&self);
    CHECK_EQ(PARSE(&self, "produce", NULL, "-qX", "t"), WR_EXIT_USAGE);
    end(&self);
}

TEST(the_last_of_two_values_wins)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "-k", "a", "-k", "b", "t"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "key"), "b");
    end(&self);
}

TEST(after_two_dashes_all_are_operands)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "--", "-t", "--key"), WR_EXIT_OK);
    CHECK_EQ(self.cli.operand_count, 2);
    CHECK_STR(self.cli.operands[0], "-t");
    CHECK_STR(self.cli.operands[1], "--key");
    CHECK(!wr_cli_on(&self.cli, "key"));
    end(&self);
}

TEST(a_dash_alone_is_an_operand_and_a_negative_number_a_value)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "t", "-"), WR_EXIT_OK);
    CHECK_STR(self.cli.operands[1], "-");
    end(&self);
    CHECK_EQ(PARSE(&self, "consume", NULL, "t", "--offset", "-5"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "offset"), "-5");
    end(&self);
}

TEST(what_does_not_fit_is_a_usage_error)
{
    line self;
    static const char *const wrong[][3] = {
        {"t", "--key"}, {"t", "-k"}, {"t", "--nonsense"}, {"t", "-X"}, {"t", "--quiet=yes"}, {"--"}, {NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ(parse(&self, "produce", NULL, (const char *[]){wrong[i][0], wrong[i][1], wrong[i][2], NULL}),
                 WR_EXIT_USAGE);
        end(&self);
    }
    CHECK_EQ(PARSE(&self, "topic", "ls", "one-too-many"), WR_EXIT_USAGE);
    end(&self);
}

TEST(help_needs_no_operands)
{
    line self;
    CHECK_EQ(PARSE(&self, "produce", NULL, "--help"), WR_EXIT_OK);
    CHECK(wr_cli_on(&self.cli, "help"));
    end(&self);
}

TEST(numbers_are_checked_against_their_range)
{
    line self;
    int64_t value = 7;
    CHECK_EQ(PARSE(&self, "consume", NULL, "t", "-n", "12"), WR_EXIT_OK);
    CHECK_OK(wr_cli_int(&self.cli, "count", 0, 100, &value));
    CHECK_EQ(value, 12);
    CHECK_EQ(wr_cli_int(&self.cli, "count", 13, 100, &value), WEIR_E_FORMAT);
    CHECK_EQ(wr_cli_int(&self.cli, "count", 0, 11, &value), WEIR_E_FORMAT);
    CHECK_EQ(value, 12);
    end(&self);
    static const char *const wrong[] = {"", "x", "1x", "1.5", "99999999999999999999", " "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ(PARSE(&self, "consume", NULL, "t", "-n", wrong[i]), WR_EXIT_OK);
        CHECK_EQ(wr_cli_int(&self.cli, "count", INT64_MIN, INT64_MAX, &value), WEIR_E_FORMAT);
        end(&self);
    }
}

TEST(durations_have_units)
{
    line self;
    int64_t ms;
    CHECK_EQ(PARSE(&self, "topic", "ls", "--timeout", "1500ms"), WR_EXIT_OK);
    CHECK_OK(wr_cli_duration(&self.cli, "timeout", &ms));
    CHECK_EQ(ms, 1500);
    end(&self);
    CHECK_EQ(PARSE(&self, "topic", "ls", "--timeout", "soon"), WR_EXIT_OK);
    CHECK_EQ(wr_cli_duration(&self.cli, "timeout", &ms), WEIR_E_FORMAT);
    end(&self);
}

TEST(a_list_that_is_given_in_parts_is_one_list)
{
    line self;
    wr_client_header pairs[3];
    size_t count = 9;
    CHECK_EQ(PARSE(&self, "produce", NULL, "t", "-H", "a=1\\,2", "-Hb=", "--header=c=3"), WR_EXIT_OK);
    CHECK_OK(wr_cli_pairs(&self.cli, "header", pairs, 3, &count));
    CHECK_EQ(count, 3);
    CHECK(weir_slice_equal(pairs[0].value, WEIR_SLICE("1,2")));
    CHECK_STR(pairs[2].name, "c");
    CHECK_EQ(wr_cli_pairs(&self.cli, "header", pairs, 2, &count), WEIR_E_FORMAT);
    end(&self);
    CHECK_EQ(PARSE(&self, "produce", NULL, "t"), WR_EXIT_OK);
    CHECK_OK(wr_cli_pairs(&self.cli, "header", pairs, 3, &count));
    CHECK_EQ(count, 0);
    end(&self);
}
