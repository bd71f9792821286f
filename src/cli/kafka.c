/* Opening and closing the connection of a command. */
#include <cli/kafka.h>

#include <io/process.h>

#include <stdio.h>

enum {
    REACH_MS = 1000,
    DESCRIPTORS_MIN = 32, /* a consumer has some 20 open; without a socket librdkafka says nothing */
};

/* Who refuses is said within a second; who is only slow is waited for, and that is said, too. */
static int reach(wr_cli *cli, wr_kafka *kafka)
{
    weir_failure failure = {0};
    int first_ms = kafka->timeout_ms < REACH_MS ? kafka->timeout_ms : REACH_MS;
    weir_err err = wr_client_reach(kafka->client, first_ms, &failure);
    if (err == WEIR_E_TIMEOUT && kafka->timeout_ms > first_ms) {
        fprintf(stderr, "%s has not answered yet; waiting up to %d s\n",
                wr_config_text(cli->config, "bootstrap.servers"), (kafka->timeout_ms + 999) / 1000);
        err = wr_client_reach(kafka->client, kafka->timeout_ms - first_ms, &failure);
    }
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_failure(cli, &failure);
}

int wr_kafka_open(wr_cli *cli, wr_kafka *ret_kafka)
{
    int64_t most = wr_self_descriptors_raise();
    if (most < DESCRIPTORS_MIN)
        return wr_cli_fail(cli, WEIR_E_LIMIT,
                           "this process may open %lld files, and Kafka's client needs %d: ulimit -n 1024",
                           (long long)most, (int)DESCRIPTORS_MIN);
    /* What librdkafka says of lost connections is said again, better, by the call that fails. */
    cli->trace.level = WR_ERROR;
    weir_failure failure = {0};
    wr_kafka kafka = {.cli = cli, .timeout_ms = (int)wr_cli_number(cli, "timeout")};
    if (wr_client_new(cli->config, &cli->trace, &kafka.client, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    int status = reach(cli, &kafka);
    if (status == WR_EXIT_OK)
        *ret_kafka = kafka;
    else
        wr_kafka_close(&kafka);
    return status;
}

void wr_kafka_close(wr_kafka *kafka)
{
    if (!wr_client_free(kafka->client))
        kafka->cli->left_behind = true;
}

int wr_cli_stop_new(const wr_cli *cli, wr_stop **ret_stop)
{
    wr_stop_options options = {.deadline_ms = WR_STOP_MS, .trace = &cli->trace};
    weir_err err = wr_stop_new(&options, ret_stop);
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_fail(cli, err, "signals cannot be watched");
}
