/* Walking a JSON text by a pointer (json_pointer.h). The text is checked once as a whole; then each token of the pointer
 * is looked for among the members or items of the value found so far, which is a slice of the text. */
#include "json_pointer.h"

#include "json_int.h"
#include "json_text.h"

#include <base/text.h>
#include <base/utf8.h>

#include <locale.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64, TOKEN_MAX = 1024 };

weir_err wr_json_pointer_check(const char *pointer, weir_failure *failure)
{
    if (pointer[0] && pointer[0] != '/')
        return weir_fail(failure, WEIR_E_FORMAT, "'%.60s' is no JSON pointer: one begins with a slash", pointer);
    if (!wr_utf8_valid(weir_slice_of(pointer)))
        return weir_fail(failure, WEIR_E_FORMAT, "a JSON pointer that is not UTF-8");
    for (const char *at = pointer; (at = strchr(at, '~')); at++)
        if (at[1] != '0' && at[1] != '1')
            return weir_fail(failure, WEIR_E_FORMAT,
                             "'%.60s' is no JSON pointer: a tilde is written ~0, and a slash in a name ~1", pointer);
    return WEIR_OK;
}

static weir_err check_whole(weir_slice json, weir_slice *ret_value, weir_failure *failure)
{
    wr_json_reader in = wr_json_reader_of(json, DEPTH_MAX);
    weir_slice value = wr_json_skip(&in);
    wr_json_end(&in);
    if (wr_json_failed(&in)) {
        size_t line, column;
        wr_json_position(&in, &line, &column);
        return weir_fail(failure, in.err, "bad JSON: %s at line %zu, column %zu", in.problem, line, column);
    }
    *ret_value = value;
    return WEIR_OK;
}

/* ---- from token to token */

typedef struct place {
    weir_slice value;     /* found; data NULL: the last token names something that is not there */
    weir_slice container; /* in which the last token was looked for; data NULL: there was none */
    size_t count;         /* of its members or items */
    char token[TOKEN_MAX];
} place;

/* The token at *at, without its slash, unescaped; moves *at behind it. False: it is too long. */
static bool take_token(const char **at, char token[TOKEN_MAX])
{
    size_t size = 0;
    for (++*at; **at && **at != '/'; ++*at) {
        if (size == TOKEN_MAX - 1)
            return false;
        char c = **at;
        if (c == '~')
            c = *++*at == '1' ? '/' : '~';
        token[size++] = c;
    }
    token[size] = 0;
    return true;
}

/* Whether an index is meant, and which; INT64_MAX for "-", which is no item's. */
static bool index_of(const char *token, int64_t *ret_index)
{
    if (strcmp(token, "-") == 0) {
        *ret_index = INT64_MAX;
        return true;
    }
    return (token[0] != '0' || !token[1]) && wr_number_parse(token, 0, INT64_MAX - 1, ret_index) == WEIR_OK &&
           token[0] != '-';
}

static bool is_named(wr_json_string name, const char *token)
{
    size_t size = strlen(token);
    if (!name.escaped)
        return name.raw.size == size && memcmp(name.raw.data, token, size) == 0;
    if (name.raw.size > (size_t)6 * TOKEN_MAX) /* an escape has at most six bytes for each of the text */
        return false;
    uint8_t text[6 * TOKEN_MAX];
    return wr_json_unescape(name, text) == size && memcmp(text, token, size) == 0;
}

static void look_in_object(place *place)
{
    wr_json_reader in = wr_json_reader_of(place->container, DEPTH_MAX);
    wr_json_open(&in, '{');
    while (wr_json_more(&in, '}')) {
        wr_json_string name;
        wr_json_name(&in, &name);
        weir_slice value = wr_json_skip(&in);
        if (is_named(name, place->token))
            place->value = value;
        place->count++;
    }
}

static void look_in_array(place *place, int64_t index)
{
    wr_json_reader in = wr_json_reader_of(place->container, DEPTH_MAX);
    wr_json_open(&in, '[');
    while (wr_json_more(&in, ']')) {
        weir_slice value = wr_json_skip(&in);
        if ((int64_t)place->count++ == index)
            place->value = value;
    }
}

static weir_err not_found(const char *pointer, weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_NOT_FOUND, "there is nothing at %.100s", pointer);
}

/* What is not there is found only if it is what the last token names, and can be added. */
static weir_err find(weir_slice json, const char *pointer, place *ret_place, weir_failure *failure)
{
    weir_slice value;
    weir_err err = wr_json_pointer_check(pointer, failure);
    if (err == WEIR_OK)
        err = check_whole(json, &value, failure);
    if (err != WEIR_OK)
        return err;
    *ret_place = (place){.value = value};
    for (const char *at = pointer; *at;) {
        int64_t index = 0;
        ret_place->container = ret_place->value;
        ret_place->value = (weir_slice){0};
        ret_place->count = 0;
        if (!ret_place->container.data)
            return not_found(pointer, failure);
        if (!take_token(&at, ret_place->token))
            return weir_fail(failure, WEIR_E_LIMIT, "a name in a JSON pointer is longer than %d bytes", TOKEN_MAX - 1);
        if (ret_place->container.data[0] == '{')
            look_in_object(ret_place);
        else if (ret_place->container.data[0] == '[' && index_of(ret_place->token, &index))
            look_in_array(ret_place, index);
        else
            return not_found(pointer, failure);
        bool is_array = ret_place->container.data[0] == '[';
        if (!ret_place->value.data && is_array && index != INT64_MAX && index != (int64_t)ret_place->count)
            return not_found(pointer, failure);
    }
    return WEIR_OK;
}

weir_err wr_json_pointer_get(weir_slice json, const char *pointer, weir_slice *ret_value, weir_failure *failure)
{
    place place;
    weir_err err = find(json, pointer, &place, failure);
    if (err != WEIR_OK)
        return err;
    if (!place.value.data)
        return not_found(pointer, failure);
    *ret_value = place.value;
    return WEIR_OK;
}

weir_err wr_json_pointer_set(weir_slice json, const char *pointer, weir_slice value, wr_buf *out, weir_failure *failure)
{
    place place;
    weir_slice sound = {0};
    weir_err err = check_whole(value, &sound, failure);
    if (err == WEIR_OK)
        err = find(json, pointer, &place, failure);
    if (err != WEIR_OK)
        return err;
    const weir_slice found = place.value, container = place.container;
    bool is_added = !found.data;
    if (is_added && !container.data)
        return not_found(pointer, failure);
    size_t before = out->size;
    bool failed_before = out->failed;
    const uint8_t *end = json.data + json.size;
    const uint8_t *at = is_added ? container.data + container.size - 1 : found.data;
    wr_buf_append(out, json.data, (size_t)(at - json.data));
    if (is_added && place.count)
        wr_buf_text(out, ",");
    if (is_added && container.data[0] == '{') {
        wr_json_text(out, weir_slice_of(place.token));
        wr_buf_text(out, ":");
    }
    wr_buf_slice(out, sound);
    at += found.size;
    wr_buf_append(out, at, (size_t)(end - at));
    /* What is put deep inside may be too deep together. */
    if (!wr_buf_failed(out))
        err = check_whole((weir_slice){out->data + before, out->size - before}, &sound, failure);
    else
        err = weir_fail(failure, WEIR_E_MEMORY, "no room for %zu bytes of JSON", json.size + value.size);
    if (err != WEIR_OK) {
        out->size = before;
        out->failed = failed_before;
    }
    return err;
}

/* ---- what a value is */

/* Not strtod: a program may have set a locale with a decimal comma. */
static double number_of(const char *text)
{
    return strtod_l(text, NULL, newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

weir_err wr_json_scalar_read(weir_slice value, weir_arena *arena, wr_json_scalar *ret_scalar)
{
    wr_json_reader in = wr_json_reader_of(value, DEPTH_MAX);
    wr_json_token token = wr_json_peek(&in);
    wr_json_string string = {0};
    wr_json_scalar scalar = {.kind = WR_JSON_OTHER};
    if (token == WR_JSON_IS_STRING)
        wr_json_string_read(&in, &string);
    else
        string.raw = wr_json_skip(&in);
    wr_json_end(&in);
    if (wr_json_failed(&in))
        return WEIR_E_FORMAT;
    uint8_t *text = weir_arena_alloc(arena, string.raw.size + 1);
    if (!text)
        return WEIR_E_MEMORY;
    text[wr_json_unescape(string, text)] = 0;
    scalar.text = (const char *)text;
    if (token == WR_JSON_IS_STRING)
        scalar.kind = WR_JSON_TEXT;
    else if (token == WR_JSON_IS_NULL)
        scalar.kind = WR_JSON_NULL;
    else if (token == WR_JSON_IS_NUMBER)
        scalar.kind = WR_JSON_NUMBER, scalar.number = number_of(scalar.text);
    else if (token == WR_JSON_IS_TRUE || token == WR_JSON_IS_FALSE)
        scalar.kind = WR_JSON_BOOL, scalar.number = token == WR_JSON_IS_TRUE;
    *ret_scalar = scalar;
    return WEIR_OK;
}
