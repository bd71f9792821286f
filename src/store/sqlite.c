/* One SQLite connection: opening it, its transactions, and what its errors mean.
 *
 * The file is marked as weir's by application_id "weir"; one that has no mark is taken when it is empty or has weir's
 * tables. It is kept in WAL mode, so that readers never wait for the
 * writer; synchronous=FULL syncs the WAL at each commit. The WAL is copied back every 1000 pages (4 MiB) and cut to
 * 8 MiB when a reader had let it grow. */
#include "sqlite_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPLICATION_ID = 0x77656972 /* "weir" */, BUSY_TIMEOUT_MS = 5000 };

/* What a data error is and what a program's error is, SQLite tells apart by when it says SQLITE_ERROR: a statement that
 * cannot be prepared is wrong; one that fails while it runs has met a value that it cannot take (a number too large,
 * text that is no JSON). */
static weir_err err_of(int code, bool is_running)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return WEIR_E_MEMORY;
    case SQLITE_FULL:
        return WEIR_E_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return WEIR_E_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return WEIR_E_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return WEIR_E_AGAIN;
    case SQLITE_CONSTRAINT:
        return WEIR_E_EXISTS;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return WEIR_E_REFUSED;
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_PERM:
        return WEIR_E_DENIED;
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT:
        return WEIR_E_BROKEN;
    case SQLITE_ERROR:
        return is_running ? WEIR_E_REFUSED : WEIR_E_FORMAT;
    default:
        return WEIR_E_FORMAT;
    }
}

/* What somebody has to do something about outside of the program, who has to know which file it is. */
static bool is_of_the_file(weir_err err)
{
    return err == WEIR_E_CORRUPT || err == WEIR_E_IO || err == WEIR_E_FULL || err == WEIR_E_AGAIN;
}

weir_err wr_sqlite_failed(sqlite_store *store, int code, bool is_running, const char *doing, weir_failure *failure)
{
    weir_err err = err_of(code, is_running);
    int os_error = err == WEIR_E_IO || err == WEIR_E_FULL ? sqlite3_system_errno(store->db) : 0;
    const char *words = code == sqlite3_extended_errcode(store->db) || code == sqlite3_errcode(store->db)
                            ? sqlite3_errmsg(store->db)
                            : sqlite3_errstr(code);
    const char *file = is_of_the_file(err) ? sqlite3_db_filename(store->db, "main") : NULL;
    if (file && *file && strcmp(file, doing) != 0)
        weir_fail(failure, err, "database %.150s, %s: %s", file, doing, words);
    else
        weir_fail(failure, err, "database, %s: %s", doing, words);
    if (failure) {
        failure->os_error = os_error;
        failure->retriable = err == WEIR_E_AGAIN || err == WEIR_E_FULL;
        failure->fatal = err == WEIR_E_CORRUPT;
    }
    return err;
}

static weir_err own(sqlite_store *store, const char *sql, const weir_value *values, weir_failure *failure)
{
    return wr_sqlite_exec(&store->door, WR_OWNER_WEIR, sql, values, failure);
}

static weir_err own_script(sqlite_store *store, const char *sql, weir_failure *failure)
{
    return wr_sqlite_script(&store->door, WR_OWNER_WEIR, sql, failure);
}

static weir_err one_number(sqlite_store *store, const char *sql, int64_t *ret_number, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_sqlite_query(&store->door, WR_OWNER_WEIR, sql, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_sqlite_next(statement, failure);
    if (err == WEIR_OK)
        *ret_number = wr_sqlite_integer(statement, 0);
    wr_sqlite_done(statement);
    return err;
}

static weir_err set_up(sqlite_store *store, unsigned flags, const char *path, weir_failure *failure)
{
    int64_t application_id = 0, table_count = 0, own_count = 0;
    weir_err err = one_number(store, "PRAGMA application_id", &application_id, failure);
    if (err == WEIR_OK && application_id == 0)
        err = one_number(store, "SELECT count(*) FROM sqlite_schema", &table_count, failure);
    if (err == WEIR_OK && application_id == 0) /* an early weir's, or one whose mark a tool has lost */
        err =
            one_number(store, "SELECT count(*) FROM sqlite_schema WHERE name = 'weir_migrations'", &own_count, failure);
    if (err == WEIR_E_CORRUPT)
        return weir_fail(
            failure, err,
            "%.150s is no SQLite database, or a damaged one: put a good copy in its place (with its -wal), "
            "or choose another file",
            path);
    if (err != WEIR_OK)
        return err;
    if ((application_id != 0 && application_id != APPLICATION_ID) || (table_count > 0 && own_count == 0))
        return weir_fail(failure, WEIR_E_FORMAT,
                         "%.150s is the database of another program, and is left as it is: choose another file", path);

    err = own_script(store, "PRAGMA foreign_keys=ON; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;", failure);
    if (err == WEIR_OK && !(flags & WR_STORE_READ_ONLY)) {
        err = own_script(store,
                         flags & WR_STORE_NOT_DURABLE ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                                                      : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                         failure);
        if (err == WEIR_OK)
            err = own_script(store, "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=8388608;", failure);
        if (err == WEIR_OK && application_id == 0) {
            char mark[64];
            snprintf(mark, sizeof mark, "PRAGMA application_id=%d", APPLICATION_ID);
            err = own_script(store, mark, failure);
        }
    }
    return err;
}

static void sqlite_close(wr_store *door)
{
    sqlite_store *store = (sqlite_store *)door;
    wr_sqlite_statements_fini(store);
    sqlite3_close_v2(store->db);
    free(store);
}

static weir_err sqlite_open(const char *path, unsigned flags, wr_store **ret_store, weir_failure *failure)
{
    sqlite_store *store = calloc(1, sizeof *store);
    if (!store)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to open %s", path);
    store->door.dialect = &wr_sqlite;
    store->is_read_only = flags & WR_STORE_READ_ONLY;
    if (wr_sqlite_statements_init(store) != WEIR_OK) {
        sqlite_close(&store->door);
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to open %s", path);
    }

    int how = flags & WR_STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &store->db, how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    weir_err err = code == SQLITE_OK ? WEIR_OK : wr_sqlite_failed(store, code, false, path, failure);
    if (err == WEIR_OK) {
        sqlite3_extended_result_codes(store->db, 1);
        sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
        sqlite3_limit(store->db, SQLITE_LIMIT_SQL_LENGTH, SQL_SIZE_MAX);
        wr_sqlite_guard_init(store);
        err = set_up(store, flags, path, failure);
    }
    if (err != WEIR_OK) {
        sqlite_close(&store->door);
        return err;
    }
    *ret_store = &store->door;
    return WEIR_OK;
}

static weir_err sqlite_attach(wr_store *door, const char *path, const char *name, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    /* By URI, read-write (a reader of a WAL database writes its shared memory) but never created. */
    char uri[1200];
    if (strpbrk(path, "?#%"))
        return weir_fail(failure, WEIR_E_USAGE, "%s: a database's path may hold no ?, # or %% here", path);
    snprintf(uri, sizeof uri, "file:%s?mode=rw", path);
    return own(store, "ATTACH ?1 AS ?2", WEIR_VALUES(WEIR_TEXT(uri), WEIR_TEXT(name)), failure);
}

/* ---- transactions */

weir_err wr_sqlite_check_transaction(sqlite_store *store, weir_failure *failure)
{
    if (store->is_in_transaction && sqlite3_get_autocommit(store->db)) /* after a full disk for one */
        return weir_fail(failure, WEIR_E_BROKEN, "database: an earlier failure has rolled the transaction back");
    return WEIR_OK;
}

static weir_err sqlite_begin(wr_store *door, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    weir_err err = own(store, store->is_read_only ? "BEGIN" : "BEGIN IMMEDIATE", NULL, failure);
    store->is_in_transaction = err == WEIR_OK;
    return err;
}

static void sqlite_rollback(wr_store *door)
{
    sqlite_store *store = (sqlite_store *)door;
    store->is_in_transaction = false;
    weir_failure ignored = {0};
    if (!sqlite3_get_autocommit(store->db) && own(store, "ROLLBACK", NULL, &ignored) != WEIR_OK)
        return; /* whatever remains open is never committed: the connection is closed next */
}

static weir_err sqlite_commit(wr_store *door, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    store->is_committing = true;
    weir_err err = own(store, "COMMIT", NULL, failure);
    store->is_committing = false;
    if (err != WEIR_OK)
        sqlite_rollback(door);
    store->is_in_transaction = false;
    return err;
}

static weir_err sqlite_savepoint(wr_store *door, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    return own(store, "SAVEPOINT weir", NULL, failure);
}

/* A foreign key that is checked at the commit only would fail the whole batch there: whoever leaves it open is told
 * now. */
static weir_err check_foreign_keys(sqlite_store *store, weir_failure *failure)
{
    int is_open = 0, highest = 0;
    sqlite3_db_status(store->db, SQLITE_DBSTATUS_DEFERRED_FKS, &is_open, &highest, 0);
    return is_open ? weir_fail(failure, WEIR_E_EXISTS, "database: FOREIGN KEY constraint failed") : WEIR_OK;
}

static weir_err sqlite_release(wr_store *door, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    weir_err err = check_foreign_keys(store, failure);
    return err == WEIR_OK ? own(store, "RELEASE weir", NULL, failure) : err;
}

static weir_err sqlite_undo(wr_store *door, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    weir_err err = own(store, "ROLLBACK TO weir", NULL, failure);
    return err == WEIR_OK ? own(store, "RELEASE weir", NULL, failure) : err;
}

static weir_err sqlite_limit(wr_store *door, int64_t page_count)
{
    sqlite_store *store = (sqlite_store *)door;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)page_count);
    return own_script(store, sql, NULL);
}

static int64_t sqlite_changes(const wr_store *door)
{
    const sqlite_store *store = (const sqlite_store *)door;
    return sqlite3_changes64(store->db);
}

const wr_dialect wr_sqlite = {
    .sql = wr_sqlite_sql,
    .tables = wr_sqlite_tables,
    .books = wr_sqlite_books,
    .inserts = wr_sqlite_inserts,
    .open = sqlite_open,
    .close = sqlite_close,
    .attach = sqlite_attach,
    .limit = sqlite_limit,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .undo = sqlite_undo,
    .script = wr_sqlite_script,
    .exec = wr_sqlite_exec,
    .query = wr_sqlite_query,
    .changes = sqlite_changes,
    .next = wr_sqlite_next,
    .done = wr_sqlite_done,
    .columns = wr_sqlite_columns,
    .name = wr_sqlite_name,
    .kind = wr_sqlite_kind,
    .integer = wr_sqlite_integer,
    .real = wr_sqlite_real,
    .text = wr_sqlite_text,
    .blob = wr_sqlite_blob,
};
