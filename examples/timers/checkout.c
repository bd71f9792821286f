/* An order that is not paid in time is cancelled; every hour the open ones are counted.
 *
 *   order.placed ──▶ open, and a timer of 15 minutes (checkout.patience)
 *   order.paid ────▶ paid, and the timer is taken back
 *   payment.overdue (the timer) ──▶ cancelled: order.cancelled is emitted
 *   count.due (a schedule) ───────▶ orders.counted is emitted
 *
 * When not: for a wait of seconds within one request, wait there; and where the time is the customer's contract, ask the
 * state and not the timer: an event that was sent before the end may be read behind it. */
#include <weir/weir.h>

#include <stdlib.h>

static const char *const migrations[] = {"CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT NOT NULL)", NULL};

static weir_status on_placed(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    if (!event->subject)
        return weir_reject(tx, "an order without an id");
    weir_exec(tx, "INSERT INTO orders VALUES (?1, 'open') ON CONFLICT (id) DO NOTHING", WEIR_TEXT(event->subject));
    if (weir_changes(tx) == 0)
        return weir_tx_status(tx); /* it was placed before, and has its timer */
    return weir_after(tx, &(weir_timer){.id = event->subject,
                                        .after_ms = strtoll(weir_tx_setting(tx, "checkout.patience"), NULL, 10),
                                        .event = &(weir_event){.type = "payment.overdue", .subject = event->subject}});
}

static weir_status on_paid(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    if (!event->subject)
        return weir_reject(tx, "a payment without an order");
    weir_exec(tx, "UPDATE orders SET state = 'paid' WHERE id = ?1 AND state = 'open'", WEIR_TEXT(event->subject));
    if (weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) == 0)
        return weir_reject(tx, "there is no open order %s", event->subject); /* to be paid back by somebody */
    return weir_cancel(tx, event->subject);
}

static weir_status on_overdue(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    weir_exec(tx, "UPDATE orders SET state = 'cancelled' WHERE id = ?1 AND state = 'open'", WEIR_TEXT(event->subject));
    if (weir_changes(tx) == 0)
        return weir_tx_status(tx);
    return weir_emit(tx, &(weir_event){.type = "order.cancelled", .subject = event->subject});
}

static weir_status on_count(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    weir_rows *rows = weir_query(tx, "SELECT count(*) FROM orders WHERE state = 'open'");
    int64_t open = weir_rows_next(rows) ? weir_rows_int(rows, 0) : 0;
    weir_rows_end(rows);
    weir_log(tx, WEIR_INFO, "%lld orders are open at %s", (long long)open, event->time);
    return weir_emit(tx, &(weir_event){.type = "orders.counted", .subject = "open"});
}

static const weir_handler handlers[] = {
    {.type = "order.placed", .run = on_placed},
    {.type = "order.paid", .run = on_paid},
    {.type = "payment.overdue", .run = on_overdue},
    {.type = "count.due", .run = on_count},
    {0},
};
static const weir_schedule schedules[] = {{.name = "count", .cron = "@hourly", .type = "count.due"}, {0}};
static const weir_setting settings[] = {
    {"checkout.patience", "900000", "milliseconds until an order that is not paid is cancelled"}, {0}};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){.name = "checkout",
                                     .about = "Cancels orders that are not paid in time.",
                                     .consumes = "orders",
                                     .produces = "checkout",
                                     .migrations = migrations,
                                     .handlers = handlers,
                                     .schedules = schedules,
                                     .settings = settings});
}
