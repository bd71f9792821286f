/* The order service: owns the state of every order.
 *
 *             order.place                 shipment.booked
 *   (new) ----------------> placed ----------------------------> completed ---- all lines cancelled ---> cancelled
 *                             |                                    | ^
 *                             | stock.rejected fraud.rejected      +-+ some lines cancelled
 *                             | payment.declined shipment.failed
 *                             +-----------------------------------------> cancelled
 *
 * It hears every failure and says order.cancelled; each service that had done its part then undoes it. A customer's
 * cancellation of an order still in flight waits in `cancellations` until the order has ended. */
#include "common.h"

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer TEXT NOT NULL, country TEXT, status TEXT NOT NULL,"      \
    "  cause TEXT, total_pence " number " NOT NULL, returned_pence " number                                            \
    " NOT NULL DEFAULT 0, lines TEXT NOT NULL,"                                                                        \
    "  accepted_at_ms " number " NOT NULL, ended_at_ms " number ")" end ";"                                            \
    "CREATE TABLE cancellations (order_id TEXT NOT NULL, cancellation_id TEXT NOT NULL, lines TEXT NOT NULL,"          \
    "  PRIMARY KEY (order_id, cancellation_id))" end ";"                                                               \
    "CREATE INDEX orders_by_status ON orders (status);"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

/* ---- an order as it is kept; `lines` are those not cancelled yet */
typedef struct stored_order {
    order_fact fact;
    const char *status;
} stored_order;

static weir_value text_value(weir_slice text)
{
    return (weir_value){.kind = WEIR_VALUE_TEXT, .bytes = text};
}

static bool order_find(weir_tx *tx, const char *order_id, stored_order *ret_order)
{
    weir_rows *rows = weir_query(tx,
                                 "SELECT customer, country, status, total_pence - returned_pence, lines, accepted_at_ms"
                                 "  FROM orders WHERE order_id = ?1",
                                 WEIR_TEXT(order_id));
    if (!weir_rows_next(rows))
        return false;
    weir_arena *arena = weir_tx_arena(tx);
    stored_order found = {0};
    weir_failure failure = {0};
    if (weir_json_decode(arena, lines_fields, weir_slice_of(weir_rows_text(rows, 4)), &found.fact, &failure) !=
        WEIR_OK) {
        weir_reject(tx, "order %s: its stored lines cannot be read: %s", order_id, failure.sentence);
        return false;
    }
    found.fact.order_id = order_id;
    found.fact.customer = weir_arena_dup_text(arena, weir_slice_of(weir_rows_text(rows, 0)));
    found.fact.country = weir_arena_dup_text(arena, weir_slice_of(weir_rows_text(rows, 1)));
    found.status = weir_arena_dup_text(arena, weir_slice_of(weir_rows_text(rows, 2)));
    found.fact.total_pence = weir_rows_int(rows, 3);
    found.fact.accepted_at_ms = weir_rows_int(rows, 5);
    weir_rows_end(rows);
    *ret_order = found;
    return true;
}

static weir_status refuse_cancellation(weir_tx *tx, const char *order_id, const char *cancellation_id,
                                       const char *cause)
{
    order_fact refusal = {.order_id = order_id, .cancellation_id = cancellation_id, .cause = cause};
    return emit_fact(tx, "order.cancel-refused", step_fields, &refusal);
}

/* Move `wanted` out of `left` into `taken` (as many lines, of no pieces yet); false if the order does not have that
 * much of something. Lines of no pieces are left for drop_empty_lines. */
static bool take_lines(order_fact *left, const order_fact *wanted, order_fact *taken)
{
    for (size_t w = 0; w < wanted->line_count; w++) {
        int64_t missing = wanted->lines[w].quantity;
        for (size_t i = 0; i < left->line_count && missing > 0; i++) {
            order_line *line = &left->lines[i];
            if (strcmp(line->sku, wanted->lines[w].sku) != 0 || line->quantity == 0)
                continue;
            int64_t quantity = line->quantity < missing ? line->quantity : missing;
            line->quantity -= quantity;
            missing -= quantity;
            int64_t taken_before = taken->lines[i].quantity;
            taken->lines[i] = *line;
            taken->lines[i].quantity = taken_before + quantity;
        }
        if (missing != 0)
            return false;
    }
    return true;
}

static void drop_empty_lines(order_fact *fact)
{
    size_t kept = 0;
    for (size_t i = 0; i < fact->line_count; i++)
        if (fact->lines[i].quantity > 0)
            fact->lines[kept++] = fact->lines[i];
    fact->line_count = kept;
}

/* Undo a completed order, wholly or in part. */
static weir_status apply_cancellation(weir_tx *tx, stored_order *order, const order_fact *wanted)
{
    order_fact taken = order->fact;
    taken.lines =
        weir_arena_array(weir_tx_arena(tx), order->fact.line_count + 1, sizeof(order_line)); /* never of none */
    if (!taken.lines)
        return weir_retry(tx, "out of memory");

    if (wanted->line_count == 0) {
        if (order->fact.line_count > 0)
            memcpy(taken.lines, order->fact.lines, order->fact.line_count * sizeof(order_line));
        order->fact.line_count = 0;
    } else if (!take_lines(&order->fact, wanted, &taken)) {
        return refuse_cancellation(tx, order->fact.order_id, wanted->cancellation_id, "more than was ordered");
    }
    drop_empty_lines(&taken);
    drop_empty_lines(&order->fact);

    taken.total_pence = lines_total(taken.lines, taken.line_count);
    taken.cause = "customer";
    taken.was_completed = true;
    bool all = order->fact.line_count == 0;
    weir_slice lines = weir_encode(tx, lines_fields, &order->fact);
    weir_exec(tx,
              "UPDATE orders SET lines = ?2, returned_pence = returned_pence + ?3, status = ?4, cause = ?5"
              "  WHERE order_id = ?1",
              WEIR_TEXT(order->fact.order_id), text_value(lines), WEIR_INT(taken.total_pence),
              WEIR_TEXT(all ? "cancelled" : "completed"), WEIR_TEXT(all ? "customer" : NULL));
    return emit_fact(tx, all ? "order.cancelled" : "order.lines-cancelled", order_fields, &taken);
}

/* ---- commands */
static weir_status on_place(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact fact = {0};
    if (weir_decode(tx, event, order_fields, &fact) != WEIR_DONE)
        return weir_tx_status(tx);
    fact.total_pence = lines_total(fact.lines, fact.line_count);

    weir_slice lines = weir_encode(tx, lines_fields, &fact);
    weir_exec(tx,
              "INSERT INTO orders (order_id, customer, country, status, total_pence, lines, accepted_at_ms)"
              "  VALUES (?1, ?2, ?3, 'placed', ?4, ?5, ?6) ON CONFLICT DO NOTHING",
              WEIR_TEXT(fact.order_id), WEIR_TEXT(fact.customer), WEIR_TEXT(fact.country), WEIR_INT(fact.total_pence),
              text_value(lines), WEIR_INT(fact.accepted_at_ms));
    if (weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) == 0)
        return WEIR_IGNORE; /* placed before: the first one counts */
    return emit_fact(tx, "order.placed", order_fields, &fact);
}

static weir_status on_cancel(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact wanted = {0};
    if (weir_decode(tx, event, cancellation_fields, &wanted) != WEIR_DONE)
        return weir_tx_status(tx);
    wanted.order_id = event->subject;

    stored_order order;
    if (!order_find(tx, wanted.order_id, &order))
        return weir_reject(tx, "cancellation %s: there is no order %s", wanted.cancellation_id, wanted.order_id);
    if (strcmp(order.status, "completed") == 0)
        return apply_cancellation(tx, &order, &wanted);
    if (strcmp(order.status, "cancelled") == 0)
        return refuse_cancellation(tx, wanted.order_id, wanted.cancellation_id, "already cancelled");

    weir_slice lines = weir_encode(tx, lines_fields, &wanted);
    return weir_exec(
        tx, "INSERT INTO cancellations (cancellation_id, order_id, lines) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        WEIR_TEXT(wanted.cancellation_id), WEIR_TEXT(wanted.order_id), text_value(lines));
}

/* ---- the end of an order */
static weir_status apply_waiting_cancellations(weir_tx *tx, const char *order_id)
{
    for (;;) {
        weir_rows *rows = weir_query(tx,
                                     "SELECT cancellation_id, lines FROM cancellations WHERE order_id = ?1"
                                     "  ORDER BY cancellation_id LIMIT 1",
                                     WEIR_TEXT(order_id));
        if (!weir_rows_next(rows))
            return weir_tx_status(tx);
        weir_arena *arena = weir_tx_arena(tx);
        order_fact wanted = {.order_id = order_id};
        wanted.cancellation_id = weir_arena_dup_text(arena, weir_slice_of(weir_rows_text(rows, 0)));
        weir_failure failure = {0};
        if (weir_json_decode(arena, lines_fields, weir_slice_of(weir_rows_text(rows, 1)), &wanted, &failure) != WEIR_OK)
            return weir_reject(tx, "cancellation %s: its stored lines cannot be read: %s", wanted.cancellation_id,
                               failure.sentence);
        weir_rows_end(rows);
        weir_exec(tx, "DELETE FROM cancellations WHERE order_id = ?1 AND cancellation_id = ?2", WEIR_TEXT(order_id),
                  WEIR_TEXT(wanted.cancellation_id));

        stored_order order;
        if (!order_find(tx, order_id, &order))
            return weir_tx_status(tx);
        if (strcmp(order.status, "completed") == 0)
            apply_cancellation(tx, &order, &wanted);
        else
            refuse_cancellation(tx, order_id, wanted.cancellation_id, "already cancelled");
    }
}

/* Ends a placed order; a fact about an order that has ended changes nothing. */
static weir_status end_order(weir_tx *tx, const char *order_id, const char *status, const char *cause)
{
    weir_exec(tx,
              "UPDATE orders SET status = ?2, cause = ?3, ended_at_ms = ?4 WHERE order_id = ?1 AND status = 'placed'",
              WEIR_TEXT(order_id), WEIR_TEXT(status), WEIR_TEXT(cause), WEIR_INT(weir_tx_now_ms(tx)));
    if (weir_tx_status(tx) != WEIR_DONE)
        return weir_tx_status(tx);
    if (weir_changes(tx) == 0)
        return WEIR_IGNORE;

    stored_order order;
    if (!order_find(tx, order_id, &order))
        return weir_tx_status(tx);
    order.fact.cause = cause;
    emit_fact(tx, cause ? "order.cancelled" : "order.completed", order_fields, &order.fact);
    return apply_waiting_cancellations(tx, order_id);
}

static weir_status on_shipped(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return end_order(tx, event->subject, "completed", NULL);
}

/* `user` of a handler is the service's; the cause follows from the type of the event. */
static weir_status on_failed_step(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    const char *cause = strcmp(event->type, "stock.rejected") == 0     ? "out_of_stock"
                        : strcmp(event->type, "fraud.rejected") == 0   ? "fraud"
                        : strcmp(event->type, "payment.declined") == 0 ? "payment_declined"
                                                                       : "shipping_failed";
    return end_order(tx, event->subject, "cancelled", cause);
}

static const weir_handler handlers[] = {
    {.type = "order.place", .run = on_place},           {.type = "order.cancel", .run = on_cancel},
    {.type = "shipment.booked", .run = on_shipped},     {.type = "stock.rejected", .run = on_failed_step},
    {.type = "fraud.rejected", .run = on_failed_step},  {.type = "payment.declined", .run = on_failed_step},
    {.type = "shipment.failed", .run = on_failed_step}, {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "order",
                         .http_port = 8082,
                         .about = "owns the state of every order of the marketplace",
                         .consumes = "order-commands,inventory,fraud,payments,shipping",
                         .produces = "orders",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                     });
}
