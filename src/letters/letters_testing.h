/* For this room's tests: a simulated cluster with a dead letter topic of two partitions, "tally.dlq", and the topic
 * "tally.redrive" that its group reads. Waiting moves the clock. */
#ifndef WR_LETTERS_TESTING_H
#define WR_LETTERS_TESTING_H

#include "test.h"

#include <letters/edit.h>
#include <letters/redrive.h>
#include <testing/client/sim.h>
#include <testing/io/sim.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct desk {
    wr_sim *machine;
    wr_sim_cluster *cluster;
    wr_client *client;
    wr_redrive_options options;
    wr_redrive_result result;
    weir_failure failure;
    int crash_at, crash_calls; /* the crash_at-th call of the hook says crash; -1 never */
    const char *meet_at;       /* there, once, another run does all it can */
    int64_t waited_ms;
    int stop_after; /* waits; 0: nobody stops it */
    char told[300];
} desk;

static inline int64_t desk_now_ms(void *user)
{
    desk *d = user;
    return wr_now_ms(wr_sim_io(d->machine));
}

static inline void desk_poll_wait(void *user, int timeout_ms)
{
    desk *d = user;
    wr_sim_advance_ms(d->machine, timeout_ms);
}

static inline bool desk_wait(void *user, int64_t ms)
{
    desk *d = user;
    d->waited_ms += ms;
    wr_sim_advance_ms(d->machine, ms);
    return d->stop_after > 0 && --d->stop_after == 0;
}

static inline void desk_tell(void *user, const char *sentence)
{
    desk *d = user;
    snprintf(d->told, sizeof d->told, "%s", sentence);
}

static inline bool desk_crash(void *user, const char *where)
{
    desk *d = user;
    if (d->meet_at && strcmp(d->meet_at, where) == 0) {
        d->meet_at = NULL;
        wr_redrive_options options = d->options;
        options.crash = NULL;
        static wr_redrive_result result;
        CHECK_OK(wr_redrive_run(&options, "tally.dlq", &result, &d->failure));
    }
    return d->crash_calls++ == d->crash_at;
}

static inline void desk_begin(desk *d)
{
    *d = (desk){.crash_at = -1};
    d->machine = wr_sim_new(3);
    d->cluster = wr_sim_cluster_new(
        &(wr_sim_options){.seed = 1, .now_ms = desk_now_ms, .clock = d, .wait = desk_poll_wait, .wait_user = d});
    d->client = wr_sim_client_new(d->cluster);
    CHECK_OK(wr_sim_topic_add(d->cluster, "tally.dlq", 2));
    CHECK_OK(wr_sim_topic_add(d->cluster, "tally.redrive", 1));
    CHECK_OK(wr_sim_topic_add(d->cluster, "in", 2));
    d->options = (wr_redrive_options){.scan = {.client = d->client, .io = wr_sim_io(d->machine), .timeout_ms = 10000},
                                      .wait = desk_wait,
                                      .tell = desk_tell,
                                      .user = d,
                                      .crash = desk_crash};
}

static inline void desk_end(desk *d)
{
    wr_client_free(d->client);
    wr_sim_cluster_free(d->cluster);
    wr_sim_free(d->machine);
}

/* A letter as the service "tally" writes one: event number n of a key. */
static inline void desk_letter(desk *d, const char *key, int n, const char *reason, int redrives)
{
    char id[32], data[64], count[16], offset[16];
    snprintf(id, sizeof id, "id-%d", n);
    snprintf(data, sizeof data, "{\"n\":%d,\"sku\":\"A\"}", n);
    snprintf(count, sizeof count, "%d", redrives);
    snprintf(offset, sizeof offset, "%d", 100 + n);
    const wr_client_header headers[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                        {"ce_id", weir_slice_of(id)},
                                        {"ce_source", WEIR_SLICE("elsewhere")},
                                        {"ce_type", WEIR_SLICE("thing.happened")},
                                        {"weir-outbox-sequence", WEIR_SLICE("5")},
                                        {"weir-dlq-reason", weir_slice_of(reason)},
                                        {"weir-dlq-group", WEIR_SLICE("tally")},
                                        {"weir-dlq-original-topic", WEIR_SLICE("in")},
                                        {"weir-dlq-original-partition", WEIR_SLICE("1")},
                                        {"weir-dlq-original-offset", weir_slice_of(offset)},
                                        {"weir-redrive-count", weir_slice_of(count)}};
    CHECK_OK(wr_sim_append(d->cluster, &(wr_client_record){.topic = "tally.dlq",
                                                           .partition = -1,
                                                           .key = weir_slice_of(key),
                                                           .value = weir_slice_of(data),
                                                           .headers = headers,
                                                           .header_count = 10 + (redrives > 0)}));
}

static inline weir_err desk_redrive(desk *d)
{
    return wr_redrive_run(&d->options, "tally.dlq", &d->result, &d->failure);
}

/* The n of the record's event; -1: none. */
static inline int desk_number(const wr_client_record *record)
{
    static const char before[] = "{\"n\":";
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)record->value.size, (const char *)record->value.data);
    return strncmp(text, before, sizeof before - 1) == 0 ? (int)strtol(text + sizeof before - 1, NULL, 10) : -1;
}

/* How often event n stands in the topic. */
static inline int desk_count(const desk *d, const char *topic, int n)
{
    int count = 0;
    for (int32_t p = 0; wr_sim_end(d->cluster, topic, p) >= 0; p++)
        for (int64_t o = 0; o < wr_sim_end(d->cluster, topic, p); o++)
            count += desk_number(wr_sim_record(d->cluster, topic, p, o)) == n;
    return count;
}

static inline const char *desk_header(const desk *d, const char *topic, int64_t offset, const char *name)
{
    static char text[300];
    const wr_client_record *record = wr_sim_record(d->cluster, topic, 0, offset);
    const wr_client_header *header = record ? wr_event_header_find(record->headers, record->header_count, name) : NULL;
    snprintf(text, sizeof text, "%.*s", header ? (int)header->value.size : 0,
             header ? (const char *)header->value.data : "");
    return text;
}

#endif
