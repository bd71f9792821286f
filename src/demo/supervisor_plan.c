/* Which processes there are to be: ports, then a command line for each. Ports that were asked for are tried before any process
 * starts; the others are free ones, which each child is told. */
#include <demo/supervisor_int.h>

#include <errno.h>
#include <io/loop.h>
#include <stdarg.h>
#include <stdio.h>

const char *wr_supervisor_print(wr_supervisor *self, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return weir_arena_dup_text(self->arena, weir_slice_of(text));
}

static void refuse(void *user, wr_stream *stream)
{
    (void)user;
    wr_stream_close(stream);
}

static bool is_given(const wr_supervisor *self, int port)
{
    for (int i = 0; i < WR_SERVICE_COUNT; i++)
        if (self->children[i].port == port)
            return true;
    return self->options.broker_port == port;
}

/* A port that is free now. Whoever is told it listens a moment later: nobody else on this host should be as quick.
 * *port 0: any below those that the system gives to outgoing connections. While a child is dead somebody would else get
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
            do
                wanted = FIRST + (int)(wr_random_u64(self->options.io) % (PAST - FIRST));
            while (is_given(self, wanted));
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
static void set_arguments(wr_supervisor *self, wr_child *child, const char *const *arguments)
{
    int count = 0;
    for (; arguments[count] && count < WR_ARGUMENTS_MAX - 1; count++)
        child->argv[count] = arguments[count];
    child->log_path = wr_supervisor_print(self, "%s/logs/%s.log", self->options.data, child->name);
}

static void describe_broker(wr_supervisor *self)
{
    wr_child *broker = &self->children[self->child_count++];
    broker->name = "broker";
    broker->port = self->options.broker_port;
    broker->tells = true;
    const char *const arguments[] = {self->options.own_path,
                                     "server",
                                     "--data",
                                     wr_supervisor_print(self, "%s/broker", self->options.data),
                                     "--port",
                                     wr_supervisor_print(self, "%d", broker->port),
                                     "--profile",
                                     "development",
                                     "--num-partitions",
                                     wr_supervisor_print(self, "%d", self->options.partitions),
                                     "--ready-fd",
                                     "3",
                                     NULL};
    set_arguments(self, broker, arguments);
}

static void describe_service(wr_supervisor *self, int at)
{
    wr_child *service = &self->children[self->child_count++];
    service->name = wr_marketplace[at].name;
    const char *arguments[WR_ARGUMENTS_MAX] = {
        wr_supervisor_print(self, "%s/%s", self->options.services, service->name),
        "--bootstrap-servers",
        self->bootstrap,
        "--data-dir",
        wr_supervisor_print(self, "%s/services", self->options.data),
        "--http-port",
        wr_supervisor_print(self, "%d", service->port),
        "--topic-partitions",
        wr_supervisor_print(self, "%d", self->options.partitions)};
    int count = 9;
    if (self->options.topic_prefix) {
        arguments[count++] = "--topic-prefix";
        arguments[count++] = self->options.topic_prefix;
    }
    if (at == 0) {
        arguments[count++] = "--analytics-url";
        arguments[count++] = wr_supervisor_print(self, "http://127.0.0.1:%d", self->children[1].port);
    }
    set_arguments(self, service, arguments);
}

weir_err wr_supervisor_plan(wr_supervisor *self, weir_failure *failure)
{
    const wr_supervisor_options *options = &self->options;
    if (!options->kafka && options->broker_port != 0 && options->broker_port == options->gateway_port)
        return weir_fail(failure, WEIR_E_USAGE,
                         "the broker (--port) and the gateway (--http-port) cannot both have port %d",
                         options->broker_port);
    if (!options->kafka) {
        weir_err err =
            check_port(self, &self->options.broker_port, "the broker", "--port N (make run PORT=N)", failure);
        if (err != WEIR_OK)
            return err;
    }
    self->bootstrap = options->kafka ? options->kafka : wr_supervisor_print(self, "127.0.0.1:%d", options->broker_port);
    for (int i = 0; i < WR_SERVICE_COUNT; i++) {
        self->children[i].port = i == 0 ? self->options.gateway_port : 0;
        weir_err err =
            check_port(self, &self->children[i].port, wr_supervisor_print(self, "the %s", wr_marketplace[i].name),
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
