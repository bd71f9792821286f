/* /metrics and /readyz: what is counted, in Prometheus' text format 0.0.4 and as one JSON object. */
#include "core_int.h"

#include <assert.h>
#include <inttypes.h>

static uint64_t read_counter(const counter *of)
{
    return atomic_load_explicit(of, memory_order_relaxed);
}

static void head(wr_buf *out, const char *name, const char *type, const char *help)
{
    wr_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

typedef struct row {
    const char *name, *type, *help;
    const counter *counter;
    const atomic_int_fast64_t *gauge;
} row;

static void print_handlers(const wr_core *core, wr_buf *out)
{
    const char *const outcomes[] = {"done", "ignored", "retried", "rejected"};
    head(out, "weir_handler_events_total", "counter", "Events handled, by outcome.");
    for (size_t i = 0; i < core->numbers.handler_count; i++) {
        const weir_handler *handler = &core->service->handlers[i];
        const handler_numbers *numbers = &core->numbers.handlers[i];
        const counter *values[] = {&numbers->done, &numbers->ignored, &numbers->retried, &numbers->rejected};
        for (size_t o = 0; o < 4; o++)
            wr_buf_printf(out,
                          "weir_handler_events_total{service=\"%s\",type=\"%s\",version=\"%d\",outcome=\"%s\"} %" PRIu64
                          "\n",
                          core->name, handler->type, handler->version ? handler->version : 1, outcomes[o],
                          read_counter(values[o]));
    }
    head(out, "weir_handler_duration_seconds", "histogram", "Time in the handler, without the commit.");
    for (size_t i = 0; i < core->numbers.handler_count; i++) {
        const weir_handler *handler = &core->service->handlers[i];
        const handler_numbers *numbers = &core->numbers.handlers[i];
        uint64_t sum = 0;
        for (int b = 0; b <= BUCKET_COUNT; b++) {
            sum += read_counter(&numbers->buckets[b]);
            wr_buf_printf(out, "weir_handler_duration_seconds_bucket{service=\"%s\",type=\"%s\",version=\"%d\",le=\"",
                          core->name, handler->type, handler->version ? handler->version : 1);
            if (b < BUCKET_COUNT)
                wr_buf_printf(out, "%g\"} %" PRIu64 "\n", (double)wr_bucket_us(b) / 1e6, sum);
            else
                wr_buf_printf(out, "+Inf\"} %" PRIu64 "\n", sum);
        }
        wr_buf_printf(out,
                      "weir_handler_duration_seconds_sum{service=\"%s\",type=\"%s\",version=\"%d\"} %.6f\n"
                      "weir_handler_duration_seconds_count{service=\"%s\",type=\"%s\",version=\"%d\"} %" PRIu64 "\n",
                      core->name, handler->type, handler->version ? handler->version : 1,
                      (double)read_counter(&numbers->total_us) / 1e6, core->name, handler->type,
                      handler->version ? handler->version : 1, sum);
    }
}

void wr_core_metrics(wr_core *core, wr_buf *out)
{
    assert(core);
    const numbers *n = &core->numbers;
    const row rows[] = {
        {"weir_inbox_events_total", "counter", "Events read and not known before their partition.", &n->events, NULL},
        {"weir_inbox_duplicates_total", "counter", "Events that had been handled already.", &n->duplicates, NULL},
        {"weir_inbox_below_position_total", "counter", "Times that a topic ended before the stored position.",
         &n->below_position, NULL},
        {"weir_inbox_unknown_types_total", "counter", "Events of types without a handler, ignored.", &n->unknown_types,
         NULL},
        {"weir_inbox_undecodable_total", "counter", "Records that are not CloudEvents.", &n->undecodable, NULL},
        {"weir_inbox_dropped_attributes_total", "counter",
         "Attributes of events that could not be read and were left out.", &n->dropped_attributes, NULL},
        {"weir_inbox_batches_total", "counter", "Transactions committed.", &n->batches, NULL},
        {"weir_inbox_batch_events_total", "counter", "Events in those transactions.", &n->batch_events, NULL},
        {"weir_inbox_commit_microseconds_total", "counter", "Time in commits.", &n->commit_us, NULL},
        {"weir_inbox_partitions", "gauge", "Partitions assigned.", NULL, &n->partitions},
        {"weir_inbox_lag_milliseconds", "gauge", "Age of the last event when it was handled.", NULL, &n->lag_ms},
        {"weir_commands_total", "counter", "HTTP commands run.", &n->commands, NULL},
        {"weir_outbox_rows", "gauge", "Events committed and not acknowledged by the broker.", NULL, &n->outbox_rows},
        {"weir_outbox_frozen", "gauge", "Events that the broker refuses for good, and those behind them.", NULL,
         &n->outbox_frozen},
        {"weir_outbox_set_aside", "gauge", "Records kept in the database until somebody decides: weir outbox ls.", NULL,
         &n->outbox_aside},
        {"weir_outbox_set_aside_total", "counter", "Records that were set aside.", &n->set_aside, NULL},
        {"weir_outbox_published_total", "counter", "Events handed to the producer.", &n->published, NULL},
        {"weir_outbox_acknowledged_total", "counter", "Events acknowledged.", &n->acknowledged, NULL},
        {"weir_outbox_refused_total", "counter", "Keys frozen by a refusal.", &n->refused, NULL},
        {"weir_outbox_republished_total", "counter", "Events read back from the table at a start.", &n->republished,
         NULL},
        {"weir_parked_events", "gauge", "Events that wait for a retry, or behind one.", NULL, &n->parked_events},
        {"weir_parked_keys", "gauge", "Keys that wait.", NULL, &n->parked_keys},
        {"weir_parked_total", "counter", "Events parked.", &n->parked_total, NULL},
        {"weir_breaker_opened_total", "counter", "Times that a topic was paused because too much of it was rejected.",
         &n->breakers_opened, NULL},
        {"weir_parked_exhausted_total", "counter", "Events whose attempts were used up.", &n->parked_exhausted, NULL},
        {"weir_dlq_events_total", "counter", "Dead letters.", &n->dead_letters, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        if (rows[i].counter)
            wr_buf_printf(out, "%s{service=\"%s\"} %" PRIu64 "\n", rows[i].name, core->name,
                          read_counter(rows[i].counter));
        else
            wr_buf_printf(out, "%s{service=\"%s\"} %" PRId64 "\n", rows[i].name, core->name,
                          (int64_t)atomic_load(rows[i].gauge));
    }
    int64_t oldest_ms = atomic_load(&n->outbox_oldest_ms);
    head(out, "weir_outbox_oldest_milliseconds", "gauge", "Age of the oldest event not acknowledged.");
    wr_buf_printf(out, "weir_outbox_oldest_milliseconds{service=\"%s\"} %" PRId64 "\n", core->name,
                  oldest_ms ? wr_now_ms(core->io) - oldest_ms : 0);
    print_handlers(core, out);
}

/* Ready: partitions are assigned (there may be none for us), the outbox has room, and nobody is stopping us. A broker
 * out of reach does not take readiness away: commands commit to the outbox, and queries answer, as long as there is
 * room. Nor do keys that wait behind a refused event, or records set aside: all other keys flow, and who takes the
 * whole service out of traffic for one of them makes it worse. They are said as `degraded`, and they count towards
 * outbox.max, so that a service none of whose events is taken ends as not ready. */
bool wr_core_health(wr_core *core, wr_buf *out)
{
    bool is_assigned = atomic_load(&core->is_assigned), is_draining = atomic_load(&core->is_draining);
    bool is_behind = atomic_load(&core->is_behind);
    bool is_ready = is_assigned && !is_draining && !is_behind;
    const numbers *n = &core->numbers;
    bool has_paused = wr_breakers_any_open(core);
    int64_t refused = atomic_load(&n->outbox_frozen), aside = atomic_load(&n->outbox_aside);
    wr_buf_printf(
        out,
        "{\"ready\":%s,\"degraded\":%s,\"service\":\"%s\",\"state\":\"%s\",\"broker\":\"%s\",\"partitions\":%" PRId64
        ",\"outbox\":%" PRId64 ",\"frozen\":%" PRId64 ",\"set_aside\":%" PRId64 ",\"parked\":%" PRId64,
        is_ready ? "true" : "false", refused + aside || has_paused ? "true" : "false", core->name,
        is_draining    ? "draining"
        : !is_assigned ? "waiting for partitions"
        : is_behind    ? "too much is unpublished or parked"
                       : "running",
        atomic_load(&core->is_unreachable) ? "unreachable" : "ok", (int64_t)atomic_load(&n->partitions),
        (int64_t)atomic_load(&n->outbox_rows), refused, aside, (int64_t)atomic_load(&n->parked_events));
    if (refused)
        wr_buf_text(out, ",\"warning\":\"the broker refuses events, and their keys wait: remove the cause, see the log "
                         "and weir outbox ls; they are tried again every minute, or set aside with weir outbox skip\"");
    else if (aside)
        wr_buf_text(out, ",\"warning\":\"records that could not be published are set aside: weir outbox ls lists them, "
                         "weir outbox requeue or rm decides\"");
    wr_breakers_print(core, out);
    if (has_paused && !refused && !aside)
        wr_buf_text(out,
                    ",\"warning\":\"too much of a topic was rejected: it is not read for a while; the log and the dead "
                    "letters say why\"");
    wr_buf_text(out, "}");
    return is_ready;
}
