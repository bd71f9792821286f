/* Where a command's configuration comes from, later ones winning:
 *
 *     /etc/weir/config.yaml
 *     ~/.config/weir/config.yaml
 *     .weir.yaml here or in a folder above, up to the repository's root
 *     --config FILE, instead of all these
 *     WEIR_BOOTSTRAP_SERVERS and the like
 *     --bootstrap-servers and the like, then -b
 *
 * Only commands that connect to a Kafka look for files; a broker is told its file. */
#include <cli/command_int.h>

#include <client/client.h>
#include <errno.h>
#include <io/terminal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 1 << 20, LEVELS_MAX = 32, ARENA_SIZE = 256 << 20 };

wr_exit wr_exit_of(weir_err err)
{
    switch (err) {
    case WEIR_OK:
        return WR_EXIT_OK;
    case WEIR_E_USAGE:
    case WEIR_E_FORMAT:
        return WR_EXIT_USAGE;
    case WEIR_E_NOT_FOUND:
        return WR_EXIT_NOT_FOUND;
    case WEIR_E_DENIED:
        return WR_EXIT_DENIED;
    case WEIR_E_TIMEOUT:
    case WEIR_E_UNREACHABLE:
        return WR_EXIT_UNREACHABLE;
    case WEIR_E_EXISTS:
    case WEIR_E_REFUSED:
    case WEIR_E_AGAIN:
        return WR_EXIT_PRECONDITION;
    default:
        return WR_EXIT_FAILED;
    }
}

static void say_command(const wr_cli *cli)
{
    fprintf(stderr, "weir %s%s%s: ", cli->command->noun, cli->command->verb ? " " : "",
            cli->command->verb ? cli->command->verb : "");
}

int wr_cli_fail(const wr_cli *cli, weir_err err, const char *format, ...)
{
    say_command(cli);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return wr_exit_of(err);
}

int wr_cli_failure(const wr_cli *cli, const weir_failure *failure)
{
    const char *sentence = failure->sentence[0] ? failure->sentence : weir_err_name(failure->err);
    if (cli->command->kafka && (failure->err == WEIR_E_UNREACHABLE || failure->err == WEIR_E_TIMEOUT))
        return wr_cli_fail(cli, failure->err,
                           "%s\nIs the Kafka at %s up? Another one: -b HOST:PORT. One of weir's own: weir dev.",
                           sentence, wr_config_text(cli->config, "bootstrap.servers"));
    return wr_cli_fail(cli, failure->err, "%s", sentence);
}

int wr_cli_usage(const wr_cli *cli, const char *format, ...)
{
    say_command(cli);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nSee 'weir help %s%s%s'.\n", cli->command->noun, cli->command->verb ? " " : "",
            cli->command->verb ? cli->command->verb : "");
    return WR_EXIT_USAGE;
}

/* ---- diagnostics go to stderr */
static void write_line(void *sink, const char *line, size_t size)
{
    (void)sink;
    fwrite(line, 1, size, stderr);
}

static int64_t clock_ms(void *clock)
{
    return wr_now_ms(clock);
}

int wr_cli_open(wr_cli *cli)
{
    if (wr_io_real_new(&cli->io) != WEIR_OK)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "cannot start: %s", strerror(errno));
    cli->arena = weir_arena_new(ARENA_SIZE);
    cli->terminal = wr_terminal_is(1);
    cli->error_terminal = wr_terminal_is(2);
    cli->trace = (wr_trace){.level = WR_INFO,
                            .json = !cli->error_terminal,
                            .write = write_line,
                            .now_ms = clock_ms,
                            .clock = cli->io,
                            .component = "weir"};
    /* The tables must live as long as the config. */
    const wr_config_key **tables = weir_arena_array(cli->arena, WR_KEY_TABLES_MAX, sizeof *tables);
    if (!tables)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    int count = 0;
    if (cli->command->kafka)
        tables[count++] = wr_client_config;
    if (cli->command->keys)
        tables[count++] = cli->command->keys;
    if (count > 0 && !(cli->config = wr_config_new(tables, "WEIR")))
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    return WR_EXIT_OK;
}

void wr_cli_close(wr_cli *cli)
{
    wr_config_free(cli->config);
    weir_arena_free(cli->arena);
    wr_io_free(cli->io);
}

static weir_err read_file(wr_cli *cli, const char *path, bool optional, weir_failure *failure)
{
    if (optional && !wr_path_exists(cli->io, path))
        return WEIR_OK;
    weir_slice yaml;
    weir_err err = wr_path_read(cli->io, path, FILE_SIZE_MAX, cli->arena, &yaml);
    if (err == WEIR_E_NOT_FOUND)
        return weir_fail(failure, err, "there is no configuration file %s", path);
    if (err == WEIR_E_LIMIT)
        return weir_fail(failure, err, "the configuration file %s is larger than %d bytes", path, FILE_SIZE_MAX);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "the configuration file %s cannot be read: %s", path, strerror(errno));
    return wr_config_read_yaml(cli->config, yaml, path, failure);
}

static weir_err read_nearest(wr_cli *cli, weir_failure *failure)
{
    char above[LEVELS_MAX * 3 + 1] = "";
    const char *here = cli->folder ? cli->folder : ".";
    for (int level = 0; level < LEVELS_MAX; memcpy(above + 3 * level++, "../", 4)) {
        const char *path = weir_arena_printf(cli->arena, "%s/%s.weir.yaml", here, above);
        const char *root = weir_arena_printf(cli->arena, "%s/%s.git", here, above);
        if (!path || !root)
            return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
        if (wr_path_exists(cli->io, path))
            return read_file(cli, path, false, failure);
        if (wr_path_exists(cli->io, root))
            return WEIR_OK;
    }
    return WEIR_OK;
}

static const char *find_variable(char **environment, const char *name)
{
    size_t size = strlen(name);
    for (char **variable = environment; *variable; variable++)
        if (strncmp(*variable, name, size) == 0 && (*variable)[size] == '=')
            return *variable + size + 1;
    return NULL;
}

static weir_err read_found_files(wr_cli *cli, char **environment, weir_failure *failure)
{
    weir_err err = read_file(cli, "/etc/weir/config.yaml", true, failure);
    const char *home = find_variable(environment, "HOME");
    if (err == WEIR_OK && home)
        err = read_file(cli, weir_arena_printf(cli->arena, "%s/.config/weir/config.yaml", home), true, failure);
    return err == WEIR_OK ? read_nearest(cli, failure) : err;
}

/* --config is needed before the other flags are read. */
static const char *find_config_flag(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            return argv[i] + 9;
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

/* A warning: another program of weir's may have such a variable. */
static void say_misspelt(const wr_cli *cli, char **environment)
{
    char name[64], meant[64];
    for (size_t at = 0; wr_config_misspelt(cli->config, environment, &at, name, meant);) {
        say_command(cli);
        fprintf(stderr, "%s is not known, and has no effect; did you mean %s?\n", name, meant);
    }
}

int wr_cli_configure(wr_cli *cli, int *argc, char **argv, char **environment)
{
    if (!cli->config)
        return WR_EXIT_OK;
    weir_failure failure = {0};
    const char *file = find_config_flag(*argc, argv);
    weir_err err = WEIR_OK;
    if (file)
        err = read_file(cli, file, false, &failure);
    else if (cli->command->kafka)
        err = read_found_files(cli, environment, &failure);
    if (err == WEIR_OK)
        err = wr_config_read_environment(cli->config, environment, &failure);
    if (err == WEIR_OK) {
        say_misspelt(cli, environment);
        int count = *argc + 1; /* with the command's word, where a program's name would stand */
        err = wr_config_read_flags(cli->config, &count, argv - 1, &failure);
        *argc = count - 1;
    }
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    return WR_EXIT_OK;
}
