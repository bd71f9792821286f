/* The connection of a command that talks to a Kafka. */
#ifndef WR_CLI_KAFKA_H
#define WR_CLI_KAFKA_H

#include <cli/command.h>
#include <client/client.h>
#include <io/stop.h>
#include <io/terminal.h>

typedef struct wr_kafka {
    wr_cli *cli;
    wr_client *client;
    int timeout_ms;
} wr_kafka;

/* Makes the client and waits until a broker answers. Says on stderr what is wrong; returns an exit status. */
int wr_kafka_open(wr_cli *cli, wr_kafka *ret_kafka);
void wr_kafka_close(wr_kafka *kafka);

/* For commands that run until they are asked to stop: their ends (io/stop.h), with WR_STOP_MS for the cleaning up. Says
 * on stderr what is wrong; returns an exit status. Made before the first call to Kafka, which starts threads. */
enum { WR_STOP_MS = 15000 };
int wr_cli_stop_new(const wr_cli *cli, wr_stop **ret_stop);

#endif
