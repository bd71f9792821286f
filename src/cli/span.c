/* Which offsets `weir consume` reads: start, end, N, -N, @TIME. */
#include <cli/consume_int.h>

#include <errno.h>
#include <stdlib.h>

typedef struct bound {
    enum { PLACE_START, PLACE_END, PLACE_OFFSET, PLACE_BACK, PLACE_TIME, PLACE_FOREVER } kind;
    int64_t number; /* an offset, how many back, or Unix milliseconds */
} bound;

static bool parse_number(const char *text, int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return false;
    *ret_number = number;
    return true;
}

static int parse_place(wr_cli *cli, const char *option, const char *text, bound *ret_place)
{
    bound found = {0};
    bool ok = true;
    if (strcmp(text, "start") == 0) {
        found.kind = PLACE_START;
    } else if (strcmp(text, "end") == 0) {
        found.kind = PLACE_END;
    } else if (text[0] == '@') {
        found.kind = PLACE_TIME;
        ok = parse_number(text + 1, &found.number) || wr_time_parse(text + 1, &found.number) == WEIR_OK;
    } else {
        ok = parse_number(text, &found.number) && found.number != INT64_MIN;
        found.kind = text[0] == '-' ? PLACE_BACK : PLACE_OFFSET;
        found.number = ok && found.number < 0 ? -found.number : found.number;
    }
    if (!ok)
        return wr_cli_usage(cli, "--%s takes start, end, N, -N or @TIME, not '%s'", option, text);
    *ret_place = found;
    return WR_EXIT_OK;
}

static weir_err resolve(const wr_kafka *kafka, const bound *place, const char *topic,
                        const wr_partition_info *partition, int64_t *ret_offset, weir_failure *failure)
{
    int64_t offset = 0;
    switch (place->kind) {
    case PLACE_START:
        offset = partition->start_offset;
        break;
    case PLACE_END:
        offset = partition->end_offset;
        break;
    case PLACE_OFFSET:
        offset = place->number;
        break;
    case PLACE_BACK:
        offset = partition->end_offset - place->number;
        break;
    case PLACE_FOREVER:
        *ret_offset = INT64_MAX;
        return WEIR_OK;
    case PLACE_TIME: {
        weir_err err = wr_admin_offset_at(kafka->client, topic, partition->partition, place->number, kafka->timeout_ms,
                                          &offset, failure);
        if (err != WEIR_OK)
            return err;
        break;
    }
    }
    if (offset < partition->start_offset)
        offset = partition->start_offset;
    *ret_offset = offset < partition->end_offset ? offset : partition->end_offset;
    return WEIR_OK;
}

typedef struct request {
    bound from, to;
    int64_t only; /* partition, or -1 */
} request;

static int add_topic(wr_cli *cli, wr_kafka *kafka, const request *wish, const char *name, wr_span_list *list,
                     size_t *capacity)
{
    wr_cluster_info info = {0};
    weir_failure failure = {0};
    weir_err err = wr_admin_describe(kafka->client, name, true, kafka->timeout_ms, cli->arena, &info, &failure);
    if (err == WEIR_E_NOT_FOUND)
        return wr_cli_fail(cli, err, "there is no topic '%s'; 'weir topic ls' shows those there are", name);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    const wr_topic_info *topic = &info.topics[0];
    if (wish->only >= (int64_t)topic->partition_count)
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "topic '%s' has partitions 0 to %zu", name,
                           topic->partition_count - 1);
    wr_span *spans = weir_arena_array(cli->arena, *capacity + topic->partition_count, sizeof *spans);
    if (!spans)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    if (list->count > 0)
        memcpy(spans, list->spans, list->count * sizeof *spans);
    list->spans = spans;
    *capacity += topic->partition_count;
    for (size_t p = 0; p < topic->partition_count; p++) {
        const wr_partition_info *partition = &topic->partitions[p];
        if (wish->only >= 0 && partition->partition != wish->only)
            continue;
        wr_span span = {.topic = topic->name, .partition = partition->partition};
        err = resolve(kafka, &wish->from, name, partition, &span.start, &failure);
        if (err == WEIR_OK)
            err = resolve(kafka, &wish->to, name, partition, &span.end, &failure);
        if (err != WEIR_OK)
            return wr_cli_failure(cli, &failure);
        span.done = span.start >= span.end;
        list->open_count += !span.done;
        list->spans[list->count++] = span;
    }
    return WR_EXIT_OK;
}

int wr_spans_find(wr_cli *cli, wr_kafka *kafka, bool follow, wr_span_list *ret_list)
{
    request wish = {.to = {.kind = follow ? PLACE_FOREVER : PLACE_END}, .only = -1};
    int status = parse_place(cli, "offset", wr_cli_text(cli, "offset"), &wish.from);
    if (status == WR_EXIT_OK && wr_cli_on(cli, "to"))
        status = parse_place(cli, "to", wr_cli_text(cli, "to"), &wish.to);
    if (status != WR_EXIT_OK)
        return status;
    if (wr_cli_on(cli, "tail")) {
        wish.from.kind = PLACE_BACK;
        if (wr_cli_int(cli, "tail", 0, INT64_MAX, &wish.from.number) != WEIR_OK)
            return WR_EXIT_USAGE;
    }
    if (wr_cli_on(cli, "partition") && wr_cli_int(cli, "partition", 0, INT32_MAX, &wish.only) != WEIR_OK)
        return WR_EXIT_USAGE;

    wr_span_list list = {0};
    size_t capacity = 0;
    for (int i = 0; i < cli->operand_count && status == WR_EXIT_OK; i++)
        status = add_topic(cli, kafka, &wish, cli->operands[i], &list, &capacity);
    if (status == WR_EXIT_OK)
        *ret_list = list;
    return status;
}

wr_span *wr_span_find(const wr_span_list *list, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->spans[i].partition == partition && strcmp(list->spans[i].topic, topic) == 0)
            return &list->spans[i];
    return NULL;
}

void wr_span_done(wr_span_list *list, wr_span *span, bool keep_open)
{
    if (span->done || (keep_open && span->end == INT64_MAX))
        return;
    span->done = true;
    list->open_count--;
}
