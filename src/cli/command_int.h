/* What args.c and configure.c share. */
#ifndef WR_COMMAND_INT_H
#define WR_COMMAND_INT_H

#include <cli/command.h>

int wr_cli_open(wr_cli *cli); /* io, arena, trace, config; returns an exit status */
void wr_cli_close(wr_cli *cli);
/* Files, environment and flags into cli->config, the flags taken out of argv. */
int wr_cli_configure(wr_cli *cli, int *argc, char **argv, char **environment);
/* The arguments after the command's words: configured, options and operands in their places. Returns an exit status. */
int wr_cli_parse(wr_cli *cli, int argc, char **argv, char **environment);
/* What options say about configuration (-b). */
int wr_cli_apply_options(wr_cli *cli);

#endif
