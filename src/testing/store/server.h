/* A PostgreSQL server of a test program's own: started by tests/postgres/server in a folder of its own, with fsync and
 * without a TCP port. It ends with the program, however that ends.
 *
 * The same server serves all tests of a program; each takes a schema that no other has. */
#ifndef WR_TESTING_SERVER_H
#define WR_TESTING_SERVER_H

#include <store/store.h>

typedef struct wr_postgres_server wr_postgres_server;

/* Waits until it takes connections. NULL, and said on stderr, when there is none to be had: a test that needs it fails. */
wr_postgres_server *wr_postgres_server_start(void);
void wr_postgres_server_free(wr_postgres_server *server); /* removes its folder; accepts NULL */
/* URL of a schema that nobody has had yet. */
void wr_postgres_server_fresh(wr_postgres_server *server, char *ret_url, size_t size);
/* SIGKILL, as a crash, until nothing of it is left; and back again, with what was committed. */
void wr_postgres_server_kill(wr_postgres_server *server);
bool wr_postgres_server_again(wr_postgres_server *server);

#endif
