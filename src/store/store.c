/* One SQLite connection: opening it, its transactions, and what its errors mean.
 *
 * The file is marked as weir's by application_id "weir". It is kept in WAL mode, so that readers never wait for the
 * writer; synchronous=FULL syncs the WAL at each commit. The WAL is copied back every 1000 pages (4 MiB) and cut to
 * 8 MiB when a reader had let it grow. */
#include "store_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { APPLICATION_ID = 0x77656972 /* "weir" */, BUSY_TIMEOUT_MS = 5000 };

static weir_err err_of(int code)
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
    case SQLITE_TOOBIG:
        return WEIR_E_LIMIT;
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_PERM:
        return WEIR_E_DENIED;
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT:
        return WEIR_E_BROKEN;
    default:
        return WEIR_E_FORMAT;
    }
}

weir_err wr_store_failed(wr_store *store, int code, const char *doing, weir_failure *failure)
{
    weir_err err = err_of(code);
    int os_error = err == WEIR_E_IO || err == WEIR_E_FULL ? sqlite3_system_errno(store->db) : 0;
    const char *words = code == sqlite3_extended_errcode(store->db) || code == sqlite3_errcode(store->db)
                            ? sqlite3_errmsg(store->db)
                            : sqlite3_errstr(code);
    weir_fail(failure, err, "database, %s: %s", doing, words);
    if (failure) {
        failure->os_error = os_error;
        failure->retriable = err == WEIR_E_AGAIN || err == WEIR_E_FULL;
        failure->fatal = err == WEIR_E_CORRUPT;
    }
    return err;
}

/* What a statement may do, asked by SQLite while it prepares. A handler that commits by itself would tear the batch. */
static int authorize(void *user, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)a, (void)b, (void)c, (void)d;
    const wr_store *store = user;
    if (store->own)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
        return SQLITE_DENY;
    default:
        return SQLITE_OK;
    }
}

static weir_err script(wr_store *store, const char *sql, const char *doing, weir_failure *failure)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? WEIR_OK : wr_store_failed(store, code, doing, failure);
}

static weir_err one_number(wr_store *store, const char *sql, int64_t *ret_number, weir_failure *failure)
{
    wr_statement *statement;
    store->own = true;
    weir_err err = wr_store_prepare(store, sql, NULL, &statement, failure);
    store->own = false;
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        *ret_number = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    return err;
}

static weir_err set_up(wr_store *store, unsigned flags, const char *path, weir_failure *failure)
{
    int64_t application_id = 0;
    weir_err err = one_number(store, "PRAGMA application_id", &application_id, failure);
    if (err != WEIR_OK)
        return err;
    if (application_id != 0 && application_id != APPLICATION_ID)
        return weir_fail(failure, WEIR_E_FORMAT, "%s is the database of another program", path);

    store->own = true;
    err = script(store, "PRAGMA foreign_keys=ON; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;", "setting up",
                 failure);
    if (err == WEIR_OK && !(flags & WR_STORE_READ_ONLY)) {
        err = script(store,
                     flags & WR_STORE_NOT_DURABLE ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                                                  : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                     "switching to WAL", failure);
        if (err == WEIR_OK)
            err = script(store, "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=8388608;",
                         "limiting the WAL", failure);
        if (err == WEIR_OK && application_id == 0) {
            char mark[64];
            snprintf(mark, sizeof mark, "PRAGMA application_id=%d", APPLICATION_ID);
            err = script(store, mark, "marking the file", failure);
        }
    }
    store->own = false;
    return err;
}

weir_err wr_store_open(const char *url, unsigned flags, wr_store **ret_store, weir_failure *failure)
{
    const char *path = url;
    if (strncmp(path, "sqlite:", 7) == 0)
        path += 7;
    else if (strstr(path, "://"))
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "%s: this build keeps its state in SQLite only; give a path",
                         url);

    wr_store *store = calloc(1, sizeof *store);
    if (!store)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to open %s", path);
    wr_list_init(&store->idle);
    store->statements = wr_map_new(STATEMENT_COUNT_MAX, 0);
    if (!store->statements) {
        free(store);
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to open %s", path);
    }

    int how = flags & WR_STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &store->db, how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    weir_err err = code == SQLITE_OK ? WEIR_OK : wr_store_failed(store, code, path, failure);
    if (err == WEIR_OK) {
        sqlite3_extended_result_codes(store->db, 1);
        sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_set_authorizer(store->db, authorize, store);
        err = set_up(store, flags, path, failure);
    }
    if (err != WEIR_OK) {
        wr_store_close(store);
        return err;
    }
    *ret_store = store;
    return WEIR_OK;
}

void wr_store_close(wr_store *store)
{
    if (!store)
        return;
    wr_statements_fini(store);
    sqlite3_close_v2(store->db);
    free(store);
}

weir_err wr_store_own(wr_store *store, const char *sql, weir_failure *failure)
{
    store->own = true;
    weir_err err = wr_store_exec(store, sql, NULL, failure);
    store->own = false;
    return err;
}

weir_err wr_store_attach(wr_store *store, const char *path, const char *name, weir_failure *failure)
{
    /* By URI, read-write (a reader of a WAL database writes its shared memory) but never created. */
    char uri[1200];
    if (strpbrk(path, "?#%"))
        return weir_fail(failure, WEIR_E_USAGE, "%s: a database's path may hold no ?, # or %% here", path);
    snprintf(uri, sizeof uri, "file:%s?mode=rw", path);
    store->own = true;
    weir_err err = wr_store_exec(store, "ATTACH ?1 AS ?2", WEIR_VALUES(WEIR_TEXT(uri), WEIR_TEXT(name)), failure);
    store->own = false;
    return err;
}

weir_err wr_store_begin(wr_store *store, weir_failure *failure)
{
    return wr_store_own(store, "BEGIN IMMEDIATE", failure);
}

weir_err wr_store_commit(wr_store *store, weir_failure *failure)
{
    if (sqlite3_get_autocommit(store->db)) /* SQLite itself rolled back, after a full disk for one */
        return weir_fail(failure, WEIR_E_BROKEN,
                         "database, commit: an earlier failure has rolled the transaction back");
    weir_err err = wr_store_own(store, "COMMIT", failure);
    if (err != WEIR_OK)
        wr_store_rollback(store);
    return err;
}

void wr_store_rollback(wr_store *store)
{
    weir_failure ignored = {0};
    if (!sqlite3_get_autocommit(store->db) && wr_store_own(store, "ROLLBACK", &ignored) != WEIR_OK)
        return; /* whatever remains open is never committed: the connection is closed next */
}

weir_err wr_store_savepoint(wr_store *store, weir_failure *failure)
{
    return wr_store_own(store, "SAVEPOINT weir", failure);
}

weir_err wr_store_release(wr_store *store, weir_failure *failure)
{
    return wr_store_own(store, "RELEASE weir", failure);
}

weir_err wr_store_undo(wr_store *store, weir_failure *failure)
{
    weir_err err = wr_store_own(store, "ROLLBACK TO weir", failure);
    return err == WEIR_OK ? wr_store_own(store, "RELEASE weir", failure) : err;
}

weir_err wr_store_script(wr_store *store, const char *sql, weir_failure *failure)
{
    return script(store, sql, "script", failure);
}

weir_err wr_store_limit_pages(wr_store *store, int64_t page_count)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)page_count);
    store->own = true;
    weir_err err = script(store, sql, "limiting the size", NULL);
    store->own = false;
    return err;
}

int64_t wr_store_changes(const wr_store *store)
{
    return sqlite3_changes64(store->db);
}

int64_t wr_store_last_id(const wr_store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}
