/* Inside of config: shared by config.c (values), config_yaml.c and config_flags.c (where they come from). */
#ifndef WR_CONFIG_INT_H
#define WR_CONFIG_INT_H

#include "base/config.h"

/* Who wins: the higher rank, and the later one of the same rank. */
typedef enum config_rank {
    RANK_DEFAULT,
    RANK_FILE,
    RANK_ENVIRONMENT,
    RANK_FLAG,
} config_rank;

enum { CONFIG_NAME_SIZE = 256 }; /* the longest dotted key, environment name or flag, with its NUL */

/* Where a value was given, for sentences and origins: "weir.yaml:12", "env WEIR_X", "flag --x". */
typedef struct config_place {
    const char *origin;
    const char *exact; /* the same with the column, for sentences; NULL: origin */
    config_rank rank;
} config_place;

/* The row for a dotted key: an exact one, or the pass-through row above it; NULL. */
const wr_config_key *config_row(const wr_config *config, const char *key);
/* Checks `text` against the row of `key` and keeps it unless a higher rank was there before. */
WEIR_MUST_CHECK weir_err config_give(wr_config *config, const char *key, const char *text, const config_place *place,
                                     weir_failure *failure);
/* Fills failure for a key that no table holds, with the nearest known one. */
weir_err config_unknown(const wr_config *config, const char *key, const config_place *place, weir_failure *failure);
bool config_is_prefix(const wr_config_key *row);
/* Walks the rows of all tables: for (size_t at = 0; (row = config_next_row(config, &at));) */
const wr_config_key *config_next_row(const wr_config *config, size_t *at);
const char *config_env_prefix(const wr_config *config);
/* "log-level" for "log.level", or the row's own flag. False if it does not fit. */
WEIR_MUST_CHECK bool config_flag_name(const wr_config_key *row, char ret_name[CONFIG_NAME_SIZE]);

#endif
