/* Values of SQL: the parameters of a statement.
 *
 * weir_value keeps its size for as long as the library keeps its SONAME. */
#ifndef WEIR_VALUE_H
#define WEIR_VALUE_H

#include <weir/bytes.h>

WEIR_BEGIN_C

typedef enum weir_value_kind {
    WEIR_VALUE_END = 0, /* what stands behind the last value of a list */
    WEIR_VALUE_NULL,
    WEIR_VALUE_INT,
    WEIR_VALUE_REAL,
    WEIR_VALUE_TEXT,
    WEIR_VALUE_BLOB
} weir_value_kind;

typedef struct weir_value {
    weir_value_kind kind;
    union {
        int64_t integer;
        double real;
        weir_slice bytes; /* texts and blobs; borrowed until the call returns */
    };
} weir_value;

static inline weir_value weir_value_null(void)
{
    weir_value value;
    memset(&value, 0, sizeof(value));
    value.kind = WEIR_VALUE_NULL;
    return value;
}

static inline weir_value weir_value_end(void)
{
    weir_value value = weir_value_null();
    value.kind = WEIR_VALUE_END;
    return value;
}

static inline weir_value weir_value_int(int64_t integer)
{
    weir_value value = weir_value_null();
    value.kind = WEIR_VALUE_INT;
    value.integer = integer;
    return value;
}

static inline weir_value weir_value_real(double real)
{
    weir_value value = weir_value_null();
    value.kind = WEIR_VALUE_REAL;
    value.real = real;
    return value;
}

static inline weir_value weir_value_text(const char *text)
{
    weir_value value = weir_value_null();
    value.kind = text ? WEIR_VALUE_TEXT : WEIR_VALUE_NULL;
    value.bytes = weir_slice_of(text);
    return value;
}

static inline weir_value weir_value_blob(weir_slice bytes)
{
    weir_value value = weir_value_null();
    value.kind = WEIR_VALUE_BLOB;
    value.bytes = bytes;
    return value;
}

#define WEIR_NULL        weir_value_null()
#define WEIR_INT(value)  weir_value_int(value)
#define WEIR_REAL(value) weir_value_real(value)
#define WEIR_TEXT(value) weir_value_text(value) /* NULL becomes SQL NULL */
#define WEIR_BLOB(value) weir_value_blob(value)
#define WEIR_END         weir_value_end()

WEIR_END_C

/* A list of values for weir_exec_values and weir_query_values, of any length, in the form of each language. It lives until
 * the end of the block in C, of the whole expression in C++. */
#ifdef __cplusplus

template <int count> struct weir_value_list {
    weir_value all[count];
    operator const weir_value *() const
    {
        return all;
    }
};

template <typename... Values> inline weir_value_list<int(sizeof...(Values)) + 1> weir_values(Values... values)
{
    return {{values..., WEIR_END}};
}

#define WEIR_VALUES(...) weir_values(__VA_ARGS__)

#else

/* Between one WEIR_END, so that no value at all leaves a whole initialiser too, and zeroes, which are another. */
#define WEIR_VALUES(...)                                                                                               \
    ((const weir_value[sizeof((weir_value[]){WEIR_END, __VA_ARGS__}) / sizeof(weir_value) + 1]){WEIR_END,              \
                                                                                                __VA_ARGS__} +         \
     1)

#endif

#endif
