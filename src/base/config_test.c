#include "base/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "allocation.h"
#include "base/buf.h"
#include "test.h"

static const wr_config_key general[] = {
    {"log.level", WR_CONFIG_CHOICE, "info", .choices = "debug|info|warn|error", .help = "How much is said."},
    {"data", WR_CONFIG_TEXT, NULL, .help = "The directory that holds everything."},
    {"password", WR_CONFIG_TEXT, NULL, .secret = true, .help = "Never shown."},
    {"color", WR_CONFIG_BOOL, "true", .help = "Colours on a terminal."},
    {0},
};
static const wr_config_key broker[] = {
    {"http.port", WR_CONFIG_INT, "8080", 1, 65535, .help = "The port, a number."},
    {"flush.interval_ms", WR_CONFIG_DURATION, "1s", .help = "Milliseconds between syncs."},
    {"segment.bytes", WR_CONFIG_SIZE, "64MiB", .help = "Bytes of a segment.", .flag = "segment"},
    {"kafka.*", WR_CONFIG_TEXT, .apply_prefix_any = true, .help = "Passed on to librdkafka."},
    {0},
};
static const wr_config_key *const tables[] = {general, broker, NULL};

/* A string that may be written to, as those of argv are. */
#define WORD(literal) ((char[]){literal})

static wr_config *config_new(void)
{
    wr_config *config = wr_config_new(tables, "WEIR");
    assert_non_null(config);
    return config;
}

static weir_err read_yaml(wr_config *config, const char *yaml, weir_failure *failure)
{
    *failure = (weir_failure){0};
    return wr_config_read_yaml(config, weir_slice_of(yaml), "weir.yaml", failure);
}

TEST(without_any_source_the_fallbacks_hold)
{
    wr_config *config = config_new();
    CHECK_STR(wr_config_text(config, "log.level"), "info");
    CHECK(wr_config_text(config, "data") == NULL);
    CHECK(wr_config_origin(config, "data") == NULL);
    CHECK_EQ(wr_config_int(config, "http.port"), 8080);
    CHECK_EQ(wr_config_int(config, "flush.interval_ms"), 1000);
    CHECK_EQ(wr_config_int(config, "segment.bytes"), 64 << 20);
    CHECK(wr_config_bool(config, "color"));
    CHECK_STR(wr_config_origin(config, "log.level"), "default");
    CHECK(wr_config_find(config, "nobody.knows") == NULL);
    wr_config_free(config);
    wr_config_free(NULL);
}

/* Every order of reading gives the same: flag over environment over file over fallback. */
TEST(the_stronger_source_wins_in_whatever_order_they_are_read)
{
    static const char orders[][4] = {"fea", "fae", "efa", "eaf", "afe", "aef"};
    for (size_t i = 0; i < 6; i++) {
        wr_config *config = config_new();
        weir_failure failure;
        for (const char *source = orders[i]; *source; source++) {
            char *environment[] = {WORD("PATH=/bin"), WORD("WEIR_HTTP_PORT=2"), WORD("WEIR_DATA=/env"), NULL};
            char *argv[] = {WORD("weir"), WORD("--http-port"), WORD("3"), NULL};
            int argc = 3;
            if (*source == 'f')
                CHECK_OK(read_yaml(config, "http.port: 1\ndata: /file\nlog:\n  level: warn\n", &failure));
            else if (*source == 'e')
                CHECK_OK(wr_config_read_environment(config, environment, &failure));
            else
                CHECK_OK(wr_config_read_flags(config, &argc, argv, &failure));
        }
        CHECK_EQ(wr_config_int(config, "http.port"), 3);
        CHECK_STR(wr_config_origin(config, "http.port"), "flag --http-port");
        CHECK_STR(wr_config_text(config, "data"), "/env");
        CHECK_STR(wr_config_origin(config, "data"), "env WEIR_DATA");
        CHECK_STR(wr_config_text(config, "log.level"), "warn");
        CHECK_STR(wr_config_origin(config, "log.level"), "weir.yaml:4");
        CHECK_STR(wr_config_origin(config, "color"), "default");
        wr_config_free(config);
    }
}

TEST(yaml_levels_and_literal_dots_name_the_same_keys)
{
    wr_config *config = config_new();
    weir_failure failure;
    CHECK_OK(read_yaml(config,
                       "# a comment\nlog: {level: debug}\nhttp.port: 81\nflush:\n  interval_ms: \"250ms\"\n"
                       "color: off\ndata:\nkafka:\n  security:\n    protocol: ssl\n  linger.ms: 5\n",
                       &failure));
    CHECK_STR(wr_config_text(config, "log.level"), "debug");
    CHECK_EQ(wr_config_int(config, "http.port"), 81);
    CHECK_EQ(wr_config_int(config, "flush.interval_ms"), 250);
    CHECK(!wr_config_bool(config, "color"));
    CHECK(wr_config_text(config, "data") == NULL);
    CHECK_STR(wr_config_text(config, "kafka.security.protocol"), "ssl");

    const char *key, *value;
    size_t at = 0;
    CHECK(wr_config_next(config, "kafka.", &at, &key, &value));
    CHECK_STR(key, "security.protocol");
    CHECK_STR(value, "ssl");
    CHECK(wr_config_next(config, "kafka.", &at, &key, &value));
    CHECK_STR(key, "linger.ms");
    CHECK(!wr_config_next(config, "kafka.", &at, &key, &value));
    wr_config_free(config);
}

TEST(an_empty_file_and_a_level_without_keys_change_nothing)
{
    static const char *const empty[] = {"", "# nothing\n", "---\n", "{}\n", "kafka:\n  # linger.ms: 5\n", "log: ~\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        wr_config *config = config_new();
        weir_failure failure;
        CHECK_OK(read_yaml(config, empty[i], &failure));
        CHECK_STR(wr_config_origin(config, "log.level"), "default");
        wr_config_free(config);
    }
}

TEST(a_mistake_is_told_with_its_place_and_what_was_meant)
{
    static const struct {
        const char *yaml, *sentence;
    } cases[] = {
        {"log:\n  levle: info\n", "weir.yaml:2:3: unknown key 'log.levle'; did you mean 'log.level'?"},
        {"level: info\n", "weir.yaml:1:1: unknown key 'level'; did you mean 'log.level'?"},
        {"segment: 1m\n", "weir.yaml:1:1: unknown key 'segment'; did you mean 'segment.bytes'?"},
        {"zzzzzzzz: 1\n", "weir.yaml:1:1: unknown key 'zzzzzzzz'; --help lists the known ones"},
        {"http.port: many\n", "weir.yaml:1:12: http.port is 'many'; expected a whole number, from 1 to 65535"},
        {"http.port: 70000\n", "weir.yaml:1:12: http.port is '70000'; expected a whole number, from 1 to 65535"},
        {"http.port: 99999999999999999999\n",
         "weir.yaml:1:12: http.port is '99999999999999999999'; expected a whole number, from 1 to 65535"},
        {"log.level: loud\n", "weir.yaml:1:12: log.level is 'loud'; expected debug|info|warn|error"},
        {"log.level: info|warn\n", "weir.yaml:1:12: log.level is 'info|warn'; expected debug|info|warn|error"},
        {"color: maybe\n", "weir.yaml:1:8: color is 'maybe'; expected true or false"},
        {"flush.interval_ms: 5 min\n", "weir.yaml:1:20: flush.interval_ms is '5 min'; expected a duration such as "
                                       "250ms, 30s, 5m, 2h or 7d"},
        {"http.port: 1\nhttp:\n  port: 2\n", "weir.yaml:3: http.port was given in line 1 already"},
        {"data: [a, b]\n", "weir.yaml:1:7: a list is not taken here; write one value, with commas"},
        {"data: &x a\n", "weir.yaml:1:7: anchors and tags are not taken here"},
        {"data: *x\n", "weir.yaml:1:7: aliases are not taken here; write the value out"},
        {"a: {b: {\n", "weir.yaml:2:1: did not find expected node content"},
        {"just words\n", "weir.yaml:1:1: expected `key: value` lines"},
        {"data: a\n---\ndata: b\n", "weir.yaml:2:1: more than one document"},
        {"{a: 1}: 2\n", "weir.yaml:1:1: a mapping as a key"},
        {"\"\": 2\n", "weir.yaml:1:1: a key is empty or holds a NUL"},
        {"data: \"a\\0b\"\n", "weir.yaml:1:7: a value holds a NUL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wr_config *config = config_new();
        weir_failure failure;
        CHECK_EQ(read_yaml(config, cases[i].yaml, &failure), WEIR_E_FORMAT);
        CHECK_STR(failure.sentence, cases[i].sentence);
        wr_config_free(config);
    }
}

TEST(yaml_that_is_too_deep_too_long_or_too_large_is_refused)
{
    char *yaml = malloc(3 << 20);
    wr_config *config = config_new();
    weir_failure failure;

    memset(yaml, '{', 100000);
    yaml[100000] = 0;
    CHECK_EQ(read_yaml(config, yaml, &failure), WEIR_E_FORMAT);

    size_t size = 0;
    for (int i = 0; i < 40; i++)
        size += (size_t)sprintf(yaml + size, "%*skafka:\n", i, "");
    CHECK_EQ(read_yaml(config, yaml, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "too many levels"));

    memset(yaml, 'k', 600);
    strcpy(yaml + 600, ": 1\n");
    CHECK_EQ(read_yaml(config, yaml, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "too long"));

    memset(yaml, '#', (2 << 20));
    yaml[2 << 20] = 0;
    CHECK_EQ(read_yaml(config, yaml, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "larger than"));

    size = 0;
    for (int i = 0; i < 5000; i++)
        size += (size_t)sprintf(yaml + size, "kafka.k%d: 1\n", i);
    CHECK_EQ(read_yaml(config, yaml, &failure), WEIR_E_LIMIT);
    CHECK(strstr(failure.sentence, "keys"));
    wr_config_free(config);
    free(yaml);
}

TEST(a_secret_is_in_no_sentence)
{
    static const wr_config_key secret[] = {{"pin", WR_CONFIG_INT, "1", 1, 9, .secret = true, .help = "PIN."}, {0}};
    static const wr_config_key *const only[] = {secret, NULL};
    wr_config *config = wr_config_new(only, "WEIR");
    weir_failure failure;
    CHECK_EQ(read_yaml(config, "pin: hunter2\n", &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "weir.yaml:1:6: pin is (secret); expected a whole number, from 1 to 9");
    CHECK_EQ(read_yaml(config, "pin: 4711\n", &failure), WEIR_E_FORMAT);
    CHECK(!strstr(failure.sentence, "4711"));

    wr_buf help;
    wr_buf_init(&help, 1000);
    wr_config_help(secret, NULL, &help);
    CHECK_STR(wr_buf_cstr(&help), "  --pin NUMBER  PIN.\n");
    wr_buf_fini(&help);
    wr_config_free(config);
}

TEST(flags_are_taken_out_and_everything_else_stays_in_order)
{
    wr_config *config = config_new();
    weir_failure failure = {0};
    char *argv[] = {WORD("weir"),
                    WORD("server"),
                    WORD("--http-port=99"),
                    WORD("--no-color"),
                    WORD("topic"),
                    WORD("--unknown"),
                    WORD("-v"),
                    WORD("--data"),
                    WORD("/var/lib/x"),
                    WORD("--segment"),
                    WORD("1k"),
                    WORD("--kafka-linger-ms"),
                    WORD("5"),
                    WORD("--kafka.queued.min_messages=7"),
                    WORD("--"),
                    WORD("--http-port"),
                    WORD("1"),
                    NULL};
    int argc = sizeof argv / sizeof *argv - 1;
    CHECK_OK(wr_config_read_flags(config, &argc, argv, &failure));
    static const char *const left[] = {"weir", "server", "topic", "--unknown", "-v", "--", "--http-port", "1"};
    CHECK_EQ(argc, 8);
    for (int i = 0; i < argc; i++)
        CHECK_STR(argv[i], left[i]);
    CHECK(argv[argc] == NULL);
    CHECK_EQ(wr_config_int(config, "http.port"), 99);
    CHECK(!wr_config_bool(config, "color"));
    CHECK_STR(wr_config_text(config, "data"), "/var/lib/x");
    CHECK_EQ(wr_config_int(config, "segment.bytes"), 1024);
    CHECK_STR(wr_config_find(config, "kafka.linger.ms"), "5");
    CHECK_STR(wr_config_find(config, "kafka.queued.min_messages"), "7");
    wr_config_free(config);
}

TEST(a_flag_without_its_value_or_with_one_too_many_is_refused)
{
    static const struct {
        const char *flag, *next, *sentence;
    } cases[] = {
        {"--data", NULL, "flag --data needs a value"},
        {"--data", "--", "flag --data needs a value"},
        {"--no-color=yes", NULL, "flag --no-color takes no value"},
        {"--http-port", "x", "flag --http-port: http.port is 'x'; expected a whole number, from 1 to 65535"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wr_config *config = config_new();
        weir_failure failure = {0};
        char flag[32], next[32];
        snprintf(flag, sizeof flag, "%s", cases[i].flag);
        snprintf(next, sizeof next, "%s", cases[i].next ? cases[i].next : "");
        char *argv[] = {WORD("weir"), flag, cases[i].next ? next : NULL, NULL};
        int argc = cases[i].next ? 3 : 2;
        CHECK_EQ(wr_config_read_flags(config, &argc, argv, &failure), WEIR_E_FORMAT);
        CHECK_STR(failure.sentence, cases[i].sentence);
        wr_config_free(config);
    }
}

TEST(the_environment_reaches_keys_with_underscores_and_pass_through_keys)
{
    wr_config *config = config_new();
    weir_failure failure = {0};
    char *environment[] = {WORD("WEIR_FLUSH_INTERVAL_MS=2s"),
                           WORD("WEIR_KAFKA_LINGER_MS=5"),
                           WORD("WEIR_KAFKA_QUEUED_MIN__MESSAGES=1"),
                           WORD("WEIR_OTHER_PROGRAM=x"),
                           WORD("WEIR_HTTP_PORT="),
                           WORD("WEIRD=1"),
                           WORD("NOVALUE"),
                           NULL};
    CHECK_OK(wr_config_read_environment(config, environment, &failure));
    CHECK_EQ(wr_config_int(config, "flush.interval_ms"), 2000);
    CHECK_STR(wr_config_find(config, "kafka.linger.ms"), "5");
    CHECK_STR(wr_config_find(config, "kafka.queued.min_messages"), "1");
    CHECK_EQ(wr_config_int(config, "http.port"), 8080);

    char *wrong[] = {WORD("WEIR_HTTP_PORT=0"), NULL};
    CHECK_EQ(wr_config_read_environment(config, wrong, &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "env WEIR_HTTP_PORT: http.port is '0'; expected a whole number, from 1 to 65535");
    wr_config_free(config);
}

TEST(a_variable_that_is_nearly_a_key_is_told_and_no_other)
{
    wr_config *config = config_new();
    char *environment[] = {WORD("WEIR_LOG_LEVLE=debug"),
                           WORD("WEIR_HTTP_PORT=1"),
                           WORD("WEIR_OTHER_PROGRAM=x"),
                           WORD("WEIR_KAFKA_ANY=1"),
                           WORD("WEIR_DATE=x"),
                           WORD("PATH=/bin"),
                           WORD("WEIR=1"),
                           WORD("WEIR_HTTP_PRT="),
                           WORD("WEIR_SEGMENT=1m"),
                           NULL};
    char name[64], meant[64];
    size_t at = 0;
    CHECK(wr_config_misspelt(config, environment, &at, name, meant));
    CHECK_STR(name, "WEIR_LOG_LEVLE");
    CHECK_STR(meant, "WEIR_LOG_LEVEL");
    CHECK(wr_config_misspelt(config, environment, &at, name, meant));
    CHECK_STR(meant, "WEIR_DATA");
    CHECK(wr_config_misspelt(config, environment, &at, name, meant));
    CHECK_STR(meant, "WEIR_HTTP_PORT");
    CHECK(wr_config_misspelt(config, environment, &at, name, meant)); /* named as the flag is */
    CHECK_STR(meant, "WEIR_SEGMENT_BYTES");
    CHECK(!wr_config_misspelt(config, environment, &at, name, meant));
    wr_config_free(config);
}

TEST(a_program_sets_a_key_like_a_flag_does)
{
    wr_config *config = config_new();
    weir_failure failure = {0};
    CHECK_OK(wr_config_set(config, "http.port", "1", "dev mode", &failure));
    CHECK_OK(read_yaml(config, "http.port: 2\n", &failure));
    CHECK_EQ(wr_config_int(config, "http.port"), 1);
    CHECK_STR(wr_config_origin(config, "http.port"), "dev mode");
    CHECK_EQ(wr_config_set(config, "htp.port", "1", "dev mode", &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "dev mode: unknown key 'htp.port'; did you mean 'http.port'?");
    wr_config_free(config);
}

TEST(the_help_text_is_aligned_and_shows_fallbacks)
{
    wr_buf help;
    wr_buf_init(&help, 10000);
    wr_config_help(general, NULL, &help);
    CHECK_STR(wr_buf_cstr(&help), "  --log-level debug|info|warn|error  How much is said. (default: info)\n"
                                  "  --data TEXT                        The directory that holds everything.\n"
                                  "  --password TEXT                    Never shown.\n"
                                  "  --[no-]color                       Colours on a terminal. (default: true)\n");
    wr_buf_fini(&help);
}

static weir_err read_everything(wr_config **ret_config)
{
    char *environment[] = {WORD("WEIR_HTTP_PORT=2"), WORD("WEIR_KAFKA_LINGER_MS=5"), NULL};
    char *argv[] = {WORD("weir"), WORD("--data"), WORD("/x"), NULL};
    int argc = 3;
    weir_failure failure = {0};
    *ret_config = wr_config_new(tables, "WEIR");
    if (!*ret_config)
        return WEIR_E_MEMORY;
    weir_err err = read_yaml(*ret_config, "log.level: warn\nkafka.a: b\n", &failure);
    if (err == WEIR_OK)
        err = wr_config_read_environment(*ret_config, environment, &failure);
    if (err == WEIR_OK)
        err = wr_config_read_flags(*ret_config, &argc, argv, &failure);
    CHECK_EQ(err == WEIR_OK, failure.sentence[0] == 0);
    return err;
}

TEST(out_of_memory_is_said_at_every_allocation_and_nothing_leaks)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        wr_config *config;
        weir_err err = read_everything(&config);
        bool out_of_memory = test_allocation_failed();
        CHECK_EQ(err, out_of_memory ? WEIR_E_MEMORY : WEIR_OK);
        if (config)
            CHECK(wr_config_text(config, "log.level"));
        wr_config_free(config);
        if (!out_of_memory)
            break;
    }
}
