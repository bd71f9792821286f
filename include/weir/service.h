/* A service: handlers by event type and version, HTTP routes, and one local transaction around each batch.
 *
 * A handler changes its tables and emits events through the weir_tx it is given. All that a batch of events did
 * commits together: state, inbox position, outbox. Failures are sticky: after a failed call every later call of the
 * same handler returns the same status and does nothing, so a handler may check once, at its end. */
#ifndef WEIR_SERVICE_H
#define WEIR_SERVICE_H

#include <weir/event.h>
#include <weir/json.h>

typedef struct weir_tx weir_tx;

typedef enum weir_status {
    WEIR_DONE = 0, /* keep what the handler did */
    WEIR_IGNORE,   /* the event means nothing here: undo, count, go on */
    WEIR_RETRY,    /* undo and park the key: this event and later ones of its key wait, other keys flow */
    WEIR_REJECT,   /* undo and send the event to the dead letter topic with the reason */
    WEIR_FATAL,    /* stop the service before anything of this batch commits */
} weir_status;

/* ---- SQL within the transaction */

typedef struct weir_value {
    enum {
        WEIR_VALUE_END = 0,
        WEIR_VALUE_NULL,
        WEIR_VALUE_INT,
        WEIR_VALUE_REAL,
        WEIR_VALUE_TEXT,
        WEIR_VALUE_BLOB
    } kind;
    union {
        int64_t integer;
        double real;
        weir_slice bytes; /* texts and blobs; borrowed until the call returns */
    };
} weir_value;

static inline weir_value weir_value_text(const char *text)
{
    return text ? (weir_value){.kind = WEIR_VALUE_TEXT, .bytes = weir_slice_of(text)}
                : (weir_value){.kind = WEIR_VALUE_NULL};
}

#define WEIR_INT(value)  ((weir_value){.kind = WEIR_VALUE_INT, .integer = (value)})
#define WEIR_REAL(value) ((weir_value){.kind = WEIR_VALUE_REAL, .real = (value)})
#define WEIR_TEXT(value) weir_value_text(value)
#define WEIR_BLOB(value) ((weir_value){.kind = WEIR_VALUE_BLOB, .bytes = (value)})
#define WEIR_VALUES(...) ((const weir_value[]){__VA_ARGS__ __VA_OPT__(, ){.kind = WEIR_VALUE_END}})

/* Run one statement that returns no rows; parameters are ?1, ?2, … . Statements are prepared once per text. A SQL
 * error makes the transaction fail with WEIR_REJECT and the database's own words, except for a full disk or an I/O
 * error, which is WEIR_FATAL. */
#define weir_exec(tx, sql, ...) weir_exec_values((tx), (sql), WEIR_VALUES(__VA_ARGS__))
WEIR_API weir_status weir_exec_values(weir_tx *tx, const char *sql, const weir_value *values);
WEIR_API int64_t weir_changes(weir_tx *tx); /* rows changed by the last weir_exec */

/* Read rows:  weir_rows *rows = weir_query(tx, "SELECT a, b FROM t WHERE k = ?1", WEIR_TEXT(k));
 *             while (weir_rows_next(rows)) use(weir_rows_int(rows, 0), weir_rows_text(rows, 1));
 * Never NULL; after a failure it has no rows. Ends by itself at the last row, at weir_rows_end, or when the handler
 * returns. Texts and blobs live until the next weir_rows_next; dup them into weir_tx_arena to keep them. */
typedef struct weir_rows weir_rows;
#define weir_query(tx, sql, ...) weir_query_values((tx), (sql), WEIR_VALUES(__VA_ARGS__))
WEIR_API weir_rows *weir_query_values(weir_tx *tx, const char *sql, const weir_value *values);
WEIR_API bool weir_rows_next(weir_rows *rows);
WEIR_API void weir_rows_end(weir_rows *rows);
WEIR_API int64_t weir_rows_int(weir_rows *rows, int column);
WEIR_API double weir_rows_real(weir_rows *rows, int column);
WEIR_API const char *weir_rows_text(weir_rows *rows, int column); /* NULL for SQL NULL */
WEIR_API weir_slice weir_rows_blob(weir_rows *rows, int column);

/* ---- what a handler may do */

/* Record a fact. It is written to the outbox in this transaction and published to the service's `produces` topic
 * after the commit, in order per key. NULL attributes are filled in: id (derived from the incoming id, so that a rerun
 * emits the same ids), source, time, correlation, causation and trace context. Everything is copied. */
WEIR_API weir_status weir_emit(weir_tx *tx, const weir_event *event);

/* Ask one recipient to do something: a command, imperative, to the topic that its service consumes. */
WEIR_API weir_status weir_send(weir_tx *tx, const char *topic, const weir_event *command);

/* Give up on this event: undo, and send it to the dead letter topic with this reason. Returns WEIR_REJECT. */
WEIR_API weir_status weir_reject(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);
/* Not now: undo and park. Returns WEIR_RETRY. */
WEIR_API weir_status weir_retry(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);

/* Decode the event's JSON data by table into ret_struct (memory of weir_tx_arena). On failure the transaction is
 * rejected with what was wrong; returns its status. */
WEIR_API weir_status weir_decode(weir_tx *tx, const weir_event *event, const weir_json_field *fields, void *ret_struct);
WEIR_API weir_slice weir_encode(weir_tx *tx, const weir_json_field *fields, const void *from);

WEIR_API weir_status weir_tx_status(const weir_tx *tx); /* WEIR_DONE until something failed */
WEIR_API weir_arena *weir_tx_arena(weir_tx *tx);        /* memory until the handler returns */
WEIR_API int64_t weir_tx_now_ms(const weir_tx *tx); /* Unix epoch; the service's clock, not the machine's, in tests */
WEIR_API const char *weir_tx_now_text(weir_tx *tx); /* RFC 3339, UTC, milliseconds */
/* A setting of the service by its configuration key, as text; NULL when unknown. Own keys: see weir_service.settings.
 */
WEIR_API const char *weir_tx_setting(const weir_tx *tx, const char *key);

/* ---- what a service is */

typedef weir_status (*weir_handler_fn)(weir_tx *tx, const weir_event *event, void *user);

typedef struct weir_retry_policy {
    int max;     /* attempts before the dead letter topic; 0 means 10 */
    int base_ms; /* first delay, doubled each time with jitter; 0 means 100 */
    int max_ms;  /* longest delay; 0 means 60,000 */
} weir_retry_policy;

typedef struct weir_handler {
    const char *type;
    int version; /* 0: 1. A known type in an unknown version is rejected, an unknown type is ignored */
    weir_handler_fn run;
    weir_retry_policy retry;
} weir_handler;

typedef struct weir_http_request {
    const char *method;
    const char *path;
    weir_slice body;
    const char *content_type;
    const char *traceparent;
    const void *internal;
} weir_http_request;

/* A {name} of the route's path, a query parameter or a header (names of headers ignore case); NULL when absent. */
WEIR_API const char *weir_request_path(const weir_http_request *request, const char *name);
WEIR_API const char *weir_request_query(const weir_http_request *request, const char *name);
WEIR_API const char *weir_request_header(const weir_http_request *request, const char *name);

typedef struct weir_http_response {
    int status;               /* 200 when 0 */
    const char *content_type; /* "application/json" when NULL */
    const char *location;     /* Location header when set */
    weir_slice body;          /* memory of weir_tx_arena, or static */
} weir_http_response;

typedef weir_status (*weir_route_fn)(weir_tx *tx, const weir_http_request *request, weir_http_response *response,
                                     void *user);

/* A command (read_only false) runs in the service's transaction beside the events of the same batch; the answer leaves
 * after the commit. A query (read_only true) runs on a read connection of its own and cannot emit. A command that
 * returns WEIR_REJECT answers 422 with the reason unless it set a status itself; WEIR_RETRY answers 503. */
typedef struct weir_route {
    const char *method;
    const char *path; /* "/orders/{id}"; longest match wins */
    weir_route_fn run;
    bool read_only;
    const char *forward; /* instead of run: setting key of a base URL that GET requests are passed on to */
} weir_route;

/* A setting of the service's own, for configuration file, environment, flags and --help. */
typedef struct weir_setting {
    const char *key; /* "stock.initial": file `stock: {initial: …}`, WEIR_STOCK_INITIAL, --stock-initial */
    const char *fallback;
    const char *help;
} weir_setting;

typedef struct weir_service {
    const char *name;              /* also consumer group, event source and database name, unless configured */
    const char *about;             /* one sentence for --help */
    const char *consumes;          /* topics, separated by commas; NULL: none */
    const char *produces;          /* the topic of weir_emit; NULL: emits nothing */
    const char *const *migrations; /* SQL scripts, NULL at the end; script n brings the database from n to n+1 */
    const weir_handler *handlers;  /* {0} at the end */
    const weir_route *routes;      /* {0} at the end */
    const weir_setting *settings;  /* {0} at the end */
    void *user;
} weir_service;

/* Run the service until SIGTERM or SIGINT, then drain. Returns the exit status: 0 drained, 1 failed, 2 usage. */
WEIR_API int weir_main(int argc, char **argv, const weir_service *service);

#endif
