/* For the tests of what a service publishes: what lies on `out`, what another service sees of it, and what an operator sees
 * of the outbox. */
#ifndef WR_OUTBOX_TESTING_H
#define WR_OUTBOX_TESTING_H

#include "core_testing.h"

enum { OUT_TEXT_SIZE = 300 };

/* ---- a second service, "audit", that consumes `out` on the same cluster: its `effects` are what it saw */

static inline void audit_begin(fixture *audit, weir_service *service, const fixture *f)
{
    *audit = *f;
    *service = (weir_service){
        .name = "audit", .consumes = "out", .migrations = tally_migrations(), .handlers = audit_handlers};
    fixture_database(audit);
    audit->options.service = service;
    audit->options.database = audit->database;
    audit->options.insert_poll_ms = 0;
    audit->options.crash = NULL;
    audit->core = NULL;
    fixture_start(audit);
}

/* What is shared with the service that it audits stays. */
static inline void audit_end(fixture *audit)
{
    wr_core_free(audit->core);
    audit->core = NULL;
}

/* How many events one that comes now sees, each once. */
static inline int64_t audited(const fixture *f)
{
    fixture audit;
    weir_service service;
    audit_begin(&audit, &service, f);
    fixture_turns(&audit, 20);
    int64_t count = COUNT(&audit, "effects");
    fixture_check_once(&audit, count);
    audit_end(&audit);
    return count;
}

/* ---- the topic `out` */

static inline void list_value(fixture *f, int32_t p, int64_t o, void *user)
{
    char *text = user;
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, o);
    snprintf(text + strlen(text), OUT_TEXT_SIZE - strlen(text), "%.*s ", (int)record->value.size,
             (const char *)record->value.data);
}

/* The value of each record with a blank behind it; how many there are. */
static inline int list_out(fixture *f, char ret_text[OUT_TEXT_SIZE])
{
    ret_text[0] = 0;
    return fixture_each(f, "out", list_value, ret_text);
}

/* Whether both events are in what list_out says, and in this order. */
static inline bool is_before(const char *text, int earlier, int later)
{
    char values[2][24];
    snprintf(values[0], sizeof values[0], "{\"n\":%d}", earlier);
    snprintf(values[1], sizeof values[1], "{\"n\":%d}", later);
    const char *first = strstr(text, values[0]), *second = strstr(text, values[1]);
    return first && second && first < second;
}

/* ---- the table */

/* As a process that is gone has left it: rows of the numbers `from` to `to` as row 1 is. */
static inline void fill_outbox(fixture *f, int from, int to)
{
    char sql[500];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
             " SELECT i, topic, key, value, headers, created_ms FROM weir_outbox, n WHERE sequence = 1;"
             "UPDATE weir_meta SET value = '%d' WHERE key = 'outbox.sequence'",
             from, to, to);
    fixture_exec(f->database, sql);
}

/* The database, as weir outbox opens it. */
static inline wr_store *as_operator(const fixture *f)
{
    wr_store *store;
    CHECK_OK(wr_store_open(f->database, WR_STORE_NOT_DURABLE, &store, NULL));
    return store;
}

#endif
