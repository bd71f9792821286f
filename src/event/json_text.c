/* JSON text for those who write it by hand (json_text.h). Strings escape what RFC 8259 asks for, the short way where there is
 * one, and leave all other UTF-8 as it is; numbers are written whatever the locale of the program says. */
#include "json_text.h"

#include "json_int.h"

#include <base/utf8.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMPACT_DEPTH_MAX = 64 };

static void escape(wr_buf *out, uint8_t byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = byte ? strchr(bytes, byte) : NULL;
    if (found)
        wr_buf_append(out, (const char[]){'\\', letters[found - bytes]}, 2);
    else
        wr_buf_printf(out, "\\u%04x", byte);
}

void wr_json_text(wr_buf *out, weir_slice text)
{
    if (!wr_utf8_valid(text)) {
        out->failed = true;
        return;
    }
    wr_buf_append(out, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        wr_buf_append(out, text.data + from, i - from);
        escape(out, byte);
        from = i + 1;
    }
    if (from < text.size)
        wr_buf_append(out, text.data + from, text.size - from);
    wr_buf_append(out, "\"", 1);
}

void wr_json_real(wr_buf *out, double value)
{
    if (!isfinite(value)) {
        wr_buf_text(out, "null");
        return;
    }
    /* A program may have set a locale with a decimal comma; this thread steps out of it for the moment. */
    locale_t mine = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    uselocale(mine);
    wr_buf_text(out, text);
}

weir_err wr_json_compact(wr_buf *out, weir_slice json, weir_failure *failure)
{
    wr_json_reader in = wr_json_reader_of(json, COMPACT_DEPTH_MAX);
    weir_slice value = wr_json_skip(&in);
    wr_json_end(&in);
    if (wr_json_failed(&in)) {
        size_t line, column;
        wr_json_position(&in, &line, &column);
        return weir_fail(failure, in.err, "bad JSON: %s at line %zu, column %zu", in.problem, line, column);
    }

    /* The value is known to be sound, so whitespace outside of strings can be told by quotes alone. */
    size_t before = out->size, from = 0;
    bool failed_before = out->failed;
    bool quoted = false;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if (quoted && byte == '\\') {
            i++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')) {
            wr_buf_append(out, value.data + from, i - from);
            from = i + 1;
        }
    }
    wr_buf_append(out, value.data + from, value.size - from);
    if (!wr_buf_failed(out))
        return WEIR_OK;
    out->size = before;
    out->failed = failed_before;
    return weir_fail(failure, WEIR_E_MEMORY, "no room for %zu bytes of JSON", value.size);
}

static void read_member(wr_json_reader *in, weir_arena *arena, weir_attribute *ret_member)
{
    wr_json_string name, text = {0};
    *ret_member = (weir_attribute){0};
    wr_json_name(in, &name);
    const uint8_t *at = in->at;
    wr_json_token token = wr_json_peek(in);
    if (token == WR_JSON_IS_STRING)
        wr_json_string_read(in, &text);
    else
        text.raw = wr_json_skip(in);
    if (token == WR_JSON_IS_OBJECT || token == WR_JSON_IS_ARRAY)
        wr_json_fail(in, WEIR_E_FORMAT, at, "expected a text, a number or a boolean");
    if (wr_json_failed(in) || token == WR_JSON_IS_NULL)
        return;
    ret_member->name = wr_json_string_dup(in, name, arena);
    ret_member->value = wr_json_string_dup(in, text, arena);
}

weir_err wr_json_members(weir_slice json, size_t limit, weir_arena *arena, weir_attribute **ret_members,
                         size_t *ret_count, weir_failure *failure)
{
    wr_json_reader in = wr_json_reader_of(json, COMPACT_DEPTH_MAX);
    weir_attribute *members = weir_arena_array(arena, limit + 1, sizeof *members);
    size_t count = 0;
    if (!members)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for JSON");
    wr_json_open(&in, '{');
    while (wr_json_more(&in, '}')) {
        if (count == limit)
            wr_json_fail(&in, WEIR_E_LIMIT, in.at, "too many members");
        read_member(&in, arena, &members[count]);
        if (!wr_json_failed(&in) && members[count].name)
            count++;
    }
    wr_json_end(&in);
    if (wr_json_failed(&in)) {
        size_t line, column;
        wr_json_position(&in, &line, &column);
        return weir_fail(failure, in.err, "bad JSON: %s at line %zu, column %zu", in.problem, line, column);
    }
    *ret_members = members;
    *ret_count = count;
    return WEIR_OK;
}
