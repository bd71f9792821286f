/* Every invariant holds in a marketplace where all is right, and notices the one thing that is wrong. */
#include "books_testing.h"

enum { ACCEPTED = 5 };

/* The names of what is violated, each between commas: ",money,stock,". */
static void check_world(world *self, int64_t accepted_count, char *ret_violated, size_t size)
{
    wr_finding findings[WR_FINDINGS_MAX];
    int count = 0;
    weir_failure failure = {0};
    world_open(self);
    if (wr_books_check(self->books, self->client, NULL, accepted_count, findings, &count, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
    CHECK(count >= 12);
    size_t used = (size_t)snprintf(ret_violated, size, ",");
    for (int i = 0; i < count; i++)
        if (findings[i].violations != 0)
            used += (size_t)snprintf(ret_violated + used, size - used, "%s,", findings[i].name);
}

TEST(all_invariants_hold_where_all_is_right)
{
    world self;
    world_begin(&self);
    char violated[400];
    check_world(&self, ACCEPTED, violated, sizeof violated);
    CHECK_STR(violated, ",");
    world_end(&self);
}

/* One wrong thing each, and all that must notice it. */
static const struct {
    const char *what, *service, *sql, *violated;
} wrongs[] = {
    {"an accepted order did not arrive", "gateway", "INSERT INTO requests VALUES ('o6', 1)", ",accepted,"},
    {"an order came from nowhere", "gateway", "DELETE FROM requests WHERE id = 'o5'", ",accepted,"},
    {"an order goes on for ever", "order",
     "UPDATE orders SET status = 'placed', cause = NULL, ended_at_ms = NULL WHERE order_id = 'o2'",
     ",ended,cancellations,order list,order events,"},
    {"a cancellation was forgotten", "order", "INSERT INTO cancellations VALUES ('o1', 'c9', '{}')", ",ended,"},
    {"a piece vanished from the shelf", "inventory", "UPDATE stock SET free = free - 1 WHERE sku = 'B'", ",stock,"},
    {"an article has no stock", "inventory", "DELETE FROM stock WHERE sku = 'B'", ",stock,"},
    {"pieces of two articles make up for each other", "inventory",
     "UPDATE stock SET free = free + (CASE sku WHEN 'A' THEN 1 WHEN 'B' THEN -1 ELSE 0 END)", ",stock,"},
    {"a cancelled order still holds pieces", "inventory",
     "INSERT INTO reservations VALUES ('o2', 'A', 1); UPDATE stock SET free = free - 1 WHERE sku = 'A'", ",reserved,"},
    {"a completed order holds nothing", "inventory",
     "DELETE FROM reservations WHERE order_id = 'o4'; UPDATE stock SET free = free + 3 WHERE sku = 'A'", ",reserved,"},
    {"one order's pieces are another's", "inventory",
     "UPDATE reservations SET quantity = 1 WHERE order_id = 'o1' AND sku = 'A';"
     "UPDATE reservations SET quantity = 4 WHERE order_id = 'o4'",
     ",reserved,"},
    {"money was not given back", "payment", "UPDATE payments SET refunded_pence = 0 WHERE order_id = 'o3'", ",money,"},
    {"a completed order was never paid", "payment", "DELETE FROM payments WHERE order_id = 'o1'", ",money,"},
    {"money of an order that nobody knows", "payment", "INSERT INTO payments VALUES ('o9', 'taken', 5, 0)", ",money,"},
    {"two wrong payments make up for each other", "payment",
     "UPDATE payments SET taken_pence = taken_pence + (CASE order_id WHEN 'o1' THEN 1 WHEN 'o4' THEN -1 ELSE 0 END)",
     ",money,"},
    {"a completed order was not shipped", "shipping", "DELETE FROM shipments WHERE order_id = 'o1'", ",shipments,"},
    {"an order was shipped twice", "shipping", "INSERT INTO shipments VALUES ('o1', 'booked')", ",shipments,"},
    {"a cancelled order was shipped", "shipping", "UPDATE shipments SET status = 'booked' WHERE order_id = 'o3'",
     ",shipments,"},
    {"a parcel of an order that nobody knows", "shipping", "INSERT INTO shipments VALUES ('o9', 'booked')",
     ",shipments,"},
    {"a confirmation was not sent", "notification",
     "DELETE FROM letters WHERE order_id = 'o4' AND kind = 'confirmation'", ",confirmations,"},
    {"an order that never completed was confirmed", "notification", "INSERT INTO letters VALUES ('o2', 'confirmation')",
     ",confirmations,"},
    {"a confirmation was sent twice", "notification", "INSERT INTO letters VALUES ('o1', 'confirmation')",
     ",confirmations,"},
    {"nobody was told of a cancellation", "notification",
     "DELETE FROM letters WHERE order_id = 'o5' AND kind = 'cancellation'", ",cancellations,"},
    {"a completed order was called cancelled", "notification", "INSERT INTO letters VALUES ('o1', 'cancellation')",
     ",cancellations,"},
    {"the order list has another status", "gateway",
     "UPDATE orders SET status = 'placed', cause = NULL WHERE order_id = 'o2'", ",order list,"},
    {"the order list has another cause", "gateway", "UPDATE orders SET cause = 'customer' WHERE order_id = 'o5'",
     ",order list,"},
    {"the order list has another sum", "gateway", "UPDATE orders SET total_pence = 500 WHERE order_id = 'o4'",
     ",order list,"},
    {"the order list lacks an order", "gateway", "DELETE FROM orders WHERE order_id = 'o1'", ",order list,"},
    {"the order list has one too many", "gateway", "INSERT INTO orders VALUES ('o9', 'ada', 'completed', NULL, 1)",
     ",order list,"},
    {"the revenue is a penny off", "analytics", "UPDATE totals SET value = value + 1 WHERE name = 'revenue_pence'",
     ",sales,"},
    {"an order was not counted", "analytics", "UPDATE totals SET value = value - 1 WHERE name = 'orders'", ",sales,"},
    {"revenue and orders are both one too high", "analytics", "UPDATE totals SET value = value + 1", ",sales,"},
    {"the sales figures were never written", "analytics", "DELETE FROM totals", ",sales,"},
    {"pieces of a product are off", "analytics", "UPDATE products SET quantity = quantity + 1 WHERE sku = 'B'",
     ",top products,"},
    {"revenue of a product is off", "analytics", "UPDATE products SET revenue_pence = 499 WHERE sku = 'A'",
     ",top products,"},
    {"a product that sold is not listed", "analytics", "DELETE FROM products WHERE sku = 'B'", ",top products,"},
    {"a product is listed that never sold", "analytics", "INSERT INTO products VALUES ('C', 1, 1)", ",top products,"},
};

TEST(each_invariant_notices_what_is_wrong_and_no_other_complains)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        world self;
        world_begin(&self);
        world_script(&self, wrongs[i].service, wrongs[i].sql);
        char violated[400];
        check_world(&self, ACCEPTED, violated, sizeof violated);
        if (strcmp(violated, wrongs[i].violated) != 0)
            fail_msg("%s: violated are %s and not %s", wrongs[i].what, violated, wrongs[i].violated);
        world_end(&self);
    }
}

TEST(every_invariant_has_been_seen_violated)
{
    world self;
    world_begin(&self);
    world_open(&self);
    wr_finding findings[WR_FINDINGS_MAX];
    int count = 0;
    weir_failure failure = {0};
    CHECK_OK(wr_books_check(self.books, self.client, NULL, ACCEPTED, findings, &count, &failure));
    for (int f = 0; f < count; f++) {
        char name[64];
        bool seen = false;
        snprintf(name, sizeof name, ",%s,", findings[f].name);
        for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs && !seen; i++)
            seen = strstr(wrongs[i].violated, name) != NULL;
        if (!seen)
            fail_msg("no test violates '%s'", findings[f].name);
    }
    world_end(&self);
}

TEST(an_order_that_the_gateway_accepted_and_nobody_has_is_missed)
{
    world self;
    world_begin(&self);
    char violated[400];
    check_world(&self, ACCEPTED + 1, violated, sizeof violated);
    CHECK_STR(violated, ",accepted,");
    world_end(&self);
}

TEST(an_event_that_came_twice_counts_once)
{
    world self;
    world_begin(&self);
    world_event_as(&self, "event-2", "o1", "order.completed",
                   "{\"total_pence\":250,\"lines\":[" LINE_A(2) "," LINE_B(1) "]}");
    char violated[400];
    check_world(&self, ACCEPTED, violated, sizeof violated);
    CHECK_STR(violated, ",");
    world_end(&self);
}

TEST(an_order_that_is_said_to_complete_twice_is_noticed)
{
    world self;
    world_begin(&self);
    world_event(&self, "o1", "order.completed", "{\"total_pence\":250,\"lines\":[" LINE_A(2) "," LINE_B(1) "]}");
    char violated[400];
    check_world(&self, ACCEPTED, violated, sizeof violated);
    CHECK_STR(violated, ",order events,sales,top products,");
    world_end(&self);
}

TEST(an_event_of_an_order_that_nobody_placed_is_noticed)
{
    world self;
    world_begin(&self);
    world_event(&self, "o9", "order.cancelled", "{\"total_pence\":1}");
    char violated[400];
    check_world(&self, ACCEPTED, violated, sizeof violated);
    CHECK_STR(violated, ",order events,");
    world_end(&self);
}

TEST(without_the_topic_there_is_no_verdict)
{
    world self;
    world_begin(&self);
    world_open(&self);
    wr_finding findings[WR_FINDINGS_MAX];
    int count = -1;
    weir_failure failure = {0};
    CHECK_EQ(wr_books_check(self.books, self.client, "other-", ACCEPTED, findings, &count, &failure), WEIR_E_NOT_FOUND);
    CHECK_EQ(count, -1);
    world_end(&self);
}
