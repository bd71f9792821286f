/* /metrics: what a core counts, in Prometheus' text format (exposition.h). */
#include "core_int.h"
#include "exposition.h"

#include <assert.h>
#include <stdio.h>

static double read_counter(const counter *of)
{
    return (double)atomic_load_explicit(of, memory_order_relaxed);
}

static double read_gauge(const atomic_int_fast64_t *of)
{
    return (double)atomic_load(of);
}

/* ---- handlers: each is known by type and version */

enum { LABEL_COUNT = 5, HEALTH_SIZE_MAX = 16 * 1024 };

static void handler_labels(const wr_core *core, const weir_handler *handler, char version[16],
                           weir_attribute ret_labels[LABEL_COUNT], const char *name, const char *value)
{
    snprintf(version, 16, "%d", handler->version ? handler->version : 1);
    ret_labels[0] = (weir_attribute){"service", core->name};
    ret_labels[1] = (weir_attribute){"type", handler->type};
    ret_labels[2] = (weir_attribute){"version", version};
    ret_labels[3] = (weir_attribute){name, value}; /* NULL ends the list */
    ret_labels[4] = (weir_attribute){0};
}

static void print_outcomes(const wr_core *core, wr_buf *out)
{
    static const char *const outcomes[] = {"done", "ignored", "retried", "rejected"};
    wr_metric_head(out, "weir_handler_events_total", "counter", "Events handled, by outcome.");
    for (size_t i = 0; i < core->numbers.handler_count; i++) {
        const handler_numbers *numbers = &core->numbers.handlers[i];
        const counter *values[] = {&numbers->done, &numbers->ignored, &numbers->retried, &numbers->rejected};
        for (size_t o = 0; o < sizeof values / sizeof *values; o++) {
            weir_attribute labels[LABEL_COUNT];
            char version[16];
            handler_labels(core, &core->service->handlers[i], version, labels, "outcome", outcomes[o]);
            wr_metric_value(out, "weir_handler_events_total", labels, read_counter(values[o]));
        }
    }
}

static void print_durations(const wr_core *core, wr_buf *out)
{
    wr_metric_head(out, "weir_handler_duration_seconds", "histogram", "Time in the handler, without the commit.");
    for (size_t i = 0; i < core->numbers.handler_count; i++) {
        const weir_handler *handler = &core->service->handlers[i];
        const handler_numbers *numbers = &core->numbers.handlers[i];
        weir_attribute labels[LABEL_COUNT];
        char version[16], bound[32];
        double count = 0;
        for (int b = 0; b <= BUCKET_COUNT; b++) {
            count += read_counter(&numbers->buckets[b]);
            if (b < BUCKET_COUNT)
                snprintf(bound, sizeof bound, "%g", (double)wr_bucket_us(b) / 1e6);
            else
                snprintf(bound, sizeof bound, "+Inf");
            handler_labels(core, handler, version, labels, "le", bound);
            wr_metric_value(out, "weir_handler_duration_seconds_bucket", labels, count);
        }
        handler_labels(core, handler, version, labels, NULL, NULL);
        wr_metric_value(out, "weir_handler_duration_seconds_sum", labels, read_counter(&numbers->total_us) / 1e6);
        wr_metric_value(out, "weir_handler_duration_seconds_count", labels, count);
    }
}

/* ---- all others: one value a service */

typedef struct row {
    const char *name, *help;
    const counter *counter; /* one of the two */
    const atomic_int_fast64_t *gauge;
} row;

static void print_rows(const wr_core *core, wr_buf *out)
{
    const numbers *n = &core->numbers;
    const row rows[] = {
        {"weir_inbox_events_total", "Events read and not known before their partition.", &n->events, NULL},
        {"weir_inbox_duplicates_total", "Events that had been handled already.", &n->duplicates, NULL},
        {"weir_inbox_remade_partitions_total", "Partitions of topics that were made anew, read from the start.",
         &n->remade, NULL},
        {"weir_inbox_below_position_total", "Times that a topic ended before the stored position.", &n->below_position,
         NULL},
        {"weir_inbox_unknown_types_total", "Events of types without a handler, ignored.", &n->unknown_types, NULL},
        {"weir_inbox_undecodable_total", "Records that are not CloudEvents.", &n->undecodable, NULL},
        {"weir_inbox_dropped_attributes_total", "Attributes of events that could not be read and were left out.",
         &n->dropped_attributes, NULL},
        {"weir_inbox_redriven_total", "Events that were put back for this group: weir dlq redrive.", &n->redriven,
         NULL},
        {"weir_inbox_for_others_total", "Events that were put back for another group, passed over.", &n->for_others,
         NULL},
        {"weir_inbox_batches_total", "Transactions committed.", &n->batches, NULL},
        {"weir_inbox_batch_events_total", "Events in those transactions.", &n->batch_events, NULL},
        {"weir_inbox_partitions", "Partitions assigned.", NULL, &n->partitions},
        {"weir_commands_total", "HTTP commands run.", &n->commands, NULL},
        {"weir_commands_replayed_total", "Commands that came again with their Idempotency-Key.", &n->replayed, NULL},
        {"weir_outbox_rows", "Events committed and not acknowledged by the broker.", NULL, &n->outbox_rows},
        {"weir_outbox_refused", "Events that the broker refuses for good, and those behind them.", NULL,
         &n->outbox_refused},
        {"weir_outbox_set_aside", "Records kept in the database until somebody decides: weir outbox ls.", NULL,
         &n->outbox_aside},
        {"weir_outbox_set_aside_total", "Records that were set aside.", &n->set_aside, NULL},
        {"weir_outbox_published_total", "Events handed to the producer.", &n->published, NULL},
        {"weir_outbox_acknowledged_total", "Events acknowledged.", &n->acknowledged, NULL},
        {"weir_outbox_refused_total", "Keys that a refusal holds back.", &n->refused, NULL},
        {"weir_outbox_republished_total", "Events read back from the table at a start.", &n->republished, NULL},
        {"weir_outbox_inserted_total", "Rows of weir_outbox_inserts that were taken.", &n->inserted, NULL},
        {"weir_outbox_inserts_bad", "Rows of weir_outbox_inserts that cannot be published: weir outbox ls.", NULL,
         &n->inserts_bad},
        {"weir_parked_events", "Events that wait for a retry, or behind one.", NULL, &n->parked_events},
        {"weir_parked_keys", "Keys that wait.", NULL, &n->parked_keys},
        {"weir_parked_total", "Events parked.", &n->parked_total, NULL},
        {"weir_timers", "Timers and schedules that are set.", NULL, &n->timers},
        {"weir_timers_fired_total", "Timers that were handled or published.", &n->timers_fired, NULL},
        {"weir_breaker_opened_total", "Times that a topic was paused because too much of it was rejected.",
         &n->breakers_opened, NULL},
        {"weir_parked_exhausted_total", "Events whose attempts were used up.", &n->parked_exhausted, NULL},
        {"weir_inbox_process_deaths_total", "Starts that found the last process to have died over an event.", &n->died,
         NULL},
        {"weir_dead_letters_total", "Events sent to the dead letter topic.", &n->dead_letters, NULL},
    };
    const weir_attribute own[] = {{"service", core->name}, {0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        wr_metric(out, rows[i].name, rows[i].counter ? "counter" : "gauge", rows[i].help, own,
                  rows[i].counter ? read_counter(rows[i].counter) : read_gauge(rows[i].gauge));
}

void wr_core_metrics(wr_core *core, wr_buf *out)
{
    assert(core);
    const numbers *n = &core->numbers;
    const weir_attribute own[] = {{"service", core->name}, {0}};
    print_rows(core, out);
    wr_metric(out, "weir_inbox_commit_seconds_total", "counter", "Time in commits.", own,
              read_counter(&n->commit_us) / 1e6);
    int64_t oldest_ms = atomic_load(&n->outbox_oldest_ms);
    wr_metric(out, "weir_outbox_oldest_seconds", "gauge",
              "Age of the oldest event that the broker has not acknowledged.", own,
              oldest_ms ? (double)(wr_now_ms(core->io) - oldest_ms) / 1e3 : 0);
    wr_metric(out, "weir_timers_overdue_seconds", "gauge", "How long the timer that is due first has been so.", own,
              (double)wr_core_timers_overdue_ms(core) / 1e3);
    wr_metric(out, "weir_broker_reachable", "gauge", "1 while the broker answers.", own,
              !atomic_load(&core->is_unreachable));
    wr_buf health;
    wr_buf_init(&health, HEALTH_SIZE_MAX);
    wr_metric(out, "weir_ready", "gauge", "1 while /readyz answers 200.", own, wr_core_health(core, &health));
    wr_buf_fini(&health);
    wr_lag_metrics(core, out);
    print_outcomes(core, out);
    print_durations(core, out);
}
