/* Between the files of this room. */
#ifndef WR_STORE_INT_H
#define WR_STORE_INT_H

#include <base/list.h>
#include <base/map.h>
#include <store/store.h>

#include <sqlite3.h>

enum { STATEMENT_COUNT_MAX = 256, SQL_SIZE_MAX = 1024 * 1024 };

/* Whose statement it is; guard.c says what each may do. */
typedef enum wr_sql_owner { WR_OWNER_SERVICE, WR_OWNER_MIGRATION, WR_OWNER_WEIR, WR_OWNER_COUNT } wr_sql_owner;

/* What SQLite's questions about the statement at hand are answered by, and what they have shown. */
typedef struct guard {
    wr_sql_owner owner;
    bool was_asked, changes_schema;
} guard;

/* Prepared statements of one owner, by their text. */
typedef struct statements {
    wr_map *by_text; /* -> wr_statement */
    wr_list idle;    /* those that nobody uses, least recently used first */
} statements;

struct wr_store {
    sqlite3 *db;
    statements statements[WR_OWNER_COUNT];
    guard guard;
    bool is_read_only, is_in_transaction, is_committing;
};

/* The error of the last call on the connection, in our words, with SQLite's as the sentence. `is_running`: a statement
 * was being stepped, not prepared. */
weir_err wr_store_failed(wr_store *store, int code, bool is_running, const char *doing, weir_failure *failure);
/* WEIR_E_BROKEN when the transaction that was begun is no longer there. */
WEIR_MUST_CHECK weir_err wr_store_check_transaction(wr_store *store, weir_failure *failure);
/* Several statements, each prepared as `owner`'s. */
WEIR_MUST_CHECK weir_err wr_store_run_script(wr_store *store, wr_sql_owner owner, const char *sql, const char *doing,
                                             weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_statements_init(wr_store *store);
void wr_statements_fini(wr_store *store);

void wr_guard_init(wr_store *store);
void wr_guard_enter(wr_store *store, wr_sql_owner owner);
void wr_guard_leave(wr_store *store);
/* After a statement was prepared: whether its owner may run it. */
WEIR_MUST_CHECK weir_err wr_guard_check(wr_store *store, const char *sql, weir_failure *failure);

#endif
