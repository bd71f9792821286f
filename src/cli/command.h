/* Commands are a table: one row a command gives its parsing, its --help, its man page and its shell completion.
 *
 *     weir NOUN VERB [options] [operands]      a few verbs also stand alone: weir produce, weir dev
 *
 * Options are rows too (wr_option), of three origins: the command's own; those that many share (-b, -o, --yes, -h, …),
 * which the row asks for by its kind; and tables of configuration keys (base/config.h), which may also be given by file
 * and environment. */
#ifndef WR_COMMAND_H
#define WR_COMMAND_H

#include <base/buf.h>
#include <base/config.h>
#include <base/time.h>
#include <base/trace.h>
#include <client/client.h>
#include <io/io.h>

/* What `weir` exits with. */
typedef enum wr_exit {
    WR_EXIT_OK = 0,
    WR_EXIT_FAILED = 1,
    WR_EXIT_USAGE = 2,
    WR_EXIT_NOT_FOUND = 3,
    WR_EXIT_DENIED = 4,
    WR_EXIT_UNREACHABLE = 5, /* or a time-out */
    WR_EXIT_PRECONDITION = 6,
    WR_EXIT_PARTIAL = 7,
    WR_EXIT_INTERRUPTED = 130,
} wr_exit;

wr_exit wr_exit_of(weir_err err);

typedef enum wr_option_kind {
    WR_OPTION_TEXT = 0, /* or a switch, when `value` is NULL */
    WR_OPTION_NUMBER,   /* from min to max */
    WR_OPTION_DURATION, /* from min to max milliseconds */
    WR_OPTION_CHOICE,   /* `value` is "one|another" */
    WR_OPTION_PAIRS,    /* NAME=VALUE,... (pairs.h); may be repeated */
    WR_OPTION_LIST,     /* NAME,...; may be repeated */
} wr_option_kind;

/* One option: its parsing, its check, its help, its man page and its completion. */
typedef struct wr_option {
    const char *name;  /* without dashes */
    char letter;       /* 0: none */
    const char *value; /* what stands for the value in help; NULL: a switch */
    const char *fallback;
    const char *help;
    wr_option_kind kind;
    int64_t min, max; /* numbers and durations */
    const char *key;  /* the configuration key that it sets; NULL: none */
} wr_option;

enum { WR_OPTIONS_MAX = 48, WR_OPERANDS_MAX = 64, WR_KEY_TABLES_MAX = 4 };

typedef struct wr_cli wr_cli;

typedef struct wr_command {
    const char *noun;
    const char *verb;     /* NULL: the noun alone */
    const char *alias;    /* another word for the verb, or for the noun where it stands alone; NULL: none */
    const char *operands; /* "TOPIC...", for help; "" */
    int operand_min, operand_max;
    const char *about;         /* one line */
    const char *details;       /* paragraphs and examples; NULL */
    const wr_option *options;  /* {0} at the end; NULL: none */
    bool kafka;                /* connects to a Kafka: -b, --timeout and the client's configuration keys */
    const wr_config_key *keys; /* further configuration keys; NULL: none */
    int (*run)(wr_cli *cli);   /* returns a wr_exit */
    bool rows;                 /* prints rows: -o table, wide, json, yaml or name */
    bool changes;              /* changes what cannot be had back: --yes, --dry-run */
    const char *completes;     /* what the operands are: "topics", "groups", or "one|another"; NULL: files */
    /* What options, by their names, and configuration keys are for this command, unless somebody says otherwise. NULL:
     * as their rows say. */
    const wr_config_default *defaults;
} wr_command;

extern const wr_command wr_commands[]; /* {0} at the end */
/* The options of a command, one after the other: its own, and those of the kinds that it is of. NULL after the last.
 * for (int at = 0; (option = wr_option_next(command, &at));) */
const wr_option *wr_option_next(const wr_command *command, int *at);
/* By name, or by letter where it is not 0; NULL: none. ret_at: its place among the command's options. */
const wr_option *wr_option_find(const wr_command *command, weir_slice name, char letter, int *ret_at);
/* The row for these words, and how many of them name it; NULL: none. */
const wr_command *wr_command_find(int word_count, char **words, int *ret_used);

struct wr_cli {
    const wr_command *command;
    wr_io *io;
    weir_arena *arena;
    wr_config *config;                  /* holds the command's keys; NULL if it has none */
    const char *values[WR_OPTIONS_MAX]; /* as given, by wr_option_find's place; NULL: not given */
    const char *typed[WR_OPTIONS_MAX];  /* by which flag, "-c" or "--set" */
    int64_t numbers[WR_OPTIONS_MAX];    /* what numbers, durations and choices (from 0) say */
    const char *operands[WR_OPERANDS_MAX];
    int operand_count;
    const char *program; /* as it was called, to be called again */
    const char *folder;  /* where the search for .weir.yaml begins; NULL: here */
    bool terminal;       /* stdout is one */
    bool error_terminal; /* stderr is one */
    wr_trace trace;
    int output_error; /* errno of the first write to stdout that failed; 0: none */
    bool left_behind; /* threads of a Kafka client did not end: the process does not wait for them */
};

/* ---- options: the value given, else the fallback. An unknown name, or one of another kind, is a bug. What the rows say
 * of values has been checked before a command runs. */
const char *wr_cli_text(const wr_cli *cli, const char *name); /* NULL: neither given nor with a fallback */
bool wr_cli_on(const wr_cli *cli, const char *name);
int64_t wr_cli_number(const wr_cli *cli, const char *name); /* milliseconds of a duration, place of a choice; or 0 */
/* A value for an option or a configuration key, unless somebody gave one. Must be one that the row allows. What is always
 * the same stands in the command's defaults, where help finds it. */
void wr_cli_prefer(wr_cli *cli, const char *name, const char *value);

/* "a=1,b=2" as pairs in the arena (pairs.h). WEIR_E_FORMAT, said on stderr. */
WEIR_MUST_CHECK weir_err wr_cli_pairs(wr_cli *cli, const char *name, wr_client_header *ret_pairs, size_t pairs_max,
                                      size_t *ret_count);

/* ---- saying things */
/* "weir topic show: …" on stderr; returns the exit status that fits. */
int wr_cli_fail(const wr_cli *cli, weir_err err, const char *format, ...) WEIR_PRINTF(3, 4);
int wr_cli_failure(const wr_cli *cli, const weir_failure *failure);
int wr_cli_usage(const wr_cli *cli, const char *format, ...) WEIR_PRINTF(2, 3); /* WR_EXIT_USAGE */

/* To stdout, and out of the buffer. False: it did not go out; wr_cli_main says why, unless nobody reads any more. */
bool wr_cli_write(wr_cli *cli, weir_slice text);
void wr_cli_write_buf(wr_cli *cli, wr_buf *out); /* and frees it; without memory for it the command fails */

/* Parse argv and run. Returns the exit status. */
int wr_cli_main(int argc, char **argv, char **environment);

/* ---- help, man pages, completion: from the table */
void wr_help_overview(wr_buf *out);
void wr_help_noun(const char *noun, wr_buf *out);
void wr_help_command(const wr_command *command, wr_buf *out);
void wr_help_man(const wr_command *command, wr_buf *out); /* NULL: weir(1) itself */
WEIR_MUST_CHECK weir_err wr_help_completion(const char *shell,
                                            wr_buf *out); /* bash, zsh, fish; else WEIR_E_NOT_FOUND */
/* The known word nearest to `word` (edit distance at most a third of it and one), or NULL. */
const char *wr_nearest(const char *word, const char *const *known, size_t known_count);

#endif
