/* weir cluster: who the brokers are, and whether all partitions can be used. */
#include <cli/commands.h>
#include <cli/kafka.h>
#include <cli/output.h>
#include <event/json_text.h>

#include <stdio.h>

typedef struct health {
    int64_t topics, partitions, offline, under_replicated; /* offline: without a leader */
} health;

static health look(const wr_cluster_info *info)
{
    health found = {.topics = (int64_t)info->topic_count};
    for (size_t t = 0; t < info->topic_count; t++)
        for (size_t p = 0; p < info->topics[t].partition_count; p++) {
            const wr_partition_info *partition = &info->topics[t].partitions[p];
            found.partitions++;
            found.offline += partition->leader < 0;
            found.under_replicated += partition->leader >= 0 && partition->isr_count < partition->replica_count;
        }
    return found;
}

/* What the broker calls itself, else the version of the protocol that it says; NULL: it does not say. */
static const char *version_of(wr_cli *cli, wr_kafka *kafka, const wr_cluster_info *info)
{
    static const char *const names[] = {"weir.version", "inter.broker.protocol.version"};
    const wr_config_info *configs = NULL;
    size_t count = 0;
    if (info->broker_count == 0)
        return NULL;
    int32_t broker = info->controller >= 0 ? info->controller : info->brokers[0].id;
    if (wr_admin_broker_config(kafka->client, broker, kafka->timeout_ms, cli->arena, &configs, &count, NULL) != WEIR_OK)
        return NULL; /* not everybody may read it */
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < count; i++)
            if (strcmp(configs[i].name, names[n]) == 0 && configs[i].value)
                return weir_arena_printf(cli->arena, n == 0 ? "weir %s" : "Kafka %s", configs[i].value);
    return NULL;
}

static void add_text(wr_buf *out, const char *text)
{
    if (text)
        wr_json_text(out, weir_slice_of(text));
    else
        wr_buf_text(out, "null");
}

static void print_object(wr_cli *cli, const wr_cluster_info *info, const char *version, const health *health)
{
    wr_buf out;
    wr_buf_init(&out, 16 << 20);
    wr_buf_text(&out, "{\"cluster\": ");
    add_text(&out, info->id);
    wr_buf_text(&out, ", \"version\": ");
    add_text(&out, version);
    wr_buf_printf(&out, ", \"controller\": %d, \"brokers\": [", info->controller);
    for (size_t i = 0; i < info->broker_count; i++) {
        wr_buf_printf(&out, "%s{\"broker\": %d, \"host\": ", i ? ", " : "", info->brokers[i].id);
        add_text(&out, info->brokers[i].host);
        wr_buf_printf(&out, ", \"port\": %d}", info->brokers[i].port);
    }
    wr_buf_printf(&out,
                  "], \"topics\": %lld, \"partitions\": %lld, \"offline_partitions\": %lld, "
                  "\"under_replicated_partitions\": %lld}\n",
                  (long long)health->topics, (long long)health->partitions, (long long)health->offline,
                  (long long)health->under_replicated);
    wr_output_object(cli, wr_form_of(cli), wr_buf_view(&out));
    wr_buf_fini(&out);
}

static int print_tables(wr_cli *cli, const wr_cluster_info *info, const char *version, const health *health)
{
    static const wr_column columns[] = {{"BROKER", "broker", .number = true},
                                        {"HOST", "host"},
                                        {"PORT", "port", .number = true},
                                        {"ROLE", "role"},
                                        {0}};
    printf("Cluster %s, %s: %lld topics with %lld partitions", info->id ? info->id : "(without an id)",
           version ? version : "version not said", (long long)health->topics, (long long)health->partitions);
    if (health->offline > 0 || health->under_replicated > 0)
        printf(", %lld without a leader, %lld under-replicated", (long long)health->offline,
               (long long)health->under_replicated);
    printf("\n\n");
    wr_output out;
    wr_output_begin(&out, cli, columns);
    for (size_t i = 0; i < info->broker_count; i++)
        wr_output_row(&out, (const char *[]){wr_cell(cli, info->brokers[i].id), info->brokers[i].host,
                                             wr_cell(cli, info->brokers[i].port),
                                             info->brokers[i].id == info->controller ? "controller" : "broker"});
    return wr_output_end(&out);
}

int wr_run_cluster(wr_cli *cli)
{
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    wr_cluster_info info = {0};
    weir_failure failure = {0};
    weir_err err = wr_admin_describe(kafka.client, NULL, false, kafka.timeout_ms, cli->arena, &info, &failure);
    const char *version = err == WEIR_OK ? version_of(cli, &kafka, &info) : NULL;
    wr_kafka_close(&kafka);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    health health = look(&info);
    wr_form form = wr_form_of(cli);
    if (form == WR_FORM_JSON || form == WR_FORM_YAML)
        print_object(cli, &info, version, &health);
    else if (form == WR_FORM_NAME)
        status = wr_output_name(cli, info.id ? info.id : "");
    else
        status = print_tables(cli, &info, version, &health);
    return status == WR_EXIT_OK && health.offline + health.under_replicated > 0 ? WR_EXIT_FAILED : status;
}
