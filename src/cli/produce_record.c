/* One line, or one file, as a record; see produce_int.h for the forms. */
#include <cli/json_record.h>
#include <cli/pairs.h>
#include <cli/produce_int.h>

#include <base/uuid.h>
#include <event/event.h>

/* What a line says of its record. Headers of the command line come after its own. */
typedef struct parts {
    weir_slice key, value;
    const wr_client_header *headers;
    size_t header_count;
} parts;

static weir_err join_headers(wr_produce *self, parts *record, weir_failure *failure)
{
    size_t own = record->header_count;
    if (self->header_count == 0)
        return WEIR_OK;
    wr_client_header *all = weir_arena_array(self->arena, own + self->header_count, sizeof *all);
    if (!all)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    if (own > 0)
        memcpy(all, record->headers, own * sizeof *all);
    memcpy(all + own, self->headers, self->header_count * sizeof *all);
    record->headers = all;
    record->header_count = own + self->header_count;
    return WEIR_OK;
}

/* CloudEvents: the value is the data, the key the subject. */
static weir_err send_event(wr_produce *self, const parts *from, weir_failure *failure)
{
    uint8_t random[16];
    wr_random(self->cli->io, random, sizeof random);
    wr_uuid id = wr_uuid_v7(wr_now_ms(self->cli->io), random);
    char id_text[WR_UUID_TEXT_SIZE], time_text[WR_TIME_TEXT_SIZE];
    wr_uuid_print(&id, id_text);
    wr_time_print(wr_now_ms(self->cli->io), time_text);
    if (from->key.data && memchr(from->key.data, 0, from->key.size))
        return weir_fail(failure, WEIR_E_FORMAT, "the key has a NUL byte in it, so it cannot be an event's subject");
    weir_event event = {.id = id_text,
                        .source = wr_cli_text(self->cli, "ce-source"),
                        .type = self->ce_type,
                        .subject = from->key.data ? weir_arena_dup_text(self->arena, from->key) : NULL,
                        .time = time_text,
                        .data = from->value};
    wr_event_record encoded;
    weir_err err = wr_event_encode_kafka(&event, from->headers, from->header_count, self->arena, &encoded, failure);
    if (err != WEIR_OK)
        return err;
    return wr_produce_send(self, &(wr_client_record){.key = encoded.key,
                                                     .value = encoded.value,
                                                     .headers = encoded.headers,
                                                     .header_count = encoded.header_count});
}

static weir_err send_parts(wr_produce *self, parts record, weir_failure *failure)
{
    if (record.value.size == 0)
        record.value = self->empty_is_null ? (weir_slice){0} : WEIR_SLICE("");
    if (!record.key.data)
        record.key = self->key;
    weir_err err = join_headers(self, &record, failure);
    if (err != WEIR_OK)
        return err;
    if (self->ce_type)
        return send_event(self, &record, failure);
    return wr_produce_send(self, &(wr_client_record){.key = record.key,
                                                     .value = record.value,
                                                     .headers = record.headers,
                                                     .header_count = record.header_count});
}

static weir_err send_json(wr_produce *self, weir_slice line, weir_failure *failure)
{
    wr_client_record record = {0};
    weir_err err = wr_json_record_read(self->arena, line, &record, failure);
    if (err != WEIR_OK)
        return err;
    parts all = {.headers = record.headers, .header_count = record.header_count};
    err = join_headers(self, &all, failure);
    if (err != WEIR_OK)
        return err;
    record.key = record.key.data ? record.key : self->key;
    record.headers = all.headers;
    record.header_count = all.header_count;
    return wr_produce_send(self, &record);
}

/* The bytes before the next tab, which are taken from *rest together with it. */
static bool take_field(weir_slice *rest, weir_slice *ret_field)
{
    const uint8_t *tab = rest->size ? memchr(rest->data, '\t', rest->size) : NULL;
    if (!tab)
        return false;
    size_t size = (size_t)(tab - rest->data);
    *ret_field = (weir_slice){rest->data, size};
    *rest = (weir_slice){tab + 1, rest->size - size - 1};
    return true;
}

static weir_err send_fields(wr_produce *self, weir_slice line, weir_failure *failure)
{
    parts record = {0};
    weir_slice headers = {0};
    if (self->form == WR_PRODUCE_HKV && !take_field(&line, &headers))
        return weir_fail(failure, WEIR_E_FORMAT, "no tab between headers, key and value");
    if (!take_field(&line, &record.key))
        return weir_fail(failure, WEIR_E_FORMAT, "no tab between key and value");
    wr_client_header *pairs = weir_arena_array(self->arena, WR_PRODUCE_HEADERS_MAX, sizeof *pairs);
    if (!pairs)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    weir_err err = wr_pairs_parse(self->arena, headers, pairs, WR_PRODUCE_HEADERS_MAX, &record.header_count, failure);
    if (err != WEIR_OK)
        return err;
    record.headers = pairs;
    record.value = line;
    return send_parts(self, record, failure);
}

static bool is_blank(weir_slice line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

weir_err wr_produce_text(wr_produce *self, weir_slice text, weir_failure *failure)
{
    switch (self->form) {
    case WR_PRODUCE_JSON:
        return is_blank(text) ? WEIR_OK : send_json(self, text, failure);
    case WR_PRODUCE_KV:
    case WR_PRODUCE_HKV:
        return send_fields(self, text, failure);
    case WR_PRODUCE_LINE:
    case WR_PRODUCE_FILE:
        break;
    }
    return send_parts(self, (parts){.value = text}, failure);
}
