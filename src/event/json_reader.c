/* JSON (RFC 8259), token by token, without a tree: who reads says what must come.
 *
 *     value    object | array | string | number | true | false | null
 *     object   { string : value , … }        array   [ value , … ]
 *
 * A string is checked where it is read, UTF-8 and escapes alike (half a surrogate pair is refused), and decoded by who wants
 * its text. The first thing that is wrong stays (wr_json_fail), moves the reader to the end, and is told with its line and
 * column. Nesting ends at the limit that the caller gives. */
#include "json_int.h"

#include <base/hex.h>
#include <base/utf8.h>

#include <assert.h>

wr_json_reader wr_json_reader_of(weir_slice json, int depth_limit)
{
    static const uint8_t nothing[1];
    const uint8_t *start = json.data ? json.data : nothing;
    return (wr_json_reader){.start = start, .at = start, .end = start + json.size, .depth_limit = depth_limit};
}

bool wr_json_failed(const wr_json_reader *in)
{
    return in->problem != NULL;
}

void wr_json_fail(wr_json_reader *in, weir_err err, const uint8_t *at, const char *problem)
{
    if (in->problem)
        return;
    in->err = err;
    in->problem = problem;
    in->problem_at = at;
    in->at = in->end;
}

static void fail_here(wr_json_reader *in, const char *problem)
{
    wr_json_fail(in, WEIR_E_FORMAT, in->at, in->at == in->end ? "ends too early" : problem);
}

static void skip_space(wr_json_reader *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\t' || *in->at == '\r'))
        in->at++;
}

wr_json_token wr_json_peek(wr_json_reader *in)
{
    skip_space(in);
    if (in->at == in->end)
        return WR_JSON_BAD;
    switch (*in->at) {
    case '{':
        return WR_JSON_IS_OBJECT;
    case '[':
        return WR_JSON_IS_ARRAY;
    case '"':
        return WR_JSON_IS_STRING;
    case 't':
        return WR_JSON_IS_TRUE;
    case 'f':
        return WR_JSON_IS_FALSE;
    case 'n':
        return WR_JSON_IS_NULL;
    default:
        return *in->at == '-' || (*in->at >= '0' && *in->at <= '9') ? WR_JSON_IS_NUMBER : WR_JSON_BAD;
    }
}

void wr_json_open(wr_json_reader *in, char bracket)
{
    skip_space(in);
    if (in->at == in->end || *in->at != (uint8_t)bracket) {
        fail_here(in, bracket == '{' ? "expected an object" : "expected an array");
    } else if (in->depth == in->depth_limit) {
        wr_json_fail(in, WEIR_E_LIMIT, in->at, "nested too deeply");
    } else {
        in->at++;
        in->depth++;
        in->first = true;
    }
}

bool wr_json_more(wr_json_reader *in, char closing)
{
    skip_space(in);
    if (in->at < in->end && *in->at == (uint8_t)closing) {
        in->at++;
        in->depth--;
        in->first = false;
        return false;
    }
    if (!in->first) {
        if (in->at == in->end || *in->at != ',') {
            fail_here(in, closing == '}' ? "expected , or }" : "expected , or ]");
            return false;
        }
        in->at++;
    }
    in->first = false;
    return !wr_json_failed(in);
}

void wr_json_name(wr_json_reader *in, wr_json_string *ret_name)
{
    *ret_name = (wr_json_string){0};
    if (wr_json_peek(in) != WR_JSON_IS_STRING) {
        fail_here(in, "expected a member's name in quotes");
        return;
    }
    wr_json_string_read(in, ret_name);
    skip_space(in);
    if (in->at == in->end || *in->at != ':')
        fail_here(in, "expected :");
    else
        in->at++;
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const uint8_t *at, const uint8_t *end)
{
    int high = end - at < 4 ? -1 : wr_hex_byte(at);
    int low = high < 0 ? -1 : wr_hex_byte(at + 2);
    return low < 0 ? -1 : high << 8 | low;
}

static bool is_high_surrogate(int32_t code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(int32_t code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

/* in->at is behind a backslash; leaves it behind the escape. */
static bool check_escape(wr_json_reader *in)
{
    if (in->at == in->end)
        return false;
    uint8_t kind = *in->at++;
    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind) != NULL;
    int32_t code = hex4(in->at, in->end);
    if (code < 0 || is_low_surrogate(code))
        return false;
    in->at += 4;
    if (!is_high_surrogate(code))
        return true;
    if (in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u' || !is_low_surrogate(hex4(in->at + 2, in->end)))
        return false; /* half a pair is no character */
    in->at += 6;
    return true;
}

void wr_json_string_read(wr_json_reader *in, wr_json_string *ret_string)
{
    *ret_string = (wr_json_string){0};
    if (wr_json_peek(in) != WR_JSON_IS_STRING) {
        fail_here(in, "expected a string");
        return;
    }
    const uint8_t *start = ++in->at;
    bool escaped = false;
    uint8_t seen = 0; /* all bytes together: pure ASCII needs no second look */
    while (in->at < in->end && *in->at != '"') {
        if (*in->at < 0x20) {
            fail_here(in, "a control character in a string");
            return;
        }
        seen |= *in->at;
        if (*in->at++ != '\\')
            continue;
        escaped = true;
        if (!check_escape(in)) {
            in->at = in->at < in->end ? in->at - 1 : in->at;
            fail_here(in, "a bad escape in a string");
            return;
        }
    }
    weir_slice raw = {start, (size_t)(in->at - start)};
    if (in->at == in->end) {
        fail_here(in, "a string without end");
    } else if ((seen & 0x80) && !wr_utf8_valid(raw)) {
        wr_json_fail(in, WEIR_E_FORMAT, start, "a string that is not UTF-8");
    } else {
        in->at++;
        *ret_string = (wr_json_string){raw, escaped};
    }
}

static bool read_digits(wr_json_reader *in)
{
    const uint8_t *start = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return in->at > start;
}

void wr_json_number_read(wr_json_reader *in, weir_slice *ret_number, bool *ret_whole)
{
    *ret_number = (weir_slice){in->at, 0};
    *ret_whole = true;
    skip_space(in);
    const uint8_t *start = in->at;
    if (in->at < in->end && *in->at == '-')
        in->at++;
    const uint8_t *digits = in->at;
    bool good = read_digits(in) && (*digits != '0' || in->at == digits + 1);
    if (good && in->at < in->end && *in->at == '.') {
        in->at++;
        *ret_whole = false;
        good = read_digits(in);
    }
    if (good && in->at < in->end && (*in->at | 0x20) == 'e') {
        in->at++;
        *ret_whole = false;
        if (in->at < in->end && (*in->at == '+' || *in->at == '-'))
            in->at++;
        good = read_digits(in);
    }
    if (!good)
        wr_json_fail(in, WEIR_E_FORMAT, start, "not a number");
    else
        *ret_number = (weir_slice){start, (size_t)(in->at - start)};
}

void wr_json_literal_read(wr_json_reader *in)
{
    static const char *const words[] = {"true", "false", "null"};
    skip_space(in);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(in->end - in->at) >= size && memcmp(in->at, words[i], size) == 0) {
            in->at += size;
            return;
        }
    }
    fail_here(in, "expected a value");
}

static void skip_members(wr_json_reader *in, char opening, char closing)
{
    wr_json_string name;
    wr_json_open(in, opening);
    while (wr_json_more(in, closing)) {
        if (closing == '}')
            wr_json_name(in, &name);
        wr_json_skip(in);
    }
}

weir_slice wr_json_skip(wr_json_reader *in)
{
    wr_json_string string;
    weir_slice number;
    bool whole;
    wr_json_token token = wr_json_peek(in);
    const uint8_t *start = in->at;
    if (token == WR_JSON_IS_OBJECT)
        skip_members(in, '{', '}');
    else if (token == WR_JSON_IS_ARRAY)
        skip_members(in, '[', ']');
    else if (token == WR_JSON_IS_STRING)
        wr_json_string_read(in, &string);
    else if (token == WR_JSON_IS_NUMBER)
        wr_json_number_read(in, &number, &whole);
    else
        wr_json_literal_read(in);
    return wr_json_failed(in) ? (weir_slice){start, 0} : (weir_slice){start, (size_t)(in->at - start)};
}

void wr_json_end(wr_json_reader *in)
{
    skip_space(in);
    if (in->at < in->end)
        fail_here(in, "something follows the value");
}

size_t wr_json_unescape(wr_json_string string, uint8_t *to)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const uint8_t *at = string.raw.data, *end = at + string.raw.size;
    uint8_t *start = to;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        assert(end - at >= 2); /* wr_json_string_read has checked all escapes */
        uint8_t kind = at[1];
        at += 2;
        if (kind == 'u') {
            int32_t code = hex4(at, end);
            at += 4;
            if (is_high_surrogate(code)) {
                code = 0x10000 + ((code - 0xd800) << 10) + (hex4(at + 2, end) - 0xdc00);
                at += 6;
            }
            to += wr_utf8_put((uint32_t)code, to);
        } else {
            const char *letter = strchr(letters, kind);
            *to++ = letter ? (uint8_t)bytes[letter - letters] : kind;
        }
    }
    return (size_t)(to - start);
}

bool wr_json_string_is(wr_json_string string, const char *text)
{
    uint8_t plain[256];
    if (!string.escaped)
        return weir_slice_equal(string.raw, weir_slice_of(text));
    if (string.raw.size > sizeof(plain))
        return false;
    return weir_slice_equal((weir_slice){plain, wr_json_unescape(string, plain)}, weir_slice_of(text));
}

const char *wr_json_string_dup(wr_json_reader *in, wr_json_string string, weir_arena *arena)
{
    if (wr_json_failed(in))
        return NULL;
    char *text = weir_arena_alloc(arena, string.raw.size + 1);
    if (!text) {
        wr_json_fail(in, WEIR_E_MEMORY, in->at, "no memory for a text");
        return NULL;
    }
    if (!string.escaped) {
        memcpy(text, string.raw.data, string.raw.size); /* the reader took no NUL: it is a control character */
        return text;
    }
    if (memchr(text, 0, wr_json_unescape(string, (uint8_t *)text))) {
        wr_json_fail(in, WEIR_E_FORMAT, string.raw.data, "a text with \\u0000 in it");
        return NULL;
    }
    return text;
}

void wr_json_position(const wr_json_reader *in, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, column = 1;
    for (const uint8_t *at = in->start; in->problem && at < in->problem_at; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    *ret_line = line;
    *ret_column = column;
}
