/* The values: one entry a key that was given, and the rows' fallbacks from the start. How a value is read from a file,
 * the environment or flags stands in config_yaml.c and config_flags.c; both end in config_give. */
#include "config_int.h"

#include "base/array.h"
#include "base/map.h"
#include "base/text.h"
#include "base/time.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENTRY_COUNT_MAX = 4096, SHOWN_VALUE_SIZE = 60 };

typedef struct entry {
    char *key;
    char *text;
    char *origin;
    int64_t number; /* INT, DURATION, SIZE, BOOL */
    config_rank rank;
    const wr_config_key *row;
} entry;

struct wr_config {
    const wr_config_key *const *tables;
    const char *env_prefix;
    wr_map *entries; /* key -> entry */
    entry **ordered; /* the same, as given first: what wr_config_next walks */
    size_t count;
    size_t capacity;
};

const char *config_env_prefix(const wr_config *config)
{
    return config->env_prefix;
}

const wr_config_key *config_next_row(const wr_config *config, size_t *at)
{
    size_t skip = (*at)++;
    for (const wr_config_key *const *table = config->tables; *table; table++)
        for (const wr_config_key *row = *table; row->key; row++)
            if (skip-- == 0)
                return row;
    return NULL;
}

bool config_is_prefix(const wr_config_key *row)
{
    size_t size = strlen(row->key);
    return row->apply_prefix_any && size > 2 && strcmp(row->key + size - 2, ".*") == 0;
}

const wr_config_key *config_row(const wr_config *config, const char *key)
{
    const wr_config_key *row, *below = NULL;
    for (size_t at = 0; (row = config_next_row(config, &at));) {
        if (strcmp(row->key, key) == 0 && !config_is_prefix(row))
            return row;
        size_t prefix = strlen(row->key) - 1; /* with the dot */
        if (config_is_prefix(row) && strncmp(row->key, key, prefix) == 0 && key[prefix])
            below = row;
    }
    return below;
}

/* ---- checking */

static weir_err parse_bool(const char *text, int64_t *number)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *number = strcasecmp(text, yes[i]) == 0;
            return WEIR_OK;
        }
    }
    return WEIR_E_FORMAT;
}

static weir_err parse_value(const wr_config_key *row, const char *text, int64_t *number)
{
    *number = 0;
    weir_err err = WEIR_OK;
    switch (row->kind) {
    case WR_CONFIG_TEXT:
        return WEIR_OK;
    case WR_CONFIG_CHOICE:
        return wr_text_is_choice(text, row->choices) ? WEIR_OK : WEIR_E_FORMAT;
    case WR_CONFIG_BOOL:
        return parse_bool(text, number);
    case WR_CONFIG_INT:
        err = wr_number_parse(text, INT64_MIN, INT64_MAX, number);
        break;
    case WR_CONFIG_DURATION:
        err = wr_duration_parse(text, number);
        break;
    case WR_CONFIG_SIZE:
        err = wr_size_parse(text, number);
        break;
    }
    bool ranged = row->min != 0 || row->max != 0;
    if (err == WEIR_OK && ranged && (*number < row->min || *number > row->max))
        return WEIR_E_RANGE;
    return err;
}

static const char *expectation(const wr_config_key *row)
{
    switch (row->kind) {
    case WR_CONFIG_INT:
        return "a whole number";
    case WR_CONFIG_BOOL:
        return "true or false";
    case WR_CONFIG_DURATION:
        return "a duration such as 250ms, 30s, 5m, 2h or 7d";
    case WR_CONFIG_SIZE:
        return "a size such as 512, 64k, 16MiB or 1g";
    case WR_CONFIG_CHOICE:
        return row->choices;
    case WR_CONFIG_TEXT:
        break;
    }
    return "text";
}

static weir_err refuse(const wr_config_key *row, const char *key, const char *text, const config_place *place,
                       weir_failure *failure)
{
    const char *where = place->exact ? place->exact : place->origin;
    char shown[SHOWN_VALUE_SIZE + 8];
    if (row->secret)
        snprintf(shown, sizeof shown, "(secret)");
    else
        snprintf(shown, sizeof shown, "'%.*s%s'", SHOWN_VALUE_SIZE, text, strlen(text) > SHOWN_VALUE_SIZE ? "…" : "");
    char range[80] = "";
    if (row->min || row->max)
        snprintf(range, sizeof range, ", from %lld to %lld%s", (long long)row->min, (long long)row->max,
                 row->kind == WR_CONFIG_DURATION ? " milliseconds"
                 : row->kind == WR_CONFIG_SIZE   ? " bytes"
                                                 : "");
    return weir_fail(failure, WEIR_E_FORMAT, "%s: %s is %s; expected %s%s", where, key, shown, expectation(row), range);
}

/* ---- keeping */

static void entry_free(entry *each)
{
    if (!each)
        return;
    free(each->key);
    free(each->text);
    free(each->origin);
    free(each);
}

/* A new entry in both the map and the order, or nothing. */
static weir_err entry_add(wr_config *config, const char *key, const wr_config_key *row, entry **ret_entry)
{
    weir_err err = WR_ARRAY_RESERVE(config->ordered, config->capacity, config->count + 1, ENTRY_COUNT_MAX);
    if (err != WEIR_OK)
        return err;

    err = WEIR_E_MEMORY;
    entry *made = calloc(1, sizeof *made);
    if (!made)
        goto fail;
    made->row = row;
    made->key = strdup(key);
    if (!made->key)
        goto fail;
    err = wr_map_add_text(config->entries, key, made);
    if (err != WEIR_OK)
        goto fail;
    config->ordered[config->count++] = made;
    *ret_entry = made;
    return WEIR_OK;
fail:
    entry_free(made);
    return err;
}

static weir_err keep(wr_config *config, const char *key, const wr_config_key *row, const char *text, int64_t number,
                     const config_place *place)
{
    entry *found = wr_map_find_text(config->entries, key);
    if (found && found->text && found->rank > place->rank)
        return WEIR_OK;

    weir_err err = WEIR_E_MEMORY;
    char *text_copy = strdup(text);
    char *origin_copy = strdup(place->origin);
    if (!text_copy || !origin_copy)
        goto fail;
    if (!found) {
        err = entry_add(config, key, row, &found);
        if (err != WEIR_OK)
            goto fail;
    }
    free(found->text);
    free(found->origin);
    found->text = text_copy;
    found->origin = origin_copy;
    found->number = number;
    found->rank = place->rank;
    return WEIR_OK;
fail:
    free(text_copy);
    free(origin_copy);
    return err;
}

weir_err config_give(wr_config *config, const char *key, const char *text, const config_place *place,
                     weir_failure *failure)
{
    const wr_config_key *row = config_row(config, key);
    if (!row)
        return config_unknown(config, key, place, failure);
    int64_t number;
    weir_err err = parse_value(row, text, &number);
    if (err != WEIR_OK)
        return refuse(row, key, text, place, failure);
    err = keep(config, key, row, text, number, place);
    if (err == WEIR_E_LIMIT)
        return weir_fail(failure, err, "%s: more than %d keys", place->origin, ENTRY_COUNT_MAX);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%s: out of memory", place->origin);
    return WEIR_OK;
}

/* ---- the door */

wr_config *wr_config_new(const wr_config_key *const *tables, const char *env_prefix)
{
    wr_config *config = calloc(1, sizeof *config);
    if (!config)
        return NULL;
    config->tables = tables;
    config->env_prefix = env_prefix;
    config->entries = wr_map_new(ENTRY_COUNT_MAX, 0); /* a person's own file does not attack its hash */
    if (!config->entries)
        goto fail;

    const wr_config_key *row;
    for (size_t at = 0; (row = config_next_row(config, &at));) {
        if (config_is_prefix(row))
            continue;
        assert(config_row(config, row->key) == row); /* a key stands in one table only */
        if (!row->fallback)
            continue;
        int64_t number;
        weir_err err = parse_value(row, row->fallback, &number);
        assert(err == WEIR_OK);
        err = keep(config, row->key, row, row->fallback, number, &(config_place){.origin = "default"});
        if (err != WEIR_OK)
            goto fail;
    }
    return config;
fail:
    wr_config_free(config);
    return NULL;
}

void wr_config_free(wr_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->count; i++)
        entry_free(config->ordered[i]);
    free(config->ordered);
    wr_map_free(config->entries);
    free(config);
}

weir_err wr_config_set(wr_config *config, const char *key, const char *text, const char *origin, weir_failure *failure)
{
    return config_give(config, key, text, &(config_place){.origin = origin, .rank = RANK_FLAG}, failure);
}

/* The entry, or NULL when the key is known and not set. */
static const entry *get(const wr_config *config, const char *key)
{
    const entry *found = wr_map_find_text(config->entries, key);
    assert(found || config_row(config, key));
    return found;
}

const char *wr_config_text(const wr_config *config, const char *key)
{
    const entry *found = get(config, key);
    return found ? found->text : NULL;
}

int64_t wr_config_int(const wr_config *config, const char *key)
{
    const entry *found = get(config, key);
    assert(!found || found->row->kind == WR_CONFIG_INT || found->row->kind == WR_CONFIG_DURATION ||
           found->row->kind == WR_CONFIG_SIZE);
    return found ? found->number : 0;
}

bool wr_config_bool(const wr_config *config, const char *key)
{
    const entry *found = get(config, key);
    assert(!found || found->row->kind == WR_CONFIG_BOOL);
    return found && found->number;
}

const char *wr_config_origin(const wr_config *config, const char *key)
{
    const entry *found = get(config, key);
    return found ? found->origin : NULL;
}

const char *wr_config_find(const wr_config *config, const char *key)
{
    const entry *found = wr_map_find_text(config->entries, key);
    return found ? found->text : NULL;
}

bool wr_config_next(const wr_config *config, const char *prefix, size_t *at, const char **ret_key,
                    const char **ret_value)
{
    size_t size = strlen(prefix);
    while (*at < config->count) {
        const entry *each = config->ordered[(*at)++];
        if (strncmp(each->key, prefix, size) != 0)
            continue;
        *ret_key = each->key + size;
        *ret_value = each->text;
        return true;
    }
    return false;
}
