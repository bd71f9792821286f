/* weir_main: a core with a process around it.
 *
 *   configuration, checked → HTTP (so that /livez answers) → Kafka, waited for → topics that are missing → core → turns
 *   SIGTERM, SIGINT: no more records, the outbox is published, positions are told, the group is left → exit 0
 *
 * A stop has a deadline (drain.timeout and STOP_MARGIN_MS), the second signal ends the process at once: io/stop.h. Both
 * are as a crash would be, and lose nothing. Threads of librdkafka's that do not end are left behind; the database is
 * closed all the same, and then the process ends without waiting for them.
 *
 * Threads: this one is the core's database side, and the core has one for its Kafka side (pipeline.c); the HTTP server
 * has its own; one waits for signals. The database belongs to one process: NAME.lock beside it is held while it runs. */
#include "check.h"
#include "core.h"
#include "layout_int.h"
#include "needed_topics.h"
#include "routes.h"
#include "settings.h"

#include <base/address.h>
#include <event/letter.h>
#include <io/process.h>
#include <io/stop.h>
#include <io/terminal.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    STOP_MARGIN_MS = 12000, /* to finish the turn under way, and to end what runs */
    HELP_SIZE_MAX = 1 << 20,
    DESCRIPTORS_MIN = 64, /* of which a service of the marketplace has 34 open when it is idle */
    DESCRIPTOR_RESERVE = 256,
    AGAIN_AFTER_MS = 100, /* a core that ended with its database; then twice as long, and so on */
    AGAIN_AFTER_MAX_MS = 5000,
    RUN_LONG_MS = 30000
};

extern char **environ;

typedef struct app {
    const weir_service *service;
    wr_settings settings;
    wr_io *io;
    wr_trace trace;
    wr_stop *stop;
    wr_file *lock;
    wr_client *client;
    wr_routes *routes;
    wr_http_server *server;
    wr_core *core;
    char database[1024], attempt_path[1032];
    char redrive_topic[WR_TOPIC_NAME_SIZE]; /* "": none is read */
    bool was_announced;
    pthread_mutex_t wake_lock; /* what follows */
    wr_core *core_to_wake;     /* NULL while there is none */
    weir_failure failure;
} app;

static const char *text_of(const app *app, const char *key)
{
    return wr_config_text(app->settings.config, key);
}

static int number_of(const app *app, const char *key)
{
    return (int)wr_config_int(app->settings.config, key);
}

static const char *name_of(const app *app)
{
    const char *name = text_of(app, "name");
    return name && *name ? name : app->service->name;
}

/* ---- diagnostics */

static void write_line(void *unused, const char *line, size_t size)
{
    (void)unused;
    if (wr_descriptor_write(WR_STDERR, line, size) != WEIR_OK)
        return; /* nobody reads our words: nobody to tell */
}

static int64_t clock_ms(void *io)
{
    return wr_now_ms(io);
}

static weir_err start_trace(app *app)
{
    const char *format = text_of(app, "log.format");
    app->trace =
        (wr_trace){.json = strcmp(format, "json") == 0 || (strcmp(format, "auto") == 0 && !wr_terminal_is(WR_STDERR)),
                   .write = write_line,
                   .now_ms = clock_ms,
                   .clock = app->io,
                   .component = name_of(app)};
    return wr_level_parse(text_of(app, "log.level"), &app->trace.level);
}

static int print_help(const app *app)
{
    wr_buf help;
    wr_buf_init(&help, HELP_SIZE_MAX);
    wr_settings_help(&app->settings, app->service, &help);
    weir_err err = wr_descriptor_write(WR_STDOUT, help.data, help.size);
    wr_buf_fini(&help);
    return err == WEIR_OK ? 0 : EXIT_FAILED;
}

/* ---- signals */

/* On the thread of the signals. */
static void on_asked_to_stop(void *user)
{
    app *app = user;
    pthread_mutex_lock(&app->wake_lock);
    if (app->core_to_wake)
        wr_core_wake(app->core_to_wake);
    pthread_mutex_unlock(&app->wake_lock);
}

static void set_core_to_wake(app *app, wr_core *core)
{
    pthread_mutex_lock(&app->wake_lock);
    app->core_to_wake = core;
    pthread_mutex_unlock(&app->wake_lock);
}

static weir_err start_stop(app *app)
{
    wr_stop_options options = {.deadline_ms = number_of(app, "drain.timeout") + STOP_MARGIN_MS,
                               .trace = &app->trace,
                               .asked = on_asked_to_stop,
                               .user = app};
    weir_err err = wr_stop_new(&options, &app->stop);
    return err == WEIR_OK ? err : weir_fail(&app->failure, err, "signals cannot be watched");
}

/* ---- starting, in order */

/* On a server each service has a schema of its own, which has its name unless the URL says another. */
static weir_err find_database(app *app, const char *directory)
{
    const char *url = text_of(app, "database");
    bool has_schema = strstr(url, "?schema=") || strstr(url, "&schema=");
    int size = !*url        ? snprintf(app->database, sizeof app->database, "%s/%s.db", directory, name_of(app))
               : has_schema ? snprintf(app->database, sizeof app->database, "%s", url)
                            : snprintf(app->database, sizeof app->database, "%s%sschema=%s", url,
                                       strchr(url, '?') ? "&" : "?", name_of(app));
    return size >= 0 && (size_t)size < sizeof app->database
               ? WEIR_OK
               : weir_fail(&app->failure, WEIR_E_LIMIT, *url ? "database is too long" : "data.dir is too long");
}

static weir_err lock_database(app *app)
{
    const char *directory = text_of(app, "data.dir");
    char path[sizeof app->database + 8];
    weir_err err = wr_dir_create(app->io, directory);
    if (err != WEIR_OK)
        return weir_fail(&app->failure, err, "data.dir %s cannot be made: %s", directory, strerror(errno));
    char own[300]; /* of this process */
    const char *instance = text_of(app, "instance");
    snprintf(own, sizeof own, "%s%s%s", name_of(app), *instance ? "-" : "", instance);
    int size = snprintf(path, sizeof path, "%s/%s.lock", directory, own);
    int attempt_size = snprintf(app->attempt_path, sizeof app->attempt_path, "%s/%s.attempt", directory, own);
    if (size < 0 || (size_t)size >= sizeof path || (size_t)attempt_size >= sizeof app->attempt_path)
        return weir_fail(&app->failure, WEIR_E_LIMIT, "data.dir is too long");
    err = find_database(app, directory);
    if (err != WEIR_OK)
        return err;
    err = wr_file_open(app->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &app->lock);
    if (err == WEIR_OK)
        err = wr_file_lock(app->lock);
    if (err == WEIR_E_AGAIN)
        return weir_fail(&app->failure, err,
                         wr_store_is_server(app->database)
                             ? "another process has %s; give this one a data.dir of its own"
                             : "another process runs on it (%s); give this one a data.dir or name of its own",
                         path);
    return err == WEIR_OK ? err : weir_fail(&app->failure, err, "%s: %s", path, strerror(errno));
}

static size_t size_of(const app *app, const char *key)
{
    return (size_t)wr_config_int(app->settings.config, key);
}

/* As many connections as the settings say, but always some descriptors left for the database and Kafka: an accept that
 * fails for want of them would shut health out. */
static int connections_max(const app *app)
{
    int wanted = number_of(app, "http.connections.max");
    int64_t most = wr_self_descriptors_raise();
    most -= most / 2 < DESCRIPTOR_RESERVE ? most / 2 : DESCRIPTOR_RESERVE;
    if (wanted <= most)
        return wanted;
    wr_trace_log(&app->trace, WR_WARN,
                 "fewer connections than http.connections.max: the process may open too few files",
                 WR_NUMBER("wanted", wanted), WR_NUMBER("connections", most));
    return (int)most;
}

static weir_err start_http(app *app)
{
    weir_err err = wr_routes_new(app->service, app->settings.config, app->io, &app->routes, &app->failure);
    if (err != WEIR_OK)
        return err;
    wr_http_options options = {.host = text_of(app, "http.host"),
                               .port = number_of(app, "http.port"),
                               .thread_count = number_of(app, "http.threads"),
                               .connection_max = connections_max(app),
                               .request_max = number_of(app, "http.requests.max"),
                               .memory_max = size_of(app, "http.memory.max"),
                               .head_size_max = size_of(app, "http.head.max"),
                               .body_size_max = size_of(app, "http.body.max"),
                               .head_timeout_ms = number_of(app, "http.head.timeout"),
                               .body_timeout_ms = number_of(app, "http.body.timeout"),
                               .answer_timeout_ms = number_of(app, "http.answer.timeout"),
                               .idle_timeout_ms = number_of(app, "http.idle.timeout"),
                               .urgent_paths = wr_routes_urgent_paths,
                               .handle = wr_routes_handle,
                               .user = app->routes,
                               .trace = &app->trace,
                               .io = app->io};
    weir_failure failure = {0};
    err = wr_http_server_start(&options, &app->server, &failure);
    if (err != WEIR_OK)
        return weir_fail(&app->failure, err, "%.200s (settings http.host, http.port)", failure.sentence);
    if (err == WEIR_OK)
        wr_trace_log(&app->trace, WR_INFO, "serving HTTP", WR_TEXT("host", options.host),
                     WR_NUMBER("port", wr_http_server_port(app->server)));
    return err;
}

static weir_err make_topics(app *app)
{
    const wr_needed_topics needed = {.service = app->service,
                                     .name = name_of(app),
                                     .config = app->settings.config,
                                     .client = app->client,
                                     .stop = app->stop,
                                     .routes = app->routes,
                                     .trace = &app->trace,
                                     .redrive = app->redrive_topic};
    return wr_needed_topics_make(&needed, &app->failure);
}

/* The topic by which events are put back for this group alone; its name is known to weir dlq redrive by the group's. */
static weir_err find_redrive_topic(app *app)
{
    char group[WR_TOPIC_NAME_SIZE];
    const char *given = text_of(app, "group"), *how = text_of(app, "redrive");
    bool wants = strcmp(how, "on") == 0 || (strcmp(how, "auto") == 0 && number_of(app, "topic.partitions") > 0);
    if (!wants || !app->service->consumes)
        return WEIR_OK;
    int size =
        snprintf(group, sizeof group, "%s%s", text_of(app, "topic.prefix"), given && *given ? given : name_of(app));
    bool has_topic = size > 0 && (size_t)size < sizeof group && wr_redrive_topic_of(group, app->redrive_topic);
    if (!has_topic && strcmp(how, "on") == 0)
        return weir_fail(
            &app->failure, WEIR_E_USAGE,
            "redrive: the group '%.60s' makes no name of a topic with .redrive behind it: " WR_TOPIC_NAME_RULE, group);
    return WEIR_OK;
}

/* A setting of librdkafka, unless the user has said something about it. */
static weir_err set_by_default(app *app, const char *key, const char *value)
{
    wr_config *config = app->settings.config;
    const char *name, *known, *short_key = key + strlen("kafka.");
    for (size_t at = 0; wr_config_next(config, "kafka.", &at, &name, &known);)
        if (strcmp(name, key) == 0 || strcmp(name, short_key) == 0)
            return WEIR_OK;
    return wr_config_set(config, key, value, "default", &app->failure);
}

/* A static member of its group, named as the database, or as the instance among several on one: after a crash the next process takes the partitions back at once
 * instead of waiting for the session of the dead one to end. So the session may be long, and must be: a broker that is
 * away for longer than it makes librdkafka join anew, and what it had sent under its old name gets it fenced. */
static weir_err be_static_member(app *app)
{
    const char *instance = text_of(app, "instance");
    char id[300];
    if (*text_of(app, "database") && !*instance) /* others may have the same name */
        return WEIR_OK;
    snprintf(id, sizeof id, "%s%s%s", name_of(app), *instance ? "-" : "", instance);
    weir_err err = set_by_default(app, "kafka.group.instance.id", id);
    return err == WEIR_OK ? set_by_default(app, "kafka.session.timeout.ms", "45000") : err;
}

/* What Kafka's client finds wrong, before anything is made or served. */
static weir_err make_client(app *app)
{
    weir_err err = app->service->consumes ? be_static_member(app) : WEIR_OK;
    if (err == WEIR_OK)
        err = wr_client_new(app->settings.config, &app->trace, &app->client, &app->failure);
    return err == WEIR_OK ? wr_client_check(app->client, app->service->consumes ? name_of(app) : NULL, &app->failure)
                          : err;
}

static weir_err start_core(app *app)
{
    const wr_config *config = app->settings.config;
    const char *group = text_of(app, "group");
    wr_core_options options = {
        .service = app->service,
        .name = name_of(app),
        .group = group && *group ? group : NULL,
        .topic_prefix = text_of(app, "topic.prefix"),
        .database = app->database,
        .attempt_path = app->attempt_path,
        .store_flags = wr_config_bool(config, "durable") ? 0 : WR_STORE_NOT_DURABLE,
        .client = app->client,
        .trace = &app->trace,
        .io = app->io,
        .config = config,
        .batch_max = (size_t)wr_config_int(config, "batch.max"),
        .outbox_max = (size_t)wr_config_int(config, "outbox.max"),
        .parked_max = (size_t)wr_config_int(config, "parked.max"),
        .insert_poll_ms = wr_config_int(config, "outbox.poll"),
        .insert_topic = *text_of(app, "outbox.topic") ? text_of(app, "outbox.topic") : NULL,
        .message_size_max = (size_t)wr_config_int(config, "message.size.max"),
        .breaker_rejections =
            wr_config_int(config, "breaker.rejections") ? wr_config_int(config, "breaker.rejections") : -1,
        .breaker_window = wr_config_int(config, "breaker.window"),
        .breaker_pause_ms = wr_config_int(config, "breaker.pause"),
        .seen_window_ms = wr_config_int(config, "seen.window"),
        .answer_window_ms = wr_config_int(config, "idempotency.window"),
        .redrive_topic = app->redrive_topic[0] ? app->redrive_topic : NULL,
        .spring_letters = strcmp(text_of(app, "dead.letter.headers"), "spring") == 0,
        .linger_ms = number_of(app, "producer.linger"),
        .compression = text_of(app, "producer.compression"),
    };
    weir_err err = wr_core_new(&options, &app->core, &app->failure);
    if (err != WEIR_OK)
        return err;
    err = wr_core_start(app->core, &app->failure);
    if (err != WEIR_OK)
        return err;
    wr_routes_set_core(app->routes, app->core);
    set_core_to_wake(app, app->core);
    return WEIR_OK;
}

/* ---- running */

static void announce(app *app)
{
    wr_buf text;
    wr_buf_init(&text, 4096);
    app->was_announced = wr_core_health(app->core, &text);
    wr_buf_fini(&text);
    if (!app->was_announced)
        return;
    wr_trace_log(&app->trace, WR_INFO, "ready", WR_TEXT("outbox", wr_core_outbox_id(app->core)));
    int fd = number_of(app, "ready.fd");
    char address[280], line[512]; /* names of services and hosts are shorter than 256 */
    wr_address_print(address, sizeof address, text_of(app, "http.host"), wr_http_server_port(app->server));
    snprintf(line, sizeof line, "{\"service\":\"%s\",\"http\":\"http://%s\"}", name_of(app), address);
    if (fd >= 0 && wr_descriptor_write_line(fd, line) != WEIR_OK)
        wr_trace_log(&app->trace, WR_WARN, "nobody reads --ready-fd", WR_NUMBER("fd", fd));
}

static weir_err run(app *app)
{
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && !wr_stop_asked(app->stop)) {
        if (!app->was_announced)
            announce(app);
        err = wr_core_turn(app->core, -1, &app->failure);
    }
    if (err == WEIR_OK) {
        wr_trace_log(&app->trace, WR_INFO, "draining", WR_NUMBER("outbox", wr_core_outbox_count(app->core)));
        err = wr_core_drain(app->core, number_of(app, "drain.timeout"), &app->failure);
    }
    return err;
}

static void end_core(app *app, bool settles)
{
    set_core_to_wake(app, NULL);
    wr_routes_set_core(app->routes, NULL);
    if (app->core && settles)
        wr_core_settle(app->core, number_of(app, "drain.timeout"));
    wr_core_free(app->core);
    app->core = NULL;
}

/* A server comes back, and somebody newer has the partitions only: then a core ends as in a crash, and another one begins
 * with what is stored. */
static bool begins_anew(const app *app, weir_err err)
{
    bool is_of_the_moment = err == WEIR_E_UNREACHABLE || err == WEIR_E_FENCED || err == WEIR_E_AGAIN ||
                            err == WEIR_E_TIMEOUT || err == WEIR_E_FULL;
    return is_of_the_moment && wr_store_is_server(app->database);
}

/* Once for each cause: a process that waits for another, or for a server, tries again and again. */
static void say_anew(app *app, weir_err err, char *last, size_t size)
{
    char waits[300];
    bool waits_for_other = err == WEIR_E_AGAIN && !app->was_announced;
    snprintf(waits, sizeof waits, "%s%.250s",
             waits_for_other ? "" : "waiting for the database: ", app->failure.sentence);
    wr_routes_say(app->routes, waits);
    if (strcmp(last, app->failure.sentence) == 0)
        return;
    snprintf(last, size, "%s", app->failure.sentence);
    wr_trace_log(&app->trace, WR_WARN, "the service begins anew with what its database has",
                 WR_TEXT("error", app->failure.sentence), WR_TEXT("kind", weir_err_name(err)));
}

static weir_err keep_core(app *app)
{
    int64_t delay_ms = 0;
    char said[sizeof app->failure.sentence] = "";
    for (;;) {
        int64_t begun_us = wr_mono_us(app->io);
        app->failure = (weir_failure){0};
        weir_err err = start_core(app);
        bool has_started = err == WEIR_OK;
        if (has_started)
            err = run(app);
        if (!begins_anew(app, err) || (has_started && wr_stop_asked(app->stop)))
            return err; /* a drain that did not get to its end is a failure */
        end_core(app, err != WEIR_E_UNREACHABLE);
        bool has_run = wr_mono_us(app->io) - begun_us > (int64_t)RUN_LONG_MS * 1000;
        if (has_run)
            said[0] = 0;
        say_anew(app, err, said, sizeof said);
        delay_ms = has_run || !delay_ms ? AGAIN_AFTER_MS : delay_ms * 2;
        delay_ms = delay_ms < AGAIN_AFTER_MAX_MS ? delay_ms : AGAIN_AFTER_MAX_MS;
        if (wr_stop_wait(app->stop, (int)(delay_ms / 2 + (int64_t)(wr_random_u64(app->io) % (uint64_t)delay_ms) / 2)))
            return WEIR_E_CLOSED;
    }
}

static weir_err start_and_run(app *app)
{
    weir_err err = lock_database(app);
    if (err == WEIR_OK)
        err = start_stop(app); /* before any other thread starts */
    if (err == WEIR_OK)
        err = start_http(app);
    if (err == WEIR_OK)
        err = make_topics(app);
    return err == WEIR_OK ? keep_core(app) : err;
}

/* False: threads were left behind. */
static bool stop(app *app)
{
    if (app->stop)
        wr_stop_begin(app->stop);
    set_core_to_wake(app, NULL);
    if (app->core)
        wr_core_settle(app->core, number_of(app, "drain.timeout"));
    wr_http_server_stop(app->server);
    wr_core_free(app->core);
    wr_routes_free(app->routes);
    bool all_ended = wr_client_free(app->client);
    wr_file_close(app->lock);
    return all_ended;
}

static int serve(app *app)
{
    weir_err err = start_and_run(app);
    int status = err == WEIR_OK || err == WEIR_E_CLOSED ? 0 : EXIT_FAILED;
    if (status != 0)
        wr_trace_log(&app->trace, WR_ERROR, "stopping", WR_TEXT("error", app->failure.sentence),
                     WR_TEXT("kind", weir_err_name(err)));
    bool all_ended = stop(app);
    wr_trace_log(&app->trace, WR_INFO, "stopped", WR_NUMBER("status", status));
    if (!all_ended)
        wr_self_exit(status);
    wr_stop_free(app->stop);
    return status;
}

/* A warning: another program may have such a variable. */
static void say_misspelt(app *app)
{
    char name[64], meant[64];
    for (size_t at = 0; wr_config_misspelt(app->settings.config, environ, &at, name, meant);)
        wr_trace_log(&app->trace, WR_WARN, "a variable is not known, and has no effect", WR_TEXT("variable", name),
                     WR_TEXT("meant", meant));
}

/* Before anything is opened: what is refused here fails later where nobody says why. */
static weir_err check_descriptors(app *app)
{
    int64_t most = wr_self_descriptors_raise();
    int ready_fd = number_of(app, "ready.fd");
    if (most < DESCRIPTORS_MIN)
        return weir_fail(&app->failure, WEIR_E_LIMIT,
                         "this process may open %lld files, and a service needs %d: ulimit -n 1024", (long long)most,
                         (int)DESCRIPTORS_MIN);
    if (ready_fd >= 0 && !wr_descriptor_is_writable(ready_fd))
        return weir_fail(&app->failure, WEIR_E_USAGE, "--ready-fd %d is no descriptor that is open for writing",
                         ready_fd);
    return WEIR_OK;
}

/* Everything that can be wrong with what the user said, before anything starts. */
static weir_err prepare(app *app)
{
    weir_err err = check_descriptors(app);
    if (err == WEIR_OK)
        err = start_trace(app);
    if (err == WEIR_OK)
        err = wr_settings_check(&app->settings, app->service, &app->failure);
    if (err == WEIR_OK)
        err = find_redrive_topic(app);
    return err == WEIR_OK ? make_client(app) : err;
}

static int service_main(int argc, char **argv, const weir_service *service)
{
    weir_failure wrong = {0};
    if (wr_check_service(service, &wrong) != WEIR_OK) {
        fprintf(stderr, "%s: this service is put together wrongly: %s\n", service->name ? service->name : "weir",
                wrong.sentence);
        return EXIT_USAGE;
    }
    app app = {.service = service, .wake_lock = PTHREAD_MUTEX_INITIALIZER};
    int status = EXIT_USAGE;
    if (wr_io_real_new(&app.io) != WEIR_OK)
        return EXIT_FAILED;
    weir_err err = wr_settings_read(&app.settings, service, argc, argv, environ, app.io, &app.failure);
    if (err == WEIR_OK)
        err = wr_check_name(name_of(&app), &app.failure);
    bool runs = err == WEIR_OK && !app.settings.wants_help && !app.settings.wants_version;
    if (runs)
        err = prepare(&app);
    if (err != WEIR_OK) {
        fprintf(stderr, "%s: %s\n", service->name, app.failure.sentence);
        status = err == WEIR_E_MEMORY ? EXIT_FAILED : EXIT_USAGE;
        if (!wr_client_free(app.client))
            wr_self_exit(status);
    } else if (app.settings.wants_help) {
        status = print_help(&app);
    } else if (app.settings.wants_version) {
        printf("%s, weir " WEIR_VERSION "\n", service->name);
        status = 0;
    } else {
        say_misspelt(&app);
        status = serve(&app);
    }
    wr_settings_fini(&app.settings);
    wr_io_free(app.io);
    return status;
}

int weir_main_sized(int argc, char **argv, const weir_service *service, const weir_layout *layout)
{
    wr_descriptors_fill_standard();
    wr_self_file_size_errors();
    wr_layout today;
    weir_failure failure = {0};
    if (wr_layout_read(&today, service, layout, &failure) != WEIR_OK) {
        fprintf(stderr, "weir: %s\n", failure.sentence);
        return EXIT_USAGE;
    }
    int status = service_main(argc, argv, &today.service);
    wr_layout_fini(&today);
    return status;
}
