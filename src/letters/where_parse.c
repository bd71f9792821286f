/* Reading a clause, by descent; where.h has the grammar. What is wrong first is what is said, with its column. */
#include "where_int.h"

#include <base/text.h>
#include <base/time.h>
#include <event/json_pointer.h>

#include <stdio.h>
#include <strings.h>

enum { DEPTH_MAX = 64, NODES_MAX = 1000, VALUES_MAX = 1000, WORD_MAX = 4096 };

typedef struct parser {
    const char *text, *at;
    int64_t now_ms;
    weir_arena *arena;
    weir_failure *failure;
    weir_err err;
    int depth, node_count;
    char word[WORD_MAX]; /* the last one taken */
    bool is_quoted;
} parser;

static void fail(parser *in, weir_err err, const char *what, const char *word)
{
    if (in->err != WEIR_OK)
        return;
    in->err =
        weir_fail(in->failure, err, "%s%.60s at column %zu of the clause", what, word, (size_t)(in->at - in->text) + 1);
}

static void *allocate(parser *in, size_t size)
{
    void *memory = weir_arena_alloc(in->arena, size);
    if (!memory)
        fail(in, WEIR_E_MEMORY, "no memory for a clause", "");
    return memory;
}

static where_node *new_node(parser *in)
{
    if (in->node_count++ == NODES_MAX) {
        fail(in, WEIR_E_LIMIT, "too many comparisons", "");
        return NULL;
    }
    return allocate(in, sizeof(where_node));
}

static void skip_blanks(parser *in)
{
    while (*in->at == ' ' || *in->at == '\t' || *in->at == '\n')
        in->at++;
}

static bool ends_word(char c)
{
    return !c || strchr(" \t\n()=!<>,'\"", c) != NULL;
}

static void take_quoted(parser *in)
{
    size_t size = 0;
    char quote = *in->at;
    const char *begin = in->at++;
    for (; *in->at && size < WORD_MAX - 1; in->at++) {
        if (*in->at == quote && in->at[1] != quote)
            break;
        in->at += *in->at == quote; /* two of them are one */
        in->word[size++] = *in->at;
    }
    in->word[size] = 0;
    if (*in->at == quote) {
        in->at++;
        return;
    }
    in->at = begin;
    fail(in, size == WORD_MAX - 1 ? WEIR_E_LIMIT : WEIR_E_FORMAT,
         size == WORD_MAX - 1 ? "a text that is too long" : "a quote without its end", "");
}

/* A word or a text in quotes, into in->word. False: none stands here. */
static bool take_word(parser *in)
{
    size_t size = 0;
    skip_blanks(in);
    in->is_quoted = *in->at == '\'' || *in->at == '"';
    if (in->is_quoted) {
        take_quoted(in);
        return in->err == WEIR_OK;
    }
    for (; !ends_word(in->at[size]); size++)
        if (size == WORD_MAX - 1) {
            fail(in, WEIR_E_LIMIT, "a word that is too long", "");
            return false;
        }
    memcpy(in->word, in->at, size);
    in->word[size] = 0;
    in->at += size;
    return size > 0;
}

static bool take_symbol(parser *in, const char *symbol)
{
    skip_blanks(in);
    size_t size = strlen(symbol);
    if (strncmp(in->at, symbol, size) != 0)
        return false;
    in->at += size;
    return true;
}

/* A word of the language's own; it is taken only if it is this one. */
static bool take_keyword(parser *in, const char *keyword)
{
    skip_blanks(in);
    size_t size = strlen(keyword);
    if (strncasecmp(in->at, keyword, size) != 0 || !ends_word(in->at[size]))
        return false;
    in->at += size;
    return true;
}

static void fail_field(parser *in, const char *begin, const char *nearest)
{
    char hint[100] = "";
    if (nearest)
        snprintf(hint, sizeof hint, "; did you mean %s?", nearest);
    in->at = begin;
    if (in->err == WEIR_OK)
        in->err = weir_fail(in->failure, WEIR_E_FORMAT, "there is no field '%.60s' (column %zu of the clause)%s",
                            in->word, (size_t)(begin - in->text) + 1, hint);
}

static void parse_field(parser *in, where_node *to)
{
    static const char header[] = "header.";
    skip_blanks(in);
    const char *begin = in->at;
    if (!take_word(in)) {
        fail(in, WEIR_E_FORMAT, "a field is missing", "");
        return;
    }
    const char *nearest;
    const where_field *known = wr_where_field_find(in->word, &nearest);
    to->field = in->is_quoted ? NULL : known;
    bool is_header = strncmp(in->word, header, sizeof header - 1) == 0 && in->word[sizeof header - 1];
    if (!to->field && in->word[0] != '/' && !is_header) {
        fail_field(in, begin, nearest);
        return;
    }
    if (in->word[0] == '/' && wr_json_pointer_check(in->word, in->failure) != WEIR_OK)
        in->err = WEIR_E_FORMAT;
    to->name = weir_arena_dup_text(in->arena, weir_slice_of(is_header ? in->word + sizeof header - 1 : in->word));
    to->is_header = is_header;
    if (!to->name)
        fail(in, WEIR_E_MEMORY, "no memory for a clause", "");
}

static bool parse_op(parser *in, where_op *ret_op)
{
    static const struct {
        const char *symbol;
        where_op op;
    } symbols[] = {{"!=", OP_UNEQUAL}, {"<=", OP_AT_MOST}, {">=", OP_AT_LEAST},
                   {"=", OP_EQUAL},    {"<", OP_LESS},     {">", OP_GREATER}};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (take_symbol(in, symbols[i].symbol)) {
            *ret_op = symbols[i].op;
            return true;
        }
    *ret_op = take_keyword(in, "contains") ? OP_CONTAINS
              : take_keyword(in, "in")     ? OP_IN
              : take_keyword(in, "exists") ? OP_EXISTS
                                           : OP_OR;
    return *ret_op != OP_OR;
}

static void parse_value(parser *in, const where_node *of, where_value *ret_value)
{
    static const char *const wanted[] = {
        [KIND_NUMBER] = "a whole number is wanted, not ",
        [KIND_TIME] = "a time is wanted (2026-01-31T12:00:00Z, 2026-01-31, -2h, now), not ",
        [KIND_DURATION] = "a duration is wanted (30s, 5m, 2h, 7d), not ",
    };
    skip_blanks(in);
    const char *begin = in->at;
    if (!take_word(in)) {
        fail(in, WEIR_E_FORMAT, "a value is missing", "");
        return;
    }
    where_value value = wr_where_any(weir_arena_dup_text(in->arena, weir_slice_of(in->word)));
    where_kind kind = of->field ? of->field->kind : KIND_ANY;
    weir_err err = WEIR_OK;
    if (!value.text)
        fail(in, WEIR_E_MEMORY, "no memory for a clause", "");
    else if (kind == KIND_NUMBER)
        err = wr_number_parse(in->word, INT64_MIN, INT64_MAX, &value.number);
    else if (kind == KIND_TIME)
        err = wr_when_parse(in->word, in->now_ms, &value.number);
    else if (kind == KIND_DURATION)
        err = wr_duration_parse(in->word, &value.number);
    if (err != WEIR_OK) {
        in->at = begin;
        fail(in, WEIR_E_FORMAT, wanted[kind], in->word);
    }
    *ret_value = value;
}

static void parse_list(parser *in, where_node *to)
{
    if (!take_symbol(in, "(")) {
        fail(in, WEIR_E_FORMAT, "in wants values in parentheses", "");
        return;
    }
    where_value values[VALUES_MAX];
    do {
        if (to->value_count == VALUES_MAX)
            fail(in, WEIR_E_LIMIT, "too many values", "");
        else
            parse_value(in, to, &values[to->value_count++]);
    } while (in->err == WEIR_OK && take_symbol(in, ","));
    if (in->err == WEIR_OK && !take_symbol(in, ")"))
        fail(in, WEIR_E_FORMAT, "the end of a list is missing: )", "");
    to->values = in->err == WEIR_OK ? allocate(in, to->value_count * sizeof *values) : NULL;
    if (to->values)
        memcpy(to->values, values, to->value_count * sizeof *values);
}

static const where_node *parse_comparison(parser *in)
{
    where_node *made = new_node(in);
    if (!made)
        return NULL;
    parse_field(in, made);
    skip_blanks(in);
    const char *begin = in->at;
    if (in->err == WEIR_OK && !parse_op(in, &made->op))
        fail(in, WEIR_E_FORMAT, "=, !=, <, <=, >, >=, contains, in or exists is missing", "");
    bool is_order = made->op >= OP_LESS && made->op <= OP_AT_LEAST,
         is_text = made->field && made->field->kind == KIND_TEXT;
    bool has_no_text = made->field && made->field->kind != KIND_TEXT;
    if ((is_order && is_text) || (made->op == OP_CONTAINS && has_no_text)) {
        in->at = begin;
        fail(in, WEIR_E_FORMAT,
             is_order ? "a text has no order: =, !=, contains, in or exists" : "only texts contain something", "");
    }
    if (in->err == WEIR_OK && made->op == OP_IN)
        parse_list(in, made);
    else if (in->err == WEIR_OK && made->op != OP_EXISTS && (made->values = allocate(in, sizeof *made->values)))
        parse_value(in, made, made->values);
    return made;
}

static const where_node *parse_clause(parser *in);

static const where_node *join(parser *in, where_op op, const where_node *left, const where_node *right)
{
    where_node *made = new_node(in);
    if (made)
        *made = (where_node){.op = op, .left = left, .right = right};
    return made;
}

static const where_node *parse_one(parser *in)
{
    const where_node *inner = NULL;
    if (in->err != WEIR_OK)
        return NULL;
    if (in->depth == DEPTH_MAX) {
        fail(in, WEIR_E_LIMIT, "nested too deeply", "");
        return NULL;
    }
    in->depth++;
    if (take_keyword(in, "not")) {
        inner = join(in, OP_NOT, parse_one(in), NULL);
    } else if (take_symbol(in, "(")) {
        inner = parse_clause(in);
        if (in->err == WEIR_OK && !take_symbol(in, ")"))
            fail(in, WEIR_E_FORMAT, "a closing parenthesis is missing", "");
    } else {
        inner = parse_comparison(in);
    }
    in->depth--;
    return inner;
}

static const where_node *parse_any(parser *in)
{
    const where_node *left = parse_one(in);
    while (in->err == WEIR_OK && take_keyword(in, "and"))
        left = join(in, OP_AND, left, parse_one(in));
    return left;
}

static const where_node *parse_clause(parser *in)
{
    const where_node *left = parse_any(in);
    while (in->err == WEIR_OK && take_keyword(in, "or"))
        left = join(in, OP_OR, left, parse_any(in));
    return left;
}

weir_err wr_where_parse(const char *text, int64_t now_ms, weir_arena *arena, const wr_where **ret_where,
                        weir_failure *failure)
{
    parser in = {.text = text, .at = text, .now_ms = now_ms, .arena = arena, .failure = failure};
    wr_where *where = allocate(&in, sizeof *where);
    const where_node *root = parse_clause(&in);
    skip_blanks(&in);
    if (in.err == WEIR_OK && *in.at)
        fail(&in, WEIR_E_FORMAT, "and or or is wanted, not ", in.at);
    if (in.err != WEIR_OK)
        return in.err;
    *where = (wr_where){.root = root, .now_ms = now_ms};
    *ret_where = where;
    return WEIR_OK;
}

weir_err wr_field_parse(const char *text, int64_t now_ms, weir_arena *arena, const wr_field **ret_field,
                        weir_failure *failure)
{
    parser in = {.text = text, .at = text, .now_ms = now_ms, .arena = arena, .failure = failure};
    wr_field *field = allocate(&in, sizeof *field);
    if (field)
        parse_field(&in, &field->node);
    skip_blanks(&in);
    if (in.err == WEIR_OK && *in.at)
        fail(&in, WEIR_E_FORMAT, "one field is wanted, not ", in.at);
    if (in.err != WEIR_OK)
        return in.err;
    field->now_ms = now_ms;
    *ret_field = field;
    return WEIR_OK;
}
