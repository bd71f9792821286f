/* The fraud service: looks at every order whose stock is reserved. An order above `fraud.limit` is refused, and so is a
 * customer's first order above `fraud.first.limit`. */
#include "common.h"

#include <stdlib.h>

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE checks (order_id TEXT PRIMARY KEY, customer TEXT NOT NULL, verdict TEXT NOT NULL)" end ";"           \
    "CREATE TABLE customers (customer TEXT PRIMARY KEY, cleared_count " number " NOT NULL)" end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static const char *find_cause(weir_tx *tx, const order_fact *order)
{
    if (order->total_pence > strtoll(weir_tx_setting(tx, "fraud.limit"), NULL, 10))
        return "above the limit for one order";
    if (order->total_pence <= strtoll(weir_tx_setting(tx, "fraud.first.limit"), NULL, 10))
        return NULL;
    weir_rows *rows = weir_query(tx, "SELECT 1 FROM customers WHERE customer = ?1", WEIR_TEXT(order->customer));
    bool known = weir_rows_next(rows);
    weir_rows_end(rows);
    return known ? NULL : "above the limit for a first order";
}

static weir_status on_reserved(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, step_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    order.cause = find_cause(tx, &order);
    weir_exec(tx, "INSERT INTO checks (order_id, customer, verdict) VALUES (?1, ?2, ?3)", WEIR_TEXT(order.order_id),
              WEIR_TEXT(order.customer), WEIR_TEXT(order.cause ? order.cause : "cleared"));
    if (order.cause)
        return emit_fact(tx, "fraud.rejected", step_fields, &order);
    weir_exec(tx,
              "INSERT INTO customers (customer, cleared_count) VALUES (?1, 1)"
              "  ON CONFLICT (customer) DO UPDATE SET cleared_count = customers.cleared_count + 1",
              WEIR_TEXT(order.customer));
    return emit_fact(tx, "fraud.cleared", step_fields, &order);
}

static const weir_handler handlers[] = {{.type = "stock.reserved", .run = on_reserved}, {0}};

static const weir_setting settings[] = {
    {"fraud.limit", "2000000", "pence; a single order above it is refused"},
    {"fraud.first.limit", "500000", "pence; a customer's first order above it is refused"},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "fraud",
                         .http_port = 8088,
                         .about = "clears or refuses orders before they are paid (simulated rules)",
                         .consumes = "inventory",
                         .produces = "fraud",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .settings = settings,
                     });
}
