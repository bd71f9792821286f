/* What the commands do: one function a row of the command table, each in the file of its noun. */
#ifndef WR_COMMANDS_H
#define WR_COMMANDS_H

#include <cli/command.h>

int wr_run_dev(wr_cli *cli);
int wr_run_server(wr_cli *cli);
int wr_run_test_broker(wr_cli *cli);
int wr_run_demo(wr_cli *cli);
int wr_run_topic_ls(wr_cli *cli);
int wr_run_topic_show(wr_cli *cli);
int wr_run_topic_create(wr_cli *cli);
int wr_run_topic_alter(wr_cli *cli);
int wr_run_topic_rm(wr_cli *cli);
int wr_run_cluster(wr_cli *cli);
int wr_run_group_reset(wr_cli *cli);
int wr_run_group_rm(wr_cli *cli);
int wr_run_produce(wr_cli *cli);
int wr_run_consume(wr_cli *cli);
int wr_run_group_ls(wr_cli *cli);
int wr_run_group_show(wr_cli *cli);
int wr_run_group_lag(wr_cli *cli);
int wr_run_outbox_ls(wr_cli *cli);
int wr_run_outbox_status(wr_cli *cli);
int wr_run_outbox_lag(wr_cli *cli);
int wr_run_outbox_inspect(wr_cli *cli);
int wr_run_outbox_init_sql(wr_cli *cli);
int wr_run_outbox_show(wr_cli *cli);
int wr_run_outbox_skip(wr_cli *cli);
int wr_run_outbox_requeue(wr_cli *cli);
int wr_run_outbox_rm(wr_cli *cli);
int wr_run_dlq_ls(wr_cli *cli);
int wr_run_dlq_fields(wr_cli *cli);
int wr_run_dlq_show(wr_cli *cli);
int wr_run_dlq_edit(wr_cli *cli);
int wr_run_dlq_redrive(wr_cli *cli);
int wr_run_dlq_drop(wr_cli *cli);
int wr_run_parked_ls(wr_cli *cli);
int wr_run_parked_show(wr_cli *cli);
int wr_run_parked_retry(wr_cli *cli);
int wr_run_parked_reject(wr_cli *cli);
int wr_run_timers_ls(wr_cli *cli);
int wr_run_timers_show(wr_cli *cli);
int wr_run_timers_cancel(wr_cli *cli);
int wr_run_version(wr_cli *cli);
int wr_run_gen_man(wr_cli *cli);
int wr_run_gen_completion(wr_cli *cli);

#endif
