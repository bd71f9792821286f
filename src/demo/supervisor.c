/* Children are planned (supervisor_plan.c), then started: the broker, and the services when it is ready. Each tick looks after
 * those that ended. */
#include <demo/supervisor_int.h>

#include <errno.h>
#include <http/http.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIGNAL_KILL = 9, SIGNAL_TERM = 15 };
enum { CRASHES_MAX = 5, ARENA_SIZE = 1 << 20 };

static weir_err start_child(wr_child *child, weir_failure *failure)
{
    wr_process_free(child->process);
    child->process = NULL;
    child->killed = false;
    return wr_process_start(
        &(wr_process_options){
            .argv = child->argv, .stdout_path = child->log_path, .stderr_path = child->log_path, .ready = child->tells},
        &child->process, failure);
}

/* The last line that a child wrote: most often why it ended. In the arena; "" when there is none. */
static const char *last_line(wr_supervisor *self, const wr_child *child)
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
    const char *copy = wr_supervisor_print(self, "%.150s", line ? line + 1 : tail);
    return copy ? copy : "";
}

/* ---- start */
static weir_err make_folders(wr_supervisor *self, weir_failure *failure)
{
    static const char *const folders[] = {"logs", "services", "broker"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = wr_supervisor_print(self, "%s/%s", self->options.data, folders[i]);
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
    wr_child *broker = &self->children[self->service_count];
    char line[256];
    weir_err err = start_child(broker, failure);
    if (err == WEIR_OK && wr_process_read_line(broker->process, WR_PROCESS_READY, BROKER_READY_MS, line, sizeof line))
        err = weir_fail(failure, WEIR_E_BROKEN, "the broker does not start: %s (%s)", last_line(self, broker),
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
    weir_err err = wr_supervisor_plan(self, failure);
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

static bool service_ready(const wr_child *service)
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
        wr_child *child = &self->children[i];
        wr_process_end end = {0};
        if (wr_process_wait(child->process, 0, &end) != WEIR_OK)
            continue;
        if (!child->killed) {
            self->crash_count++;
            if (++child->crash_count > CRASHES_MAX)
                return weir_fail(failure, WEIR_E_BROKEN, "%s ends again and again: %s (all in %s)", child->name,
                                 last_line(self, child), child->log_path);
        }
        weir_err err = start_child(child, failure);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

void wr_supervisor_kill(wr_supervisor *self, int at)
{
    wr_child *child = &self->children[at];
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
        wr_child *child = &self->children[i];
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
