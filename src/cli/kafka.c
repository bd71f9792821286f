#include <cli/kafka.h>

int wr_kafka_open(wr_cli *cli, wr_kafka *ret_kafka)
{
    /* What librdkafka says of lost connections is said again, better, by the call that fails. */
    cli->trace.level = WR_ERROR;
    weir_failure failure = {0};
    wr_kafka kafka = {.cli = cli, .timeout_ms = (int)wr_cli_number(cli, "timeout")};
    if (wr_client_new(cli->config, &cli->trace, &kafka.client, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    *ret_kafka = kafka;
    return WR_EXIT_OK;
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
