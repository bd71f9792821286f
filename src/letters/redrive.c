/* Which letters are put back, and as what; redrive.h has the whole, redrive_send.c sends them. */
#include "redrive_int.h"

#include <base/hash.h>
#include <base/text.h>
#include <base/time.h>
#include <base/uuid.h>

#include <stdio.h>
#include <stdlib.h>

enum { EDIT_ORIGINAL_MAX = 32 * 1024, OWN_HEADERS = 12, TARGETS_SIZE_MAX = 64 << 20 };

/* What a walk ends with that has all it may have. */
#define ENOUGH WEIR_E_RANGE

const char *wr_left_text(wr_left why)
{
    static const char *const texts[] = {
        [WR_LEFT_NOT_CHOSEN] = "the clause does not hold",
        [WR_LEFT_HANDLED] = "redriven or dropped already (--again)",
        [WR_LEFT_IN_DOUBT] = "a run that was killed may have put them back, and nobody can tell (--again)",
        [WR_LEFT_TOO_OFTEN] = "put back too often already (--max-redrives, or --force)",
        [WR_LEFT_NO_GROUP] = "they do not say whose they are, or where they stood (--for-everyone, --to TOPIC)",
        [WR_LEFT_NO_TOPIC] = "their group reads no topic for them (--for-everyone, or --to TOPIC)",
        [WR_LEFT_COMPACTED] = "the topic is compacted, and they would replace newer events of their keys (--force)",
        [WR_LEFT_BODY] = "their value is in the service's database (weir outbox ls, weir outbox requeue)",
        [WR_LEFT_TOO_LARGE] = "larger than the topic takes",
        [WR_LEFT_OTHER_RUN] = "another run is putting them back",
    };
    return texts[why];
}

bool wr_redrive_crash(const run *run, const char *where)
{
    return run->options->crash && run->options->crash(run->options->user, where);
}

weir_err wr_redrive_crashed(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_BROKEN, "crash asked for");
}

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for dead letters");
}

/* ---- targets */

static weir_err describe(run *run, target *to, weir_failure *failure)
{
    const wr_scan *scan = &run->options->scan;
    wr_cluster_info info;
    weir_failure own = {0};
    weir_err err = wr_admin_describe(scan->client, to->topic, true, scan->timeout_ms, run->targets_memory, &info, &own);
    if (err == WEIR_E_NOT_FOUND)
        return WEIR_OK;
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%s", own.sentence);
    const wr_topic_info *topic = &info.topics[0];
    to->ends = weir_arena_array(run->targets_memory, topic->partition_count + 1, sizeof *to->ends);
    if (!to->ends)
        return no_memory(failure);
    to->exists = topic->partition_count > 0 && topic->partition_count <= WR_MARK_ENDS_MAX;
    for (size_t p = 0; to->exists && p < topic->partition_count; p++)
        to->ends[to->end_count++] = (wr_mark_end){topic->partitions[p].partition, topic->partitions[p].end_offset};
    return WEIR_OK;
}

/* Who may not look at the configuration goes without: the broker says what it does not take. */
static void look_at_config(run *run, target *to)
{
    const wr_config_info *configs;
    size_t count = 0;
    const wr_scan *scan = &run->options->scan;
    to->size_max = WR_WRITTEN_SIZE_MAX;
    if (wr_admin_topic_config(scan->client, to->topic, scan->timeout_ms, run->targets_memory, &configs, &count, NULL) !=
        WEIR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        int64_t size;
        if (!configs[i].value)
            continue;
        if (strcmp(configs[i].name, "cleanup.policy") == 0)
            to->is_compacted = strstr(configs[i].value, "compact") != NULL;
        if (strcmp(configs[i].name, "max.message.bytes") == 0 &&
            wr_number_parse(configs[i].value, 0, INT64_MAX, &size) == WEIR_OK && (size_t)size < to->size_max)
            to->size_max = (size_t)size;
    }
}

weir_err wr_redrive_target_get(run *run, const char *topic, const char *id_end, target **ret_target,
                               weir_failure *failure)
{
    char name[WR_TOPIC_NAME_SIZE + WR_RUN_SIZE];
    snprintf(name, sizeof name, "%s/%s", topic, id_end);
    target *found = wr_map_find_text(run->targets, name);
    if (!found) {
        found = weir_arena_alloc(run->targets_memory, sizeof *found);
        if (!found)
            return no_memory(failure);
        snprintf(found->topic, sizeof found->topic, "%s", topic);
        snprintf(found->run, sizeof found->run, "%s", id_end);
        found->in_result = WR_REDRIVE_TARGETS_MAX;
        weir_err err = describe(run, found, failure);
        if (err != WEIR_OK)
            return err;
        if (found->exists)
            look_at_config(run, found);
        if (wr_map_add_text(run->targets, name, found) != WEIR_OK)
            return weir_fail(failure, WEIR_E_LIMIT, "dead letters for more than %d topics", WR_REDRIVE_TARGETS_MAX);
    }
    *ret_target = found;
    return WEIR_OK;
}

/* ---- choosing */

static void leave(run *run, wr_left why, const wr_letter_item *item)
{
    wr_redrive_result *result = run->result;
    if (result->left[why]++ == 0)
        snprintf(result->example[why], sizeof result->example[why], "%s/%d@%lld", item->record.topic,
                 item->record.partition, (long long)item->record.offset);
}

static uint64_t key_of(const wr_letter_item *item)
{
    const weir_slice *key = &item->record.key;
    uint64_t hash = key->data ? wr_hash64(key->data, key->size, 0) : 0;
    return key->data && hash == 0 ? 1 : hash;
}

/* An open one that is left, in front of others of its key. */
static weir_err note_left(run *run, const wr_letter_item *item, weir_failure *failure)
{
    static char any;
    uint64_t key = key_of(item);
    bool is_open = item->state == WR_LETTER_OPEN || item->state == WR_LETTER_SENDING;
    if (!is_open || key == 0 || wr_map_count(run->left_keys) >= KEYS_MAX)
        return WEIR_OK;
    weir_err err = wr_map_add_i64(run->left_keys, (int64_t)key, &any);
    return err == WEIR_OK || err == WEIR_E_EXISTS ? WEIR_OK : no_memory(failure);
}

/* WR_LEFT_COUNT: it is not left. */
static wr_left why_left(const run *run, const wr_letter_item *item)
{
    const wr_redrive_options *options = run->options;
    if (!options->again && (item->state == WR_LETTER_REDRIVEN || item->state == WR_LETTER_DROPPED))
        return WR_LEFT_HANDLED;
    if (!options->again && item->state == WR_LETTER_SENDING)
        return WR_LEFT_IN_DOUBT;
    if (item->letter.body)
        return WR_LEFT_BODY;
    int64_t max = options->redrives_max ? options->redrives_max : WR_REDRIVES_MAX;
    return !options->force && item->letter.redrives >= max ? WR_LEFT_TOO_OFTEN : WR_LEFT_COUNT;
}

static wr_left find_topic(const run *run, const wr_letter_item *item, char ret_topic[WR_TOPIC_NAME_SIZE])
{
    const wr_redrive_options *options = run->options;
    const char *group = item->letter.group, *topic = options->topic ? options->topic : item->letter.topic;
    if (!options->for_everyone && (!group || !*group))
        return WR_LEFT_NO_GROUP;
    if (!options->for_everyone && !options->topic)
        return wr_redrive_topic_of(group, ret_topic) ? WR_LEFT_COUNT : WR_LEFT_NO_TOPIC;
    if (!topic || !wr_topic_name_valid(topic))
        return WR_LEFT_NO_GROUP;
    snprintf(ret_topic, WR_TOPIC_NAME_SIZE, "%s", topic);
    return WR_LEFT_COUNT;
}

/* ---- the event as it is put back */

typedef struct headers {
    weir_arena *arena;
    wr_client_header *items;
    size_t count;
    bool failed;
} headers;

static void add(headers *to, const char *name, const char *text)
{
    to->failed = to->failed || !text;
    if (text)
        to->items[to->count++] = (wr_client_header){name, weir_slice_of(text)};
}

static void add_number(headers *to, const char *name, int64_t number)
{
    if (number >= 0)
        add(to, name, weir_arena_printf(to->arena, "%lld", (long long)number));
}

static void add_time(headers *to, const char *name, int64_t time_ms)
{
    char text[WR_TIME_TEXT_SIZE];
    wr_time_print(time_ms, text);
    add(to, name, weir_arena_dup_text(to->arena, weir_slice_of(text)));
}

static void copy_own(headers *to, const wr_letter_item *item)
{
    const wr_client_record *record = &item->record;
    for (size_t i = 0; i < record->header_count; i++) {
        wr_letter_part part = wr_letter_part_of(record->headers[i].name);
        if (part != WR_LETTER_OTHER && part != WR_LETTER_ORIGINAL)
            continue;
        wr_client_header *kept = &to->items[to->count++];
        kept->name = weir_arena_dup_text(to->arena, weir_slice_of(record->headers[i].name));
        kept->value =
            record->headers[i].value.data ? weir_arena_dup(to->arena, record->headers[i].value) : (weir_slice){0};
        to->failed = to->failed || !kept->name || !kept->value.data != !record->headers[i].value.data;
    }
}

static bool has(const wr_letter_item *item, const char *name)
{
    return wr_event_header_find(item->record.headers, item->record.header_count, name) != NULL;
}

static void add_original(headers *to, const wr_letter_item *item)
{
    const wr_letter *letter = &item->letter;
    if (has(item, "weir-dlq-original-topic") || !letter->topic)
        return;
    add(to, "weir-dlq-original-topic", weir_arena_dup_text(to->arena, weir_slice_of(letter->topic)));
    add_number(to, "weir-dlq-original-partition", letter->partition);
    add_number(to, "weir-dlq-original-offset", letter->offset);
    add_number(to, "weir-dlq-original-timestamp", letter->timestamp_ms);
}

/* The value before its first change: one that was changed before, and came back, has it already. */
static void add_edit(headers *to, const wr_letter_item *item)
{
    if (!item->is_edited)
        return;
    add_time(to, "weir-edit-at", item->edited_ms);
    if (has(item, "weir-edit-original") || !item->original.data || item->original.size > EDIT_ORIGINAL_MAX)
        return;
    weir_slice copy = weir_arena_dup(to->arena, item->original);
    to->items[to->count++] = (wr_client_header){"weir-edit-original", copy};
    to->failed = to->failed || !copy.data;
}

static weir_slice dup(headers *to, weir_slice bytes)
{
    weir_slice copy = bytes.data ? weir_arena_dup(to->arena, bytes) : bytes;
    to->failed = to->failed || (bytes.data && !copy.data);
    return copy;
}

static weir_err make_record(run *run, const wr_letter_item *item, target *target, wr_client_record *ret_record,
                            weir_failure *failure)
{
    const wr_letter *letter = &item->letter;
    const wr_client_record *record = &item->record;
    headers to = {run->letters,
                  weir_arena_array(run->letters, record->header_count + OWN_HEADERS, sizeof(wr_client_header)), 0,
                  false};
    if (!to.items)
        return no_memory(failure);
    copy_own(&to, item);
    add_original(&to, item);
    add_edit(&to, item);
    add(&to, "weir-redrive-id",
        wr_redrive_id_print(run->letters, record->topic, record->partition, record->offset, record->timestamp_ms,
                            target->run));
    if (!run->options->for_everyone)
        add(&to, "weir-redrive-group", weir_arena_dup_text(run->letters, weir_slice_of(letter->group)));
    add_number(&to, "weir-redrive-count", letter->redrives + 1);
    add_time(&to, "weir-redrive-at", wr_now_ms(run->options->scan.io));
    *ret_record = (wr_client_record){.topic = target->topic,
                                     .partition = -1,
                                     .key = dup(&to, record->key),
                                     .value = dup(&to, record->value),
                                     .headers = to.items,
                                     .header_count = to.count};
    return to.failed ? no_memory(failure) : WEIR_OK;
}

/* ---- the walk */

static weir_err count_target(run *run, target *target, weir_failure *failure)
{
    wr_redrive_result *result = run->result;
    if (target->in_result == WR_REDRIVE_TARGETS_MAX) {
        if (result->target_count == WR_REDRIVE_TARGETS_MAX)
            return weir_fail(failure, WEIR_E_LIMIT, "dead letters for more than %d topics", WR_REDRIVE_TARGETS_MAX);
        target->in_result = result->target_count++;
        snprintf(result->targets[target->in_result].topic, sizeof result->targets[0].topic, "%s", target->topic);
    }
    result->targets[target->in_result].count++;
    return WEIR_OK;
}

static weir_err take(run *run, const wr_letter_item *item, target *target, weir_failure *failure)
{
    sent_letter *letter = &run->batch[run->batch_count];
    *letter = (sent_letter){
        .partition = item->record.partition, .offset = item->record.offset, .target = target, .key = key_of(item)};
    weir_err err = make_record(run, item, target, &letter->record, failure);
    if (err == WEIR_OK && item->state == WR_LETTER_SENDING) {
        letter->doubt_by = weir_arena_dup_text(run->letters, weir_slice_of(item->by));
        err = letter->doubt_by ? WEIR_OK : no_memory(failure);
    }
    if (err != WEIR_OK)
        return err;
    if (wr_record_size(&letter->record) > target->size_max) {
        leave(run, WR_LEFT_TOO_LARGE, item);
        return note_left(run, item, failure);
    }
    err = count_target(run, target, failure);
    if (err != WEIR_OK)
        return err;
    run->result->chosen++;
    run->result->overtaken += letter->key && wr_map_find_i64(run->left_keys, (int64_t)letter->key);
    if (run->options->dry_run)
        weir_arena_reset(run->letters);
    else
        run->batch_count++;
    bool is_full = run->batch_count == run->batch_max || weir_arena_used(run->letters) >= LETTERS_SIZE_MAX;
    if (run->batch_count && is_full)
        err = wr_redrive_flush(run, failure);
    bool has_all = run->options->limit > 0 && run->result->chosen >= run->options->limit;
    return err == WEIR_OK && has_all ? ENOUGH : err;
}

/* Whether the letter is chosen; else it is counted as left. */
static weir_err choose(run *run, const wr_letter_item *item, wr_left (*why)(const struct run *, const wr_letter_item *),
                       bool *ret_is_chosen, weir_failure *failure)
{
    bool matches = false;
    *ret_is_chosen = false;
    weir_arena_reset(run->scratch);
    if (wr_where_matches(run->options->where, item, run->scratch, &matches) != WEIR_OK)
        return no_memory(failure);
    wr_left left = matches ? why(run, item) : WR_LEFT_NOT_CHOSEN;
    *ret_is_chosen = left == WR_LEFT_COUNT;
    if (*ret_is_chosen)
        return WEIR_OK;
    leave(run, left, item);
    return note_left(run, item, failure);
}

/* What is in doubt keeps its id: if it was put back, a service of weir knows it by that. */
static const char *id_end(const run *run, const wr_letter_item *item)
{
    return run->again[0] && item->state != WR_LETTER_SENDING ? run->again : item->run;
}

static weir_err see_for_redrive(void *user, const wr_letter_item *item, weir_failure *failure)
{
    run *run = user;
    bool is_chosen;
    char topic[WR_TOPIC_NAME_SIZE];
    target *target = NULL;
    weir_err err = choose(run, item, why_left, &is_chosen, failure);
    if (err != WEIR_OK || !is_chosen)
        return err;
    wr_left left = find_topic(run, item, topic);
    if (left == WR_LEFT_COUNT)
        err = wr_redrive_target_get(run, topic, id_end(run, item), &target, failure);
    if (err != WEIR_OK)
        return err;
    if (left == WR_LEFT_COUNT && !target->exists) {
        left = WR_LEFT_NO_TOPIC;
        if (run->result->left[left] == 0)
            snprintf(run->result->missing, sizeof run->result->missing, "%s", topic);
    }
    if (left == WR_LEFT_COUNT && target->is_compacted && !run->options->force)
        left = WR_LEFT_COMPACTED;
    if (left == WR_LEFT_COUNT)
        return take(run, item, target, failure);
    leave(run, left, item);
    return note_left(run, item, failure);
}

/* ---- runs */

static void fini(run *run)
{
    wr_writer_free(run->writer); /* first: what is under way refers to the batch */
    const target *of;
    for (size_t at = 0; run->targets && (of = wr_map_next(run->targets, &at, NULL));) {
        wr_pending redriven = of->redriven, chosen = of->chosen;
        wr_pending_fini(&redriven);
        wr_pending_fini(&chosen);
    }
    wr_map_free(run->targets);
    wr_map_free(run->left_keys);
    weir_arena_free(run->letters);
    weir_arena_free(run->scratch);
    weir_arena_free(run->targets_memory);
    free(run->batch);
    wr_book_close(run->book);
}

static void name_process(run *run)
{
    wr_io *io = run->options->scan.io;
    uint8_t random[10];
    wr_random(io, random, sizeof random);
    wr_uuid uuid = wr_uuid_v7(wr_now_ms(io), random);
    char text[WR_UUID_TEXT_SIZE];
    wr_uuid_print(&uuid, text);
    snprintf(run->by, sizeof run->by, "%s", text);
}

static weir_err init(run *run, const wr_redrive_options *options, const char *topic, wr_redrive_result *result,
                     weir_failure *failure)
{
    const wr_scan *scan = &options->scan;
    *run = (struct run){.options = options, .result = result};
    run->batch_max = options->batch_max ? options->batch_max : WR_REDRIVE_BATCH_MAX;
    if (options->rate > 0 && (int64_t)run->batch_max > options->rate) /* no batch takes longer than a second */
        run->batch_max = (size_t)options->rate;
    run->targets = wr_map_new(WR_REDRIVE_TARGETS_MAX, wr_random_u64(scan->io));
    run->left_keys = wr_map_new(KEYS_MAX, wr_random_u64(scan->io));
    run->letters = weir_arena_new(ARENA_MAX);
    run->scratch = weir_arena_new(ARENA_MAX);
    run->targets_memory = weir_arena_new(TARGETS_SIZE_MAX);
    run->batch = calloc(run->batch_max, sizeof *run->batch);
    run->due_us = wr_mono_us(scan->io);
    name_process(run);
    if (options->again)
        snprintf(run->again, sizeof run->again, "again-%lld", (long long)(wr_now_ms(scan->io) % 1000000000000000));
    if (!run->targets || !run->left_keys || !run->letters || !run->scratch || !run->targets_memory || !run->batch)
        return no_memory(failure);
    weir_err err = wr_book_open(scan, topic, &run->book, failure);
    if (err == WEIR_OK && wr_book_strange_count(run->book) && !options->force)
        err = weir_fail(failure, WEIR_E_UNSUPPORTED,
                        "%.100s has %zu notes on what was done that this weir does not understand: a later weir's; use "
                        "that one (--force passes them over)",
                        topic, wr_book_strange_count(run->book));
    if (err == WEIR_OK && !options->dry_run)
        err = wr_writer_new(scan, &run->writer, failure);
    return err;
}

weir_err wr_redrive_run(const wr_redrive_options *options, const char *topic, wr_redrive_result *ret_result,
                        weir_failure *failure)
{
    run run;
    *ret_result = (wr_redrive_result){0};
    weir_err err = init(&run, options, topic, ret_result, failure);
    if (err == WEIR_OK)
        err = wr_redrive_settle(&run, failure);
    if (err == WEIR_OK)
        err = wr_book_each(run.book, &options->part, see_for_redrive, &run, failure);
    if ((err == WEIR_OK || err == ENOUGH) && !options->dry_run)
        err = wr_redrive_flush(&run, failure);
    if (err == ENOUGH)
        err = WEIR_OK;
    if (!options->dry_run && (err == WEIR_OK || err == WEIR_E_CLOSED)) {
        weir_err finished = wr_redrive_finish(&run, failure);
        err = finished == WEIR_OK ? err : finished;
    }
    fini(&run);
    return err;
}

/* ---- dropping */

typedef struct dropping {
    run *run;
    wr_mark mark;
    wr_pending chosen;
} dropping;

static wr_left why_not_dropped(const run *run, const wr_letter_item *item)
{
    (void)run;
    bool is_handled = item->state == WR_LETTER_REDRIVEN || item->state == WR_LETTER_DROPPED;
    return is_handled ? WR_LEFT_HANDLED : WR_LEFT_COUNT;
}

static weir_err write_dropped(dropping *dropping, weir_failure *failure)
{
    run *run = dropping->run;
    int64_t count = (int64_t)dropping->chosen.count;
    weir_err err = wr_writer_mark(run->writer, &dropping->mark, wr_book_topic(run->book), &dropping->chosen, failure);
    if (err == WEIR_OK)
        err = wr_writer_wait(run->writer, failure);
    if (err == WEIR_OK)
        run->result->sent += count;
    return err;
}

static weir_err see_for_drop(void *user, const wr_letter_item *item, weir_failure *failure)
{
    dropping *dropping = user;
    run *run = dropping->run;
    bool is_chosen;
    weir_err err = choose(run, item, why_not_dropped, &is_chosen, failure);
    if (err != WEIR_OK || !is_chosen)
        return err;
    run->result->chosen++;
    if (!run->options->dry_run &&
        wr_pending_add(&dropping->chosen, item->record.partition, item->record.offset) != WEIR_OK)
        return no_memory(failure);
    if (dropping->chosen.count == run->batch_max)
        err = write_dropped(dropping, failure);
    bool has_all = run->options->limit > 0 && run->result->chosen >= run->options->limit;
    return err == WEIR_OK && has_all ? ENOUGH : err;
}

weir_err wr_drop_run(const wr_redrive_options *options, const char *topic, const char *reason,
                     wr_redrive_result *ret_result, weir_failure *failure)
{
    run run;
    *ret_result = (wr_redrive_result){0};
    dropping dropping = {.run = &run, .mark = {.kind = WR_MARK_DROPPED, .reason = reason}};
    weir_err err = init(&run, options, topic, ret_result, failure);
    if (err == WEIR_OK)
        err = wr_book_each(run.book, &options->part, see_for_drop, &dropping, failure);
    if ((err == WEIR_OK || err == ENOUGH) && dropping.chosen.count)
        err = write_dropped(&dropping, failure);
    fini(&run);
    wr_pending_fini(&dropping.chosen);
    return err == ENOUGH ? WEIR_OK : err;
}
