/* Reading a dead letter topic: first its marks, then its letters (book.h). */
#include "book.h"

#include <base/array.h>
#include <base/map.h>

#include <stdio.h>
#include <stdlib.h>

enum { ITEM_SIZE_MAX = 128 << 20, DESCRIBE_SIZE_MAX = 64 << 20 };

typedef struct edit {
    int32_t partition;
    int64_t offset;
    wr_mark mark; /* in the arena of all edits */
} edit;

typedef struct part {
    int64_t start, end;
    int64_t seen; /* behind the last record that was looked at for marks */
    wr_ranges ranges;
} part;

struct wr_book {
    wr_scan scan;
    char topic[WR_TOPIC_NAME_SIZE];
    part *parts;
    size_t part_count;
    wr_map *edits; /* by partition and offset */
    weir_arena *kept, *item, *mark;
    wr_note *notes;
    size_t note_count, note_capacity, strange_count;
};

/* ---- opening */

static weir_slice edit_key(uint8_t key[12], int32_t partition, int64_t offset)
{
    wr_put_i32(key, partition);
    wr_put_i64(key + 4, offset);
    return (weir_slice){key, 12};
}

static edit *find_edit(const wr_book *book, int32_t partition, int64_t offset)
{
    uint8_t key[12];
    return wr_map_find(book->edits, edit_key(key, partition, offset));
}

static weir_err no_room(weir_failure *failure, weir_err err)
{
    return weir_fail(failure, err, "there is no memory for so many changes of dead letters");
}

/* An edit holds all that was changed of its letter so far: the one before it is forgotten. */
static weir_err keep_edit(wr_book *book, int32_t partition, const wr_mark *mark, weir_failure *failure)
{
    int64_t offset = mark->ranges[0].first;
    edit *kept = find_edit(book, partition, offset);
    bool is_new = !kept;
    if (is_new)
        kept = weir_arena_alloc(book->kept, sizeof *kept);
    wr_client_header *sets = weir_arena_array(book->kept, mark->set_count + 1, sizeof *sets);
    weir_slice value = mark->has_value && mark->value.data ? weir_arena_dup(book->kept, mark->value) : mark->value;
    const char *reason = mark->reason ? weir_arena_dup_text(book->kept, weir_slice_of(mark->reason)) : NULL;
    if (!kept || !sets || (mark->value.data && !value.data) || (mark->reason && !reason))
        return no_room(failure, WEIR_E_LIMIT);
    for (size_t i = 0; i < mark->set_count; i++) {
        sets[i].name = weir_arena_dup_text(book->kept, weir_slice_of(mark->sets[i].name));
        sets[i].value = mark->sets[i].value.data ? weir_arena_dup(book->kept, mark->sets[i].value) : (weir_slice){0};
        if (!sets[i].name || (mark->sets[i].value.data && !sets[i].value.data))
            return no_room(failure, WEIR_E_LIMIT);
    }
    *kept = (edit){.partition = partition, .offset = offset};
    kept->mark = (wr_mark){.kind = WR_MARK_EDITED,
                           .at_ms = mark->at_ms,
                           .reason = reason,
                           .has_value = mark->has_value,
                           .value = value,
                           .sets = sets,
                           .set_count = mark->set_count};
    uint8_t key[12];
    weir_err err = is_new ? wr_map_add(book->edits, edit_key(key, partition, offset), kept) : WEIR_OK;
    return err == WEIR_OK ? err : no_room(failure, err);
}

/* *ret_tag is what ranges refer to it by; never 0. */
static weir_err keep_note(wr_book *book, const wr_mark *mark, uint32_t *ret_tag, weir_failure *failure)
{
    wr_note note = {.at_ms = mark->at_ms, .end_count = mark->end_count};
    wr_mark_end *ends = weir_arena_array(book->kept, mark->end_count + 1, sizeof *ends);
    note.to = mark->to ? weir_arena_dup_text(book->kept, weir_slice_of(mark->to)) : NULL;
    note.run = weir_arena_dup_text(book->kept, weir_slice_of(mark->run));
    note.by = weir_arena_dup_text(book->kept, weir_slice_of(mark->by));
    note.reason = mark->reason ? weir_arena_dup_text(book->kept, weir_slice_of(mark->reason)) : NULL;
    bool has_all = ends && note.run && note.by && !note.to == !mark->to && !note.reason == !mark->reason;
    weir_err err =
        has_all ? WR_ARRAY_RESERVE(book->notes, book->note_capacity, book->note_count + 1, WR_NOTES_MAX) : WEIR_E_LIMIT;
    if (err != WEIR_OK)
        return no_room(failure, err);
    if (mark->end_count)
        memcpy(ends, mark->ends, mark->end_count * sizeof *ends);
    note.ends = ends;
    book->notes[book->note_count++] = note;
    *ret_tag = (uint32_t)book->note_count;
    return WEIR_OK;
}

/* Whether the mark changes what the letters of a range are; marks.h has the rule. */
static bool counts(const wr_book *book, const wr_mark *mark, wr_range now)
{
    const wr_note *note = wr_book_note(book, now);
    if (mark->kind == WR_MARK_SENDING)
        return now.state == WR_LETTER_OPEN || (now.state != WR_LETTER_SENDING && mark->run[0]);
    if (mark->kind == WR_MARK_REOPENED)
        return now.state == WR_LETTER_SENDING && note && strcmp(note->by, mark->by) == 0;
    return true;
}

/* Part by part, as far as the letters of a range are in one state. */
static weir_err set_where_it_counts(wr_book *book, int32_t partition, const wr_mark *mark, wr_range range,
                                    weir_failure *failure)
{
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && range.first <= range.last) {
        wr_range now = wr_book_at(book, partition, range.first), part = range;
        part.last = now.last < range.last ? now.last : range.last;
        if (counts(book, mark, now))
            err = wr_book_set(book, partition, part, failure);
        range.first = part.last + 1;
    }
    return err;
}

static weir_err take_mark(wr_book *book, const wr_client_record *record, const wr_mark *mark, weir_failure *failure)
{
    static const wr_letter_state states[] = {[WR_MARK_SENDING] = WR_LETTER_SENDING,
                                             [WR_MARK_REDRIVEN] = WR_LETTER_REDRIVEN,
                                             [WR_MARK_DROPPED] = WR_LETTER_DROPPED,
                                             [WR_MARK_REOPENED] = WR_LETTER_OPEN};
    uint32_t tag = 0;
    if (mark->kind == WR_MARK_EDITED)
        return keep_edit(book, record->partition, mark, failure);
    weir_err err = keep_note(book, mark, &tag, failure);
    for (size_t i = 0; i < mark->range_count && err == WEIR_OK; i++) {
        wr_range range = mark->ranges[i];
        if (range.last >= record->offset) /* it is about what lies before it */
            range.last = record->offset - 1;
        range.state = states[mark->kind];
        range.tag = tag;
        err = set_where_it_counts(book, record->partition, mark, range, failure);
    }
    return err;
}

static weir_err see_mark(void *user, const wr_client_record *record, weir_failure *failure)
{
    wr_book *book = user;
    if ((size_t)record->partition >= book->part_count)
        return WEIR_OK;
    book->parts[record->partition].seen = record->offset + 1;
    if (!wr_mark_is(record))
        return WEIR_OK;
    wr_mark mark;
    weir_arena_reset(book->mark);
    weir_err err = wr_mark_read(record, book->mark, &mark);
    if (err == WEIR_E_FORMAT) {
        book->strange_count++;
        return WEIR_OK;
    }
    return err == WEIR_OK ? take_mark(book, record, &mark, failure) : no_room(failure, err);
}

static weir_err find_parts(wr_book *book, weir_failure *failure)
{
    weir_arena *arena = weir_arena_new(DESCRIBE_SIZE_MAX);
    wr_cluster_info info;
    weir_err err =
        arena ? wr_admin_describe(book->scan.client, book->topic, true, book->scan.timeout_ms, arena, &info, failure)
              : no_room(failure, WEIR_E_MEMORY);
    if (err == WEIR_OK) {
        const wr_topic_info *topic = &info.topics[0];
        book->parts = calloc(topic->partition_count + 1, sizeof *book->parts);
        if (!book->parts)
            err = no_room(failure, WEIR_E_MEMORY);
        for (size_t p = 0; err == WEIR_OK && p < topic->partition_count; p++) {
            book->parts[p].start = book->parts[p].seen = topic->partitions[p].start_offset;
            book->parts[p].end = topic->partitions[p].end_offset;
            book->part_count++;
        }
    }
    weir_arena_free(arena);
    return err;
}

static weir_err scan_all(wr_book *book, weir_err (*each)(void *, const wr_client_record *, weir_failure *), void *user,
                         weir_failure *failure)
{
    wr_scan_part *parts = calloc(book->part_count + 1, sizeof *parts);
    if (!parts)
        return no_room(failure, WEIR_E_MEMORY);
    for (size_t p = 0; p < book->part_count; p++)
        parts[p] = (wr_scan_part){book->topic, (int32_t)p, book->parts[p].start, book->parts[p].end};
    weir_err err = wr_scan_run(&book->scan, parts, book->part_count, each, user, failure);
    free(parts);
    return err;
}

/* To the very end, past the begin of a transaction that is not over: marks are in none, and one that is not seen has its
 * letters put back twice. */
weir_err wr_book_refresh(wr_book *book, int64_t (*end)(const void *user, int32_t partition), const void *user,
                         weir_failure *failure)
{
    wr_scan scan = book->scan;
    scan.uncommitted = true;
    wr_scan_part *parts = calloc(book->part_count + 1, sizeof *parts);
    if (!parts)
        return no_room(failure, WEIR_E_MEMORY);
    for (size_t p = 0; p < book->part_count; p++)
        parts[p] = (wr_scan_part){book->topic, (int32_t)p, book->parts[p].seen, end(user, (int32_t)p)};
    weir_err err = wr_scan_run(&scan, parts, book->part_count, see_mark, book, failure);
    free(parts);
    return err;
}

static int64_t very_end(const void *user, int32_t partition)
{
    (void)user, (void)partition;
    return INT64_MAX;
}

weir_err wr_book_open(const wr_scan *scan, const char *topic, wr_book **ret_book, weir_failure *failure)
{
    wr_book *book = calloc(1, sizeof *book);
    if (!book)
        return no_room(failure, WEIR_E_MEMORY);
    book->scan = *scan;
    snprintf(book->topic, sizeof book->topic, "%s", topic);
    book->kept = weir_arena_new(WR_BOOK_SIZE_MAX);
    book->item = weir_arena_new(ITEM_SIZE_MAX);
    book->mark = weir_arena_new(ITEM_SIZE_MAX);
    book->edits = wr_map_new(WR_EDITS_MAX, wr_random_u64(scan->io));
    weir_err err = book->kept && book->item && book->mark && book->edits ? find_parts(book, failure)
                                                                         : no_room(failure, WEIR_E_MEMORY);
    if (err == WEIR_OK)
        err = wr_book_refresh(book, very_end, NULL, failure);
    if (err != WEIR_OK)
        wr_book_close(book);
    else
        *ret_book = book;
    return err;
}

void wr_book_close(wr_book *book)
{
    if (!book)
        return;
    for (size_t p = 0; p < book->part_count; p++)
        wr_ranges_fini(&book->parts[p].ranges);
    free(book->parts);
    free(book->notes);
    wr_map_free(book->edits);
    weir_arena_free(book->kept);
    weir_arena_free(book->item);
    weir_arena_free(book->mark);
    free(book);
}

/* ---- what it says */

const char *wr_book_topic(const wr_book *book)
{
    return book->topic;
}

size_t wr_book_partition_count(const wr_book *book)
{
    return book->part_count;
}

size_t wr_book_strange_count(const wr_book *book)
{
    return book->strange_count;
}

wr_range wr_book_at(const wr_book *book, int32_t partition, int64_t offset)
{
    if (partition < 0 || (size_t)partition >= book->part_count)
        return (wr_range){.first = offset, .last = offset};
    return wr_ranges_at(&book->parts[partition].ranges, offset);
}

weir_err wr_book_set(wr_book *book, int32_t partition, wr_range range, weir_failure *failure)
{
    if (partition < 0 || (size_t)partition >= book->part_count)
        return WEIR_OK;
    weir_err err = wr_ranges_set(&book->parts[partition].ranges, range);
    return err == WEIR_OK ? err : no_room(failure, err);
}

weir_err wr_book_each_sending(wr_book *book, weir_err (*each)(void *user, int32_t partition, wr_range range),
                              void *user)
{
    weir_err err = WEIR_OK;
    for (size_t p = 0; p < book->part_count; p++)
        for (size_t i = 0; i < book->parts[p].ranges.count && err == WEIR_OK; i++)
            if (book->parts[p].ranges.items[i].state == WR_LETTER_SENDING)
                err = each(user, (int32_t)p, book->parts[p].ranges.items[i]);
    return err;
}

const wr_note *wr_book_note(const wr_book *book, wr_range range)
{
    return range.tag > 0 && range.tag <= book->note_count ? &book->notes[range.tag - 1] : NULL;
}

/* ---- letters */

typedef struct walk {
    wr_book *book;
    const wr_book_part *part;
    weir_err (*each)(void *user, const wr_letter_item *item, weir_failure *failure);
    void *user;
} walk;

static bool is_wanted(const walk *walk, const wr_client_record *record)
{
    const wr_book_part *part = walk->part;
    for (size_t i = 0; part->letters && i < part->letter_count; i++)
        if (part->letters[i].offset == record->offset && part->letters[i].partition == record->partition &&
            strcmp(part->letters[i].topic, record->topic) == 0)
            return true;
    return !part->letters;
}

/* The event's own headers, with those that somebody has set. */
static weir_err apply_edit(const edit *edit, weir_arena *arena, wr_letter_item *item)
{
    const wr_mark *mark = &edit->mark;
    const wr_client_record *from = &item->record;
    wr_client_header *headers = weir_arena_array(arena, from->header_count + mark->set_count + 1, sizeof *headers);
    size_t count = 0;
    if (!headers)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < from->header_count; i++)
        if (!wr_event_header_find(mark->sets, mark->set_count, from->headers[i].name))
            headers[count++] = from->headers[i];
    for (size_t i = 0; i < mark->set_count; i++)
        if (mark->sets[i].value.data) /* null takes it away */
            headers[count++] = mark->sets[i];
    item->is_edited = true;
    item->edited_ms = mark->at_ms;
    item->changes = mark->reason;
    item->sets = mark->sets;
    item->set_count = mark->set_count;
    item->original = from->value;
    item->record.headers = headers;
    item->record.header_count = count;
    if (mark->has_value)
        item->record.value = mark->value;
    return WEIR_OK;
}

static weir_err see_letter(void *user, const wr_client_record *record, weir_failure *failure)
{
    walk *walk = user;
    wr_book *book = walk->book;
    if ((size_t)record->partition >= book->part_count || wr_mark_is(record) || !is_wanted(walk, record))
        return WEIR_OK;
    weir_arena_reset(book->item);
    wr_range range = wr_book_at(book, record->partition, record->offset);
    const wr_note *note = wr_book_note(book, range);
    wr_letter_item item = {
        .record = *record, .state = range.state, .run = note ? note->run : "", .by = note ? note->by : ""};
    if (note && range.state != WR_LETTER_OPEN) {
        item.to = note->to;
        item.dropped = range.state == WR_LETTER_DROPPED ? (note->reason ? note->reason : "") : NULL;
        item.handled_ms = note->at_ms;
    }
    weir_err err = wr_letter_read(record->headers, record->header_count, book->item, &item.letter);
    const edit *edit = find_edit(book, record->partition, record->offset);
    if (err == WEIR_OK && edit)
        err = apply_edit(edit, book->item, &item);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "no memory for a dead letter of %zu bytes", record->value.size);
    wr_event_record view = {item.record.key, item.record.value, item.record.headers, item.record.header_count};
    item.is_event = wr_event_decode_kafka(&view, book->item, &item.event, NULL) == WEIR_OK;
    return walk->each(walk->user, &item, failure);
}

/* From the first to the last of the letters that are wanted, partition by partition. */
static weir_err scan_letters(walk *walk, weir_failure *failure)
{
    wr_book *book = walk->book;
    wr_scan_part *parts = calloc(book->part_count + 1, sizeof *parts);
    if (!parts)
        return no_room(failure, WEIR_E_MEMORY);
    for (size_t p = 0; p < book->part_count; p++)
        parts[p] = (wr_scan_part){book->topic, (int32_t)p, INT64_MAX, 0};
    for (size_t i = 0; i < walk->part->letter_count; i++) {
        const wr_letter_name *name = &walk->part->letters[i];
        if ((size_t)name->partition >= book->part_count || strcmp(name->topic, book->topic) != 0)
            continue;
        const part *part = &book->parts[name->partition];
        wr_scan_part *to = &parts[name->partition];
        if (name->offset < part->start || name->offset >= part->end)
            continue;
        to->start = name->offset < to->start ? name->offset : to->start;
        to->end = name->offset >= to->end ? name->offset + 1 : to->end;
    }
    weir_err err = wr_scan_run(&book->scan, parts, book->part_count, see_letter, walk, failure);
    free(parts);
    return err;
}

weir_err wr_book_each(wr_book *book, const wr_book_part *part,
                      weir_err (*each)(void *user, const wr_letter_item *item, weir_failure *failure), void *user,
                      weir_failure *failure)
{
    walk walk = {.book = book, .part = part, .each = each, .user = user};
    return part->letters ? scan_letters(&walk, failure) : scan_all(book, see_letter, &walk, failure);
}
