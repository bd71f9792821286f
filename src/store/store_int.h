/* Between store.c and statement.c. */
#ifndef WR_STORE_INT_H
#define WR_STORE_INT_H

#include <base/list.h>
#include <base/map.h>
#include <store/store.h>

#include <sqlite3.h>

enum { STATEMENT_COUNT_MAX = 256 };

struct wr_store {
    sqlite3 *db;
    wr_map *statements; /* text -> wr_statement */
    wr_list idle;       /* statements nobody uses, least recently used first */
    bool own;           /* the statement being prepared is the store's own: it may begin, commit, … */
};

/* The error of the last call on the connection, in our words, with SQLite's as the sentence. */
weir_err wr_store_failed(wr_store *store, int code, const char *doing, weir_failure *failure);
/* Run a statement of the store's own. */
weir_err wr_store_own(wr_store *store, const char *sql, weir_failure *failure);
void wr_statements_fini(wr_store *store);

#endif
