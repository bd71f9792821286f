#include <wire/kafka.h>

#include <stddef.h>

/* Codes begin at -1, so that a code's row is one further. */
enum { ERROR_FIRST = -1 };

static const struct error {
    const char *name;
    bool retriable;
} errors[] = {
#define ERROR(code, text, again) [(code)-ERROR_FIRST] = {#text, (again)},
    WR_KAFKA_ERRORS(ERROR)
#undef ERROR
};

static const struct error *find(int16_t code)
{
    static const struct error unknown = {"UNKNOWN_ERROR", false};
    size_t row = (size_t)(code - ERROR_FIRST);
    bool known = code >= ERROR_FIRST && row < sizeof(errors) / sizeof(errors[0]) && errors[row].name;
    return known ? &errors[row] : &unknown;
}

const char *wr_kafka_error_name(int16_t code)
{
    return find(code)->name;
}

bool wr_kafka_error_retriable(int16_t code)
{
    return find(code)->retriable;
}

static const char *const api_names[] = {
#define API(key, name, text) [(key)] = #text,
    WR_API_KEYS(API)
#undef API
};

const char *wr_api_key_name(int16_t key)
{
    bool known = key >= 0 && (size_t)key < sizeof(api_names) / sizeof(api_names[0]) && api_names[key];
    return known ? api_names[key] : "Unknown";
}
