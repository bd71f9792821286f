/* One line a call, built in a fixed buffer, so that diagnostics never allocate and a line is never longer than
 * LINE_SIZE.
 *
 *     time=2026-01-31T12:00:00.000Z level=info component=broker msg="listening" port=9092
 *     {"time":"2026-01-31T12:00:00.000Z","level":"info","component":"broker","msg":"listening","port":9092}
 *
 * A value is cut at VALUE_SIZE_MAX bytes; from the first field that does not fit the line on, fields are left
 * out whole and `cut` says so.
 * Control characters and bytes that are not UTF-8 are escaped: what a client sent cannot forge a line or a terminal
 * sequence. */
#include "base/trace.h"

#include "base/time.h"
#include "base/utf8.h"

#include <stdio.h>

enum { LINE_SIZE = 4096, VALUE_SIZE_MAX = 1024, TAIL_SIZE = 32 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

typedef struct line {
    char text[LINE_SIZE];
    size_t size;
    size_t room; /* the tail is kept free for the mark and the end */
    bool json;
    bool any;  /* a field is there: the next one needs a separator */
    bool full; /* something did not fit; nothing more is taken */
} line;

static void put(line *to, const char *text, size_t size)
{
    if (to->full || size > to->room - to->size) {
        to->full = true;
        return;
    }
    memcpy(to->text + to->size, text, size);
    to->size += size;
}

static void put_text(line *to, const char *text)
{
    put(to, text, strlen(text));
}

static void put_escaped(line *to, const uint8_t *at)
{
    char escape[8];
    if (*at == '"' || *at == '\\')
        snprintf(escape, sizeof escape, "\\%c", *at);
    else if (*at == '\n')
        snprintf(escape, sizeof escape, "\\n");
    else if (*at >= 0x80)
        snprintf(escape, sizeof escape, to->json ? "\\ufffd" : "\\x%02x", *at);
    else
        snprintf(escape, sizeof escape, to->json ? "\\u%04x" : "\\x%02x", *at);
    put_text(to, escape);
}

static void put_quoted(line *to, const char *text)
{
    put(to, "\"", 1);
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text), size;
    for (size_t taken = 0; left > 0; at += size, left -= size, taken += size) {
        size = wr_utf8_size(at, left);
        if (taken + size > VALUE_SIZE_MAX) {
            put_text(to, "…");
            break;
        }
        /* 0xC2 0x80 … 0xC2 0x9F are control characters too. */
        bool plain = size > 0 && *at >= 0x20 && *at != 0x7F && *at != '"' && *at != '\\' &&
                     !(size == 2 && at[0] == 0xC2 && at[1] < 0xA0);
        if (plain) {
            put(to, (const char *)at, size);
        } else {
            put_escaped(to, at);
            size = 1;
        }
    }
    put(to, "\"", 1);
}

/* Words that read the same without quotes. */
static bool is_word(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,[]");
    return size > 0 && size <= VALUE_SIZE_MAX && !text[size];
}

static void put_field(line *to, wr_trace_field field)
{
    size_t start = to->size;
    if (to->any)
        put_text(to, to->json ? "," : " ");
    if (to->json)
        put_quoted(to, field.name);
    else
        put_text(to, field.name);
    put_text(to, to->json ? ":" : "=");

    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)field.number);
    if (!field.text)
        put_text(to, number);
    else if (!to->json && is_word(field.text))
        put_text(to, field.text);
    else
        put_quoted(to, field.text);
    if (to->full)
        to->size = start;
    else
        to->any = true;
}

void wr_trace_fields(const wr_trace *trace, wr_level level, const char *message, const wr_trace_field *fields)
{
    if (!trace || !trace->write || level < trace->level)
        return;

    line made;
    made.size = 0;
    made.room = LINE_SIZE - TAIL_SIZE;
    made.json = trace->json;
    made.any = made.full = false;
    if (made.json)
        put_text(&made, "{");

    char time[WR_TIME_TEXT_SIZE];
    wr_time_print(trace->now_ms ? trace->now_ms(trace->clock) : 0, time);
    put_field(&made, WR_TEXT("time", time));
    put_field(&made, WR_TEXT("level", level_names[level]));
    if (trace->component)
        put_field(&made, WR_TEXT("component", trace->component));
    put_field(&made, WR_TEXT("msg", message));
    for (; fields && fields->name; fields++)
        put_field(&made, *fields);

    made.room = LINE_SIZE;
    if (made.full) {
        made.full = false;
        put_field(&made, WR_NUMBER("cut", 1));
    }
    put_text(&made, made.json ? "}\n" : "\n");
    trace->write(trace->sink, made.text, made.size);
}

bool wr_trace_allows(wr_trace_limit *limit, int64_t now_us, uint64_t *ret_left_out)
{
    if (limit->line_count == 0 || now_us >= limit->until_us) { /* the first line of a window */
        limit->until_us = wr_time_after_ms(now_us, limit->window_ms);
        limit->line_count = 0;
    }
    if (limit->line_count >= limit->line_max) {
        limit->left_out++;
        return false;
    }
    limit->line_count++;
    *ret_left_out = limit->left_out;
    limit->left_out = 0;
    return true;
}

weir_err wr_level_parse(const char *text, wr_level *ret_level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (wr_level)i;
            return WEIR_OK;
        }
    return WEIR_E_FORMAT;
}
