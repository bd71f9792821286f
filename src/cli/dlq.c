/* Which letters a command is about (dlq.h), and a letter as JSON. */
#include <cli/dlq.h>

#include <base/utf8.h>
#include <cli/json_record.h>
#include <event/json_text.h>

#include <string.h>

/* ---- which */

/* As services of weir, Spring for Apache Kafka and those who name by hand call them. */
bool wr_dlq_topic_is(const char *topic)
{
    static const char *const endings[] = {".dlq", "-dlq", ".dlt", "-dlt", ".DLQ", "-DLQ", ".DLT", "-DLT", ".dead"};
    size_t size = strlen(topic);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending_size = strlen(endings[i]);
        if (size > ending_size && strcmp(topic + size - ending_size, endings[i]) == 0)
            return true;
    }
    return false;
}

static size_t find_topic(const wr_dlq *dlq, const char *topic)
{
    size_t at = 0;
    while (at < dlq->topic_count && strcmp(dlq->topics[at], topic) != 0)
        at++;
    return at;
}

static void add_topic(wr_dlq *dlq, const char *topic, bool is_whole)
{
    size_t at = find_topic(dlq, topic);
    if (at == dlq->topic_count)
        dlq->topics[dlq->topic_count++] = topic;
    dlq->is_whole[at] |= is_whole;
}

static int make_room(wr_dlq *dlq, size_t topic_count)
{
    dlq->topics = weir_arena_array(dlq->cli->arena, topic_count + 1, sizeof *dlq->topics);
    dlq->is_whole = weir_arena_array(dlq->cli->arena, topic_count + 1, sizeof *dlq->is_whole);
    return dlq->topics && dlq->is_whole ? WR_EXIT_OK : wr_cli_fail(dlq->cli, WEIR_E_MEMORY, "out of memory");
}

static int read_operands(wr_dlq *dlq)
{
    wr_cli *cli = dlq->cli;
    int status = make_room(dlq, (size_t)cli->operand_count);
    dlq->letters = weir_arena_array(cli->arena, (size_t)cli->operand_count + 1, sizeof *dlq->letters);
    if (!dlq->letters)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    for (int i = 0; i < cli->operand_count && status == WR_EXIT_OK; i++) {
        const char *text = cli->operands[i];
        if (!strchr(text, '/')) { /* which no topic's name has */
            add_topic(dlq, text, true);
            continue;
        }
        wr_letter_name *name = &dlq->letters[dlq->letter_count];
        if (wr_letter_name_parse(text, name) != WEIR_OK)
            return wr_cli_usage(cli, "'%s' names no letter; one is TOPIC/PARTITION@OFFSET, see: weir dlq ls --letters",
                                text);
        dlq->letter_count++;
        add_topic(dlq, name->topic, false);
    }
    return status;
}

static int read_where(wr_dlq *dlq)
{
    weir_failure failure = {0};
    int at = 0;
    bool has_where = wr_option_find(dlq->cli->command, WEIR_SLICE("where"), 0, &at) != NULL;
    const char *text = has_where ? wr_cli_text(dlq->cli, "where") : NULL;
    if (!text)
        return WR_EXIT_OK;
    weir_err err = wr_where_parse(text, wr_now_ms(dlq->cli->io), dlq->cli->arena, &dlq->where, &failure);
    if (err == WEIR_OK)
        return WR_EXIT_OK;
    return wr_cli_usage(dlq->cli, "--where: %s; see: weir dlq fields", failure.sentence);
}

/* All whose names are those of dead letter topics. */
static int find_topics(wr_dlq *dlq)
{
    wr_cluster_info info;
    weir_failure failure = {0};
    weir_err err =
        wr_admin_describe(dlq->kafka.client, NULL, false, dlq->kafka.timeout_ms, dlq->cli->arena, &info, &failure);
    if (err != WEIR_OK)
        return wr_cli_failure(dlq->cli, &failure);
    int status = make_room(dlq, info.topic_count);
    for (size_t i = 0; i < info.topic_count && status == WR_EXIT_OK; i++)
        if (wr_dlq_topic_is(info.topics[i].name))
            add_topic(dlq, info.topics[i].name, true);
    return status;
}

static bool is_stopped(void *user)
{
    return wr_stop_asked(user);
}

int wr_dlq_open(wr_cli *cli, wr_dlq *ret_dlq)
{
    *ret_dlq = (wr_dlq){.cli = cli};
    int status = read_where(ret_dlq);
    if (status == WR_EXIT_OK)
        status = read_operands(ret_dlq);
    if (status == WR_EXIT_OK)
        status = wr_cli_stop_new(cli, &ret_dlq->stop);
    if (status == WR_EXIT_OK)
        status = wr_kafka_open(cli, &ret_dlq->kafka);
    if (status == WR_EXIT_OK && cli->operand_count == 0)
        status = find_topics(ret_dlq);
    ret_dlq->scan = (wr_scan){.client = ret_dlq->kafka.client,
                              .io = cli->io,
                              .timeout_ms = ret_dlq->kafka.timeout_ms,
                              .stop = is_stopped,
                              .user = ret_dlq->stop};
    return status;
}

void wr_dlq_close(wr_dlq *dlq)
{
    if (dlq->kafka.client)
        wr_kafka_close(&dlq->kafka);
    wr_stop_free(dlq->stop);
}

wr_book_part wr_dlq_part(const wr_dlq *dlq, size_t topic)
{
    return dlq->is_whole[topic] ? (wr_book_part){0} : (wr_book_part){dlq->letters, dlq->letter_count};
}

int wr_dlq_fail(const wr_dlq *dlq, weir_err err, const weir_failure *failure)
{
    if (err == WEIR_E_CLOSED && wr_stop_asked(dlq->stop))
        return WR_EXIT_SIGNAL + wr_stop_signal(dlq->stop);
    if (err == WEIR_E_NOT_FOUND)
        return wr_cli_fail(dlq->cli, err, "%s; 'weir topic ls' shows those there are", failure->sentence);
    return wr_cli_failure(dlq->cli, failure);
}

/* ---- one letter */

/* What is no UTF-8 is shown with dots: a header may hold anything. */
static void print_text(wr_buf *out, const char *name, const char *text)
{
    wr_buf_printf(out, ",\"%s\":", name);
    if (!text) {
        wr_buf_text(out, "null");
        return;
    }
    wr_buf safe;
    wr_buf_init(&safe, strlen(text) + 1);
    bool is_text = wr_utf8_valid(weir_slice_of(text));
    for (const char *at = text; *at; at++)
        wr_buf_append(&safe, is_text || (*at & 0x80) == 0 ? at : ".", 1);
    if (wr_buf_failed(&safe))
        out->failed = true;
    else
        wr_json_text(out, wr_buf_view(&safe));
    wr_buf_fini(&safe);
}

static void print_number(wr_buf *out, const char *name, int64_t number)
{
    if (number < 0)
        wr_buf_printf(out, ",\"%s\":null", name);
    else
        wr_buf_printf(out, ",\"%s\":%lld", name, (long long)number);
}

static void print_time(wr_buf *out, const char *name, int64_t time_ms)
{
    char text[WR_TIME_TEXT_SIZE];
    if (time_ms > 0)
        wr_time_print(time_ms, text);
    print_text(out, name, time_ms > 0 ? text : NULL);
}

bool wr_dlq_print(const wr_letter_item *item, wr_buf *out)
{
    const wr_letter *letter = &item->letter;
    const wr_client_record *record = &item->record;
    wr_buf_printf(out, "{\"letter\":\"%s/%d@%lld\",\"state\":\"%s\",\"kind\":\"%s\"", record->topic, record->partition,
                  (long long)record->offset, wr_letter_state_name(item->state), wr_letter_kind_name(letter->kind));
    print_text(out, "reason", letter->reason);
    print_text(out, "error", letter->error);
    print_text(out, "handler", letter->handler);
    print_text(out, "group", letter->group);
    print_number(out, "attempts", letter->attempts);
    print_time(out, "failed", letter->failed_ms);
    print_number(out, "redrives", letter->redrives);
    print_text(out, "original_topic", letter->topic);
    print_number(out, "original_partition", letter->partition);
    print_number(out, "original_offset", letter->offset);
    print_time(out, "original_time", letter->timestamp_ms);
    if (letter->body)
        print_text(out, "body", letter->body);
    if (item->to)
        print_text(out, "to", item->to);
    if (item->dropped)
        print_text(out, "dropped", item->dropped);
    if (item->handled_ms > 0)
        print_time(out, "handled", item->handled_ms);
    if (item->is_edited) {
        print_text(out, "changes", item->changes ? item->changes : "");
        print_time(out, "changed", item->edited_ms);
        wr_client_record original = {.topic = record->topic,
                                     .partition = record->partition,
                                     .offset = record->offset,
                                     .timestamp_ms = record->timestamp_ms,
                                     .key = record->key,
                                     .value = item->original};
        wr_buf_text(out, ",\"original\":");
        wr_json_record_print(&original, out);
        if (!wr_buf_failed(out))
            out->size--; /* its line's end */
    }
    wr_buf_text(out, ",\"record\":");
    wr_json_record_print(record, out);
    if (!wr_buf_failed(out))
        out->size--;
    wr_buf_text(out, "}\n");
    return !wr_buf_failed(out);
}
