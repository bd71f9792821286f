/* Between the files that are SQLite's. */
#ifndef WR_SQLITE_INT_H
#define WR_SQLITE_INT_H

#include "dialect_int.h"

#include <base/list.h>
#include <base/map.h>

#include <sqlite3.h>

enum { STATEMENT_COUNT_MAX = 256, SQL_SIZE_MAX = 1024 * 1024 };

/* What SQLite's questions about the statement at hand are answered by, and what they have shown. */
typedef struct guard {
    wr_sql_owner owner;
    bool was_asked, changes_schema;
} guard;

/* Prepared statements of one owner, by their text. */
typedef struct statements {
    wr_map *by_text; /* -> sqlite_statement */
    wr_list idle;    /* those that nobody uses, least recently used first */
} statements;

typedef struct sqlite_store {
    wr_store door; /* first */
    sqlite3 *db;
    statements statements[WR_OWNER_COUNT];
    guard guard;
    bool is_read_only, is_in_transaction, is_committing;
} sqlite_store;

/* The error of the last call on the connection, in our words, with SQLite's as the sentence. `is_running`: a statement
 * was being stepped, not prepared. */
weir_err wr_sqlite_failed(sqlite_store *store, int code, bool is_running, const char *doing, weir_failure *failure);
/* WEIR_E_BROKEN when the transaction that was begun is no longer there. */
WEIR_MUST_CHECK weir_err wr_sqlite_check_transaction(sqlite_store *store, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_sqlite_statements_init(sqlite_store *store);
void wr_sqlite_statements_fini(sqlite_store *store);

void wr_sqlite_guard_init(sqlite_store *store);
void wr_sqlite_guard_enter(sqlite_store *store, wr_sql_owner owner);
void wr_sqlite_guard_leave(sqlite_store *store);
/* After a statement was prepared: whether its owner may run it. */
WEIR_MUST_CHECK weir_err wr_sqlite_guard_check(sqlite_store *store, const char *sql, weir_failure *failure);

/* The dialect's calls that sqlite_statement.c has. */
weir_err wr_sqlite_script(wr_store *door, wr_sql_owner owner, const char *sql, weir_failure *failure);
weir_err wr_sqlite_exec(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                        weir_failure *failure);
weir_err wr_sqlite_query(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                         wr_statement **ret_statement, weir_failure *failure);
weir_err wr_sqlite_next(wr_statement *door, weir_failure *failure);
void wr_sqlite_done(wr_statement *door);
int wr_sqlite_columns(const wr_statement *door);
const char *wr_sqlite_name(const wr_statement *door, int column);
weir_value_kind wr_sqlite_kind(const wr_statement *door, int column);
int64_t wr_sqlite_integer(const wr_statement *door, int column);
double wr_sqlite_real(const wr_statement *door, int column);
const char *wr_sqlite_text(const wr_statement *door, int column);
weir_slice wr_sqlite_blob(const wr_statement *door, int column);

/* sqlite_sql.c */
extern const char *const wr_sqlite_sql[WR_SQL_COUNT];
extern const char *const wr_sqlite_tables[];
extern const char wr_sqlite_books[];
extern const char wr_sqlite_inserts[];

#endif
