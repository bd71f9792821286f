#include "server_int.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A server that echoes, and that keeps what is posted to /later until answer_kept. */
typedef struct fixture {
    wr_http_server *server;
    wr_http_client *client;
    char url[64];
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    wr_exchange *kept[64];
    size_t kept_count;
} fixture;

static void handle(void *user, wr_exchange *exchange)
{
    fixture *f = user;
    const char *path = wr_exchange_path(exchange);
    if (strcmp(path, "/later") == 0) {
        pthread_mutex_lock(&f->lock);
        f->kept[f->kept_count++] = exchange;
        pthread_cond_signal(&f->arrived);
        pthread_mutex_unlock(&f->lock);
        return;
    }
    const char *query = wr_exchange_query(exchange, "q");
    const char *header = wr_exchange_header(exchange, "X-Thing");
    weir_slice body = wr_exchange_body(exchange);
    char *text =
        weir_arena_printf(wr_exchange_arena(exchange), "%s %s q=%s x=%s %.*s", wr_exchange_method(exchange), path,
                          query ? query : "-", header ? header : "-", (int)body.size, (const char *)body.data);
    wr_exchange_answer(exchange,
                       &(wr_answer){.status = 200, .content_type = "text/plain", .body = weir_slice_of(text)});
}

static void begin(fixture *f, const wr_http_options *options)
{
    *f = (fixture){0};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->arrived, NULL);
    wr_http_options own = *options;
    own.handle = handle;
    own.user = f;
    weir_failure failure = {0};
    CHECK_OK(wr_http_server_start(&own, &f->server, &failure));
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d", wr_http_server_port(f->server));
    CHECK_OK(wr_http_client_new(f->url, 20000, &f->client, &failure));
}

static void end(fixture *f)
{
    wr_http_client_free(f->client);
    wr_http_server_stop(f->server);
    pthread_cond_destroy(&f->arrived);
    pthread_mutex_destroy(&f->lock);
}

static void check_text(const wr_http_reply *reply, int status, const char *text)
{
    CHECK_EQ(reply->status, status);
    CHECK_EQ(reply->body.size, strlen(text));
    CHECK_BYTES(reply->body.data, text, strlen(text));
}

static void get_ok(fixture *f, const char *path, const char *text)
{
    wr_http_reply reply;
    weir_failure failure = {0};
    CHECK_OK(wr_http_call(f->client, "GET", path, NULL, (weir_slice){0}, &reply, &failure));
    check_text(&reply, 200, text);
}

TEST(a_request_arrives_whole_and_its_answer_comes_back)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    wr_http_reply reply;
    weir_failure failure = {0};
    const char *const headers[] = {"x-thing: 7", NULL};
    CHECK_OK(wr_http_call(f.client, "POST", "/a%20b?q=c%26+d&e", headers, WEIR_SLICE("body"), &reply, &failure));
    check_text(&reply, 200, "POST /a b q=c& d x=7 body");
    CHECK_STR(reply.content_type, "text/plain");
    get_ok(&f, "/", "GET / q=- x=- ");
    CHECK_OK(wr_http_call(f.client, "DELETE", "/x?", NULL, (weir_slice){0}, &reply, &failure));
    check_text(&reply, 200, "DELETE /x q=- x=- ");
    CHECK_OK(wr_http_call(f.client, "HEAD", "/x", NULL, (weir_slice){0}, &reply, &failure));
    check_text(&reply, 200, "");
    get_ok(&f, "/z", "GET /z q=- x=- ");
    end(&f);
}

TEST(a_body_beyond_the_limit_is_413_and_the_next_request_works)
{
    fixture f;
    begin(&f, &(wr_http_options){.body_size_max = 1000});
    static char body[5000];
    memset(body, 'x', sizeof body);
    wr_http_reply reply;
    weir_failure failure = {0};
    CHECK_OK(wr_http_call(f.client, "POST", "/", NULL, (weir_slice){(uint8_t *)body, 5000}, &reply, &failure));
    CHECK_EQ(reply.status, 413);
    get_ok(&f, "/a", "GET /a q=- x=- ");
    end(&f);
}

TEST(paths_with_broken_or_zero_escapes_are_400)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    const char *const bad[] = {"/%", "/%2", "/%zz", "/a%00b", "/a?q=%0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wr_http_reply reply;
        CHECK_OK(wr_http_call(f.client, "GET", bad[i], NULL, (weir_slice){0}, &reply, NULL));
        CHECK_EQ(reply.status, 400);
    }
    end(&f);
}

TEST(lengths_and_encodings_that_could_be_read_in_two_ways_are_refused)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    const char *const bad[] = {"Content-Length: +4", "Content-Length: 4\0", "Transfer-Encoding: gzip", "Host: other"};
    const int status[] = {400, 400, 501, 400};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const headers[] = {bad[i], "Content-Length: 4", NULL};
        const char *const one[] = {bad[i], NULL};
        wr_http_reply reply;
        CHECK_OK(wr_http_call(f.client, "POST", "/", i == 1 ? headers : one, WEIR_SLICE("body"), &reply, NULL));
        CHECK_EQ(reply.status, status[i]);
    }
    get_ok(&f, "/a", "GET /a q=- x=- ");
    end(&f);
}

typedef struct load {
    atomic_int good, bad;
} load;

static void on_done(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    load *l = user;
    (void)cookie;
    atomic_fetch_add(err == WEIR_OK && reply->status / 100 == 2 ? &l->good : &l->bad, 1);
}

static wr_exchange *take_kept(fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->kept_count == 0)
        pthread_cond_wait(&f->arrived, &f->lock);
    wr_exchange *exchange = f->kept[--f->kept_count];
    pthread_mutex_unlock(&f->lock);
    return exchange;
}

TEST(answers_come_from_another_thread_while_others_wait)
{
    fixture f;
    begin(&f, &(wr_http_options){.thread_count = 2});
    load l = {0};
    wr_http_pool *pool;
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 8, .done = on_done, .user = &l}, &pool, NULL));
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_http_pool_send(pool, "POST", "/later", NULL, WEIR_SLICE("x"), NULL));
    for (int i = 0; i < 8; i++)
        wr_exchange_answer(take_kept(&f), &(wr_answer){.status = 202, .body = WEIR_SLICE("{}")});
    wr_http_pool_wait(pool);
    CHECK_EQ(atomic_load(&l.good), 8);
    wr_http_pool_free(pool);
    end(&f);
}

TEST(a_pool_sends_more_than_it_has_connections)
{
    fixture f;
    begin(&f, &(wr_http_options){.thread_count = 2});
    load l = {0};
    wr_http_pool *pool;
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 4, .done = on_done, .user = &l}, &pool, NULL));
    for (int i = 0; i < 500; i++)
        CHECK_OK(wr_http_pool_send(pool, "POST", "/now", NULL, WEIR_SLICE("hello"), NULL));
    wr_http_pool_wait(pool);
    CHECK_EQ(atomic_load(&l.good), 500);
    CHECK_EQ(atomic_load(&l.bad), 0);
    wr_http_pool_free(pool);
    end(&f);
}

typedef struct follower {
    wr_http_pool *pool;
    weir_err first_err; /* of trying while the first one is under way */
    weir_err next_err;  /* of trying once its end is known */
    int ended;
} follower;

static void try_next(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    (void)cookie, (void)err, (void)reply;
    follower *own = user;
    if (own->ended++ == 0)
        own->next_err = wr_http_pool_try(own->pool, "GET", "/next", NULL, (weir_slice){0}, NULL);
}

TEST(the_place_of_a_request_is_free_once_its_end_is_told)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    follower own = {0};
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 1, .done = try_next, .user = &own}, &own.pool,
        NULL));
    CHECK_OK(wr_http_pool_try(own.pool, "POST", "/later", NULL, WEIR_SLICE("x"), NULL));
    own.first_err = wr_http_pool_try(own.pool, "GET", "/next", NULL, (weir_slice){0}, NULL);
    wr_exchange_answer(take_kept(&f), &(wr_answer){.status = 202});
    wr_http_pool_wait(own.pool);
    CHECK_EQ(own.first_err, WEIR_E_LIMIT);
    CHECK_OK(own.next_err);
    CHECK_EQ(own.ended, 2);
    wr_http_pool_free(own.pool);
    end(&f);
}

TEST(stopping_answers_503_to_what_is_kept_and_a_late_answer_only_releases_it)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    load l = {0};
    wr_http_pool *pool;
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 2, .done = on_done, .user = &l}, &pool, NULL));
    CHECK_OK(wr_http_pool_send(pool, "POST", "/later", NULL, WEIR_SLICE("x"), NULL));
    wr_exchange *exchange = take_kept(&f);
    wr_http_server_stop(f.server);
    f.server = NULL;
    wr_http_pool_wait(pool);
    CHECK_EQ(atomic_load(&l.bad), 1);
    CHECK(weir_slice_equal(wr_exchange_body(exchange), WEIR_SLICE("x")));
    wr_exchange_answer(exchange, &(wr_answer){.status = 202});
    wr_http_pool_free(pool);
    end(&f);
}

static void *on_loop(void *user)
{
    return wr_http_server_on_loop(user) ? user : NULL;
}

/* Handles of threads are given out again: the first thread made after the loop's mostly has the loop's. */
TEST(a_thread_that_is_made_after_the_stop_is_not_taken_for_the_loops)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    wr_http_server *server = f.server;
    wr_http_pool *pool;
    load l = {0};
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 1, .done = on_done, .user = &l}, &pool, NULL));
    CHECK_OK(wr_http_pool_send(pool, "POST", "/later", NULL, WEIR_SLICE("x"), NULL));
    wr_exchange *exchange = take_kept(&f); /* holds the server's memory */
    wr_http_pool_free(pool);
    pthread_t before = server->thread;
    wr_http_server_stop(server);
    f.server = NULL;
    bool was_the_same = false;
    for (int i = 0; i < 100 && !was_the_same; i++) {
        pthread_t thread;
        void *answer;
        CHECK_OK(pthread_create(&thread, NULL, on_loop, server));
        was_the_same = pthread_equal(thread, before);
        CHECK_OK(pthread_join(thread, &answer));
        CHECK(answer == NULL);
    }
    wr_exchange_answer(exchange, &(wr_answer){.status = 202});
    end(&f);
}

TEST(freeing_a_pool_ends_what_is_in_flight)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    load l = {0};
    wr_http_pool *pool;
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = f.url, .connection_count = 2, .done = on_done, .user = &l}, &pool, NULL));
    CHECK_OK(wr_http_pool_send(pool, "POST", "/later", NULL, WEIR_SLICE("x"), NULL));
    wr_exchange *exchange = take_kept(&f);
    wr_http_pool_free(pool);
    CHECK_EQ(atomic_load(&l.bad), 1);
    wr_exchange_answer(exchange, &(wr_answer){.status = 202});
    end(&f);
}

TEST(connections_beyond_the_limit_wait_and_are_served_when_others_go)
{
    fixture f;
    begin(&f, &(wr_http_options){.connection_max = 2});
    wr_http_client *clients[12];
    for (int i = 0; i < 12; i++) {
        wr_http_reply reply;
        CHECK_OK(wr_http_client_new(f.url, 20000, &clients[i], NULL));
        CHECK_OK(wr_http_call(clients[i], "GET", "/", NULL, (weir_slice){0}, &reply, NULL));
        CHECK_EQ(reply.status, 200);
        wr_http_client_free(clients[i]);
    }
    end(&f);
}

TEST(nobody_listening_is_unreachable_and_a_lost_answer_is_closed)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    wr_http_reply reply;
    weir_failure failure = {0};
    wr_http_server_stop(f.server);
    f.server = NULL;
    CHECK_EQ(wr_http_call(f.client, "GET", "/", NULL, (weir_slice){0}, &reply, &failure), WEIR_E_UNREACHABLE);
    CHECK(strstr(failure.sentence, "unreachable"));
    end(&f);
}

TEST(an_answer_that_does_not_come_is_a_timeout)
{
    fixture f;
    begin(&f, &(wr_http_options){0});
    wr_http_client *hasty;
    wr_http_reply reply;
    CHECK_OK(wr_http_client_new(f.url, 1, &hasty, NULL));
    weir_err err = wr_http_call(hasty, "POST", "/later", NULL, WEIR_SLICE("x"), &reply, NULL);
    CHECK(err == WEIR_E_TIMEOUT || err == WEIR_E_UNREACHABLE); /* the millisecond may pass while connecting */
    wr_http_client_free(hasty);
    get_ok(&f, "/a", "GET /a q=- x=- ");
    if (f.kept_count)
        wr_exchange_answer(take_kept(&f), &(wr_answer){.status = 202});
    end(&f);
}

TEST(base_urls_are_checked)
{
    wr_http_client *client = NULL;
    CHECK_EQ(wr_http_client_new("https://x", 0, &client, NULL), WEIR_E_USAGE);
    CHECK_EQ(wr_http_client_new("localhost:80", 0, &client, NULL), WEIR_E_USAGE);
    CHECK_EQ(wr_http_client_new("", 0, &client, NULL), WEIR_E_USAGE);
    CHECK_EQ(wr_http_client_new(NULL, 0, &client, NULL), WEIR_E_USAGE);
    CHECK(client == NULL);
    CHECK_OK(wr_http_client_new("http://[::1]:99/prefix/", 0, &client, NULL));
    wr_http_client_free(client);
}
