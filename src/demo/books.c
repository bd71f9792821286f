/* The services' databases, attached to one SQLite connection as <service>_db and only read: where everything stands (is all
 * at rest?), and the figures of the summary. The invariants are in checks.c. */
#include <demo/books_int.h>

#include <stdio.h>
#include <stdlib.h>

enum { ADMIN_TIMEOUT_MS = 5000, LOOK_TIMEOUT_MS = 1000, ARENA_SIZE = 16 << 20 };

weir_err wr_books_open(const char *directory, wr_books **ret_books, weir_failure *failure)
{
    wr_books *books = calloc(1, sizeof *books);
    if (!books)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    books->arena = weir_arena_new(ARENA_SIZE);
    weir_err err = books->arena ? wr_store_open(":memory:", WR_STORE_NOT_DURABLE, &books->store, failure)
                                : weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    for (int i = 0; i < WR_SERVICE_COUNT && err == WEIR_OK; i++) {
        const char *name = wr_marketplace[i].name;
        char path[1024], alias[64];
        snprintf(path, sizeof path, "%s/%s.db", directory, name);
        snprintf(alias, sizeof alias, "%s_db", name);
        err = wr_store_attach(books->store, path, alias, failure);
    }
    if (err != WEIR_OK) {
        wr_books_close(books);
        return err;
    }
    *ret_books = books;
    return WEIR_OK;
}

void wr_books_close(wr_books *books)
{
    if (!books)
        return;
    wr_store_close(books->store);
    weir_arena_free(books->arena);
    free(books);
}

weir_err wr_books_number(wr_books *books, const char *sql, const weir_value *values, int64_t *ret_number,
                         weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_prepare(books->store, sql, values, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        *ret_number = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? weir_fail(failure, WEIR_E_NOT_FOUND, "no answer to: %.150s", sql) : err;
}

static weir_err count_rows(wr_books *books, const char *service, const char *table, int64_t *total,
                           weir_failure *failure)
{
    char sql[160];
    int64_t count = 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s_db.%s", service, table);
    weir_err err = wr_books_number(books, sql, WEIR_VALUES(), &count, failure);
    if (err == WEIR_OK)
        *total += count;
    return err;
}

const char *wr_books_topic(wr_books *books, const char *topic_prefix, const char *topic)
{
    return weir_arena_printf(books->arena, "%s%s", topic_prefix ? topic_prefix : "", topic);
}

/* ---- rest */
static const wr_topic_info *find_topic(const wr_cluster_info *info, const char *name)
{
    for (size_t i = 0; i < info->topic_count; i++)
        if (strcmp(info->topics[i].name, name) == 0)
            return &info->topics[i];
    return NULL;
}

static weir_err position_of(wr_books *books, const char *service, const char *topic, int32_t partition,
                            int64_t *ret_offset, weir_failure *failure)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT coalesce((SELECT " WR_POSITION_COLUMN " FROM %s_db." WR_POSITION_TABLE
             " WHERE topic = ?1 AND partition = ?2), 0)",
             service);
    return wr_books_number(books, sql, WEIR_VALUES(WEIR_TEXT(topic), WEIR_INT(partition)), ret_offset, failure);
}

static weir_err add_behind(wr_books *books, const wr_cluster_info *info, const char *topic_prefix,
                           const wr_marketplace_service *service, wr_rest *rest, weir_failure *failure)
{
    for (int i = 0; service->consumes[i]; i++) {
        const char *name = wr_books_topic(books, topic_prefix, service->consumes[i]);
        const wr_topic_info *topic = name ? find_topic(info, name) : NULL;
        for (size_t p = 0; topic && p < topic->partition_count; p++) {
            const wr_partition_info *partition = &topic->partitions[p];
            int64_t offset = 0;
            weir_err err = position_of(books, service->name, name, partition->partition, &offset, failure);
            if (err != WEIR_OK)
                return err;
            rest->moved += offset;
            if (partition->end_offset > partition->start_offset && partition->end_offset > offset)
                rest->behind_count += partition->end_offset - offset;
        }
    }
    return WEIR_OK;
}

weir_err wr_books_rest(wr_books *books, wr_client *client, const char *topic_prefix, wr_rest *ret_rest,
                       weir_failure *failure)
{
    weir_arena_reset(books->arena);
    wr_rest rest = {0};
    weir_err err =
        wr_books_number(books, "SELECT count(*) FROM order_db.orders", WEIR_VALUES(), &rest.order_count, failure);
    if (err == WEIR_OK)
        err = wr_books_number(books, "SELECT count(*) FROM order_db.orders WHERE status = 'placed'", WEIR_VALUES(),
                              &rest.open_order_count, failure);
    for (int i = 0; i < WR_SERVICE_COUNT && err == WEIR_OK; i++) {
        err = count_rows(books, wr_marketplace[i].name, WR_OUTBOX_TABLE, &rest.outbox_count, failure);
        if (err == WEIR_OK)
            err = count_rows(books, wr_marketplace[i].name, WR_PARKED_TABLE, &rest.parked_count, failure);
    }
    /* The outboxes were read first: what they held since then is in the topics' ends, or in the next look. */
    wr_cluster_info info = {0};
    if (err == WEIR_OK)
        err = wr_client_reach(client, LOOK_TIMEOUT_MS, failure); /* whoever asks has more to do than wait for this */
    if (err == WEIR_OK)
        err = wr_admin_describe(client, NULL, true, LOOK_TIMEOUT_MS, books->arena, &info, failure);
    for (int i = 0; i < WR_SERVICE_COUNT && err == WEIR_OK; i++)
        err = add_behind(books, &info, topic_prefix, &wr_marketplace[i], &rest, failure);
    if (err != WEIR_OK)
        return err;
    rest.moved += rest.order_count - rest.outbox_count;
    *ret_rest = rest;
    return WEIR_OK;
}

/* ---- figures */
static weir_err read_causes(wr_books *books, wr_figures *figures, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_prepare(books->store,
                                    "SELECT cause, count(*) FROM order_db.orders WHERE status = 'cancelled'"
                                    "  GROUP BY cause ORDER BY 2 DESC",
                                    WEIR_VALUES(), &statement, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK && figures->cause_count < WR_CAUSES_MAX) {
        wr_cause *cause = &figures->causes[figures->cause_count++];
        snprintf(cause->name, sizeof cause->name, "%s", wr_statement_text(statement, 0));
        cause->count = wr_statement_int(statement, 1);
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err count_records(wr_books *books, wr_client *client, const char *topic_prefix, wr_figures *figures,
                              weir_failure *failure)
{
    wr_cluster_info info = {0};
    weir_err err = wr_admin_describe(client, NULL, true, ADMIN_TIMEOUT_MS, books->arena, &info, failure);
    size_t prefix_size = topic_prefix ? strlen(topic_prefix) : 0;
    for (size_t t = 0; t < info.topic_count && err == WEIR_OK; t++) {
        const wr_topic_info *topic = &info.topics[t];
        if (topic->internal || strncmp(topic->name, topic_prefix ? topic_prefix : "", prefix_size) != 0)
            continue;
        const char *name = topic->name + prefix_size;
        size_t size = strlen(name);
        int64_t count = 0;
        for (size_t p = 0; p < topic->partition_count; p++)
            count += topic->partitions[p].end_offset - topic->partitions[p].start_offset;
        if (strcmp(name, "order-commands") == 0)
            figures->command_count += count;
        else if (size > 4 && strcmp(name + size - 4, ".dlq") == 0)
            figures->dead_letter_count += count;
        else
            for (int i = 0; wr_marketplace_topics[i]; i++)
                figures->event_count += strcmp(name, wr_marketplace_topics[i]) == 0 ? count : 0;
    }
    return err;
}

weir_err wr_books_figures(wr_books *books, wr_client *client, const char *topic_prefix, wr_figures *ret_figures,
                          weir_failure *failure)
{
    weir_arena_reset(books->arena);
    wr_figures figures = {0};
    const struct {
        const char *sql;
        int64_t *to;
    } numbers[] = {
        {"SELECT count(*) FROM order_db.orders WHERE status = 'completed'", &figures.completed_count},
        {"SELECT count(*) FROM order_db.orders WHERE status = 'cancelled'", &figures.cancelled_count},
        {"SELECT count(*) FROM order_db.orders WHERE status = 'completed' AND returned_pence > 0",
         &figures.returned_line_orders},
        {"SELECT coalesce(sum(total_pence - returned_pence), 0) FROM order_db.orders WHERE status = 'completed'",
         &figures.revenue_pence},
        {WR_LATENCY_SQL("0.50"), &figures.latency_p50_ms},
        {WR_LATENCY_SQL("0.99"), &figures.latency_p99_ms},
        {WR_LATENCY_SQL("1.00"), &figures.latency_max_ms},
    };
    weir_err err = read_causes(books, &figures, failure);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && err == WEIR_OK; i++)
        err = wr_books_number(books, numbers[i].sql, WEIR_VALUES(), numbers[i].to, failure);
    if (err == WEIR_OK)
        err = count_records(books, client, topic_prefix, &figures, failure);
    if (err == WEIR_OK)
        *ret_figures = figures;
    return err;
}
