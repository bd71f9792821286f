/* What dispatch.c, args.c, options.c and configure.c share. */
#ifndef WR_COMMAND_INT_H
#define WR_COMMAND_INT_H

#include <cli/command.h>

int wr_cli_open(wr_cli *cli); /* io, arena, trace, config; returns an exit status */
void wr_cli_close(wr_cli *cli);
/* Files, environment and flags into cli->config, the flags taken out of argv. */
int wr_cli_configure(wr_cli *cli, int *argc, char **argv, char **environment);
/* The arguments after the command's words: configured, options and operands in their places. Returns an exit status. */
int wr_cli_parse(wr_cli *cli, int argc, char **argv, char **environment);
/* Every value as its row wants it, and in the configuration where the row says so. Returns an exit status. */
int wr_cli_check_options(wr_cli *cli);
/* The command's own defaults, where nobody has said otherwise. */
void wr_cli_apply_defaults(wr_cli *cli);

/* ---- habits.c: what people type who know kcat or Kafka's own tools */
typedef struct wr_habit {
    const char *noun; /* of the commands it is about; NULL: all */
    const char *flag; /* with its dashes */
    bool takes_value;
    const char *becomes; /* the option it is here; "" none, since it is so anyway; "OPERAND" the first operand */
    const char *fixed;   /* the option's value, where the flag has none */
    const char *say;     /* instead of becoming anything: how it is said here */
} wr_habit;

const wr_habit *wr_habit_find(const wr_command *command, weir_slice flag); /* NULL: none */
/* The option that a value is meant for: `-o -5` of weir consume is an offset, as in kcat. */
const wr_option *wr_habit_option(const wr_command *command, const wr_option *option, const char *value, int *ret_at);
/* For words that name no command: how it is said here; NULL: not known. In the arena's memory or static. */
const char *wr_habit_command(int word_count, char **words, char *ret_text, size_t size);

#endif
