/* One local transaction, in whatever database a service keeps its state: SQLite, or PostgreSQL. The only room that
 * includes sqlite3 and libpq; dialect_int.h says what a database has to bring.
 *
 * A wr_store is one database connection, used by one thread. The writer is opened once per service; readers are opened
 * read-only beside it. A commit is on the disk when it returns. */
#ifndef WR_STORE_H
#define WR_STORE_H

#include <store/sql.h>
#include <weir/value.h>

typedef struct wr_store wr_store;
typedef struct wr_statement wr_statement;

enum { WR_STORE_READ_ONLY = 1, WR_STORE_NOT_DURABLE = 2 /* tests and ephemeral runs: a commit waits for no disk */ };

/* url: a path, sqlite:PATH, or postgres://HOST/DATABASE?schema=NAME (postgres.c). WEIR_E_UNSUPPORTED for other schemes.
 * WEIR_E_UNREACHABLE: the server cannot be reached now. */
WEIR_MUST_CHECK weir_err wr_store_open(const char *url, unsigned flags, wr_store **ret_store, weir_failure *failure);
void wr_store_close(wr_store *store); /* rolls back what is open; accepts NULL */
/* Whether the database of this URL is on a server: several processes may write it, and it may go away and come back. */
bool wr_store_is_server(const char *url);
/* The URL without what nobody should read in a log (its password). */
void wr_store_url_print(const char *url, char *ret_text, size_t size);
/* WEIR_E_UNREACHABLE when the server has gone away. No transaction may be open. */
WEIR_MUST_CHECK weir_err wr_store_ping(wr_store *store, weir_failure *failure);
/* Whether this connection is the one that may work on this schema: it is until it closes, and one is at a time. A
 * database that one process has alone says yes. */
WEIR_MUST_CHECK weir_err wr_store_lease(wr_store *store, bool *ret_has, weir_failure *failure);

/* Let this connection also see the database at `path`, its tables as <name>.<table>: for reading across services. At
 * most ten. WEIR_E_NOT_FOUND when there is no such database. */
WEIR_MUST_CHECK weir_err wr_store_attach(wr_store *store, const char *path, const char *name, weir_failure *failure);

/* On a read-only connection: from its first statement on it sees one state of the database, until wr_store_rollback. */
WEIR_MUST_CHECK weir_err wr_store_begin(wr_store *store, weir_failure *failure);
/* After a failed commit the transaction is rolled back; when it was the disk that failed, the commit may be on it all the
 * same and be there after the next start. */
WEIR_MUST_CHECK weir_err wr_store_commit(wr_store *store, weir_failure *failure);
void wr_store_rollback(wr_store *store);
/* Savepoints nest; the names are the store's own. */
WEIR_MUST_CHECK weir_err wr_store_savepoint(wr_store *store, weir_failure *failure);
/* WEIR_E_EXISTS: what was done since the savepoint leaves a foreign key open; the savepoint is still there. */
WEIR_MUST_CHECK weir_err wr_store_release(wr_store *store, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_store_undo(wr_store *store,
                                       weir_failure *failure); /* back to the last savepoint, and forget it */

/* Bring `component`'s tables up to date: scripts[n] takes them from version n to n+1, each in a transaction of its own
 * together with the new version, so that a crash leaves a whole version. Components ("weir", the service's name) are
 * numbered apart. WEIR_E_UNSUPPORTED when the database is newer than the scripts, or has run one whose text was another.
 * No transaction may be open. */
WEIR_MUST_CHECK weir_err wr_store_migrate(wr_store *store, const char *component, const char *const *scripts,
                                          weir_failure *failure);

/* weir's own tables, up to `version` (tests: as an earlier weir left them); 0: all that is known. */
WEIR_MUST_CHECK weir_err wr_store_migrate_own(wr_store *store, int version, weir_failure *failure);

/* The SQL that makes the table into which other programs insert events, for the database of this scheme ("sqlite", "postgresql");
 * NULL: it is none of ours. A service makes it itself. */
const char *wr_store_inserts_sql(const char *scheme);

/* ---- statements
 *
 * Each has an owner. wr_store_run and wr_store_select run weir's own statements, which have names (sql.h) and each
 * database's words for them; wr_store_script, wr_store_prepare and wr_store_exec those of tools and tests. They may do
 * anything. The calls with `service` in their name, and the scripts of wr_store_migrate, run what the service's authors
 * wrote: it reaches the service's tables and nothing else (sqlite_guard.c, postgres_guard.c), whatever it says and whatever ran before.
 *
 * Statements are prepared once per owner and text and kept (least recently used of 256). A statement in use is not
 * given twice: the same text nested gets a second one.
 *
 * Errors by whose fault they are:
 *   the program's   WEIR_E_FORMAT bad SQL, no such table, a wrong number of parameters; WEIR_E_USAGE no SQL, no rows to
 *                   query; WEIR_E_DENIED not for a service, or a write on a read-only connection
 *   the data's      WEIR_E_EXISTS a constraint; WEIR_E_REFUSED a value that the statement cannot take
 *   the moment's    WEIR_E_AGAIN locked; WEIR_E_FULL, WEIR_E_IO, WEIR_E_MEMORY; WEIR_E_CORRUPT
 *   WEIR_E_BROKEN   the transaction is gone, rolled back by an earlier error; only wr_store_rollback helps. On a
 *                   server: or the last savepoint has to be undone first, since after an error it takes nothing more
 *   WEIR_E_UNREACHABLE  the server is lost, and the transaction with it; during a commit, nobody knows its outcome. The
 *                   store is of no use any more
 *   WEIR_E_FENCED   wr_store_run_later: what had to change belongs to somebody newer */

WEIR_MUST_CHECK weir_err wr_store_run(wr_store *store, wr_sql sql, const weir_value *values, weir_failure *failure);
/* The same for a statement whose outcome nobody waits for: an error comes back from a later call, at the latest from the
 * commit, and breaks the transaction. wr_store_changes says nothing of it; `must_change`: exactly one row, else
 * WEIR_E_FENCED. */
WEIR_MUST_CHECK weir_err wr_store_run_later(wr_store *store, wr_sql sql, const weir_value *values, bool must_change,
                                            weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_store_select(wr_store *store, wr_sql sql, const weir_value *values,
                                         wr_statement **ret_statement, weir_failure *failure);
/* A script of several statements without parameters. */
WEIR_MUST_CHECK weir_err wr_store_script(wr_store *store, const char *sql, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_store_prepare(wr_store *store, const char *sql, const weir_value *values,
                                          wr_statement **ret_statement, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_store_exec(wr_store *store, const char *sql, const weir_value *values,
                                       weir_failure *failure);
/* A statement that returns rows; on a read-only connection, one that only reads. */
WEIR_MUST_CHECK weir_err wr_store_service_query(wr_store *store, const char *sql, const weir_value *values,
                                                wr_statement **ret_statement, weir_failure *failure);
/* Any statement; rows that it returns are dropped. */
WEIR_MUST_CHECK weir_err wr_store_service_exec(wr_store *store, const char *sql, const weir_value *values,
                                               weir_failure *failure);
/* A ceiling for the database's size, in pages of 4 KiB; past it writes fail with WEIR_E_FULL as on a full disk. */
WEIR_MUST_CHECK weir_err wr_store_limit_pages(wr_store *store, int64_t page_count);
int64_t wr_store_changes(const wr_store *store);
/* WEIR_OK a row; WEIR_E_RANGE no more (and the statement is done); else failed (and done). */
WEIR_MUST_CHECK weir_err wr_statement_next(wr_statement *statement, weir_failure *failure);
void wr_statement_done(wr_statement *statement); /* back to the store; accepts NULL */
int wr_statement_columns(const wr_statement *statement);
const char *wr_statement_name(const wr_statement *statement, int column);
weir_value_kind wr_statement_kind(const wr_statement *statement, int column); /* of the value, not the column */
int64_t wr_statement_int(const wr_statement *statement, int column);
double wr_statement_real(const wr_statement *statement, int column);
const char *wr_statement_text(const wr_statement *statement, int column);
weir_slice wr_statement_blob(const wr_statement *statement, int column);

#endif
