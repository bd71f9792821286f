/* The inventory service: reserves stock for a placed order, all lines or none, and gives it back when the order, or
 * part of it, is cancelled. Stock is simulated: every article starts with `stock.initial` pieces, and when fewer than a
 * quarter are free a delivery from the supplier fills it up. For every article: received = free + reserved. */
#include "common.h"

#include <stdlib.h>

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE stock (sku TEXT PRIMARY KEY, received " number " NOT NULL, free " number                             \
    " NOT NULL CHECK (free >= 0))"                                                                                     \
    " " end ";"                                                                                                        \
    "CREATE TABLE reservations (order_id TEXT NOT NULL, sku TEXT NOT NULL, quantity " number " NOT NULL,"              \
    "  PRIMARY KEY (order_id, sku))" end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static int by_sku(const void *a, const void *b)
{
    return strcmp(((const order_line *)a)->sku, ((const order_line *)b)->sku);
}

/* The same article may stand on several lines of an order: one line an article, with the sum. */
static void merge_lines(order_fact *fact)
{
    if (fact->line_count == 0)
        return;
    qsort(fact->lines, fact->line_count, sizeof(order_line), by_sku);
    size_t last = 0;
    for (size_t i = 1; i < fact->line_count; i++) {
        if (strcmp(fact->lines[i].sku, fact->lines[last].sku) == 0)
            fact->lines[last].quantity += fact->lines[i].quantity;
        else
            fact->lines[++last] = fact->lines[i];
    }
    fact->line_count = last + 1;
}

static int64_t free_stock(weir_tx *tx, const char *sku, int64_t initial)
{
    weir_rows *rows = weir_query(tx, "SELECT free FROM stock WHERE sku = ?1", WEIR_TEXT(sku));
    bool known = weir_rows_next(rows);
    int64_t pieces = known ? weir_rows_int(rows, 0) : initial;
    weir_rows_end(rows);
    if (!known)
        weir_exec(tx, "INSERT INTO stock (sku, received, free) VALUES (?1, ?2, ?2)", WEIR_TEXT(sku), WEIR_INT(initial));
    return pieces;
}

static weir_status on_placed(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    merge_lines(&order);

    int64_t initial = strtoll(weir_tx_setting(tx, "stock.initial"), NULL, 10);
    for (size_t i = 0; i < order.line_count; i++) {
        if (free_stock(tx, order.lines[i].sku, initial) < order.lines[i].quantity) {
            order.cause = order.lines[i].sku;
            return emit_fact(tx, "stock.rejected", step_fields, &order);
        }
    }
    for (size_t i = 0; i < order.line_count; i++) {
        const order_line *line = &order.lines[i];
        weir_exec(tx, "UPDATE stock SET free = free - ?2 WHERE sku = ?1", WEIR_TEXT(line->sku),
                  WEIR_INT(line->quantity));
        weir_exec(tx, "INSERT INTO reservations (order_id, sku, quantity) VALUES (?1, ?2, ?3)",
                  WEIR_TEXT(order.order_id), WEIR_TEXT(line->sku), WEIR_INT(line->quantity));
        weir_exec(tx, "UPDATE stock SET received = received + ?2 - free, free = ?2 WHERE sku = ?1 AND free < ?2 / 4",
                  WEIR_TEXT(line->sku), WEIR_INT(initial));
    }
    return emit_fact(tx, "stock.reserved", step_fields, &order);
}

static weir_status on_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    weir_exec(tx,
              "UPDATE stock SET free = free + r.quantity FROM reservations r"
              "  WHERE r.order_id = ?1 AND stock.sku = r.sku",
              WEIR_TEXT(order.order_id));
    weir_exec(tx, "DELETE FROM reservations WHERE order_id = ?1", WEIR_TEXT(order.order_id));
    if (weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) == 0)
        return WEIR_IGNORE; /* nothing was reserved */
    return emit_fact(tx, "stock.released", step_fields, &order);
}

static weir_status on_lines_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    merge_lines(&order);
    for (size_t i = 0; i < order.line_count; i++) {
        const order_line *line = &order.lines[i];
        weir_exec(tx,
                  "UPDATE reservations SET quantity = quantity - ?3 WHERE order_id = ?1 AND sku = ?2"
                  "  AND quantity >= ?3",
                  WEIR_TEXT(order.order_id), WEIR_TEXT(line->sku), WEIR_INT(line->quantity));
        if (weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) != 1)
            return weir_reject(tx, "order %s has no %lld pieces of %s reserved", order.order_id,
                               (long long)line->quantity, line->sku);
        weir_exec(tx, "UPDATE stock SET free = free + ?2 WHERE sku = ?1", WEIR_TEXT(line->sku),
                  WEIR_INT(line->quantity));
    }
    weir_exec(tx, "DELETE FROM reservations WHERE order_id = ?1 AND quantity = 0", WEIR_TEXT(order.order_id));
    return emit_fact(tx, "stock.released", step_fields, &order);
}

static const weir_handler handlers[] = {
    {.type = "order.placed", .run = on_placed},
    {.type = "order.cancelled", .run = on_cancelled},
    {.type = "order.lines-cancelled", .run = on_lines_cancelled},
    {0},
};

static const weir_setting settings[] = {
    {"stock.initial", "1000", "pieces of every article at first, and after a delivery (simulated)"},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "inventory",
                         .http_port = 8083,
                         .about = "reserves stock for orders and gives it back (stock is simulated)",
                         .consumes = "orders",
                         .produces = "inventory",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .settings = settings,
                     });
}
