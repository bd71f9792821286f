/* The database of a service, on which commands look: DATA-DIR/NAME.db, or the URL of a server. */
#ifndef WR_CLI_DATABASE_H
#define WR_CLI_DATABASE_H

#include <cli/command.h>
#include <store/store.h>

/* The one that the first operand names, by WR_STORE_ flags. Else the exit status, after saying why; none is made. */
int wr_cli_database(wr_cli *cli, unsigned flags, wr_store **ret_store);
/* The same, and the number of a row that the second operand is; a wrong one is told where `COMMAND ls` lists them. */
int wr_cli_database_row(wr_cli *cli, unsigned flags, wr_store **ret_store, int64_t *ret_number);

#endif
