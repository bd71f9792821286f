/* The contract of loop.h's streams and listeners, on both implementations. */
#include "both_testing.h"
#include "dial.h"

#include <base/hash.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- streams: a client sends numbered bytes, a server echoes, the client checks and closes */
enum { ECHO_SIZE = 300000, ECHO_CLIENTS = 3 };

typedef struct echo {
    world *w;
    wr_listener *listener;
    int open_servers, open_clients;
    int accepted;
} echo;

typedef struct echo_server {
    echo *all;
    wr_stream *stream;
    uint8_t bytes[10000];
    size_t from, size;
} echo_server;

typedef struct echo_client {
    echo *all;
    wr_stream *stream;
    size_t sent, received;
} echo_client;

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

static void echo_left(echo *all)
{
    if (all->open_clients == 0 && all->open_servers == 0 && all->accepted == ECHO_CLIENTS)
        wr_loop_stop(all->w->loop);
}

static void server_pump(void *user)
{
    echo_server *server = user;
    for (int turns = 0; turns < 10; turns++) {
        weir_err err;
        size_t done = 0;
        if (server->size == 0) {
            err = wr_stream_read(server->stream, server->bytes, sizeof server->bytes, &done);
            server->from = 0;
            server->size = err == WEIR_OK ? done : 0;
            if (err == WEIR_E_AGAIN) {
                wr_stream_want(server->stream, WR_WANT_READ);
                return;
            }
        } else {
            size_t half = server->size / 2;
            const weir_slice slices[] = {{server->bytes + server->from, half},
                                         {server->bytes + server->from + half, server->size - half}};
            err = wr_stream_write(server->stream, slices, 2, &done);
            if (err == WEIR_E_AGAIN) {
                wr_stream_want(server->stream, WR_WANT_WRITE);
                return;
            }
            server->from += err == WEIR_OK ? done : 0;
            server->size -= err == WEIR_OK ? done : 0;
        }
        if (err != WEIR_OK) {
            CHECK_EQ(err, WEIR_E_CLOSED);
            echo *all = server->all;
            wr_stream_close(server->stream);
            free(server);
            all->open_servers--;
            echo_left(all);
            return;
        }
    }
    wr_stream_want(server->stream, server->size ? WR_WANT_WRITE : WR_WANT_READ);
}

static const wr_stream_events server_events = {server_pump, server_pump};

static void echo_accept(void *user, wr_stream *stream)
{
    echo *all = user;
    echo_server *server = calloc(1, sizeof *server);
    server->all = all;
    server->stream = stream;
    all->open_servers++;
    all->accepted++;
    wr_stream_set(stream, &server_events, server);
    wr_stream_want(stream, WR_WANT_READ);
    CHECK(strchr(wr_stream_peer(stream), ':') != NULL);
}

static void client_writable(void *user)
{
    echo_client *client = user;
    uint8_t bytes[7000];
    size_t size = 0, done;
    while (size < sizeof bytes && client->sent + size < ECHO_SIZE) {
        bytes[size] = byte_at(client->sent + size);
        size++;
    }
    weir_err err = wr_stream_write(client->stream, &(weir_slice){bytes, size}, 1, &done);
    CHECK(err == WEIR_OK || err == WEIR_E_AGAIN);
    if (err == WEIR_OK)
        client->sent += done;
    wr_stream_want(client->stream, WR_WANT_READ | (client->sent < ECHO_SIZE ? WR_WANT_WRITE : 0));
}

static void client_readable(void *user)
{
    echo_client *client = user;
    uint8_t bytes[5000];
    size_t done;
    weir_err err = wr_stream_read(client->stream, bytes, sizeof bytes, &done);
    if (err == WEIR_E_AGAIN)
        return;
    CHECK_OK(err);
    for (size_t i = 0; i < done; i++)
        CHECK_EQ(bytes[i], byte_at(client->received + i));
    client->received += done;
    if (client->received < ECHO_SIZE)
        return;
    wr_stream_close(client->stream); /* inside its own callback */
    client->all->open_clients--;
    echo_left(client->all);
}

static const wr_stream_events client_events = {client_readable, client_writable};

static void run_echo(world *w)
{
    echo all = {.w = w, .open_clients = ECHO_CLIENTS};
    weir_failure failure = {0};
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, echo_accept, &all, &all.listener, &failure));
    int port = wr_listener_port(all.listener);
    CHECK(port > 0);
    echo_client clients[ECHO_CLIENTS] = {0};
    for (int i = 0; i < ECHO_CLIENTS; i++) {
        clients[i].all = &all;
        CHECK_OK(wr_connect(w->loop, "127.0.0.1", port, &clients[i].stream));
        wr_stream_set(clients[i].stream, &client_events, &clients[i]);
        wr_stream_want(clients[i].stream, WR_WANT_WRITE);
    }
    CHECK_OK(wr_loop_run(w->loop));
    for (int i = 0; i < ECHO_CLIENTS; i++)
        CHECK_EQ(clients[i].received, ECHO_SIZE);
    wr_listener_close(all.listener);
}

TEST_BOTH(bytes_are_echoed_in_order_over_partial_reads_and_writes)
{
    run_echo(w);
}

TEST(a_seed_decides_the_whole_run_of_a_loop)
{
    uint64_t digests[3];
    for (int i = 0; i < 3; i++) {
        world w = world_new(i == 2 ? 8 : 7);
        run_echo(&w);
        digests[i] = wr_sim_digest(w.sim);
        world_free(&w);
    }
    CHECK(digests[0] == digests[1]);
    CHECK(digests[0] != digests[2]);
}

/* ---- refusals */
typedef struct attempt {
    world *w;
    wr_stream *stream;
    weir_err seen;
} attempt;

static void attempt_ready(void *user)
{
    attempt *a = user;
    uint8_t byte;
    size_t done;
    a->seen = wr_stream_read(a->stream, &byte, 1, &done);
    if (a->seen == WEIR_E_AGAIN)
        return;
    wr_stream_close(a->stream);
    wr_loop_stop(a->w->loop);
}

static const wr_stream_events attempt_events = {attempt_ready, NULL};

static void never_accept(void *user, wr_stream *stream)
{
    (void)user;
    wr_stream_close(stream);
}

TEST_BOTH(connecting_to_nobody_is_told_by_a_failing_read)
{
    wr_listener *listener;
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, never_accept, NULL, &listener, NULL));
    int port = wr_listener_port(listener);
    wr_listener_close(listener);
    attempt a = {.w = w};
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", port, &a.stream));
    wr_stream_set(a.stream, &attempt_events, &a);
    wr_stream_want(a.stream, WR_WANT_READ);
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(a.seen, WEIR_E_CLOSED);
}

TEST_BOTH(the_other_side_closing_is_told_by_a_read)
{
    wr_listener *listener;
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, never_accept, NULL, &listener, NULL));
    attempt a = {.w = w};
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", wr_listener_port(listener), &a.stream));
    wr_stream_set(a.stream, &attempt_events, &a);
    wr_stream_want(a.stream, WR_WANT_READ);
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(a.seen, WEIR_E_CLOSED);
    wr_listener_close(listener);
}

/* ---- one side ends: a server says good-bye, ends its side and reads on until the client closes */
typedef struct goodbye {
    world *w;
    wr_stream *server, *client;
    size_t heard, answered; /* bytes the client and the server have read */
    bool client_saw_end, server_saw_end;
} goodbye;

static void goodbye_server(void *user)
{
    goodbye *g = user;
    uint8_t bytes[100];
    size_t done = 0;
    weir_err err = wr_stream_read(g->server, bytes, sizeof bytes, &done);
    if (err == WEIR_OK)
        g->answered += done;
    if (err != WEIR_E_CLOSED)
        return;
    g->server_saw_end = true;
    wr_stream_close(g->server);
    wr_loop_stop(g->w->loop);
}

static void goodbye_client(void *user)
{
    goodbye *g = user;
    uint8_t bytes[100];
    size_t done = 0;
    weir_err err = wr_stream_read(g->client, bytes, sizeof bytes, &done);
    if (err == WEIR_OK)
        g->heard += done;
    if (err != WEIR_E_CLOSED)
        return;
    g->client_saw_end = true;
    CHECK_OK(wr_stream_write(g->client, &WEIR_SLICE("still here"), 1, &done));
    CHECK(done > 0);
    wr_stream_close(g->client);
}

static void goodbye_accept(void *user, wr_stream *stream)
{
    static const wr_stream_events events = {goodbye_server, NULL};
    goodbye *g = user;
    size_t done;
    g->server = stream;
    CHECK_OK(wr_stream_write(stream, &WEIR_SLICE("good-bye"), 1, &done));
    CHECK(done > 0);
    wr_stream_end(stream);
    CHECK_EQ(wr_stream_write(stream, &WEIR_SLICE("too late"), 1, &done), WEIR_E_CLOSED);
    wr_stream_set(stream, &events, g);
    wr_stream_want(stream, WR_WANT_READ);
}

TEST_BOTH(a_side_that_ends_is_read_to_its_end_and_reads_on_itself)
{
    static const wr_stream_events events = {goodbye_client, NULL};
    goodbye g = {.w = w};
    wr_listener *listener;
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, goodbye_accept, &g, &listener, NULL));
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", wr_listener_port(listener), &g.client));
    wr_stream_set(g.client, &events, &g);
    wr_stream_want(g.client, WR_WANT_READ);
    CHECK_OK(wr_loop_run(w->loop));
    CHECK(g.client_saw_end && g.server_saw_end && g.heard > 0 && g.answered > 0);
    wr_listener_close(listener);
}

TEST_BOTH(a_port_is_listened_on_once_and_the_failure_says_so)
{
    wr_listener *listener, *second = NULL;
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, never_accept, NULL, &listener, NULL));
    weir_failure failure = {0};
    CHECK_EQ(wr_listen(w->loop, "127.0.0.1", wr_listener_port(listener), never_accept, NULL, &second, &failure),
             WEIR_E_EXISTS);
    CHECK(second == NULL && failure.err == WEIR_E_EXISTS && failure.sentence[0] != '\0');
    wr_listener_close(listener);
    wr_listener_close(NULL);
}

TEST(names_and_both_kinds_of_addresses_can_be_listened_on)
{
    world w = world_new(0);
    static const char *const hosts[] = {"localhost", "::1", "0.0.0.0", "127.0.0.1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        wr_listener *listener = NULL;
        weir_failure failure = {0};
        weir_err err = wr_listen(w.loop, hosts[i], 0, never_accept, NULL, &listener, &failure);
        CHECK(err == WEIR_OK || (i == 1 && failure.os_error != 0)); /* a machine may be without IPv6 */
        wr_listener_close(listener);
    }
    weir_failure failure = {0};
    wr_listener *listener = NULL;
    CHECK_EQ(wr_listen(w.loop, "999.1.1.1", 0, never_accept, NULL, &listener, &failure), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_listen(w.loop, "127.0.0.1", 70000, never_accept, NULL, &listener, &failure), WEIR_E_USAGE);
    world_free(&w);
}

/* ---- files over streams */
typedef struct sender {
    world *w;
    wr_file *file;
    wr_listener *listener;
    wr_stream *server, *client;
    size_t sent, received;
    uint32_t crc;
} sender;

static void sender_writable(void *user)
{
    sender *s = user;
    size_t done;
    weir_err err = wr_stream_send_file(s->server, s->file, 1000 + (int64_t)s->sent, ECHO_SIZE - s->sent, &done);
    if (err == WEIR_E_AGAIN)
        return;
    CHECK_OK(err);
    s->sent += done;
    if (s->sent < ECHO_SIZE)
        return;
    wr_stream_close(s->server);
    s->server = NULL;
}

static void sender_reads(void *user)
{
    sender *s = user;
    uint8_t bytes[4096];
    size_t done;
    weir_err err = wr_stream_read(s->client, bytes, sizeof bytes, &done);
    if (err == WEIR_E_AGAIN)
        return;
    if (err == WEIR_E_CLOSED) {
        wr_loop_stop(s->w->loop);
        wr_stream_want(s->client, 0);
        return;
    }
    CHECK_OK(err);
    s->crc = wr_crc32c(s->crc, bytes, done);
    s->received += done;
}

static const wr_stream_events sender_events = {NULL, sender_writable};
static const wr_stream_events receiver_events = {sender_reads, NULL};

static void sender_accept(void *user, wr_stream *stream)
{
    sender *s = user;
    s->server = stream;
    wr_stream_set(stream, &sender_events, s);
    wr_stream_want(stream, WR_WANT_WRITE);
}

TEST_BOTH(a_part_of_a_file_is_sent_as_it_is)
{
    sender s = {.w = w};
    char path[300];
    snprintf(path, sizeof path, "%s/file", w->root);
    CHECK_OK(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &s.file));
    uint8_t *bytes = malloc(ECHO_SIZE);
    for (size_t i = 0; i < ECHO_SIZE; i++)
        bytes[i] = byte_at(i);
    CHECK_OK(wr_file_write(s.file, 1000, bytes, ECHO_SIZE));
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, sender_accept, &s, &s.listener, NULL));
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", wr_listener_port(s.listener), &s.client));
    wr_stream_set(s.client, &receiver_events, &s);
    wr_stream_want(s.client, WR_WANT_READ);
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(s.received, ECHO_SIZE);
    CHECK_EQ(s.crc, wr_crc32c(0, bytes, ECHO_SIZE));
    free(bytes);
    wr_stream_close(s.client);
    wr_listener_close(s.listener);
    wr_file_close(s.file);
}

/* ---- closing one another */
typedef struct crowd {
    world *w;
    wr_stream *clients[400], *servers[400];
    int accepted, closed, expected;
} crowd;

typedef struct member {
    crowd *all;
    int number;
} member;

static void member_readable(void *user)
{
    member *m = user;
    crowd *all = m->all;
    uint8_t byte;
    size_t done;
    weir_err err = wr_stream_read(all->clients[m->number], &byte, 1, &done);
    if (err == WEIR_E_AGAIN)
        return;
    CHECK_EQ(err, WEIR_E_CLOSED);
    for (int i = 0; i < 2; i++) { /* itself, and a neighbour that may be about to be told in the same round */
        int other = m->number ^ i;
        if (!all->clients[other])
            continue;
        wr_stream_close(all->clients[other]);
        all->clients[other] = NULL;
        all->closed++;
    }
    if (all->closed == all->expected)
        wr_loop_stop(all->w->loop);
}

static const wr_stream_events member_events = {member_readable, NULL};

static void crowd_accept(void *user, wr_stream *stream)
{
    crowd *all = user;
    all->servers[all->accepted++] = stream;
    if (all->accepted < all->expected)
        return;
    for (int i = 0; i < all->expected; i++)
        wr_stream_close(all->servers[i]);
}

TEST_BOTH(a_callback_may_close_other_streams_that_are_ready_too)
{
    crowd all = {.w = w, .expected = 100};
    member members[100];
    wr_listener *listener;
    CHECK_OK(wr_listen(w->loop, "127.0.0.1", 0, crowd_accept, &all, &listener, NULL));
    for (int i = 0; i < all.expected; i++) {
        members[i] = (member){&all, i};
        CHECK_OK(wr_connect(w->loop, "127.0.0.1", wr_listener_port(listener), &all.clients[i]));
        wr_stream_set(all.clients[i], &member_events, &members[i]);
        wr_stream_want(all.clients[i], WR_WANT_READ);
    }
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(all.closed, all.expected);
    wr_listener_close(listener);
}

/* ---- of the simulator alone */
/* ---- a descriptor that a child has too */

static void keep_accepted(void *user, wr_stream *stream)
{
    *(wr_stream **)user = stream;
}

static void stop_loop(void *user)
{
    wr_loop_stop(user);
}

static void run_once(wr_loop *loop)
{
    CHECK_OK(wr_loop_post(loop, stop_loop, loop));
    CHECK_OK(wr_loop_run(loop));
}

TEST(a_closed_stream_is_told_nothing_more_though_a_child_holds_its_descriptor)
{
    static const wr_stream_events none = {NULL, NULL};
    world w = world_new(0);
    wr_listener *listener;
    wr_stream *stream = NULL;
    wr_dial *client;
    CHECK_OK(wr_listen(w.loop, "127.0.0.1", 0, keep_accepted, &stream, &listener, NULL));
    CHECK_OK(wr_dial_open("127.0.0.1", wr_listener_port(listener), 10000, &client));
    while (!stream)
        run_once(w.loop);
    wr_stream_set(stream, &none, NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of this test */
        for (;;)
            pause();
    }
    CHECK(child > 0);
    wr_stream_close(stream);
    run_once(w.loop);
    CHECK_OK(wr_dial_write(client, "hello", 5, 10000));
    run_once(w.loop);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    wr_dial_close(client);
    wr_listener_close(listener);
    world_free(&w);
}

TEST(resets_reach_both_sides)
{
    int resets = 0;
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 50; seed++) {
        world w = world_new(seed);
        wr_sim_set_net(w.sim, &(wr_sim_net){.delay_us_max = 100, .reset_ppm = 500000, .pipe_size = 100});
        sender s = {.w = &w};
        CHECK_OK(wr_listen(w.loop, "sim", 0, sender_accept, &s, &s.listener, NULL));
        CHECK_OK(wr_connect(w.loop, "sim", wr_listener_port(s.listener), &s.client));
        CHECK(wr_sim_run(w.sim, 2) == 2); /* connected, accepted */
        wr_stream_want(s.server, 0);
        weir_err err = WEIR_OK;
        size_t done;
        uint8_t byte = 1;
        for (int i = 0; i < 20 && err == WEIR_OK; i++)
            err = wr_stream_write(s.server, &(weir_slice){&byte, 1}, 1, &done);
        resets += err == WEIR_E_CLOSED;
        while (err == WEIR_E_CLOSED && wr_stream_read(s.client, &byte, 1, &done) == WEIR_OK)
            ;
        if (err == WEIR_E_CLOSED)
            CHECK_EQ(wr_stream_read(s.client, &byte, 1, &done), WEIR_E_CLOSED);
        wr_stream_close(s.server);
        wr_stream_close(s.client);
        wr_listener_close(s.listener);
        world_free(&w);
    }
    CHECK(resets > 40);
}
