/* weir produce: options, pace, acknowledgements. The forms of the input are in produce_int.h. */
#include <cli/commands.h>
#include <cli/produce_int.h>

#include <stdio.h>

enum { RECORD_ARENA_SIZE = 2 * WR_PRODUCE_VALUE_SIZE_MAX + (1 << 20) };

static void delivered(void *user, const wr_delivery *delivery)
{
    wr_produce *self = user;
    self->done_count++;
    if (delivery->err == WEIR_OK)
        return;
    if (self->failed_count++ == 0) {
        self->failed = delivery->err;
        snprintf(self->reason, sizeof self->reason, "%s", delivery->reason);
    }
}

void wr_produce_poll(wr_produce *self, int timeout_ms)
{
    wr_producer_poll(self->producer, timeout_ms, delivered, self);
}

weir_err wr_produce_send(wr_produce *self, wr_client_record *record)
{
    record->topic = self->topic;
    record->partition = self->partition;
    while (self->us_per_record > 0 && !wr_stop_asked(self->stop)) {
        int64_t left_us = self->next_us - wr_mono_us(self->cli->io);
        if (left_us <= 0)
            break;
        wr_produce_poll(self, (int)(left_us / 1000 + 1));
    }
    self->next_us += self->us_per_record;

    weir_err err;
    while ((err = wr_producer_send(self->producer, record, NULL)) == WEIR_E_AGAIN && !wr_stop_asked(self->stop))
        wr_produce_poll(self, WR_PRODUCE_POLL_MS);
    if (err == WEIR_OK)
        self->sent_count++;
    if (self->sent_count % 1000 == 0)
        wr_produce_poll(self, 0);
    return err;
}

/* ---- options */
/* Options that a form of the input leaves without effect are refused: what was asked for would be lost. */
static int check_form(const wr_produce *self)
{
    bool keyed = self->form == WR_PRODUCE_KV || self->form == WR_PRODUCE_HKV;
    if (keyed && self->key.data)
        return wr_cli_usage(self->cli, "-k does not go with -f kv and hkv: every line brings its key");
    if (self->form == WR_PRODUCE_JSON && self->ce_type)
        return wr_cli_usage(self->cli, "--ce-type does not go with -f json: the lines bring their headers");
    if (self->form == WR_PRODUCE_JSON && self->empty_is_null)
        return wr_cli_usage(self->cli, "-Z does not go with -f json: a null value is written null there");
    return WR_EXIT_OK;
}

static int parse_options(wr_produce *self, wr_producer_options *ret_options)
{
    wr_cli *cli = self->cli;
    const char *key = wr_cli_text(cli, "key");
    bool leader_alone = strcmp(wr_cli_text(cli, "acks"), "1") == 0;
    int64_t rate = wr_cli_number(cli, "rate");
    if (wr_cli_pairs(cli, "header", self->headers, WR_PRODUCE_HEADERS_MAX, &self->header_count) != WEIR_OK)
        return WR_EXIT_USAGE;
    self->form = (wr_produce_form)wr_cli_number(cli, "format");
    self->partition = (int32_t)wr_cli_number(cli, "partition");
    self->us_per_record = rate > 0 ? 1000000 / rate : 0;
    self->next_us = wr_mono_us(cli->io);
    self->empty_is_null = wr_cli_on(cli, "null");
    self->ce_type = wr_cli_text(cli, "ce-type");
    self->key = key ? weir_slice_of(key) : (weir_slice){0};
    *ret_options = (wr_producer_options){.linger_ms = 5,
                                         .compression = wr_cli_text(cli, "compression"),
                                         .acks = leader_alone,
                                         .not_idempotent = leader_alone};
    return check_form(self);
}

/* ---- the end */
/* What to do about records that were not taken; "" when the reason says it. */
static void find_next_step(const wr_produce *self, const wr_kafka *kafka, char *ret_next, size_t size)
{
    enum { REACH_MS = 1000 };
    *ret_next = '\0';
    if (self->failed == WEIR_E_NOT_FOUND)
        snprintf(ret_next, size, "\nWhat there is: weir topic show %.120s", self->topic);
    else if (self->failed == WEIR_E_LIMIT)
        snprintf(ret_next, size, "\nThe topic sets the limit: weir topic alter %.120s -c max.message.bytes=N",
                 self->topic);
    else if (self->failed == WEIR_E_TIMEOUT && wr_client_reach(kafka->client, REACH_MS, NULL) == WEIR_OK)
        snprintf(ret_next, size, "\nThe broker answers and does not take them; its log says why (a full disk?)");
}

static int say_untaken(const wr_produce *self, const wr_kafka *kafka)
{
    char place[24] = "", next[200];
    weir_failure failure = {0};
    if (self->partition >= 0)
        snprintf(place, sizeof place, ", partition %d,", self->partition);
    find_next_step(self, kafka, next, sizeof next);
    weir_err err = self->failed == WEIR_E_LIMIT ? WEIR_E_REFUSED : self->failed;
    weir_fail(&failure, err, "%lld of %lld records to %.100s%s were not taken: %s", (long long)self->failed_count,
              (long long)self->sent_count, self->topic, place, self->reason);
    return *next ? wr_cli_fail(self->cli, err, "%s%s", failure.sentence, next) : wr_cli_failure(self->cli, &failure);
}

static int finish(wr_produce *self, int status, const wr_kafka *kafka)
{
    wr_cli *cli = self->cli;
    int timeout_ms = kafka->timeout_ms;
    int64_t deadline_us = wr_mono_us(cli->io) + (int64_t)timeout_ms * 1000;
    while (wr_producer_pending(self->producer) > 0 && wr_mono_us(cli->io) < deadline_us)
        wr_produce_poll(self, WR_PRODUCE_POLL_MS);
    size_t pending = wr_producer_pending(self->producer);
    if (self->failed_count > 0)
        status = say_untaken(self, kafka);
    else if (pending > 0)
        status = wr_cli_fail(cli, WEIR_E_TIMEOUT, "%zu of %lld records to %s are not acknowledged after %d ms", pending,
                             (long long)self->sent_count, self->topic, timeout_ms);
    int64_t taken = self->done_count - self->failed_count;
    bool news = cli->error_terminal || (status != WR_EXIT_OK && taken > 0); /* half done is worth a line anywhere */
    if (!wr_cli_on(cli, "quiet") && news)
        fprintf(stderr, "%lld record%s to %s\n", (long long)taken, taken == 1 ? "" : "s", self->topic);
    return status == WR_EXIT_OK && wr_stop_asked(self->stop) ? WR_EXIT_SIGNAL + wr_stop_signal(self->stop) : status;
}

int wr_run_produce(wr_cli *cli)
{
    wr_produce self = {.cli = cli, .topic = cli->operands[0]};
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
    status = self.arena ? wr_cli_stop_new(cli, &self.stop) : wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    if (status == WR_EXIT_OK && wr_producer_new(kafka.client, &options, &self.producer, &failure) != WEIR_OK)
        status = wr_cli_failure(cli, &failure);
    if (status == WR_EXIT_OK)
        status = finish(&self, wr_produce_read(&self), &kafka);
    if (self.producer)
        wr_producer_free(self.producer);
    weir_arena_free(self.arena);
    wr_kafka_close(&kafka);
    wr_stop_free(self.stop);
    return status;
}
