#include <base/text.h>
#include <cli/database.h>

int wr_cli_database(wr_cli *cli, unsigned flags, wr_store **ret_store)
{
    const char *path = cli->operands[0];
    weir_failure failure = {0};
    if (!wr_store_is_server(path) && !wr_path_exists(cli->io, path)) /* opening would make it */
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "%s does not exist: give a service's database, DATA-DIR/NAME.db",
                           path);
    weir_err err = wr_store_open(path, flags, ret_store, &failure);
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_failure(cli, &failure);
}

int wr_cli_database_row(wr_cli *cli, unsigned flags, wr_store **ret_store, int64_t *ret_number)
{
    const char *text = cli->operands[1];
    if (wr_number_parse(text, 0, INT64_MAX, ret_number) != WEIR_OK)
        return wr_cli_usage(cli, "'%s' is not a number; see: weir %s ls %s", text, cli->command->noun,
                            cli->operands[0]);
    return wr_cli_database(cli, flags, ret_store);
}
