#include "postgres_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static uint8_t byte_at(weir_slice text, size_t at)
{
    return at < text.size ? text.data[at] : 0;
}

static bool begins_word(uint8_t c)
{
    return isalpha(c) || c == '_' || c >= 0x80;
}

static bool is_of_word(uint8_t c)
{
    return begins_word(c) || isdigit(c) || c == '$';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static weir_slice part(weir_slice text, size_t from, size_t to)
{
    return (weir_slice){text.data + from, to - from};
}

/* ---- what is skipped */

static size_t skip_line(weir_slice text, size_t at)
{
    while (at < text.size && text.data[at] != '\n' && text.data[at] != '\r')
        at++;
    return at;
}

static size_t skip_comment(weir_slice text, size_t at)
{
    for (int depth = 0; at < text.size;) {
        if (text.data[at] == '/' && byte_at(text, at + 1) == '*') {
            depth++;
            at += 2;
        } else if (text.data[at] == '*' && byte_at(text, at + 1) == '/') {
            at += 2;
            if (--depth == 0)
                break;
        } else {
            at++;
        }
    }
    return at;
}

static size_t skip_blank(weir_slice text, size_t at)
{
    for (;;) {
        if (at < text.size && is_blank(text.data[at]))
            at++;
        else if (byte_at(text, at) == '-' && byte_at(text, at + 1) == '-')
            at = skip_line(text, at);
        else if (byte_at(text, at) == '/' && byte_at(text, at + 1) == '*')
            at = skip_comment(text, at);
        else
            return at;
    }
}

/* ---- quotes */

/* From behind the opening quote: the place of the closing one, or the end of the text. */
static size_t find_quote(weir_slice text, size_t at, uint8_t quote, bool has_escapes)
{
    for (; at < text.size; at++) {
        bool is_escape = has_escapes && text.data[at] == '\\';
        if (is_escape || (text.data[at] == quote && byte_at(text, at + 1) == quote))
            at++;
        else if (text.data[at] == quote)
            break;
    }
    return at < text.size ? at : text.size;
}

/* Behind a closed string: the place of a quote that goes on with it, which it does after a line end; else 0. */
static size_t find_continuation(weir_slice text, size_t at)
{
    bool has_line_end = false;
    for (; at < text.size; at++) {
        if (text.data[at] == '\n' || text.data[at] == '\r')
            has_line_end = true;
        else if (text.data[at] == '-' && byte_at(text, at + 1) == '-')
            at = skip_line(text, at) - 1;
        else if (!is_blank(text.data[at]))
            break;
    }
    return has_line_end && byte_at(text, at) == '\'' ? at : 0;
}

static size_t behind(weir_slice text, size_t closing)
{
    return closing < text.size ? closing + 1 : text.size;
}

/* `quote_at` is the place of the opening quote; the token began at `from`. */
static size_t read_string(weir_slice text, size_t from, size_t quote_at, bool has_escapes, wr_pg_token *ret_token)
{
    size_t closing = find_quote(text, quote_at + 1, '\'', has_escapes);
    for (size_t next; has_escapes && closing < text.size && (next = find_continuation(text, closing + 1)) != 0;)
        closing = find_quote(text, next + 1, '\'', true);
    size_t end = behind(text, closing);
    *ret_token = (wr_pg_token){WR_PG_STRING, part(text, from, end), part(text, quote_at + 1, closing)};
    return end;
}

static size_t read_name(weir_slice text, size_t from, size_t quote_at, wr_pg_kind kind, wr_pg_token *ret_token)
{
    size_t closing = find_quote(text, quote_at + 1, '"', false), end = behind(text, closing);
    *ret_token = (wr_pg_token){kind, part(text, from, end), part(text, quote_at + 1, closing)};
    return end;
}

/* $tag$ at `from`: its size, or 0. */
static size_t tag_size(weir_slice text, size_t from)
{
    size_t at = from + 1;
    if (begins_word(byte_at(text, at)))
        while (is_of_word(byte_at(text, at)) && text.data[at] != '$')
            at++;
    return byte_at(text, at) == '$' ? at + 1 - from : 0;
}

static size_t read_dollar_quote(weir_slice text, size_t from, size_t size, wr_pg_token *ret_token)
{
    const uint8_t *found = text.size - from - size
                               ? memmem(text.data + from + size, text.size - from - size, text.data + from, size)
                               : NULL;
    size_t closing = found ? (size_t)(found - text.data) : text.size, end = found ? closing + size : text.size;
    *ret_token = (wr_pg_token){WR_PG_STRING, part(text, from, end), part(text, from + size, closing)};
    return end;
}

static size_t read_digits(weir_slice text, size_t at)
{
    while (isdigit(byte_at(text, at)))
        at++;
    return at;
}

static size_t plain(weir_slice text, size_t from, size_t end, wr_pg_kind kind, wr_pg_token *ret_token)
{
    *ret_token = (wr_pg_token){kind, part(text, from, end), part(text, from, end)};
    return end;
}

/* A word, or the letter in front of a quote. */
static size_t read_word(weir_slice text, size_t from, wr_pg_token *ret_token)
{
    uint8_t letter = (uint8_t)tolower(text.data[from]), next = byte_at(text, from + 1);
    if (next == '\'' && memchr("ebxn", letter, 4))
        return read_string(text, from, from + 1, letter == 'e', ret_token);
    if (letter == 'u' && next == '&' && byte_at(text, from + 2) == '\'')
        return read_string(text, from, from + 2, false, ret_token);
    if (letter == 'u' && next == '&' && byte_at(text, from + 2) == '"')
        return read_name(text, from, from + 2, WR_PG_ESCAPED_NAME, ret_token);
    size_t end = from;
    while (is_of_word(byte_at(text, end)))
        end++;
    return plain(text, from, end, WR_PG_WORD, ret_token);
}

bool wr_pg_next(weir_slice text, size_t *at, wr_pg_token *ret_token)
{
    size_t from = skip_blank(text, *at), size;
    if (from >= text.size)
        return false;
    uint8_t c = text.data[from];
    if (begins_word(c))
        *at = read_word(text, from, ret_token);
    else if (c == '\'')
        *at = read_string(text, from, from, false, ret_token);
    else if (c == '"')
        *at = read_name(text, from, from, WR_PG_NAME, ret_token);
    else if ((c == '?' || c == '$') && isdigit(byte_at(text, from + 1)))
        *at = plain(text, from, read_digits(text, from + 1), WR_PG_PARAMETER, ret_token);
    else if (c == '$' && (size = tag_size(text, from)) != 0)
        *at = read_dollar_quote(text, from, size, ret_token);
    else
        *at = plain(text, from, isdigit(c) ? read_digits(text, from) : from + 1, WR_PG_OTHER, ret_token);
    return true;
}

bool wr_pg_says(const wr_pg_token *token, const char *word)
{
    return (token->kind == WR_PG_WORD || token->kind == WR_PG_NAME) && token->inside.size == strlen(word) &&
           strncasecmp((const char *)token->inside.data, word, token->inside.size) == 0;
}

void wr_pg_translate(weir_slice text, wr_buf *out)
{
    wr_pg_token token;
    size_t copied = 0;
    for (size_t at = 0; wr_pg_next(text, &at, &token);) {
        if (token.kind != WR_PG_PARAMETER || token.whole.data[0] != '?')
            continue;
        size_t mark = (size_t)(token.whole.data - text.data);
        wr_buf_slice(out, part(text, copied, mark));
        wr_buf_text(out, "$");
        copied = mark + 1;
    }
    wr_buf_slice(out, part(text, copied, text.size));
}

/* ---- scripts */

typedef struct nesting {
    int word_count;
    bool defines_routine; /* CREATE [OR REPLACE] FUNCTION or PROCEDURE */
    int depth;
} nesting;

static void nest(nesting *nesting, const wr_pg_token *token)
{
    if (token->kind != WR_PG_WORD)
        return;
    bool begins = nesting->word_count++ == 0;
    if (begins && !wr_pg_says(token, "create"))
        nesting->word_count = 100; /* no routine any more */
    else if (nesting->word_count <= 4 && (wr_pg_says(token, "function") || wr_pg_says(token, "procedure")))
        nesting->defines_routine = true;
    if (!nesting->defines_routine)
        return;
    if (wr_pg_says(token, "begin") || (nesting->depth && wr_pg_says(token, "case")))
        nesting->depth++;
    else if (nesting->depth && wr_pg_says(token, "end"))
        nesting->depth--;
}

bool wr_pg_statement(weir_slice script, size_t *at, weir_slice *ret_statement)
{
    nesting nesting = {0};
    wr_pg_token token;
    const uint8_t *begin = NULL, *end = NULL;
    while (wr_pg_next(script, at, &token)) {
        bool is_semicolon = token.kind == WR_PG_OTHER && token.whole.data[0] == ';';
        if (is_semicolon && begin && nesting.depth == 0)
            break;
        if (is_semicolon && !begin)
            continue;
        nest(&nesting, &token);
        begin = begin ? begin : token.whole.data;
        end = token.whole.data + token.whole.size;
    }
    if (!begin)
        return false;
    *ret_statement = (weir_slice){begin, (size_t)(end - begin)};
    return true;
}
