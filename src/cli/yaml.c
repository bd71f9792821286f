/* One walk over the compacted JSON: each nested value goes two places further in; scalars are copied as they stand. */
#include <cli/yaml.h>

#include <event/json_text.h>

const uint8_t *wr_json_past_string(const uint8_t *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

const uint8_t *wr_json_past_value(const uint8_t *at)
{
    for (int depth = 0; depth > 0 || (*at && *at != ',' && *at != '}' && *at != ']');) {
        if (*at == '"') {
            at = wr_json_past_string(at);
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at++;
    }
    return at;
}

/* A name that YAML would not take for anything else needs no quotes. */
static void print_name(const uint8_t *at, const uint8_t *end, wr_buf *out)
{
    bool plain = end - at > 2;
    for (const uint8_t *c = at + 1; c < end - 1; c++)
        plain = plain && ((*c >= 'a' && *c <= 'z') || *c == '_' || (c > at + 1 && (*c == '.' || *c == '-')));
    weir_slice name = {at + 1, (size_t)(end - at - 2)};
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        plain = plain && !weir_slice_equal(name, weir_slice_of(words[i]));
    wr_buf_append(out, plain ? at + 1 : at, (size_t)(end - at) - (plain ? 2 : 0));
    wr_buf_text(out, ":");
}

static void indent(int depth, wr_buf *out)
{
    wr_buf_printf(out, "%*s", 2 * depth, "");
}

static bool is_nested(const uint8_t *at)
{
    return (*at == '{' && at[1] != '}') || (*at == '[' && at[1] != ']');
}

/* The lines of one object or array. `begun`: the first line's indentation, and its dash, are there already. Returns
 * behind it. */
static const uint8_t *print_nested(const uint8_t *at, int depth, bool begun, wr_buf *out)
{
    bool object = *at++ == '{';
    for (bool first = true; *at != '}' && *at != ']'; first = false) {
        at += *at == ',';
        if (!first || !begun)
            indent(depth, out);
        if (object) {
            const uint8_t *end = wr_json_past_string(at);
            print_name(at, end, out);
            at = end + 1;
            wr_buf_text(out, is_nested(at) ? "\n" : " ");
        } else {
            wr_buf_text(out, "- ");
        }
        if (is_nested(at)) {
            at = print_nested(at, depth + 1, !object, out);
            continue;
        }
        const uint8_t *end = wr_json_past_value(at);
        wr_buf_append(out, at, (size_t)(end - at));
        wr_buf_text(out, "\n");
        at = end;
    }
    return at + 1;
}

void wr_yaml_of_json(weir_slice json, wr_buf *out)
{
    wr_buf compact;
    wr_buf_init(&compact, json.size + 1);
    weir_err err = wr_json_compact(&compact, json, NULL);
    const uint8_t *text = (const uint8_t *)wr_buf_cstr(&compact);
    if (err != WEIR_OK || wr_buf_failed(&compact))
        out->failed = true;
    else if (is_nested(text))
        print_nested(text, 0, false, out);
    else
        wr_buf_printf(out, "%s\n", (const char *)text);
    wr_buf_fini(&compact);
}
