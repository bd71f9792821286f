#include "forward.h"
#include "test.h"

#include <testing/io/sim.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* A client, a server that passes everything on, and the one that it passes to, which may keep silent. The circuit's
 * clock is the simulator's and moves only while nothing is under way. */
enum { CALL_COUNT_MAX = 64 };

typedef struct chain {
    wr_sim *sim;
    wr_config *config;
    weir_service service;
    wr_forward *forward;
    wr_http_server *front, *back;
    wr_http_pool *pool;
    char back_url[64];
    atomic_bool is_silent;
    atomic_int asked, ended;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* asked or ended */
    wr_exchange *kept[CALL_COUNT_MAX];
    atomic_int kept_count;
    int status[CALL_COUNT_MAX];
    char body[CALL_COUNT_MAX][300];
} chain;

static void count_one(chain *c, atomic_int *count)
{
    pthread_mutex_lock(&c->lock);
    atomic_fetch_add(count, 1);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void wait_for(chain *c, atomic_int *count, int wanted)
{
    pthread_mutex_lock(&c->lock);
    while (atomic_load(count) < wanted)
        pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

static void answer_or_not(void *user, wr_exchange *exchange)
{
    chain *c = user;
    bool is_silent = atomic_load(&c->is_silent);
    if (is_silent)
        c->kept[atomic_fetch_add(&c->kept_count, 1)] = exchange;
    count_one(c, &c->asked);
    if (!is_silent)
        wr_exchange_answer(exchange,
                           &(wr_answer){.status = 418, .content_type = "text/plain", .body = WEIR_SLICE("pot")});
}

static void pass(void *user, wr_exchange *exchange)
{
    chain *c = user;
    wr_forward_pass(c->forward, strcmp(wr_exchange_path(exchange), "/none") == 0 ? "none.url" : "back.url", exchange);
}

static void on_done(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    chain *c = user;
    size_t i = (size_t)((int *)cookie - c->status);
    c->status[i] = err == WEIR_OK ? reply->status : -(int)err;
    if (err == WEIR_OK)
        snprintf(c->body[i], sizeof c->body[i], "%.*s", (int)reply->body.size, (const char *)reply->body.data);
    count_one(c, &c->ended);
}

static void begin_within(chain *c, const char *timeout)
{
    static const weir_route routes[] = {{"GET", "/x", .forward = "back.url"},
                                        {"GET", "/y", .forward = "back.url"},
                                        {"GET", "/none", .forward = "none.url"},
                                        {0}};
    static const wr_config_key keys[] = {{.key = "back.url", .kind = WR_CONFIG_TEXT},
                                         {.key = "none.url", .kind = WR_CONFIG_TEXT},
                                         {.key = "http.forward.max", .kind = WR_CONFIG_INT},
                                         {.key = "http.forward.timeout", .kind = WR_CONFIG_DURATION},
                                         {0}};
    static const wr_config_key *const tables[] = {keys, NULL};
    *c = (chain){.sim = wr_sim_new(1), .service = {.name = "front", .routes = routes}};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->config = wr_config_new(tables, "WEIR");
    CHECK_OK(wr_http_server_start(&(wr_http_options){.handle = answer_or_not, .user = c}, &c->back, NULL));
    snprintf(c->back_url, sizeof c->back_url, "http://127.0.0.1:%d", wr_http_server_port(c->back));
    CHECK_OK(wr_config_set(c->config, "back.url", c->back_url, "test", NULL));
    CHECK_OK(wr_config_set(c->config, "http.forward.max", "4", "test", NULL));
    CHECK_OK(wr_config_set(c->config, "http.forward.timeout", timeout, "test", NULL));
    CHECK_OK(wr_forward_new(&c->service, c->config, wr_sim_io(c->sim), &c->forward, NULL));
    CHECK_OK(wr_http_server_start(&(wr_http_options){.handle = pass, .user = c}, &c->front, NULL));
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wr_http_server_port(c->front));
    CHECK_OK(wr_http_pool_new(
        &(wr_http_pool_options){.base_url = url, .connection_count = CALL_COUNT_MAX, .done = on_done, .user = c},
        &c->pool, NULL));
}

static void answer_kept(chain *c)
{
    for (int i = 0; i < atomic_load(&c->kept_count); i++)
        wr_exchange_answer(c->kept[i], &(wr_answer){.status = 200});
    atomic_store(&c->kept_count, 0);
}

static void begin(chain *c)
{
    begin_within(c, "60s");
}

static void end(chain *c)
{
    wr_http_pool_free(c->pool);
    wr_http_server_stop(c->front);
    wr_forward_free(c->forward);
    answer_kept(c);
    wr_http_server_stop(c->back);
    wr_config_free(c->config);
    wr_sim_free(c->sim);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
}

static void send(chain *c, int count, const char *path)
{
    for (int i = 0; i < count; i++)
        CHECK_OK(wr_http_pool_send(c->pool, "GET", path, NULL, (weir_slice){0}, &c->status[i]));
}

/* So many at once; waits for all. */
static void call(chain *c, int count, const char *path)
{
    send(c, count, path);
    wr_http_pool_wait(c->pool);
}

static int count_of(const chain *c, int count, int status)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += c->status[i] == status;
    return found;
}

TEST(whatever_status_the_other_service_answers_is_passed_back)
{
    chain c;
    begin(&c);
    call(&c, 1, "/x?a=b");
    CHECK_EQ(c.status[0], 418);
    CHECK_STR(c.body[0], "pot");
    call(&c, 1, "/none");
    CHECK_EQ(c.status[0], 503);
    CHECK(strstr(c.body[0], "{\"error\":\"none.url"));
    end(&c);
}

TEST(a_service_that_hangs_costs_so_many_connections)
{
    chain c;
    begin(&c);
    atomic_store(&c.is_silent, true);
    send(&c, 20, "/x");
    wait_for(&c, &c.ended, 16); /* at once */
    wait_for(&c, &c.asked, 4);
    answer_kept(&c);
    wr_http_pool_wait(c.pool);
    CHECK_EQ(count_of(&c, 20, 503), 16);
    CHECK_EQ(count_of(&c, 20, 200), 4);
    CHECK_EQ(atomic_load(&c.asked), 4);
    for (int i = 0; i < 20; i++)
        CHECK(c.status[i] == 200 || strstr(c.body[i], "(http.forward.max)"));
    end(&c);
}

/* How many of the requests reach the service within the timeout is the machine's affair: what the callers see is not. */
TEST(a_service_that_hangs_is_left_alone_after_five_failures)
{
    chain c;
    begin_within(&c, "300ms");
    atomic_store(&c.is_silent, true);
    for (int i = 0; i < 5; i++) {
        call(&c, 1, "/y");
        CHECK_EQ(c.status[0], 504);
        CHECK(strncmp(c.body[0], "{\"error\":\"back.url ", 19) == 0);
    }
    call(&c, 5, "/x");
    CHECK_EQ(count_of(&c, 5, 503), 5);
    for (int i = 0; i < 5; i++)
        CHECK(strstr(c.body[i], "is left alone")); /* nobody was asked */

    wr_sim_advance_ms(c.sim, 1001); /* one may try, fails, and the pause is twice as long */
    call(&c, 1, "/x");
    CHECK_EQ(c.status[0], 504);
    wr_sim_advance_ms(c.sim, 1999);
    call(&c, 1, "/x");
    CHECK_EQ(c.status[0], 503);

    atomic_store(&c.is_silent, false);
    wr_sim_advance_ms(c.sim, 2);
    call(&c, 1, "/x");
    CHECK_EQ(c.status[0], 418);
    call(&c, 4, "/x");
    CHECK_EQ(count_of(&c, 4, 418), 4);
    wr_buf text;
    wr_buf_init(&text, 10000);
    wr_forward_metrics(c.forward, "front", &text);
    CHECK(strstr(wr_buf_cstr(&text), "{service=\"front\",target=\"back.url\",outcome=\"timeout\"} 6\n"));
    CHECK(strstr(wr_buf_cstr(&text), "weir_forward_circuit_open{service=\"front\",target=\"back.url\"} 0\n"));
    wr_buf_fini(&text);
    end(&c);
}

TEST(a_service_that_is_gone_is_502)
{
    chain c;
    begin(&c);
    wr_http_server_stop(c.back);
    c.back = NULL;
    call(&c, 1, "/x");
    CHECK_EQ(c.status[0], 502);
    CHECK(strstr(c.body[0], "cannot be reached"));
    end(&c);
}

TEST(a_base_url_that_is_none_is_said_with_its_setting)
{
    chain c;
    begin(&c);
    wr_forward *other = NULL;
    weir_failure failure = {0};
    CHECK_OK(wr_config_set(c.config, "none.url", "localhost", "test", NULL));
    CHECK_EQ(wr_forward_new(&c.service, c.config, NULL, &other, &failure), WEIR_E_USAGE);
    CHECK(strstr(failure.sentence, "none.url") && strstr(failure.sentence, "localhost"));
    end(&c);
}
