/* JSON to C structs and back, by table.
 *
 *     typedef struct line { const char *sku; int64_t quantity; } line;
 *     static const weir_json_field line_fields[] = {
 *         {"sku",      WEIR_JSON_TEXT, offsetof(line, sku),      .required = true},
 *         {"quantity", WEIR_JSON_INT,  offsetof(line, quantity), .required = true},
 *         {0},
 *     };
 *
 * An array lands in two members: a pointer to items at `offset` and a size_t count at `count_offset`. Its items are
 * structs, or values of one kind:
 *
 *         {"tags", WEIR_JSON_ARRAY, offsetof(line, tags), .count_offset = offsetof(line, tag_count),
 *          .item = WEIR_JSON_TEXT},                          // const char **tags; size_t tag_count
 *
 * A row may have a third member that tells absent from null (a change of an order: leave it, or take it away):
 *
 *         {"note", WEIR_JSON_TEXT, offsetof(line, note), .has_presence = true,
 *          .presence_offset = offsetof(line, note_is)},      // weir_json_presence note_is
 *
 * Unknown members of the input are ignored, so that a producer may add a field without breaking its readers. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <weir/bytes.h>

WEIR_BEGIN_C

typedef enum weir_json_kind {
    WEIR_JSON_TEXT = 1, /* const char *; NULL when absent or null */
    WEIR_JSON_INT,      /* int64_t; a number with a fraction is a format error */
    WEIR_JSON_REAL,     /* double; infinities and NaN, which JSON has not, are not encoded: a presence may say null */
    WEIR_JSON_BOOL,     /* bool */
    WEIR_JSON_OBJECT,   /* an embedded struct described by `fields` */
    WEIR_JSON_RAW,      /* weir_slice: the bytes of any JSON value, borrowed from the input; data NULL when absent or
                           null. Encoded as it is, so it must be JSON */
    WEIR_JSON_ARRAY,    /* pointer and size_t count of structs described by `fields`, each of item_size bytes, or of
                           values of the kind `item` */
} weir_json_kind;

/* What the input had for a member, and what is written for it. */
typedef enum weir_json_presence {
    WEIR_JSON_IS_ABSENT = 0, /* not there; left out */
    WEIR_JSON_IS_NULL,       /* null */
    WEIR_JSON_IS_THERE,      /* a value */
} weir_json_presence;

/* Rows of a table, {0} at its end. Name the members from the third on: some may be added at the end. A table and those
 * that it points to are compiled together. */
typedef struct weir_json_field weir_json_field;
struct weir_json_field {
    const char *name;
    weir_json_kind kind;
    size_t offset;
    size_t count_offset;           /* arrays */
    size_t item_size;              /* arrays */
    const weir_json_field *fields; /* objects and arrays */
    bool required;                 /* decode: absent or null is a format error */
    weir_json_kind item;           /* arrays: TEXT, INT, REAL, BOOL or RAW; 0: structs. item_size may be 0 then */
    bool has_presence;             /* whether there is a weir_json_presence at presence_offset */
    size_t presence_offset;
};

/* Decode one JSON object into *ret_struct, which is untouched on failure. Texts and arrays are copied into `arena` and
 * live as long as its memory; WEIR_JSON_RAW borrows from `json`. Any thread, with an arena of its own.
 * Errors: WEIR_E_FORMAT with the path and the position in failure->sentence; WEIR_E_MEMORY, which is also the arena's
 * limit; WEIR_E_LIMIT for nesting beyond 32 or arrays beyond 100,000 items; WEIR_E_UNSUPPORTED when the program was
 * compiled against a later weir. failure may be NULL. */
WEIR_MUST_CHECK static inline weir_err weir_json_decode(weir_arena *arena, const weir_json_field *fields,
                                                        weir_slice json, void *ret_struct, weir_failure *failure);

/* Encode one struct as a compact JSON object into `arena`. NULL texts are left out. Returns data NULL when memory or
 * the arena's limit is out, a text is not UTF-8, a number is not finite or a text of an array NULL, which no reader would
 * take, or the program was compiled against a later weir. Any thread, with an arena of its own. */
static inline weir_slice weir_json_encode(weir_arena *arena, const weir_json_field *fields, const void *from);

/* What the two above call: they tell the library how large a row was when the program was compiled, so that rows may
 * grow. */
WEIR_API WEIR_MUST_CHECK weir_err weir_json_decode_sized(weir_arena *arena, const weir_json_field *fields,
                                                         size_t field_size, weir_slice json, void *ret_struct,
                                                         weir_failure *failure);
WEIR_API weir_slice weir_json_encode_sized(weir_arena *arena, const weir_json_field *fields, size_t field_size,
                                           const void *from);

static inline weir_err weir_json_decode(weir_arena *arena, const weir_json_field *fields, weir_slice json,
                                        void *ret_struct, weir_failure *failure)
{
    return weir_json_decode_sized(arena, fields, sizeof(*fields), json, ret_struct, failure);
}

static inline weir_slice weir_json_encode(weir_arena *arena, const weir_json_field *fields, const void *from)
{
    return weir_json_encode_sized(arena, fields, sizeof(*fields), from);
}

WEIR_END_C

#endif
