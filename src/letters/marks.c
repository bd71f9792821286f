/* Marks as records (marks.h has their headers). */
#include "marks.h"

#include <base/text.h>
#include <base/time.h>

#include <stdio.h>

#define MARK_PREFIX "weir-dlq-mark"
#define SET_PREFIX  "weir-dlq-set-"

enum { OWN_HEADERS = 16 };

static const char *const words[] = {
    [WR_MARK_SENDING] = "sending", [WR_MARK_REDRIVEN] = "redriven", [WR_MARK_EDITED] = "edited",
    [WR_MARK_DROPPED] = "dropped", [WR_MARK_REOPENED] = "reopened",
};

bool wr_mark_is(const wr_client_record *record)
{
    return wr_event_header_find(record->headers, record->header_count, MARK_PREFIX) != NULL;
}

/* ---- writing */

typedef struct writer {
    wr_client_header *headers;
    size_t count;
    bool failed;
} writer;

static void add(writer *to, const char *name, const char *text)
{
    if (text)
        to->headers[to->count++] = (wr_client_header){name, weir_slice_of(text)};
    else
        to->failed = true;
}

static const char *print_ranges(weir_arena *arena, const wr_mark *mark)
{
    wr_buf text;
    wr_buf_init(&text, 48 * (mark->range_count + 1));
    for (size_t i = 0; i < mark->range_count; i++) {
        const wr_range *range = &mark->ranges[i];
        wr_buf_printf(&text, "%s%lld", i ? "," : "", (long long)range->first);
        if (range->last > range->first)
            wr_buf_printf(&text, "-%lld", (long long)range->last);
    }
    const char *copy = wr_buf_failed(&text) ? NULL : weir_arena_dup_text(arena, wr_buf_view(&text));
    wr_buf_fini(&text);
    return copy;
}

static const char *print_ends(weir_arena *arena, const wr_mark *mark)
{
    wr_buf text;
    wr_buf_init(&text, 48 * (mark->end_count + 1));
    for (size_t i = 0; i < mark->end_count; i++)
        wr_buf_printf(&text, "%s%d:%lld", i ? "," : "", mark->ends[i].partition, (long long)mark->ends[i].offset);
    const char *copy = wr_buf_failed(&text) ? NULL : weir_arena_dup_text(arena, wr_buf_view(&text));
    wr_buf_fini(&text);
    return copy;
}

weir_err wr_mark_write(const wr_mark *mark, const char *topic, int32_t partition, const char *id, int64_t now_ms,
                       weir_arena *arena, wr_client_record *ret_record)
{
    char now[WR_TIME_TEXT_SIZE];
    wr_time_print(now_ms, now);
    writer to = {.headers = weir_arena_array(arena, OWN_HEADERS + mark->set_count, sizeof *to.headers)};
    if (!to.headers)
        return WEIR_E_MEMORY;
    add(&to, "ce_specversion", "1.0");
    add(&to, "ce_id", weir_arena_dup_text(arena, weir_slice_of(id)));
    add(&to, "ce_source", "weir-dlq");
    add(&to, "ce_type", weir_arena_printf(arena, "weir.deadletter.%s", words[mark->kind]));
    add(&to, "ce_time", weir_arena_dup_text(arena, weir_slice_of(now)));
    add(&to, MARK_PREFIX, words[mark->kind]);
    add(&to, MARK_PREFIX "-offsets", print_ranges(arena, mark));
    if (mark->to)
        add(&to, MARK_PREFIX "-to", mark->to);
    if (mark->end_count)
        add(&to, MARK_PREFIX "-ends", print_ends(arena, mark));
    if (mark->run && mark->run[0])
        add(&to, MARK_PREFIX "-run", mark->run);
    if (mark->by && mark->by[0])
        add(&to, MARK_PREFIX "-by", mark->by);
    if (mark->reason)
        add(&to, MARK_PREFIX "-reason", mark->reason);
    if (mark->has_value)
        add(&to, MARK_PREFIX "-value", "here");
    for (size_t i = 0; i < mark->set_count; i++) {
        const char *name = weir_arena_printf(arena, SET_PREFIX "%s", mark->sets[i].name);
        add(&to, name, name);
        if (!to.failed)
            to.headers[to.count - 1].value = mark->sets[i].value;
    }
    if (to.failed)
        return WEIR_E_MEMORY;
    *ret_record = (wr_client_record){.topic = topic,
                                     .partition = partition,
                                     .value = mark->has_value ? mark->value : (weir_slice){0},
                                     .headers = to.headers,
                                     .header_count = to.count};
    return WEIR_OK;
}

/* ---- reading */

static const char *text_of(const wr_client_record *record, const char *name, weir_arena *arena, weir_err *err)
{
    const wr_client_header *header = wr_event_header_find(record->headers, record->header_count, name);
    const char *text = header ? weir_arena_dup_text(arena, header->value) : NULL;
    if (header && !text)
        *err = WEIR_E_MEMORY;
    return text;
}

static size_t count_of(const char *text, char separator)
{
    size_t count = 1;
    for (; (text = strchr(text, separator)); text++)
        count++;
    return count;
}

static weir_err read_ranges(const char *text, weir_arena *arena, wr_mark *to)
{
    size_t count = count_of(text, ',');
    to->ranges = count <= WR_MARK_RANGES_MAX ? weir_arena_array(arena, count, sizeof *to->ranges) : NULL;
    if (!to->ranges)
        return count <= WR_MARK_RANGES_MAX ? WEIR_E_MEMORY : WEIR_E_FORMAT;
    for (const char *at = text; to->range_count < count; at++) {
        wr_range *range = &to->ranges[to->range_count++];
        if (wr_digits_parse(at, &range->first, &at) != WEIR_OK)
            return WEIR_E_FORMAT;
        range->last = range->first;
        if (*at == '-' && wr_digits_parse(at + 1, &range->last, &at) != WEIR_OK)
            return WEIR_E_FORMAT;
        if (range->last < range->first || range->last == INT64_MAX || (*at && *at != ','))
            return WEIR_E_FORMAT;
    }
    return WEIR_OK;
}

static weir_err read_ends(const char *text, weir_arena *arena, wr_mark *to)
{
    size_t count = count_of(text, ',');
    to->ends = count <= WR_MARK_ENDS_MAX ? weir_arena_array(arena, count, sizeof *to->ends) : NULL;
    if (!to->ends)
        return count <= WR_MARK_ENDS_MAX ? WEIR_E_MEMORY : WEIR_E_FORMAT;
    for (const char *at = text; to->end_count < count; at++) {
        wr_mark_end *end = &to->ends[to->end_count++];
        int64_t partition;
        if (wr_digits_parse(at, &partition, &at) != WEIR_OK || partition > INT32_MAX || *at != ':' ||
            wr_digits_parse(at + 1, &end->offset, &at) != WEIR_OK || (*at && *at != ','))
            return WEIR_E_FORMAT;
        end->partition = (int32_t)partition;
    }
    return WEIR_OK;
}

static weir_err read_sets(const wr_client_record *record, weir_arena *arena, wr_mark *to)
{
    to->sets = weir_arena_array(arena, WR_MARK_SETS_MAX, sizeof *to->sets);
    if (!to->sets)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < record->header_count; i++) {
        const char *name = record->headers[i].name;
        if (strncmp(name, SET_PREFIX, sizeof SET_PREFIX - 1) != 0)
            continue;
        if (to->set_count == WR_MARK_SETS_MAX || !name[sizeof SET_PREFIX - 1])
            return WEIR_E_FORMAT;
        to->sets[to->set_count++] = (wr_client_header){name + sizeof SET_PREFIX - 1, record->headers[i].value};
    }
    return WEIR_OK;
}

weir_err wr_mark_read(const wr_client_record *record, weir_arena *arena, wr_mark *ret_mark)
{
    weir_err err = WEIR_OK;
    wr_mark mark = {.at_ms = record->timestamp_ms, .run = "", .by = "", .value = record->value};
    const char *word = text_of(record, MARK_PREFIX, arena, &err);
    const char *ranges = text_of(record, MARK_PREFIX "-offsets", arena, &err);
    const char *ends = text_of(record, MARK_PREFIX "-ends", arena, &err);
    const char *run = text_of(record, MARK_PREFIX "-run", arena, &err);
    const char *by = text_of(record, MARK_PREFIX "-by", arena, &err);
    mark.to = text_of(record, MARK_PREFIX "-to", arena, &err);
    mark.reason = text_of(record, MARK_PREFIX "-reason", arena, &err);
    mark.has_value = wr_event_header_find(record->headers, record->header_count, MARK_PREFIX "-value") != NULL;
    if (err != WEIR_OK)
        return err;
    int kind = 0, kinds = sizeof words / sizeof *words;
    while (kind < kinds && (!word || strcmp(words[kind], word) != 0))
        kind++;
    bool needs_target = kind == WR_MARK_SENDING;
    if (kind == kinds || !ranges || (needs_target && (!mark.to || !wr_topic_name_valid(mark.to))) ||
        (run && strlen(run) >= WR_RUN_SIZE) || (by && strlen(by) >= WR_BY_SIZE))
        return WEIR_E_FORMAT;
    mark.kind = (wr_mark_kind)kind;
    mark.run = run ? run : "";
    mark.by = by ? by : "";
    err = read_ranges(ranges, arena, &mark);
    if (err == WEIR_OK && ends)
        err = read_ends(ends, arena, &mark);
    if (err == WEIR_OK)
        err = read_sets(record, arena, &mark);
    if (err == WEIR_OK)
        *ret_mark = mark;
    return err;
}

/* ---- ids */

const char *wr_redrive_id_print(weir_arena *arena, const char *topic, int32_t partition, int64_t offset,
                                int64_t timestamp_ms, const char *run)
{
    return weir_arena_printf(arena, "%s/%d@%lld/%lld%s%s", topic, partition, (long long)offset, (long long)timestamp_ms,
                             run[0] ? "/" : "", run);
}

weir_err wr_redrive_id_parse(weir_slice bytes, wr_redrive_id *ret_id)
{
    char text[WR_REDRIVE_ID_MAX + 1];
    if (bytes.size > WR_REDRIVE_ID_MAX)
        return WEIR_E_FORMAT;
    memcpy(text, bytes.data ? (const char *)bytes.data : "", bytes.size);
    text[bytes.size] = 0;
    wr_redrive_id id = {0};
    char *at = strchr(text, '@'), *slash = at ? strchr(at, '/') : NULL;
    if (!slash || strlen(text) != bytes.size)
        return WEIR_E_FORMAT;
    *slash++ = 0;
    char *run = strchr(slash, '/');
    if (run)
        *run++ = 0;
    if (wr_letter_name_parse(text, &id.letter) != WEIR_OK ||
        wr_number_parse(slash, INT64_MIN, INT64_MAX, &id.timestamp_ms) != WEIR_OK ||
        (run && (!*run || strlen(run) >= sizeof id.run)))
        return WEIR_E_FORMAT;
    snprintf(id.run, sizeof id.run, "%s", run ? run : "");
    *ret_id = id;
    return WEIR_OK;
}
