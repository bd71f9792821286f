/* An answer as bytes: status line, Date, the headers, Content-Length, and the body unless the request was a HEAD. Every
 * answer has a length; 204 and 304 have neither length nor body. */
#include "server_int.h"

#include <base/percent.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const char *phrase_of(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
}

/* As RFC 9110 wants it, in English whatever the locale is: "Sun, 06 Nov 1994 08:49:37 GMT". */
static const char *date_text(wr_http_date *date, int64_t now_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = now_ms / 1000;
    if (date->text[0] && date->second == second)
        return date->text;
    time_t now = (time_t)second;
    struct tm tm;
    date->second = second;
    if (!gmtime_r(&now, &tm))
        tm = (struct tm){.tm_mday = 1, .tm_wday = 4, .tm_year = 70};
    snprintf(date->text, sizeof date->text, "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday % 100,
             months[tm.tm_mon % 12], (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
    return date->text;
}

static bool is_value(const char *text)
{
    for (; text && *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 127)
            return false;
    return true;
}

/* Those that decide where the answer ends and what comes after it are the server's alone, and two have a field. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                           "Keep-Alive",     "Upgrade",           "Trailer",
                                           "Date",           "Content-Type",      "Location"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcasecmp(reserved[i], name) == 0)
            return true;
    return false;
}

const char *wr_answer_fault(const wr_answer *answer)
{
    if (answer->status < 200 || answer->status > 599)
        return "the status is not between 200 and 599";
    if (answer->body.size > HTTP_ANSWER_SIZE_MAX)
        return "the body is larger than 64 MiB";
    size_t size = 0;
    const char *const own[] = {answer->content_type, answer->retry_after, answer->allow};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (!is_value(own[i]))
            return "the content type has a control character";
        size += own[i] ? strlen(own[i]) : 0;
    }
    size += answer->location ? strlen(answer->location) * 3 : 0; /* escaped */
    for (size_t i = 0; i < answer->header_count; i++) {
        const weir_attribute *header = &answer->headers[i];
        if (!header->name || !header->value || !wr_http_token_valid(header->name) || !is_value(header->value))
            return "a header has no name or value, a name that is not a token, or a control character";
        if (is_reserved(header->name))
            return "a header is one that is not set in this way (content type, location, length, connection, date)";
        size += strlen(header->name) + strlen(header->value) + 4;
    }
    return size > HTTP_ANSWER_HEAD_SIZE_MAX / 2 ? "the headers are larger than 32 KiB" : NULL;
}

static void write_header(wr_buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    wr_buf_text(out, name);
    wr_buf_append(out, ": ", 2);
    wr_buf_text(out, value);
    wr_buf_append(out, "\r\n", 2);
}

/* What no URL may hold is escaped, so that a route may put a key into it as it came. Escapes that are there stay. */
static void write_location(wr_buf *out, const char *location)
{
    if (!location)
        return;
    wr_buf_text(out, "Location: ");
    for (; *location; location++) {
        char escape[WR_PERCENT_SIZE];
        bool fits =
            *location > ' ' && *location != 127 && !strchr("\"<>\\^`{|}", *location); /* above 127 it is negative */
        if (!fits)
            wr_percent_print((uint8_t)*location, escape);
        wr_buf_append(out, fits ? location : escape, fits ? 1 : sizeof escape);
    }
    wr_buf_text(out, "\r\n");
}

bool wr_http_answer_write(const wr_answer *answer, wr_http_answering how, int64_t now_ms, wr_http_date *date,
                          wr_buf *out)
{
    bool has_body = answer->status != 204 && answer->status != 304;
    wr_buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", answer->status, phrase_of(answer->status),
                  date_text(date, now_ms));
    if (has_body)
        write_header(out, "Content-Type", answer->content_type ? answer->content_type : "application/json");
    write_location(out, answer->location);
    write_header(out, "Retry-After", answer->retry_after);
    write_header(out, "Allow", answer->allow);
    for (size_t i = 0; i < answer->header_count; i++)
        write_header(out, answer->headers[i].name, answer->headers[i].value);
    if (how.is_closed_after)
        wr_buf_text(out, "Connection: close\r\n");
    else if (how.is_kept_alive_said)
        wr_buf_text(out, "Connection: keep-alive\r\n");
    if (has_body)
        wr_buf_printf(out, "Content-Length: %zu\r\n", answer->body.size);
    wr_buf_text(out, "\r\n");
    if (has_body && !how.is_head)
        wr_buf_slice(out, answer->body);
    if (!wr_buf_failed(out))
        return true;
    wr_buf_clear(out);
    return false;
}
