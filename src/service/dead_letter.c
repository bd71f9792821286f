/* Dead letters: the record as it came (key, value, headers), with why, to the topic NAME.dlq through the outbox.
 *
 *   weir-dlq-reason      rejected | undecodable | unknown-version | exhausted
 *   weir-dlq-error       the sentence
 *   weir-dlq-handler     type/version, when one was found
 *   weir-dlq-group, -attempts, -failed-at (RFC 3339)
 *   weir-dlq-original-topic, -partition, -offset, -timestamp
 *
 * A record that was a dead letter before keeps its first original and gets the last error. The outbox numbers of the
 * sender are taken off: this record has our own. */
#include "core_int.h"

#include <stdio.h>

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

static bool is_original(const char *name)
{
    return has_prefix(name, "weir-dlq-original-");
}

static void copy_kept(headers *to, const wr_client_record *record, bool *ret_has_original)
{
    *ret_has_original = false;
    for (size_t i = 0; i < record->header_count; i++) {
        const char *name = record->headers[i].name;
        if (has_prefix(name, "weir-outbox-") || (has_prefix(name, "weir-dlq-") && !is_original(name)))
            continue;
        *ret_has_original |= is_original(name);
        to->items[to->count++] = record->headers[i];
    }
}

weir_err wr_dead_letter(wr_core *core, const wr_client_record *record, const char *reason, const char *error,
                        const char *handler, int attempts, weir_failure *failure)
{
    weir_arena *arena = core->arena;
    char now[WR_TIME_TEXT_SIZE];
    wr_time_print(wr_now_ms(core->io), now);
    headers to = {arena, weir_arena_array(arena, record->header_count + 16, sizeof(wr_client_header)), 0, false};
    if (!to.items)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");
    bool has_original;
    copy_kept(&to, record, &has_original);
    add(&to, "weir-dlq-reason", reason);
    add(&to, "weir-dlq-error", weir_arena_dup_text(arena, weir_slice_of(error)));
    if (handler)
        add(&to, "weir-dlq-handler", handler);
    add(&to, "weir-dlq-group", core->group);
    add(&to, "weir-dlq-attempts", weir_arena_printf(arena, "%d", attempts));
    add(&to, "weir-dlq-failed-at", weir_arena_dup_text(arena, weir_slice_of(now)));
    if (!has_original) {
        add(&to, "weir-dlq-original-topic", record->topic);
        add(&to, "weir-dlq-original-partition", weir_arena_printf(arena, "%d", record->partition));
        add(&to, "weir-dlq-original-offset", weir_arena_printf(arena, "%lld", (long long)record->offset));
        add(&to, "weir-dlq-original-timestamp", weir_arena_printf(arena, "%lld", (long long)record->timestamp_ms));
    }
    if (to.failed)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a dead letter");

    wr_client_record letter = {.topic = core->dead_letter_topic,
                               .partition = -1,
                               .key = record->key,
                               .value = record->value,
                               .headers = to.items,
                               .header_count = to.count};
    weir_err err = wr_outbox_append(core, &letter, SIZE_MAX, failure); /* the broker has taken it once */
    if (err != WEIR_OK)
        return err;
    count_up(&core->numbers.dead_letters, 1);
    wr_trace_log(core->trace, WR_WARN, "dead letter", WR_TEXT("reason", reason), WR_TEXT("error", error),
                 WR_TEXT("handler", handler ? handler : ""), WR_TEXT("topic", record->topic),
                 WR_NUMBER("partition", record->partition), WR_NUMBER("offset", record->offset),
                 WR_TEXT("group", core->group));
    return WEIR_OK;
}
