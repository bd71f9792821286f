/* What the tables are written with, and what decoder, encoder and printer share. Private to this room. */
#ifndef WR_MESSAGE_INT_H
#define WR_MESSAGE_INT_H

#include <wire/message.h>

#include <stddef.h>

/* ---- a row of a table: {AT(member), kind, first[, last][, NULLABLE(…)][, TAG(…)][, .items = …][, default]}
 *
 * Each table defines AT for the struct that it describes:  #define AT(member) WR_AT(wr_fetch_request, member) */
#define WR_AT(type, member) #member, offsetof(type, member)
#define NULLABLE(version)   .nullable = (1 + (version))
#define TAG(number)         .tag = (1 + (number))
#define DEFAULT(value)      .fallback = (value)
#define NULL_DEFAULT        .fallback = WR_NULL_DEFAULT
#define ITEMS(type, table)                                                                                             \
    {                                                                                                                  \
        .size = sizeof(type), .kind = WR_STRUCT, .fields = (table)                                                     \
    }

extern const wr_items wr_int8_items, wr_int32_items, wr_string_items;

/* ---- shared by the interpreter */

enum { WR_STRING_SIZE_MAX = INT16_MAX }; /* in the compact form too */

/* An array's two members. */
typedef struct wr_array {
    void *items;
    int32_t count; /* -1: null */
} wr_array;

static inline bool wr_field_exists(const wr_field *field, int16_t version)
{
    return version >= field->first && (field->last == 0 || version <= field->last);
}

static inline bool wr_field_nullable(const wr_field *field, int16_t version)
{
    return field->nullable != 0 && version >= field->nullable - 1;
}

static inline void *wr_field_in(const wr_field *field, void *message)
{
    return (uint8_t *)message + field->offset;
}

static inline const void *wr_field_of(const wr_field *field, const void *message)
{
    return (const uint8_t *)message + field->offset;
}

/* Load and store an array's members, whatever its items are. */
wr_array wr_array_of(const void *at);
void wr_array_set(void *at, wr_array array);

/* Set one field, or a struct's fields, to the default. */
void wr_field_reset(const wr_field *field, void *message);
void wr_fields_reset(const wr_field *fields, void *message);
bool wr_field_is_default(const wr_field *field, const void *message);

#endif
