/* A server by itself, on the simulator: who may ask what before a login, and the states of a connection. */
#include "request.h"
#include "server.h"
#include "server_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <testing/io/sim.h>
#include <wire/api_versions.h>
#include <wire/heartbeat.h>

#include "allocation.h"
#include "test.h"

enum { PORT = 9092, STEPS = 100000 };

typedef struct world {
    wr_sim *sim;
    wr_loop *loop;
    wr_server *server;
    wr_round_end settle;
    const wr_principal *asked_as; /* of the last request */
    int listener;
    int run_count;
    bool keep;
    wr_request *kept, *kept_before; /* the last two */
} world;

static weir_err run(wr_request *request)
{
    world *w = request->context;
    w->asked_as = request->principal;
    w->listener = request->listener;
    w->run_count++;
    if (w->keep) {
        w->kept_before = w->kept;
        w->kept = request;
        wr_request_keep(request, NULL);
    }
    return WEIR_OK;
}

static const wr_handler handlers[] = {
    {.api_key = WR_API_API_VERSIONS, .run = run, .before_login = true, .pipelined = true},
    {.api_key = WR_API_HEARTBEAT, .run = run},
    {0},
};

static void settle(void *user)
{
    world *w = user;
    do
        wr_server_settle(w->server);
    while (wr_server_unsettled(w->server));
}

static world *world_new(const wr_principal *second)
{
    static const wr_server_config config = {.request_size_max = 1 << 20,
                                            .answer_size_max = 1 << 20,
                                            .connection_count_max = 10,
                                            .connection_idle_ms = 60000,
                                            .frame_deadline_ms = 30000,
                                            .memory_max = 1 << 24,
                                            .connection_memory_max = 1 << 22};
    world *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->sim = wr_sim_new(1);
    CHECK_OK(wr_loop_new(wr_sim_io(w->sim), &w->loop));
    CHECK_OK(wr_server_new(w->loop, NULL, &config, handlers, w, &w->server));
    CHECK_OK(wr_server_listen(w->server, "127.0.0.1", PORT, &wr_principal_anonymous, NULL));
    CHECK_OK(wr_server_listen(w->server, "127.0.0.1", PORT + 1, second, NULL));
    wr_loop_at_round_end(w->loop, &w->settle, settle, w);
    return w;
}

static void world_free(world *w)
{
    wr_round_end_remove(&w->settle);
    wr_server_free(w->server);
    wr_loop_free(w->loop);
    wr_sim_free(w->sim);
    free(w);
}

static void nothing(void *user)
{
    (void)user;
}

static const wr_stream_events client_events = {.readable = nothing, .writable = nothing};

/* Sends one request by a new connection; did an answer come? */
static bool ask(world *w, int port, int16_t key, int16_t version, const void *message)
{
    wr_stream *stream;
    wr_buf bytes;
    uint8_t answer[4096];
    size_t size = 0;
    wr_buf_init(&bytes, 1 << 16);
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", port, &stream));
    wr_stream_set(stream, &client_events, NULL);
    wr_sim_run_ms(w->sim, 10, STEPS);
    CHECK_OK(wr_request_encode(wr_api_find(key), version, 1, "test", message, &bytes));
    for (size_t at = 0; at < bytes.size; at += size) {
        weir_slice left = {bytes.data + at, bytes.size - at};
        CHECK_OK(wr_stream_write(stream, &left, 1, &size));
    }
    wr_sim_run_ms(w->sim, 100, STEPS);
    weir_err err = wr_stream_read(stream, answer, sizeof answer, &size);
    CHECK(err == WEIR_OK || err == WEIR_E_CLOSED);
    wr_stream_close(stream);
    wr_buf_fini(&bytes);
    wr_sim_run_ms(w->sim, 10, STEPS);
    CHECK_EQ(wr_server_connection_count(w->server), 0);
    return err == WEIR_OK;
}

TEST(before_a_login_only_what_is_marked_so_runs_and_everything_else_is_hung_up_on)
{
    world *w = world_new(NULL);
    const wr_api_versions_request versions = {.client_software_name = WEIR_SLICE("test"),
                                              .client_software_version = WEIR_SLICE("1")};
    const wr_heartbeat_request heartbeat = {.group_id = WEIR_SLICE("g"), .member_id = WEIR_SLICE("m")};
    CHECK(ask(w, PORT + 1, WR_API_API_VERSIONS, 3, &versions));
    CHECK(w->asked_as == NULL);
    CHECK_EQ(w->listener, 1);
    CHECK(!ask(w, PORT + 1, WR_API_HEARTBEAT, 3, &heartbeat));
    CHECK_EQ(w->run_count, 1);

    CHECK(ask(w, PORT, WR_API_HEARTBEAT, 3, &heartbeat)); /* by the listener that asks for no login */
    CHECK_EQ(w->run_count, 2);
    CHECK_EQ(w->listener, 0);
    CHECK_STR(w->asked_as->name, "ANONYMOUS");
    world_free(w);
}

TEST(each_listener_says_who_its_connections_are)
{
    static const wr_principal local = {"User", "local"};
    world *w = world_new(&local);
    const wr_heartbeat_request heartbeat = {.group_id = WEIR_SLICE("g"), .member_id = WEIR_SLICE("m")};
    CHECK(ask(w, PORT + 1, WR_API_HEARTBEAT, 3, &heartbeat));
    CHECK(w->asked_as == &local);
    CHECK(ask(w, PORT, WR_API_HEARTBEAT, 3, &heartbeat));
    CHECK(w->asked_as == &wr_principal_anonymous);
    CHECK_EQ(wr_server_port(w->server, 1), PORT + 1);
    world_free(w);
}

/* Sends a request and lets it arrive. */
static void send_request(world *w, wr_stream *stream, int16_t key, const void *message)
{
    wr_buf bytes;
    size_t size;
    wr_buf_init(&bytes, 1 << 16);
    CHECK_OK(wr_request_encode(wr_api_find(key), 3, 1, "test", message, &bytes));
    weir_slice all = wr_buf_view(&bytes);
    CHECK_OK(wr_stream_write(stream, &all, 1, &size));
    CHECK_EQ(size, all.size);
    wr_buf_fini(&bytes);
    wr_sim_run_ms(w->sim, 10, STEPS);
}

static void heartbeat(world *w, wr_stream *stream)
{
    const wr_heartbeat_request message = {.group_id = WEIR_SLICE("g"), .member_id = WEIR_SLICE("m")};
    send_request(w, stream, WR_API_HEARTBEAT, &message);
}

static void answer_kept(world *w)
{
    wr_request_answer(w->kept);
    settle(w); /* as at the end of a round */
    wr_sim_run_ms(w->sim, 10, STEPS);
}

static wr_stream *client(world *w)
{
    wr_stream *stream;
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", PORT, &stream));
    wr_stream_set(stream, &client_events, NULL);
    wr_sim_run_ms(w->sim, 10, STEPS);
    return stream;
}

static const wr_connection *only_connection(const world *w)
{
    CHECK_EQ(w->server->connection_count, 1);
    return WR_LIST_ITEM(wr_list_first(&w->server->connections), wr_connection, link);
}

TEST(a_connection_is_held_while_a_request_must_be_answered_first_and_starved_while_memory_is_short)
{
    world *w = world_new(NULL);
    wr_stream *stream = client(w);
    const wr_connection *connection = only_connection(w);
    CHECK_EQ(connection->state, WR_CONNECTION_READING);

    w->keep = true;
    heartbeat(w, stream);
    heartbeat(w, stream);
    CHECK_EQ(connection->state, WR_CONNECTION_HELD);
    CHECK_EQ(w->run_count, 1);

    w->server->config.memory_max = 1; /* what is kept fills it */
    heartbeat(w, stream);
    CHECK_EQ(connection->state, WR_CONNECTION_HELD_STARVED);
    answer_kept(w); /* the second has arrived already: it runs, and nothing more is read */
    CHECK_EQ(w->run_count, 2);
    CHECK_EQ(connection->state, WR_CONNECTION_HELD_STARVED);

    w->keep = false;
    answer_kept(w);
    CHECK_EQ(w->run_count, 3);
    CHECK_EQ(connection->state, WR_CONNECTION_READING);

    w->keep = true;
    heartbeat(w, stream);
    wr_server_drain(w->server);
    settle(w);
    wr_sim_run_ms(w->sim, 10, STEPS);
    CHECK_EQ(connection->state, WR_CONNECTION_DRAINING);
    heartbeat(w, stream); /* too late: it is not read */
    answer_kept(w);
    CHECK_EQ(w->run_count, 4);
    CHECK(wr_server_drained(w->server));
    wr_stream_close(stream);
    world_free(w);
}

TEST(a_starved_connection_that_is_hung_up_on_is_gone_when_there_is_memory_again)
{
    world *w = world_new(NULL);
    wr_stream *stream = client(w);
    w->server->config.memory_max = 0;
    heartbeat(w, stream);
    CHECK_EQ(only_connection(w)->state, WR_CONNECTION_STARVED);
    wr_server_close_all(w->server, "a test");
    w->server->config.memory_max = 1 << 24;
    settle(w);
    wr_sim_run_ms(w->sim, 10, STEPS);
    CHECK_EQ(w->server->connection_count, 0);
    CHECK_EQ(w->run_count, 0);
    wr_stream_close(stream);
    world_free(w);
}

/* Two requests of one connection, of which the first cannot be answered. */
static void check_nothing_leaves(void (*end_first)(wr_request *first), bool second_is_answered_before)
{
    const wr_api_versions_request message = {.client_software_name = WEIR_SLICE("test"),
                                             .client_software_version = WEIR_SLICE("1")};
    world *w = world_new(NULL);
    wr_stream *stream = client(w);
    uint8_t answer[64];
    size_t size;
    w->keep = true;
    send_request(w, stream, WR_API_API_VERSIONS, &message);
    send_request(w, stream, WR_API_API_VERSIONS, &message);
    CHECK_EQ(w->run_count, 2);
    if (second_is_answered_before)
        answer_kept(w);
    end_first(w->kept_before);
    if (!second_is_answered_before)
        wr_request_answer(w->kept);
    settle(w);
    wr_sim_run_ms(w->sim, 10, STEPS);
    CHECK_EQ(wr_stream_read(stream, answer, sizeof answer, &size), WEIR_E_CLOSED);
    CHECK_EQ(w->server->connection_count, 0);
    wr_stream_close(stream);
    world_free(w);
}

static void answer_without_memory(wr_request *first)
{
    test_fail_allocation(1);
    wr_request_answer(first);
    CHECK(test_allocation_failed());
}

static void hang_up(wr_request *first)
{
    wr_request_hang_up(first, "a test");
}

TEST(an_answer_for_which_there_is_no_memory_closes_the_connection_and_none_behind_it_leaves)
{
    check_nothing_leaves(answer_without_memory, false);
    check_nothing_leaves(answer_without_memory, true);
}

TEST(behind_a_request_that_is_hung_up_on_no_answer_leaves)
{
    check_nothing_leaves(hang_up, false);
    check_nothing_leaves(hang_up, true);
}

/* ---- the log */

typedef struct log_lines {
    int closed, refused, counted;
    char last[500];
} log_lines;

static void take_line(void *user, const char *line, size_t size)
{
    log_lines *lines = user;
    lines->closed += strstr(line, "connection closed") != NULL;
    lines->refused += strstr(line, "connection refused") != NULL;
    const char *count = strstr(line, "count=");
    lines->counted += count ? atoi(count + strlen("count=")) : 0;
    snprintf(lines->last, sizeof lines->last, "%.*s", (int)size, line);
}

static void send_nonsense(world *w, int count)
{
    static const char nonsense[] = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < count; i++) {
        wr_stream *stream = client(w);
        for (size_t at = 0, size; at < 8; at += size) { /* a write may take less */
            weir_slice rest = weir_slice_of(nonsense + at);
            CHECK_OK(wr_stream_write(stream, &rest, 1, &size));
        }
        wr_sim_run_ms(w->sim, 100, STEPS);
        CHECK_EQ(wr_server_connection_count(w->server), 0);
        wr_stream_close(stream);
    }
}

TEST(a_client_cannot_fill_the_log_and_what_is_left_out_of_it_is_counted)
{
    log_lines lines = {0};
    const wr_trace trace = {.level = WR_WARN, .write = take_line, .sink = &lines};
    wr_stream *others[10], *more;
    world *w = world_new(NULL);
    w->server->trace = &trace;
    send_nonsense(w, 40);
    CHECK_EQ(lines.closed, 10);
    CHECK(strstr(lines.last, "the client speaks HTTP"));
    for (int i = 0; i < 10; i++)
        others[i] = client(w);
    for (int i = 0; i < 20; i++) { /* another kind of line has lines of its own */
        CHECK_OK(wr_connect(w->loop, "127.0.0.1", PORT, &more));
        wr_sim_run_ms(w->sim, 1, STEPS);
        wr_stream_close(more);
    }
    CHECK_EQ(lines.refused, 10);
    CHECK(strstr(lines.last, "max.connections is reached"));
    for (int i = 0; i < 10; i++)
        wr_stream_close(others[i]);
    wr_sim_run_ms(w->sim, 10 * 1000, STEPS);
    CHECK_EQ(lines.closed, 11);
    CHECK_EQ(lines.refused, 11);
    CHECK(strstr(lines.last, "count=10"));
    send_nonsense(w, 1);
    CHECK_EQ(lines.closed, 12);
    send_nonsense(w, 11);
    world_free(w);
    CHECK_EQ(lines.closed, 12 + 9 + 1); /* the end tells, too */
    CHECK(strstr(lines.last, "count=2"));
}

TEST(what_is_left_out_of_the_log_is_counted_although_the_next_line_comes_before_its_timer)
{
    log_lines lines = {0};
    const wr_trace trace = {.level = WR_WARN, .write = take_line, .sink = &lines};
    world *w = world_new(NULL);
    w->server->trace = &trace;
    send_nonsense(w, 40);
    CHECK_EQ(lines.closed, 10);
    wr_timer_stop(w->loop, &w->server->complaints[WR_COMPLAINT_CLOSED].timer); /* as without memory for it */
    wr_sim_run_ms(w->sim, 10 * 1000, STEPS);
    send_nonsense(w, 1);
    CHECK_EQ(lines.closed, 12);
    CHECK_EQ(lines.counted, 30);
    world_free(w);
    CHECK_EQ(lines.closed, 12);
}
