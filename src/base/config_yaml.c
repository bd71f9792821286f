/* YAML to dotted keys, by libyaml's events: nothing is built in memory but the path of the present scalar.
 *
 *     log:                      log.level = info
 *       level: info             http.port = 8080
 *     http.port: 8080
 *
 * Taken: one document, mappings, scalars. An empty value or `null` leaves the key as it was. Refused, because a
 * configuration does not need them and because they are how small YAML becomes large: anchors, aliases, tags, lists,
 * several documents, more than DEPTH_MAX levels, more than YAML_SIZE_MAX bytes, and a key given twice. */
#include "config_int.h"

#include "base/map.h"

#include <assert.h>
#include <stdio.h>
#include <yaml.h>

enum { DEPTH_MAX = 16, YAML_SIZE_MAX = 1 << 20, KEY_COUNT_MAX = 4096, PLACE_SIZE = 160 };

typedef struct reader {
    wr_config *config;
    const char *origin;
    weir_failure *failure;
    wr_map *seen;                /* key -> line it was given in, + 1 */
    char path[CONFIG_NAME_SIZE]; /* the dotted key so far */
    size_t path_size;
    size_t marks[DEPTH_MAX]; /* path_size at each open mapping */
    size_t depth;
    yaml_mark_t key_mark; /* of the last key */
    bool has_key;         /* the path ends with a key that waits for its value */
} reader;

static weir_err refuse_at(const reader *in, const yaml_mark_t *mark, const char *what)
{
    return weir_fail(in->failure, WEIR_E_FORMAT, "%.120s:%zu:%zu: %.90s", in->origin, mark->line + 1, mark->column + 1,
                     what);
}

static weir_err push_key(reader *in, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    size_t start = in->depth ? in->marks[in->depth - 1] : 0;
    size_t dot = start > 0;
    if (size == 0 || strlen(text) != size)
        return refuse_at(in, &event->start_mark, "a key is empty or holds a NUL");
    if (start + dot + size >= sizeof in->path)
        return refuse_at(in, &event->start_mark, "a key is too long");
    if (dot)
        in->path[start] = '.';
    memcpy(in->path + start + dot, text, size + 1);
    in->path_size = start + dot + size;
    in->key_mark = event->start_mark;
    in->has_key = true;
    return WEIR_OK;
}

static bool is_null(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static weir_err note_once(reader *in, const yaml_event_t *event)
{
    uintptr_t line = event->start_mark.line + 1;
    void *before = wr_map_find_text(in->seen, in->path);
    if (before)
        return weir_fail(in->failure, WEIR_E_FORMAT, "%.100s:%zu: %.80s was given in line %zu already", in->origin,
                         (size_t)line, in->path, (size_t)(uintptr_t)before);
    weir_err err = wr_map_add_text(in->seen, in->path, (void *)line);
    if (err != WEIR_OK)
        return weir_fail(in->failure, err, "%.120s: %s", in->origin,
                         err == WEIR_E_LIMIT ? "too many keys" : "out of memory");
    return WEIR_OK;
}

static weir_err take_value(reader *in, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    in->has_key = false;
    if (strlen(text) != event->data.scalar.length)
        return refuse_at(in, &event->start_mark, "a value holds a NUL");
    weir_err err = note_once(in, event);
    if (err != WEIR_OK)
        return err;

    char origin[PLACE_SIZE], exact[PLACE_SIZE];
    size_t line = event->start_mark.line + 1;
    snprintf(origin, sizeof origin, "%.120s:%zu", in->origin, line);
    const yaml_mark_t *wrong = config_row(in->config, in->path) ? &event->start_mark : &in->key_mark; /* value or key */
    snprintf(exact, sizeof exact, "%.120s:%zu:%zu", in->origin, wrong->line + 1, wrong->column + 1);
    config_place place = {.origin = origin, .exact = exact, .rank = RANK_FILE};
    if (!is_null(event))
        return config_give(in->config, in->path, text, &place, in->failure);

    /* `kafka:` with everything below it commented out names a level, which is fine; any other unknown key is not. */
    size_t size = in->path_size;
    const wr_config_key *row = config_row(in->config, in->path);
    for (size_t at = 0; !row && (row = config_next_row(in->config, &at));)
        if (strncmp(row->key, in->path, size) == 0 && row->key[size] == '.')
            break;
        else
            row = NULL;
    return row ? WEIR_OK : config_unknown(in->config, in->path, &place, in->failure);
}

static weir_err open_mapping(reader *in, const yaml_event_t *event)
{
    if (in->depth && !in->has_key)
        return refuse_at(in, &event->start_mark, "a mapping as a key");
    if (in->depth == DEPTH_MAX)
        return refuse_at(in, &event->start_mark, "too many levels");
    in->marks[in->depth++] = in->path_size;
    in->has_key = false;
    return WEIR_OK;
}

static void close_mapping(reader *in)
{
    assert(in->depth > 0);
    in->depth--;
    in->path_size = in->depth ? in->marks[in->depth - 1] : 0;
    in->path[in->path_size] = 0;
    in->has_key = false;
}

static weir_err take_scalar(reader *in, const yaml_event_t *event)
{
    if (event->data.scalar.anchor || event->data.scalar.tag)
        return refuse_at(in, &event->start_mark, "anchors and tags are not taken here");
    if (in->depth == 0) {
        if (is_null(event))
            return WEIR_OK; /* only comments */
        return refuse_at(in, &event->start_mark, "expected `key: value` lines");
    }
    return in->has_key ? take_value(in, event) : push_key(in, event);
}

static weir_err take_event(reader *in, const yaml_event_t *event, int *document_count)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if ((*document_count)++)
            return refuse_at(in, &event->start_mark, "more than one document");
        return WEIR_OK;
    case YAML_SCALAR_EVENT:
        return take_scalar(in, event);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
            return refuse_at(in, &event->start_mark, "anchors and tags are not taken here");
        return open_mapping(in, event);
    case YAML_MAPPING_END_EVENT:
        close_mapping(in);
        return WEIR_OK;
    case YAML_SEQUENCE_START_EVENT:
        return refuse_at(in, &event->start_mark, "a list is not taken here; write one value, with commas");
    case YAML_ALIAS_EVENT:
        return refuse_at(in, &event->start_mark, "aliases are not taken here; write the value out");
    default:
        return WEIR_OK;
    }
}

static weir_err syntax_failure(const reader *in, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return weir_fail(in->failure, WEIR_E_MEMORY, "%.120s: out of memory", in->origin);
    return refuse_at(in, &parser->problem_mark, parser->problem ? parser->problem : "not YAML");
}

static weir_err read_events(reader *in, yaml_parser_t *parser)
{
    int document_count = 0;
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return syntax_failure(in, parser);
        done = event.type == YAML_STREAM_END_EVENT;
        weir_err err = take_event(in, &event, &document_count);
        yaml_event_delete(&event);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

weir_err wr_config_read_yaml(wr_config *config, weir_slice yaml, const char *origin, weir_failure *failure)
{
    if (yaml.size > YAML_SIZE_MAX)
        return weir_fail(failure, WEIR_E_FORMAT, "%.120s: larger than %d bytes", origin, YAML_SIZE_MAX);

    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return weir_fail(failure, WEIR_E_MEMORY, "%.120s: out of memory", origin);
    yaml_parser_set_input_string(&parser, yaml.size ? yaml.data : (const uint8_t *)"", yaml.size);

    reader in = {.config = config, .origin = origin, .failure = failure, .seen = wr_map_new(KEY_COUNT_MAX, 0)};
    weir_err err = in.seen ? read_events(&in, &parser) : weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    wr_map_free(in.seen);
    yaml_parser_delete(&parser);
    return err;
}
