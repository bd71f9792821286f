/* weir topic … */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/kafka.h>
#include <cli/output.h>
#include <event/json_text.h>

#include <stdio.h>

enum { CONFIGS_MAX = 64 };

static int fail_absent(wr_cli *cli, const char *topic)
{
    return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "there is no topic '%s'; 'weir topic ls' shows those there are", topic);
}

int wr_run_topic_ls(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"TOPIC", "topic"},
        {"PARTITIONS", "partitions", .number = true},
        {"REPLICAS", "replicas", .number = true},
        {"RECORDS", "records", .number = true, .wide = true},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    bool counts = out.form != WR_FORM_TABLE && out.form != WR_FORM_NAME;
    wr_cluster_info info = {0};
    weir_failure failure = {0};
    weir_err err = wr_admin_describe(kafka.client, NULL, counts, kafka.timeout_ms, cli->arena, &info, &failure);
    if (err != WEIR_OK) {
        wr_kafka_close(&kafka);
        return wr_cli_failure(cli, &failure);
    }
    for (size_t t = 0; t < info.topic_count; t++) {
        const wr_topic_info *topic = &info.topics[t];
        if (topic->internal && !wr_cli_on(cli, "all"))
            continue;
        int64_t records = 0;
        for (size_t p = 0; p < topic->partition_count; p++)
            records += topic->partitions[p].end_offset - topic->partitions[p].start_offset;
        const wr_partition_info *first = topic->partition_count ? &topic->partitions[0] : NULL;
        wr_output_row(&out, (const char *[]){topic->name, wr_cell(cli, (int64_t)topic->partition_count),
                                             wr_cell(cli, first ? first->replica_count : 0),
                                             counts ? wr_cell(cli, records) : NULL});
    }
    wr_kafka_close(&kafka);
    return wr_output_end(&out);
}

/* A partition without a leader serves nothing: on one broker its log could not be opened, and the broker's log says why. */
static const char *state_of(const wr_partition_info *partition)
{
    return partition->leader >= 0 ? "ok" : "closed: damaged or not readable, see the broker's log";
}

static int print_partitions(wr_cli *cli, const wr_topic_info *topic)
{
    static const wr_column columns[] = {
        {"PARTITION", "partition", .number = true},
        {"LEADER", "leader", .number = true},
        {"REPLICAS", "replicas", .number = true, .wide = true},
        {"IN SYNC", "in_sync", .number = true, .wide = true},
        {"START", "start_offset", .number = true},
        {"END", "end_offset", .number = true},
        {"RECORDS", "records", .number = true},
        {"STATE", "state"},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    for (size_t p = 0; p < topic->partition_count; p++) {
        const wr_partition_info *partition = &topic->partitions[p];
        wr_output_row(&out, (const char *[]){wr_cell(cli, partition->partition), wr_cell(cli, partition->leader),
                                             wr_cell(cli, partition->replica_count), wr_cell(cli, partition->isr_count),
                                             wr_cell(cli, partition->start_offset), wr_cell(cli, partition->end_offset),
                                             wr_cell(cli, partition->end_offset - partition->start_offset),
                                             state_of(partition)});
    }
    return wr_output_end(&out);
}

static int print_configs(wr_cli *cli, const wr_config_info *configs, size_t count)
{
    static const wr_column columns[] = {
        {"CONFIGURATION", "name"},
        {"VALUE", "value"},
        {"SOURCE", "source"},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    for (size_t i = 0; i < count; i++)
        if (!configs[i].is_default || out.form != WR_FORM_TABLE)
            wr_output_row(&out, (const char *[]){configs[i].name, configs[i].sensitive ? NULL : configs[i].value,
                                                 configs[i].source});
    if (out.row_count == 0 && out.form == WR_FORM_TABLE)
        return WR_EXIT_OK;
    fputc('\n', stdout);
    return wr_output_end(&out);
}

/* One object for programs, two tables for people. */
static int print_object(wr_cli *cli, const wr_topic_info *topic, const wr_config_info *configs, size_t config_count)
{
    wr_buf out;
    wr_buf_init(&out, 64 << 20);
    wr_buf_text(&out, "{\"topic\": ");
    wr_json_text(&out, weir_slice_of(topic->name));
    wr_buf_text(&out, ", \"partitions\": [");
    for (size_t p = 0; p < topic->partition_count; p++) {
        const wr_partition_info *partition = &topic->partitions[p];
        wr_buf_printf(
            &out,
            "%s{\"partition\": %d, \"leader\": %d, \"replicas\": %d, \"in_sync\": %d, \"start_offset\": %lld, "
            "\"end_offset\": %lld, \"open\": %s}",
            p ? ", " : "", partition->partition, partition->leader, partition->replica_count, partition->isr_count,
            (long long)partition->start_offset, (long long)partition->end_offset,
            partition->leader >= 0 ? "true" : "false");
    }
    wr_buf_text(&out, "], \"configuration\": {");
    for (size_t i = 0; i < config_count; i++) {
        wr_buf_text(&out, i ? ", " : "");
        wr_json_text(&out, weir_slice_of(configs[i].name));
        wr_buf_text(&out, ": ");
        if (configs[i].value && !configs[i].sensitive)
            wr_json_text(&out, weir_slice_of(configs[i].value));
        else
            wr_buf_text(&out, "null");
    }
    wr_buf_text(&out, "}}\n");
    wr_output_object(cli, wr_form_of(cli), wr_buf_view(&out));
    wr_buf_fini(&out);
    return WR_EXIT_OK;
}

int wr_run_topic_show(wr_cli *cli)
{
    wr_form form = wr_form_of(cli);
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    const char *name = cli->operands[0];
    weir_failure failure = {0};
    wr_cluster_info info = {0};
    const wr_config_info *configs = NULL;
    size_t config_count = 0;
    weir_err err = wr_admin_describe(kafka.client, name, true, kafka.timeout_ms, cli->arena, &info, &failure);
    if (err == WEIR_OK)
        err =
            wr_admin_topic_config(kafka.client, name, kafka.timeout_ms, cli->arena, &configs, &config_count, &failure);
    wr_kafka_close(&kafka);
    if (err == WEIR_E_NOT_FOUND)
        return fail_absent(cli, name);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    if (form == WR_FORM_JSON || form == WR_FORM_YAML)
        return print_object(cli, &info.topics[0], configs, config_count);
    if (form == WR_FORM_NAME)
        return wr_output_name(cli, name);
    status = print_partitions(cli, &info.topics[0]);
    return status == WR_EXIT_OK ? print_configs(cli, configs, config_count) : status;
}

/* ---- create */
int wr_run_topic_create(wr_cli *cli)
{
    wr_client_header pairs[CONFIGS_MAX];
    weir_attribute configs[CONFIGS_MAX];
    size_t config_count = 0;
    if (wr_cli_pairs(cli, "set", pairs, CONFIGS_MAX, &config_count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < config_count; i++) {
        configs[i] = (weir_attribute){pairs[i].name, weir_arena_dup_text(cli->arena, pairs[i].value)};
        if (!configs[i].value)
            return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    }
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    int done = 0;
    for (int i = 0; i < cli->operand_count; i++) {
        weir_failure failure = {0};
        weir_err err = wr_admin_create_topic(kafka.client, cli->operands[i], (int32_t)wr_cli_number(cli, "partitions"),
                                             (int16_t)wr_cli_number(cli, "replication"), configs, config_count,
                                             kafka.timeout_ms, &failure);
        if (err == WEIR_OK || (err == WEIR_E_EXISTS && wr_cli_on(cli, "if-absent")))
            done++;
        else if (err == WEIR_E_EXISTS)
            status =
                wr_cli_fail(cli, err, "there is a topic '%s' already; --if-absent makes that fine", cli->operands[i]);
        else
            status = wr_cli_failure(cli, &failure);
    }
    wr_kafka_close(&kafka);
    return done > 0 && status != WR_EXIT_OK ? WR_EXIT_PARTIAL : status;
}

/* ---- rm */

/* Of the topics that were named, those that there are, in front; the others are said. How many there are. */
static int find_named(wr_cli *cli, const wr_kafka *kafka, const char **ret_names, int *ret_status)
{
    int count = 0;
    for (int i = 0; i < cli->operand_count; i++) {
        wr_cluster_info info;
        weir_failure failure = {0};
        weir_err err =
            wr_admin_describe(kafka->client, cli->operands[i], false, kafka->timeout_ms, cli->arena, &info, &failure);
        if (err == WEIR_OK)
            ret_names[count++] = cli->operands[i];
        else
            *ret_status = err == WEIR_E_NOT_FOUND ? fail_absent(cli, cli->operands[i]) : wr_cli_failure(cli, &failure);
    }
    return count;
}

static int confirm(wr_cli *cli, const char *const *names, int count, bool *ret_done)
{
    fprintf(stderr, "This deletes %d topic%s and all records in %s:", count, count == 1 ? "" : "s",
            count == 1 ? "it" : "them");
    for (int i = 0; i < count; i++)
        fprintf(stderr, " %s", names[i]);
    fputc('\n', stderr);
    return wr_change_confirm(cli, "delete", names[0], ret_done);
}

static int remove_topics(wr_cli *cli, const wr_kafka *kafka)
{
    const char **names = weir_arena_array(cli->arena, (size_t)cli->operand_count, sizeof *names);
    if (!names)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    bool done = false;
    int status = WR_EXIT_OK, done_count = 0, count = find_named(cli, kafka, names, &status);
    if (count == 0)
        return status;
    int answer = confirm(cli, names, count, &done);
    if (answer != WR_EXIT_OK || done)
        return answer != WR_EXIT_OK ? answer : status;
    for (int i = 0; i < count; i++) {
        weir_failure failure = {0};
        weir_err err = wr_admin_delete_topic(kafka->client, names[i], kafka->timeout_ms, &failure);
        if (err == WEIR_OK)
            done_count++;
        else if (err == WEIR_E_NOT_FOUND)
            status = fail_absent(cli, names[i]);
        else
            status = wr_cli_failure(cli, &failure);
    }
    return done_count > 0 && status != WR_EXIT_OK ? WR_EXIT_PARTIAL : status;
}

int wr_run_topic_rm(wr_cli *cli)
{
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    status = remove_topics(cli, &kafka);
    wr_kafka_close(&kafka);
    return status;
}
