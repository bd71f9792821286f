/* The invariants, each a query that counts what violates it. The queries see the eight databases as <service>_db, and
 * the table `events`: the topic `orders` from its beginning, each event once. */
#include <demo/books_int.h>

#include <event/kafka.h>
#include <weir/json.h>

static const struct {
    const char *name, *sentence, *sql;
} checks[] = {
    {"accepted", "every order that the gateway accepted reached the order service, and no other",
     "WITH accepted AS (SELECT id FROM gateway_db.requests WHERE id NOT LIKE '%/%')"
     "  SELECT (SELECT count(*) FROM accepted WHERE id NOT IN (SELECT order_id FROM order_db.orders))"
     "  + (SELECT count(*) FROM order_db.orders WHERE order_id NOT IN (SELECT id FROM accepted))"
     "  + max(0, ?1 - (SELECT count(*) FROM accepted))"}, /* others may post orders too */
    {"ended", "every order ended, and every cancellation was dealt with",
     "SELECT (SELECT count(*) FROM order_db.orders WHERE status = 'placed')"
     "  + (SELECT count(*) FROM order_db.cancellations)"},
    {"stock", "of every article, received = free + reserved",
     "SELECT count(*) FROM (SELECT sku FROM ("
     "  SELECT sku, received - free AS pieces FROM inventory_db.stock"
     "  UNION ALL SELECT sku, -quantity FROM inventory_db.reservations) GROUP BY sku HAVING sum(pieces) <> 0)"},
    {"reserved", "what is reserved is what completed orders hold, order by order",
     "SELECT count(*) FROM (SELECT order_id FROM ("
     "  SELECT order_id, quantity AS pieces FROM inventory_db.reservations"
     "  UNION ALL SELECT o.order_id, -json_extract(l.value, '$.quantity')"
     "    FROM order_db.orders o, json_each(o.lines, '$.lines') l WHERE o.status = 'completed')"
     "  GROUP BY order_id HAVING sum(pieces) <> 0)"},
    {"money", "money taken minus refunded is what completed orders cost, order by order",
     "SELECT count(*) FROM (SELECT order_id FROM ("
     "  SELECT order_id, taken_pence - refunded_pence AS pence FROM payment_db.payments"
     "  UNION ALL SELECT order_id, returned_pence - total_pence FROM order_db.orders WHERE status = 'completed')"
     "  GROUP BY order_id HAVING sum(pence) <> 0)"},
    {"shipments", "a completed order has exactly one shipment, another has none",
     "SELECT (SELECT count(*) FROM order_db.orders o WHERE (SELECT count(*) FROM shipping_db.shipments s"
     "  WHERE s.order_id = o.order_id AND s.status = 'booked') <> (o.status = 'completed'))"
     "  + (SELECT count(*) FROM shipping_db.shipments WHERE order_id NOT IN (SELECT order_id FROM order_db.orders))"},
    {"confirmations", "an order that was completed has exactly one confirmation, another has none",
     "SELECT count(*) FROM order_db.orders o WHERE (SELECT count(*) FROM notification_db.letters l"
     "  WHERE l.order_id = o.order_id AND l.kind = 'confirmation')"
     "  <> (o.status = 'completed' OR (o.status = 'cancelled' AND o.cause = 'customer'))"},
    {"cancellations", "a cancelled order has exactly one letter that says so, another has none",
     "SELECT count(*) FROM order_db.orders o WHERE (SELECT count(*) FROM notification_db.letters l"
     "  WHERE l.order_id = o.order_id AND l.kind = 'cancellation') <> (o.status = 'cancelled')"},
    {"order list", "the customers' order lists say of every order what the order service says",
     "SELECT count(*) FROM order_db.orders o FULL JOIN gateway_db.orders g USING (order_id)"
     "  WHERE o.status IS NOT g.status OR o.cause IS NOT g.cause OR o.customer IS NOT g.customer"
     "  OR (o.status = 'completed' AND o.total_pence - o.returned_pence <> g.total_pence)"},
    {"order events", "the topic says of every order, exactly once, how it was placed and how it ended",
     "SELECT count(*) FROM (SELECT order_id FROM ("
     "  SELECT order_id, type = 'order.placed' AS placed, type = 'order.completed' AS completed,"
     "    type = 'order.cancelled' AS cancelled FROM events"
     "  UNION ALL SELECT order_id, -1, -(status = 'completed' OR cause IS 'customer'), -(status = 'cancelled')"
     "    FROM order_db.orders)"
     "  GROUP BY order_id HAVING sum(placed) <> 0 OR sum(completed) <> 0 OR sum(cancelled) <> 0)"},
    {"sales", "the sales figures are the sum of the events",
     "SELECT ((SELECT coalesce(sum(value), 0) FROM analytics_db.totals WHERE name = 'revenue_pence') <>"
     "  (SELECT coalesce(sum(sign * total_pence), 0) FROM events))"
     "  + ((SELECT coalesce(sum(value), 0) FROM analytics_db.totals WHERE name = 'orders') <>"
     "  (SELECT count(*) FROM order_db.orders WHERE status = 'completed'))"},
    {"top products", "of every product, pieces and revenue are the sum of the events",
     "SELECT count(*) FROM (SELECT sku FROM ("
     "  SELECT json_extract(l.value, '$.sku') AS sku, sign * json_extract(l.value, '$.quantity') AS quantity,"
     "    sign * json_extract(l.value, '$.quantity') * json_extract(l.value, '$.price_pence') AS revenue_pence"
     "    FROM events, json_each(events.data, '$.lines') l WHERE sign <> 0"
     "  UNION ALL SELECT sku, -quantity, -revenue_pence FROM analytics_db.products)"
     "  GROUP BY sku HAVING sum(quantity) <> 0 OR sum(revenue_pence) <> 0)"},
};

/* ---- the topic, folded into the table `events`; sign: +1 sold, -1 given back, 0 neither */
enum { POLL_MAX = 2000, POLL_MS = 500, EMPTY_POLLS_MAX = 40, ADMIN_TIMEOUT_MS = 5000 };

typedef struct told_fact {
    int64_t total_pence;
    bool was_completed;
} told_fact;

static const weir_json_field told_fields[] = {
    {"total_pence", WEIR_JSON_INT, offsetof(told_fact, total_pence)},
    {"was_completed", WEIR_JSON_BOOL, offsetof(told_fact, was_completed)},
    {0},
};

static int sign_of(const char *type, const told_fact *told)
{
    if (strcmp(type, "order.completed") == 0)
        return 1;
    if (strcmp(type, "order.lines-cancelled") == 0)
        return -1;
    return strcmp(type, "order.cancelled") == 0 && told->was_completed ? -1 : 0;
}

static weir_err fold_record(wr_books *books, const wr_client_record *record, weir_arena *arena, weir_failure *failure)
{
    wr_event_record bytes = {record->key, record->value, record->headers, record->header_count};
    weir_event event = {0};
    told_fact told = {0};
    weir_err err = wr_event_decode_kafka(&bytes, arena, &event, failure);
    if (err == WEIR_OK)
        err = weir_json_decode(arena, told_fields, event.data, &told, failure);
    if (err != WEIR_OK)
        return err;
    weir_value data = {.kind = WEIR_VALUE_TEXT, .bytes = event.data};
    return wr_store_exec(books->store,
                         "INSERT OR IGNORE INTO events (id, type, order_id, total_pence, sign, data)"
                         "  VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         WEIR_VALUES(WEIR_TEXT(event.id), WEIR_TEXT(event.type), WEIR_TEXT(event.subject),
                                     WEIR_INT(told.total_pence), WEIR_INT(sign_of(event.type, &told)), data),
                         failure);
}

/* How many records there are to read, with the assignments to read them. */
static weir_err find_records(wr_books *books, wr_client *client, const char *topic, wr_assignment **ret_assignments,
                             size_t *ret_count, int64_t *ret_records, weir_failure *failure)
{
    wr_cluster_info info = {0};
    weir_err err = wr_admin_describe(client, topic, true, ADMIN_TIMEOUT_MS, books->arena, &info, failure);
    if (err != WEIR_OK)
        return err;
    const wr_topic_info *found = &info.topics[0];
    wr_assignment *assignments = weir_arena_array(books->arena, found->partition_count, sizeof *assignments);
    if (!assignments)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    int64_t records = 0;
    for (size_t p = 0; p < found->partition_count; p++) {
        assignments[p] = (wr_assignment){topic, found->partitions[p].partition, found->partitions[p].start_offset};
        records += found->partitions[p].end_offset - found->partitions[p].start_offset;
    }
    *ret_assignments = assignments;
    *ret_count = found->partition_count;
    *ret_records = records;
    return WEIR_OK;
}

static weir_err fold_records(wr_books *books, wr_consumer *consumer, int64_t record_count, weir_failure *failure)
{
    weir_arena *arena = weir_arena_new(64 << 20);
    if (!arena)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    weir_err err = WEIR_OK;
    for (int empty = 0; record_count > 0 && err == WEIR_OK && empty < EMPTY_POLLS_MAX;) {
        const wr_client_record *records = NULL;
        size_t count = 0;
        err = wr_consumer_poll(consumer, POLL_MAX, POLL_MS, &records, &count, failure);
        if (err == WEIR_E_UNREACHABLE)
            err = WEIR_OK;
        for (size_t i = 0; i < count && err == WEIR_OK; i++) {
            weir_arena_reset(arena);
            err = fold_record(books, &records[i], arena, failure);
        }
        record_count -= (int64_t)count;
        empty = count > 0 ? 0 : empty + 1;
    }
    weir_arena_free(arena);
    if (err == WEIR_OK && record_count > 0)
        return weir_fail(failure, WEIR_E_TIMEOUT, "%lld records of the topic could not be read",
                         (long long)record_count);
    return err;
}

static weir_err fold_topic(wr_books *books, wr_client *client, const char *topic, weir_failure *failure)
{
    weir_err err = wr_store_script(books->store,
                                   "DROP TABLE IF EXISTS events; CREATE TABLE events (id TEXT PRIMARY KEY, type TEXT,"
                                   "  order_id TEXT, total_pence INTEGER, sign INTEGER, data TEXT)",
                                   failure);
    wr_assignment *assignments = NULL;
    size_t count = 0;
    int64_t records = 0;
    if (err == WEIR_OK)
        err = find_records(books, client, topic, &assignments, &count, &records, failure);
    wr_consumer *consumer = NULL;
    if (err == WEIR_OK)
        err = wr_consumer_new(client, &(wr_consumer_options){.from_beginning = true}, &consumer, failure);
    if (err == WEIR_OK)
        err = wr_consumer_assign(consumer, assignments, count, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(books->store, failure);
    if (err == WEIR_OK) {
        err = fold_records(books, consumer, records, failure);
        if (err == WEIR_OK)
            err = wr_store_commit(books->store, failure);
        else
            wr_store_rollback(books->store);
    }
    if (consumer)
        wr_consumer_free(consumer);
    return err;
}

weir_err wr_books_check(wr_books *books, wr_client *client, const char *topic_prefix, int64_t accepted_count,
                        wr_finding ret_findings[WR_FINDINGS_MAX], int *ret_count, weir_failure *failure)
{
    weir_arena_reset(books->arena);
    const char *topic = wr_books_topic(books, topic_prefix, "orders");
    weir_err err =
        topic ? fold_topic(books, client, topic, failure) : weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    int count = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks && err == WEIR_OK; i++) {
        wr_finding finding = {checks[i].name, checks[i].sentence, 0};
        const weir_value *values = strstr(checks[i].sql, "?1") ? WEIR_VALUES(WEIR_INT(accepted_count)) : WEIR_VALUES();
        err = wr_books_number(books, checks[i].sql, values, &finding.violations, failure);
        ret_findings[count++] = finding;
    }
    if (err == WEIR_OK)
        *ret_count = count;
    return err;
}
