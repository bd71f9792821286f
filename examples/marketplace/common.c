/* The tables of what the services say to each other; common.h tells what each event carries. */
#include "common.h"

#include <stdlib.h>

const weir_json_field order_line_fields[] = {
    {"sku", WEIR_JSON_TEXT, offsetof(order_line, sku), .required = true},
    {"description", WEIR_JSON_TEXT, offsetof(order_line, description)},
    {"quantity", WEIR_JSON_INT, offsetof(order_line, quantity), .required = true},
    {"price_pence", WEIR_JSON_INT, offsetof(order_line, price_pence)},
    {0},
};

#define LINES                                                                                                          \
    {                                                                                                                  \
        "lines", WEIR_JSON_ARRAY, offsetof(order_fact, lines), .count_offset = offsetof(order_fact, line_count),       \
                                                               .item_size = sizeof(order_line),                        \
                                                               .fields = order_line_fields                             \
    }

const weir_json_field order_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_fact, order_id), .required = true},
    {"customer", WEIR_JSON_TEXT, offsetof(order_fact, customer), .required = true},
    {"country", WEIR_JSON_TEXT, offsetof(order_fact, country)},
    {"total_pence", WEIR_JSON_INT, offsetof(order_fact, total_pence)},
    {"accepted_at_ms", WEIR_JSON_INT, offsetof(order_fact, accepted_at_ms)},
    {"cause", WEIR_JSON_TEXT, offsetof(order_fact, cause)},
    {"was_completed", WEIR_JSON_BOOL, offsetof(order_fact, was_completed)},
    LINES,
    {0},
};

const weir_json_field cancellation_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_fact, order_id)},
    {"cancellation_id", WEIR_JSON_TEXT, offsetof(order_fact, cancellation_id), .required = true},
    LINES,
    {0},
};

const weir_json_field step_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_fact, order_id), .required = true},
    {"customer", WEIR_JSON_TEXT, offsetof(order_fact, customer)},
    {"country", WEIR_JSON_TEXT, offsetof(order_fact, country)},
    {"total_pence", WEIR_JSON_INT, offsetof(order_fact, total_pence)},
    {"cause", WEIR_JSON_TEXT, offsetof(order_fact, cause)},
    {"tracking", WEIR_JSON_TEXT, offsetof(order_fact, tracking)},
    {"cancellation_id", WEIR_JSON_TEXT, offsetof(order_fact, cancellation_id)},
    {0},
};

const weir_json_field lines_fields[] = {LINES, {0}};

weir_status emit_fact(weir_tx *tx, const char *type, const weir_json_field *fields, const order_fact *fact)
{
    weir_event event = {.type = type, .subject = fact->order_id, .data = weir_encode(tx, fields, fact)};
    return weir_emit(tx, &event);
}

int64_t lines_total(const order_line *lines, size_t count)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += lines[i].quantity * lines[i].price_pence;
    return total;
}

int percentile(const char *text, const char *salt)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *part = salt; *part; part++)
        hash = (hash ^ (uint8_t)*part) * 16777619u;
    for (const char *part = text; *part; part++)
        hash = (hash ^ (uint8_t)*part) * 16777619u;
    return (int)((hash ^ (hash >> 16)) % 100);
}

int percent_setting(weir_tx *tx, const char *key)
{
    const char *text = weir_tx_setting(tx, key);
    char *end = NULL;
    long percent = text ? strtol(text, &end, 10) : -1;
    if (percent >= 0 && percent <= 100 && end != text && *end == '\0')
        return (int)percent;
    weir_retry(tx, "the setting %s is '%s', not a whole number from 0 to 100", key, text ? text : "");
    return 0;
}
