/* The payment service: takes the money of a cleared order, and gives back what a cancellation asks for. The bank is
 * simulated: it declines `payment.decline.percent` of the orders, always the same ones. */
#include "common.h"

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE payments (order_id TEXT PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL,"                  \
    "  taken_pence " number " NOT NULL, refunded_pence " number " NOT NULL DEFAULT 0,"                                 \
    "  CHECK (refunded_pence <= taken_pence))" end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static weir_status on_cleared(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, step_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    bool declined = percentile(order.order_id, "bank") < percent_setting(tx, "payment.decline.percent");
    order.cause = declined ? "declined by the bank" : NULL;
    weir_exec(tx, "INSERT INTO payments (order_id, customer, status, taken_pence) VALUES (?1, ?2, ?3, ?4)",
              WEIR_TEXT(order.order_id), WEIR_TEXT(order.customer), WEIR_TEXT(declined ? "declined" : "authorised"),
              WEIR_INT(declined ? 0 : order.total_pence));
    return emit_fact(tx, declined ? "payment.declined" : "payment.authorised", step_fields, &order);
}

static weir_status refund(weir_tx *tx, order_fact *order, int64_t pence)
{
    weir_exec(tx, "UPDATE payments SET refunded_pence = refunded_pence + ?2 WHERE order_id = ?1",
              WEIR_TEXT(order->order_id), WEIR_INT(pence));
    order->total_pence = pence;
    return emit_fact(tx, "payment.refunded", step_fields, order);
}

static weir_status on_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    weir_rows *rows = weir_query(tx, "SELECT taken_pence - refunded_pence FROM payments WHERE order_id = ?1",
                                 WEIR_TEXT(order.order_id));
    int64_t left = weir_rows_next(rows) ? weir_rows_int(rows, 0) : 0;
    weir_rows_end(rows);
    return left > 0 ? refund(tx, &order, left) : WEIR_IGNORE; /* nothing was taken: nothing to undo */
}

static weir_status on_lines_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    return refund(tx, &order, order.total_pence);
}

static const weir_handler handlers[] = {
    {.type = "fraud.cleared", .run = on_cleared},
    {.type = "order.cancelled", .run = on_cancelled},
    {.type = "order.lines-cancelled", .run = on_lines_cancelled},
    {0},
};

static const weir_setting settings[] = {
    {"payment.decline.percent", "3", "how many of a hundred payments the simulated bank declines"},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "payment",
                         .http_port = 8084,
                         .about = "takes money for orders and refunds it (the bank is simulated)",
                         .consumes = "fraud,orders",
                         .produces = "payments",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .settings = settings,
                     });
}
