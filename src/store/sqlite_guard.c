/* What a statement of the service's may do to the database that weir keeps its own books in.
 *
 * Every statement has an owner. weir's own may do anything. Those of a service (its handlers' and routes' SQL, and its
 * migrations) may change and read the service's tables, and nothing else:
 *
 *   - They begin, end and nest no transaction, attach no file, set no pragma, load no code. What is not named in
 *     `authorize` below is refused, so that an action of a later SQLite is refused as well.
 *   - They neither read nor write nor change a table of weir's: one whose name begins with weir_, in any case.
 *   - They name no table of weir's in a definition either (a view, a trigger, a foreign key, a new name): SQLite looks
 *     names in definitions up later, so the text is searched, whenever the authorizer saw that a definition changes.
 *   - They do not say OR ROLLBACK, ON CONFLICT ROLLBACK or RAISE(ROLLBACK), which end the transaction of everybody
 *     without that SQLite asks.
 *   - A statement for which nothing at all was asked is refused: VACUUM, an empty text, a comment.
 *
 * SQLite asks while it prepares a statement, and again when a step prepares it anew because the schema has changed.
 * The owner is therefore set around both, and it is the service's whenever nobody has said otherwise: forgetting to
 * set it refuses too much rather than too little. Prepared statements of the two owners never meet (sqlite_statement.c).
 *
 * Behind all this stand two belts. SQLite's commit hook turns any COMMIT that wr_store_commit has not begun into a
 * rollback, and after each step the connection is asked whether its transaction is still there; without it no further
 * statement runs, so that nothing is written on its own. */
#include "sqlite_int.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static bool is_weirs(const char *name)
{
    return name && strncasecmp(name, "weir_", 5) == 0;
}

static int allow(guard *guard, bool allowed)
{
    guard->was_asked = true;
    return allowed ? SQLITE_OK : SQLITE_DENY;
}

/* a and b are what sqlite3.h lists beside each action. */
static int authorize(void *user, int action, const char *a, const char *b, const char *database, const char *inner)
{
    (void)database, (void)inner;
    guard *guard = user;
    bool migrates = guard->owner == WR_OWNER_MIGRATION;
    if (guard->owner == WR_OWNER_WEIR)
        return allow(guard, true);
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return allow(guard, true);
    case SQLITE_FUNCTION:
        return allow(guard, strcasecmp(b, "load_extension") != 0 && strcasecmp(b, "fts3_tokenizer") != 0);
    case SQLITE_READ:
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return allow(guard, !is_weirs(a));
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
        guard->changes_schema = guard->changes_schema || migrates;
        /* What a handler keeps outlives the process, and no name hides another. */
        return allow(guard, migrates && !is_weirs(a) && !is_weirs(b));
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VTABLE:
    case SQLITE_ALTER_TABLE:
        guard->changes_schema = true;
        return allow(guard, !is_weirs(a) && !is_weirs(b));
    case SQLITE_REINDEX: /* asked for CREATE INDEX as well */
        return allow(guard, migrates || !is_weirs(a));
    case SQLITE_PRAGMA: /* two that only tell, which SQLite's full text search asks for itself */
        return allow(guard, !b && (strcasecmp(a, "data_version") == 0 || strcasecmp(a, "page_size") == 0));
    case SQLITE_ANALYZE:
        return allow(guard, migrates);
    default:
        return allow(guard, false);
    }
}

static int before_commit(void *user)
{
    const sqlite_store *store = user;
    return store->is_in_transaction && !store->is_committing;
}

void wr_sqlite_guard_init(sqlite_store *store)
{
    sqlite3_set_authorizer(store->db, authorize, &store->guard);
    sqlite3_commit_hook(store->db, before_commit, store);
}

/* ---- what only the text says */

typedef struct token {
    const char *at;
    size_t size;
    bool is_name; /* a word, or whatever stands in quotes of any kind (SQLite takes 'x' for a name where it must) */
} token;

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static const char *skip_blank(const char *at)
{
    for (;;) {
        if (isspace((unsigned char)*at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end ? end + 2 : at + strlen(at);
        } else {
            return at;
        }
    }
}

/* The next token from *at on, which moves behind it; false at the end. A quote within quotes, doubled, begins another
 * token: nothing that is looked for holds one. */
static bool next_token(const char **at, token *ret_token)
{
    const char *start = skip_blank(*at);
    if (!*start)
        return false;
    if (strchr("'\"`[", *start)) {
        size_t size = strcspn(start + 1, *start == '[' ? "]" : (char[]){*start, 0});
        *ret_token = (token){start + 1, size, true};
        *at = start + 1 + size + (start[1 + size] != 0);
        return true;
    }
    size_t size = 0;
    while (is_word(start[size]))
        size++;
    *ret_token = size ? (token){start, size, true} : (token){start, 1, false};
    *at = start + ret_token->size;
    return true;
}

static bool says(token token, const char *word)
{
    return token.size == strlen(word) && strncasecmp(token.at, word, token.size) == 0;
}

static void scan(const char *sql, bool *ret_rolls_back, bool *ret_names_weirs)
{
    token before = {"", 0, false}, last = before, now;
    *ret_rolls_back = *ret_names_weirs = false;
    for (; next_token(&sql, &now); before = last, last = now) {
        if (now.is_name && now.size >= 5 && is_weirs(now.at))
            *ret_names_weirs = true;
        if (says(now, "rollback") &&
            (says(last, "or") || says(last, "conflict") || (says(last, "(") && says(before, "raise"))))
            *ret_rolls_back = true;
    }
}

weir_err wr_sqlite_guard_check(sqlite_store *store, const char *sql, weir_failure *failure)
{
    const guard *guard = &store->guard;
    if (guard->owner == WR_OWNER_WEIR)
        return WEIR_OK;
    if (!guard->was_asked)
        return weir_fail(failure, WEIR_E_DENIED, "this statement is not a service's to run: %.120s", sql);
    bool rolls_back, names_weirs;
    scan(sql, &rolls_back, &names_weirs);
    if (rolls_back)
        return weir_fail(failure, WEIR_E_DENIED,
                         "a statement may not roll the whole transaction back (use OR ABORT or OR FAIL): %.100s", sql);
    if (guard->changes_schema && names_weirs)
        return weir_fail(failure, WEIR_E_DENIED, "names that begin with weir_ are weir's: %.120s", sql);
    return WEIR_OK;
}

void wr_sqlite_guard_enter(sqlite_store *store, wr_sql_owner owner)
{
    store->guard = (guard){.owner = owner};
}

void wr_sqlite_guard_leave(sqlite_store *store)
{
    store->guard.owner = WR_OWNER_SERVICE;
}
