/* What a statement of a service's may do to the PostgreSQL database that weir keeps its own books in: what sqlite_guard.c
 * says, by other means, since PostgreSQL asks nobody before it runs a statement.
 *
 *   - The extended protocol takes one statement at a time, so a second one cannot ride behind the first.
 *   - A statement begins with one of the words below. None of them ends or nests a transaction, sets what the session
 *     is, copies, listens, or reaches prepared statements; EXECUTE, which does, may stand in none of them.
 *   - CALL and DO run procedures, and a COMMIT in one is an error in a transaction that somebody else began (2D000).
 *   - No name in it begins with weir_, and no string in the body of a function holds such a name. Functions that take SQL,
 *     the name of a table, a setting or a lock as a value are refused by their names.
 *   - What is left is found afterwards (postgres.c): whether the connection is still in the transaction, and, by its
 *     savepoint, in the same one.
 *
 * What a function puts together from pieces and runs with EXECUTE is not seen: that is no accident any more. A role
 * that may not write weir's tables cannot be had without a second one for weir. */
#include "postgres_int.h"
#include "postgres_text.h"

#include <string.h>
#include <strings.h>

static const char *const of_all[] = {"select", "insert",  "update",   "delete",  "merge", "with",
                                     "values", "table",   "call",     "create",  "alter", "drop",
                                     "lock",   "explain", "truncate", "refresh", NULL};
static const char *const of_migrations[] = {"comment", "grant", "revoke", "analyze", "reindex", "do", "cluster", NULL};

/* CREATE, ALTER, DROP and what; the words in front of it are passed over. */
static const char *const passed_over[] = {"or",        "replace", "unique",     "unlogged",     "recursive",
                                          "temporary", "temp",    "constraint", "materialized", "local",
                                          "global",    "text",    "if",         "not",          NULL};
static const char *const objects[] = {
    "table", "index",  "view",      "sequence", "type", "domain",    "function",   "procedure", "routine",   "trigger",
    "rule",  "policy", "aggregate", "operator", "cast", "collation", "statistics", "search",    "extension", NULL};

/* Functions, by how their names begin. */
static const char *const refused_functions[] = {"set_config",
                                                "pg_advisory_unlock", /* the lease of the outbox is such a lock */
                                                "pg_terminate_backend",
                                                "pg_cancel_backend",
                                                "pg_reload_conf",
                                                "pg_rotate_logfile",
                                                "pg_promote",
                                                "pg_switch_wal",
                                                "pg_read_",
                                                "pg_ls_",
                                                "pg_stat_file",
                                                "pg_file_",
                                                "pg_create_",
                                                "pg_drop_",
                                                "pg_logical_",
                                                "lo_import",
                                                "lo_export",
                                                "query_to_xml",
                                                "table_to_xml",
                                                "cursor_to_xml",
                                                "schema_to_xml",
                                                "database_to_xml",
                                                "ts_stat",
                                                "ts_rewrite",
                                                "dblink",
                                                "crosstab",
                                                "connectby",
                                                "xpath_table",
                                                NULL};

/* What makes a table or a sequence of a string. */
static const char *const naming_words[] = {
    "regclass", "to_regclass", "nextval", "setval", "currval", "pg_get_serial_sequence", NULL};

static bool is_one_of(const wr_pg_token *token, const char *const *words)
{
    for (; *words; words++)
        if (wr_pg_says(token, *words))
            return true;
    return false;
}

static bool begins_with(weir_slice text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && strncasecmp((const char *)text.data, prefix, size) == 0;
}

static bool is_refused_function(const wr_pg_token *token)
{
    for (const char *const *name = refused_functions; *name; name++)
        if (begins_with(token->inside, *name))
            return true;
    return false;
}

/* A name of weir's anywhere in a string, at the beginning of a word. */
static bool mentions_weirs(weir_slice text)
{
    for (size_t at = 0; at + 5 <= text.size; at++)
        if (strncasecmp((const char *)text.data + at, "weir_", 5) == 0 &&
            (at == 0 ||
             !(text.data[at - 1] == '_' || text.data[at - 1] >= 0x80 || strchr("0123456789", text.data[at - 1]) ||
               ((text.data[at - 1] | 0x20) >= 'a' && (text.data[at - 1] | 0x20) <= 'z'))))
            return true;
    return false;
}

static bool is_name(const wr_pg_token *token)
{
    return token->kind == WR_PG_WORD || token->kind == WR_PG_NAME;
}

static weir_err deny(const char *why, weir_slice sql, weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_DENIED, "%s: %.*s", why, (int)(sql.size < 100 ? sql.size : 100), sql.data);
}

/* Every token, and those of function bodies. */
typedef struct seen {
    const char *why;      /* it is refused; NULL: it is not */
    bool defines;         /* strings in it may be code */
    bool names_by_string; /* and others may be names */
    bool mentions;        /* a string says a name of weir's */
} seen;

static void look(weir_slice sql, bool is_body, seen *seen)
{
    wr_pg_token token, last = {.kind = WR_PG_OTHER};
    for (size_t at = 0; !seen->why && wr_pg_next(sql, &at, &token); last = token) {
        bool is_call = token.kind == WR_PG_OTHER && token.whole.data[0] == '(' && is_name(&last);
        bool is_trigger = wr_pg_says(&token, "function") || wr_pg_says(&token, "procedure") || wr_pg_says(&token, "on");
        if (token.kind == WR_PG_ESCAPED_NAME)
            seen->why = "a name in U&\"…\" cannot be checked";
        else if (is_name(&token) && begins_with(token.inside, "weir_"))
            seen->why = "names that begin with weir_ are weir's";
        else if (is_call && is_refused_function(&last))
            seen->why = "this function is not a service's to call";
        else if (!is_body && last.kind == WR_PG_WORD && wr_pg_says(&last, "execute") && !is_trigger)
            seen->why = "prepared statements are weir's";
        else if (token.kind == WR_PG_STRING && mentions_weirs(token.inside))
            seen->mentions = true;
        if (token.kind == WR_PG_STRING && seen->defines && !is_body)
            look(token.inside, true, seen);
        seen->names_by_string |= is_one_of(&token, naming_words);
    }
}

/* What CREATE, ALTER or DROP is about, from behind that word on. */
static const char *check_definition(wr_sql_owner owner, weir_slice sql, size_t at)
{
    wr_pg_token token;
    while (wr_pg_next(sql, &at, &token)) {
        bool is_temporary = wr_pg_says(&token, "temp") || wr_pg_says(&token, "temporary");
        if (is_temporary && owner != WR_OWNER_MIGRATION)
            return "what a handler keeps outlives the session: no temporary tables";
        if (is_one_of(&token, passed_over))
            continue;
        if (wr_pg_says(&token, "extension") && owner != WR_OWNER_MIGRATION)
            return "an extension is for a migration";
        return is_one_of(&token, objects) ? NULL : "this is not a service's to define";
    }
    return "this is not a service's to define";
}

/* SELECT … INTO TEMP t, CREATE TABLE pg_temp.t. */
static bool makes_temporary(weir_slice sql)
{
    wr_pg_token token, last = {.kind = WR_PG_OTHER};
    for (size_t at = 0; wr_pg_next(sql, &at, &token); last = token)
        if ((is_name(&token) && begins_with(token.inside, "pg_temp")) ||
            (wr_pg_says(&last, "into") && (wr_pg_says(&token, "temp") || wr_pg_says(&token, "temporary"))))
            return true;
    return false;
}

weir_err wr_pg_guard_check(wr_sql_owner owner, weir_slice sql, weir_failure *failure)
{
    if (owner == WR_OWNER_WEIR)
        return WEIR_OK;
    wr_pg_token first;
    size_t at = 0;
    bool found;
    do /* a SELECT may stand in brackets, and semicolons before anything */
        found = wr_pg_next(sql, &at, &first);
    while (found && first.kind == WR_PG_OTHER && strchr("(;", first.whole.data[0]));
    if (!found)
        return weir_fail(failure, WEIR_E_FORMAT, "one SQL statement is wanted");
    bool migrates = owner == WR_OWNER_MIGRATION;
    if (first.kind != WR_PG_WORD || !(is_one_of(&first, of_all) || (migrates && is_one_of(&first, of_migrations))))
        return deny("this statement is not a service's to run", sql, failure);

    seen seen = {0};
    bool defines = wr_pg_says(&first, "create") || wr_pg_says(&first, "alter") || wr_pg_says(&first, "drop");
    seen.defines = defines || wr_pg_says(&first, "do");
    if (defines)
        seen.why = check_definition(owner, sql, at);
    if (!migrates && !seen.why && makes_temporary(sql))
        seen.why = "what a handler keeps outlives the session: no temporary tables";
    if (!seen.why)
        look(sql, false, &seen);
    if (!seen.why && seen.mentions && (seen.defines || seen.names_by_string))
        seen.why = "names that begin with weir_ are weir's";
    return seen.why ? deny(seen.why, sql, failure) : WEIR_OK;
}
