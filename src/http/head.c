/* The head of a request, as RFC 9112 has it and no more leniently.
 *
 *     method SP target SP HTTP/1.x CRLF
 *     name: value CRLF
 *     …
 *     CRLF
 *
 * Whatever somebody in front of us might read differently is refused with 400, and the connection is closed after the
 * answer: a line that ends without CR, white space before a colon, a line that continues the one before, a name that is
 * no token, control characters, bytes of the target that have to be escaped, a fragment, two Hosts or none with
 * HTTP/1.1, Content-Length twice or not in digits, Content-Length beside Transfer-Encoding, Transfer-Encoding with
 * HTTP/1.0. A transfer encoding other than chunked is 501, a version other than 1.0 and 1.1 is 505. Up to
 * eight empty lines before a request are skipped, as clients of the nineties send them. */
#include "server_int.h"

#include <base/text.h>
#include <strings.h>

static const wr_http_fault none = {0};

static wr_http_fault fault(int status, const char *why)
{
    return (wr_http_fault){status, why};
}

size_t wr_http_head_find(const uint8_t *bytes, size_t size, size_t *at, size_t *line, wr_http_fault *ret_fault)
{
    const uint8_t *end;
    while (*at < size && (end = memchr(bytes + *at, '\n', size - *at))) {
        size_t stop = (size_t)(end - bytes);
        if (stop == *line || bytes[stop - 1] != '\r') {
            *ret_fault = fault(400, "a line does not end with CR LF");
            return 0;
        }
        bool is_empty = stop - 1 == *line;
        *at = *line = stop + 1;
        if (is_empty)
            return stop + 1;
    }
    *at = size;
    return 0;
}

/* Ends the line in place; NULL: there is none. *at moves behind it. */
static char *take_line(char **at, char *end)
{
    char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop || stop == line || stop[-1] != '\r')
        return NULL;
    stop[-1] = 0;
    *at = stop + 1;
    return line;
}

static bool is_target(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text == 127 || *text == '#') /* bytes above 127 are negative */
            return false;
    return true;
}

static wr_http_fault parse_request_line(char *line, wr_http_head *head)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || strchr(version + 1, ' '))
        return fault(400, "the first line is not: method, target, version");
    *target++ = 0;
    *version++ = 0;
    if (strncmp(version, "HTTP/", 5) != 0)
        return fault(400, "the first line is not: method, target, version");
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return fault(505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (!wr_http_token_valid(line))
        return fault(400, "the method is not a token");
    if (!*target || !is_target(target))
        return fault(400, "the target is empty or has a byte that must be escaped");
    head->method = line;
    head->target = target;
    head->minor = version[7] - '0';
    return none;
}

static bool is_value(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 127)
            return false;
    return true;
}

static wr_http_fault parse_field(char *line, wr_http_head *head)
{
    if (head->field_count == HTTP_FIELD_COUNT_MAX)
        return fault(431, "more than 100 headers");
    char *colon = strchr(line, ':');
    if (!colon)
        return fault(400, "a header has no colon");
    *colon = 0;
    if (!wr_http_token_valid(line))
        return fault(400, "a header name is not a token");
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t size = strlen(value);
    while (size && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        value[--size] = 0;
    if (!is_value(value))
        return fault(400, "a header value has a control character");
    head->fields[head->field_count++] = (weir_attribute){line, value};
    return none;
}

/* Whether a list of tokens, separated by commas, has this one. */
static bool has_token(const char *list, const char *token)
{
    size_t size = strlen(token);
    for (;;) {
        list += strspn(list, " \t,");
        if (!*list)
            return false;
        size_t own = strcspn(list, " \t,");
        if (own == size && strncasecmp(list, token, size) == 0)
            return true;
        list += own;
    }
}

static bool parse_length(const char *text, uint64_t *ret_length)
{
    int64_t length;
    weir_err err = wr_number_parse(text, 0, INT64_MAX, &length);
    if (*text == '-' || err == WEIR_E_FORMAT)
        return false;
    *ret_length = err == WEIR_OK ? (uint64_t)length : UINT64_MAX;
    return true;
}

static bool is_host(const char *text)
{
    return !text[strcspn(text, "/?#@\\ \t\"<>,")];
}

static wr_http_fault read_fields(wr_http_head *head)
{
    int hosts = 0, lengths = 0, encodings = 0;
    bool is_closed = false, is_kept = false;
    for (size_t i = 0; i < head->field_count; i++) {
        const char *name = head->fields[i].name, *value = head->fields[i].value;
        if (strcasecmp(name, "Host") == 0) {
            if (hosts++ || !is_host(value))
                return fault(400, "more than one Host, or one that is not a host");
        } else if (strcasecmp(name, "Content-Length") == 0) {
            lengths++;
            if (!parse_length(value, &head->length))
                return fault(400, "Content-Length is not a number");
        } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
            encodings++;
            head->is_chunked = true;
            if (strcasecmp(value, "chunked") != 0)
                return fault(501, "only the transfer encoding chunked is known");
        } else if (strcasecmp(name, "Connection") == 0) {
            is_closed = is_closed || has_token(value, "close");
            is_kept = is_kept || has_token(value, "keep-alive");
        } else if (strcasecmp(name, "Expect") == 0) {
            if (strcasecmp(value, "100-continue") != 0)
                return fault(417, "only the expectation 100-continue is known");
            head->expects_continue = head->minor > 0;
        }
    }
    if (lengths + encodings > 1)
        return fault(400, "more than one Content-Length or Transfer-Encoding");
    if (encodings && head->minor == 0)
        return fault(400, "HTTP/1.0 has no Transfer-Encoding");
    if (hosts == 0 && head->minor > 0)
        return fault(400, "there is no Host");
    head->is_kept_alive = !is_closed && (head->minor > 0 || is_kept);
    return none;
}

wr_http_fault wr_http_head_parse(char *text, size_t size, wr_http_head *ret_head)
{
    char *at = text, *end = text + size;
    ret_head->field_count = 0;
    ret_head->length = 0;
    ret_head->is_chunked = ret_head->expects_continue = false;
    if (memchr(text, 0, size))
        return fault(400, "a zero byte in the head");
    char *line = take_line(&at, end);
    if (!line)
        return fault(400, "a line does not end with CR LF");
    wr_http_fault found = parse_request_line(line, ret_head);
    while (found.status == 0 && (line = take_line(&at, end)) && *line) {
        if (*line == ' ' || *line == '\t')
            return fault(400, "a header continues on the next line");
        found = parse_field(line, ret_head);
    }
    return found.status ? found : read_fields(ret_head);
}
