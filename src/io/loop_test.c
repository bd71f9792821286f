/* The contract of loop.h, checked on both implementations. */
#include <io/io.h>
#include <io/loop.h>
#include <io/sim.h>

#include <base/hash.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

typedef struct world {
    wr_io *io;
    wr_sim *sim; /* NULL: the real one */
    wr_loop *loop;
    char root[256];
} world;

static world world_new(uint64_t seed)
{
    world w = {0};
    if (seed) {
        w.sim = wr_sim_new(seed);
        w.io = wr_sim_io(w.sim);
        snprintf(w.root, sizeof w.root, "/test");
        CHECK_OK(wr_dir_create(w.io, w.root));
    } else {
        CHECK_OK(wr_io_real_new(&w.io));
        snprintf(w.root, sizeof w.root, "%s", test_directory());
    }
    CHECK_OK(wr_loop_new(w.io, &w.loop));
    return w;
}

static void world_free(world *w)
{
    wr_loop_free(w->loop);
    wr_io_free(w->io);
    wr_sim_free(w->sim);
}

/* A test of the real loop and of the simulated one with several seeds: TEST_BOTH(name) { … w … } */
#define TEST_BOTH(name)                                                                                                \
    static void name##_in(world *w);                                                                                   \
    TEST(name##_on_the_real_one)                                                                                       \
    {                                                                                                                  \
        world w = world_new(0);                                                                                        \
        name##_in(&w);                                                                                                 \
        world_free(&w);                                                                                                \
    }                                                                                                                  \
    TEST(name##_on_the_simulated_one)                                                                                  \
    {                                                                                                                  \
        for (uint64_t seed = 1; seed <= 20; seed++) {                                                                  \
            world w = world_new(seed);                                                                                 \
            name##_in(&w);                                                                                             \
            world_free(&w);                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_in(world *w)

static void stop(void *user)
{
    wr_loop_stop(((world *)user)->loop);
}

/* ---- timers */
typedef struct tick {
    wr_timer timer;
    struct ticks *all;
    int number;
} tick;

typedef struct ticks {
    world *w;
    tick each[64];
    int order[64];
    int count, expected;
} ticks;

static void ticked(void *user)
{
    tick *t = user;
    CHECK(!wr_timer_started(&t->timer));
    CHECK(wr_loop_now_us(t->all->w->loop) >= t->timer.deadline_us);
    t->all->order[t->all->count++] = t->number;
    if (t->all->count == t->all->expected)
        wr_loop_stop(t->all->w->loop);
}

TEST_BOTH(timers_run_in_the_order_of_their_deadlines)
{
    ticks t = {.w = w, .expected = 40};
    int64_t now_us = wr_loop_now_us(w->loop);
    for (int i = 0; i < 64; i++) {
        t.each[i].all = &t;
        t.each[i].number = i;
        CHECK_OK(wr_timer_start(w->loop, &t.each[i].timer, now_us + (i * 37 % 64) * 100, ticked, &t.each[i]));
    }
    for (int i = 0; i < 64; i++) /* move some, stop some */
        if (i * 37 % 64 >= 40)
            wr_timer_stop(w->loop, &t.each[i].timer);
        else if (i % 3 == 0)
            CHECK_OK(wr_timer_start(w->loop, &t.each[i].timer, now_us + (i * 37 % 64) * 100 + 1, ticked, &t.each[i]));
    wr_timer_stop(w->loop, &t.each[0].timer);
    wr_timer_stop(w->loop, &t.each[0].timer);
    t.expected--;
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(t.count, 39);
    for (int i = 0; i < t.count; i++)
        CHECK_EQ(t.order[i] * 37 % 64, i + 1);
}

typedef struct beat {
    world *w;
    wr_timer timer;
    int left;
} beat;

static void beat_again(void *user)
{
    beat *b = user;
    if (--b->left == 0)
        wr_loop_stop(b->w->loop);
    else
        CHECK_OK(wr_timer_start(b->w->loop, &b->timer, wr_loop_now_us(b->w->loop), beat_again, b));
}

TEST_BOTH(a_timer_may_start_itself_again_at_once)
{
    beat b = {.w = w, .left = 100};
    CHECK_OK(wr_timer_start(w->loop, &b.timer, 0, beat_again, &b));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(b.left, 0);
}

/* ---- posts */
typedef struct posted {
    world *w;
    int count, expected;
} posted;

static void count_post(void *user)
{
    posted *p = user;
    if (++p->count == p->expected)
        wr_loop_stop(p->w->loop);
}

TEST_BOTH(what_is_posted_runs_in_the_loop_even_when_posted_before_it_runs)
{
    posted p = {.w = w, .expected = 100};
    for (int i = 0; i < 100; i++)
        CHECK_OK(wr_loop_post(w->loop, count_post, &p));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(p.count, 100);
}

static void *post_many(void *user)
{
    posted *p = user;
    for (int i = 0; i < 1000; i++)
        CHECK_OK(wr_loop_post(p->w->loop, count_post, p));
    return NULL;
}

TEST(posts_from_other_threads_all_run_on_the_real_one)
{
    world w = world_new(0);
    posted p = {.w = &w, .expected = 4000};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_OK(pthread_create(&threads[i], NULL, post_many, &p));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(p.count, 4000);
    for (int i = 0; i < 4; i++)
        CHECK_OK(pthread_join(threads[i], NULL));
    world_free(&w);
}

static void *stop_from_afar(void *user)
{
    stop(user);
    return NULL;
}

TEST(another_thread_can_stop_an_idle_real_loop)
{
    world w = world_new(0);
    pthread_t thread;
    CHECK_OK(pthread_create(&thread, NULL, stop_from_afar, &w));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_OK(pthread_join(thread, NULL));
    world_free(&w);
}

TEST_BOTH(a_stop_before_the_run_is_not_lost)
{
    wr_loop_stop(w->loop);
    CHECK_OK(wr_loop_run(w->loop));
}

/* ---- signals */
static void on_signal(void *user, int signal)
{
    CHECK_EQ(signal, SIGTERM);
    stop(user);
}

TEST_BOTH(a_signal_is_told_by_the_loop)
{
    CHECK_OK(wr_loop_on_signal(w->loop, SIGTERM, on_signal, w));
    if (w->sim)
        wr_sim_signal(w->sim, SIGTERM);
    else
        CHECK_OK(pthread_kill(pthread_self(), SIGTERM));
    CHECK_OK(wr_loop_run(w->loop));
}

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

/* ---- syncs */
typedef struct syncs {
    world *w;
    wr_file *files[3];
    int order[3];
    int count;
} syncs;

static void synced(syncs *s, int number, weir_err err)
{
    CHECK_OK(err);
    s->order[s->count++] = number;
    if (s->count == 3)
        wr_loop_stop(s->w->loop);
}

static void synced_0(void *user, weir_err err)
{
    synced(user, 0, err);
}

static void synced_1(void *user, weir_err err)
{
    synced(user, 1, err);
}

static void synced_2(void *user, weir_err err)
{
    synced(user, 2, err);
}

TEST_BOTH(syncs_beside_the_loop_finish_in_their_order)
{
    syncs s = {.w = w};
    for (int i = 0; i < 3; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/f%d", w->root, i);
        CHECK_OK(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &s.files[i]));
        CHECK_OK(wr_file_write(s.files[i], 0, "x", 1));
    }
    CHECK_OK(wr_loop_sync(w->loop, s.files, 3, synced_0, &s));
    CHECK_OK(wr_loop_sync(w->loop, s.files, 1, synced_1, &s));
    CHECK_OK(wr_loop_sync(w->loop, NULL, 0, synced_2, &s));
    CHECK_OK(wr_file_write(s.files[0], 1, "y", 1)); /* beside the sync */
    CHECK_OK(wr_loop_run(w->loop));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(s.order[i], i);
        wr_file_close(s.files[i]);
    }
}

TEST_BOTH(a_loop_can_be_freed_while_a_sync_is_under_way)
{
    syncs s = {.w = w};
    char path[300];
    snprintf(path, sizeof path, "%s/f", w->root);
    CHECK_OK(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &s.files[0]));
    CHECK_OK(wr_loop_sync(w->loop, s.files, 1, synced_0, &s));
    wr_loop_free(w->loop);
    wr_file_close(s.files[0]);
    CHECK_EQ(s.count, 0);
    CHECK_OK(wr_loop_new(w->io, &w->loop));
}

/* ---- of the simulator alone */
static void note_error(void *user, weir_err err)
{
    *(int *)user = err == WEIR_OK ? 1 : -1;
}

TEST(a_sync_beside_the_loop_covers_only_what_was_written_before_it)
{
    int lost = 0;
    for (uint64_t seed = 1; seed < 200; seed++) {
        world w = world_new(seed);
        wr_file *file;
        CHECK_OK(wr_file_open(w.io, "/f", WR_FILE_WRITE | WR_FILE_CREATE, &file));
        CHECK_OK(wr_dir_sync(w.io, "/"));
        CHECK_OK(wr_file_write(file, 0, "ab", 2));
        int told = 0;
        CHECK_OK(wr_loop_sync(w.loop, &file, 1, note_error, &told));
        CHECK_OK(wr_file_write(file, 2, "cd", 2));
        CHECK(wr_sim_run(w.sim, 100) > 0);
        CHECK_EQ(told, 1);
        wr_file_close(file);
        wr_sim_cut(w.sim);
        wr_sim_restart(w.sim);
        CHECK_OK(wr_file_open(w.io, "/f", WR_FILE_READ, &file));
        int64_t size;
        CHECK_OK(wr_file_size(file, &size));
        CHECK(size >= 2);
        lost += size == 2;
        wr_file_close(file);
        world_free(&w);
    }
    CHECK(lost > 10);
}

TEST(nothing_runs_and_nobody_is_told_while_the_power_is_off)
{
    world w = world_new(3);
    wr_file *file;
    CHECK_OK(wr_file_open(w.io, "/f", WR_FILE_WRITE | WR_FILE_CREATE, &file));
    int told = 0;
    wr_sim_cut_at(w.sim, wr_sim_write_count(w.sim));
    CHECK_OK(wr_loop_sync(w.loop, &file, 1, note_error, &told));
    CHECK(wr_sim_step(w.sim)); /* the power goes during the sync */
    CHECK_OK(wr_loop_post(w.loop, stop, &w));
    CHECK(!wr_sim_step(w.sim));
    CHECK_EQ(told, 0);
    CHECK_EQ(wr_loop_run(w.loop), WEIR_E_IO);
    wr_file_close(file);
    world_free(&w);
}

static void count_tick(void *user)
{
    ++*(int *)user;
}

TEST(simulated_timers_wait_for_the_clock)
{
    world w = world_new(3);
    int count = 0;
    wr_timer timer = {0};
    CHECK_OK(wr_timer_start(w.loop, &timer, wr_loop_now_us(w.loop) + 5000, count_tick, &count));
    CHECK_EQ(wr_sim_run(w.sim, 100), 0);
    CHECK_EQ(wr_sim_next_timer_us(w.sim), wr_mono_us(w.io) + 5000);
    wr_sim_advance_ms(w.sim, 5);
    CHECK_EQ(wr_sim_run(w.sim, 100), 1);
    CHECK_EQ(count, 1);
    CHECK_EQ(wr_sim_next_timer_us(w.sim), -1);
    CHECK_OK(wr_timer_start(w.loop, &timer, wr_loop_now_us(w.loop) + 5000, count_tick, &count));
    CHECK_EQ(wr_sim_run_ms(w.sim, 4, 100), 0);
    CHECK_EQ(wr_sim_run_ms(w.sim, 1, 100), 1);
    CHECK_EQ(wr_loop_run(w.loop), WEIR_E_AGAIN); /* nothing will ever happen */
    world_free(&w);
}

TEST(resets_reach_both_sides)
{
    int resets = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
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
