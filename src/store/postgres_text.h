/* SQL as PostgreSQL reads it, token by token: enough of its lexical rules to find names, parameters and the ends of
 * statements whatever stands in strings and comments. standard_conforming_strings is on (postgres.c sees to it).
 *
 *   word        letters, digits, _, $ and bytes above 0x7f, not beginning with a digit or $
 *   name        "…", a quote within is doubled; U&"…" has escapes besides
 *   string      '…' with doubled quotes; E'…' with backslashes, also in what continues it on a later line; B, X, N, U&
 *               before it; $tag$…$tag$
 *   parameter   ?1 as SQLite writes it, or PostgreSQL's own $1
 *   comments    -- to the end of the line, and nested pairs of slash and star */
#ifndef WR_POSTGRES_TEXT_H
#define WR_POSTGRES_TEXT_H

#include <base/buf.h>

typedef enum wr_pg_kind {
    WR_PG_WORD,
    WR_PG_NAME,
    WR_PG_ESCAPED_NAME, /* U&"…": what it says is not looked at */
    WR_PG_STRING,
    WR_PG_PARAMETER,
    WR_PG_OTHER, /* one character */
} wr_pg_kind;

typedef struct wr_pg_token {
    wr_pg_kind kind;
    weir_slice whole;  /* as it stands in the text */
    weir_slice inside; /* of a name or a string: without quotes, doubled ones as they are; else as `whole` */
} wr_pg_token;

/* The next token from *at on, which moves behind it; false at the end. A quote that nobody closes ends with the text. */
bool wr_pg_next(weir_slice text, size_t *at, wr_pg_token *ret_token);
/* Whether the token is this word, in any case, or a quoted name that says it. */
bool wr_pg_says(const wr_pg_token *token, const char *word);

/* The text with ?N written as $N. A ? that no digit follows is an operator's, and stays. */
void wr_pg_translate(weir_slice text, wr_buf *out);

/* The next statement of a script from *at on, without its semicolon; *at moves behind it. False when only blanks,
 * comments and semicolons are left. The semicolons of a function body (BEGIN ATOMIC … END) end none. */
bool wr_pg_statement(weir_slice script, size_t *at, weir_slice *ret_statement);

#endif
