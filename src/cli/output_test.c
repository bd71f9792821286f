#include "test.h"

#include <cli/command_int.h>
#include <cli/output.h>
#include <stdio.h>

static const wr_column columns[] = {
    {"NAME", "name"},
    {"COUNT", "count", .number = true},
    {"NOTE", "note", .wide = true},
    {0},
};

/* The rows of this test, in the form asked for. */
static const char *print(const char *form)
{
    static char text[2000];
    static char topic[] = "topic", ls[] = "ls", output[] = "-o", *no_environment[] = {NULL};
    char word[20];
    snprintf(word, sizeof word, "%s", form);
    int used = 0;
    wr_cli cli = {.command = wr_command_find(2, (char *[]){topic, ls}, &used), .folder = test_directory()};
    CHECK_OK(wr_cli_open(&cli));
    CHECK_EQ(wr_cli_parse(&cli, 2, (char *[]){topic, output, word, NULL} + 1, no_environment), WR_EXIT_OK);
    wr_output out;
    wr_buf printed;
    wr_output_begin(&out, &cli, columns);
    wr_output_row(&out, (const char *[]){"stra\xc3\x9f"
                                         "e",
                                         "7", "a \"b\"\n"});
    wr_output_row(&out, (const char *[]){"\xe6\x97\xa5\xe6\x9c\xac", wr_cell(&cli, -12345678), NULL});
    wr_output_row(&out, (const char *[]){"x", NULL, ""});
    wr_buf_init(&printed, sizeof text);
    wr_output_print(&out, &printed);
    snprintf(text, sizeof text, "%s", wr_buf_cstr(&printed));
    wr_buf_fini(&printed);
    wr_output_free(&out);
    wr_cli_close(&cli);
    return text;
}

TEST(tables_are_aligned_also_with_wide_characters)
{
    CHECK_STR(print("table"), "NAME        COUNT\n"
                              "stra\xc3\x9f"
                              "e          7\n"
                              "\xe6\x97\xa5\xe6\x9c\xac    -12345678\n"
                              "x               -\n");
}

TEST(wide_tables_show_all_columns_and_keep_a_row_on_one_line)
{
    CHECK_STR(print("wide"), "NAME        COUNT  NOTE\n"
                             "stra\xc3\x9f"
                             "e          7  a \"b\"?\n"
                             "\xe6\x97\xa5\xe6\x9c\xac    -12345678  -\n"
                             "x               -  \n");
}

TEST(json_has_numbers_texts_and_nulls)
{
    CHECK_STR(print("json"), "[{\"name\": \"stra\xc3\x9f"
                             "e\", \"count\": 7, \"note\": \"a \\\"b\\\"\\n\"},\n"
                             " {\"name\": \"\xe6\x97\xa5\xe6\x9c\xac\", \"count\": -12345678, \"note\": null},\n"
                             " {\"name\": \"x\", \"count\": null, \"note\": \"\"}]\n");
}

TEST(yaml_says_the_same)
{
    CHECK_STR(print("yaml"), "- name: \"stra\xc3\x9f"
                             "e\"\n  count: 7\n  note: \"a \\\"b\\\"\\n\"\n"
                             "- name: \"\xe6\x97\xa5\xe6\x9c\xac\"\n  count: -12345678\n  note: null\n"
                             "- name: \"x\"\n  count: null\n  note: \"\"\n");
}

TEST(names_are_for_scripts)
{
    CHECK_STR(print("name"), "stra\xc3\x9f"
                             "e\n\xe6\x97\xa5\xe6\x9c\xac\nx\n");
}

TEST(a_table_is_cut_to_the_terminal_longest_texts_first)
{
    wr_output out = {.columns = columns, .column_count = 2, .form = WR_FORM_TABLE, .width = 20};
    const char *first[] = {"a-name-that-is-too-long", "1234567"};
    const char *second[] = {"\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac", "1"};
    const char **rows[] = {first, second, second};
    wr_buf text;
    wr_buf_init(&text, 2000);
    out.rows = rows;
    out.row_count = 2;
    wr_output_print(&out, &text);
    CHECK_STR(wr_buf_cstr(&text),
              "NAME           COUNT\n"
              "a-name-tha\xe2\x80\xa6  1234567\n"
              "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe2\x80\xa6        1\n");
    wr_buf_clear(&text);
    out.row_count = out.height = 3;
    wr_output_print(&out, &text);
    CHECK(strstr(wr_buf_cstr(&text), "and 2 more\n"));
    wr_buf_clear(&text);
    out.height = 4;
    wr_output_print(&out, &text);
    CHECK(!strstr(wr_buf_cstr(&text), "more"));
    wr_buf_fini(&text);
}

TEST(what_commands_a_terminal_is_shown_as_a_question_mark)
{
    wr_output out = {.columns = columns, .column_count = 2, .form = WR_FORM_TABLE};
    const char *row[] = {"a\x1b[1m\t\x7f"
                         "b\xc2\x80"
                         "c\xc2\x9b"
                         "1md\xc2\xa0",
                         "1"};
    const char **rows[] = {row};
    wr_buf text;
    wr_buf_init(&text, 2000);
    out.rows = rows;
    out.row_count = 1;
    wr_output_print(&out, &text);
    CHECK(strstr(wr_buf_cstr(&text), "\na?[1m??b?c?1md\xc2\xa0"));
    CHECK(!strstr(wr_buf_cstr(&text), "\xc2\x9b"));
    wr_buf_fini(&text);
}
