/* Asking before a change; change.h says when. */
#include <cli/change.h>

#include <io/terminal.h>
#include <stdio.h>

int wr_change_confirm(wr_cli *cli, const char *act, const char *name, bool *ret_done)
{
    *ret_done = wr_cli_on(cli, "dry-run");
    if (*ret_done || wr_cli_on(cli, "yes"))
        return WR_EXIT_OK;
    if (!cli->error_terminal || !wr_terminal_is(WR_STDIN))
        return wr_cli_usage(cli, "nobody here to ask; say --yes to %s, or --dry-run to see what would be done", act);
    char answer[300];
    fprintf(stderr, "Type %s to %s: ", name, act);
    if (!fgets(answer, sizeof answer, stdin))
        return WR_EXIT_INTERRUPTED;
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, name) != 0)
        return wr_cli_fail(cli, WEIR_E_REFUSED, "'%s' is not %s: nothing was done", answer, name);
    return WR_EXIT_OK;
}
