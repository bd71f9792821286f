/* A scan is a consumer without a group that is assigned by hand and ends when every part has been read (scan.h). The end of
 * a partition is told by the consumer, too, since the last offsets below an end may hold no record (control records,
 * records that were taken out). */
#include "scan.h"

#include <stdlib.h>

enum { POLL_MAX = 1000, POLL_MS = 200 };

typedef struct scanning {
    const wr_scan *scan;
    const wr_scan_part *parts;
    bool *done;
    size_t count, open_count;
    weir_err (*each)(void *user, const wr_client_record *record, weir_failure *failure);
    void *user;
} scanning;

static size_t find(const scanning *self, const wr_client_record *record)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->parts[i].partition == record->partition && strcmp(self->parts[i].topic, record->topic) == 0)
            return i;
    return self->count;
}

static weir_err take(scanning *self, const wr_client_record *record, weir_failure *failure)
{
    size_t at = find(self, record);
    if (at == self->count || self->done[at])
        return WEIR_OK;
    int64_t end = self->parts[at].end;
    bool is_end = record->header_count == (size_t)-1;
    if (is_end ? end == INT64_MAX || record->offset >= end : record->offset + 1 >= end) {
        self->done[at] = true;
        self->open_count--;
    }
    return is_end || record->offset >= end ? WEIR_OK : self->each(self->user, record, failure);
}

static weir_err nothing_came(const scanning *self, weir_failure *failure)
{
    size_t at = 0;
    while (self->done[at])
        at++;
    return weir_fail(failure, WEIR_E_TIMEOUT, "nothing came of %.100s-%d for %d s before its end; try again",
                     self->parts[at].topic, self->parts[at].partition, self->scan->timeout_ms / 1000);
}

static weir_err read_on(scanning *self, wr_consumer *consumer, weir_failure *failure)
{
    const wr_scan *scan = self->scan;
    int64_t last_us = wr_mono_us(scan->io);
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && self->open_count) {
        const wr_client_record *records = NULL;
        size_t count = 0;
        if (scan->stop && scan->stop(scan->user))
            return weir_fail(failure, WEIR_E_CLOSED, "stopped");
        err = wr_consumer_poll(consumer, POLL_MAX, POLL_MS, &records, &count, failure);
        if (err == WEIR_E_UNREACHABLE) /* it tries on */
            err = WEIR_OK;
        for (size_t i = 0; i < count && err == WEIR_OK; i++)
            err = take(self, &records[i], failure);
        int64_t now_us = wr_mono_us(scan->io);
        if (count)
            last_us = now_us;
        else if (err == WEIR_OK && now_us - last_us >= (int64_t)scan->timeout_ms * 1000)
            err = nothing_came(self, failure);
    }
    return err;
}

weir_err wr_scan_run(const wr_scan *scan, const wr_scan_part *parts, size_t count,
                     weir_err (*each)(void *user, const wr_client_record *record, weir_failure *failure), void *user,
                     weir_failure *failure)
{
    scanning self = {.scan = scan, .parts = parts, .count = count, .each = each, .user = user};
    wr_assignment *assignments = calloc(count + 1, sizeof *assignments);
    self.done = calloc(count + 1, sizeof *self.done);
    wr_consumer *consumer = NULL;
    weir_err err = assignments && self.done ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory to read a topic");
    for (size_t i = 0; i < count && err == WEIR_OK; i++) {
        self.done[i] = parts[i].start >= parts[i].end;
        if (!self.done[i])
            assignments[self.open_count++] = (wr_assignment){
                .topic = parts[i].topic, .partition = parts[i].partition, .start_offset = parts[i].start};
    }
    if (err == WEIR_OK && self.open_count) {
        wr_consumer_options options = {
            .from_beginning = true, .read_committed = !scan->uncommitted, .partition_end = true};
        err = wr_consumer_new(scan->client, &options, &consumer, failure);
        if (err == WEIR_OK)
            err = wr_consumer_assign(consumer, assignments, self.open_count, failure);
        if (err == WEIR_OK)
            err = read_on(&self, consumer, failure);
        if (consumer)
            wr_consumer_free(consumer);
    }
    free(assignments);
    free(self.done);
    return err;
}
