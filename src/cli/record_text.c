/* How `weir consume` shows a record: pretty for people, JSON lines for programs, or by a pattern like kcat's. */
#include <cli/consume_int.h>
#include <cli/json_record.h>
#include <cli/pairs.h>
#include <cli/yaml.h>

#include <base/utf8.h>

bool wr_record_is_end(const wr_client_record *record)
{
    return record->header_count == (size_t)-1;
}

/* ---- filters */
int wr_filter_parse(wr_cli *cli, wr_filter *ret_filter)
{
    wr_filter filter = {.key = wr_cli_text(cli, "key")};
    const char *where = wr_cli_text(cli, "where");
    if (where) {
        char *name = weir_arena_dup_text(cli->arena, weir_slice_of(where));
        char *value = name ? strchr(name, '=') : NULL;
        if (!value || value == name)
            return wr_cli_usage(cli, "--where takes NAME=VALUE, not '%s'", where);
        *value++ = '\0';
        filter.header = name;
        filter.value = value;
    }
    *ret_filter = filter;
    return WR_EXIT_OK;
}

bool wr_filter_passes(const wr_filter *filter, const wr_client_record *record)
{
    if (filter->key && !weir_slice_equal(record->key, weir_slice_of(filter->key)))
        return false;
    if (!filter->header)
        return true;
    for (size_t i = 0; i < record->header_count; i++) {
        const char *name = record->headers[i].name;
        bool named = strcmp(name, filter->header) == 0 ||
                     (strncmp(name, "ce_", 3) == 0 && strcmp(name + 3, filter->header) == 0);
        if (named && weir_slice_equal(record->headers[i].value, weir_slice_of(filter->value)))
            return true;
    }
    return false;
}

/* ---- forms */
int wr_record_form_parse(wr_cli *cli, wr_record_form *ret_form)
{
    wr_record_form form = {.pattern = wr_cli_text(cli, "format")};
    for (const char *at = form.pattern; at && (at = strchr(at, '%')); at += 2) {
        if (!at[1])
            return wr_cli_usage(cli, "-f ends with half a directive, '%%'; a percent sign is %%%%");
        if (!strchr("tpokvshTSK%", at[1]))
            return wr_cli_usage(cli, "-f has no '%%%c'; it has %%t %%p %%o %%k %%v %%h %%T %%K %%S and %%%%", at[1]);
        if (at[1] == 'h' && at[2] == '{' && !strchr(at, '}'))
            return wr_cli_usage(cli, "-f has a '%%h{' without its '}'");
    }
    if (form.pattern && wr_cli_on(cli, "output"))
        return wr_cli_usage(cli, "-f and -o both say how records look; one of them is enough");
    form.kind = form.pattern               ? WR_RECORD_PATTERN
                : wr_cli_on(cli, "output") ? (wr_record_kind)wr_cli_number(cli, "output")
                : cli->terminal            ? WR_RECORD_PRETTY
                                           : WR_RECORD_JSON;
    *ret_form = form;
    return WR_EXIT_OK;
}

/* Control characters of payloads must not reach a terminal. */
static void print_safe(weir_slice bytes, wr_buf *out)
{
    if (!bytes.data) {
        wr_buf_text(out, "(null)");
        return;
    }
    bool text = wr_utf8_valid(bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        bool c1 = text && byte == 0xc2 && bytes.data[i + 1] < 0xa0; /* U+0080 to U+009F: CSI and the like */
        if (c1)
            wr_buf_printf(out, "\\x%02x\\x%02x", byte, bytes.data[++i]);
        else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f || (!text && byte >= 0x80))
            wr_buf_printf(out, "\\x%02x", byte);
        else
            wr_buf_append(out, &byte, 1);
    }
}

static void print_pretty(const wr_client_record *record, wr_buf *out)
{
    char time[WR_TIME_TEXT_SIZE];
    wr_time_print(record->timestamp_ms, time);
    wr_buf_printf(out, "%s/%d@%lld  %s  key ", record->topic, record->partition, (long long)record->offset, time);
    print_safe(record->key, out);
    wr_buf_text(out, "\n");
    for (size_t i = 0; i < record->header_count; i++) {
        wr_buf_text(out, "  ");
        print_safe(weir_slice_of(record->headers[i].name), out);
        wr_buf_text(out, ": ");
        print_safe(record->headers[i].value, out);
        wr_buf_text(out, "\n");
    }
    wr_buf_text(out, "  ");
    print_safe(record->value, out);
    wr_buf_text(out, "\n");
}

/* %h: all headers as `-f hkv` and -H read them; %h{NAME}: the value of the last one of that name. */
static const char *print_headers(const char *at, const wr_client_record *record, wr_buf *out)
{
    const char *end = at[1] == '{' ? strchr(at, '}') : NULL;
    if (!end) {
        wr_pairs_print(record->headers, record->header_count, out);
        return at;
    }
    size_t size = (size_t)(end - at - 2);
    for (size_t i = record->header_count; i-- > 0;) {
        const char *name = record->headers[i].name;
        if (strlen(name) == size && memcmp(name, at + 2, size) == 0) {
            wr_buf_slice(out, record->headers[i].value);
            break;
        }
    }
    return end;
}

/* As kcat: null is -1. */
static void print_size(weir_slice bytes, wr_buf *out)
{
    wr_buf_printf(out, "%lld", bytes.data ? (long long)bytes.size : -1LL);
}

static void print_pattern(const char *pattern, const wr_client_record *record, wr_buf *out)
{
    for (const char *at = pattern; *at; at++) {
        if (at[0] == '\\' && at[1]) {
            at++;
            if (*at != 'n' && *at != 't' && *at != 'r')
                wr_buf_append(out, *at == '\\' ? at : at - 1, *at == '\\' ? 1 : 2);
            else
                wr_buf_text(out, *at == 'n' ? "\n" : *at == 't' ? "\t" : "\r");
        } else if (at[0] != '%' || !at[1]) {
            wr_buf_append(out, at, 1);
        } else {
            switch (*++at) {
            case 't':
                wr_buf_text(out, record->topic);
                break;
            case 'p':
                wr_buf_printf(out, "%d", record->partition);
                break;
            case 'o':
                wr_buf_printf(out, "%lld", (long long)record->offset);
                break;
            case 'k':
                wr_buf_slice(out, record->key);
                break;
            case 'v':
            case 's':
                wr_buf_slice(out, record->value);
                break;
            case 'S':
                print_size(record->value, out);
                break;
            case 'K':
                print_size(record->key, out);
                break;
            case 'h':
                at = print_headers(at, record, out);
                break;
            case 'T':
                wr_buf_printf(out, "%lld", (long long)record->timestamp_ms);
                break;
            default:
                wr_buf_append(out, at, 1);
                break;
            }
        }
    }
}

/* One item of a list, so that all records together are one document. */
static void print_yaml(const wr_client_record *record, wr_buf *out)
{
    wr_buf line;
    wr_buf_init(&line, 1 << 30);
    wr_buf_text(&line, "[");
    wr_json_record_print(record, &line);
    wr_buf_text(&line, "]");
    wr_yaml_of_json(wr_buf_view(&line), out);
    wr_buf_fini(&line);
}

void wr_record_print(const wr_record_form *form, const wr_client_record *record, wr_buf *out)
{
    switch (form->kind) {
    case WR_RECORD_JSON:
        wr_json_record_print(record, out);
        break;
    case WR_RECORD_YAML:
        print_yaml(record, out);
        break;
    case WR_RECORD_NAME:
        wr_buf_printf(out, "%s/%d@%lld\n", record->topic, record->partition, (long long)record->offset);
        break;
    case WR_RECORD_PATTERN:
        print_pattern(form->pattern, record, out);
        break;
    case WR_RECORD_PRETTY:
        print_pretty(record, out);
        break;
    }
}
