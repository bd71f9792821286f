/* weir demo */
#include <cli/commands.h>

#include <base/text.h>
#include <cli/output.h>
#include <client/client.h>
#include <demo/demo.h>
#include <errno.h>
#include <io/process.h>
#include <io/stop.h>
#include <io/terminal.h>
#include <stdio.h>
#include <stdlib.h>

enum { STOP_MS = 60000 }; /* services and broker are stopped one after the other, and publish what they have */

typedef struct display {
    wr_stop *stop;
    bool progress_shown;
} display;

static bool asked_to_stop(void *user)
{
    return wr_stop_asked(((display *)user)->stop);
}

static bool wait_for_stop(void *user, int timeout_ms)
{
    display *self = user;
    if (!wr_stop_asked(self->stop))
        return wr_stop_wait(self->stop, timeout_ms);
    wr_wait_ms(timeout_ms); /* already known: keep the pace */
    return true;
}

/* News and progress are for people: stderr, so that -o json stays clean. */
static void say_line(void *user, const char *line)
{
    display *self = user;
    fprintf(stderr, "%s%s\n", self->progress_shown ? "\r\033[K" : "", line);
    self->progress_shown = false;
}

static void show_progress(void *user, const char *line)
{
    display *self = user;
    int width = wr_terminal_width(WR_STDERR);
    fprintf(stderr, "\r\033[K%.*s", width - 1, line);
    fflush(stderr);
    self->progress_shown = true;
}

static int port_of(const wr_cli *cli, const char *name, bool live, int standard)
{
    return wr_cli_on(cli, name) ? (int)wr_cli_number(cli, name) : live ? standard : 0;
}

/* Digits, and perhaps a point and more digits. */
static bool read_decimal(const char *text, double *ret_number)
{
    int64_t whole, part = 0;
    double scale = 1;
    const char *rest;
    if (wr_digits_parse(text, &whole, &rest) != WEIR_OK)
        return false;
    if (*rest == '.') {
        const char *start = rest + 1;
        if (wr_digits_parse(start, &part, &rest) != WEIR_OK)
            return false;
        for (; start < rest; start++)
            scale *= 10;
    }
    *ret_number = (double)whole + (double)part / scale;
    return *rest == '\0';
}

static int parse_rate(wr_cli *cli, bool live, double *ret_rate)
{
    const char *text = wr_cli_text(cli, "rate");
    double rate = live ? 5 : 0;
    if (text && (!read_decimal(text, &rate) || rate > 1e6))
        return wr_cli_usage(cli, "--rate takes invoices a second, a number from 0 to 1000000, not '%s'", text);
    *ret_rate = rate;
    return WR_EXIT_OK;
}

static int parse_numbers(wr_cli *cli, wr_demo_options *options)
{
    options->live = wr_cli_on(cli, "live");
    options->count = wr_cli_on(cli, "count")            ? wr_cli_number(cli, "count")
                     : options->orders || options->live ? -1
                                                        : 2000;
    options->seed = (uint64_t)wr_cli_number(cli, "seed");
    options->kill_count = wr_cli_on(cli, "chaos") ? wr_cli_number(cli, "kills") : 0;
    options->partitions = (int)wr_cli_number(cli, "partitions");
    options->stall_ms = wr_cli_number(cli, "stall");
    options->broker_port = port_of(cli, "port", options->live, 9092);
    options->gateway_port = port_of(cli, "http-port", options->live, 8080);
    return parse_rate(cli, options->live, &options->rate);
}

static int find_folders(wr_cli *cli, wr_demo_options *options)
{
    char own[4096];
    if (wr_self_path(own, sizeof own) != WEIR_OK)
        return wr_cli_fail(cli, WEIR_E_IO, "the path of this program is not known");
    options->own_path = weir_arena_dup_text(cli->arena, weir_slice_of(own));
    options->services = wr_cli_text(cli, "services");
    if (!options->services) {
        *strrchr(own, '/') = '\0';
        options->services = weir_arena_printf(cli->arena, "%s/marketplace", own);
    }
    const char *gateway = weir_arena_printf(cli->arena, "%s/gateway", options->services);
    if (!gateway || !wr_path_exists(cli->io, gateway))
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "the services' programs are not in %s; say --services DIR",
                           options->services);
    unsigned long long chance = (unsigned long long)wr_random_u64(cli->io) & 0xffffff;
    options->data = wr_cli_text(cli, "data");
    options->data_kept = options->data || wr_cli_on(cli, "keep");
    if (!options->data)
        options->data = weir_arena_printf(cli->arena, "/tmp/weir-demo-%d-%06llx", wr_self_id(), chance);
    if (wr_path_exists(cli->io, options->data) && !wr_path_is_dir(cli->io, options->data))
        return wr_cli_fail(cli, WEIR_E_USAGE, "--data %s is a file; it takes a directory", options->data);
    if (options->kafka)
        options->topic_prefix = weir_arena_printf(cli->arena, "weir-demo-%06llx-", chance);
    return WR_EXIT_OK;
}

static void print_result(wr_cli *cli, const wr_demo_result *result)
{
    const char *form = wr_cli_text(cli, "output");
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    if (strcmp(form, "table") == 0)
        wr_demo_summary(result, &text);
    else
        wr_demo_summary_json(result, &text);
    if (strcmp(form, "yaml") == 0)
        wr_output_object(cli, WR_FORM_YAML, wr_buf_view(&text));
    else
        wr_cli_write(cli, wr_buf_view(&text));
    wr_buf_fini(&text);
}

static int run(wr_cli *cli, wr_demo_options *options)
{
    wr_demo_result result;
    weir_failure failure = {0};
    weir_err err = wr_demo_run(options, &result, &failure);
    if (options->progress)
        fprintf(stderr, "\r\033[K");
    if (result.at_rest && result.finding_count > 0)
        print_result(cli, &result);
    int64_t violations = result.at_rest ? wr_demo_violations(&result) : 0;
    bool cut_short = result.interrupted && !result.at_rest; /* asked to end before it could be checked */
    int status = violations > 0 ? WR_EXIT_FAILED : WR_EXIT_OK;
    if (err != WEIR_OK && wr_cli_failure(cli, &failure) != WR_EXIT_OK && !cut_short)
        status = err == WEIR_E_CLOSED ? WR_EXIT_INTERRUPTED : wr_exit_of(err); /* closed: asked to end while it began */
    if (!wr_path_exists(cli->io, options->data))
        return status; /* nothing was begun */
    if (status != WR_EXIT_OK || options->data_kept)
        fprintf(stderr, "Databases and logs are in %s\n", options->data);
    else if (wr_path_remove_tree(cli->io, options->data) != WEIR_OK)
        fprintf(stderr, "%s could not be removed: %s\n", options->data, strerror(errno));
    else if (options->live)
        fprintf(stderr, "Databases and logs in %s are removed.\n", options->data);
    return status;
}

/* On the command line it is meant; what else sets it for all of somebody's tools may be a cluster that is not to be
 * filled with a demonstration. */
static const char *find_kafka(const wr_cli *cli)
{
    const char *kafka = wr_cli_text(cli, "kafka"), *origin = wr_config_origin(cli->config, "bootstrap.servers");
    if (kafka || !origin || strcmp(origin, "default") == 0)
        return kafka;
    if (strncmp(origin, "flag ", 5) == 0)
        return wr_config_text(cli->config, "bootstrap.servers");
    fprintf(stderr, "bootstrap.servers (%s) is not used: the demo runs on a broker of its own, or on --kafka %s\n",
            origin, wr_config_text(cli->config, "bootstrap.servers"));
    return NULL;
}

int wr_run_demo(wr_cli *cli)
{
    display screen = {0};
    wr_demo_options options = {.io = cli->io,
                               .config = cli->config,
                               .trace = &cli->trace,
                               .orders = wr_cli_text(cli, "orders"),
                               .kafka = find_kafka(cli),
                               .stop = asked_to_stop,
                               .wait = wait_for_stop,
                               .say = say_line,
                               .progress = cli->error_terminal ? show_progress : NULL,
                               .user = &screen};
    int status = parse_numbers(cli, &options);
    if (status == WR_EXIT_OK)
        status = find_folders(cli, &options);
    if (status != WR_EXIT_OK)
        return status;
    wr_stop_options stop = {.deadline_ms = STOP_MS, .trace = &cli->trace};
    if (wr_stop_new(&stop, &screen.stop) != WEIR_OK)
        return wr_cli_fail(cli, WEIR_E_IO, "signals cannot be watched");
    cli->trace.level = WR_ERROR + 1; /* a broker that is killed on purpose is no news */
    status = run(cli, &options);
    wr_stop_free(screen.stop);
    return status;
}
