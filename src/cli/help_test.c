#include "test.h"

#include <cli/command_int.h>

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
