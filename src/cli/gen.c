/* weir gen, weir version: what is known without a Kafka. */
#include <cli/commands.h>

#include <errno.h>
#include <stdio.h>
#include <weir/version.h>

static weir_err write_page(wr_cli *cli, const char *directory, const wr_command *command, wr_buf *page)
{
    wr_buf_clear(page);
    wr_help_man(command, page);
    const char *path =
        weir_arena_printf(cli->arena, "%s/weir%s%s%s%s.1", directory, command ? "-" : "", command ? command->noun : "",
                          command && command->verb ? "-" : "", command && command->verb ? command->verb : "");
    return path && !wr_buf_failed(page) ? wr_path_write(cli->io, path, wr_buf_view(page)) : WEIR_E_MEMORY;
}

int wr_run_gen_man(wr_cli *cli)
{
    const char *directory = cli->operands[0];
    wr_buf page;
    wr_buf_init(&page, 1 << 20);
    weir_err err = wr_dir_create(cli->io, directory);
    if (err == WEIR_OK)
        err = write_page(cli, directory, NULL, &page);
    for (const wr_command *command = wr_commands; command->noun && err == WEIR_OK; command++)
        err = write_page(cli, directory, command, &page);
    wr_buf_fini(&page);
    return err == WEIR_OK ? WR_EXIT_OK
                          : wr_cli_fail(cli, err, "the pages cannot be written to %s: %s", directory, strerror(errno));
}

int wr_run_gen_completion(wr_cli *cli)
{
    wr_buf script;
    wr_buf_init(&script, 1 << 20);
    weir_err err = wr_help_completion(cli->operands[0], &script);
    if (err == WEIR_OK)
        wr_cli_write(cli, wr_buf_view(&script));
    wr_buf_fini(&script);
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_usage(cli, "bash, zsh or fish, not '%s'", cli->operands[0]);
}

int wr_run_version(wr_cli *cli)
{
    static const char line[] = "weir " WEIR_VERSION "\n";
    wr_cli_write(cli, WEIR_SLICE(line));
    return WR_EXIT_OK;
}
