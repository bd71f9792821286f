/* Dead letters: the record as it came (key, value, headers), with why, to the topic NAME.dlq through the outbox.
 *
 *   weir-dlq-reason      rejected | undecodable | unknown-version | exhausted; of a timer also unknown-type
 *   weir-dlq-error       the sentence
 *   weir-dlq-handler     type/version, when one was found
 *   weir-dlq-group, -attempts, -failed-at (RFC 3339)
 *   weir-dlq-original-topic, -partition, -offset, -timestamp
 *
 * A record that was a dead letter before keeps its first original and gets the last error; one that was put back keeps
 * weir-redrive-count (event/letter.h). The outbox numbers of the sender are taken off: this record has our own. With the
 * setting dead.letter.headers: spring the headers of Spring's DeadLetterPublishingRecoverer stand beside these.
 *
 * A letter is larger than its record by these headers. Topics that weir makes for dead letters, and its producer, take
 * WR_DEAD_LETTER_SIZE_MAX. Where that is not enough, or the topic was made by somebody else, the whole letter is set
 * aside in the service's database (weir_set_aside) and a short one is published in its place: without value, with those
 * of its headers that are short, the key if that is short, and
 *
 *   weir-dlq-body            set-aside
 *   weir-dlq-body-size       of the value, bytes
 *   weir-dlq-body-reference  NAME/ID: the row ID of weir_set_aside in the database of NAME, see `weir outbox show` */
#include "core_int.h"

#include <stdio.h>

#define BODY_HEADER "weir-dlq-body"

enum {
    OWN_HEADERS_MAX = 12 + WR_SPRING_HEADERS,
    SHORT_HEADER_MAX = 64,
    SHORT_HEADER_SIZE_MAX = 1024, /* name and value of one */
    SHORT_SIZE_MAX = 16 * 1024,   /* of all */
};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

typedef struct headers {
    weir_arena *arena;
    wr_client_header *items;
    size_t count;
    bool failed;
} headers;

static void add(headers *to, const char *name, const char *text)
{
    if (!text)
        to->failed = true;
    else
        to->items[to->count++] = (wr_client_header){name, weir_slice_of(text)};
}

static bool is_kept(const wr_core *core, const wr_client_header *header)
{
    const char *name = header->name;
    switch (wr_letter_part_of(name)) {
    case WR_LETTER_ORIGINAL: /* null says nothing, and would stand before what does */
        return header->value.data != NULL;
    case WR_LETTER_SENDER:
        return false;
    case WR_LETTER_FAILURE: /* another's stays, unless we say the same */
        return !has_prefix(name, "weir-") && !core->options.spring_letters;
    case WR_LETTER_REDRIVE:
        return strcmp(name, "weir-redrive-count") == 0;
    default:
        return true;
    }
}

static bool has(const wr_client_record *record, const char *name)
{
    const wr_client_header *header = wr_event_header_find(record->headers, record->header_count, name);
    return header && header->value.data;
}

/* Where it is now, unless it says where it was before. */
static void add_original(headers *to, const wr_client_record *record)
{
    if (has(record, "weir-dlq-original-topic"))
        return;
    add(to, "weir-dlq-original-topic", record->topic);
    add(to, "weir-dlq-original-partition", weir_arena_printf(to->arena, "%d", record->partition));
    add(to, "weir-dlq-original-offset", weir_arena_printf(to->arena, "%lld", (long long)record->offset));
    add(to, "weir-dlq-original-timestamp", weir_arena_printf(to->arena, "%lld", (long long)record->timestamp_ms));
}

/* Beside ours, from what they say. */
static void add_spring(headers *to, const wr_client_record *record)
{
    wr_letter letter;
    wr_client_header spring[WR_SPRING_HEADERS];
    size_t count = 0;
    if (wr_letter_read(to->items, to->count, to->arena, &letter) != WEIR_OK ||
        wr_letter_write_spring(&letter, to->arena, spring, &count) != WEIR_OK)
        to->failed = true;
    bool has_original = has(record, "kafka_dlt-original-topic");
    for (size_t i = 0; i < count; i++)
        if (!has_original || wr_letter_part_of(spring[i].name) != WR_LETTER_ORIGINAL)
            to->items[to->count++] = spring[i];
}

/* ---- letters that are too large */

bool wr_dead_letter_may_be_set_aside(const wr_core *core, const wr_client_record *record)
{
    return strcmp(record->topic, core->dead_letter_topic) == 0 &&
           !wr_event_header_find(record->headers, record->header_count, BODY_HEADER);
}

/* What tells what the letter was about, and why it is one. */
static void copy_short(headers *to, const wr_client_record *record)
{
    size_t size = 0;
    for (size_t i = 0; i < record->header_count && to->count < SHORT_HEADER_MAX; i++) {
        const wr_client_header *header = &record->headers[i];
        size_t own = strlen(header->name) + header->value.size;
        if (has_prefix(header->name, "weir-outbox-") || own > SHORT_HEADER_SIZE_MAX || size + own > SHORT_SIZE_MAX)
            continue;
        size += own;
        to->items[to->count++] = *header;
    }
}

static weir_err keep_whole(wr_core *core, const wr_client_record *letter, int64_t *ret_id, weir_failure *failure)
{
    headers to = {core->arena, weir_arena_array(core->arena, letter->header_count + 1, sizeof(wr_client_header)), 0,
                  false};
    if (!to.items)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");
    for (size_t i = 0; i < letter->header_count; i++)
        if (!has_prefix(letter->headers[i].name, "weir-outbox-"))
            to.items[to.count++] = letter->headers[i];
    wr_client_record whole = *letter;
    whole.headers = to.items;
    whole.header_count = to.count;
    return wr_outbox_set_aside(core, &whole, "a dead letter that is larger than its topic takes", ret_id, failure);
}

weir_err wr_dead_letter_set_aside(wr_core *core, const wr_client_record *letter, weir_failure *failure)
{
    weir_arena *arena = core->arena;
    int64_t id;
    weir_err err = keep_whole(core, letter, &id, failure);
    if (err != WEIR_OK)
        return err;
    headers to = {arena, weir_arena_array(arena, SHORT_HEADER_MAX + 3, sizeof(wr_client_header)), 0, false};
    if (!to.items)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");
    copy_short(&to, letter);
    add(&to, BODY_HEADER, "set-aside");
    add(&to, "weir-dlq-body-size", weir_arena_printf(arena, "%zu", letter->value.size));
    add(&to, "weir-dlq-body-reference", weir_arena_printf(arena, "%s/%lld", core->name, (long long)id));
    if (to.failed)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");
    wr_client_record brief = {.topic = letter->topic,
                              .partition = -1,
                              .key = letter->key.size <= SHORT_HEADER_SIZE_MAX ? letter->key : (weir_slice){0},
                              .headers = to.items,
                              .header_count = to.count};
    wr_trace_log(core->trace, WR_WARN,
                 "a dead letter is larger than its topic takes: it is kept in the database, a short one is published; "
                 "see: weir outbox ls DATABASE",
                 WR_TEXT("topic", letter->topic), WR_NUMBER("id", id), WR_NUMBER("size", (int64_t)letter->value.size),
                 WR_TEXT("database", core->options.database));
    return wr_outbox_append(core, &brief, core->send_size_max, failure);
}

weir_err wr_dead_letter(wr_core *core, const wr_client_record *record, const char *reason, const char *error,
                        const char *handler, int attempts, weir_failure *failure)
{
    weir_arena *arena = core->arena;
    char now[WR_TIME_TEXT_SIZE];
    wr_time_print(wr_now_ms(core->io), now);
    headers to = {arena, weir_arena_array(arena, record->header_count + OWN_HEADERS_MAX, sizeof(wr_client_header)), 0,
                  false};
    if (!to.items)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");
    for (size_t i = 0; i < record->header_count; i++)
        if (is_kept(core, &record->headers[i]))
            to.items[to.count++] = record->headers[i];
    add(&to, "weir-dlq-reason", reason);
    add(&to, "weir-dlq-error", weir_arena_dup_text(arena, weir_slice_of(error)));
    if (handler)
        add(&to, "weir-dlq-handler", handler);
    add(&to, "weir-dlq-group", core->group);
    add(&to, "weir-dlq-attempts", weir_arena_printf(arena, "%d", attempts));
    add(&to, "weir-dlq-failed-at", weir_arena_dup_text(arena, weir_slice_of(now)));
    add_original(&to, record);
    if (core->options.spring_letters && !to.failed)
        add_spring(&to, record);
    if (to.failed)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");

    wr_client_record letter = {.topic = core->dead_letter_topic,
                               .partition = -1,
                               .key = record->key,
                               .value = record->value,
                               .headers = to.items,
                               .header_count = to.count};
    weir_err err = wr_outbox_size(&letter) > core->send_size_max
                       ? wr_dead_letter_set_aside(core, &letter, failure)
                       : wr_outbox_append(core, &letter, core->send_size_max, failure);
    if (err != WEIR_OK)
        return err;
    count_up(&core->numbers.dead_letters, 1);
    wr_trace_log(core->trace, WR_WARN, "dead letter", WR_TEXT("reason", reason), WR_TEXT("error", error),
                 WR_TEXT("handler", handler ? handler : ""), WR_TEXT("topic", record->topic),
                 WR_NUMBER("partition", record->partition), WR_NUMBER("offset", record->offset),
                 WR_TEXT("group", core->group));
    return WEIR_OK;
}
