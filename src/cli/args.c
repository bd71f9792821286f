/* From argv to a command, its options and its operands. */
#include <cli/command_int.h>

#include <assert.h>
#include <cli/pairs.h>
#include <errno.h>
#include <io/stop.h>
#include <io/terminal.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/version.h>

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
    errno = 0;
    long long value = text ? strtoll(text, &end, 10) : 0;
    if (!text || errno || end == text || *end || value < min || value > max) {
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

weir_err wr_cli_pairs(wr_cli *cli, const char *name, wr_client_header *ret_pairs, size_t pairs_max, size_t *ret_count)
{
    weir_failure failure = {0};
    weir_err err =
        wr_pairs_parse(cli->arena, weir_slice_of(wr_cli_text(cli, name)), ret_pairs, pairs_max, ret_count, &failure);
    if (err != WEIR_OK)
        wr_cli_usage(cli, "--%s: %s", name, failure.sentence);
    return err;
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

/* Is it the first word of commands with verbs? */
static bool is_noun(const char *word)
{
    for (const wr_command *command = wr_commands; command->noun; command++)
        if (command->verb && strcmp(command->noun, word) == 0)
            return true;
    return false;
}

static int print_noun(const char *noun, FILE *to, int status)
{
    wr_buf help;
    wr_buf_init(&help, 1 << 16);
    wr_help_noun(noun, &help);
    print(&help, to);
    wr_buf_fini(&help);
    return status;
}

/* No such command: say which words there are. */
static int fail_unknown(int word_count, char **words)
{
    const char *known[128];
    size_t count = 0;
    bool noun_known = is_noun(words[0]);
    if (words[0][0] == '-') {
        fprintf(stderr, "weir: '%s' stands before the command; options come after it: weir COMMAND [options]\n",
                words[0]);
        return WR_EXIT_USAGE;
    }
    for (const wr_command *command = wr_commands; command->noun && count < 128; command++) {
        if (!noun_known)
            known[count++] = command->noun;
        else if (command->verb && strcmp(command->noun, words[0]) == 0)
            known[count++] = command->verb;
    }
    if (noun_known && word_count < 2)
        return print_noun(words[0], stderr, WR_EXIT_USAGE);
    const char *word = noun_known ? words[1] : words[0];
    const char *nearest = wr_nearest(word, known, count);
    fprintf(stderr, "weir: there is no command '%s%s%s'", noun_known ? words[0] : "", noun_known ? " " : "", word);
    if (nearest)
        fprintf(stderr, "; did you mean '%s%s%s'?", noun_known ? words[0] : "", noun_known ? " " : "", nearest);
    fprintf(stderr, "\nSee 'weir help'.\n");
    return WR_EXIT_USAGE;
}

/* ---- options and operands */
static const char *flag_of(const wr_cli *cli, const wr_config_key *key)
{
    char *name = weir_arena_dup_text(cli->arena, weir_slice_of(key->flag ? key->flag : key->key));
    for (char *at = name; at && *at && !key->flag; at++)
        if (*at == '.' || *at == '_')
            *at = '-';
    return name ? name : key->key;
}

static int fail_option(const wr_cli *cli, const char *argument)
{
    enum { KEYS_MAX = 256 };
    const char *known[WR_OPTIONS_MAX + KEYS_MAX];
    size_t count = 0;
    const wr_option *tables[3];
    int table_count = option_tables(cli->command, tables);
    for (int i = 0; i < table_count; i++)
        for (const wr_option *option = tables[i]; option->name; option++)
            known[count++] = option->name;
    const wr_config_key *keys[] = {cli->command->keys, cli->command->kafka ? wr_client_config : NULL};
    for (size_t i = 0; i < 2; i++)
        for (const wr_config_key *key = keys[i]; key && key->key && count < WR_OPTIONS_MAX + KEYS_MAX; key++)
            if (!key->apply_prefix_any)
                known[count++] = flag_of(cli, key);
    weir_slice word = {(const uint8_t *)argument + 2, strcspn(argument + 2, "=")};
    const char *name = weir_arena_dup_text(cli->arena, word);
    name = name ? name : argument + 2;
    const char *nearest = wr_nearest(name, known, count);
    if (nearest)
        return wr_cli_usage(cli, "there is no option '%s'; did you mean '--%s'?", argument, nearest);
    return wr_cli_usage(cli, "there is no option '%s'", argument);
}

/* `value` stands in the same word, or is NULL: then the next word is it. */
static int keep_value(wr_cli *cli, const wr_option *option, int position, const char *value, int argc, char **argv,
                      int *at)
{
    if (!option->value)
        value = "yes";
    else if (!value && *at == argc)
        return wr_cli_usage(cli, "--%s needs a value (%s)", option->name, option->value);
    value = value ? value : argv[(*at)++];
    const char *before = cli->values[position];
    bool list = option->value && strstr(option->value, ",..."); /* -H a=1 -H b=2 are both meant */
    if (list && before && *before && !(value = weir_arena_printf(cli->arena, "%s,%s", before, value)))
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    cli->values[position] = value;
    return WR_EXIT_OK;
}

/* -qk KEY, -qkKEY: switches, of which the last may be an option with a value. */
static int take_letters(wr_cli *cli, char *argument, int argc, char **argv, int *at)
{
    for (char *letter = argument + 1; *letter; letter++) {
        int position = 0;
        const wr_option *option = find_option(cli->command, NULL, 0, *letter, &position);
        if (!option)
            return wr_cli_usage(cli, "there is no option '-%c'", *letter);
        int status = keep_value(cli, option, position, letter[1] ? letter + 1 : NULL, argc, argv, at);
        if (status != WR_EXIT_OK || option->value)
            return status;
    }
    return WR_EXIT_OK;
}

/* Take one option at argv[*at]; moves *at past it. */
static int take_option(wr_cli *cli, int argc, char **argv, int *at)
{
    char *argument = argv[(*at)++];
    if (argument[1] != '-')
        return take_letters(cli, argument, argc, argv, at);
    char *name = argument + 2, *value = strchr(name, '=');
    int position = 0;
    const wr_option *option = find_option(cli->command, name, strcspn(name, "="), 0, &position);
    if (!option)
        return fail_option(cli, argument);
    if (!option->value && value)
        return wr_cli_usage(cli, "--%s takes no value", option->name);
    return keep_value(cli, option, position, value ? value + 1 : NULL, argc, argv, at);
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
    if (cli->operand_count < cli->command->operand_min) {
        const char *missing = cli->command->operands; /* "FROM TO [FILE...]": the first that was not given */
        for (int i = 0; i < cli->operand_count && strchr(missing, ' '); i++)
            missing = strchr(missing, ' ') + 1;
        return wr_cli_usage(cli, "%.*s is missing", (int)strcspn(missing, " ."), missing);
    }
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

int wr_cli_parse(wr_cli *cli, int argc, char **argv, char **environment)
{
    int status = wr_cli_configure(cli, &argc, argv, environment);
    if (status == WR_EXIT_OK)
        status = take_arguments(cli, argc, argv);
    if (status != WR_EXIT_OK || wr_cli_on(cli, "help"))
        return status;
    status = wr_cli_apply_options(cli);
    return status == WR_EXIT_OK ? check_operands(cli) : status;
}

bool wr_cli_write(wr_cli *cli, weir_slice text)
{
    errno = 0;
    bool written = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    if (!written && cli->output_error == 0)
        cli->output_error = errno;
    return written;
}

/* What could not be written, to a full disk say, was not done. A reader who has seen enough is no failure. */
static int finish_output(int status, int known_error)
{
    errno = 0;
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    int error = known_error ? known_error : errno;
    clearerr(stdout); /* said once */
    if (written || error == EPIPE || status != WR_EXIT_OK)
        return status;
    fprintf(stderr, "weir: the output could not be written%s%s\n", error ? ": " : "", error ? strerror(error) : "");
    return WR_EXIT_FAILED;
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(const char *program, const wr_command *command, int argc, char **argv, char **environment)
{
    wr_cli cli = {.program = program, .command = command};
    int status = wr_cli_open(&cli);
    if (status == WR_EXIT_OK)
        status = wr_cli_parse(&cli, argc, argv, environment);
    if (status == WR_EXIT_OK)
        status = wr_cli_on(&cli, "help") ? print_help(command) : command->run(&cli);
    wr_cli_close(&cli);
    status = finish_output(status, cli.output_error);
    if (cli.left_behind)
        wr_self_exit(status);
    return status;
}

static int dispatch(int argc, char **argv, char **environment)
{
    if (argc < 2 || (is_help(argv[1]) && (argc == 2 || is_help(argv[2]))))
        return print_help(NULL);
    if (strcmp(argv[1], "--version") == 0) {
        printf("weir %s\n", WEIR_VERSION);
        return WR_EXIT_OK;
    }
    int first = is_help(argv[1]) ? 2 : 1, used = 0, word_count = argc - first;
    char **words = argv + first;
    const wr_command *command = wr_command_find(word_count, words, &used);
    if (command)
        return first == 2 ? print_help(command) : run(argv[0], command, word_count - used, words + used, environment);
    if (is_noun(words[0]) && (word_count == 1 ? first == 2 : is_help(words[1])))
        return print_noun(words[0], stdout, WR_EXIT_OK);
    return fail_unknown(word_count, words);
}

int wr_cli_main(int argc, char **argv, char **environment)
{
    wr_descriptors_fill_standard();
    return finish_output(dispatch(argc, argv, environment), 0);
}
