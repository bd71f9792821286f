#include "server.h"

#include <io/io.h>
#include <io/process.h>
#include <io/terminal.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_TRIES = 600, TRY_MS = 50, STOP_MS = 20000, FOLDER_SIZE = 60 };

struct wr_postgres_server {
    wr_io *io;
    wr_process *process;
    int schemas;
    char folder[FOLDER_SIZE];
};

static bool is_reached(const wr_postgres_server *server)
{
    char url[200];
    wr_store *store = NULL;
    snprintf(url, sizeof url, "postgres://weir@/postgres?host=%s", server->folder);
    weir_err err = wr_store_open(url, WR_STORE_NOT_DURABLE, &store, NULL);
    wr_store_close(store);
    return err == WEIR_OK;
}

static void say_why(const wr_postgres_server *server, const char *log)
{
    weir_arena *arena = weir_arena_new(1 << 22);
    weir_slice text;
    if (arena && wr_path_read(server->io, log, 1 << 20, arena, &text) == WEIR_OK)
        fprintf(stderr, "%s: %.*s\n", log, (int)text.size, (const char *)text.data);
    weir_arena_free(arena);
}

bool wr_postgres_server_again(wr_postgres_server *server)
{
    const char *argv[] = {WR_POSTGRES_SERVER, "run", server->folder, NULL};
    char log[FOLDER_SIZE + 8];
    snprintf(log, sizeof log, "%s/log", server->folder);
    weir_failure failure = {0};
    wr_process_free(server->process);
    server->process = NULL;
    if (wr_dir_create(server->io, server->folder) != WEIR_OK ||
        wr_process_start(&(wr_process_options){.argv = argv, .stderr_path = log, .stdout_path = log}, &server->process,
                         &failure) != WEIR_OK) {
        fprintf(stderr, "%s: %s\n", server->folder, failure.sentence);
        return false;
    }
    for (int i = 0; i < START_TRIES; i++) {
        wr_process_end end;
        if (wr_process_wait(server->process, TRY_MS, &end) == WEIR_OK)
            break;
        if (is_reached(server))
            return true;
    }
    say_why(server, log);
    return false;
}

wr_postgres_server *wr_postgres_server_start(void)
{
    wr_postgres_server *server = calloc(1, sizeof *server);
    if (!server || wr_io_real_new(&server->io) != WEIR_OK) {
        free(server);
        return NULL;
    }
    /* A path to a socket is short, so it lies in /tmp whatever TMPDIR says; the other user may read it there. */
    snprintf(server->folder, sizeof server->folder, "/tmp/weir-postgres-%d-%08llx", wr_self_id(),
             (unsigned long long)wr_random_u64(server->io) & 0xffffffff);
    if (wr_postgres_server_again(server))
        return server;
    wr_postgres_server_free(server);
    return NULL;
}

static void end(wr_postgres_server *server, int signal)
{
    wr_process_end how;
    if (!server->process)
        return;
    wr_process_signal(server->process, signal);
    if (wr_process_wait(server->process, STOP_MS, &how) != WEIR_OK)
        wr_process_signal(server->process, SIGKILL);
    wr_process_free(server->process);
    server->process = NULL;
}

void wr_postgres_server_free(wr_postgres_server *server)
{
    if (!server)
        return;
    end(server, SIGQUIT); /* at once: nobody needs what is in it */
    if (wr_path_exists(server->io, server->folder) && wr_path_remove_tree(server->io, server->folder) != WEIR_OK)
        fprintf(stderr, "%s is left behind\n", server->folder);
    wr_io_free(server->io);
    free(server);
}

void wr_postgres_server_fresh(wr_postgres_server *server, char *ret_url, size_t size)
{
    snprintf(ret_url, size, "postgres://weir@/postgres?host=%s&schema=s%d", server->folder, ++server->schemas);
}

void wr_postgres_server_kill(wr_postgres_server *server)
{
    const char *argv[] = {WR_POSTGRES_SERVER, "gone", server->folder, NULL};
    wr_process *waiting = NULL;
    wr_process_end how;
    end(server, SIGKILL);
    if (wr_process_start(&(wr_process_options){.argv = argv}, &waiting, NULL) != WEIR_OK ||
        wr_process_wait(waiting, STOP_MS, &how) != WEIR_OK)
        fprintf(stderr, "%s: is it gone?\n", server->folder);
    wr_process_free(waiting);
}
