#include "test.h"

#include <cli/command_int.h>

#include <client/client.h>
#include <stdio.h>

TEST(every_command_explains_itself_in_help_and_man)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    for (const wr_command *command = wr_commands; command->noun; command++) {
        wr_buf_clear(&text);
        wr_help_command(command, &text);
        CHECK(strstr(wr_buf_cstr(&text), command->about));
        CHECK(strstr(wr_buf_cstr(&text), "--help"));
        for (const wr_option *option = command->options; option && option->name; option++)
            CHECK(option->help && strstr(wr_buf_cstr(&text), option->name));
        wr_buf_clear(&text);
        wr_help_man(command, &text);
        CHECK(strstr(wr_buf_cstr(&text), ".SH SYNOPSIS"));
        CHECK(!wr_buf_failed(&text));
    }
    wr_buf_fini(&text);
}

TEST(the_overview_lists_every_command)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_help_overview(&text);
    for (const wr_command *command = wr_commands; command->noun; command++)
        CHECK(strstr(wr_buf_cstr(&text), command->about));
    wr_buf_fini(&text);
}

TEST(options_of_a_command_do_not_clash)
{
    for (const wr_command *command = wr_commands; command->noun; command++) {
        const wr_option *option, *other;
        int count = 0;
        for (int at = 0; (option = wr_option_next(command, &at)); count++)
            for (int after = at; (other = wr_option_next(command, &after));) {
                CHECK(strcmp(option->name, other->name) != 0);
                CHECK(option->letter == 0 || option->letter != other->letter);
            }
        CHECK(count <= WR_OPTIONS_MAX);
    }
}

TEST(what_an_option_falls_back_to_is_what_its_row_allows)
{
    for (const wr_command *command = wr_commands; command->noun; command++) {
        wr_cli cli = {.command = command};
        CHECK_OK(wr_cli_open(&cli));
        CHECK_EQ(wr_cli_check_options(&cli), WR_EXIT_OK);
        wr_cli_close(&cli);
    }
}

/* The parenthesis at the end of the line, or of the two lines, that help has for a flag; "" for none. */
static const char *shown_default(const char *help, const char *flag, const char *opening, char ret_text[200])
{
    size_t size = strlen(flag);
    ret_text[0] = '\0';
    for (const char *at = help; (at = strstr(at, flag)); at++) {
        const char *line = at;
        while (line > help && line[-1] != '\n')
            line--;
        if (!strchr(" \n", at[size]) || (at - line != 2 && at - line != 6))
            continue; /* a longer flag, or one that is spoken of */
        const char *end = at + strcspn(at, "\n");
        if (strncmp(end, "\n          ", 11) == 0) /* the text stands on a line of its own */
            end += 1 + strcspn(end + 1, "\n");
        const char *open = end;
        while (open > at && strncmp(open, opening, strlen(opening)) != 0)
            open--;
        if (end[-1] == ')' && open > at) {
            open += strlen(opening);
            snprintf(ret_text, 200, "%.*s", (int)(end - 1 - open), open);
        }
        return ret_text;
    }
    fail_msg("help does not know %s", flag);
    return NULL;
}

static const wr_config_default *find_default(const wr_command *command, const char *name)
{
    for (const wr_config_default *row = command->defaults; row && row->key; row++)
        if (strcmp(row->key, name) == 0)
            return row;
    return NULL;
}

/* `in_force`: what the command runs with when nobody says anything. */
static void check_shown(const wr_command *command, const char *name, const char *shown, const char *in_force)
{
    const wr_config_default *row = find_default(command, name);
    const char *expected = row && row->says ? row->says : in_force ? in_force : "";
    if (strcmp(shown, expected) != 0)
        fail_msg("weir %s: help says that %s is '%s', and it is '%s'", command->noun, name, shown, expected);
}

static void check_keys(const wr_cli *cli, const wr_config_key *keys, const char *help)
{
    for (const wr_config_key *key = keys; key && key->key; key++) {
        char flag[100], text[200];
        snprintf(flag, sizeof flag, "--%s%s", key->kind == WR_CONFIG_BOOL ? "[no-]" : "",
                 key->flag ? key->flag : key->key);
        for (char *at = flag; *at && !key->flag; at++)
            if (*at == '.' || *at == '_')
                *at = '-';
        if (!key->apply_prefix_any && !key->secret)
            check_shown(cli->command, key->key, shown_default(help, flag, "(default: ", text),
                        wr_config_text(cli->config, key->key));
    }
}

TEST(every_default_that_help_shows_is_the_one_in_force_for_that_command)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    for (const wr_command *command = wr_commands; command->noun; command++) {
        wr_cli cli = {.command = command};
        CHECK_OK(wr_cli_open(&cli));
        CHECK_EQ(wr_cli_check_options(&cli), WR_EXIT_OK);
        wr_cli_apply_defaults(&cli);
        wr_buf_clear(&text);
        wr_help_command(command, &text);
        const wr_option *option;
        char flag[100], shown[200];
        for (int at = 0; (option = wr_option_next(command, &at));) {
            snprintf(flag, sizeof flag, "--%s", option->name);
            if (option->value && (wr_cli_text(&cli, option->name) || find_default(command, option->name)))
                check_shown(command, option->name, shown_default(wr_buf_cstr(&text), flag, "(", shown),
                            wr_cli_text(&cli, option->name));
        }
        const char *configuration = strstr(wr_buf_cstr(&text), "\nConfiguration (");
        check_keys(&cli, command->keys, configuration);
        if (command->kafka)
            check_keys(&cli, wr_client_config, strstr(wr_buf_cstr(&text), "\nConnection ("));
        wr_cli_close(&cli);
    }
    wr_buf_fini(&text);
}

TEST(defaults_of_a_command_name_what_it_has)
{
    for (const wr_command *command = wr_commands; command->noun; command++)
        for (const wr_config_default *row = command->defaults; row && row->key; row++) {
            int at;
            bool known = wr_option_find(command, weir_slice_of(row->key), 0, &at) != NULL;
            for (const wr_config_key *key = command->keys; key && key->key; key++)
                known |= strcmp(key->key, row->key) == 0;
            CHECK(known);
            CHECK(row->value || row->says);
        }
}

TEST(what_somebody_says_goes_before_a_default_of_the_command)
{
    int used = 0;
    char word[] = "test-broker";
    wr_cli cli = {.command = wr_command_find(1, (char *[]){word}, &used)};
    CHECK_OK(wr_cli_open(&cli));
    CHECK_OK(wr_config_set(cli.config, "profile", "standard", "flag", NULL));
    wr_cli_apply_defaults(&cli);
    CHECK_STR(wr_config_text(cli.config, "profile"), "standard");
    CHECK_STR(wr_cli_text(&cli, "log-level"), "warn");
    wr_cli_close(&cli);
}

TEST(completion_knows_every_noun_and_shell)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    for (int i = 0; i < 3; i++) {
        wr_buf_clear(&text);
        CHECK_OK(wr_help_completion(shells[i], &text));
        for (const wr_command *command = wr_commands; command->noun; command++)
            CHECK(strstr(wr_buf_cstr(&text), command->noun));
    }
    CHECK_EQ(wr_help_completion("tcsh", &text), WEIR_E_NOT_FOUND);
    wr_buf_fini(&text);
}

TEST(a_typo_is_answered_with_the_nearest_word)
{
    static const char *const known[] = {"topic", "produce", "consume", "group"};
    CHECK_STR(wr_nearest("topci", known, 4),
              "topic"); /* a swap is two edits: five letters allow one more than a third */
    CHECK_STR(wr_nearest("produc", known, 4), "produce");
    CHECK(wr_nearest("xyz", known, 4) == NULL);
}

TEST(words_name_commands_with_verbs_aliases_and_alone)
{
    char topic[] = "topic", list[] = "list", produce[] = "produce", nothing[] = "nothing";
    int used = 0;
    const wr_command *command = wr_command_find(2, (char *[]){topic, list}, &used);
    CHECK(command && used == 2);
    CHECK_STR(command->verb, "ls");
    command = wr_command_find(1, (char *[]){produce}, &used);
    CHECK(command && used == 1);
    CHECK(!wr_command_find(1, (char *[]){topic}, &used));
    CHECK(!wr_command_find(2, (char *[]){topic, nothing}, &used));
}
