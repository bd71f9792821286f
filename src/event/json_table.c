/* Tables of programs that were compiled when a row had fewer members: what they lack is zero, which means what there
 * was before. Tables point to each other and may do so in a circle, so each is copied once. */
#include "json_int.h"

enum { TABLE_COUNT_MAX = 64 };

typedef struct copies {
    const weir_json_field *from[TABLE_COUNT_MAX];
    weir_json_field *to[TABLE_COUNT_MAX];
    size_t row_count[TABLE_COUNT_MAX];
    size_t count;
} copies;

/* Where the name of row i stands: the first member, so in rows of every size. */
static const char *const *row_at(const weir_json_field *fields, size_t i, size_t field_size)
{
    return (const void *)((const uint8_t *)fields + i * field_size);
}

/* The copy of one table, whose rows still point to the tables of the program. */
static weir_err copy_table(copies *all, weir_arena *arena, const weir_json_field *fields, size_t field_size)
{
    size_t count = 0;
    if (all->count == TABLE_COUNT_MAX)
        return WEIR_E_LIMIT;
    while (*row_at(fields, count, field_size))
        count++;
    weir_json_field *rows = weir_arena_array(arena, count + 1, sizeof(*rows));
    if (!rows)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(&rows[i], row_at(fields, i, field_size), field_size);
    all->from[all->count] = fields;
    all->to[all->count] = rows;
    all->row_count[all->count++] = count;
    return WEIR_OK;
}

static const weir_json_field *copy_of(const copies *all, const weir_json_field *fields)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->from[i] == fields)
            return all->to[i];
    return NULL;
}

weir_err wr_json_table(weir_arena *arena, const weir_json_field **fields, size_t field_size)
{
    copies all = {0};
    if (field_size == sizeof(**fields))
        return WEIR_OK;
    if (field_size > sizeof(**fields))
        return WEIR_E_UNSUPPORTED;
    weir_err err = copy_table(&all, arena, *fields, field_size);
    for (size_t i = 0; err == WEIR_OK && i < all.count; i++) {
        for (size_t k = 0; err == WEIR_OK && k < all.row_count[i]; k++) {
            weir_json_field *row = &all.to[i][k];
            if (row->fields && !copy_of(&all, row->fields))
                err = copy_table(&all, arena, row->fields, field_size);
            if (err == WEIR_OK && row->fields)
                row->fields = copy_of(&all, row->fields);
        }
    }
    if (err == WEIR_OK)
        *fields = all.to[0];
    return err;
}

const char *wr_json_table_problem(weir_err err)
{
    switch (err) {
    case WEIR_E_UNSUPPORTED:
        return "the program was compiled against a later weir than it runs with";
    case WEIR_E_LIMIT:
        return "it points to more than 64 tables";
    default:
        return "no memory";
    }
}
