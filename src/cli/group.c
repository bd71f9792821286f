/* weir group ls and weir group lag, and the rows that they share with weir group show. */
#include <cli/commands.h>
#include <cli/group_rows.h>
#include <cli/kafka.h>

#include <stdio.h>
#include <stdlib.h>

int wr_run_group_ls(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"GROUP", "group"},
        {"STATE", "state"},
        {"PROTOCOL", "protocol", .wide = true},
        {"COORDINATOR", "coordinator", .number = true, .wide = true},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    const wr_group_info *groups = NULL;
    size_t count = 0;
    weir_failure failure = {0};
    weir_err err = wr_admin_groups(kafka.client, kafka.timeout_ms, cli->arena, &groups, &count, &failure);
    wr_kafka_close(&kafka);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    for (size_t i = 0; i < count; i++)
        wr_output_row(&out, (const char *[]){groups[i].name, groups[i].state, groups[i].protocol,
                                             groups[i].coordinator < 0 ? NULL : wr_cell(cli, groups[i].coordinator)});
    return wr_output_end(&out);
}

/* ---- rows */
const wr_column wr_group_offset_columns[] = {
    {"GROUP", "group"},
    {"TOPIC", "topic"},
    {"PARTITION", "partition", .number = true},
    {"POSITION", "position", .number = true},
    {"END", "end_offset", .number = true},
    {"LAG", "lag", .number = true},
    {"MEMBER", "member", .wide = true},
    {0},
};

int64_t wr_group_add_offsets(wr_cli *cli, wr_output *out, const wr_group_info *group)
{
    int64_t lag = 0;
    for (size_t i = 0; i < group->offset_count; i++) {
        const wr_group_offset *at = &group->offsets[i];
        wr_output_row(out,
                      (const char *[]){group->name, at->topic, wr_cell(cli, at->partition),
                                       at->offset < 0 ? NULL : wr_cell(cli, at->offset), wr_cell(cli, at->end_offset),
                                       at->lag < 0 ? NULL : wr_cell(cli, at->lag), at->member});
        lag += at->lag > 0 ? at->lag : 0;
    }
    return lag;
}

const wr_column wr_group_topic_columns[] = {
    {"GROUP", "group"},
    {"TOPIC", "topic"},
    {"PARTITIONS", "partitions", .number = true},
    {"LAG", "lag", .number = true},
    {0},
};

/* One row a topic. Offsets are sorted by topic; a partition without a position adds nothing. */
int64_t wr_group_add_topics(wr_cli *cli, wr_output *out, const wr_group_info *group)
{
    int64_t total = 0;
    for (size_t i = 0, next; i < group->offset_count; i = next) {
        int64_t lag = 0;
        for (next = i; next < group->offset_count && strcmp(group->offsets[next].topic, group->offsets[i].topic) == 0;
             next++)
            lag += group->offsets[next].lag > 0 ? group->offsets[next].lag : 0;
        wr_output_row(out, (const char *[]){group->name, group->offsets[i].topic, wr_cell(cli, (int64_t)(next - i)),
                                            wr_cell(cli, lag)});
        total += lag;
    }
    return total;
}

int wr_group_fail(wr_cli *cli, const char *name, weir_err err, const weir_failure *failure)
{
    if (err == WEIR_E_NOT_FOUND)
        return wr_cli_fail(cli, err, "there is no group '%s'; 'weir group ls' shows those there are", name);
    return wr_cli_failure(cli, failure);
}

/* ---- lag */
static weir_err lag_names(wr_cli *cli, wr_kafka *kafka, const char ***ret_names, size_t *ret_count,
                          weir_failure *failure)
{
    if (cli->operand_count > 0) {
        *ret_names = cli->operands;
        *ret_count = (size_t)cli->operand_count;
        return WEIR_OK;
    }
    const wr_group_info *groups = NULL;
    size_t count = 0;
    weir_err err = wr_admin_groups(kafka->client, kafka->timeout_ms, cli->arena, &groups, &count, failure);
    if (err != WEIR_OK)
        return err;
    const char **names = weir_arena_array(cli->arena, count + 1, sizeof *names);
    if (!names)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        names[i] = groups[i].name;
    *ret_names = names;
    *ret_count = count;
    return WEIR_OK;
}

/* by_topic: for a screen that is looked at again and again, and that has few lines. */
static int print_lag(wr_cli *cli, wr_kafka *kafka, bool by_topic, int64_t *ret_lag)
{
    wr_output out;
    wr_output_begin(&out, cli, by_topic ? wr_group_topic_columns : wr_group_offset_columns);
    if (by_topic)
        out.height = (size_t)wr_terminal_height(WR_STDOUT) - 1;
    const char **names = NULL;
    size_t count = 0;
    weir_failure failure = {0};
    if (lag_names(cli, kafka, &names, &count, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    int64_t lag = 0;
    for (size_t i = 0; i < count; i++) {
        wr_group_info group = {0};
        weir_err err = wr_admin_group(kafka->client, names[i], kafka->timeout_ms, cli->arena, &group, &failure);
        if (err == WEIR_E_NOT_FOUND && cli->operand_count == 0)
            continue; /* it has gone since it was listed */
        if (err != WEIR_OK) {
            wr_output_free(&out);
            return wr_group_fail(cli, names[i], err, &failure);
        }
        lag += by_topic ? wr_group_add_topics(cli, &out, &group) : wr_group_add_offsets(cli, &out, &group);
    }
    *ret_lag = lag;
    return wr_output_end(&out);
}

/* Again every second, each round in an arena of its own. */
static int watch_lag(wr_cli *cli, wr_kafka *kafka, wr_stop *stop)
{
    enum { ROUND_SIZE = 64 << 20, EVERY_MS = 1000 };
    weir_arena *arena = cli->arena;
    int64_t lag;
    int status = WR_EXIT_OK;
    while (status == WR_EXIT_OK && !ferror(stdout)) {
        cli->arena = weir_arena_new(ROUND_SIZE);
        if (cli->terminal)
            fputs("\033[H\033[2J", stdout);
        bool by_topic = cli->terminal && wr_form_of(cli) == WR_FORM_TABLE;
        status = cli->arena ? print_lag(cli, kafka, by_topic, &lag) : WR_EXIT_FAILED;
        weir_arena_free(cli->arena);
        if (wr_stop_wait(stop, EVERY_MS))
            status = WR_EXIT_SIGNAL + wr_stop_signal(stop);
    }
    cli->arena = arena;
    return status;
}

int wr_run_group_lag(wr_cli *cli)
{
    int64_t limit = INT64_MAX, lag = 0;
    if (wr_cli_on(cli, "fail-above"))
        limit = wr_cli_number(cli, "fail-above");
    wr_kafka kafka;
    wr_stop *stop = NULL;
    bool watch = wr_cli_on(cli, "watch");
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    if (watch)
        status = wr_cli_stop_new(cli, &stop);
    if (status == WR_EXIT_OK)
        status = watch ? watch_lag(cli, &kafka, stop) : print_lag(cli, &kafka, false, &lag);
    wr_kafka_close(&kafka);
    wr_stop_free(stop);
    if (status == WR_EXIT_OK && lag > limit)
        return wr_cli_fail(cli, WEIR_E_REFUSED, "the lag is %lld, above %lld", (long long)lag, (long long)limit);
    return status;
}
