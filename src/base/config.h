/* Configuration by table: one row a key gives its parsing, its checks, its help, its man page and its origin.
 *
 * A value comes from, in this order: flag, environment, file, the table's fallback. Keys are dotted; in YAML a dot is a
 * level (or a literal dot: `log.level: info` works too), in the environment it is an underscore after the prefix
 * (WEIR_LOG_LEVEL), as a flag it is a dash (--log-level) unless the row names another. An unknown key is an error with
 * the nearest known one as a suggestion. Values of rows marked secret are never printed. */
#ifndef WR_CONFIG_H
#define WR_CONFIG_H

#include <weir/bytes.h>

typedef enum wr_config_kind {
    WR_CONFIG_TEXT = 1,
    WR_CONFIG_INT,
    WR_CONFIG_BOOL,
    WR_CONFIG_DURATION, /* milliseconds; wr_duration_parse */
    WR_CONFIG_SIZE,     /* bytes; wr_size_parse */
    WR_CONFIG_CHOICE,   /* one of `choices`, separated by '|' */
} wr_config_kind;

typedef struct wr_config_key {
    const char *key;
    wr_config_kind kind;
    const char *fallback; /* as text, the same syntax; NULL: not set */
    int64_t min, max;     /* numbers; both 0: not checked */
    const char *choices;
    const char *flag; /* without dashes; NULL: from the key */
    bool secret;
    bool apply_prefix_any; /* "kafka.*": any key below is taken as text (pass-through to a library) */
    const char *help;      /* a sentence that says the unit */
} wr_config_key;

/* What a key is by default for one command, instead of its row's fallback. {0} ends a list. */
typedef struct wr_config_default {
    const char *key;
    const char *value; /* NULL: the command finds one itself */
    const char *says;  /* in help, instead of the value; NULL: the value */
} wr_config_default;

typedef struct wr_config wr_config;

/* `tables` is an array of pointers to tables that end with {0}, itself ending with NULL; borrowed for life.
 * env_prefix "WEIR". */
wr_config *wr_config_new(const wr_config_key *const *tables, const char *env_prefix);
void wr_config_free(wr_config *config);
/* Errors: WEIR_E_FORMAT (bad YAML or value, unknown key; failure names file, line and nearest key). */
WEIR_MUST_CHECK weir_err wr_config_read_yaml(wr_config *config, weir_slice yaml, const char *origin,
                                             weir_failure *failure);
/* `environment` is like environ. Unknown WEIR_ variables are ignored: other programs of weir have theirs. */
WEIR_MUST_CHECK weir_err wr_config_read_environment(wr_config *config, char *const *environment, weir_failure *failure);
/* The next variable, from *at (0 at first) on, whose name is nearly that of a key and exactly that of none: ret_name is
 * its name, ret_meant the one that may be meant. False: no more. For warnings, since it may be another program's. */
bool wr_config_misspelt(const wr_config *config, char *const *environment, size_t *at, char ret_name[64],
                        char ret_meant[64]);
/* Takes --key value, --key=value and, for booleans, --key and --no-key out of argv (shifting the rest down and lowering
 * *argc); stops at "--". What is not in the table stays in argv. */
WEIR_MUST_CHECK weir_err wr_config_read_flags(wr_config *config, int *argc, char **argv, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_config_set(wr_config *config, const char *key, const char *text, const char *origin,
                                       weir_failure *failure);

/* A key that the tables do not hold is a bug (assert). */
const char *wr_config_text(const wr_config *config, const char *key); /* NULL when not set */
int64_t wr_config_int(const wr_config *config, const char *key);      /* INT, DURATION, SIZE */
bool wr_config_bool(const wr_config *config, const char *key);
const char *wr_config_origin(const wr_config *config,
                             const char *key); /* "default", "env WEIR_X", "weir.yaml:12", "flag --x" */
/* NULL instead of an assert for keys nobody knows. */
const char *wr_config_find(const wr_config *config, const char *key);
/* Walk what was given below a pass-through prefix; the key comes without the prefix: for (size_t at = 0;
 * wr_config_next(config, "kafka.", &at, &k, &v);) */
bool wr_config_next(const wr_config *config, const char *prefix, size_t *at, const char **ret_key,
                    const char **ret_value);
/* The flags as an aligned help text, one a line with its default; defaults may be NULL. */
struct wr_buf;
void wr_config_help(const wr_config_key *table, const wr_config_default *defaults, struct wr_buf *out);
/* What help says of the key's default; `fallback` where the list has none. */
const char *wr_config_default_says(const wr_config_default *defaults, const char *key, const char *fallback);

#endif
