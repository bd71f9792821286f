/* When is the marketplace at rest, and what are its figures. */
#include "books_testing.h"

static wr_rest rest_of(world *self)
{
    wr_rest rest;
    weir_failure failure = {0};
    if (wr_books_rest(self->books, self->client, NULL, &rest, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
    return rest;
}

/* Every consumer of `orders` has read all 12 events. */
static void read_all(world *self)
{
    for (int i = 0; i < WR_SERVICE_COUNT; i++)
        for (int k = 0; wr_marketplace[i].consumes[k]; k++) {
            char sql[200];
            snprintf(sql, sizeof sql, "INSERT INTO weir_inbox VALUES ('%s', 0, %lld), ('%s', 1, %lld)",
                     wr_marketplace[i].consumes[k], (long long)wr_sim_end(self->cluster, "orders", 0),
                     wr_marketplace[i].consumes[k], (long long)wr_sim_end(self->cluster, "orders", 1));
            world_script(self, wr_marketplace[i].name, sql);
        }
}

static int consumer_count(const char *topic)
{
    int count = 0;
    for (int i = 0; i < WR_SERVICE_COUNT; i++)
        for (int k = 0; wr_marketplace[i].consumes[k]; k++)
            count += strcmp(wr_marketplace[i].consumes[k], topic) == 0;
    return count;
}

TEST(what_was_not_read_is_behind)
{
    world self;
    world_begin(&self);
    world_open(&self);
    wr_rest before = rest_of(&self);
    CHECK_EQ(before.order_count, 5);
    CHECK_EQ(before.open_order_count, 0);
    CHECK_EQ(before.behind_count, 12 * consumer_count("orders"));
    read_all(&self);
    wr_rest after = rest_of(&self);
    CHECK_EQ(after.behind_count, 0);
    CHECK(after.moved > before.moved);
    world_script(&self, "fraud", "INSERT INTO weir_outbox VALUES (1)");
    CHECK_EQ(rest_of(&self).outbox_count, 1);
    world_script(&self, "shipping", "INSERT INTO weir_parked VALUES (1), (2)");
    CHECK_EQ(rest_of(&self).parked_count, 2);
    world_script(&self, "order", "UPDATE orders SET status = 'placed' WHERE order_id = 'o2'");
    CHECK_EQ(rest_of(&self).open_order_count, 1);
    world_event(&self, "o9", "order.placed", "{}");
    CHECK_EQ(rest_of(&self).behind_count, consumer_count("orders"));
    world_end(&self);
}

TEST(figures_are_those_of_the_orders)
{
    world self;
    world_begin(&self);
    CHECK_OK(wr_sim_topic_add(self.cluster, "order-commands", 1));
    CHECK_OK(wr_sim_topic_add(self.cluster, "payment.dlq", 1));
    CHECK_OK(wr_sim_topic_add(self.cluster, "somebody-elses", 1));
    static const char *const topics[] = {"order-commands", "order-commands", "payment.dlq", "somebody-elses"};
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_sim_append(self.cluster, &(wr_client_record){.topic = topics[i], .value = WEIR_SLICE("x")}));
    world_open(&self);
    wr_figures figures;
    weir_failure failure = {0};
    CHECK_OK(wr_books_figures(self.books, self.client, NULL, &figures, &failure));
    CHECK_EQ(figures.completed_count, 2);
    CHECK_EQ(figures.cancelled_count, 3);
    CHECK_EQ(figures.returned_line_orders, 1);
    CHECK_EQ(figures.cause_count, 3);
    CHECK_EQ(figures.revenue_pence, 550);
    CHECK_EQ(figures.latency_p50_ms, 20); /* of 10, 20, 30, 40, 50: half of them do not exceed it */
    CHECK_EQ(figures.latency_max_ms, 50);
    CHECK_EQ(figures.event_count, 12);
    CHECK_EQ(figures.command_count, 2);
    CHECK_EQ(figures.dead_letter_count, 1);
    world_end(&self);
}

TEST(books_open_only_when_all_databases_are_there)
{
    world self;
    world_begin(&self);
    char path[600];
    snprintf(path, sizeof path, "%s/none", self.folder);
    wr_books *books = NULL;
    weir_failure failure = {0};
    CHECK(wr_books_open(path, &books, &failure) != WEIR_OK);
    CHECK(!books);
    world_end(&self);
}
