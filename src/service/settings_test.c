#include <stdio.h>

#include <testing/base/limits.h>

#include "test.h"

#include "settings.h"

static const weir_service service = {
    .name = "tally",
    .about = "counts things",
    .consumes = "in",
    .settings = (const weir_setting[]){{"stock.initial", "7", "pieces at the start"}, {0}},
};

enum { WORD_COUNT_MAX = 8 };

typedef struct words {
    char text[WORD_COUNT_MAX][64];
    char *list[WORD_COUNT_MAX + 1];
    int count;
} words;

/* As main and environ hand them over: writable. */
static void split(const char *line, words *ret_words)
{
    *ret_words = (words){0};
    for (; *line; line += strspn(line, " ")) {
        size_t size = strcspn(line, " ");
        memcpy(ret_words->text[ret_words->count], line, size);
        ret_words->list[ret_words->count] = ret_words->text[ret_words->count];
        ret_words->count++;
        line += size;
    }
}

static weir_err read_flags(wr_settings *settings, const char *flags, const char *environment, weir_failure *failure)
{
    static words argv, env; /* values may be borrowed */
    split(flags, &argv);
    split(environment, &env);
    return wr_settings_read(settings, &service, argv.count, argv.list, env.list, NULL, failure);
}

TEST(flags_come_before_the_environment_and_that_before_fallbacks)
{
    wr_settings settings;
    weir_failure failure = {0};
    CHECK_OK(read_flags(&settings, "tally --http-port=99 --no-durable",
                        "WEIR_HTTP_PORT=98 WEIR_STOCK_INITIAL=8 WEIR_SOMEBODY_ELSES=1", &failure));
    CHECK_EQ(wr_config_int(settings.config, "http.port"), 99);
    CHECK_STR(wr_config_text(settings.config, "stock.initial"), "8");
    CHECK_EQ(wr_config_bool(settings.config, "durable"), false);
    CHECK_EQ(wr_config_int(settings.config, "batch.max"), 500);
    CHECK_EQ(wr_config_int(settings.config, "seen.window"), (int64_t)7 * 24 * 3600 * 1000);
    CHECK_STR(wr_config_text(settings.config, "bootstrap.servers"), "127.0.0.1:9092");
    wr_settings_fini(&settings);
}

TEST(what_a_prefix_makes_of_topics_and_where_routes_forward_to_is_checked_before_anything_starts)
{
    static const struct {
        const char *flags, *said; /* NULL: nothing is wrong */
    } cases[] = {
        {"tally", NULL},
        {"tally --topic-prefix=staging.", NULL},
        {"tally --topic-prefix=a/b", "'a/bin'"},
        {"tally --name=x --topic-prefix=ä", "topic.prefix"},
        {"tally --stock-url=http://127.0.0.1:80", NULL},
        {"tally --stock-url=localhost:80", "stock.url"},
        {"tally --stock-url=https://localhost", "stock.url"},
    };
    const weir_service forwarding = {
        .name = "tally",
        .consumes = "in",
        .settings = (const weir_setting[]){{"stock.url", "", "where stock is"}, {0}},
        .routes = (const weir_route[]){{.method = "GET", .path = "/stock", .forward = "stock.url"}, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static words argv;
        static char *no_environment[] = {NULL};
        wr_settings settings;
        weir_failure failure = {0};
        split(cases[i].flags, &argv);
        CHECK_OK(wr_settings_read(&settings, &forwarding, argv.count, argv.list, no_environment, NULL, &failure));
        CHECK_EQ(wr_settings_check(&settings, &forwarding, &failure), cases[i].said ? WEIR_E_USAGE : WEIR_OK);
        if (cases[i].said)
            CHECK(strstr(failure.sentence, cases[i].said));
        wr_settings_fini(&settings);
    }
}

TEST(services_side_by_side_have_ports_and_directories_of_their_own)
{
    static const weir_service other = {.name = "other", .http_port = 8083};
    wr_settings settings;
    weir_failure failure = {0};
    CHECK_OK(read_flags(&settings, "tally", "", &failure));
    CHECK_EQ(wr_config_int(settings.config, "http.port"), 8080);
    CHECK_STR(wr_config_text(settings.config, "data.dir"), "tally-data");
    CHECK_STR(wr_config_text(settings.config, "http.host"), "127.0.0.1");
    wr_settings_fini(&settings);
    char *none[] = {NULL};
    CHECK_OK(wr_settings_read(&settings, &other, 0, none, none, NULL, &failure));
    CHECK_EQ(wr_config_int(settings.config, "http.port"), 8083);
    CHECK_STR(wr_config_text(settings.config, "data.dir"), "other-data");
    wr_buf help;
    wr_buf_init(&help, 1 << 20);
    wr_settings_help(&settings, &other, &help);
    CHECK(strstr(wr_buf_cstr(&help), "8083") && strstr(wr_buf_cstr(&help), "other-data"));
    wr_buf_fini(&help);
    wr_settings_fini(&settings);
}

TEST(what_is_not_a_setting_is_refused_with_the_nearest_one)
{
    wr_settings settings;
    weir_failure failure = {0};
    CHECK(read_flags(&settings, "tally --htp-port 99", "", &failure) != WEIR_OK);
    CHECK_STR(failure.sentence, "flag --htp-port: unknown key 'htp.port'; did you mean 'http.port'?");
    wr_settings_fini(&settings);
    CHECK(read_flags(&settings, "tally start", "", &failure) != WEIR_OK);
    wr_settings_fini(&settings);
    CHECK(read_flags(&settings, "tally --http-port=many", "", &failure) != WEIR_OK);
    wr_settings_fini(&settings);
}

TEST(help_comes_from_the_tables)
{
    wr_settings settings;
    weir_failure failure = {0};
    CHECK_OK(read_flags(&settings, "tally --help", "", &failure));
    CHECK(settings.wants_help);
    wr_buf help;
    wr_buf_init(&help, 1 << 20);
    wr_settings_help(&settings, &service, &help);
    const char *text = wr_buf_cstr(&help);
    CHECK(strstr(text, "counts things") && strstr(text, "--stock-initial") && strstr(text, "pieces at the start"));
    CHECK(strstr(text, "--http-port") && strstr(text, "--bootstrap-servers"));
    wr_buf_fini(&help);
    wr_settings_fini(&settings);
}

TEST(durations_have_a_largest_value)
{
    static const char *const keys[] = {"breaker-pause", "seen-window",       "producer-linger",
                                       "drain-timeout", "http-idle-timeout", "http-answer-timeout"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        wr_settings settings;
        weir_failure failure = {0};
        char line[100];
        snprintf(line, sizeof line, "tally --%s 9223372036854775807", keys[i]);
        CHECK_EQ(read_flags(&settings, line, "", &failure), WEIR_E_FORMAT);
        wr_settings_fini(&settings);
    }
}

/* What `--key value` gives. */
static weir_err give(const char *key, int64_t value)
{
    wr_settings settings;
    char flags[200], dashed[100];
    snprintf(dashed, sizeof dashed, "%s", key);
    for (char *at = dashed; *at; at++)
        *at = *at == '.' ? '-' : *at;
    snprintf(flags, sizeof flags, "tally --%s=%lld", dashed, (long long)value);
    weir_err err = read_flags(&settings, flags, "", NULL);
    if (err == WEIR_OK)
        CHECK(wr_config_int(settings.config, key) == value);
    wr_settings_fini(&settings);
    return err;
}

/* Zero is what a core takes for "as usual". */
TEST(no_zero_is_taken_that_would_turn_into_a_default)
{
    static const char *const keys[] = {"batch.max",      "outbox.max",    "parked.max", "message.size.max",
                                       "breaker.window", "breaker.pause", "seen.window"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        CHECK_EQ(give(keys[i], 0), WEIR_E_FORMAT);
}

TEST(every_setting_takes_what_its_row_allows_and_refuses_the_rest_with_key_value_and_range)
{
    wr_settings settings;
    CHECK_OK(read_flags(&settings, "tally", "", NULL));
    limits_walk walk = {.tables = settings.tables};
    limits_try(&walk, settings.tables[0]);
    CHECK_STR(walk.fault.sentence, "");
    CHECK(walk.count >= 28);
    limits_try(&walk, settings.tables[2]); /* the client's */
    CHECK_STR(walk.fault.sentence, "");
    wr_settings_fini(&settings);
}

TEST(a_flag_a_variable_and_their_values_are_named_when_they_are_refused)
{
    static const char *const ways[][2] = {
        {"tally --http-port=65536", ""}, {"tally --http-port 65536", ""}, {"tally", "WEIR_HTTP_PORT=65536"}};
    static const char *const names[] = {"--http-port", "--http-port", "WEIR_HTTP_PORT"};
    for (int i = 0; i < 3; i++) {
        wr_settings settings;
        weir_failure failure = {0};
        CHECK_EQ(read_flags(&settings, ways[i][0], ways[i][1], &failure), WEIR_E_FORMAT);
        limits_fault fault = {0};
        limits_check_says(&fault, failure.sentence, names[i]);
        limits_check_says(&fault, failure.sentence, "65536");
        limits_check_range(&fault, failure.sentence, 0, 65535);
        CHECK_STR(fault.sentence, "");
        wr_settings_fini(&settings);
    }
}
