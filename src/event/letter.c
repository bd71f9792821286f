/* The headers of dead letters, by table.
 *
 * Spring writes (DeadLetterPublishingRecoverer, spring-kafka 2.2 and later; the group since 2.8): topic, timestamp type,
 * group, exception classes, message and stack trace as UTF-8; the partition as 4 bytes, offset and timestamp as 8, all
 * big-endian. Other clients that imitate it write decimal digits, which are told apart: no partition and no offset is as
 * large as four or eight ASCII digits read as a number. A record that failed again has each original header twice or more,
 * of which the first counts, and exceptions of which the last does.
 *
 * Kafka Connect (errors.deadletterqueue.context.headers.enable) writes text throughout. A sink's group is
 * connect-NAME. */
#include "letter.h"

#include <base/buf.h>
#include <base/text.h>
#include <base/time.h>

#include <stdio.h>

typedef enum what {
    REASON,
    ERROR,
    HANDLER,
    GROUP,
    ATTEMPTS,
    FAILED_AT,
    TOPIC,
    PARTITION,
    OFFSET,
    TIMESTAMP,
    WHAT_COUNT,
} what;

/* Of several rows of one convention for one thing the first that is there counts. */
static const struct row {
    wr_letter_kind kind;
    const char *header;
    what what;
    const char *prefix; /* put before a text */
} rows[] = {
    {WR_LETTER_WEIR, "weir-dlq-reason", REASON, ""},
    {WR_LETTER_WEIR, "weir-dlq-error", ERROR, ""},
    {WR_LETTER_WEIR, "weir-dlq-handler", HANDLER, ""},
    {WR_LETTER_WEIR, "weir-dlq-group", GROUP, ""},
    {WR_LETTER_WEIR, "weir-dlq-attempts", ATTEMPTS, ""},
    {WR_LETTER_WEIR, "weir-dlq-failed-at", FAILED_AT, ""},
    {WR_LETTER_WEIR, "weir-dlq-original-topic", TOPIC, ""},
    {WR_LETTER_WEIR, "weir-dlq-original-partition", PARTITION, ""},
    {WR_LETTER_WEIR, "weir-dlq-original-offset", OFFSET, ""},
    {WR_LETTER_WEIR, "weir-dlq-original-timestamp", TIMESTAMP, ""},

    {WR_LETTER_SPRING, "kafka_dlt-exception-cause-fqcn", REASON, ""},
    {WR_LETTER_SPRING, "kafka_dlt-exception-fqcn", REASON, ""},
    {WR_LETTER_SPRING, "kafka_dlt-key-exception-fqcn", REASON, ""},
    {WR_LETTER_SPRING, "kafka_dlt-exception-message", ERROR, ""},
    {WR_LETTER_SPRING, "kafka_dlt-key-exception-message", ERROR, ""},
    {WR_LETTER_SPRING, "kafka_dlt-original-consumer-group", GROUP, ""},
    {WR_LETTER_SPRING, "kafka_dlt-original-topic", TOPIC, ""},
    {WR_LETTER_SPRING, "kafka_dlt-original-partition", PARTITION, ""},
    {WR_LETTER_SPRING, "kafka_dlt-original-offset", OFFSET, ""},
    {WR_LETTER_SPRING, "kafka_dlt-original-timestamp", TIMESTAMP, ""},

    {WR_LETTER_CONNECT, "__connect.errors.exception.class.name", REASON, ""},
    {WR_LETTER_CONNECT, "__connect.errors.exception.message", ERROR, ""},
    {WR_LETTER_CONNECT, "__connect.errors.connector.name", HANDLER, ""},
    {WR_LETTER_CONNECT, "__connect.errors.connector.name", GROUP, "connect-"},
    {WR_LETTER_CONNECT, "__connect.errors.topic", TOPIC, ""},
    {WR_LETTER_CONNECT, "__connect.errors.partition", PARTITION, ""},
    {WR_LETTER_CONNECT, "__connect.errors.offset", OFFSET, ""},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

const char *wr_letter_kind_name(wr_letter_kind kind)
{
    static const char *const names[] = {"unknown", "weir", "spring", "connect"};
    return names[kind];
}

/* ---- values */

static bool is_original(what what)
{
    return what >= TOPIC && what <= TIMESTAMP;
}

static const wr_event_header *find(const wr_event_header *headers, size_t count, const char *name, bool first)
{
    const wr_event_header *found = NULL;
    for (size_t i = 0; i < count && !(first && found); i++)
        if (headers[i].value.data && strcmp(headers[i].name, name) == 0)
            found = &headers[i];
    return found;
}

static bool are_digits(weir_slice value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
    return value.size > 0;
}

/* Decimal digits, or 4 or 8 bytes; -1: neither. */
static int64_t number_of(weir_slice value)
{
    char text[24];
    int64_t number;
    if ((value.size == 4 || value.size == 8) && !are_digits(value)) {
        number = value.size == 4 ? wr_get_i32(value.data) : wr_get_i64(value.data);
        return number >= 0 ? number : -1;
    }
    if (value.size == 0 || value.size >= sizeof text)
        return -1;
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    return wr_number_parse(text, 0, INT64_MAX, &number) == WEIR_OK ? number : -1;
}

static int64_t number_found(const wr_event_header *headers, size_t count, const char *name)
{
    const wr_event_header *header = find(headers, count, name, true);
    return header ? number_of(header->value) : -1;
}

static const char *text_found(const wr_event_header *headers, size_t count, const char *name, weir_arena *arena)
{
    const wr_event_header *header = find(headers, count, name, true);
    return header ? weir_arena_dup_text(arena, header->value) : NULL;
}

/* ---- letters */

static wr_letter_kind kind_of(const wr_event_header *headers, size_t count)
{
    /* What is told of a failure: the first original alone may be left from an earlier one. */
    for (size_t r = 0; r < ROW_COUNT; r++)
        if (rows[r].what == REASON && find(headers, count, rows[r].header, true))
            return rows[r].kind;
    for (size_t r = 0; r < ROW_COUNT; r++)
        if (rows[r].what == TOPIC && rows[r].kind != WR_LETTER_WEIR && find(headers, count, rows[r].header, true))
            return rows[r].kind;
    return WR_LETTER_UNKNOWN;
}

static bool set(wr_letter *letter, const struct row *row, weir_slice value, weir_arena *arena)
{
    const char **texts[WHAT_COUNT] = {[REASON] = &letter->reason,
                                      [ERROR] = &letter->error,
                                      [HANDLER] = &letter->handler,
                                      [GROUP] = &letter->group,
                                      [TOPIC] = &letter->topic};
    int64_t *numbers[WHAT_COUNT] = {[ATTEMPTS] = &letter->attempts,
                                    [PARTITION] = &letter->partition,
                                    [OFFSET] = &letter->offset,
                                    [TIMESTAMP] = &letter->timestamp_ms};
    if (numbers[row->what]) {
        if (*numbers[row->what] < 0)
            *numbers[row->what] = number_of(value);
        return true;
    }
    const char *text = weir_arena_printf(arena, "%s%.*s", row->prefix, (int)value.size, (const char *)value.data);
    if (text && texts[row->what] && !*texts[row->what])
        *texts[row->what] = text;
    int64_t failed_ms;
    if (text && row->what == FAILED_AT && wr_time_parse(text, &failed_ms) == WEIR_OK)
        letter->failed_ms = failed_ms;
    return text != NULL;
}

weir_err wr_letter_read(const wr_event_header *headers, size_t count, weir_arena *arena, wr_letter *ret_letter)
{
    wr_letter letter = {.kind = kind_of(headers, count),
                        .attempts = -1,
                        .failed_ms = -1,
                        .partition = -1,
                        .offset = -1,
                        .timestamp_ms = -1};
    for (size_t r = 0; r < ROW_COUNT; r++) {
        bool first = is_original(rows[r].what);
        /* Where weir says that it stood first, before all others: an event may fail here and then elsewhere. */
        bool counts = rows[r].kind == letter.kind || (rows[r].kind == WR_LETTER_WEIR && first);
        const wr_event_header *header = counts ? find(headers, count, rows[r].header, first) : NULL;
        if (header && !set(&letter, &rows[r], header->value, arena))
            return WEIR_E_MEMORY;
    }
    int64_t redrives = number_found(headers, count, "weir-redrive-count");
    letter.redrives = redrives > 0 ? redrives : 0;
    letter.body = text_found(headers, count, "weir-dlq-body-reference", arena);
    *ret_letter = letter;
    return WEIR_OK;
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

wr_letter_part wr_letter_part_of(const char *header)
{
    static const struct {
        const char *prefix;
        wr_letter_part part;
    } parts[] = {
        {"weir-dlq-original-", WR_LETTER_ORIGINAL},
        {"weir-dlq-", WR_LETTER_FAILURE},
        {"weir-outbox-", WR_LETTER_SENDER},
        {"weir-redrive-", WR_LETTER_REDRIVE},
        {"kafka_dlt-original-", WR_LETTER_ORIGINAL},
        {"kafka_dlt-", WR_LETTER_FAILURE},
        {"__connect.errors.exception.", WR_LETTER_FAILURE},
        {"__connect.errors.", WR_LETTER_ORIGINAL},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (has_prefix(header, parts[i].prefix))
            return parts[i].part;
    return WR_LETTER_OTHER;
}

/* ---- Spring's */

/* "unknown-version" as a class would be called. */
static const char *class_of(weir_arena *arena, const char *reason)
{
    char name[64];
    size_t size = 0;
    bool is_start = true;
    for (const char *at = reason; *at && size < sizeof name - 1; at++) {
        if (*at != '-')
            name[size++] = (char)(is_start && *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        is_start = *at == '-';
    }
    name[size] = 0;
    return weir_arena_printf(arena, "weir.%s", name);
}

static weir_slice big_endian(weir_arena *arena, int64_t number, size_t size)
{
    uint8_t *bytes = weir_arena_alloc(arena, size);
    if (bytes && size == 4)
        wr_put_i32(bytes, (int32_t)number);
    else if (bytes)
        wr_put_i64(bytes, number);
    return (weir_slice){bytes, size};
}

weir_err wr_letter_write_spring(const wr_letter *letter, weir_arena *arena,
                                wr_event_header ret_headers[WR_SPRING_HEADERS], size_t *ret_count)
{
    const char *class = class_of(arena, letter->reason), *error = letter->error ? letter->error : "";
    const wr_event_header all[WR_SPRING_HEADERS] = {
        {"kafka_dlt-original-topic", weir_slice_of(letter->topic)},
        {"kafka_dlt-original-partition", big_endian(arena, letter->partition, 4)},
        {"kafka_dlt-original-offset", big_endian(arena, letter->offset, 8)},
        {"kafka_dlt-original-timestamp", big_endian(arena, letter->timestamp_ms, 8)},
        {"kafka_dlt-original-timestamp-type", WEIR_SLICE("CreateTime")},
        {"kafka_dlt-original-consumer-group", weir_slice_of(letter->group)},
        {"kafka_dlt-exception-fqcn", weir_slice_of(class)},
        {"kafka_dlt-exception-cause-fqcn", weir_slice_of(class)},
        {"kafka_dlt-exception-message", weir_slice_of(error)},
        {"kafka_dlt-exception-stacktrace",
         weir_slice_of(weir_arena_printf(arena, "%s: %s", class ? class : "", error))},
    };
    for (size_t i = 0; i < WR_SPRING_HEADERS; i++)
        if (!all[i].value.data)
            return WEIR_E_MEMORY;
    memcpy(ret_headers, all, sizeof all);
    *ret_count = WR_SPRING_HEADERS;
    return WEIR_OK;
}

/* ---- what was put back */

bool wr_redriven_is(const wr_event_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (headers[i].name[0] == 'w' && strcmp(headers[i].name, "weir-redrive-id") == 0)
            return true;
    return false;
}

weir_slice wr_redriven_topic(const wr_event_header *headers, size_t count)
{
    const wr_event_header *header = find(headers, count, "weir-dlq-original-topic", true);
    char topic[WR_TOPIC_NAME_SIZE];
    if (!header || header->value.size >= sizeof topic)
        return (weir_slice){0};
    memcpy(topic, header->value.data, header->value.size);
    topic[header->value.size] = 0;
    bool is_name = strlen(topic) == header->value.size && wr_topic_name_valid(topic);
    return is_name ? header->value : (weir_slice){0};
}

weir_err wr_redriven_read(const wr_event_header *headers, size_t count, weir_arena *arena, wr_redriven *ret_redriven)
{
    const wr_event_header *id = find(headers, count, "weir-redrive-id", true),
                          *group = find(headers, count, "weir-redrive-group", true);
    if (!id || id->value.size == 0 || id->value.size > WR_REDRIVE_ID_MAX || memchr(id->value.data, 0, id->value.size))
        return WEIR_E_NOT_FOUND;
    weir_slice topic = wr_redriven_topic(headers, count);
    wr_redriven redriven = {.id = weir_arena_dup_text(arena, id->value),
                            .group = group ? group->value : (weir_slice){0},
                            .topic = topic.data ? weir_arena_dup_text(arena, topic) : NULL,
                            .partition = number_found(headers, count, "weir-dlq-original-partition"),
                            .offset = number_found(headers, count, "weir-dlq-original-offset"),
                            .timestamp_ms = number_found(headers, count, "weir-dlq-original-timestamp")};
    if (!redriven.id || (topic.data && !redriven.topic))
        return WEIR_E_MEMORY;
    *ret_redriven = redriven;
    return WEIR_OK;
}

bool wr_redrive_topic_of(const char *group, char ret_topic[WR_TOPIC_NAME_SIZE])
{
    char topic[WR_TOPIC_NAME_SIZE];
    int size = snprintf(topic, sizeof topic, "%s.redrive", group);
    if (size < 0 || (size_t)size >= sizeof topic || !wr_topic_name_valid(topic))
        return false;
    memcpy(ret_topic, topic, sizeof topic);
    return true;
}
