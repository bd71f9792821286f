/* A small marketplace that has come to rest, written by hand: eight databases and the topic `orders`, in which every
 * invariant holds. For books_test.c and checks_test.c, which then break one thing at a time.
 *
 *   order  what became of it                                    lines                     total  of it given back
 *   o1     completed                                            A 2 at 100, B 1 at 50     250
 *   o2     cancelled: out of stock                              A 1 at 100                100
 *   o3     completed, then cancelled by the customer            A 3 at 100                300
 *   o4     completed, two of five pieces given back             A 5 at 100                500    200
 *   o5     cancelled: declined by the bank                      B 2 at 50                 100
 *
 * The schemas are the services' own, as far as the books read them. */
#ifndef WR_BOOKS_TESTING_H
#define WR_BOOKS_TESTING_H

#include "test.h"

#include <demo/books_int.h>
#include <stdio.h>
#include <testing/client/sim.h>

typedef struct world {
    const char *folder;
    wr_sim_cluster *cluster;
    wr_client *client;
    wr_books *books; /* NULL until world_open */
    int event_count;
} world;

static const char weir_tables[] =
    "CREATE TABLE weir_inbox (topic TEXT, partition INTEGER, next_offset INTEGER, PRIMARY KEY (topic, partition));"
    "CREATE TABLE weir_outbox (sequence INTEGER PRIMARY KEY); CREATE TABLE weir_parked (id INTEGER PRIMARY KEY);";

#define LINES(text) "{\"lines\":[" text "]}"
#define LINE_A(n)   "{\"sku\":\"A\",\"quantity\":" #n ",\"price_pence\":100}"
#define LINE_B(n)   "{\"sku\":\"B\",\"quantity\":" #n ",\"price_pence\":50}"

static const struct {
    const char *service, *sql;
} world_tables[] = {
    {"gateway", "CREATE TABLE requests (id TEXT PRIMARY KEY, accepted_at_ms INTEGER);"
                "INSERT INTO requests VALUES ('o1', 1), ('o2', 1), ('o3', 1), ('o3/c1', 2), ('o4', 1), ('o5', 1);"
                "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer TEXT, status TEXT, cause TEXT,"
                "  total_pence INTEGER);"
                "INSERT INTO orders VALUES ('o1', 'ada', 'completed', NULL, 250),"
                "  ('o2', 'ada', 'cancelled', 'out of stock', 100), ('o3', 'bob', 'cancelled', 'customer', 300),"
                "  ('o4', 'bob', 'completed', NULL, 300), ('o5', 'cy', 'cancelled', 'declined by the bank', 100);"},
    {"order",
     "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer TEXT, status TEXT, cause TEXT, total_pence INTEGER,"
     "  returned_pence INTEGER, lines TEXT, accepted_at_ms INTEGER, ended_at_ms INTEGER);"
     "INSERT INTO orders VALUES"
     "  ('o1', 'ada', 'completed', NULL, 250, 0, '" LINES(LINE_A(2) "," LINE_B(
         1)) "', 1000, 1010),"
             "  ('o2', 'ada', 'cancelled', 'out of stock', 100, 0, '" LINES(
                 LINE_A(1)) "', 1000, 1020),"
                            "  ('o3', 'bob', 'cancelled', 'customer', 300, 0, '" LINES(LINE_A(
                                3)) "', 1000, 1030),"
                                    "  ('o4', 'bob', 'completed', NULL, 500, 200, '" LINES(LINE_A(
                                        3)) "', 1000, 1040),"
                                            "  ('o5', 'cy', 'cancelled', 'declined by the bank', 100, 0, '" LINES(
                                                LINE_B(2)) "', 1000, 1050);"
                                                           "CREATE TABLE cancellations (order_id TEXT, cancellation_id "
                                                           "TEXT, lines TEXT);"},
    {"inventory", "CREATE TABLE stock (sku TEXT PRIMARY KEY, received INTEGER, free INTEGER);"
                  "INSERT INTO stock VALUES ('A', 100, 95), ('B', 100, 99), ('C', 7, 7);"
                  "CREATE TABLE reservations (order_id TEXT, sku TEXT, quantity INTEGER);"
                  "INSERT INTO reservations VALUES ('o1', 'A', 2), ('o1', 'B', 1), ('o4', 'A', 3);"},
    {"fraud", ""},
    {"payment", "CREATE TABLE payments (order_id TEXT PRIMARY KEY, status TEXT, taken_pence INTEGER,"
                "  refunded_pence INTEGER);"
                "INSERT INTO payments VALUES ('o1', 'taken', 250, 0), ('o3', 'refunded', 300, 300),"
                "  ('o4', 'taken', 500, 200), ('o5', 'declined', 0, 0);"},
    {"shipping", "CREATE TABLE shipments (order_id TEXT, status TEXT);"
                 "INSERT INTO shipments VALUES ('o1', 'booked'), ('o3', 'cancelled'), ('o4', 'booked');"},
    {"notification",
     "CREATE TABLE letters (order_id TEXT, kind TEXT);"
     "INSERT INTO letters VALUES ('o1', 'confirmation'), ('o3', 'confirmation'),"
     "  ('o4', 'confirmation'), ('o2', 'cancellation'), ('o3', 'cancellation'), ('o5', 'cancellation');"},
    {"analytics", "CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER);"
                  "INSERT INTO totals VALUES ('revenue_pence', 550), ('orders', 2);"
                  "CREATE TABLE products (sku TEXT PRIMARY KEY, quantity INTEGER, revenue_pence INTEGER);"
                  "INSERT INTO products VALUES ('A', 5, 500), ('B', 1, 50);"},
};

static void world_script(const world *self, const char *service, const char *sql)
{
    char path[600];
    wr_store *store;
    weir_failure failure = {0};
    snprintf(path, sizeof path, "%s/%s.db", self->folder, service);
    CHECK_OK(wr_store_open(path, WR_STORE_NOT_DURABLE, &store, &failure));
    weir_err err = wr_store_script(store, sql, &failure);
    if (err != WEIR_OK)
        fail_msg("%s: %s", service, failure.sentence);
    wr_store_close(store);
}

/* An event in the topic `orders`; the same `id` twice is one event. */
static void world_event_as(world *self, const char *id, const char *order_id, const char *type, const char *data)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    weir_failure failure = {0};
    weir_event event = {.id = id, .source = "order", .type = type, .subject = order_id, .data = weir_slice_of(data)};
    wr_event_record encoded;
    CHECK_OK(wr_event_encode_kafka(&event, NULL, 0, arena, &encoded, &failure));
    CHECK_OK(wr_sim_append(self->cluster, &(wr_client_record){.topic = "orders",
                                                              .partition = -1,
                                                              .key = encoded.key,
                                                              .value = encoded.value,
                                                              .headers = encoded.headers,
                                                              .header_count = encoded.header_count}));
    weir_arena_free(arena);
}

static void world_event(world *self, const char *order_id, const char *type, const char *data)
{
    char id[32];
    snprintf(id, sizeof id, "event-%d", ++self->event_count);
    world_event_as(self, id, order_id, type, data);
}

static void world_begin(world *ret_world)
{
    world self = {.folder = test_directory(), .cluster = wr_sim_cluster_new(&(wr_sim_options){.seed = 1})};
    for (size_t i = 0; i < sizeof world_tables / sizeof *world_tables; i++) {
        world_script(&self, world_tables[i].service, weir_tables);
        world_script(&self, world_tables[i].service, world_tables[i].sql);
    }
    self.client = wr_sim_client_new(self.cluster);
    CHECK_OK(wr_sim_topic_add(self.cluster, "orders", 2));
    world_event(&self, "o1", "order.placed", "{}");
    world_event(&self, "o1", "order.completed", "{\"total_pence\":250,\"lines\":[" LINE_A(2) "," LINE_B(1) "]}");
    world_event(&self, "o2", "order.placed", "{}");
    world_event(&self, "o2", "order.cancelled", "{\"total_pence\":100,\"lines\":[" LINE_A(1) "]}");
    world_event(&self, "o3", "order.placed", "{}");
    world_event(&self, "o3", "order.completed", "{\"total_pence\":300,\"lines\":[" LINE_A(3) "]}");
    world_event(&self, "o3", "order.cancelled",
                "{\"total_pence\":300,\"was_completed\":true,\"lines\":[" LINE_A(3) "]}");
    world_event(&self, "o4", "order.placed", "{}");
    world_event(&self, "o4", "order.completed", "{\"total_pence\":500,\"lines\":[" LINE_A(5) "]}");
    world_event(&self, "o4", "order.lines-cancelled", "{\"total_pence\":200,\"lines\":[" LINE_A(2) "]}");
    world_event(&self, "o5", "order.placed", "{}");
    world_event(&self, "o5", "order.cancelled", "{\"total_pence\":100,\"lines\":[" LINE_B(2) "]}");
    *ret_world = self;
}

static void world_open(world *self)
{
    weir_failure failure = {0};
    if (wr_books_open(self->folder, &self->books, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
}

static void world_end(world *self)
{
    wr_books_close(self->books);
    wr_client_free(self->client);
    wr_sim_cluster_free(self->cluster);
}

#endif
