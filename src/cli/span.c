/* Which offsets `weir consume` reads of each partition. */
#include <cli/consume_int.h>
#include <cli/place.h>

typedef struct request {
    wr_place from, to;
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
        err = wr_place_offset(kafka, &wish->from, name, partition, &span.start, &failure);
        if (err == WEIR_OK)
            err = wr_place_offset(kafka, &wish->to, name, partition, &span.end, &failure);
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
    request wish = {.to = {.kind = follow ? WR_PLACE_NEVER : WR_PLACE_END}, .only = -1};
    int status = wr_cli_place(cli, "offset", &wish.from);
    if (status == WR_EXIT_OK && wr_cli_on(cli, "to"))
        status = wr_cli_place(cli, "to", &wish.to);
    if (status != WR_EXIT_OK)
        return status;
    if (wr_cli_on(cli, "tail"))
        wish.from = (wr_place){.kind = WR_PLACE_BACK, .number = wr_cli_number(cli, "tail")};
    if (wr_cli_on(cli, "partition"))
        wish.only = wr_cli_number(cli, "partition");

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
