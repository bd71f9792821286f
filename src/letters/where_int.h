/* Between the parser of a clause and what it means. */
#ifndef WR_WHERE_INT_H
#define WR_WHERE_INT_H

#include <letters/where.h>

typedef enum where_kind { KIND_TEXT, KIND_NUMBER, KIND_TIME, KIND_DURATION, KIND_ANY } where_kind;

typedef struct where_value {
    bool is_there;
    const char *text; /* KIND_TEXT, KIND_ANY */
    int64_t number;   /* KIND_NUMBER, and milliseconds of KIND_TIME and KIND_DURATION */
    bool is_number;   /* KIND_ANY: `real` is what it says */
    bool is_whole;    /* and `number` too, exactly */
    double real;
} where_value;

typedef struct where_view { /* what a field is read from */
    const wr_letter_item *item;
    weir_arena *scratch;
    int64_t now_ms;
    bool failed; /* memory */
} where_view;

typedef struct where_field {
    const char *name;
    where_kind kind;
    where_value (*get)(where_view *view);
    const char *help;
} where_field;

typedef enum where_op {
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_AT_MOST,
    OP_GREATER,
    OP_AT_LEAST,
    OP_CONTAINS,
    OP_IN,
    OP_EXISTS
} where_op;

typedef struct where_node {
    where_op op;
    const struct where_node *left, *right; /* OP_OR, OP_AND; OP_NOT has a left */
    const struct where_field *field;       /* NULL: `name` is a header's name, or a pointer */
    const char *name;
    bool is_header;
    where_value *values;
    size_t value_count;
} where_node;

struct wr_where {
    const where_node *root;
    int64_t now_ms;
};

struct wr_field {
    where_node node;
    int64_t now_ms;
};

/* NULL: there is none; then *ret_nearest is one that may be meant, or NULL. */
const where_field *wr_where_field_find(const char *name, const char **ret_nearest);
/* A literal, or what is of no kind before it is there. NULL: it is not there. */
where_value wr_where_any(const char *text);

#endif
