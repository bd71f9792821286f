/* One connection to a PostgreSQL server: opening it, its transactions, and what they become on the way.
 *
 *     postgres://user@host:port/database?schema=orders&sslmode=verify-full…
 *
 * All of the URL is libpq's but `schema`, which is weir's: the schema of the service, made when it is missing. It stands in
 * front of the search path, so weir's tables and the service's are made in it, and what lies in the other schemas of
 * the path (public, as a rule) is found by its name all the same. One server may so hold many services. Passwords belong
 * in a file (~/.pgpass, PGPASSFILE) rather than in a URL that is shown.
 *
 * A transaction begins with the first statement in it: BEGIN and SAVEPOINT are sent in front of that, RELEASE with what
 * comes next. A batch in which nothing is said to the database so costs no round trip, and a handler's savepoint none of
 * its own. The isolation is the database's default, READ COMMITTED unless the server or the URL say otherwise; a reader
 * sees one state (REPEATABLE READ, READ ONLY).
 *
 * What a transaction was is asked after each statement of a service's: whether one is open, and by the savepoint that it
 * stands on, whether it is the same one. A savepoint that is not there any more ends the batch. */
#include "postgres_int.h"

#include <io/terminal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MARGIN_MS = 1000, TIMEOUT_MAX_MS = 24 * 3600 * 1000, SET_UP_TIMEOUT_MS = 10000 };

/* Statements that a transaction is made of, prepared under their names on each connection. */
static const char *const controls[][2] = {
    {"begin", "BEGIN"},
    {"begin_read", "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    {"commit", "COMMIT"},
    {"rollback", "ROLLBACK"},
    {"savepoint", "SAVEPOINT weir"},
    {"release", "RELEASE SAVEPOINT weir"},
    {"undo", "ROLLBACK TO SAVEPOINT weir"},
    {"check", "SET CONSTRAINTS ALL IMMEDIATE"},
};

/* ---- the URL */

/* Cuts `schema` out of the query of the URL, whose scheme is gone. */
static weir_err split_url(const char *place, char **ret_url, char *ret_schema, weir_failure *failure)
{
    char *url = NULL;
    if (asprintf(&url, "postgresql:%s", place) < 0)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a database's URL");
    ret_schema[0] = 0;
    char *at = strchr(url, '?');
    while (at && *at) {
        char *word = at + 1, *end = word + strcspn(word, "&");
        if (strncmp(word, "schema=", 7) != 0) {
            at = end;
            continue;
        }
        size_t size = (size_t)(end - word) - 7;
        if (size == 0 || size >= PG_SCHEMA_SIZE) {
            free(url);
            return weir_fail(failure, WEIR_E_USAGE, "the schema of a database's URL has 1 to %d bytes",
                             PG_SCHEMA_SIZE - 1);
        }
        memcpy(ret_schema, word + 7, size);
        ret_schema[size] = 0;
        if (*end) /* what follows moves to its place */
            memmove(word, end + 1, strlen(end + 1) + 1);
        else
            *at = 0;
    }
    *ret_url = url;
    return WEIR_OK;
}

/* ---- opening */

static weir_err ask(pg_store *store, const char *sql, const char *const *values, int count, PGresult **ret_result,
                    weir_failure *failure)
{
    const pg_parameters parameters = {.count = count, .values = values};
    char doing[60];
    snprintf(doing, sizeof doing, "%.50s", sql);
    weir_err err = wr_pg_send_text(store, sql, &parameters, failure);
    return err == WEIR_OK ? wr_pg_answers(store, doing, ret_result, failure) : err;
}

static weir_err command(pg_store *store, const char *sql, weir_failure *failure)
{
    PGresult *result = NULL;
    weir_err err = ask(store, sql, NULL, 0, &result, failure);
    PQclear(result);
    return err;
}

/* Two that start together may both find it missing. */
static weir_err make_schema(pg_store *store, weir_failure *failure)
{
    char *name = PQescapeIdentifier(store->conn, store->schema, strlen(store->schema));
    if (!name)
        return weir_fail(failure, WEIR_E_FORMAT, "'%.60s' is no name of a schema", store->schema);
    char sql[200];
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
    PQfreemem(name);
    weir_failure why = {0};
    weir_err err = command(store, sql, &why);
    bool is_there = err == WEIR_E_EXISTS || (err == WEIR_E_FORMAT && strstr(why.sentence, "already exists"));
    if (err == WEIR_OK || is_there)
        return WEIR_OK;
    return weir_fail(failure, err, "the schema %.60s cannot be made: %.150s", store->schema, why.sentence);
}

static weir_err set_up_schema(pg_store *store, weir_failure *failure)
{
    const char *values[] = {store->schema};
    PGresult *result = NULL;
    weir_err err = ask(store,
                       "SELECT set_config('search_path', quote_ident($1) || ', ' || current_setting('search_path'), "
                       "false), to_regnamespace(quote_ident($1)) IS NOT NULL",
                       values, 1, &result, failure);
    if (err != WEIR_OK)
        return err;
    bool is_there = PQgetvalue(result, 0, 1)[0] == 't';
    PQclear(result);
    if (is_there)
        return WEIR_OK;
    if (store->flags & WR_STORE_READ_ONLY)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "the database has no schema %s", store->schema);
    return make_schema(store, failure);
}

/* A commit is on the disk when it returns, unless nobody wants that: off is not so, and all others are. */
static weir_err set_up_session(pg_store *store, weir_failure *failure)
{
    const char *sql = store->flags & WR_STORE_READ_ONLY
                          ? "SELECT setting::bigint, set_config('default_transaction_read_only', 'on', false) FROM "
                            "pg_settings WHERE name = 'statement_timeout'"
                      : store->flags & WR_STORE_NOT_DURABLE
                          ? "SELECT setting::bigint, set_config('synchronous_commit', 'off', false) FROM pg_settings "
                            "WHERE name = 'statement_timeout'"
                          : "SELECT setting::bigint, set_config('synchronous_commit', CASE "
                            "current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE "
                            "current_setting('synchronous_commit') END, false) FROM pg_settings WHERE name = "
                            "'statement_timeout'";
    PGresult *result = NULL;
    weir_err err = ask(store, sql, NULL, 0, &result, failure);
    if (err != WEIR_OK)
        return err;
    int64_t timeout_ms = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    store->timeout_ms = timeout_ms <= 0 || timeout_ms > TIMEOUT_MAX_MS
                            ? TIMEOUT_MAX_MS
                            : (int)(timeout_ms + timeout_ms / 4) + TIMEOUT_MARGIN_MS;
    for (size_t i = 0; i < sizeof controls / sizeof *controls && err == WEIR_OK; i++)
        err = wr_pg_send_prepare(store, controls[i][0], controls[i][1], failure);
    return err == WEIR_OK ? wr_pg_answers(store, "setting up", NULL, failure) : err;
}

/* Whether a handler can leave something open that only the commit would find. */
static weir_err look_for_deferred(pg_store *store, weir_failure *failure)
{
    PGresult *result = NULL;
    weir_err err =
        ask(store, "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tginitdeferred)", NULL, 0, &result, failure);
    if (err != WEIR_OK)
        return err;
    store->has_deferred = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return WEIR_OK;
}

static weir_err connect_store(pg_store *store, weir_failure *failure)
{
    wr_pg_statements_forget(store);
    store->timeout_ms = SET_UP_TIMEOUT_MS;
    weir_err err = wr_pg_connect(store->url, store->schema, &store->conn, failure);
    if (err != WEIR_OK)
        return err;
    store->is_lost = store->has_failed = false;
    store->broken = (weir_failure){0};
    if (store->schema[0])
        err = set_up_schema(store, failure);
    if (err == WEIR_OK)
        err = set_up_session(store, failure);
    if (err == WEIR_OK)
        err = look_for_deferred(store, failure);
    return err;
}

static void pg_close(wr_store *door)
{
    pg_store *store = (pg_store *)door;
    wr_pg_statements_fini(store);
    if (store->conn)
        PQfinish(store->conn);
    free(store->url);
    free(store);
}

static weir_err pg_open(const char *url, unsigned flags, wr_store **ret_store, weir_failure *failure)
{
    weir_failure own = {0};
    failure = failure ? failure : &own;
    pg_store *store = calloc(1, sizeof *store);
    if (!store)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to open a database");
    store->door.dialect = &wr_postgres;
    store->flags = flags;
    weir_err err = wr_pg_statements_init(store);
    if (err != WEIR_OK)
        weir_fail(failure, err, "no memory to open a database");
    if (err == WEIR_OK)
        err = split_url(url, &store->url, store->schema, failure);
    if (err == WEIR_OK)
        err = connect_store(store, failure);
    if (err != WEIR_OK) {
        pg_close(&store->door);
        return err;
    }
    *ret_store = &store->door;
    return WEIR_OK;
}

/* ---- transactions */

/* A server that restarts has hung up on a reader that lay idle. Nothing is lost with it, so it is made anew; a writer is
 * not, since its locks have gone with the connection. */
static weir_err revive_reader(pg_store *store, weir_failure *failure)
{
    int no_ms = 0;
    for (int i = 0; !store->is_lost && i < 10; i++) { /* its last words, and then the end */
        if (wr_descriptor_ready(PQsocket(store->conn), false, &no_ms) != WEIR_OK)
            return WEIR_OK;
        if (!PQconsumeInput(store->conn))
            wr_pg_lose(store, PQerrorMessage(store->conn), NULL);
    }
    return store->is_lost ? connect_store(store, failure) : WEIR_OK;
}

static weir_err pg_begin(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_err err = store->flags & WR_STORE_READ_ONLY ? revive_reader(store, failure) : wr_pg_check(store, failure);
    if (err != WEIR_OK)
        return err;
    store->is_in_transaction = store->is_begin_unsent = true;
    store->savepoints_unsent = 0;
    return WEIR_OK;
}

static void pg_rollback(wr_store *door)
{
    pg_store *store = (pg_store *)door;
    weir_failure ignored = {0};
    if (store->is_in_transaction && !store->is_lost && !store->is_begin_unsent) {
        weir_err err = store->unanswered ? wr_pg_answers(store, "rolling back", NULL, &ignored) : WEIR_OK;
        if (!store->is_lost) {
            store->broken = (weir_failure){0};
            err = wr_pg_send(store, "rollback", NULL, &ignored);
        }
        if (err == WEIR_OK)
            err = wr_pg_answers(store, "rolling back", NULL, &ignored);
        if (err != WEIR_OK && !store->is_lost)
            wr_pg_lose(store, ignored.sentence,
                       NULL); /* who knows what is open there: the next transaction is not it */
    }
    store->is_in_transaction = store->is_begin_unsent = store->has_failed = false;
    store->savepoints_unsent = 0;
    if (!store->is_lost)
        store->broken = (weir_failure){0};
}

/* What was sent and not heard of is heard of first: whether it has changed what it had to decides about the commit. */
static weir_err commit(pg_store *store, weir_failure *failure)
{
    weir_err err = wr_pg_check(store, failure);
    if (err != WEIR_OK || store->is_begin_unsent)
        return err;
    if (store->has_failed)
        return weir_fail(failure, WEIR_E_BROKEN, "database: an earlier statement of the transaction has failed");
    PGresult *result = NULL;
    err = wr_pg_answers(store, "committing", NULL, failure);
    if (err == WEIR_OK)
        err = wr_pg_send(store, "commit", NULL, failure);
    if (err == WEIR_OK)
        err = wr_pg_answers(store, "committing", &result, failure);
    if (err == WEIR_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        err = weir_fail(failure, WEIR_E_BROKEN, "database: the transaction was rolled back by an earlier failure");
    PQclear(result);
    return err;
}

static weir_err pg_commit(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_err err = commit(store, failure);
    if (err != WEIR_OK)
        pg_rollback(door);
    store->is_in_transaction = store->is_begin_unsent = false;
    return err;
}

static weir_err pg_savepoint(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_err err = wr_pg_check(store, failure);
    if (err == WEIR_OK && store->has_failed)
        return weir_fail(failure, WEIR_E_BROKEN, "database: an earlier statement of the transaction has failed");
    if (err == WEIR_OK)
        store->savepoints_unsent++;
    return err;
}

/* A constraint that is checked at the commit only would fail the whole batch there: whoever leaves it open is told now.
 * The check is undone, so that for the next one it is deferred again. */
static weir_err check_deferred(pg_store *store, weir_failure *failure)
{
    PGresult *result = NULL;
    weir_err err = wr_pg_send(store, "savepoint", NULL, failure);
    if (err == WEIR_OK)
        err = wr_pg_send(store, "check", NULL, failure);
    if (err == WEIR_OK)
        err = wr_pg_answers(store, "checking constraints", &result, failure);
    PQclear(result);
    if (store->is_lost || store->broken.err != WEIR_OK)
        return err;
    weir_failure ignored = {0};
    store->has_failed = false;
    weir_err undone = wr_pg_send(store, "undo", NULL, &ignored);
    if (undone == WEIR_OK)
        undone = wr_pg_send(store, "release", NULL, &ignored);
    return err == WEIR_OK ? undone : err;
}

static weir_err pg_release(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_err err = wr_pg_check(store, failure);
    if (err != WEIR_OK)
        return err;
    if (store->savepoints_unsent > 0) {
        store->savepoints_unsent--;
        return WEIR_OK;
    }
    if (store->has_failed)
        return weir_fail(failure, WEIR_E_BROKEN, "database: an earlier statement of the transaction has failed");
    if (store->has_deferred)
        err = check_deferred(store, failure);
    return err == WEIR_OK ? wr_pg_send(store, "release", NULL, failure) : err;
}

static weir_err pg_undo(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_err err = wr_pg_check(store, failure);
    if (err != WEIR_OK)
        return err;
    if (store->savepoints_unsent > 0) {
        store->savepoints_unsent--;
        return WEIR_OK;
    }
    err = wr_pg_answers(store, "undoing", NULL, failure); /* after an error the server would skip what follows it */
    store->has_failed = false;
    if (err == WEIR_OK)
        err = wr_pg_send(store, "undo", NULL, failure);
    return err == WEIR_OK ? wr_pg_send(store, "release", NULL, failure) : err;
}

/* ---- the rest */

/* The other service's schema, which has its name, lies in the same database: it is there already. */
static weir_err pg_attach(wr_store *door, const char *path, const char *name, weir_failure *failure)
{
    (void)door, (void)path;
    return weir_fail(failure, WEIR_E_UNSUPPORTED, "%s: PostgreSQL reads other schemas by their names", name);
}

static weir_err pg_limit(wr_store *door, int64_t page_count)
{
    (void)door, (void)page_count;
    return WEIR_E_UNSUPPORTED;
}

static int64_t pg_changes(const wr_store *door)
{
    return ((const pg_store *)door)->changes;
}

/* Of the session, and of the schema: other services of the database have theirs. */
static weir_err lock(pg_store *store, const char *call, const char *what, weir_failure *failure)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT %s(hashtextextended($1 || current_schema(), 0))", call);
    PGresult *result = NULL;
    const char *values[] = {what};
    weir_err err = ask(store, sql, values, 1, &result, failure);
    PQclear(result);
    return err;
}

static weir_err pg_lock_migrations(wr_store *door, weir_failure *failure)
{
    weir_failure why = {0};
    pg_store *store = (pg_store *)door;
    weir_err err = lock(store, "pg_advisory_lock", "weir migrations of ", &why);
    if (err == WEIR_E_AGAIN)
        return weir_fail(failure, err, "another instance migrates the tables of this database; it is not done yet");
    if (err == WEIR_OK) /* a table may be large */
        err = command(store, "SET statement_timeout = 0", &why);
    if (err != WEIR_OK && failure)
        *failure = why;
    store->usual_timeout_ms = store->timeout_ms;
    store->timeout_ms = err == WEIR_OK ? TIMEOUT_MAX_MS : store->timeout_ms;
    return err;
}

static weir_err pg_unlock_migrations(wr_store *door, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    store->timeout_ms = store->usual_timeout_ms;
    weir_err err = command(store, "RESET statement_timeout", failure);
    if (err == WEIR_OK)
        err = lock(store, "pg_advisory_unlock", "weir migrations of ", failure);
    return err == WEIR_OK ? look_for_deferred(store, failure) : err;
}

/* The server notices a moment later that the one before has ended: that long it may take. */
static weir_err pg_lease(wr_store *door, bool *ret_has, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_failure why = {0};
    weir_err err = command(store, "SET lock_timeout = '1s'", failure);
    if (err != WEIR_OK)
        return err;
    weir_err locked = lock(store, "pg_advisory_lock", "weir service in ", &why);
    if (locked != WEIR_OK && locked != WEIR_E_AGAIN) {
        if (failure)
            *failure = why;
        return locked;
    }
    *ret_has = locked == WEIR_OK;
    return command(store, "RESET lock_timeout", failure);
}

static weir_err pg_ping(wr_store *door, weir_failure *failure)
{
    return command((pg_store *)door, "SELECT 1", failure);
}

const wr_dialect wr_postgres = {
    .sql = wr_postgres_sql,
    .tables = wr_postgres_tables,
    .books = wr_postgres_books,
    .inserts = wr_postgres_inserts,
    .open = pg_open,
    .close = pg_close,
    .attach = pg_attach,
    .limit = pg_limit,
    .lock_migrations = pg_lock_migrations,
    .unlock_migrations = pg_unlock_migrations,
    .lease = pg_lease,
    .ping = pg_ping,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .savepoint = pg_savepoint,
    .release = pg_release,
    .undo = pg_undo,
    .script = wr_pg_script,
    .exec = wr_pg_exec,
    .later = wr_pg_later,
    .query = wr_pg_query,
    .changes = pg_changes,
    .next = wr_pg_next_row,
    .done = wr_pg_done,
    .columns = wr_pg_columns,
    .name = wr_pg_name,
    .kind = wr_pg_kind_of,
    .integer = wr_pg_integer,
    .real = wr_pg_real,
    .text = wr_pg_text,
    .blob = wr_pg_blob,
};
