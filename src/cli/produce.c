/* weir produce: lines, key/value pairs, JSON lines or whole files as records. */
#include <cli/commands.h>
#include <cli/json_record.h>
#include <cli/kafka.h>

#include <base/uuid.h>
#include <errno.h>
#include <event/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADERS_MAX = 64, RECORD_ARENA_SIZE = 64 << 20, LINE_SIZE_MAX = 16 << 20, POLL_MS = 100 };

typedef enum line_form { FORM_LINE, FORM_KV, FORM_JSON, FORM_FILE } line_form;

typedef struct produce {
    wr_cli *cli;
    wr_producer *producer;
    weir_arena *arena; /* of one record */
    const char *topic;
    line_form form;
    int32_t partition;
    bool empty_is_null;
    weir_slice key;
    wr_client_header headers[HEADERS_MAX];
    size_t header_count;
    const char *ce_type;
    int64_t us_per_record; /* 0: as fast as they go */
    int64_t next_us;
    wr_signals *signals;

    int64_t sent_count, done_count, failed_count;
    weir_err failed;
    char reason[160];
} produce;

static void delivered(void *user, const wr_delivery *delivery)
{
    produce *self = user;
    self->done_count++;
    if (delivery->err == WEIR_OK)
        return;
    if (self->failed_count++ == 0) {
        self->failed = delivery->err;
        snprintf(self->reason, sizeof self->reason, "%s", delivery->reason);
    }
}

/* ---- one record */
static weir_err send_record(produce *self, wr_client_record *record)
{
    while (self->us_per_record > 0 && !wr_signals_stopped(self->signals)) {
        int64_t left_us = self->next_us - wr_mono_us(self->cli->io);
        if (left_us <= 0)
            break;
        wr_producer_poll(self->producer, (int)(left_us / 1000 + 1), delivered, self);
    }
    self->next_us += self->us_per_record;

    weir_err err;
    while ((err = wr_producer_send(self->producer, record, NULL)) == WEIR_E_AGAIN && !wr_signals_stopped(self->signals))
        wr_producer_poll(self->producer, POLL_MS, delivered, self);
    if (err == WEIR_OK)
        self->sent_count++;
    if (self->sent_count % 1000 == 0)
        wr_producer_poll(self->producer, 0, delivered, self);
    return err;
}

/* CloudEvents: the line is the data, the key the subject. */
static weir_err send_event(produce *self, weir_slice value, weir_slice key, weir_failure *failure)
{
    uint8_t random[16];
    wr_random(self->cli->io, random, sizeof random);
    wr_uuid id = wr_uuid_v7(wr_now_ms(self->cli->io), random);
    char id_text[WR_UUID_TEXT_SIZE], time_text[WR_TIME_TEXT_SIZE];
    wr_uuid_print(&id, id_text);
    wr_time_print(wr_now_ms(self->cli->io), time_text);
    weir_event event = {.id = id_text,
                        .source = wr_cli_text(self->cli, "ce-source"),
                        .type = self->ce_type,
                        .subject = key.data ? weir_arena_dup_text(self->arena, key) : NULL,
                        .time = time_text,
                        .data = value};
    wr_event_record encoded;
    weir_err err = wr_event_encode_kafka(&event, self->headers, self->header_count, self->arena, &encoded, failure);
    if (err != WEIR_OK)
        return err;
    wr_client_record record = {.topic = self->topic,
                               .partition = self->partition,
                               .key = encoded.key,
                               .value = encoded.value,
                               .headers = encoded.headers,
                               .header_count = encoded.header_count};
    return send_record(self, &record);
}

static weir_err send_value(produce *self, weir_slice value, weir_slice key, weir_failure *failure)
{
    if (value.size == 0)
        value = self->empty_is_null ? (weir_slice){0} : WEIR_SLICE("");
    if (self->ce_type)
        return send_event(self, value, key, failure);
    wr_client_record record = {.topic = self->topic,
                               .partition = self->partition,
                               .key = key,
                               .value = value,
                               .headers = self->headers,
                               .header_count = self->header_count};
    return send_record(self, &record);
}

static weir_err send_json(produce *self, weir_slice line, weir_failure *failure)
{
    wr_client_record record = {0};
    weir_err err = wr_json_record_read(self->arena, line, &record, failure);
    if (err != WEIR_OK)
        return err;
    record.topic = self->topic;
    record.partition = self->partition;
    record.key = record.key.data ? record.key : self->key;
    return send_record(self, &record);
}

static weir_err send_line(produce *self, weir_slice line, weir_failure *failure)
{
    weir_arena_reset(self->arena);
    if (self->form == FORM_JSON)
        return line.size == 0 ? WEIR_OK : send_json(self, line, failure);
    if (self->form == FORM_LINE)
        return send_value(self, line, self->key, failure);
    const uint8_t *tab = memchr(line.data, '\t', line.size);
    if (!tab)
        return weir_fail(failure, WEIR_E_FORMAT, "no tab between key and value");
    size_t key_size = (size_t)(tab - line.data);
    return send_value(self, (weir_slice){tab + 1, line.size - key_size - 1}, (weir_slice){line.data, key_size},
                      failure);
}

/* ---- where they come from */
/* Says what is wrong with a record, and where it came from. */
static int fail_record(produce *self, const char *where, size_t size, weir_err err, const weir_failure *failure)
{
    if (failure->sentence[0])
        return wr_cli_fail(self->cli, err, "%s: %s", where, failure->sentence);
    if (err == WEIR_E_REFUSED || err == WEIR_E_LIMIT)
        return wr_cli_fail(self->cli, err,
                           "%s: a record of %zu bytes is not sent; the limit is --kafka.message.max.bytes", where,
                           size);
    return wr_cli_fail(self->cli, err, "%s: %s", where, weir_err_name(err));
}

/* The next line; while there is none yet, what was sent before goes its way. */
static weir_err next_line(produce *self, wr_lines *lines, weir_slice *ret_line)
{
    weir_err err;
    while ((err = wr_lines_next(lines, POLL_MS, ret_line)) == WEIR_E_TIMEOUT && !wr_signals_stopped(self->signals))
        wr_producer_poll(self->producer, 0, delivered, self);
    return err;
}

static int read_lines(produce *self, int fd, const char *name)
{
    wr_lines *lines;
    weir_err err = wr_lines_new(fd, LINE_SIZE_MAX, &lines);
    if (err != WEIR_OK)
        return wr_cli_fail(self->cli, err, "%s: %s", name, weir_err_name(err));
    int status = WR_EXIT_OK;
    weir_slice line;
    for (int64_t number = 1; status == WR_EXIT_OK && !wr_signals_stopped(self->signals); number++) {
        weir_failure failure = {0};
        char where[300];
        err = next_line(self, lines, &line);
        snprintf(where, sizeof where, "%s:%lld", name, (long long)number);
        if (err == WEIR_E_CLOSED || err == WEIR_E_TIMEOUT)
            break;
        if (err == WEIR_E_LIMIT)
            status = wr_cli_fail(self->cli, err, "%s: longer than %d bytes", where, LINE_SIZE_MAX);
        else if (err != WEIR_OK)
            status = wr_cli_fail(self->cli, err, "%s cannot be read: %s", name, strerror(errno));
        else if ((err = send_line(self, line, &failure)) != WEIR_OK)
            status = fail_record(self, where, line.size, err, &failure);
    }
    wr_lines_free(lines);
    return status;
}

static int read_whole(produce *self, const char *path)
{
    weir_slice bytes;
    weir_failure failure = {0};
    weir_arena_reset(self->arena);
    weir_err err = wr_path_read(self->cli->io, path, RECORD_ARENA_SIZE / 2, self->arena, &bytes);
    if (err != WEIR_OK)
        return wr_cli_fail(self->cli, err, "%s cannot be read: %s", path, strerror(errno));
    err = send_value(self, bytes, self->key, &failure);
    if (err != WEIR_OK)
        return fail_record(self, path, bytes.size, err, &failure);
    return WR_EXIT_OK;
}

static int read_all(produce *self)
{
    int status = WR_EXIT_OK;
    if (self->cli->operand_count == 1)
        return self->form == FORM_FILE ? read_whole(self, "/dev/stdin") : read_lines(self, WR_STDIN, "stdin");
    for (int i = 1; i < self->cli->operand_count && status == WR_EXIT_OK; i++) {
        const char *path = self->cli->operands[i];
        FILE *from = self->form == FORM_FILE ? NULL : fopen(path, "re");
        if (self->form == FORM_FILE)
            status = read_whole(self, path);
        else if (!from)
            status = wr_cli_fail(self->cli, WEIR_E_NOT_FOUND, "%s cannot be read: %s", path, strerror(errno));
        else
            status = read_lines(self, fileno(from), path);
        if (from)
            fclose(from);
    }
    return status;
}

/* ---- options */
static int parse_headers(produce *self)
{
    weir_attribute pairs[HEADERS_MAX];
    if (wr_cli_pairs(self->cli, "header", pairs, HEADERS_MAX, &self->header_count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < self->header_count; i++)
        self->headers[i] = (wr_client_header){pairs[i].name, weir_slice_of(pairs[i].value)};
    return WR_EXIT_OK;
}

static int parse_options(produce *self, wr_producer_options *ret_options)
{
    static const char *const forms[] = {"line", "kv", "json", "file"};
    static const char *const codecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    wr_cli *cli = self->cli;
    const char *form = wr_cli_text(cli, "format"), *acks = wr_cli_text(cli, "acks"),
               *codec = wr_cli_text(cli, "compression"), *key = wr_cli_text(cli, "key");
    int64_t partition, rate;
    int at = 0;
    while (at < 4 && strcmp(form, forms[at]) != 0)
        at++;
    if (at == 4)
        return wr_cli_usage(cli, "-f takes line, kv, json or file, not '%s'", form);
    self->form = (line_form)at;
    for (at = 0; at < 5 && strcmp(codec, codecs[at]) != 0;)
        at++;
    if (at == 5)
        return wr_cli_usage(cli, "-z takes none, gzip, snappy, lz4 or zstd, not '%s'", codec);
    if (strcmp(acks, "all") != 0 && strcmp(acks, "1") != 0)
        return wr_cli_usage(cli, "--acks takes all or 1, not '%s'", acks);
    if (wr_cli_int(cli, "partition", -1, INT32_MAX, &partition) != WEIR_OK ||
        wr_cli_int(cli, "rate", 0, 1000000, &rate) != WEIR_OK)
        return WR_EXIT_USAGE;
    self->partition = (int32_t)partition;
    self->us_per_record = rate > 0 ? 1000000 / rate : 0;
    self->next_us = wr_mono_us(cli->io);
    self->empty_is_null = wr_cli_on(cli, "null");
    self->ce_type = wr_cli_text(cli, "ce-type");
    self->key = key ? weir_slice_of(key) : (weir_slice){0};
    *ret_options = (wr_producer_options){
        .linger_ms = 5, .compression = codec, .acks = acks[0] == '1' ? 1 : 0, .not_idempotent = acks[0] == '1'};
    return parse_headers(self);
}

static int finish(produce *self, int status, int timeout_ms)
{
    wr_cli *cli = self->cli;
    int64_t deadline_us = wr_mono_us(cli->io) + (int64_t)timeout_ms * 1000;
    while (wr_producer_pending(self->producer) > 0 && wr_mono_us(cli->io) < deadline_us)
        wr_producer_poll(self->producer, POLL_MS, delivered, self);
    weir_failure failure = {0};
    size_t pending = wr_producer_pending(self->producer);
    weir_err err = WEIR_OK;
    if (self->failed_count > 0)
        err = weir_fail(&failure, self->failed, "%lld of %lld records were not taken: %s",
                        (long long)self->failed_count, (long long)self->sent_count, self->reason);
    else if (pending > 0)
        err = weir_fail(&failure, WEIR_E_TIMEOUT, "%zu of %lld records are not acknowledged after %d ms", pending,
                        (long long)self->sent_count, timeout_ms);
    if (err != WEIR_OK)
        status = wr_cli_failure(cli, &failure);
    int64_t taken = self->done_count - self->failed_count;
    if (!wr_cli_on(cli, "quiet") && cli->error_terminal)
        fprintf(stderr, "%lld record%s to %s\n", (long long)taken, taken == 1 ? "" : "s", self->topic);
    return status == WR_EXIT_OK && wr_signals_stopped(self->signals) ? WR_EXIT_INTERRUPTED : status;
}

int wr_run_produce(wr_cli *cli)
{
    produce self = {.cli = cli, .topic = cli->operands[0]};
    wr_producer_options options;
    int status = parse_options(&self, &options);
    if (status != WR_EXIT_OK)
        return status;
    wr_kafka kafka;
    status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    options.delivery_timeout_ms = kafka.timeout_ms;
    weir_failure failure = {0};
    self.arena = weir_arena_new(RECORD_ARENA_SIZE);
    if (!self.arena || wr_signals_new(&self.signals) != WEIR_OK)
        status = wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    else if (wr_producer_new(kafka.client, &options, &self.producer, &failure) != WEIR_OK)
        status = wr_cli_failure(cli, &failure);
    else
        status = finish(&self, read_all(&self), kafka.timeout_ms);
    if (self.producer)
        wr_producer_free(self.producer);
    wr_signals_free(self.signals);
    weir_arena_free(self.arena);
    wr_kafka_close(&kafka);
    return status;
}
