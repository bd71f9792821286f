/* weir consume: from where to where is in span.c; how a record looks is in record_text.c. */
#include <cli/commands.h>
#include <cli/consume_int.h>

#include <stdio.h>
#include <stdlib.h>

enum { POLL_MAX = 1000, POLL_MS = 200, ASSIGNED_MS = 1500, STUCK_MS = 5000 };

enum { TOPIC_SIZE_MAX = 250 };

/* Topics that are followed, by their ids: one that is made anew is read again from its start. */
typedef struct followed {
    char name[TOPIC_SIZE_MAX];
    wr_topic_id id;
    bool is_remade;
} followed;

typedef struct consume {
    wr_cli *cli;
    followed followed[WR_TOPIC_IDS_MAX];
    size_t followed_count;
    wr_stop *stop;
    wr_consumer *consumer;
    wr_span_list spans; /* without a group */
    wr_record_form form;
    wr_filter filter;
    const char *group;
    bool follow, is_lost;            /* out of reach, and said so */
    bool is_stuck;                   /* something that should come does not, and that was said */
    bool is_assigned, is_waited_for; /* by the group; that it has not yet, and that was said */
    int64_t count_max, count;
    int64_t idle_ms; /* -1: never */
    wr_buf out;
} consume;

static bool flush(consume *self)
{
    if (self->out.size == 0)
        return true;
    bool written = wr_cli_write(self->cli, wr_buf_view(&self->out));
    wr_buf_clear(&self->out);
    return written;
}

/* False when this was the last record to show. */
static bool take_record(consume *self, const wr_client_record *record)
{
    wr_span *span = self->group ? NULL : wr_span_find(&self->spans, record->topic, record->partition);
    bool end = wr_record_is_end(record);
    if (span && (end || record->offset + 1 >= span->end))
        wr_span_done(&self->spans, span, self->follow && end);
    if (end || (span && record->offset >= span->end))
        return true;
    if (span) {
        span->is_restarted = span->is_restarted || record->offset < span->next;
        span->next = record->offset + 1;
    }
    if (!wr_filter_passes(&self->filter, record))
        return true;
    wr_record_print(&self->form, record, &self->out);
    return ++self->count != self->count_max;
}

static bool all_read(const consume *self)
{
    return !self->group && self->spans.open_count == 0;
}

static void commit_batch(consume *self, const wr_client_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool last = true;
        for (size_t k = i + 1; k < count && last; k++)
            last = records[k].partition != records[i].partition || strcmp(records[k].topic, records[i].topic) != 0;
        wr_assignment position = {records[i].topic, records[i].partition, records[i].offset + 1};
        if (last && wr_consumer_commit(self->consumer, &position, 1, false) != WEIR_OK)
            continue; /* the next commit covers it */
    }
}

static void say_when_reached(consume *self, bool is_lost)
{
    wr_reach reach;
    wr_consumer_reach(self->consumer, &reach);
    if (self->is_lost && reach.is_reached)
        fprintf(stderr, "Kafka is reached again\n");
    self->is_lost = (self->is_lost || is_lost) && !reach.is_reached;
}

/* ---- the group */

static void on_assigned(void *user, wr_assignment *assignments, size_t count)
{
    consume *self = user;
    (void)assignments;
    if (self->is_waited_for)
        fprintf(stderr, "group '%s' has given %zu partitions\n", self->group, count);
    self->is_assigned = true;
    self->is_waited_for = false;
}

/* A broker that cannot keep groups, such as one with a full disk, has librdkafka try again without a word. */
static void say_when_waiting(consume *self, int64_t waited_ms)
{
    if (!self->group || self->is_assigned || self->is_waited_for || self->is_lost || waited_ms < ASSIGNED_MS)
        return;
    self->is_waited_for = true;
    fprintf(stderr,
            "group '%s' has given no partitions yet; waiting. It is rebalancing, or the broker cannot keep groups now: "
            "'weir group show %s' and the broker's log say more\n",
            self->group, self->group);
}

/* librdkafka decompresses the first member of a gzip only, hands out the records that are whole in it, and asks for the
 * rest again and again without a word. Java, and so Kafka, reads all members, and so does weir's broker. */
static void say_when_stuck(consume *self, int64_t idle_ms)
{
    if (self->group || self->is_lost || self->is_stuck || idle_ms < STUCK_MS)
        return;
    for (size_t i = 0; i < self->spans.count; i++) {
        const wr_span *span = &self->spans.spans[i];
        int64_t next = span->next > span->start ? span->next : span->start;
        if (span->done || span->end == INT64_MAX || next >= span->end)
            continue;
        self->is_stuck = true;
        fprintf(
            stderr,
            "%s-%d: nothing has come for %d s from offset %lld on, though it ends at %lld. If the broker is not just "
            "slow, the batch there is compressed as librdkafka does not read it (a gzip of several members). "
            "Behind it: weir consume %s -p %d --offset NEXT_OFFSET\n",
            span->topic, (int)span->partition, STUCK_MS / 1000, (long long)next, (long long)span->end, span->topic,
            (int)span->partition);
    }
}

/* ---- topics that are made anew */

static void on_identified(void *user, const char *topic, const wr_topic_id *id)
{
    consume *self = user;
    size_t at = 0;
    while (at < self->followed_count && strcmp(self->followed[at].name, topic) != 0)
        at++;
    if (at == WR_TOPIC_IDS_MAX)
        return;
    followed *followed = &self->followed[at];
    if (at == self->followed_count) {
        self->followed_count++;
        snprintf(followed->name, sizeof followed->name, "%s", topic);
    } else if (memcmp(&followed->id, id, sizeof *id) != 0) {
        followed->is_remade = true;
    }
    followed->id = *id;
}

static weir_err read_from_start(consume *self, const char *topic)
{
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < self->spans.count && err == WEIR_OK; i++) {
        wr_span *span = &self->spans.spans[i];
        if (strcmp(span->topic, topic) != 0)
            continue;
        if (!span->is_restarted) /* else it ended before where we were, and is read from its start already */
            err = wr_consumer_seek(self->consumer, topic, span->partition, 0);
        span->is_restarted = span->is_restarted && err != WEIR_OK;
        if (err == WEIR_E_NOT_FOUND)
            err = WEIR_OK; /* it has fewer partitions now */
    }
    return err;
}

/* Before a poll; what cannot be done now, since the broker is away, is done before another. */
static void follow_remade(consume *self)
{
    for (size_t i = 0; i < self->followed_count; i++) {
        followed *followed = &self->followed[i];
        if (!followed->is_remade || read_from_start(self, followed->name) != WEIR_OK)
            continue;
        followed->is_remade = false;
        fprintf(stderr, "%s was made anew; reading it from its start\n", followed->name);
    }
}

static int read_records(consume *self)
{
    int64_t begun_us = wr_mono_us(self->cli->io), last_us = begun_us;
    while (!wr_stop_asked(self->stop) && !all_read(self)) {
        const wr_client_record *records = NULL;
        size_t count = 0;
        weir_failure failure = {0};
        follow_remade(self);
        weir_err err = wr_consumer_poll(self->consumer, POLL_MAX, POLL_MS, &records, &count, &failure);
        if (err == WEIR_E_UNREACHABLE)
            fprintf(stderr, "%s; trying on\n", failure.sentence);
        say_when_reached(self, err == WEIR_E_UNREACHABLE);
        say_when_waiting(self, (wr_mono_us(self->cli->io) - begun_us) / 1000);
        if (err == WEIR_E_CORRUPT)
            return wr_cli_fail(
                self->cli, err,
                "%s\nThe broker's log says which file, and the next offset that can be read; read on from "
                "there: weir consume TOPIC -p PARTITION --offset NEXT_OFFSET",
                failure.sentence);
        if (err != WEIR_OK && err != WEIR_E_UNREACHABLE)
            return wr_cli_failure(self->cli, &failure);
        bool more = true;
        size_t taken = 0;
        while (taken < count && more)
            more = take_record(self, &records[taken++]);
        if (!flush(self))
            return WR_EXIT_OK; /* the reader of our pipe has seen enough; of a full disk wr_cli_main speaks */
        if (self->group && taken > 0)
            commit_batch(self, records, taken);
        if (!more)
            return WR_EXIT_OK;
        int64_t now_us = wr_mono_us(self->cli->io);
        if (count > 0)
            last_us = now_us;
        self->is_stuck = self->is_stuck && count == 0;
        say_when_stuck(self, (now_us - last_us) / 1000);
        if (count == 0 && self->idle_ms >= 0 && now_us - last_us >= self->idle_ms * 1000)
            return WR_EXIT_OK;
    }
    return wr_stop_asked(self->stop) ? WR_EXIT_SIGNAL + wr_stop_signal(self->stop) : WR_EXIT_OK;
}

static int start_reading(consume *self, wr_kafka *kafka)
{
    wr_cli *cli = self->cli;
    weir_failure failure = {0};
    wr_consumer_options options = {.group = self->group,
                                   .from_beginning = true,
                                   .read_committed = true,
                                   .partition_end = !self->group,
                                   .assigned = self->group ? on_assigned : NULL,
                                   .identified = self->follow && !self->group ? on_identified : NULL,
                                   .user = self};
    weir_err err = wr_consumer_new(kafka->client, &options, &self->consumer, &failure);
    if (err == WEIR_OK && self->group)
        err = wr_consumer_subscribe(self->consumer, cli->operands, (size_t)cli->operand_count, &failure);
    if (err == WEIR_OK && !self->group) {
        wr_assignment *assignments = weir_arena_array(cli->arena, self->spans.count + 1, sizeof *assignments);
        size_t count = 0;
        for (size_t i = 0; assignments && i < self->spans.count; i++)
            if (!self->spans.spans[i].done)
                assignments[count++] = (wr_assignment){self->spans.spans[i].topic, self->spans.spans[i].partition,
                                                       self->spans.spans[i].start};
        err = wr_consumer_assign(self->consumer, assignments, count, &failure);
    }
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_failure(cli, &failure);
}

static int parse_options(consume *self)
{
    wr_cli *cli = self->cli;
    self->group = wr_cli_text(cli, "group");
    self->follow = wr_cli_on(cli, "follow");
    self->idle_ms = -1;
    if (wr_cli_on(cli, "exit-when-idle"))
        self->idle_ms = wr_cli_number(cli, "exit-when-idle");
    self->count_max = wr_cli_number(cli, "count");
    if (self->group && (wr_cli_on(cli, "tail") || wr_cli_on(cli, "to") || wr_cli_on(cli, "partition")))
        return wr_cli_usage(cli, "--tail, --to and --partition do not go with --group: the group decides");
    if (wr_cli_on(cli, "tail") && strcmp(wr_cli_text(cli, "offset"), "start") != 0) /* which it is unless given */
        return wr_cli_usage(cli, "--tail and --offset both say where to begin; one of them is enough");
    int status = wr_record_form_parse(cli, &self->form);
    return status == WR_EXIT_OK ? wr_filter_parse(cli, &self->filter) : status;
}

int wr_run_consume(wr_cli *cli)
{
    consume self = {.cli = cli};
    int status = parse_options(&self);
    if (status != WR_EXIT_OK)
        return status;
    wr_kafka kafka;
    status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    wr_buf_init(&self.out, 1 << 30);
    status = wr_cli_stop_new(cli, &self.stop);
    if (status == WR_EXIT_OK && !self.group)
        status = wr_spans_find(cli, &kafka, self.follow, &self.spans);
    if (status == WR_EXIT_OK)
        status = start_reading(&self, &kafka);
    if (status == WR_EXIT_OK)
        status = read_records(&self);
    if (self.consumer)
        wr_consumer_free(self.consumer);
    wr_buf_fini(&self.out);
    wr_kafka_close(&kafka);
    wr_stop_free(self.stop);
    return status;
}
