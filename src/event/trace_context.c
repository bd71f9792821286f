/* Reading, printing and continuing a trace (trace_context.h has the format). Ids are never all zeros, as the specification
 * forbids: where chance gives that, the last byte is 1. */
#include "trace_context.h"

#include <base/hex.h>
#include <string.h>

enum { VERSION_AT = 0, TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, TEXT_SIZE = WR_TRACEPARENT_SIZE - 1 };

/* Other than elsewhere, capital digits are wrong here. */
static bool read_hex(const char *text, size_t size, uint8_t *to)
{
    for (size_t i = 0; i < size * 2; i++)
        if (text[i] >= 'A' && text[i] <= 'F')
            return false;
    return wr_hex_parse(text, size, to);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

weir_err wr_trace_context_parse(const char *traceparent, wr_trace_context *ret_context)
{
    wr_trace_context context;
    uint8_t version = 0, flags = 0;
    memset(&context, 0, sizeof(context));
    size_t size = traceparent ? strnlen(traceparent, TEXT_SIZE + 1) : 0;
    if (size < TEXT_SIZE || traceparent[2] != '-' || traceparent[SPAN_AT - 1] != '-' ||
        traceparent[FLAGS_AT - 1] != '-' || !read_hex(traceparent + VERSION_AT, 1, &version) ||
        !read_hex(traceparent + TRACE_AT, sizeof(context.trace_id), context.trace_id) ||
        !read_hex(traceparent + SPAN_AT, sizeof(context.span_id), context.span_id) ||
        !read_hex(traceparent + FLAGS_AT, 1, &flags))
        return WEIR_E_FORMAT;
    bool longer = size > TEXT_SIZE;
    if (version == 0xff || (version == 0 && longer) || (longer && traceparent[TEXT_SIZE] != '-'))
        return WEIR_E_FORMAT;
    if (all_zero(context.trace_id, sizeof(context.trace_id)) || all_zero(context.span_id, sizeof(context.span_id)))
        return WEIR_E_FORMAT;
    context.sampled = flags & 1;
    *ret_context = context;
    return WEIR_OK;
}

void wr_trace_context_print(const wr_trace_context *context, char ret_text[WR_TRACEPARENT_SIZE])
{
    memcpy(ret_text, "00-", 3);
    wr_hex_print(context->trace_id, sizeof(context->trace_id), ret_text + TRACE_AT);
    ret_text[SPAN_AT - 1] = '-';
    wr_hex_print(context->span_id, sizeof(context->span_id), ret_text + SPAN_AT);
    memcpy(ret_text + FLAGS_AT - 1, context->sampled ? "-01" : "-00", 4);
}

/* Chance may give all zeros, which the specification forbids. */
static void set_id(uint8_t *id, const uint8_t *random, size_t size)
{
    memcpy(id, random, size);
    if (all_zero(id, size))
        id[size - 1] = 1;
}

wr_trace_context wr_trace_context_root(const uint8_t random[24], bool sampled)
{
    wr_trace_context context;
    memset(&context, 0, sizeof(context));
    set_id(context.trace_id, random, sizeof(context.trace_id));
    set_id(context.span_id, random + sizeof(context.trace_id), sizeof(context.span_id));
    context.sampled = sampled;
    return context;
}

wr_trace_context wr_trace_context_child(const wr_trace_context *parent, const uint8_t random[8])
{
    wr_trace_context context = *parent;
    set_id(context.span_id, random, sizeof(context.span_id));
    return context;
}

static bool key_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte && strchr("_-*/@", byte));
}

static bool member_valid(const char *at, const char *end)
{
    const char *key = at;
    while (at < end && key_byte(*at))
        at++;
    if (at == key || at - key > 256 || at == end || *at != '=')
        return false;
    const char *value = ++at;
    while (at < end && *at >= 0x20 && *at <= 0x7e && *at != '=')
        at++;
    return at == end && at > value && at - value <= 256;
}

bool wr_tracestate_valid(const char *tracestate)
{
    enum { TEXT_MAX = 512, MEMBER_MAX = 32 };
    size_t members = 0, size = tracestate ? strnlen(tracestate, TEXT_MAX + 1) : 0;
    if (size > TEXT_MAX)
        return false;
    for (const char *at = tracestate, *end = tracestate + size; size && at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end, *last = stop;
        while (at < last && (*at == ' ' || *at == '\t'))
            at++;
        while (last > at && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        if (at < last && (!member_valid(at, last) || ++members > MEMBER_MAX)) /* an empty member is allowed */
            return false;
        at = stop + 1;
    }
    return members > 0;
}
