/* The shipping service: books a shipment for a paid order. The carrier is simulated: it does not know where
 * "Unspecified" is, and loses `shipping.fail.percent` of the bookings, always the same ones. */
#include "common.h"

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE shipments (order_id TEXT PRIMARY KEY, country TEXT, status TEXT NOT NULL, tracking TEXT)"            \
    " " end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static const char *find_cause(weir_tx *tx, const order_fact *order)
{
    if (!order->country || strcmp(order->country, "Unspecified") == 0)
        return "no country to ship to";
    if (percentile(order->order_id, "carrier") < percent_setting(tx, "shipping.fail.percent"))
        return "the carrier refused";
    return NULL;
}

static weir_status on_authorised(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, step_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    order.cause = find_cause(tx, &order);
    if (!order.cause)
        order.tracking = weir_arena_printf(weir_tx_arena(tx), "WEIR-%s", order.order_id);
    weir_exec(tx, "INSERT INTO shipments (order_id, country, status, tracking) VALUES (?1, ?2, ?3, ?4)",
              WEIR_TEXT(order.order_id), WEIR_TEXT(order.country), WEIR_TEXT(order.cause ? "failed" : "booked"),
              WEIR_TEXT(order.tracking));
    return emit_fact(tx, order.cause ? "shipment.failed" : "shipment.booked", step_fields, &order);
}

static weir_status on_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    weir_exec(tx, "UPDATE shipments SET status = 'cancelled' WHERE order_id = ?1 AND status = 'booked'",
              WEIR_TEXT(order.order_id));
    if (weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) == 0)
        return WEIR_IGNORE; /* nothing was booked: nothing to undo */
    return emit_fact(tx, "shipment.cancelled", step_fields, &order);
}

static const weir_handler handlers[] = {
    {.type = "payment.authorised", .run = on_authorised},
    {.type = "order.cancelled", .run = on_cancelled},
    {0},
};

static const weir_setting settings[] = {
    {"shipping.fail.percent", "1", "how many of a hundred bookings the simulated carrier refuses"},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "shipping",
                         .http_port = 8085,
                         .about = "books shipments for paid orders (the carrier is simulated)",
                         .consumes = "payments,orders",
                         .produces = "shipping",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .settings = settings,
                     });
}
