/* The notification service: tells the customer how an order ended, once. Letters are rows of a table here. */
#include "common.h"

/* SQLite keeps a table without a rowid closer together; PostgreSQL's INTEGER is too small for times. */
#define TABLES(number, end)                                                                                            \
    "CREATE TABLE letters (order_id TEXT NOT NULL, kind TEXT NOT NULL, customer TEXT NOT NULL, text TEXT NOT NULL,"    \
    "  sent_at_ms " number " NOT NULL, PRIMARY KEY (order_id, kind))" end ";"

static const char *const migrations[] = {TABLES("INTEGER", " WITHOUT ROWID"), NULL};
static const char *const postgres_migrations[] = {TABLES("BIGINT", ""), NULL};

static weir_status send_letter(weir_tx *tx, const weir_event *event, const char *kind)
{
    order_fact order = {0};
    if (weir_decode(tx, event, order_fields, &order) != WEIR_DONE)
        return weir_tx_status(tx);
    const char *text =
        weir_arena_printf(weir_tx_arena(tx), "Your order %s over %lld.%02lld GBP is %s%s.", order.order_id,
                          (long long)(order.total_pence / 100), (long long)(order.total_pence % 100),
                          order.cause ? "cancelled: " : "on its way", order.cause ? order.cause : "");
    weir_exec(tx, "INSERT INTO letters (order_id, kind, customer, text, sent_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
              WEIR_TEXT(order.order_id), WEIR_TEXT(kind), WEIR_TEXT(order.customer), WEIR_TEXT(text),
              WEIR_INT(weir_tx_now_ms(tx)));
    const char *type = weir_arena_printf(weir_tx_arena(tx), "%s.sent", kind);
    return emit_fact(tx, type, step_fields, &order);
}

static weir_status on_completed(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return send_letter(tx, event, "confirmation");
}

static weir_status on_cancelled(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return send_letter(tx, event, "cancellation");
}

static const weir_handler handlers[] = {
    {.type = "order.completed", .run = on_completed},
    {.type = "order.cancelled", .run = on_cancelled},
    {0},
};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){
                         .name = "notification",
                         .http_port = 8086,
                         .about = "tells customers how their orders ended (letters are simulated)",
                         .consumes = "orders",
                         .produces = "notifications",
                         .migrations = migrations,
                         .postgres_migrations = postgres_migrations,
                         .handlers = handlers,
                     });
}
