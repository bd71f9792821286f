/* Commands that change what cannot be had back: the plan is shown, --dry-run ends there, --yes goes on, and without
 * either the name is asked for at the terminal; where there is none, the command is refused. */
#ifndef WR_CHANGE_H
#define WR_CHANGE_H

#include <cli/command.h>

/* WR_EXIT_OK: go on. With --dry-run *ret_done is set, and the command ends with what is returned. `act` is an infinitive:
 * "delete". */
int wr_change_confirm(wr_cli *cli, const char *act, const char *name, bool *ret_done);

#endif
