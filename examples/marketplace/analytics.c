/* The analytics service: which products sell. A read model, built from the events of the topic `orders` alone. */
#include "common.h"

#include <stdlib.h>

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE products (sku TEXT PRIMARY KEY, description TEXT, quantity " number " NOT NULL,"                     \
    "  revenue_pence " number " NOT NULL)" end ";"                                                                     \
    "CREATE INDEX products_by_revenue ON products (revenue_pence);"                                                    \
    "CREATE TABLE totals (name TEXT PRIMARY KEY, value " number " NOT NULL)" end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static void add_total(weir_tx *tx, const char *name, int64_t value)
{
    weir_exec(tx,
              "INSERT INTO totals (name, value) VALUES (?1, ?2)"
              "  ON CONFLICT (name) DO UPDATE SET value = totals.value + excluded.value",
              WEIR_TEXT(name), WEIR_INT(value));
}

/* sign +1: sold; -1: given back */
static void add_lines(weir_tx *tx, const order_fact *order, int sign)
{
    for (size_t i = 0; i < order->line_count; i++) {
        const order_line *line = &order->lines[i];
        weir_exec(tx,
                  "INSERT INTO products (sku, description, quantity, revenue_pence) VALUES (?1, ?2, ?3, ?4)"
                  "  ON CONFLICT (sku) DO UPDATE SET quantity = products.quantity + excluded.quantity,"
                  "  revenue_pence = products.revenue_pence + excluded.revenue_pence",
                  WEIR_TEXT(line->sku), WEIR_TEXT(line->description), WEIR_INT(sign * line->quantity),
                  WEIR_INT(sign * line->quantity * line->price_pence));
    }
    add_total(tx, "revenue_pence", sign * lines_total(order->lines, order->line_count));
}

static weir_status on_completed(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    add_total(tx, "orders", 1);
    add_lines(tx, &order, +1);
    return weir_tx_status(tx);
}

static weir_status on_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    if (!order.was_completed)
        return WEIR_IGNORE; /* never sold */
    add_total(tx, "orders", -1);
    add_lines(tx, &order, -1);
    return weir_tx_status(tx);
}

static weir_status on_lines_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    add_lines(tx, &order, -1);
    return weir_tx_status(tx);
}

static const weir_handler handlers[] = {
    {.type = "order.completed", .run = on_completed},
    {.type = "order.cancelled", .run = on_cancelled},
    {.type = "order.lines-cancelled", .run = on_lines_cancelled},
    {0},
};

/* ---- GET /analytics/top-products?limit=10 */
typedef struct product {
    const char *sku, *description;
    int64_t quantity, revenue_pence;
} product;

typedef struct report {
    int64_t orders, revenue_pence;
    product *products;
    size_t product_count;
} report;

static const weir_json_field product_fields[] = {
    {"sku", WEIR_JSON_TEXT, offsetof(product, sku)},
    {"description", WEIR_JSON_TEXT, offsetof(product, description)},
    {"quantity", WEIR_JSON_INT, offsetof(product, quantity)},
    {"revenue_pence", WEIR_JSON_INT, offsetof(product, revenue_pence)},
    {0},
};

static const weir_json_field report_fields[] = {
    {"orders", WEIR_JSON_INT, offsetof(report, orders)},
    {"revenue_pence", WEIR_JSON_INT, offsetof(report, revenue_pence)},
    {"products", WEIR_JSON_ARRAY, offsetof(report, products), .count_offset = offsetof(report, product_count),
     .item_size = sizeof(product), .fields = product_fields},
    {0},
};

static int64_t read_total(weir_tx *tx, const char *name)
{
    weir_rows *rows = weir_query(tx, "SELECT value FROM totals WHERE name = ?1", WEIR_TEXT(name));
    int64_t value = weir_rows_next(rows) ? weir_rows_int(rows, 0) : 0;
    weir_rows_end(rows);
    return value;
}

static weir_status get_top_products(weir_tx *tx, const weir_http_request *request, weir_http_response *response,
                                    void *user)
{
    (void)user;
    const char *asked = weir_request_query(request, "limit");
    long limit = asked ? strtol(asked, NULL, 10) : 10;
    if (limit < 1 || limit > 1000) {
        response->status = 400;
        response->body = WEIR_SLICE("{\"error\":\"limit is a number from 1 to 1000\"}");
        return WEIR_DONE;
    }
    report top = {.orders = read_total(tx, "orders"), .revenue_pence = read_total(tx, "revenue_pence")};
    top.products = weir_arena_array(weir_tx_arena(tx), (size_t)limit, sizeof(product));
    if (!top.products)
        return weir_retry(tx, "out of memory");

    weir_rows *rows = weir_query(tx,
                                 "SELECT sku, description, quantity, revenue_pence FROM products"
                                 "  ORDER BY revenue_pence DESC, sku LIMIT ?1",
                                 WEIR_INT(limit));
    while (top.product_count < (size_t)limit && weir_rows_next(rows)) {
        product *next = &top.products[top.product_count++];
        next->sku = weir_arena_dup_text(weir_tx_arena(tx), weir_slice_of(weir_rows_text(rows, 0)));
        next->description = weir_arena_dup_text(weir_tx_arena(tx), weir_slice_of(weir_rows_text(rows, 1)));
        next->quantity = weir_rows_int(rows, 2);
        next->revenue_pence = weir_rows_int(rows, 3);
    }
    weir_rows_end(rows);
    response->body = weir_encode(tx, report_fields, &top);
    return weir_tx_status(tx);
}

static const weir_route routes[] = {
    {.method = "GET", .path = "/analytics/top-products", .run = get_top_products, .read_only = true},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "analytics",
                         .http_port = 8087,
                         .about = "which products sell: a read model built from events",
                         .consumes = "orders",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .routes = routes,
                     });
}
