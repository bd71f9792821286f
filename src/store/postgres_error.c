/* What PostgreSQL's errors mean here, by their SQLSTATE (appendix A of its manual). The first row that fits counts: five
 * characters are a condition, two its class. */
#include "postgres_int.h"

#include <string.h>

static const struct {
    const char *state;
    weir_err err;
} meanings[] = {
    /* the moment's: it may go better next time */
    {"40", WEIR_E_AGAIN},    /* serialization failure, deadlock */
    {"55P03", WEIR_E_AGAIN}, /* lock_timeout, NOWAIT */
    {"55006", WEIR_E_AGAIN}, /* object in use */
    {"57014", WEIR_E_AGAIN}, /* statement_timeout */
    {"53100", WEIR_E_FULL},
    {"53", WEIR_E_AGAIN}, /* memory or connections of the server have run out */
    {"57P", WEIR_E_UNREACHABLE},
    {"25P03", WEIR_E_UNREACHABLE}, /* idle in transaction for too long; the server has hung up */
    {"25P04", WEIR_E_UNREACHABLE},
    {"08", WEIR_E_UNREACHABLE},
    {"58030", WEIR_E_IO},
    {"58", WEIR_E_IO},
    {"XX001", WEIR_E_CORRUPT},
    {"XX002", WEIR_E_CORRUPT},
    {"XX", WEIR_E_BROKEN},
    /* the data's */
    {"23", WEIR_E_EXISTS},
    {"44", WEIR_E_EXISTS},  /* WITH CHECK OPTION */
    {"22", WEIR_E_REFUSED}, /* a value that does not fit its type */
    {"21", WEIR_E_REFUSED},
    {"27", WEIR_E_REFUSED},
    {"54000", WEIR_E_REFUSED}, /* a row too large for its index, and others of the class that are not of the text */
    {"P0", WEIR_E_REFUSED},    /* RAISE */
    /* the transaction's */
    {"25P02", WEIR_E_BROKEN}, /* an earlier statement has failed */
    {"25006", WEIR_E_DENIED}, /* a write in a read-only transaction */
    {"25", WEIR_E_DENIED},    /* what cannot run in a transaction */
    {"2D", WEIR_E_DENIED},    /* a procedure that commits */
    {"3B", WEIR_E_BROKEN},    /* our savepoint is gone */
    /* who we are */
    {"42501", WEIR_E_DENIED},
    {"28", WEIR_E_DENIED},
    {"3D", WEIR_E_NOT_FOUND},
};

weir_err wr_pg_err_of(const char *sqlstate)
{
    for (size_t i = 0; sqlstate && i < sizeof meanings / sizeof *meanings; i++)
        if (strncmp(sqlstate, meanings[i].state, strlen(meanings[i].state)) == 0)
            return meanings[i].err;
    return sqlstate ? WEIR_E_FORMAT : WEIR_E_UNREACHABLE; /* libpq's own errors have none: the connection's */
}

weir_err wr_pg_failed(const PGresult *result, const char *doing, weir_failure *failure)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    weir_err err = wr_pg_err_of(state);
    weir_fail(failure, err, "database, %.80s: %s%s%.80s", doing, words ? words : PQresultErrorMessage(result),
              detail ? "; " : "", detail ? detail : "");
    if (failure) {
        failure->retriable = err == WEIR_E_AGAIN || err == WEIR_E_FULL || err == WEIR_E_UNREACHABLE;
        failure->fatal = err == WEIR_E_CORRUPT;
    }
    return err;
}
