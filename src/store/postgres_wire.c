/* What goes over a PostgreSQL connection: always in libpq's pipeline mode, so that what nobody waits for (BEGIN, SAVEPOINT,
 * RELEASE, weir's own writes) rides in front of what somebody does.
 *
 *     send … send, send │ sync            one flush
 *                       │ results in order, the last is the caller's
 *
 * After an error the server skips what follows up to the sync: the statements behind it have no effect. So an error in
 * front of the caller's statement is not the caller's; it breaks the transaction, and all that follows says so until the
 * rollback.
 *
 * Every wait has an end. A server that answers within no timeout_ms is taken for lost: the connection is closed, which
 * rolls back whatever is open there once the server notices. The outcome of a COMMIT that was under way is unknown then. */
#include "postgres_int.h"

#include <base/text.h>
#include <io/terminal.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_TIMEOUT_MS = 10000, CONNECT_WORD_MAX = 64 };

/* ---- what is wrong */

/* libpq's messages end with a line end, and may have several lines. */
static void one_line(const char *text, char *ret_line, size_t size)
{
    snprintf(ret_line, size, "%s", text);
    for (char *c = ret_line; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    size_t used = strlen(ret_line);
    while (used && ret_line[used - 1] == ' ')
        ret_line[--used] = 0;
}

weir_err wr_pg_break(pg_store *store, weir_err err, const char *sentence)
{
    if (store->broken.err == WEIR_OK)
        weir_fail(&store->broken, err, "%s", sentence);
    return store->broken.err;
}

weir_err wr_pg_lose(pg_store *store, const char *sentence, weir_failure *failure)
{
    char line[160];
    one_line(sentence, line, sizeof line);
    if (store->conn)
        PQfinish(store->conn);
    store->conn = NULL;
    store->is_lost = true;
    store->unanswered = 0;
    store->broken = (weir_failure){0};
    weir_fail(&store->broken, WEIR_E_UNREACHABLE, "the database is lost: %s", line);
    store->broken.retriable = true;
    if (failure)
        *failure = store->broken;
    return WEIR_E_UNREACHABLE;
}

weir_err wr_pg_check(pg_store *store, weir_failure *failure)
{
    if (store->broken.err == WEIR_OK)
        return WEIR_OK;
    if (failure)
        *failure = store->broken;
    return store->broken.err;
}

/* ---- connecting */

/* What the server remarks on is nobody's: libpq would print it. */
static void ignore_notice(void *unused, const char *words)
{
    (void)unused, (void)words;
}

/* `options` with ours in front: what the user says comes later and counts. A server-side limit for each statement and
 * each lock, so that nothing waits for ever; and for a transaction whose process stands still, so that it holds nobody
 * up. */
static const char own_options[] =
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
/* And what may not be otherwise, since values are read and statements are checked by it. */
static const char fixed_options[] = "-c standard_conforming_strings=on -c datestyle=ISO -c bytea_output=hex "
                                    "-c extra_float_digits=1 -c client_min_messages=warning";

typedef struct words {
    const char *keys[CONNECT_WORD_MAX], *values[CONNECT_WORD_MAX];
    int count;
} words;

static void add_word(words *words, const char *key, const char *value)
{
    if (words->count < CONNECT_WORD_MAX - 1) {
        words->keys[words->count] = key;
        words->values[words->count++] = value;
    }
}

static PGconn *start(const char *url, const char *schema, int *ret_timeout_ms, weir_failure *failure)
{
    char *problem = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &problem);
    if (!options) {
        char line[160];
        one_line(problem ? problem : "no memory", line, sizeof line);
        PQfreemem(problem);
        weir_fail(failure, WEIR_E_USAGE, "this is no PostgreSQL URL: %s", line);
        return NULL;
    }
    words words = {0};
    const char *given = "", *name = NULL, *timeout = NULL;
    for (PQconninfoOption *option = options; option->keyword; option++) {
        if (!option->val)
            continue;
        if (strcmp(option->keyword, "options") == 0)
            given = option->val;
        else
            add_word(&words, option->keyword, option->val);
        if (strcmp(option->keyword, "application_name") == 0)
            name = option->val;
        if (strcmp(option->keyword, "connect_timeout") == 0)
            timeout = option->val;
    }
    char whole[1500], application[PG_SCHEMA_SIZE + 8];
    int size = snprintf(whole, sizeof whole, "%s %s %s", own_options, given, fixed_options);
    snprintf(application, sizeof application, "weir %s", schema);
    add_word(&words, "options", whole);
    add_word(&words, "client_encoding", "UTF8");
    if (!name)
        add_word(&words, "application_name", application);
    int64_t timeout_s;
    if (timeout && wr_number_parse(timeout, 1, 3600, &timeout_s) == WEIR_OK)
        *ret_timeout_ms = (int)timeout_s * 1000;
    PGconn *conn = NULL;
    if (size >= (int)sizeof whole)
        weir_fail(failure, WEIR_E_USAGE, "the options of the database's URL are longer than a thousand bytes");
    else if (!(conn = PQconnectStartParams(words.keys, words.values, 0)))
        weir_fail(failure, WEIR_E_MEMORY, "no memory for a database connection");
    PQconninfoFree(options);
    return conn;
}

/* A server that starts, stops or is full is worth waiting for; one that does not know us is not. libpq gives no SQLSTATE of
 * a connection that failed, only the server's words; in another language than English (lc_messages) all of them are worth
 * waiting for, and are said. */
static weir_err connect_err(const PGconn *conn)
{
    static const struct {
        const char *words;
        weir_err err;
    } meanings[] = {{"authentication failed", WEIR_E_DENIED},
                    {"no pg_hba.conf entry", WEIR_E_DENIED},
                    {"no password supplied", WEIR_E_DENIED},
                    {"permission denied", WEIR_E_DENIED},
                    {"role \"", WEIR_E_DENIED},
                    {"database \"", WEIR_E_NOT_FOUND},
                    {"invalid value for parameter", WEIR_E_USAGE},
                    {"unrecognized configuration parameter", WEIR_E_USAGE}};
    const char *fatal = strstr(PQerrorMessage(conn), "FATAL:");
    for (size_t i = 0; fatal && i < sizeof meanings / sizeof *meanings; i++)
        if (strstr(fatal, meanings[i].words))
            return meanings[i].err;
    return WEIR_E_UNREACHABLE;
}

weir_err wr_pg_connect(const char *url, const char *schema, PGconn **ret_conn, weir_failure *failure)
{
    int left_ms = CONNECT_TIMEOUT_MS;
    PGconn *conn = start(url, schema, &left_ms, failure);
    if (!conn)
        return failure->err;
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    PostgresPollingStatusType state = PQstatus(conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    weir_err waited = WEIR_OK;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED && waited == WEIR_OK) {
        waited = wr_descriptor_ready(PQsocket(conn), state == PGRES_POLLING_WRITING, &left_ms);
        if (waited == WEIR_OK)
            state = PQconnectPoll(conn);
    }
    if (state == PGRES_POLLING_OK && PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1) {
        *ret_conn = conn;
        return WEIR_OK;
    }
    char line[170];
    one_line(waited == WEIR_E_TIMEOUT ? "the server does not answer" : PQerrorMessage(conn), line, sizeof line);
    weir_err err = waited == WEIR_OK ? connect_err(conn) : WEIR_E_UNREACHABLE;
    const char *host = PQhost(conn);
    weir_fail(failure, err, "database at %.50s: %s", host ? host : "the given place", line);
    if (failure)
        failure->retriable = err == WEIR_E_UNREACHABLE;
    PQfinish(conn);
    return err;
}

/* ---- sending */

static weir_err sent(pg_store *store, int ok, weir_failure *failure)
{
    if (!ok)
        return wr_pg_lose(store, PQerrorMessage(store->conn), failure);
    assert(store->unanswered < PG_UNANSWERED_MAX);
    store->expects[store->unanswered++] = false;
    return WEIR_OK;
}

/* Room for one more statement behind those that nobody has read the results of. */
static weir_err make_room(pg_store *store, weir_failure *failure)
{
    weir_err err = wr_pg_check(store, failure);
    if (err == WEIR_OK && store->unanswered >= PG_UNANSWERED_MAX - 1)
        err = wr_pg_answers(store, "writing", NULL, failure);
    return err;
}

weir_err wr_pg_send(pg_store *store, const char *name, const pg_parameters *parameters, weir_failure *failure)
{
    static const pg_parameters none;
    const pg_parameters *with = parameters ? parameters : &none;
    weir_err err = make_room(store, failure);
    if (err != WEIR_OK)
        return err;
    return sent(store, PQsendQueryPrepared(store->conn, name, with->count, with->values, with->sizes, with->formats, 0),
                failure);
}

weir_err wr_pg_send_text(pg_store *store, const char *sql, const pg_parameters *parameters, weir_failure *failure)
{
    static const pg_parameters none;
    const pg_parameters *with = parameters ? parameters : &none;
    weir_err err = make_room(store, failure);
    if (err != WEIR_OK)
        return err;
    return sent(store,
                PQsendQueryParams(store->conn, sql, with->count, NULL, with->values, with->sizes, with->formats, 0),
                failure);
}

weir_err wr_pg_send_prepare(pg_store *store, const char *name, const char *sql, weir_failure *failure)
{
    weir_err err = make_room(store, failure);
    return err == WEIR_OK ? sent(store, PQsendPrepare(store->conn, name, sql, 0, NULL), failure) : err;
}

void wr_pg_expect_change(pg_store *store)
{
    assert(store->unanswered > 0);
    store->expects[store->unanswered - 1] = true;
}

weir_err wr_pg_send_due(pg_store *store, weir_failure *failure)
{
    weir_err err = wr_pg_check(store, failure);
    if (err == WEIR_OK && store->is_begin_unsent) {
        err = wr_pg_send(store, store->flags & WR_STORE_READ_ONLY ? "begin_read" : "begin", NULL, failure);
        store->is_begin_unsent = err != WEIR_OK;
    }
    for (; err == WEIR_OK && store->savepoints_unsent > 0; store->savepoints_unsent--)
        err = wr_pg_send(store, "savepoint", NULL, failure);
    return err;
}

/* ---- receiving */

/* Until a result, or the end of one, can be taken without waiting. */
static weir_err wait_for_result(pg_store *store, int *left_ms, weir_failure *failure)
{
    while (PQisBusy(store->conn)) {
        int unflushed = PQflush(store->conn);
        if (unflushed < 0)
            return wr_pg_lose(store, PQerrorMessage(store->conn), failure);
        weir_err err = wr_descriptor_ready(PQsocket(store->conn), unflushed > 0, left_ms);
        if (err != WEIR_OK)
            return wr_pg_lose(store, err == WEIR_E_TIMEOUT ? "it does not answer" : "it cannot be read", failure);
        if (!PQconsumeInput(store->conn))
            return wr_pg_lose(store, PQerrorMessage(store->conn), failure);
    }
    return WEIR_OK;
}

static bool is_copy(ExecStatusType status)
{
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Of a statement that nobody waited for: an error breaks the transaction. */
static void look_at_earlier(pg_store *store, PGresult *result, bool must_change)
{
    ExecStatusType status = PQresultStatus(result);
    weir_failure why = {0};
    if (status == PGRES_PIPELINE_ABORTED) /* an earlier one has said why */
        return;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        wr_pg_break(store, wr_pg_failed(result, "weir's own tables", &why), why.sentence);
    else if (must_change && strcmp(PQcmdTuples(result), "1") != 0)
        wr_pg_break(store, WEIR_E_FENCED, "a partition of this batch belongs to somebody newer");
}

/* Every result up to the sync. */
static weir_err receive_all(pg_store *store, bool wants_last, PGresult **ret_last, weir_failure *failure)
{
    int left_ms = store->timeout_ms;
    size_t count = store->unanswered, at = 0;
    for (;;) {
        weir_err err = wait_for_result(store, &left_ms, failure);
        if (err != WEIR_OK)
            return err;
        PGresult *result = PQgetResult(store->conn);
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_TUPLES_OK;
        if (PQstatus(store->conn) == CONNECTION_BAD || is_copy(status) ||
            (result && at == count && status != PGRES_PIPELINE_SYNC)) {
            err = wr_pg_lose(store, is_copy(status) ? "a COPY was begun" : PQerrorMessage(store->conn), failure);
            PQclear(result);
            return err;
        }
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return WEIR_OK;
        }
        if (!result)
            continue;
        if (wants_last && at + 1 == count) {
            *ret_last = result;
        } else {
            look_at_earlier(store, result, store->expects[at]);
            PQclear(result);
        }
        at++;
    }
}

/* What the caller's statement has come to. */
static weir_err judge(pg_store *store, const PGresult *last, const char *doing, weir_failure *failure)
{
    weir_err err = wr_pg_check(store, failure); /* an earlier one has failed: then this one was skipped */
    if (err != WEIR_OK || !last)
        return err;
    switch (PQresultStatus(last)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return WEIR_OK;
    case PGRES_EMPTY_QUERY:
        return weir_fail(failure, WEIR_E_FORMAT, "one SQL statement is wanted: %.120s", doing);
    default:
        return wr_pg_failed(last, doing, failure);
    }
}

weir_err wr_pg_answers(pg_store *store, const char *doing, PGresult **ret_last, weir_failure *failure)
{
    weir_err err = wr_pg_check(store, failure);
    PGresult *last = NULL;
    if (store->unanswered == 0 || store->is_lost)
        return err;
    if (!PQpipelineSync(store->conn))
        return wr_pg_lose(store, PQerrorMessage(store->conn), failure);
    err = receive_all(store, ret_last != NULL, &last, failure);
    if (err == WEIR_OK) {
        store->unanswered = 0;
        store->has_failed = PQtransactionStatus(store->conn) == PQTRANS_INERROR;
        err = judge(store, last, doing, failure);
    }
    if (err == WEIR_OK && ret_last)
        *ret_last = last;
    else
        PQclear(last);
    return err;
}
