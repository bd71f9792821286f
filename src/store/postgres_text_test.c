#include "test.h"

#include "postgres_text.h"

#include <stdio.h>
#include <stdlib.h>

static const char *translated(const char *sql)
{
    static char text[1000];
    wr_buf out;
    wr_buf_init(&out, sizeof text - 1);
    wr_pg_translate(weir_slice_of(sql), &out);
    snprintf(text, sizeof text, "%s", wr_buf_cstr(&out));
    wr_buf_fini(&out);
    return text;
}

TEST(parameters_are_written_as_postgresql_writes_them)
{
    static const char *const table[][2] = {
        {"SELECT ?1", "SELECT $1"},   {"UPDATE t SET a=?2 WHERE b=?1", "UPDATE t SET a=$2 WHERE b=$1"},
        {"?12+?3", "$12+$3"},         {"VALUES (?1,?2,$3)", "VALUES ($1,$2,$3)"},
        {"?1::jsonb", "$1::jsonb"},   {"", ""},
        {"-- only ?1", "-- only ?1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        CHECK_STR(translated(table[i][0]), table[i][1]);
}

/* Each stands in front of a parameter, which has to be found behind it, and holds one, which is none. */
TEST(what_stands_in_quotes_and_comments_is_no_parameter)
{
    static const char *const shields[] = {
        "'?1'",
        "'it''s ?1'",
        "''''",
        "E'?1'",
        "e'a\\'?1'",
        "E'\\\\'",
        "e'x' \n '\\'?1'",
        "E'x' -- ?1\n '\\'?1'",
        "B'1?1'",
        "X'?1'",
        "N'?1'",
        "U&'?1'",
        "u&'\\0041?1'",
        "U&\"?1\"",
        "\"?1\"",
        "\"a\"\"?1\"",
        "$$?1$$",
        "$a$?1$$ $b$ '$a$",
        "$_1$ ?1 $_1$",
        "$$ ' ?1 $$",
        "-- ?1 '\n",
        "-- ?1\r",
        "/* ?1 */",
        "/* /* ?1 */ ?1 ' */",
        "/* -- */",
        "a$1",
        "a$$",
        "a$b$?",
        "x ? 'a'",
        "x ?| y",
        "x ?& y",
        "x @? y",
        "a ?- b",
        "'a' 'b?1'",
        "_e'?1'",
        "'\\'",
        "'a\\' || '?1'",
        "été",
    };
    for (size_t i = 0; i < sizeof shields / sizeof *shields; i++) {
        char sql[200], expected[200];
        snprintf(sql, sizeof sql, "%s ?7", shields[i]);
        snprintf(expected, sizeof expected, "%s $7", shields[i]);
        CHECK_STR(translated(sql), expected);
    }
}

TEST(a_quote_that_nobody_closes_reaches_to_the_end)
{
    static const char *const open[] = {"'?1",     "\"?1",  "$$?1",   "$a$?1$b$",  "/* ?1", "/* /* ?1 */",
                                       "E'?1\\'", "U&'?1", "U&\"?1", "E'a'\n'?1", "$a$",   "'",
                                       "E'\\",    "--",    "/*",     "$$"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        CHECK_STR(translated(open[i]), open[i]);
}

TEST(every_text_cut_anywhere_is_read_to_its_end)
{
    static const char whole[] =
        "SELECT E'a\\'b'\n'c', U&\"x\", $t$ y $t$, /* /* z */ */ \"q\"\"r\", ?1 -- end\n, 'it''s', $1";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *copy = strndup(whole, size); /* so that a sanitizer sees who reads behind it */
        wr_pg_token token;
        size_t at = 0, steps = 0;
        while (wr_pg_next(weir_slice_of(copy), &at, &token) && steps++ < 200)
            CHECK(at <= size && token.whole.size > 0);
        CHECK(steps < 200);
        free(copy);
    }
}

static const char *split(const char *script)
{
    static char text[2000];
    weir_slice statement;
    size_t used = 0;
    text[0] = 0;
    for (size_t at = 0; wr_pg_statement(weir_slice_of(script), &at, &statement);)
        used += (size_t)snprintf(text + used, sizeof text - used, "[%.*s]", (int)statement.size, statement.data);
    return text;
}

TEST(a_script_is_split_at_the_semicolons_that_end_statements)
{
    CHECK_STR(split("A; B"), "[A][B]");
    CHECK_STR(split(";;A;;\n;-- no;\nB;"), "[A][B]");
    CHECK_STR(split("  -- nothing\n ; /* ; */ "), "");
    CHECK_STR(split("INSERT INTO t VALUES (';'); X"), "[INSERT INTO t VALUES (';')][X]");
    CHECK_STR(split("DO $$ BEGIN a; b; END $$; X"), "[DO $$ BEGIN a; b; END $$][X]");
    CHECK_STR(split("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; X"),
              "[CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END][X]");
    CHECK_STR(split("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC A; END; X"),
              "[CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC A; END][X]");
    CHECK_STR(split("BEGIN; A; END; B"),
              "[BEGIN][A][END][B]"); /* no function: these are three statements of their own */
    CHECK_STR(split("CREATE TABLE begin (a int); B"), "[CREATE TABLE begin (a int)][B]");
    CHECK_STR(split("SELECT 'open; B"), "[SELECT 'open; B]");
}
