/* What a database must do to keep a service's state. One file has the table of one database (sqlite.c, postgres.c); the
 * door (store.c), which all others see, calls through it. Another database is another such table, its words for sql.h,
 * and a line in store.c.
 *
 * A connection begins with a wr_store and a statement with a wr_statement, so that the door finds its table. The calls
 * mean what store.h says of the one of the same name; here is only what is not said there. */
#ifndef WR_DIALECT_INT_H
#define WR_DIALECT_INT_H

#include <store/store.h>

/* Whose statement it is. Those of a service and its migrations reach the service's tables alone, whatever they say;
 * sqlite_guard.c has the rules, which hold for every database (postgres_guard.c). */
typedef enum wr_sql_owner { WR_OWNER_SERVICE, WR_OWNER_MIGRATION, WR_OWNER_WEIR, WR_OWNER_COUNT } wr_sql_owner;

typedef struct wr_dialect {
    const char *const *sql;    /* by wr_sql */
    const char *const *tables; /* the migrations of weir's own tables, NULL at the end; released ones never change */
    const char *inserts;       /* a script that makes weir_outbox_inserts where it is missing */
    const char *books;         /* a script that makes the tables of wr_store_migrate where they are missing */

    weir_err (*open)(const char *where, unsigned flags, wr_store **ret_store, weir_failure *failure);
    void (*close)(wr_store *store);
    weir_err (*attach)(wr_store *store, const char *path, const char *name, weir_failure *failure);
    weir_err (*limit)(wr_store *store, int64_t page_count);
    /* Of a database that several processes may write; NULL: one has it alone. */
    weir_err (*lock_migrations)(wr_store *store, weir_failure *failure);
    weir_err (*unlock_migrations)(wr_store *store, weir_failure *failure);
    weir_err (*lease)(wr_store *store, bool *ret_has, weir_failure *failure);
    weir_err (*ping)(wr_store *store, weir_failure *failure); /* NULL: it cannot go away */

    weir_err (*begin)(wr_store *store, weir_failure *failure);
    weir_err (*commit)(wr_store *store, weir_failure *failure);
    void (*rollback)(wr_store *store);
    weir_err (*savepoint)(wr_store *store, weir_failure *failure);
    weir_err (*release)(wr_store *store, weir_failure *failure);
    weir_err (*undo)(wr_store *store, weir_failure *failure);

    weir_err (*script)(wr_store *store, wr_sql_owner owner, const char *sql, weir_failure *failure);
    weir_err (*exec)(wr_store *store, wr_sql_owner owner, const char *sql, const weir_value *values,
                     weir_failure *failure);
    /* Of weir's own: NULL where it costs nothing to run it at once. */
    weir_err (*later)(wr_store *store, const char *sql, const weir_value *values, bool must_change,
                      weir_failure *failure);
    weir_err (*query)(wr_store *store, wr_sql_owner owner, const char *sql, const weir_value *values,
                      wr_statement **ret_statement, weir_failure *failure);
    int64_t (*changes)(const wr_store *store);

    weir_err (*next)(wr_statement *statement, weir_failure *failure);
    void (*done)(wr_statement *statement);
    int (*columns)(const wr_statement *statement);
    const char *(*name)(const wr_statement *statement, int column);
    weir_value_kind (*kind)(const wr_statement *statement, int column);
    int64_t (*integer)(const wr_statement *statement, int column);
    double (*real)(const wr_statement *statement, int column);
    const char *(*text)(const wr_statement *statement, int column);
    weir_slice (*blob)(const wr_statement *statement, int column);
} wr_dialect;

struct wr_store {
    const wr_dialect *dialect;
};

struct wr_statement {
    wr_store *store;
};

extern const wr_dialect wr_sqlite, wr_postgres;

#endif
