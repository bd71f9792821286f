/* weir server, weir dev, weir test-broker: the broker as a process.
 *
 * Asked to stop it answers what it has, for up to DRAIN_MS, and closes its files. A stop has a deadline and the second
 * signal ends the process at once (io/stop.h): nothing is freed then, since other threads may use it, and the next
 * start recovers as after a crash. */
#include <cli/commands.h>

#include <broker/api/api.h>
#include <broker/broker.h>
#include <io/loop.h>
#include <io/process.h>
#include <io/stop.h>
#include <io/terminal.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 8000, STOP_MS = 25000, FILE_DESCRIPTORS_KEPT = 16384 };

typedef struct process {
    wr_cli *cli;
    _Atomic(wr_loop *) loop; /* NULL until there is one */
    wr_broker *broker;
    wr_stop *stop;
    bool stopping;
    weir_err err;
} process;

static void stopped(void *user, weir_err err)
{
    process *self = user;
    self->err = err;
    wr_loop_stop(self->loop);
}

static void begin_stop(void *user)
{
    process *self = user;
    if (!self->stopping)
        wr_broker_stop(self->broker, DRAIN_MS, stopped, self);
    self->stopping = true;
}

/* On the thread of the signals. The loop takes it up when it runs, which is after the server has started. */
static void on_asked_to_stop(void *user)
{
    process *self = user;
    wr_loop *loop = atomic_load(&self->loop);
    if (loop && wr_loop_post(loop, begin_stop, self) != WEIR_OK)
        wr_self_exit(WR_EXIT_FAILED); /* no memory to do it in order */
}

/* {"bootstrap": …} for whoever started us. */
static weir_err tell_ready(process *self, int descriptor)
{
    char line[512]; /* names of hosts are shorter than 256 */
    snprintf(line, sizeof line, "{\"bootstrap\":\"%s:%d\",\"registry\":null,\"http\":null,\"pid\":%d}",
             wr_broker_host(self->broker), wr_broker_port(self->broker), wr_self_id());
    return wr_descriptor_write_line(descriptor, line);
}

/* For whoever sits in front of a terminal. */
static void greet(process *self)
{
    char port[32] = "";
    if (wr_broker_port(self->broker) != 9092)
        snprintf(port, sizeof port, " -b localhost:%d", wr_broker_port(self->broker));
    printf("Kafka at %s:%d, data in %s. Ctrl-C stops.\n\nTo try in another terminal:\n"
           "  echo hello | %s produce greetings%s\n"
           "  %s consume greetings%s\n\n",
           wr_broker_host(self->broker), wr_broker_port(self->broker), wr_config_text(self->cli->config, "log.dirs"),
           self->cli->program, port, self->cli->program, port);
    fflush(stdout);
}

/* Idle connections must not take the descriptors of the logs: at least half of them, or as many as a busy broker needs,
 * stay for files. */
static void limit_connections(wr_cli *cli)
{
    int64_t most = wr_self_descriptors_raise(), wanted = wr_config_int(cli->config, "max.connections");
    int64_t left = most / 2 < FILE_DESCRIPTORS_KEPT ? most / 2 : FILE_DESCRIPTORS_KEPT;
    if (wanted <= most - left)
        return;
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)(most - left));
    wr_trace_log(&cli->trace, WR_WARN, "fewer connections than max.connections: the process may open too few files",
                 WR_NUMBER("wanted", wanted), WR_NUMBER("connections", most - left), WR_NUMBER("files", left));
    if (wr_config_set(cli->config, "max.connections", text, "limits of the process", NULL) != WEIR_OK)
        wr_cli_fail(cli, WEIR_E_FORMAT, "max.connections cannot be %s", text);
}

static int serve(process *self, bool development)
{
    wr_cli *cli = self->cli;
    weir_failure failure = {0};
    int64_t ready_fd = wr_cli_on(cli, "ready-fd") ? wr_cli_number(cli, "ready-fd") : -1;
    limit_connections(cli);
    if (wr_broker_start(self->loop, cli->io, cli->config, &cli->trace, wr_api_handlers(), &self->broker, &failure) !=
        WEIR_OK) {
        if (failure.err == WEIR_E_EXISTS || failure.err == WEIR_E_AGAIN) /* a port, or a directory, that is taken */
            return wr_cli_fail(cli, failure.err, "%s\nAnother broker beside it: weir %s --port N --data DIR",
                               failure.sentence, cli->command->noun);
        return wr_cli_failure(cli, &failure);
    }
    if (ready_fd >= 0 && tell_ready(self, (int)ready_fd) != WEIR_OK)
        return wr_cli_fail(cli, WEIR_E_IO, "--ready-fd %d cannot be written: %s", (int)ready_fd, strerror(errno));
    if (development && cli->terminal)
        greet(self);
    weir_err ran = wr_loop_run(self->loop);
    self->err = self->err == WEIR_OK ? ran : self->err; /* of the stop, if that failed */
    return self->err == WEIR_OK ? WR_EXIT_OK : WR_EXIT_FAILED;
}

/* Before anything is opened: it would get the number of a descriptor that is closed. */
static int check_ready_fd(const wr_cli *cli)
{
    if (!wr_cli_on(cli, "ready-fd") || wr_descriptor_is_writable((int)wr_cli_number(cli, "ready-fd")))
        return WR_EXIT_OK;
    return wr_cli_usage(cli, "--ready-fd %d is no descriptor that is open for writing",
                        (int)wr_cli_number(cli, "ready-fd"));
}

static int run_broker(wr_cli *cli, bool development)
{
    if (check_ready_fd(cli) != WR_EXIT_OK)
        return WR_EXIT_USAGE;
    if (wr_level_parse(wr_cli_text(cli, "log-level"), &cli->trace.level) != WEIR_OK)
        return wr_cli_usage(cli, "--log-level takes debug, info, warn or error, not '%s'",
                            wr_cli_text(cli, "log-level"));
    cli->trace.component = "broker";
    process self = {.cli = cli};
    wr_loop *loop;
    wr_stop_options options = {.deadline_ms = STOP_MS, .trace = &cli->trace, .asked = on_asked_to_stop, .user = &self};
    if (wr_stop_new(&options, &self.stop) != WEIR_OK) /* before the loop may start threads */
        return wr_cli_fail(cli, WEIR_E_IO, "signals cannot be received");
    if (wr_loop_new(cli->io, &loop) != WEIR_OK) {
        wr_stop_free(self.stop);
        return wr_cli_fail(cli, WEIR_E_IO, "no event loop");
    }
    atomic_store(&self.loop, loop);
    if (wr_stop_asked(self.stop)) /* before there was a loop to post to */
        on_asked_to_stop(&self);
    int status = serve(&self, development);
    wr_broker_free(self.broker);
    wr_stop_free(self.stop); /* before the loop that it posts to */
    wr_loop_free(loop);
    return status;
}

int wr_run_server(wr_cli *cli)
{
    return run_broker(cli, false);
}

int wr_run_dev(wr_cli *cli)
{
    return run_broker(cli, true);
}

int wr_run_test_broker(wr_cli *cli)
{
    wr_self_end_with_parent();
    if (strcmp(wr_config_origin(cli->config, "listeners"), "default") == 0)
        wr_cli_prefer(cli, "port", "0");
    if (strcmp(wr_config_origin(cli->config, "log.dirs"), "default") == 0) {
        const char *folder = weir_arena_printf(cli->arena, "/tmp/weir-test-%d-%llx", wr_self_id(),
                                               (unsigned long long)wr_random_u64(cli->io));
        if (!folder)
            return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
        wr_cli_prefer(cli, "log.dirs", folder);
        wr_cli_prefer(cli, "ephemeral", "true");
    }
    return run_broker(cli, false);
}
