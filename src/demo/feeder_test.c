/* The feeder against a gateway that answers as the test says, on a real connection. Nothing waits for a time to pass:
 * the tests wait for requests and for answers. */
#include "test.h"

#include <demo/feeder.h>
#include <http/http.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/json.h>

enum { INVOICES_MAX = 8, REQUESTS_MAX = 64 };

/* ---- invoices by hand */
typedef struct handmade {
    wr_invoices base;
    wr_invoice invoices[INVOICES_MAX];
    wr_invoice_line lines[INVOICES_MAX];
    size_t count, at;
} handmade;

static weir_err handmade_next(wr_invoices *base, weir_arena *arena, wr_account *account, wr_invoice *ret_invoice,
                              weir_failure *failure)
{
    handmade *self = (handmade *)(void *)base;
    (void)arena, (void)failure;
    if (self->at == self->count)
        return WEIR_E_RANGE;
    *ret_invoice = self->invoices[self->at++];
    account->invoice_count++;
    account->line_count += (int64_t)ret_invoice->line_count;
    return WEIR_OK;
}

static void add_invoice(handmade *self, const char *number, const char *sku, bool cancellation)
{
    wr_invoice_line *line = &self->lines[self->count];
    *line = (wr_invoice_line){sku, "A THING", 2, 150};
    self->invoices[self->count++] = (wr_invoice){.number = number,
                                                 .customer = "ada",
                                                 .country = "X",
                                                 .cancellation = cancellation,
                                                 .lines = line,
                                                 .line_count = 1};
}

/* ---- the gateway */
typedef struct gateway {
    wr_http_server *server;
    char url[64];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char paths[REQUESTS_MAX][80]; /* "/orders o1", "/orders/o1/cancel C1", in the order they came */
    size_t request_count;
    int statuses[REQUESTS_MAX]; /* answers to the first requests; 0 and after: 202 */
    bool keeps;                 /* exchanges instead of answering */
    wr_exchange *kept[REQUESTS_MAX];
    size_t kept_count;
    wr_io *io;
    handmade invoices;
    wr_feeder *feeder;
} gateway;

typedef struct told {
    const char *order_id, *cancellation_id;
} told;

static const weir_json_field told_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(told, order_id)},
    {"cancellation_id", WEIR_JSON_TEXT, offsetof(told, cancellation_id)},
    {0},
};

static void answer(wr_exchange *exchange, int status)
{
    wr_exchange_answer(exchange,
                       &(wr_answer){.status = status ? status : 202, .body = WEIR_SLICE("{\"error\":\"no\"}")});
}

static void handle(void *user, wr_exchange *exchange)
{
    gateway *self = user;
    told body = {0};
    weir_err err = weir_json_decode(wr_exchange_arena(exchange), told_fields, wr_exchange_body(exchange), &body, NULL);
    pthread_mutex_lock(&self->lock);
    size_t at = self->request_count++;
    const char *id = err != WEIR_OK ? "unreadable" : body.cancellation_id ? body.cancellation_id : body.order_id;
    snprintf(self->paths[at], sizeof self->paths[at], "%s %s", wr_exchange_path(exchange), id ? id : "-");
    int status = self->statuses[at];
    bool keep = self->keeps;
    if (keep)
        self->kept[self->kept_count++] = exchange;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    if (!keep)
        answer(exchange, status);
}

static void gateway_begin(gateway *self)
{
    *self = (gateway){.invoices.base.next = handmade_next};
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    CHECK_OK(wr_io_real_new(&self->io));
    weir_failure failure = {0};
    CHECK_OK(wr_http_server_start(&(wr_http_options){.handle = handle, .user = self}, &self->server, &failure));
    snprintf(self->url, sizeof self->url, "http://127.0.0.1:%d", wr_http_server_port(self->server));
}

static void feed(gateway *self)
{
    weir_failure failure = {0};
    CHECK_OK(wr_feeder_start(&(wr_feeder_options){.io = self->io,
                                                  .gateway_url = self->url,
                                                  .invoices = &self->invoices.base,
                                                  .invoice_count = -1,
                                                  .connection_count = 4},
                             &self->feeder, &failure));
}

static void await_requests(gateway *self, size_t count)
{
    pthread_mutex_lock(&self->lock);
    while (self->request_count < count)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

static wr_feeder_progress await_end(gateway *self)
{
    wr_feeder_progress progress;
    do {
        wr_feeder_progress_read(self->feeder, &progress);
        sched_yield();
    } while (!progress.ended);
    return progress;
}

static void gateway_end(gateway *self)
{
    wr_feeder_stop(self->feeder);
    wr_http_server_stop(self->server);
    wr_io_free(self->io);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
}

TEST(what_the_gateway_accepts_is_in_the_account)
{
    gateway self;
    gateway_begin(&self);
    add_invoice(&self.invoices, "o1", "A", false);
    add_invoice(&self.invoices, "o2", "B", false);
    add_invoice(&self.invoices, "C3", "A", true);
    feed(&self);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(progress.account.order_count, 2);
    CHECK_EQ(progress.account.ordered_line_count, 2);
    CHECK_EQ(progress.account.cancellation_count, 1);
    CHECK_EQ(progress.account.cancelled_line_count, 1);
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    CHECK_EQ(progress.pending_count, 0);
    CHECK_EQ(progress.retry_count, 0);
    CHECK_EQ(progress.failure.err == WEIR_OK || progress.failure.err == WEIR_E_RANGE, 1);
    CHECK_STR(progress.last_customer, "ada");
    gateway_end(&self);
}

TEST(a_gateway_that_is_busy_is_asked_again)
{
    gateway self;
    gateway_begin(&self);
    self.statuses[0] = 503;
    self.statuses[1] = 429;
    self.statuses[2] = 500;
    add_invoice(&self.invoices, "o1", "A", false);
    feed(&self);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(progress.retry_count, 3);
    CHECK_EQ(progress.account.order_count, 1); /* once, whatever it took */
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    CHECK_EQ(self.request_count, 4);
    for (int i = 0; i < 4; i++)
        CHECK_STR(self.paths[i], "/orders o1"); /* the same id: repeating is harmless */
    gateway_end(&self);
}

TEST(what_the_gateway_refuses_is_refused_for_good)
{
    gateway self;
    gateway_begin(&self);
    self.statuses[0] = 422;
    add_invoice(&self.invoices, "o1", "A", false);
    feed(&self);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(self.request_count, 1);
    CHECK_EQ(progress.retry_count, 0);
    CHECK_EQ(progress.account.order_count, 0);
    CHECK_EQ(progress.account.refused_invoice_counts[WR_REFUSAL_BY_GATEWAY], 1);
    CHECK_EQ(progress.account.refused_line_counts[WR_REFUSAL_BY_GATEWAY], 1);
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    CHECK(strstr(progress.last_refusal, "o1") && strstr(progress.last_refusal, "422"));
    gateway_end(&self);
}

TEST(a_cancellation_waits_until_its_order_is_accepted)
{
    gateway self;
    gateway_begin(&self);
    self.statuses[0] = self.statuses[1] = 503;
    add_invoice(&self.invoices, "o1", "A", false);
    add_invoice(&self.invoices, "C2", "A", true);
    feed(&self);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(self.request_count, 4);
    CHECK_STR(self.paths[2], "/orders o1");
    CHECK_STR(self.paths[3], "/orders/o1/cancel C2");
    CHECK_EQ(progress.account.cancellation_count, 1);
    gateway_end(&self);
}

TEST(a_cancellation_that_no_order_explains_is_not_sent)
{
    gateway self;
    gateway_begin(&self);
    add_invoice(&self.invoices, "C1", "A", true);
    feed(&self);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(self.request_count, 0);
    CHECK_EQ(progress.account.refused_invoice_counts[WR_REFUSAL_NO_SALE], 1);
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    gateway_end(&self);
}

TEST(a_gateway_that_goes_away_and_comes_back_gets_everything)
{
    gateway self;
    gateway_begin(&self);
    int port = wr_http_server_port(self.server);
    self.keeps = true;
    add_invoice(&self.invoices, "o1", "A", false);
    add_invoice(&self.invoices, "o2", "B", false);
    feed(&self);
    await_requests(&self, 2);
    wr_http_server_stop(self.server); /* what it had is lost, its connections close */
    for (size_t i = 0; i < self.kept_count; i++)
        answer(self.kept[i], 202);
    self.keeps = false;
    weir_failure failure = {0};
    CHECK_OK(wr_http_server_start(&(wr_http_options){.port = port, .handle = handle, .user = &self}, &self.server,
                                  &failure));
    wr_feeder_progress progress = await_end(&self);
    CHECK(progress.retry_count >= 2);
    CHECK_EQ(progress.account.order_count, 2);
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    gateway_end(&self);
}

TEST(finishing_reads_no_more_but_sees_through_what_was_sent)
{
    gateway self;
    gateway_begin(&self);
    self.keeps = true;
    add_invoice(&self.invoices, "o1", "A", false);
    add_invoice(&self.invoices, "C2", "A", true); /* waits for o1 */
    add_invoice(&self.invoices, "o3", "B", false);
    feed(&self);
    await_requests(&self, 1);
    wr_feeder_finish(self.feeder);
    pthread_mutex_lock(&self.lock);
    self.keeps = false;
    pthread_mutex_unlock(&self.lock);
    answer(self.kept[0], 202);
    wr_feeder_progress progress = await_end(&self);
    CHECK_EQ(progress.account.order_count, 1);
    CHECK_EQ(progress.account.cancellation_count, self.request_count == 2);
    CHECK_EQ(progress.pending_count, 0);
    CHECK_EQ(wr_account_missing(&progress.account), 0);
    gateway_end(&self);
}

TEST(stopping_drops_what_is_not_answered)
{
    gateway self;
    gateway_begin(&self);
    self.keeps = true;
    add_invoice(&self.invoices, "o1", "A", false);
    add_invoice(&self.invoices, "o2", "B", false);
    add_invoice(&self.invoices, "C3", "A", true); /* waits for an answer that never comes */
    feed(&self);
    await_requests(&self, 2);
    wr_feeder_stop(self.feeder); /* returns, and leaks nothing */
    self.feeder = NULL;
    for (size_t i = 0; i < self.kept_count; i++)
        answer(self.kept[i], 202);
    gateway_end(&self);
}
