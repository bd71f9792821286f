/* From argv to a command, its options and its operands. */
#include <cli/command_int.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

const wr_option wr_common_options[] = {
    {"output", 'o', "FORM", "table", "table, wide, json, yaml or name"},
    {"config", 0, "FILE", NULL, "configuration file (YAML), instead of the ones looked for"},
    {"help", 'h', NULL, NULL, "this text"},
    {0},
};

const wr_option wr_kafka_options[] = {
    {"bootstrap", 'b', "HOST:PORT", NULL, "the Kafka to talk to (bootstrap.servers)"},
    {"timeout", 0, "TIME", "10s", "how long to wait for it"},
    {0},
};

/* The option tables of a command, in the order of cli->values. */
static int option_tables(const wr_command *command, const wr_option *ret_tables[3])
{
    int count = 0;
    if (command->options)
        ret_tables[count++] = command->options;
    if (command->kafka)
        ret_tables[count++] = wr_kafka_options;
    ret_tables[count++] = wr_common_options;
    return count;
}

static const wr_option *find_option(const wr_command *command, const char *name, size_t name_size, char letter,
                                    int *ret_at)
{
    const wr_option *tables[3];
    int count = option_tables(command, tables), at = 0;
    for (int i = 0; i < count; i++)
        for (const wr_option *option = tables[i]; option->name; option++, at++)
            if (letter ? option->letter == letter
                       : strlen(option->name) == name_size && memcmp(option->name, name, name_size) == 0) {
                assert(at < WR_OPTIONS_MAX);
                *ret_at = at;
                return option;
            }
    return NULL;
}

const char *wr_cli_text(const wr_cli *cli, const char *name)
{
    int at = 0;
    const wr_option *option = find_option(cli->command, name, strlen(name), 0, &at);
    assert(option);
    return cli->values[at] ? cli->values[at] : option->fallback;
}

bool wr_cli_on(const wr_cli *cli, const char *name)
{
    return wr_cli_text(cli, name) != NULL;
}

weir_err wr_cli_int(const wr_cli *cli, const char *name, int64_t min, int64_t max, int64_t *ret_value)
{
    const char *text = wr_cli_text(cli, name);
    char *end = NULL;
    long long value = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || value < min || value > max) {
        wr_cli_usage(cli, "--%s takes a number from %lld to %lld, not '%s'", name, (long long)min, (long long)max,
                     text ? text : "");
        return WEIR_E_FORMAT;
    }
    *ret_value = value;
    return WEIR_OK;
}

weir_err wr_cli_duration(const wr_cli *cli, const char *name, int64_t *ret_ms)
{
    const char *text = wr_cli_text(cli, name);
    if (text && wr_duration_parse(text, ret_ms) == WEIR_OK)
        return WEIR_OK;
    wr_cli_usage(cli, "--%s takes a time such as 250ms, 30s or 5m, not '%s'", name, text ? text : "");
    return WEIR_E_FORMAT;
}

/* ---- which command */
static bool word_is(const char *word, const char *name, const char *alias)
{
    return strcmp(word, name) == 0 || (alias && strcmp(word, alias) == 0);
}

const wr_command *wr_command_find(int word_count, char **words, int *ret_used)
{
    for (const wr_command *command = wr_commands; command->noun; command++) {
        int used = command->verb ? 2 : 1;
        if (word_count < used)
            continue;
        bool found = command->verb
                         ? strcmp(words[0], command->noun) == 0 && word_is(words[1], command->verb, command->alias)
                         : word_is(words[0], command->noun, command->alias);
        if (found) {
            *ret_used = used;
            return command;
        }
    }
    return NULL;
}

const char *wr_nearest(const char *word, const char *const *known, size_t known_count)
{
    enum { WORD_MAX = 64 };
    const char *nearest = NULL;
    size_t size = strlen(word), least = size / 3 + 2;
    if (size >= WORD_MAX)
        return NULL;
    for (size_t k = 0; k < known_count; k++) {
        size_t row[WORD_MAX + 1];
        for (size_t i = 0; i <= size; i++)
            row[i] = i;
        for (const char *at = known[k]; *at; at++) {
            size_t diagonal = row[0]++;
            for (size_t i = 1; i <= size; i++) {
                size_t change = diagonal + (word[i - 1] != *at);
                diagonal = row[i];
                size_t drop = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
                row[i] = change < drop ? change : drop;
            }
        }
        if (row[size] < least) {
            least = row[size];
            nearest = known[k];
        }
    }
    return nearest;
}

static void print(const wr_buf *text, FILE *to)
{
    fwrite(text->data, 1, text->size, to);
}

/* No such command: say which words there are. */
static int fail_unknown(int word_count, char **words)
{
    const char *known[128];
    size_t count = 0;
    bool noun_known = false;
    for (const wr_command *command = wr_commands; command->noun; command++)
        noun_known = noun_known || strcmp(command->noun, words[0]) == 0;
    for (const wr_command *command = wr_commands; command->noun && count < 128; command++) {
        if (!noun_known)
            known[count++] = command->noun;
        else if (command->verb && strcmp(command->noun, words[0]) == 0)
            known[count++] = command->verb;
    }
    if (noun_known && word_count < 2) {
        wr_buf help;
        wr_buf_init(&help, 1 << 16);
        wr_help_noun(words[0], &help);
        print(&help, stderr);
        wr_buf_fini(&help);
        return WR_EXIT_USAGE;
    }
    const char *word = noun_known ? words[1] : words[0];
    const char *nearest = wr_nearest(word, known, count);
    fprintf(stderr, "weir: there is no command '%s%s%s'", noun_known ? words[0] : "", noun_known ? " " : "", word);
    if (nearest)
        fprintf(stderr, "; did you mean '%s%s%s'?", noun_known ? words[0] : "", noun_known ? " " : "", nearest);
    fprintf(stderr, "\nSee 'weir help'.\n");
    return WR_EXIT_USAGE;
}

/* ---- options and operands */
static int fail_option(const wr_cli *cli, const char *argument)
{
    const char *known[WR_OPTIONS_MAX + 128];
    size_t count = 0;
    const wr_option *tables[3];
    int table_count = option_tables(cli->command, tables);
    for (int i = 0; i < table_count; i++)
        for (const wr_option *option = tables[i]; option->name; option++)
            known[count++] = option->name;
    const char *name = argument + strspn(argument, "-");
    const char *nearest = wr_nearest(name, known, count);
    if (nearest)
        return wr_cli_usage(cli, "there is no option '%s'; did you mean '--%s'?", argument, nearest);
    return wr_cli_usage(cli, "there is no option '%s'", argument);
}

/* Take one option at argv[*at]; moves *at past it. */
static int take_option(wr_cli *cli, int argc, char **argv, int *at)
{
    char *argument = argv[(*at)++];
    bool is_long = argument[1] == '-';
    char *name = argument + 1 + is_long, *value = NULL;
    size_t name_size = is_long ? strcspn(name, "=") : 1;
    if (is_long && name[name_size] == '=')
        value = name + name_size + 1;
    else if (!is_long && name[1])
        value = name + 1;

    int position = 0;
    const wr_option *option = find_option(cli->command, name, name_size, is_long ? 0 : name[0], &position);
    if (!option)
        return fail_option(cli, argument);
    if (!option->value) {
        if (value)
            return wr_cli_usage(cli, "--%s takes no value", option->name);
        cli->values[position] = "yes";
        return WR_EXIT_OK;
    }
    if (!value && *at == argc)
        return wr_cli_usage(cli, "--%s needs a value (%s)", option->name, option->value);
    cli->values[position] = value ? value : argv[(*at)++];
    return WR_EXIT_OK;
}

static int take_arguments(wr_cli *cli, int argc, char **argv)
{
    bool only_operands = false;
    for (int at = 0; at < argc;) {
        char *argument = argv[at];
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
            at++;
        } else if (!only_operands && argument[0] == '-' && argument[1]) {
            int status = take_option(cli, argc, argv, &at);
            if (status != WR_EXIT_OK)
                return status;
        } else if (cli->operand_count == WR_OPERANDS_MAX) {
            return wr_cli_usage(cli, "more than %d operands", WR_OPERANDS_MAX);
        } else {
            cli->operands[cli->operand_count++] = argument;
            at++;
        }
    }
    return WR_EXIT_OK;
}

static int check_operands(const wr_cli *cli)
{
    if (cli->operand_count < cli->command->operand_min)
        return wr_cli_usage(cli, "%s is missing", cli->command->operands);
    if (cli->operand_count > cli->command->operand_max)
        return wr_cli_usage(cli, "'%s' is one too many", cli->operands[cli->command->operand_max]);
    return WR_EXIT_OK;
}

static int print_help(const wr_command *command)
{
    wr_buf help;
    wr_buf_init(&help, 1 << 18);
    if (command)
        wr_help_command(command, &help);
    else
        wr_help_overview(&help);
    print(&help, stdout);
    wr_buf_fini(&help);
    return WR_EXIT_OK;
}

static int run(wr_cli *cli, int argc, char **argv, char **environment)
{
    int status = wr_cli_configure(cli, &argc, argv, environment);
    if (status == WR_EXIT_OK)
        status = take_arguments(cli, argc, argv);
    if (status == WR_EXIT_OK && wr_cli_on(cli, "help"))
        return print_help(cli->command);
    if (status == WR_EXIT_OK)
        status = wr_cli_apply_options(cli);
    if (status == WR_EXIT_OK)
        status = check_operands(cli);
    return status == WR_EXIT_OK ? cli->command->run(cli) : status;
}

int wr_cli_main(int argc, char **argv, char **environment)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        (argc == 2 && strcmp(argv[1], "help") == 0))
        return print_help(NULL);
    if (strcmp(argv[1], "--version") == 0) {
        printf("weir %s\n", WEIR_VERSION);
        return WR_EXIT_OK;
    }
    int first = strcmp(argv[1], "help") == 0 ? 2 : 1, used = 0;
    const wr_command *command = wr_command_find(argc - first, argv + first, &used);
    if (!command)
        return fail_unknown(argc - first, argv + first);
    if (first == 2)
        return print_help(command);

    wr_cli cli = {.command = command};
    int status = wr_cli_open(&cli);
    if (status == WR_EXIT_OK)
        status = run(&cli, argc - first - used, argv + first + used, environment);
    wr_cli_close(&cli);
    return status;
}
