/* Ports are chosen, and those asked for are tried, before any process starts; then folders, the broker, the services.
 */
#include <demo/supervisor.h>

#include <errno.h>
#include <http/http.h>
#include <io/loop.h>
#include <io/process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIGNAL_KILL = 9, SIGNAL_TERM = 15 };
enum { CHILD_COUNT_MAX = WR_SERVICE_COUNT + 1, ARGUMENTS_MAX = 32, CRASHES_MAX = 5, ARENA_SIZE = 1 << 20 };

typedef struct worker {
    const char *name;
    const char *argv[ARGUMENTS_MAX];
    const char *log_path;
    int port; /* HTTP port of a service, Kafka port of the broker */
    wr_process *process;
    bool killed; /* by us: the end that comes is no crash */
    int64_t kill_count, crash_count;
    bool tells; /* writes a line to descriptor 3 when it is ready */
} worker;

struct wr_supervisor {
    wr_supervisor_options options;
    weir_arena *arena;
    const char *bootstrap;
    worker children[CHILD_COUNT_MAX];
    int child_count; /* services first, then the broker */
    int service_count;
    int64_t crash_count;
};

static const char *print(wr_supervisor *self, const char *format, ...) WEIR_PRINTF(2, 3);
static const char *print(wr_supervisor *self, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return weir_arena_dup_text(self->arena, weir_slice_of(text));
}

static weir_err start_child(worker *child, weir_failure *failure)
{
    wr_process_free(child->process);
    child->process = NULL;
    child->killed = false;
    return wr_process_start(
        &(wr_process_options){
            .argv = child->argv, .stdout_path = child->log_path, .stderr_path = child->log_path, .ready = child->tells},
        &child->process, failure);
}

/* A port that is free now. Whoever is told it listens a moment later: nobody else on this host should be as quick. */
static void refuse(void *user, wr_stream *stream)
{
    (void)user;
    wr_stream_close(stream);
}

/* *port 0: any below those that the system gives to outgoing connections. While a child is dead somebody would else get
 * its port, be it a client that connects to that very port and so to itself, and it could not be started again. */
static weir_err find_port(wr_supervisor *self, int *port)
{
    enum { FIRST = 10240, PAST = 32768, ATTEMPT_MAX = 200 };
    wr_loop *loop;
    wr_listener *listener;
    weir_err err = wr_loop_new(self->options.io, &loop);
    if (err != WEIR_OK)
        return err;
    int wanted = *port;
    for (int i = 0; i == 0 || (*port == 0 && err == WEIR_E_EXISTS && i < ATTEMPT_MAX); i++) {
        if (*port == 0)
            wanted = FIRST + (int)(wr_random_u64(self->options.io) % (PAST - FIRST));
        err = wr_listen(loop, "127.0.0.1", wanted, refuse, NULL, &listener, NULL);
    }
    if (err == WEIR_OK) {
        *port = wanted;
        wr_listener_close(listener);
    }
    wr_loop_free(loop);
    return err;
}

/* Before anything starts: each of the ports is free, or has a sentence of its own. */
static weir_err check_port(wr_supervisor *self, int *port, const char *whose, const char *option, weir_failure *failure)
{
    int wanted = *port;
    weir_err err = find_port(self, port);
    if (err == WEIR_E_EXISTS)
        return weir_fail(failure, err,
                         "port %d, for %s, is taken by another program: stop that, or choose another with %s", wanted,
                         whose, option);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "port %d, for %s, cannot be listened on: %s", wanted, whose, strerror(errno));
    return WEIR_OK;
}

/* ---- command lines */
static void set_arguments(wr_supervisor *self, worker *child, const char *const *arguments)
{
    int count = 0;
    for (; arguments[count] && count < ARGUMENTS_MAX - 1; count++)
        child->argv[count] = arguments[count];
    child->log_path = print(self, "%s/logs/%s.log", self->options.data, child->name);
}

static void describe_broker(wr_supervisor *self)
{
    worker *broker = &self->children[self->child_count++];
    broker->name = "broker";
    broker->port = self->options.broker_port;
    broker->tells = true;
    const char *const arguments[] = {self->options.own_path,
                                     "server",
                                     "--data",
                                     print(self, "%s/broker", self->options.data),
                                     "--port",
                                     print(self, "%d", broker->port),
                                     "--profile",
                                     "development",
                                     "--num-partitions",
                                     print(self, "%d", self->options.partitions),
                                     "--ready-fd",
                                     "3",
                                     NULL};
    set_arguments(self, broker, arguments);
}

static void describe_service(wr_supervisor *self, int at)
{
    worker *service = &self->children[self->child_count++];
    service->name = wr_marketplace[at].name;
    const char *arguments[ARGUMENTS_MAX] = {print(self, "%s/%s", self->options.services, service->name),
                                            "--bootstrap-servers",
                                            self->bootstrap,
                                            "--data-dir",
                                            print(self, "%s/services", self->options.data),
                                            "--http-port",
                                            print(self, "%d", service->port),
                                            "--topic-partitions",
                                            print(self, "%d", self->options.partitions)};
    int count = 9;
    if (self->options.topic_prefix) {
        arguments[count++] = "--topic-prefix";
        arguments[count++] = self->options.topic_prefix;
    }
    if (at == 0) {
        arguments[count++] = "--analytics-url";
        arguments[count++] = print(self, "http://127.0.0.1:%d", self->children[1].port);
    }
    set_arguments(self, service, arguments);
}

static weir_err describe_children(wr_supervisor *self, weir_failure *failure)
{
    for (int i = 0; i < WR_SERVICE_COUNT; i++) {
        self->children[i].port = i == 0 ? self->options.gateway_port : 0;
        weir_err err = check_port(self, &self->children[i].port, print(self, "the %s", wr_marketplace[i].name),
                                  "--http-port N (make run HTTP_PORT=N)", failure);
        if (err != WEIR_OK)
            return err;
    }
    for (int i = 0; i < WR_SERVICE_COUNT; i++)
        describe_service(self, i);
    self->service_count = WR_SERVICE_COUNT;
    if (!self->options.kafka)
        describe_broker(self);
    return WEIR_OK;
}

/* The last line that a child wrote: most often why it ended. In the arena; "" when there is none. */
static const char *last_words(wr_supervisor *self, const worker *child)
{
    enum { TAIL_SIZE = 400 };
    char tail[TAIL_SIZE + 1];
    wr_file *file;
    int64_t file_size = 0;
    size_t size = 0;
    if (wr_file_open(self->options.io, child->log_path, WR_FILE_READ, &file) != WEIR_OK)
        return "";
    if (wr_file_size(file, &file_size) != WEIR_OK ||
        wr_file_read(file, file_size > TAIL_SIZE ? file_size - TAIL_SIZE : 0, tail, TAIL_SIZE, &size) != WEIR_OK)
        size = 0;
    wr_file_close(file);
    while (size > 0 && tail[size - 1] == '\n')
        size--;
    tail[size] = '\0';
    const char *line = strrchr(tail, '\n');
    const char *copy = print(self, "%.150s", line ? line + 1 : tail);
    return copy ? copy : "";
}

/* ---- start */
static weir_err make_folders(wr_supervisor *self, weir_failure *failure)
{
    static const char *const folders[] = {"logs", "services", "broker"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = print(self, "%s/%s", self->options.data, folders[i]);
        weir_err err = path ? wr_dir_create(self->options.io, path) : WEIR_E_MEMORY;
        if (err != WEIR_OK)
            return weir_fail(failure, err, "the folder %s cannot be made: %s; is another --data better?", path,
                             strerror(errno));
    }
    return WEIR_OK;
}

/* The services start when it is ours that listens: whoever else has the port must not get our orders. */
static weir_err start_broker(wr_supervisor *self, weir_failure *failure)
{
    enum { BROKER_READY_MS = 30000 };
    worker *broker = &self->children[self->service_count];
    char line[256];
    weir_err err = start_child(broker, failure);
    if (err == WEIR_OK && wr_process_read_line(broker->process, WR_PROCESS_READY, BROKER_READY_MS, line, sizeof line))
        err = weir_fail(failure, WEIR_E_BROKEN, "the broker does not start: %s (%s)", last_words(self, broker),
                        broker->log_path);
    return err;
}

weir_err wr_supervisor_start(const wr_supervisor_options *options, wr_supervisor **ret_supervisor,
                             weir_failure *failure)
{
    wr_supervisor *self = calloc(1, sizeof *self);
    if (!self || !(self->arena = weir_arena_new(ARENA_SIZE))) {
        free(self);
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    }
    self->options = *options;
    weir_err err = WEIR_OK;
    if (!options->kafka)
        err = check_port(self, &self->options.broker_port, "the broker", "--port N (make run PORT=N)", failure);
    self->bootstrap = options->kafka ? options->kafka : print(self, "127.0.0.1:%d", self->options.broker_port);
    if (err == WEIR_OK)
        err = describe_children(self, failure);
    if (err == WEIR_OK)
        err = make_folders(self, failure);
    if (err == WEIR_OK && !options->kafka)
        err = start_broker(self, failure);
    for (int i = 0; i < self->service_count && err == WEIR_OK; i++)
        err = start_child(&self->children[i], failure);
    if (err != WEIR_OK) {
        wr_supervisor_free(self);
        return err;
    }
    *ret_supervisor = self;
    return WEIR_OK;
}

static bool service_ready(const worker *service)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", service->port);
    wr_http_client *client;
    wr_http_reply reply;
    if (wr_http_client_new(url, 1000, &client, NULL) != WEIR_OK)
        return false;
    bool ready =
        wr_http_call(client, "GET", "/readyz", NULL, (weir_slice){0}, &reply, NULL) == WEIR_OK && reply.status == 200;
    wr_http_client_free(client);
    return ready;
}

weir_err wr_supervisor_wait_ready(wr_supervisor *self, int timeout_ms, bool (*stop)(void *user), void *user,
                                  weir_failure *failure)
{
    int64_t deadline_us = wr_mono_us(self->options.io) + (int64_t)timeout_ms * 1000;
    int ready = 0;
    while (ready < self->service_count) {
        weir_err err = wr_supervisor_tick(self, failure);
        if (err != WEIR_OK)
            return err;
        if (stop(user))
            return weir_fail(failure, WEIR_E_CLOSED, "interrupted");
        if (service_ready(&self->children[ready])) {
            ready++;
        } else if (wr_mono_us(self->options.io) > deadline_us) {
            return weir_fail(failure, WEIR_E_TIMEOUT, "the %s service is not ready after %d s; see %s",
                             self->children[ready].name, timeout_ms / 1000, self->children[ready].log_path);
        } else {
            wr_process_end end; /* a short wait that notices its end; the tick acts on it */
            if (wr_process_wait(self->children[ready].process, 20, &end) != WEIR_OK)
                continue;
        }
    }
    return WEIR_OK;
}

/* ---- run */
weir_err wr_supervisor_tick(wr_supervisor *self, weir_failure *failure)
{
    for (int i = 0; i < self->child_count; i++) {
        worker *child = &self->children[i];
        wr_process_end end = {0};
        if (wr_process_wait(child->process, 0, &end) != WEIR_OK)
            continue;
        if (!child->killed) {
            self->crash_count++;
            if (++child->crash_count > CRASHES_MAX)
                return weir_fail(failure, WEIR_E_BROKEN, "%s ends again and again: %s (all in %s)", child->name,
                                 last_words(self, child), child->log_path);
        }
        weir_err err = start_child(child, failure);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

void wr_supervisor_kill(wr_supervisor *self, int at)
{
    worker *child = &self->children[at];
    child->killed = true;
    child->kill_count++;
    wr_process_signal(child->process, SIGNAL_KILL);
}

int wr_supervisor_child_count(const wr_supervisor *self)
{
    return self->child_count;
}

const char *wr_supervisor_child_name(const wr_supervisor *self, int at)
{
    return self->children[at].name;
}

int64_t wr_supervisor_kill_count(const wr_supervisor *self, int at)
{
    return self->children[at].kill_count;
}

int64_t wr_supervisor_crash_count(const wr_supervisor *self)
{
    return self->crash_count;
}

int wr_supervisor_service_port(const wr_supervisor *self, int service)
{
    return self->children[service].port;
}

const char *wr_supervisor_bootstrap(const wr_supervisor *self)
{
    return self->bootstrap;
}

/* ---- stop */
static bool stop_children(wr_supervisor *self, int first, int past, int timeout_ms)
{
    bool drained = true;
    int64_t deadline_us = wr_mono_us(self->options.io) + (int64_t)timeout_ms * 1000;
    for (int i = first; i < past; i++)
        if (self->children[i].process)
            wr_process_signal(self->children[i].process, SIGNAL_TERM);
    for (int i = first; i < past; i++) {
        worker *child = &self->children[i];
        int64_t left_ms = (deadline_us - wr_mono_us(self->options.io)) / 1000;
        wr_process_end end = {0};
        if (child->process &&
            (wr_process_wait(child->process, left_ms > 0 ? (int)left_ms : 0, &end) != WEIR_OK || end.status != 0))
            drained = false;
        wr_process_free(child->process);
        child->process = NULL;
    }
    return drained;
}

bool wr_supervisor_stop(wr_supervisor *self, int timeout_ms)
{
    bool services = stop_children(self, 0, self->service_count, timeout_ms);
    return stop_children(self, self->service_count, self->child_count, timeout_ms) && services;
}

void wr_supervisor_free(wr_supervisor *self)
{
    if (!self)
        return;
    for (int i = 0; i < self->child_count; i++)
        wr_process_free(self->children[i].process);
    weir_arena_free(self->arena);
    free(self);
}
