/* From the words after the command to its options and operands. */
#include <cli/command_int.h>

#include <client/client.h>

/* ---- options and operands */
static const char *flag_of(const wr_cli *cli, const wr_config_key *key)
{
    char *name = weir_arena_dup_text(cli->arena, weir_slice_of(key->flag ? key->flag : key->key));
    for (char *at = name; at && *at && !key->flag; at++)
        if (*at == '.' || *at == '_')
            *at = '-';
    return name ? name : key->key;
}

/* The flag of a key whose own words were dashed, "log-dirs", and that has a flag of another name, "data". */
static const char *flag_of_key(const wr_config_key *const keys[2], const char *name)
{
    for (size_t i = 0; i < 2; i++)
        for (const wr_config_key *key = keys[i]; key && key->key; key++) {
            size_t at = 0;
            while (key->key[at] && (key->key[at] == '.' || key->key[at] == '_' ? '-' : key->key[at]) == name[at])
                at++;
            if (key->flag && !key->key[at] && !name[at])
                return key->flag;
        }
    return NULL;
}

static int fail_option(const wr_cli *cli, const char *argument)
{
    enum { KEYS_MAX = 256 };
    const char *known[WR_OPTIONS_MAX + KEYS_MAX];
    size_t count = 0;
    const wr_option *option;
    for (int at = 0; (option = wr_option_next(cli->command, &at));)
        known[count++] = option->name;
    const wr_config_key *keys[] = {cli->command->keys, cli->command->kafka ? wr_client_config : NULL};
    for (size_t i = 0; i < 2; i++)
        for (const wr_config_key *key = keys[i]; key && key->key && count < WR_OPTIONS_MAX + KEYS_MAX; key++)
            if (!key->apply_prefix_any)
                known[count++] = flag_of(cli, key);
    weir_slice word = {(const uint8_t *)argument + 2, strcspn(argument + 2, "=")};
    const char *name = weir_arena_dup_text(cli->arena, word);
    name = name ? name : argument + 2;
    const char *nearest = flag_of_key(keys, name);
    nearest = nearest ? nearest : wr_nearest(name, known, count);
    if (nearest)
        return wr_cli_usage(cli, "there is no option '%s'; did you mean '--%s'?", argument, nearest);
    return wr_cli_usage(cli, "there is no option '%s'", argument);
}

static int keep_value(wr_cli *cli, const wr_option *option, int position, const char *typed, const char *value,
                      int argc, char **argv, int *at);

/* A flag of another tool: done as it means, or said how it is meant here. */
static int take_habit(wr_cli *cli, const wr_habit *habit, const char *value, int argc, char **argv, int *at)
{
    int position = 0;
    if (habit->say)
        return wr_cli_usage(cli, "there is no option '%s': %s", habit->flag, habit->say);
    if (!habit->takes_value)
        value = habit->fixed;
    else if (!value && *at == argc)
        return wr_cli_usage(cli, "%s needs a value", habit->flag);
    else if (!value)
        value = argv[(*at)++];
    if (!habit->becomes[0])
        return WR_EXIT_OK;
    if (strcmp(habit->becomes, "OPERAND") != 0) {
        const wr_option *option = wr_option_find(cli->command, weir_slice_of(habit->becomes), 0, &position);
        return keep_value(cli, option, position, habit->flag, value, argc, argv, at);
    }
    if (cli->operand_count == WR_OPERANDS_MAX)
        return wr_cli_usage(cli, "more than %d operands", WR_OPERANDS_MAX);
    memmove(cli->operands + 1, cli->operands, (size_t)cli->operand_count++ * sizeof *cli->operands);
    cli->operands[0] = value;
    return WR_EXIT_OK;
}

/* `value` stands in the same word, or is NULL: then the next word is it. */
static int keep_value(wr_cli *cli, const wr_option *option, int position, const char *typed, const char *value,
                      int argc, char **argv, int *at)
{
    if (!option->value)
        value = "yes";
    else if (!value && *at == argc)
        return wr_cli_usage(cli, "%s needs a value (%s)", typed, option->value);
    value = value ? value : argv[(*at)++];
    option = wr_habit_option(cli->command, option, value, &position);
    const char *before = cli->values[position];
    bool list = option->kind == WR_OPTION_PAIRS || option->kind == WR_OPTION_LIST;
    if (list && before && *before && /* -H a=1 -H b=2 are both meant */
        !(value = weir_arena_printf(cli->arena, "%s,%s", before, value)))
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    cli->values[position] = value;
    cli->typed[position] = typed;
    return WR_EXIT_OK;
}

/* -qk KEY, -qkKEY: switches, of which the last may be an option with a value. */
static int take_letters(wr_cli *cli, char *argument, int argc, char **argv, int *at)
{
    for (char *letter = argument + 1; *letter; letter++) {
        int position = 0;
        const wr_option *option = wr_option_find(cli->command, (weir_slice){0}, *letter, &position);
        const char dashed[] = {'-', *letter};
        const wr_habit *habit = option ? NULL : wr_habit_find(cli->command, (weir_slice){(const uint8_t *)dashed, 2});
        if (habit && (!habit->takes_value || habit->say)) {
            int status = take_habit(cli, habit, NULL, argc, argv, at);
            if (status != WR_EXIT_OK)
                return status;
            continue;
        }
        if (habit)
            return take_habit(cli, habit, letter[1] ? letter + 1 : NULL, argc, argv, at);
        if (!option)
            return wr_cli_usage(cli, "there is no option '-%c'", *letter);
        const char *typed = weir_arena_dup_text(cli->arena, (weir_slice){(const uint8_t *)dashed, 2});
        if (!typed)
            return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
        int status = keep_value(cli, option, position, typed, letter[1] ? letter + 1 : NULL, argc, argv, at);
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
    const char *value = strchr(argument, '=');
    weir_slice flag = {(const uint8_t *)argument, strcspn(argument, "=")};
    int position = 0;
    const wr_option *option = wr_option_find(cli->command, (weir_slice){flag.data + 2, flag.size - 2}, 0, &position);
    const wr_habit *habit = option ? NULL : wr_habit_find(cli->command, flag);
    if (habit)
        return take_habit(cli, habit, value ? value + 1 : NULL, argc, argv, at);
    if (!option)
        return fail_option(cli, argument);
    if (!option->value && value)
        return wr_cli_usage(cli, "--%s takes no value", option->name);
    const char *typed = weir_arena_dup_text(cli->arena, flag);
    if (!typed)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    return keep_value(cli, option, position, typed, value ? value + 1 : NULL, argc, argv, at);
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

/* Whether the operands are names of one kind, "TOPIC..." or "[GROUP...]", and not "TOPIC [FILE...]": a file may be meant
 * twice. */
static bool operands_are_names(const wr_command *command)
{
    return strstr(command->operands, "...") && !strchr(command->operands, ' ');
}

/* What is named twice is meant once, in the place where it stands first. */
static void name_operands_once(wr_cli *cli)
{
    int kept = 0;
    for (int i = 0; i < cli->operand_count; i++) {
        int same = 0;
        while (same < kept && strcmp(cli->operands[same], cli->operands[i]) != 0)
            same++;
        if (same == kept)
            cli->operands[kept++] = cli->operands[i];
    }
    cli->operand_count = kept;
}

static bool list_has(weir_slice list, weir_slice name)
{
    for (size_t at = 0; at < list.size;) {
        size_t end = at;
        while (end < list.size && list.data[end] != ',')
            end++;
        if (weir_slice_equal((weir_slice){list.data + at, end - at}, name))
            return true;
        at = end + 1;
    }
    return false;
}

static const char *list_once(weir_arena *arena, const char *list)
{
    char *copy = weir_arena_dup_text(arena, weir_slice_of(list));
    size_t used = 0;
    for (const char *at = list; copy && *at;) {
        weir_slice name = {(const uint8_t *)at, strcspn(at, ",")};
        at += name.size + (at[name.size] == ',');
        if (name.size == 0 || list_has((weir_slice){(const uint8_t *)copy, used}, name))
            continue;
        if (used)
            copy[used++] = ',';
        memcpy(copy + used, name.data, name.size);
        used += name.size;
    }
    if (copy)
        copy[used] = '\0';
    return copy;
}

static int name_once(wr_cli *cli)
{
    if (operands_are_names(cli->command))
        name_operands_once(cli);
    const wr_option *option;
    for (int at = 0, position = 0; (option = wr_option_next(cli->command, &at)); position++)
        if (option->kind == WR_OPTION_LIST && cli->values[position] && *cli->values[position] &&
            !(cli->values[position] = list_once(cli->arena, cli->values[position])))
            return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
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

int wr_cli_parse(wr_cli *cli, int argc, char **argv, char **environment)
{
    int status = wr_cli_configure(cli, &argc, argv, environment);
    if (status == WR_EXIT_OK)
        status = take_arguments(cli, argc, argv);
    if (status != WR_EXIT_OK || wr_cli_on(cli, "help"))
        return status;
    status = wr_cli_check_options(cli);
    if (status == WR_EXIT_OK)
        status = name_once(cli);
    if (status == WR_EXIT_OK)
        wr_cli_apply_defaults(cli);
    return status == WR_EXIT_OK ? check_operands(cli) : status;
}
