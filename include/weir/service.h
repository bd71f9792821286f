/* A service: handlers by event type and version, HTTP routes, and one local transaction around each batch.
 *
 * A handler changes its tables and emits events through the weir_tx it is given. All that a batch of events did
 * commits together: state, inbox position, outbox. Failures are sticky: after a failed call every later call of the
 * same handler returns the same status and does nothing, so a handler may check once, at its end.
 *
 * Threads. weir_main runs event handlers and commands one after the other on the thread that called it; queries
 * (read-only routes) run on HTTP threads, several at a time, each with a transaction of its own. A weir_tx, its rows
 * and its arena belong to the call that they were handed to: they are used on its thread and until it returns.
 *
 * Growth. The structs that a program lays out (weir_service, weir_handler, weir_route, weir_setting, weir_event,
 * weir_timer, weir_json_field) get new members at their end, where zero means what there was before; the inline calls tell the
 * library how large each was when the program was compiled. So zero a struct before you fill it, and name its members.
 * The structs that weir hands to a program grow at their end too. weir_retry_policy, weir_schedule and the structs of
 * bytes.h, error.h and value.h keep their size for as long as the library keeps its SONAME. */
#ifndef WEIR_SERVICE_H
#define WEIR_SERVICE_H

#include <weir/event.h>
#include <weir/json.h>
#include <weir/value.h>
#include <weir/version.h>

WEIR_BEGIN_C

typedef struct weir_tx weir_tx;

typedef enum weir_status {
    WEIR_DONE = 0, /* keep what the handler did */
    WEIR_IGNORE,   /* the event means nothing here: undo, count, go on */
    WEIR_RETRY,    /* undo and park the key: this event and later ones of its key wait, other keys flow */
    WEIR_REJECT,   /* undo and send the event to the dead letter topic with the reason */
    WEIR_FATAL,    /* stop the service before anything of this batch commits */
} weir_status;

/* ---- SQL within the transaction */

/* Run one statement; rows that it returns are dropped. Parameters are ?1, ?2, … :
 *
 *     weir_exec(tx, "UPDATE stock SET free = free - ?2 WHERE sku = ?1", WEIR_TEXT(sku), WEIR_INT(quantity));
 *
 * The values are borrowed until the call returns. Statements are prepared once per text.
 *
 * A statement may read and change the service's own tables and nothing else: it neither begins nor ends a transaction
 * or a savepoint, attaches no file, sets no pragma, keeps no temporary table, does not say OR ROLLBACK, and reaches no
 * table whose name begins with weir_ (those are weir's).
 *
 * When it fails, whose fault it is decides, and the transaction has failed with that status:
 *   the data's       WEIR_REJECT  a constraint; a value that the statement cannot take (text that is no JSON, …)
 *   the moment's     WEIR_RETRY   the database is locked
 *                    WEIR_FATAL   a full disk, an I/O error, no memory
 *   the program's    WEIR_FATAL   no such table, bad SQL, a wrong number of parameters, what is not allowed (above)
 * In an event handler WEIR_FATAL stops the service before anything of the batch commits; the log names topic,
 * partition, offset, event and handler. In a route a mistake of the program fails that request alone: it is answered
 * 500 and the log says why. The database's words are for the log and for dead letters, never for the answer to a
 * request. */
WEIR_API weir_status weir_exec_values(weir_tx *tx, const char *sql, const weir_value *values);
WEIR_API int64_t weir_changes(weir_tx *tx); /* rows changed by the last weir_exec or weir_cancel */

/* Read rows:  weir_rows *rows = weir_query(tx, "SELECT a, b FROM t WHERE k = ?1", WEIR_TEXT(k));
 *             while (weir_rows_next(rows))
 *                 use(weir_rows_int(rows, 0), weir_rows_text(rows, 1));
 *
 * The statement returns rows (INSERT … RETURNING does too, in a command). Errors as of weir_exec_values; a column that it
 * has not is the program's mistake. Never NULL; after a failure it has no rows. Ends by itself at the last row, at
 * weir_rows_end, or when the handler returns. Texts and blobs live until the next weir_rows_next; dup them into
 * weir_tx_arena to keep them. */
typedef struct weir_rows weir_rows;
WEIR_API weir_rows *weir_query_values(weir_tx *tx, const char *sql, const weir_value *values);
WEIR_API bool weir_rows_next(weir_rows *rows);
WEIR_API void weir_rows_end(weir_rows *rows);
WEIR_API int64_t weir_rows_int(weir_rows *rows, int column);
WEIR_API double weir_rows_real(weir_rows *rows, int column);
WEIR_API const char *weir_rows_text(weir_rows *rows, int column); /* NULL for SQL NULL */
WEIR_API weir_slice weir_rows_blob(weir_rows *rows, int column);
/* SQL NULL is 0, 0.0, NULL and an absent slice above; these tell it from such a value, and what kind it is. Without a
 * row: true, and WEIR_VALUE_NULL. */
WEIR_API bool weir_rows_is_null(weir_rows *rows, int column);
WEIR_API weir_value_kind weir_rows_kind(weir_rows *rows, int column);
/* Columns by name: how many there are (0 without rows), what each is called (as long as the rows), and which one has this
 * name; a name that is not there is the program's mistake and -1. */
WEIR_API int weir_rows_column_count(weir_rows *rows);
WEIR_API const char *weir_rows_name(weir_rows *rows, int column);
WEIR_API int weir_rows_column(weir_rows *rows, const char *name);

/* ---- what a handler may do */

/* Record a fact. It is written to the outbox in this transaction and published to the service's `produces` topic
 * after the commit, in order per key. NULL attributes are filled in: id (derived from the incoming id, so that a rerun
 * emits the same ids), source, time, correlation, causation and trace context. Everything is copied.
 * An event without a type, with an extension that has an illegal name, or without a topic to go to, is the program's
 * mistake (see weir_exec_values); an attribute that is no text, and an event beyond message.size.max, are rejected. */
static inline weir_status weir_emit(weir_tx *tx, const weir_event *event);

/* Ask one recipient to do something: a command, imperative, to the topic that its service consumes. */
static inline weir_status weir_send(weir_tx *tx, const char *topic, const weir_event *command);

/* Something that is to happen later: a row of the service's database, in this transaction; undone with it. */
enum { WEIR_TIMER_ID_SIZE_MAX = 255 };
typedef struct weir_timer {
    const char *id;   /* setting a timer with the id of another replaces it, whichever call set it; UTF-8 of 1 to 255
                          bytes. NULL: the event's, which is derived when that is NULL, too */
    int64_t after_ms; /* from now, by a clock that nobody sets; the time in which the service is stopped counts */
    int64_t at_ms;    /* instead: Unix epoch, by the machine's clock. A time that has passed is now */
    const weir_event *event; /* what the handler gets, or what is published; filled in as by weir_emit when it is set */
} weir_timer;

/* Call the service's own handler of the event's type and version, when it is time:
 *
 *     weir_after(tx, &(weir_timer){.id = order_id, .after_ms = 15 * 60 * 1000,
 *                                  .event = &(weir_event){.type = "payment.overdue", .subject = order_id}});
 *
 * The handler is called as for an event that was read: within the unit of work, with its retry policy and its dead letters.
 * event->topic is "NAME.timers", event->timestamp_ms the time for which it was set. Its effects happen once, however
 * often the process dies; what came due while the service was stopped is handled once, in the order in which it came
 * due. Of one batch timers come last, so what is read when a timer comes due and cancels it, wins. A timer waits behind no
 * event of its key and holds none back: look at the state whether it still means something. It is called on the
 * handlers' thread, as soon as it is due and no batch is under way; a change of the machine's clock is seen
 * within a minute. While reading is paused (too much in the outbox, or parked), timers wait.
 *
 * Everything is copied. Errors: a type without handler, after_ms and at_ms together, and what weir_emit calls a mistake are
 * the program's; a time below 0, an id that is none and an event beyond message.size.max are rejected. */
static inline weir_status weir_after(weir_tx *tx, const weir_timer *timer);
/* weir_emit and weir_send at that time: published in the order in which they come due, behind what was emitted
 * before. The event's time is that of setting it. */
static inline weir_status weir_emit_later(weir_tx *tx, const weir_timer *timer);
static inline weir_status weir_send_later(weir_tx *tx, const char *topic, const weir_timer *timer);
/* Take back what was set under this id, by any of the three. weir_changes then says 1, or 0 when there was none (any more).
 */
WEIR_API weir_status weir_cancel(weir_tx *tx, const char *id);

/* Give up on this event: undo, and send it to the dead letter topic with this reason. Returns WEIR_REJECT. */
WEIR_API weir_status weir_reject(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);
/* Stop the service before anything of this batch commits; the log has topic, partition, offset, event and this reason,
 * and the exit status is 1. The event is read again by the next start. Returns WEIR_FATAL. */
WEIR_API weir_status weir_fatal(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);
/* Not now: undo and park. Returns WEIR_RETRY. */
WEIR_API weir_status weir_retry(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);

/* Decode the event's JSON data by table into ret_struct (memory of weir_tx_arena). On failure the transaction is
 * rejected with what was wrong; returns its status. */
static inline weir_status weir_decode(weir_tx *tx, const weir_event *event, const weir_json_field *fields,
                                      void *ret_struct);

/* One struct as JSON, in memory of weir_tx_arena. data NULL after a failure, which is sticky as all are. */
static inline weir_slice weir_encode(weir_tx *tx, const weir_json_field *fields, const void *from);

/* A line in the service's log, with topic, partition, offset and id of the event at hand, or the request. It is written
 * at once, whatever becomes of the transaction, and when its level is that of log.level or above. At most 500 bytes. */
typedef enum weir_level { WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR } weir_level;
WEIR_API void weir_log(const weir_tx *tx, weir_level level, const char *format, ...) WEIR_PRINTF(3, 4);

/* Headers of the record that brought the event at hand, as they came: CloudEvents' (ce_…) and all others. Values are
 * bytes, absent (data NULL) for null; both live until the handler returns. In a route there are none.
 * weir_tx_header: the first of this name (capitals matter), else absent. weir_tx_header_at: at from 0 to the count. */
WEIR_API weir_slice weir_tx_header(const weir_tx *tx, const char *name);
WEIR_API size_t weir_tx_header_count(const weir_tx *tx);
WEIR_API weir_slice weir_tx_header_at(const weir_tx *tx, size_t at, const char **ret_name);

WEIR_API weir_status weir_tx_status(const weir_tx *tx); /* WEIR_DONE until something failed */
WEIR_API weir_arena *weir_tx_arena(weir_tx *tx);        /* memory until the handler returns */
WEIR_API int64_t weir_tx_now_ms(const weir_tx *tx); /* Unix epoch; the service's clock, not the machine's, in tests */
WEIR_API const char *weir_tx_now_text(weir_tx *tx); /* RFC 3339, UTC, milliseconds */
/* A setting of the service by its configuration key, as text; NULL when unknown. Own keys: see weir_service.settings.
 */
WEIR_API const char *weir_tx_setting(const weir_tx *tx, const char *key);

/* What the inline calls above call: they tell the library how large the structs were when the program was compiled. */
WEIR_API weir_status weir_emit_sized(weir_tx *tx, const weir_event *event, size_t event_size);
WEIR_API weir_status weir_send_sized(weir_tx *tx, const char *topic, const weir_event *command, size_t event_size);
WEIR_API weir_status weir_after_sized(weir_tx *tx, const weir_timer *timer, size_t timer_size, size_t event_size);
WEIR_API weir_status weir_emit_later_sized(weir_tx *tx, const weir_timer *timer, size_t timer_size, size_t event_size);
WEIR_API weir_status weir_send_later_sized(weir_tx *tx, const char *topic, const weir_timer *timer, size_t timer_size,
                                           size_t event_size);
WEIR_API weir_status weir_decode_sized(weir_tx *tx, const weir_event *event, const weir_json_field *fields,
                                       size_t field_size, void *ret_struct);
WEIR_API weir_slice weir_encode_sized(weir_tx *tx, const weir_json_field *fields, size_t field_size, const void *from);

static inline weir_status weir_emit(weir_tx *tx, const weir_event *event)
{
    return weir_emit_sized(tx, event, sizeof(*event));
}

static inline weir_status weir_send(weir_tx *tx, const char *topic, const weir_event *command)
{
    return weir_send_sized(tx, topic, command, sizeof(*command));
}

static inline weir_status weir_after(weir_tx *tx, const weir_timer *timer)
{
    return weir_after_sized(tx, timer, sizeof(*timer), sizeof(weir_event));
}

static inline weir_status weir_emit_later(weir_tx *tx, const weir_timer *timer)
{
    return weir_emit_later_sized(tx, timer, sizeof(*timer), sizeof(weir_event));
}

static inline weir_status weir_send_later(weir_tx *tx, const char *topic, const weir_timer *timer)
{
    return weir_send_later_sized(tx, topic, timer, sizeof(*timer), sizeof(weir_event));
}

static inline weir_status weir_decode(weir_tx *tx, const weir_event *event, const weir_json_field *fields,
                                      void *ret_struct)
{
    return weir_decode_sized(tx, event, fields, sizeof(*fields), ret_struct);
}

static inline weir_slice weir_encode(weir_tx *tx, const weir_json_field *fields, const void *from)
{
    return weir_encode_sized(tx, fields, sizeof(*fields), from);
}

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

/* A {name} of the route's path, a query parameter or a header (names of headers ignore case); NULL when absent.
 * The text is the request's and lives as long as it. */
WEIR_API const char *weir_request_path(const weir_http_request *request, const char *name);
WEIR_API const char *weir_request_query(const weir_http_request *request, const char *name);
WEIR_API const char *weir_request_header(const weir_http_request *request, const char *name);
/* All headers in the order in which they came, names as they were sent; a name may come more than once. As long as the
 * request lives. */
WEIR_API const weir_attribute *weir_request_headers(const weir_http_request *request, size_t *ret_count);

typedef struct weir_http_response {
    int status;               /* 200 when 0 */
    const char *content_type; /* "application/json" when NULL */
    const char *location;     /* Location header when set; what a URL may not hold is escaped */
    weir_slice body;          /* memory of weir_tx_arena, or static; at most 64 MiB */
    /* Other headers, memory of weir_tx_arena or static: {"ETag", "\"7\""}, … Names are tokens, values have no control
     * characters, 32 KiB in all; lengths, connection and date are weir's. What cannot be sent is the program's mistake:
     * nothing is committed and the answer is 500. */
    const weir_attribute *headers;
    size_t header_count;
} weir_http_response;

typedef weir_status (*weir_route_fn)(weir_tx *tx, const weir_http_request *request, weir_http_response *response,
                                     void *user);

/* A command (read_only false) runs in the service's transaction beside the events of the same batch; the answer leaves
 * after the commit. A query (read_only true) runs on a read connection of its own, sees one state of the database from its
 * first statement to its last, and can neither write nor emit.
 *
 * Anything but WEIR_DONE undoes all that the route did. WEIR_REJECT is answered 422 with the reason, WEIR_RETRY 503,
 * WEIR_IGNORE 404, a mistake of the program 500. A status that the route has set replaces these if it is 400 or more,
 * so that no success is said of what did not happen. Bodies of errors are {"error": "…"} unless the route set its own.
 */
/* What the header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) is to a command. A command that came with
 * a key is done once: its answer is kept with what it did, for the setting idempotency.window, and is the answer to the
 * same request with the same key, with Idempotency-Replayed: true. The key with another method, path, query or body is
 * answered 422. Only what was done is kept: a request that was refused is tried anew when it comes again. */
typedef enum weir_key_use {
    WEIR_KEY_UNUSED = 0,
    WEIR_KEY_OPTIONAL,
    WEIR_KEY_REQUIRED, /* a request without one is answered 400 */
} weir_key_use;

typedef struct weir_route {
    const char *method;
    const char *path; /* "/orders/{id}"; longest match wins */
    weir_route_fn run;
    bool read_only;
    const char *forward;          /* instead of run: setting key of a base URL that GET requests are passed on to */
    weir_key_use idempotency_key; /* of a command; zero: such a header means nothing to weir */
} weir_route;

/* A setting of the service's own, for configuration file, environment, flags and --help. */
typedef struct weir_setting {
    const char *key; /* "stock.initial": file `stock: {initial: …}`, WEIR_STOCK_INITIAL, --stock-initial */
    const char *fallback;
    const char *help;
} weir_setting;

/* A schedule: call the handler of this type and version at the times of a cron line. The event's subject is the
 * schedule's name, its time that of the run, its data are absent; all else is as for a timer (weir_after).
 *
 *     {.name = "nightly report", .cron = "30 2 * * mon-fri", .type = "report.due"}
 *
 * Five fields: minute 0-59, hour 0-23, day of the month 1-31, month 1-12 or jan-dec, day of the week 0-7 or sun-sat (0
 * and 7 are Sunday); each a star, a value, a range (9-17), either of the first and last with a step (star/15, 9-17/2), or
 * several of these with commas between them. When both days are restricted, either is enough. Or one of @hourly,
 * @daily, @midnight, @weekly, @monthly, @yearly, @annually. Times are UTC: there is no summer time.
 *
 * Runs that were missed are one run, at once. The next run waits for the end of one that is tried again. A schedule
 * whose line is edited, or that is new, first runs at the next time of its line; one that is taken out runs no more.
 * This struct keeps its size for as long as the library keeps its SONAME. */
typedef struct weir_schedule {
    const char *name; /* each once; 1 to 100 bytes of UTF-8 */
    const char *cron;
    const char *type;
    int version; /* 0: 1 */
} weir_schedule;

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
    int http_port;                          /* what the setting http.port is unless given; 0: 8080 */
    const char *const *postgres_migrations; /* instead of `migrations` on a PostgreSQL server; NULL: those */
    const weir_schedule *schedules;         /* {0} at the end */
} weir_service;

/* What a service's tables may say. weir_main checks it before anything starts, names the entry that is wrong on stderr
 * and returns 2: a name of letters, digits, dots, dashes and underscores that is not "weir"; topics that Kafka can have, each
 * once; handlers with a type and a run, one for each type and version; routes with a method that is known, a path of
 * whole segments, and run or forward, each once; settings whose keys are nobody's yet;
 * schedules with a name, each once, a cron line that comes, and a handler. A migration that a database has
 * run may not be edited any more: the service does not start on it, and says which. */

/* Run the service until SIGTERM or SIGINT, then drain. Returns the exit status: 0 drained, 1 failed, 2 usage, which is
 * also a program that was compiled against a later weir. Called once, from the thread that runs the handlers; it starts
 * and ends all others. `service` and what it points to are borrowed until it returns. What is wrong is said on stderr.
 */
static inline int weir_main(int argc, char **argv, const weir_service *service);

/* How large the structs of `service` were when the program was compiled, and against which weir. */
typedef struct weir_layout {
    size_t layout_size;
    int version_number;
    size_t service_size, handler_size, route_size, setting_size;
} weir_layout;

/* What weir_main calls. */
WEIR_API int weir_main_sized(int argc, char **argv, const weir_service *service, const weir_layout *layout);

static inline int weir_main(int argc, char **argv, const weir_service *service)
{
    weir_layout layout;
    layout.layout_size = sizeof(layout);
    layout.version_number = WEIR_VERSION_NUMBER;
    layout.service_size = sizeof(weir_service);
    layout.handler_size = sizeof(weir_handler);
    layout.route_size = sizeof(weir_route);
    layout.setting_size = sizeof(weir_setting);
    return weir_main_sized(argc, argv, service, &layout);
}

WEIR_END_C

/* ---- weir_exec and weir_query, in the form of each language */

#ifdef __cplusplus

template <typename... Values> inline weir_status weir_exec(weir_tx *tx, const char *sql, Values... values)
{
    return weir_exec_values(tx, sql, weir_values(values...));
}

template <typename... Values> inline weir_rows *weir_query(weir_tx *tx, const char *sql, Values... values)
{
    return weir_query_values(tx, sql, weir_values(values...));
}

#else

#define WEIR_SQL_AND_VALUES(sql, ...) (sql), ((const weir_value[]){__VA_ARGS__})
#define weir_exec(tx, ...)            weir_exec_values((tx), WEIR_SQL_AND_VALUES(__VA_ARGS__, WEIR_END))
#define weir_query(tx, ...)           weir_query_values((tx), WEIR_SQL_AND_VALUES(__VA_ARGS__, WEIR_END))

#endif

#endif
