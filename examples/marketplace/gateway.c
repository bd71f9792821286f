/* The gateway: the marketplace's REST door.
 *
 *   POST /orders                   {"order_id"?, "customer", "country", "lines": [{"sku", "quantity", "price_pence"}]}
 *                                  202 and a Location; the same order_id again answers the same, and so does the
 *                                  same request with the same Idempotency-Key
 *   POST /orders/{id}/cancel       {"cancellation_id", "lines"?: […]}; without lines, the whole order
 *   GET  /orders/{id}              how the order stands
 *   GET  /customers/{id}/orders    the customer's orders, newest first
 *   GET  /analytics/top-products   from the analytics service
 *
 * Commands go to the order service through the outbox; what the queries show, table `orders`, is built from events
 * alone. Table `requests` remembers what was accepted, so that a repeated POST is harmless. */
#include "common.h"

#include <stdlib.h>

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE requests (id TEXT PRIMARY KEY, accepted_at_ms " number " NOT NULL)" end ";"                          \
    "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer TEXT NOT NULL, country TEXT, status TEXT NOT NULL,"      \
    "  cause TEXT, total_pence " number " NOT NULL, tracking TEXT, placed_at_ms " number " NOT NULL)" end ";"          \
    "CREATE INDEX orders_by_customer ON orders (customer, placed_at_ms);"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

enum { LINES_MAX = 5000, PIECES_MAX = 1000000, PENCE_MAX = 100000000 };

static weir_status answer_error(weir_tx *tx, weir_http_response *response, int status, const char *sentence)
{
    response->status = status;
    const char *body = weir_arena_printf(weir_tx_arena(tx), "{\"error\":\"%s\"}", sentence);
    response->body = weir_slice_of(body);
    return WEIR_DONE;
}

/* true the first time */
static bool accept_once(weir_tx *tx, const char *id)
{
    weir_exec(tx, "INSERT INTO requests (id, accepted_at_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING", WEIR_TEXT(id),
              WEIR_INT(weir_tx_now_ms(tx)));
    return weir_tx_status(tx) == WEIR_DONE && weir_changes(tx) == 1;
}

static bool was_accepted(weir_tx *tx, const char *id)
{
    weir_rows *rows = weir_query(tx, "SELECT 1 FROM requests WHERE id = ?1", WEIR_TEXT(id));
    bool found = weir_rows_next(rows);
    weir_rows_end(rows);
    return found;
}

/* Ids stand in paths and headers: only what needs no escaping anywhere. */
static bool id_holds(const char *id)
{
    size_t size = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return size > 0 && size <= 64 && id[size] == '\0';
}

static const char *find_fault(const order_fact *order, bool priced)
{
    if (order->line_count > LINES_MAX)
        return "more than 5000 lines";
    for (size_t i = 0; i < order->line_count; i++) {
        const order_line *line = &order->lines[i];
        if (!line->sku[0])
            return "a line has no sku";
        if (line->quantity < 1 || line->quantity > PIECES_MAX)
            return "the quantity of a line is not between 1 and 1000000";
        if (priced && (line->price_pence < 1 || line->price_pence > PENCE_MAX))
            return "the price of a line is not between 1 and 100000000 pence";
    }
    return NULL;
}

/* ---- commands */
static const weir_json_field post_order_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_fact, order_id)},
    {"customer", WEIR_JSON_TEXT, offsetof(order_fact, customer), .required = true},
    {"country", WEIR_JSON_TEXT, offsetof(order_fact, country)},
    {"lines", WEIR_JSON_ARRAY, offsetof(order_fact, lines), .count_offset = offsetof(order_fact, line_count),
     .item_size = sizeof(order_line), .fields = order_line_fields, .required = true},
    {0},
};

static const weir_json_field accepted_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_fact, order_id)},
    {0},
};

static weir_status answer_accepted(weir_tx *tx, weir_http_response *response, const char *order_id)
{
    response->status = 202;
    response->location = weir_arena_printf(weir_tx_arena(tx), "/orders/%s", order_id);
    response->body = weir_encode(tx, accepted_fields, &(order_fact){.order_id = order_id});
    return weir_tx_status(tx);
}

static weir_status post_order(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    order_fact order = {0};
    weir_failure failure = {0};
    if (weir_json_decode(weir_tx_arena(tx), post_order_fields, request->body, &order, &failure) != WEIR_OK)
        return weir_reject(tx, "%s", failure.sentence);
    const char *fault = order.order_id && !id_holds(order.order_id) ? "order_id is not 1 to 64 of A-Z a-z 0-9 . _ -"
                        : !id_holds(order.customer)                 ? "customer is not 1 to 64 of A-Z a-z 0-9 . _ -"
                        : order.line_count == 0                     ? "the order has no lines"
                                                                    : find_fault(&order, true);
    if (fault)
        return answer_error(tx, response, 422, fault);

    weir_event command = {.type = "order.place", .subject = order.order_id};
    if (!order.order_id) {
        weir_rows *rows = weir_query(tx, "SELECT 'o' || random() || '.' || random()");
        if (!weir_rows_next(rows))
            return weir_tx_status(tx);
        order.order_id = weir_arena_dup_text(weir_tx_arena(tx), weir_slice_of(weir_rows_text(rows, 0)));
        command.subject = order.order_id;
        weir_rows_end(rows);
    }
    if (accept_once(tx, order.order_id)) {
        order.accepted_at_ms = weir_tx_now_ms(tx);
        command.data = weir_encode(tx, order_fields, &order);
        weir_send(tx, "order-commands", &command);
    }
    return answer_accepted(tx, response, order.order_id);
}

static weir_status post_cancel(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    const char *order_id = weir_request_path(request, "id");
    order_fact wanted = {0};
    weir_failure failure = {0};
    if (weir_json_decode(weir_tx_arena(tx), cancellation_fields, request->body, &wanted, &failure) != WEIR_OK)
        return weir_reject(tx, "%s", failure.sentence);
    const char *fault = !id_holds(wanted.cancellation_id) ? "cancellation_id is not 1 to 64 of A-Z a-z 0-9 . _ -"
                                                          : find_fault(&wanted, false);
    if (fault)
        return answer_error(tx, response, 422, fault);
    if (!was_accepted(tx, order_id))
        return answer_error(tx, response, 404, "there is no such order");

    wanted.order_id = order_id;
    if (accept_once(tx, weir_arena_printf(weir_tx_arena(tx), "%s/%s", order_id, wanted.cancellation_id))) {
        weir_event command = {
            .type = "order.cancel", .subject = order_id, .data = weir_encode(tx, cancellation_fields, &wanted)};
        weir_send(tx, "order-commands", &command);
    }
    return answer_accepted(tx, response, order_id);
}

/* ---- the read model */
static weir_status on_placed(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    return weir_exec(tx,
                     "INSERT INTO orders (order_id, customer, country, status, total_pence, placed_at_ms)"
                     "  VALUES (?1, ?2, ?3, 'placed', ?4, ?5)"
                     "  ON CONFLICT (order_id) DO UPDATE SET customer = excluded.customer, country = excluded.country,"
                     "  total_pence = excluded.total_pence, placed_at_ms = excluded.placed_at_ms",
                     WEIR_TEXT(order.order_id), WEIR_TEXT(order.customer), WEIR_TEXT(order.country),
                     WEIR_INT(order.total_pence), WEIR_INT(order.accepted_at_ms));
}

static weir_status on_ended(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    return weir_exec(tx, "UPDATE orders SET status = ?2, cause = ?3 WHERE order_id = ?1", WEIR_TEXT(order.order_id),
                     WEIR_TEXT(order.cause ? "cancelled" : "completed"), WEIR_TEXT(order.cause));
}

static weir_status on_lines_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    return weir_exec(tx, "UPDATE orders SET total_pence = total_pence - ?2 WHERE order_id = ?1",
                     WEIR_TEXT(order.order_id), WEIR_INT(order.total_pence));
}

/* Comes on another topic, so it may arrive before order.placed: the row is then made here and completed there. */
static weir_status on_shipped(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    order_fact order = {0};
    if (weir_decode(tx, event, step_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    return weir_exec(tx,
                     "INSERT INTO orders (order_id, customer, status, total_pence, tracking, placed_at_ms)"
                     "  VALUES (?1, ?2, 'placed', ?3, ?4, 0) ON CONFLICT (order_id) DO UPDATE SET tracking = ?4",
                     WEIR_TEXT(order.order_id), WEIR_TEXT(order.customer), WEIR_INT(order.total_pence),
                     WEIR_TEXT(order.tracking));
}

static const weir_handler handlers[] = {
    {.type = "order.placed", .run = on_placed},     {.type = "order.completed", .run = on_ended},
    {.type = "order.cancelled", .run = on_ended},   {.type = "order.lines-cancelled", .run = on_lines_cancelled},
    {.type = "shipment.booked", .run = on_shipped}, {0},
};

/* ---- queries */
typedef struct view {
    const char *order_id, *customer, *country, *status, *cause, *tracking;
    int64_t total_pence, placed_at_ms;
} view;

typedef struct view_list {
    view *orders;
    size_t order_count;
} view_list;

static const weir_json_field view_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(view, order_id)},
    {"customer", WEIR_JSON_TEXT, offsetof(view, customer)},
    {"country", WEIR_JSON_TEXT, offsetof(view, country)},
    {"status", WEIR_JSON_TEXT, offsetof(view, status)},
    {"cause", WEIR_JSON_TEXT, offsetof(view, cause)},
    {"total_pence", WEIR_JSON_INT, offsetof(view, total_pence)},
    {"tracking", WEIR_JSON_TEXT, offsetof(view, tracking)},
    {"placed_at_ms", WEIR_JSON_INT, offsetof(view, placed_at_ms)},
    {0},
};

static const weir_json_field view_list_fields[] = {
    {"orders", WEIR_JSON_ARRAY, offsetof(view_list, orders), .count_offset = offsetof(view_list, order_count),
     .item_size = sizeof(view), .fields = view_fields},
    {0},
};

#define VIEW_COLUMNS "order_id, customer, country, status, cause, total_pence, tracking, placed_at_ms"

static view read_view(weir_tx *tx, weir_rows *rows)
{
    const char *texts[7];
    for (int column = 0; column < 7; column++) {
        const char *text = column == 5 ? NULL : weir_rows_text(rows, column);
        texts[column] = text ? weir_arena_dup_text(weir_tx_arena(tx), weir_slice_of(text)) : NULL;
    }
    return (view){.order_id = texts[0],
                  .customer = texts[1],
                  .country = texts[2],
                  .status = texts[3],
                  .cause = texts[4],
                  .total_pence = weir_rows_int(rows, 5),
                  .tracking = texts[6],
                  .placed_at_ms = weir_rows_int(rows, 7)};
}

static weir_status get_order(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    const char *order_id = weir_request_path(request, "id");
    weir_rows *rows = weir_query(tx, "SELECT " VIEW_COLUMNS " FROM orders WHERE order_id = ?1", WEIR_TEXT(order_id));
    view found = {.order_id = order_id, .status = "accepted"};
    if (weir_rows_next(rows))
        found = read_view(tx, rows);
    else if (!was_accepted(tx, order_id))
        return answer_error(tx, response, 404, "there is no such order");
    weir_rows_end(rows);
    response->body = weir_encode(tx, view_fields, &found);
    return weir_tx_status(tx);
}

static weir_status get_customer_orders(weir_tx *tx, const weir_http_request *request, weir_http_response *response,
                                       void *user)
{
    (void)user;
    enum { ORDERS_MAX = 500 };
    view_list list = {.orders = weir_arena_array(weir_tx_arena(tx), ORDERS_MAX, sizeof(view))};
    if (!list.orders)
        return weir_retry(tx, "out of memory");
    weir_rows *rows = weir_query(tx,
                                 "SELECT " VIEW_COLUMNS " FROM orders WHERE customer = ?1"
                                 "  ORDER BY placed_at_ms DESC, order_id DESC LIMIT ?2",
                                 WEIR_TEXT(weir_request_path(request, "id")), WEIR_INT(ORDERS_MAX));
    while (list.order_count < ORDERS_MAX && weir_rows_next(rows))
        list.orders[list.order_count++] = read_view(tx, rows);
    weir_rows_end(rows);
    response->body = weir_encode(tx, view_list_fields, &list);
    return weir_tx_status(tx);
}

static const weir_route routes[] = {
    {.method = "POST", .path = "/orders", .run = post_order, .idempotency_key = WEIR_KEY_OPTIONAL},
    {.method = "POST", .path = "/orders/{id}/cancel", .run = post_cancel, .idempotency_key = WEIR_KEY_OPTIONAL},
    {.method = "GET", .path = "/orders/{id}", .run = get_order, .read_only = true},
    {.method = "GET", .path = "/customers/{id}/orders", .run = get_customer_orders, .read_only = true},
    {.method = "GET", .path = "/analytics/top-products", .forward = "analytics.url"},
    {0},
};

static const weir_setting settings[] = {
    {"analytics.url", "http://127.0.0.1:8087", "base URL of the analytics service"},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "gateway",
                         .about = "the marketplace's REST door: commands in, read models out",
                         .consumes = "orders,shipping",
                         .produces = "gateway",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                         .routes = routes,
                         .settings = settings,
                     });
}
