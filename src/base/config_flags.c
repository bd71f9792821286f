/* Environment and flags to dotted keys, the help text, and the nearest known key to one that nobody knows.
 *
 *   log.level          WEIR_LOG_LEVEL            --log-level
 *   kafka.*            WEIR_KAFKA_LINGER_MS      --kafka-linger-ms, --kafka.linger.ms      = kafka.linger.ms
 *
 * Below a pass-through prefix nothing says which separator was meant: an underscore or a dash is a dot there, and a
 * doubled underscore in the environment is an underscore. */
#include "config_int.h"

#include "base/text.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>

/* ---- names */

bool config_flag_name(const wr_config_key *row, char ret_name[CONFIG_NAME_SIZE])
{
    const char *from = row->flag ? row->flag : row->key;
    size_t size = strlen(from);
    if (size >= CONFIG_NAME_SIZE)
        return false;
    for (size_t i = 0; i <= size; i++)
        ret_name[i] = !row->flag && (from[i] == '.' || from[i] == '_') ? '-' : from[i];
    return true;
}

/* WEIR_LOG_LEVEL for log.level. */
static bool env_name_of(const char *prefix, const char *key, char ret_name[CONFIG_NAME_SIZE])
{
    int size = snprintf(ret_name, CONFIG_NAME_SIZE, "%s_%s", prefix, key);
    if (size < 0 || size >= CONFIG_NAME_SIZE)
        return false;
    for (char *at = ret_name; *at; at++)
        *at = *at == '.' || *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    return true;
}

static bool env_name(const char *prefix, const wr_config_key *row, char ret_name[CONFIG_NAME_SIZE])
{
    return env_name_of(prefix, row->key, ret_name);
}

/* ---- environment */

/* KAFKA_LINGER_MS to kafka.linger.ms when a pass-through row stands above it. */
static bool key_of_variable(const wr_config *config, const char *name, size_t name_size, char key[CONFIG_NAME_SIZE])
{
    size_t size = 0;
    if (name_size >= CONFIG_NAME_SIZE)
        return false;
    for (size_t i = 0; i < name_size; i++) {
        bool doubled = name[i] == '_' && i + 1 < name_size && name[i + 1] == '_';
        key[size++] = name[i] != '_' ? (char)tolower((unsigned char)name[i]) : doubled ? '_' : '.';
        i += doubled;
    }
    key[size] = 0;
    const wr_config_key *row = config_row(config, key);
    return row && config_is_prefix(row);
}

static weir_err give_variable(wr_config *config, const char *key, const char *name, size_t name_size, const char *value,
                              weir_failure *failure)
{
    char origin[CONFIG_NAME_SIZE + 8];
    snprintf(origin, sizeof origin, "env %.*s", (int)name_size, name);
    return config_give(config, key, value, &(config_place){.origin = origin, .rank = RANK_ENVIRONMENT}, failure);
}

weir_err wr_config_read_environment(wr_config *config, char *const *environment, weir_failure *failure)
{
    const char *prefix = config_env_prefix(config);
    size_t prefix_size = strlen(prefix);
    for (; *environment; environment++) {
        const char *name = *environment;
        const char *equals = strchr(name, '=');
        if (!equals || strncmp(name, prefix, prefix_size) != 0 || name[prefix_size] != '_' || !equals[1])
            continue; /* an empty variable counts as not set */
        size_t name_size = (size_t)(equals - name);

        char key[CONFIG_NAME_SIZE], expected[CONFIG_NAME_SIZE];
        const char *found = NULL;
        const wr_config_key *row;
        for (size_t at = 0; !found && (row = config_next_row(config, &at));)
            if (!config_is_prefix(row) && env_name(prefix, row, expected) && strlen(expected) == name_size &&
                strncmp(expected, name, name_size) == 0)
                found = row->key;
        if (!found && key_of_variable(config, name + prefix_size + 1, name_size - prefix_size - 1, key))
            found = key;
        weir_err err = found ? give_variable(config, found, name, name_size, equals + 1, failure) : WEIR_OK;
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

/* ---- flags */

typedef struct flag {
    const wr_config_key *row;
    char key[CONFIG_NAME_SIZE];
    bool negated;
} flag;

/* Finds the row of "--name"; `name` is without dashes and without a value. */
static bool find_flag(const wr_config *config, const char *name, size_t name_size, flag *found)
{
    char expected[CONFIG_NAME_SIZE];
    const wr_config_key *row;
    if (name_size == 0 || name_size >= CONFIG_NAME_SIZE)
        return false;
    for (size_t at = 0; (row = config_next_row(config, &at));) {
        if (config_is_prefix(row) || !config_flag_name(row, expected) || strlen(row->key) >= CONFIG_NAME_SIZE)
            continue;
        bool negated = row->kind == WR_CONFIG_BOOL && name_size > 3 && strncmp(name, "no-", 3) == 0 &&
                       strlen(expected) == name_size - 3 && strncmp(expected, name + 3, name_size - 3) == 0;
        if (negated || (strlen(expected) == name_size && strncmp(expected, name, name_size) == 0)) {
            *found = (flag){.row = row, .negated = negated};
            memcpy(found->key, row->key, strlen(row->key) + 1);
            return true;
        }
    }

    *found = (flag){0};
    bool dotted = memchr(name, '.', name_size) != NULL;
    for (size_t i = 0; i < name_size; i++)
        found->key[i] = !dotted && name[i] == '-' ? '.' : name[i];
    found->row = config_row(config, found->key);
    return found->row && config_is_prefix(found->row);
}

/* One flag at argv[0]; *ret_taken is how many words it used, 0 when it is not ours. */
static weir_err read_flag(wr_config *config, int argc, char **argv, int *ret_taken, weir_failure *failure)
{
    *ret_taken = 0;
    flag found;
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    size_t name_size = equals ? (size_t)(equals - name) : strlen(name);
    if (strncmp(argv[0], "--", 2) != 0 || !find_flag(config, name, name_size, &found))
        return WEIR_OK;

    char origin[CONFIG_NAME_SIZE + 8];
    snprintf(origin, sizeof origin, "flag --%.*s", (int)name_size, name);
    const char *value = equals ? equals + 1 : NULL;
    *ret_taken = 1;
    if (found.negated && value)
        return weir_fail(failure, WEIR_E_FORMAT, "%s takes no value", origin);
    if (found.row->kind == WR_CONFIG_BOOL && !value) {
        value = found.negated ? "false" : "true";
    } else if (!value) {
        if (argc < 2 || strcmp(argv[1], "--") == 0)
            return weir_fail(failure, WEIR_E_FORMAT, "%s needs a value", origin);
        value = argv[1];
        *ret_taken = 2;
    }
    return config_give(config, found.key, value, &(config_place){.origin = origin, .rank = RANK_FLAG}, failure);
}

weir_err wr_config_read_flags(wr_config *config, int *argc, char **argv, weir_failure *failure)
{
    int kept = 1, at = 1;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && at < *argc && strcmp(argv[at], "--") != 0) {
        int taken;
        err = read_flag(config, *argc - at, argv + at, &taken, failure);
        if (taken == 0)
            argv[kept++] = argv[at++];
        at += taken;
    }
    if (err != WEIR_OK)
        return err;
    while (at < *argc)
        argv[kept++] = argv[at++];
    if (kept < *argc)
        argv[kept] = NULL;
    *argc = kept < *argc ? kept : *argc;
    return WEIR_OK;
}

/* ---- the nearest key */

static const char *nearest_key(const wr_config *config, const char *key)
{
    size_t best = 2 + strlen(key) / 4;
    const char *found = NULL;
    const wr_config_key *row;
    for (size_t at = 0; (row = config_next_row(config, &at));) /* the word of the command line */
        if (row->flag && strcmp(key, row->flag) == 0)
            return row->key;
    for (size_t at = 0; (row = config_next_row(config, &at));) {
        size_t distance = wr_edit_distance(key, row->key);
        if (distance < best || (distance == best && !found)) {
            best = distance;
            found = row->key;
        }
    }
    if (found)
        return found;

    /* "level" for "log.level": the right word at the wrong level. */
    const char *dot = strrchr(key, '.');
    const char *word = dot ? dot + 1 : key;
    for (size_t at = 0; (row = config_next_row(config, &at));) {
        const char *row_dot = strrchr(row->key, '.');
        if (*word && strcmp(row_dot ? row_dot + 1 : row->key, word) == 0)
            return row->key;
    }
    return NULL;
}

bool wr_config_misspelt(const wr_config *config, char *const *environment, size_t *at, char ret_name[64],
                        char ret_meant[64])
{
    const char *prefix = config_env_prefix(config);
    char name[64], known[CONFIG_NAME_SIZE], key[CONFIG_NAME_SIZE];
    for (; environment[*at]; ++*at) {
        size_t size = strcspn(environment[*at], "="), best = size / 6 < 2 ? size / 6 + 1 : 3;
        if (size >= sizeof name || strncmp(environment[*at], prefix, strlen(prefix)) != 0)
            continue;
        memcpy(name, environment[*at], size);
        name[size] = '\0';
        bool found = name[strlen(prefix)] == '_' &&
                     key_of_variable(config, name + strlen(prefix) + 1, size - strlen(prefix) - 1, key);
        const wr_config_key *row;
        ret_meant[0] = '\0';
        for (size_t next = 0; !found && (row = config_next_row(config, &next));) {
            if (config_is_prefix(row) || !env_name(prefix, row, known) || strlen(known) >= 64)
                continue;
            size_t distance = wr_edit_distance(name, known);
            found = distance == 0;
            char by_flag[CONFIG_NAME_SIZE]; /* WEIR_DATA, after --data, for WEIR_LOG_DIRS */
            bool is_flag = row->flag && env_name_of(prefix, row->flag, by_flag) && strcmp(name, by_flag) == 0;
            distance = is_flag ? 0 : distance;
            if (distance < best) {
                best = distance;
                memcpy(ret_meant, known, strlen(known) + 1);
            }
        }
        if (found || !ret_meant[0])
            continue;
        memcpy(ret_name, name, size + 1);
        ++*at;
        return true;
    }
    return false;
}

weir_err config_unknown(const wr_config *config, const char *key, const config_place *place, weir_failure *failure)
{
    const char *nearest = nearest_key(config, key);
    const char *where = place->exact ? place->exact : place->origin;
    if (nearest)
        return weir_fail(failure, WEIR_E_FORMAT, "%.120s: unknown key '%.50s'; did you mean '%.50s'?", where, key,
                         nearest);
    return weir_fail(failure, WEIR_E_FORMAT, "%.120s: unknown key '%.60s'; --help lists the known ones", where, key);
}

/* ---- help */

static const char *const kind_words[] = {
    [WR_CONFIG_TEXT] = "TEXT",         [WR_CONFIG_INT] = "NUMBER", [WR_CONFIG_BOOL] = "",
    [WR_CONFIG_DURATION] = "DURATION", [WR_CONFIG_SIZE] = "SIZE",  [WR_CONFIG_CHOICE] = "",
};

/* "--log-level debug|info", "--[no-]color". */
static void usage(const wr_config_key *row, char *text, size_t size)
{
    char name[CONFIG_NAME_SIZE];
    const char *word = row->kind == WR_CONFIG_CHOICE ? row->choices : kind_words[row->kind];
    if (!config_flag_name(row, name))
        name[0] = 0;
    bool is_bool = row->kind == WR_CONFIG_BOOL;
    snprintf(text, size, "--%s%s%s%s", is_bool ? "[no-]" : "", name, *word ? " " : "", word);
}

const char *wr_config_default_says(const wr_config_default *defaults, const char *key, const char *fallback)
{
    for (; defaults && defaults->key; defaults++)
        if (strcmp(defaults->key, key) == 0)
            return defaults->says ? defaults->says : defaults->value;
    return fallback;
}

void wr_config_help(const wr_config_key *table, const wr_config_default *defaults, struct wr_buf *out)
{
    enum { COLUMN_MAX = 34 };
    char left[2 * CONFIG_NAME_SIZE];
    int column = 0;
    for (const wr_config_key *row = table; row->key; row++) {
        usage(row, left, sizeof left);
        int size = (int)strlen(left);
        if (size > column && size <= COLUMN_MAX)
            column = size;
    }
    for (const wr_config_key *row = table; row->key; row++) {
        usage(row, left, sizeof left);
        if ((int)strlen(left) > column)
            wr_buf_printf(out, "  %s\n  %*s", left, column, "");
        else
            wr_buf_printf(out, "  %-*s", column, left);
        wr_buf_printf(out, "  %s", row->help ? row->help : "");
        const char *by_default = wr_config_default_says(defaults, row->key, row->fallback);
        if (by_default && *by_default && !row->secret)
            wr_buf_printf(out, " (default: %s)", by_default);
        wr_buf_text(out, "\n");
    }
}
