#include <testing/base/limits.h>

#include "test.h"
#include <cli/command_int.h>

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
    static const char *folder;
    self->cli.folder = folder = folder ? folder : test_directory(); /* nobody writes there */
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

TEST(what_is_named_twice_is_meant_once)
{
    line self;
    CHECK_EQ(PARSE(&self, "group", "reset", "g", "--topic", "a,bb,a", "--topic", "b,bb,", "--to", "start"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "topic"), "a,bb,b");
    end(&self);
    CHECK_EQ(PARSE(&self, "topic", "alter", "t", "--unset", "retention.ms,retention.ms"), WR_EXIT_OK);
    CHECK_STR(wr_cli_text(&self.cli, "unset"), "retention.ms");
    end(&self);
    static const char *const words[][2] = {
        {"topic", "rm"}, {"topic", "create"}, {"consume", NULL}, {"group", "lag"}, {"group", "rm"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        CHECK_EQ(PARSE(&self, words[i][0], words[i][1], "b", "a", "b", "a", "b"), WR_EXIT_OK);
        CHECK_EQ(self.cli.operand_count, 2);
        CHECK_STR(self.cli.operands[0], "b");
        CHECK_STR(self.cli.operands[1], "a");
        end(&self);
    }
    CHECK_EQ(PARSE(&self, "produce", NULL, "t", "file", "file"), WR_EXIT_OK); /* sent twice, as asked */
    CHECK_EQ(self.cli.operand_count, 3);
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

TEST(numbers_are_checked_against_the_range_of_their_row)
{
    line self;
    CHECK_EQ(PARSE(&self, "consume", NULL, "t", "-n", "12"), WR_EXIT_OK);
    CHECK_EQ(wr_cli_number(&self.cli, "count"), 12);
    CHECK_EQ(wr_cli_number(&self.cli, "tail"), 0);
    CHECK(!wr_cli_on(&self.cli, "tail"));
    end(&self);
    static const char *const wrong[] = {"", "x", "1x", "1.5", "99999999999999999999", " ", "-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ(PARSE(&self, "consume", NULL, "t", "-n", wrong[i]), WR_EXIT_USAGE);
        end(&self);
    }
    static const struct {
        const char *count;
        int status;
    } edges[] = {{"1", 0}, {"0", 2}, {"100000", 0}, {"100001", 2}};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        CHECK_EQ(PARSE(&self, "topic", "create", "t", "-p", edges[i].count), edges[i].status);
        end(&self);
    }
}

TEST(durations_have_units_and_a_range)
{
    line self;
    CHECK_EQ(PARSE(&self, "topic", "ls", "--timeout", "1500ms"), WR_EXIT_OK);
    CHECK_EQ(wr_cli_number(&self.cli, "timeout"), 1500);
    end(&self);
    static const char *const wrong[] = {"soon", "0", "2h", "-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ(PARSE(&self, "topic", "ls", "--timeout", wrong[i]), WR_EXIT_USAGE);
        end(&self);
    }
}

TEST(choices_are_one_of_their_row)
{
    line self;
    CHECK_EQ(PARSE(&self, "topic", "ls", "-o", "json"), WR_EXIT_OK);
    CHECK_EQ(wr_cli_number(&self.cli, "output"), 2);
    end(&self);
    static const char *const wrong[] = {"", "js", "jsonx", "table|wide", "JSON"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ(PARSE(&self, "topic", "ls", "-o", wrong[i]), WR_EXIT_USAGE);
        end(&self);
    }
}

TEST(what_other_tools_call_it_is_understood_or_said)
{
    static const struct {
        const char *noun, *verb, *words[6], *option, *value;
    } understood[] = {
        {"consume", NULL, {"-t", "t", "-C", "-o", "-5"}, "offset", "-5"},
        {"consume", NULL, {"-C", "-t", "t", "-o", "beginning", "-e"}, "offset", "beginning"},
        {"consume", NULL, {"-Cet", "t", "-c3"}, "count", "3"},
        {"consume", NULL, {"t", "-o", "json"}, "output", "json"},
        {"consume", NULL, {"t", "-o", "-5m"}, "offset", "-5m"},
        {"consume", NULL, {"--topic", "t", "--from-beginning"}, "offset", "start"},
        {"consume", NULL, {"--topic=t", "--max-messages=7"}, "count", "7"},
        {"consume", NULL, {"--bootstrap-server", "h:1", "--topic", "t", "--group", "g"}, "bootstrap", "h:1"},
        {"produce", NULL, {"-P", "-t", "t", "-k", "key"}, "key", "key"},
        {"topic", "create", {"--topic", "t", "--replication-factor", "3"}, "replication", "3"},
        {"topic", "create", {"t", "--if-not-exists"}, "if-absent", "yes"},
    };
    static const struct {
        const char *noun, *words[4];
    } said[] = {{"produce", {"t", "-K", ":"}},
                {"consume", {"t", "-X", "a=b"}},
                {"consume", {"t", "--property", "print.key=true"}}};
    line self;
    for (size_t i = 0; i < sizeof understood / sizeof *understood; i++) {
        char *words[7] = {0};
        memcpy(words, understood[i].words, sizeof understood[i].words);
        CHECK_EQ(parse(&self, understood[i].noun, understood[i].verb, (const char *const *)words), WR_EXIT_OK);
        CHECK_EQ(self.cli.operand_count, 1);
        CHECK_STR(self.cli.operands[0], "t");
        CHECK_STR(wr_cli_text(&self.cli, understood[i].option), understood[i].value);
        end(&self);
    }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        CHECK_EQ(parse(&self, said[i].noun, NULL, said[i].words), WR_EXIT_USAGE);
        end(&self);
    }
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

TEST(an_error_names_the_flag_that_was_typed)
{
    static const struct {
        const char *noun, *verb, *words[4], *said;
    } cases[] = {
        {"topic", "create", {"t", "-c", "x"}, "-c: NAME=VALUE"},
        {"topic", "create", {"t", "--set", "x"}, "--set: NAME=VALUE"},
        {"topic", "alter", {"t", "--add-config", "x"}, "--add-config: NAME=VALUE"},
        {"topic", "create", {"t", "-p", "x"}, "-p takes a number"},
        {"topic", "create", {"t", "-px"}, "-p takes a number"},
        {"topic", "ls", {"-ox"}, "-o takes one of"},
        {"consume", NULL, {"t", "--timeout-ms", "x"}, "--timeout-ms takes a time"},
        {"consume", NULL, {"t", "--count=x"}, "--count takes a number"},
        {"consume", NULL, {"t", "-n"}, "-n needs a value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        line self;
        char said[1000] = "";
        wr_client_header pairs[3];
        size_t count;
        FILE *stderr_before = stderr;
        stderr = fmemopen(said, sizeof said, "w");
        int status = parse(&self, cases[i].noun, cases[i].verb, cases[i].words);
        if (status == WR_EXIT_OK && strstr(cases[i].said, "NAME=VALUE"))
            CHECK_EQ(wr_cli_pairs(&self.cli, "set", pairs, 3, &count), WEIR_E_FORMAT);
        fclose(stderr);
        stderr = stderr_before;
        if (!strstr(said, cases[i].said))
            fail_msg("'%s' does not say '%s'", said, cases[i].said);
        end(&self);
    }
}

/* ---- every option of every command at its limits */

/* What is said on stderr when the option, by its place, has this value; "" when it is taken. */
static void said_of(const wr_command *command, const wr_option *option, int at, const char *text, int64_t *ret_number,
                    char ret_said[1000])
{
    wr_cli cli = {.command = command};
    CHECK_OK(wr_cli_open(&cli));
    cli.values[at] = text;
    FILE *stderr_before = stderr;
    stderr = fmemopen(ret_said, 1000, "w");
    int status = wr_cli_check_options(&cli);
    if (status == WR_EXIT_OK && option->kind == WR_OPTION_PAIRS) {
        wr_client_header pairs[4];
        size_t count;
        status = wr_cli_pairs(&cli, option->name, pairs, 4, &count) == WEIR_OK ? WR_EXIT_OK : WR_EXIT_USAGE;
    }
    fclose(stderr);
    stderr = stderr_before;
    CHECK((status == WR_EXIT_OK) == (ret_said[0] == '\0'));
    CHECK(status == WR_EXIT_OK || status == WR_EXIT_USAGE);
    *ret_number = cli.numbers[at];
    wr_cli_close(&cli);
}

static void refuse_option(const wr_command *command, const wr_option *option, int at, const char *text)
{
    char said[1000] = "", name[100];
    int64_t number;
    said_of(command, option, at, text, &number, said);
    if (!said[0])
        fail_msg("weir %s takes --%s '%s'", command->noun, option->name, text);
    snprintf(name, sizeof name, "--%s", option->name);
    limits_fault fault = {0};
    limits_check_says(&fault, said, name);
    limits_check_says(&fault, said, text);
    if (option->kind == WR_OPTION_NUMBER || option->kind == WR_OPTION_DURATION)
        limits_check_range(&fault, said, option->min, option->max);
    if (option->kind == WR_OPTION_CHOICE)
        limits_check_says(&fault, said, option->value);
    CHECK_STR(fault.sentence, "");
}

static void take_option(const wr_command *command, const wr_option *option, int at, int64_t number)
{
    char said[1000] = "", text[32];
    int64_t taken;
    snprintf(text, sizeof text, "%lld", (long long)number);
    said_of(command, option, at, text, &taken, said);
    CHECK_STR(said, "");
    CHECK(taken == number);
}

static void walk_number(const wr_command *command, const wr_option *option, int at)
{
    char text[32];
    CHECK(option->min < option->max);
    take_option(command, option, at, option->min);
    take_option(command, option, at, option->max);
    if (option->max < INT64_MAX) {
        snprintf(text, sizeof text, "%lld", (long long)option->max + 1);
        refuse_option(command, option, at, text);
        refuse_option(command, option, at, "9223372036854775807");
    }
    snprintf(text, sizeof text, "%lld", (long long)option->min - 1);
    refuse_option(command, option, at, text);
    for (int i = 0; limits_no_number[i]; i++)
        refuse_option(command, option, at, limits_no_number[i]);
}

TEST(every_option_takes_what_its_row_allows_and_refuses_the_rest_with_name_value_and_range)
{
    static const char *const no_choice[] = {"", " ", "|", "x", "-1", NULL}, *const no_pairs[] = {"x", "=", "=x", NULL};
    int count = 0;
    for (const wr_command *command = wr_commands; command->noun; command++) {
        const wr_option *option;
        for (int at = 0; (option = wr_option_next(command, &at));) {
            bool number = option->kind == WR_OPTION_NUMBER || option->kind == WR_OPTION_DURATION;
            if (number)
                walk_number(command, option, at - 1);
            for (int i = 0; option->kind == WR_OPTION_CHOICE && no_choice[i]; i++)
                refuse_option(command, option, at - 1, no_choice[i]);
            if (option->kind == WR_OPTION_CHOICE)
                refuse_option(command, option, at - 1, option->value);
            for (int i = 0; option->kind == WR_OPTION_PAIRS && no_pairs[i]; i++)
                refuse_option(command, option, at - 1, no_pairs[i]);
            count += number || option->kind != WR_OPTION_TEXT;
        }
    }
    CHECK(count > 50);
}
