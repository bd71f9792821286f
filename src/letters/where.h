/* Which letters are meant: a clause over what their headers and their data say.
 *
 *     reason = rejected and error contains 'no such article'
 *     handler in (order.placed/1, order.placed/2) and failed > -2h
 *     not (key = 17 or /lines/0/quantity > 100) and header.tenant exists
 *
 *     clause     := any { "or" any }               any := one { "and" one }
 *     one        := "not" one | "(" clause ")" | comparison
 *     comparison := field ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" ) value
 *                 | field "in" "(" value { "," value } ")"
 *                 | field "exists"
 *
 * A value is a word, or stands in quotes ('it''s'). What is not there is equal to nothing, less or greater than nothing,
 * and contains nothing. The fields are a table (where.c). */
#ifndef WR_WHERE_H
#define WR_WHERE_H

#include <base/buf.h>
#include <letters/letters.h>

typedef struct wr_where wr_where;

/* In the arena. `now_ms` is what "-2h" counts back from, and what ages are counted to. Errors: WEIR_E_FORMAT, with what is
 * wrong and where; WEIR_E_LIMIT nesting beyond 64, more than 1000 comparisons; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_where_parse(const char *text, int64_t now_ms, weir_arena *arena, const wr_where **ret_where,
                                        weir_failure *failure);
/* NULL matches all. `scratch` is for what is read meanwhile. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_where_matches(const wr_where *where, const wr_letter_item *item, weir_arena *scratch,
                                          bool *ret_matches);
/* One field of a letter, as a clause names it: "reason", "header.tenant", "/lines/0/sku". */
typedef struct wr_field wr_field;
WEIR_MUST_CHECK weir_err wr_field_parse(const char *text, int64_t now_ms, weir_arena *arena, const wr_field **ret_field,
                                        weir_failure *failure);
/* What it says of the letter, in `scratch` or of the letter's; NULL: nothing. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_field_print(const wr_field *field, const wr_letter_item *item, weir_arena *scratch,
                                        const char **ret_text);
/* Calls each(user, field) for every field: its name, what it is compared with (text, number, time, duration, any), and
 * what it says. */
typedef struct wr_field_help {
    const char *name, *kind, *about;
} wr_field_help;
void wr_field_each(void (*each)(void *user, const wr_field_help *field), void *user);

#endif
