/* /readyz: whether a service should get traffic, and in words what is not as it should be.
 *
 *     {"ready": true, "degraded": true, "service": "orders", "state": "running", "broker": "unreachable",
 *      "partitions": 4, "outbox": 17, "refused": 0, "set_aside": 0, "parked": 0,
 *      "reasons": ["the broker cannot be reached: 127.0.0.1:9092: Connection refused"]}
 *
 * Ready: partitions are assigned (there may be none for us), the outbox has room, and nobody is stopping us. A broker
 * out of reach does not take readiness away: commands commit to the outbox, and queries answer, as long as there is
 * room. Nor do keys that wait behind a refused event, records set aside, or a paused topic: all others flow, and who
 * takes the whole service out of traffic for one of them makes it worse. They make it `degraded`, and what is refused
 * counts towards outbox.max, so that a service none of whose events is taken ends as not ready. */
#include "core_int.h"

#include <base/utf8.h>
#include <event/json_text.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct reasons {
    wr_buf *out;
    int count;
} reasons;

static void reason(reasons *reasons, const char *format, ...) WEIR_PRINTF(2, 3);

static void reason(reasons *reasons, const char *format, ...)
{
    char text[400];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    wr_buf_text(reasons->out, reasons->count++ ? "," : ",\"reasons\":[");
    if (wr_utf8_valid(weir_slice_of(text)))
        wr_json_text(reasons->out, weir_slice_of(text));
    else /* a host name of the user's, or one that was cut in the middle of a letter */
        wr_buf_text(reasons->out, "\"see the log\"");
}

static void say_fullness(wr_core *core, reasons *reasons)
{
    int64_t outbox = atomic_load(&core->numbers.outbox_rows), parked = atomic_load(&core->numbers.parked_events);
    if ((size_t)outbox * 2 >= core->options.outbox_max)
        reason(reasons, "%" PRId64 " events are not published: outbox.max is %zu, reading goes on below half of it",
               outbox, core->options.outbox_max);
    if ((size_t)parked * 2 >= core->options.parked_max)
        reason(reasons, "%" PRId64 " events are parked: parked.max is %zu, reading goes on below half of it", parked,
               core->options.parked_max);
}

static void say_broker(wr_core *core, reasons *reasons)
{
    char why[WR_REACH_REASON_SIZE];
    pthread_mutex_lock(&core->lock);
    snprintf(why, sizeof why, "%s", core->unreachable_reason);
    pthread_mutex_unlock(&core->lock);
    reason(reasons, "the broker cannot be reached: %s", why);
}

bool wr_core_health(wr_core *core, wr_buf *out)
{
    const numbers *n = &core->numbers;
    bool is_assigned = atomic_load(&core->is_assigned), is_draining = atomic_load(&core->is_draining);
    bool is_behind = atomic_load(&core->is_behind), is_unreachable = atomic_load(&core->is_unreachable);
    bool has_paused = wr_breakers_any_open(core);
    bool is_ready = is_assigned && !is_draining && !is_behind;
    int64_t refused = atomic_load(&n->outbox_refused), aside = atomic_load(&n->outbox_aside);
    int64_t bad = atomic_load(&n->inserts_bad);
    bool is_degraded = refused || aside || bad || has_paused || is_unreachable;
    wr_buf_printf(out, "{\"ready\":%s,\"degraded\":%s,\"service\":", is_ready ? "true" : "false",
                  is_degraded ? "true" : "false");
    wr_json_text(out, weir_slice_of(core->name));
    wr_buf_printf(out,
                  ",\"state\":\"%s\",\"broker\":\"%s\",\"partitions\":%" PRId64 ",\"outbox\":%" PRId64
                  ",\"refused\":%" PRId64 ",\"set_aside\":%" PRId64 ",\"parked\":%" PRId64,
                  is_draining    ? "draining"
                  : !is_assigned ? "waiting for partitions"
                  : is_behind    ? "too much is unpublished or parked"
                                 : "running",
                  is_unreachable ? "unreachable" : "ok", (int64_t)atomic_load(&n->partitions),
                  (int64_t)atomic_load(&n->outbox_rows), refused, aside, (int64_t)atomic_load(&n->parked_events));
    wr_breakers_print(core, out);

    reasons reasons = {out, 0};
    if (is_draining)
        reason(&reasons, "the service is stopping: what is left is published, and nothing new is taken");
    if (!is_assigned)
        reason(&reasons, "the consumer group %s has not given it partitions yet", core->group);
    if (is_behind)
        say_fullness(core, &reasons);
    if (is_unreachable)
        say_broker(core, &reasons);
    if (refused)
        reason(&reasons,
               "the broker refuses events, and their keys wait: remove the cause, see the log and weir outbox "
               "ls; they are tried again every minute, or set aside with weir outbox skip");
    if (aside)
        reason(&reasons, "records that could not be published are set aside: weir outbox ls lists them, weir outbox "
                         "requeue or rm decides");
    if (bad)
        reason(&reasons,
               "%" PRId64
               " rows that other programs inserted cannot be published: weir outbox ls lists them, weir outbox "
               "requeue or rm with --inserted decides",
               bad);
    if (has_paused)
        reason(&reasons,
               "too much of a topic was rejected: it is not read for a while; the log and the dead letters say "
               "why");
    wr_buf_text(out, reasons.count ? "]}" : "}");
    return is_ready;
}
