/* The options that commands share, and what the values of options say. */
#include <cli/command_int.h>

#include <assert.h>
#include <base/text.h>
#include <cli/pairs.h>

static const wr_option kafka_options[] = {
    {"bootstrap", 'b', "HOST:PORT", NULL, "the Kafka to talk to (bootstrap.servers)", .key = "bootstrap.servers"},
    {"timeout", 0, "TIME", "10s", "how long to wait for it", WR_OPTION_DURATION, 1, 3600000},
    {0},
};

static const wr_option row_options[] = {
    {"output", 'o', "table|wide|json|yaml|name", "table", "the form of what is printed", WR_OPTION_CHOICE},
    {0},
};

static const wr_option change_options[] = {
    {"yes", 'y', NULL, NULL, "do not ask"},
    {"dry-run", 0, NULL, NULL, "say what would be done, and do nothing"},
    {0},
};

static const wr_option all_options[] = {
    {"config", 0, "FILE", NULL, "configuration file (YAML), instead of the ones looked for"},
    {"help", 'h', NULL, NULL, "this text"},
    {0},
};

const wr_option *wr_option_next(const wr_command *command, int *at)
{
    const wr_option *const tables[] = {command->options, command->rows ? row_options : NULL,
                                       command->changes ? change_options : NULL, command->kafka ? kafka_options : NULL,
                                       all_options};
    int left = (*at)++;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const wr_option *option = tables[i]; option && option->name; option++)
            if (left-- == 0)
                return option;
    return NULL;
}

const wr_option *wr_option_find(const wr_command *command, weir_slice name, char letter, int *ret_at)
{
    const wr_option *option;
    for (int at = 0; (option = wr_option_next(command, &at));)
        if (letter ? option->letter == letter : weir_slice_equal(weir_slice_of(option->name), name)) {
            assert(at <= WR_OPTIONS_MAX);
            *ret_at = at - 1;
            return option;
        }
    return NULL;
}

/* ---- values */
static const wr_option *get(const wr_cli *cli, const char *name, int *ret_at)
{
    const wr_option *option = wr_option_find(cli->command, weir_slice_of(name), 0, ret_at);
    assert(option);
    return option;
}

const char *wr_cli_text(const wr_cli *cli, const char *name)
{
    int at = 0;
    const wr_option *option = get(cli, name, &at);
    return cli->values[at] ? cli->values[at] : option->fallback;
}

bool wr_cli_on(const wr_cli *cli, const char *name)
{
    return wr_cli_text(cli, name) != NULL;
}

int64_t wr_cli_number(const wr_cli *cli, const char *name)
{
    int at = 0;
    const wr_option *option = get(cli, name, &at);
    assert(option->kind == WR_OPTION_NUMBER || option->kind == WR_OPTION_DURATION || option->kind == WR_OPTION_CHOICE);
    return cli->numbers[at];
}

/* The option as whoever is told about it knows it. */
static const char *flag_of(const wr_cli *cli, const wr_option *option, int at)
{
    const char *flag = cli->typed[at] ? cli->typed[at] : weir_arena_printf(cli->arena, "--%s", option->name);
    return flag ? flag : option->name;
}

static int check_number(const wr_cli *cli, const wr_option *option, const char *flag, const char *text,
                        int64_t *ret_number)
{
    if (wr_number_parse(text, option->min, option->max, ret_number) == WEIR_OK)
        return WR_EXIT_OK;
    return wr_cli_usage(cli, "%s takes a number from %lld to %lld, not '%s'", flag, (long long)option->min,
                        (long long)option->max, text);
}

static int check_duration(const wr_cli *cli, const wr_option *option, const char *flag, const char *text,
                          int64_t *ret_ms)
{
    int64_t ms;
    if (wr_duration_parse(text, &ms) != WEIR_OK || ms < option->min || ms > option->max)
        return wr_cli_usage(cli, "%s takes a time such as 250ms, 30s or 5m, from %lld to %lld milliseconds, not '%s'",
                            flag, (long long)option->min, (long long)option->max, text);
    *ret_ms = ms;
    return WR_EXIT_OK;
}

static int check_choice(const wr_cli *cli, const wr_option *option, const char *flag, const char *text,
                        int64_t *ret_place)
{
    int64_t place = 0;
    size_t size = strlen(text);
    for (const char *at = option->value; *at; place++) {
        size_t choice_size = strcspn(at, "|");
        if (choice_size == size && memcmp(at, text, size) == 0) {
            *ret_place = place;
            return WR_EXIT_OK;
        }
        at += choice_size + (at[choice_size] == '|');
    }
    return wr_cli_usage(cli, "%s takes one of %s, not '%s'", flag, option->value, text);
}

static int check_value(wr_cli *cli, const wr_option *option, int at)
{
    const char *text = cli->values[at] ? cli->values[at] : option->fallback;
    weir_failure failure = {0};
    if (!text)
        return WR_EXIT_OK;
    const char *flag = flag_of(cli, option, at);
    if (option->key && wr_config_set(cli->config, option->key, text, flag, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    switch (option->kind) {
    case WR_OPTION_NUMBER:
        return check_number(cli, option, flag, text, &cli->numbers[at]);
    case WR_OPTION_DURATION:
        return check_duration(cli, option, flag, text, &cli->numbers[at]);
    case WR_OPTION_CHOICE:
        return check_choice(cli, option, flag, text, &cli->numbers[at]);
    case WR_OPTION_TEXT:
    case WR_OPTION_LIST:
    case WR_OPTION_PAIRS: /* checked by who says how many there may be */
        break;
    }
    return WR_EXIT_OK;
}

int wr_cli_check_options(wr_cli *cli)
{
    const wr_option *option;
    int status = WR_EXIT_OK;
    for (int at = 0; status == WR_EXIT_OK && (option = wr_option_next(cli->command, &at));)
        status = check_value(cli, option, at - 1);
    return status;
}

static void prefer_option(wr_cli *cli, const wr_option *option, int at, const char *value)
{
    if (cli->values[at])
        return;
    cli->values[at] = value;
    int status = check_value(cli, option, at);
    assert(status == WR_EXIT_OK);
}

static void prefer_key(wr_cli *cli, const char *key, const char *value)
{
    const char *origin = wr_config_origin(cli->config, key); /* NULL: not set, and without a default */
    if (origin && strcmp(origin, "default") != 0)
        return;
    weir_failure failure = {0};
    weir_err err = wr_config_set(cli->config, key, value, cli->command->noun, &failure);
    assert(err != WEIR_E_FORMAT);
    if (err != WEIR_OK)
        wr_cli_failure(cli, &failure);
}

void wr_cli_prefer(wr_cli *cli, const char *name, const char *value)
{
    int at = 0;
    const wr_option *option = wr_option_find(cli->command, weir_slice_of(name), 0, &at);
    if (option)
        prefer_option(cli, option, at, value);
    else
        prefer_key(cli, name, value);
}

void wr_cli_apply_defaults(wr_cli *cli)
{
    for (const wr_config_default *row = cli->command->defaults; row && row->key; row++)
        if (row->value)
            wr_cli_prefer(cli, row->key, row->value);
}

weir_err wr_cli_pairs(wr_cli *cli, const char *name, wr_client_header *ret_pairs, size_t pairs_max, size_t *ret_count)
{
    int at = 0;
    const wr_option *option = get(cli, name, &at);
    weir_failure failure = {0};
    weir_err err =
        wr_pairs_parse(cli->arena, weir_slice_of(wr_cli_text(cli, name)), ret_pairs, pairs_max, ret_count, &failure);
    if (err != WEIR_OK)
        wr_cli_usage(cli, "%s: %s", flag_of(cli, option, at), failure.sentence);
    return err;
}
