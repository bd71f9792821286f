/* The course of a demo: open the orders, start broker and services, feed, watch until everything is at rest, check the books,
 * stop. What may fail in between is told once, and everything that was started is stopped on every way out. */
#include <demo/demo.h>

#include <assert.h>
#include <demo/generator.h>
#include <demo/retail.h>
#include <demo/supervisor.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    READY_MS = 60000,
    REACH_MS = 5000,
    DRAIN_MS = 15000,
    TURN_MS = 50,
    REST_EVERY_US = 500000,
    CONNECTIONS = 64,
    KILL_GAP_MIN_MS = 300,
    KILL_GAP_SPREAD_MS = 1400,
};

typedef struct demo {
    const wr_demo_options *options;
    wr_demo_result *result;
    wr_supervisor *supervisor;
    wr_client *client;
    wr_books *books;
    wr_invoices *invoices;
    wr_feeder *feeder;
    char databases[512];
    int64_t started_us;

    /* chaos */
    uint64_t chance;
    int64_t next_kill_us, kills_left;

    /* rest */
    wr_rest rest;
    bool rest_known;
    int rest_streak; /* looks in a row that found rest */
    int64_t looked_us, moved, moved_us;
} demo;

static int64_t now_us(const demo *self)
{
    return wr_mono_us(self->options->io);
}

static void say(const demo *self, const char *format, ...) WEIR_PRINTF(2, 3);
static void say(const demo *self, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    self->options->say(self->options->user, line);
}

/* ---- chaos: SIGKILL for a random child at random moments, every child at least once in turn */
static uint64_t draw(demo *self)
{
    self->chance ^= self->chance << 13;
    self->chance ^= self->chance >> 7;
    self->chance ^= self->chance << 17;
    return self->chance;
}

static int choose_child(demo *self)
{
    int count = wr_supervisor_child_count(self->supervisor), candidate_count = 0, candidates[WR_SERVICE_COUNT + 1];
    int64_t least = INT64_MAX;
    for (int i = 0; i < count; i++)
        if (wr_supervisor_kill_count(self->supervisor, i) < least)
            least = wr_supervisor_kill_count(self->supervisor, i);
    for (int i = 0; i < count; i++)
        if (wr_supervisor_kill_count(self->supervisor, i) == least)
            candidates[candidate_count++] = i;
    assert(candidate_count > 0); /* at least the services run */
    return candidates[draw(self) % (uint64_t)candidate_count];
}

static void kill_child(demo *self)
{
    if (self->kills_left == 0 || now_us(self) < self->next_kill_us)
        return;
    int child = choose_child(self);
    wr_supervisor_kill(self->supervisor, child);
    self->kills_left--;
    self->rest_streak = 0; /* rest is what is found after it is back */
    self->result->kill_count++;
    say(self, "killed %s (%lld of %lld)", wr_supervisor_child_name(self->supervisor, child),
        (long long)self->result->kill_count, (long long)self->options->kill_count);
    self->next_kill_us = now_us(self) + (KILL_GAP_MIN_MS + (int64_t)(draw(self) % KILL_GAP_SPREAD_MS)) * 1000;
}

/* ---- start */
static weir_err open_invoices(demo *self, weir_failure *failure)
{
    const wr_demo_options *options = self->options;
    if (options->orders)
        return wr_retail_open(options->io, options->orders, &self->invoices, failure);
    weir_err err = wr_generator_open(options->seed, options->count, &self->invoices);
    return err == WEIR_OK ? WEIR_OK : weir_fail(failure, err, "out of memory");
}

static weir_err open_client(demo *self, const char *servers, weir_failure *failure)
{
    const wr_demo_options *options = self->options;
    weir_err err =
        wr_config_set((wr_config *)(uintptr_t)options->config, "bootstrap.servers", servers, "demo", failure);
    return err == WEIR_OK ? wr_client_new(options->config, options->trace, &self->client, failure) : err;
}

/* Somebody else's Kafka has to be there before anything is started. */
static weir_err start_everything(demo *self, weir_failure *failure)
{
    const wr_demo_options *options = self->options;
    weir_err err = options->kafka ? open_client(self, options->kafka, failure) : WEIR_OK;
    if (err == WEIR_OK && options->kafka)
        err = wr_client_reach(self->client, REACH_MS, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_supervisor_start(&(wr_supervisor_options){.io = options->io,
                                                       .data = options->data,
                                                       .services = options->services,
                                                       .own_path = options->own_path,
                                                       .kafka = options->kafka,
                                                       .broker_port = options->broker_port,
                                                       .gateway_port = options->gateway_port,
                                                       .partitions = options->partitions,
                                                       .topic_prefix = options->topic_prefix},
                              &self->supervisor, failure);
    if (err == WEIR_OK)
        err = wr_supervisor_wait_ready(self->supervisor, READY_MS, options->stop, options->user, failure);
    if (err == WEIR_OK && !options->kafka)
        err = open_client(self, wr_supervisor_bootstrap(self->supervisor), failure);
    if (err == WEIR_OK)
        err = wr_books_open(self->databases, &self->books, failure);
    return err;
}

static void say_addresses(const demo *self)
{
    const wr_demo_options *options = self->options;
    const char *bootstrap = wr_supervisor_bootstrap(self->supervisor);
    const char *prefix = options->topic_prefix ? options->topic_prefix : "";
    say(self, "%s", "");
    say(self, "  %-14s%s%s", "Kafka", bootstrap, options->kafka ? "   (not weir's own)" : "");
    for (int i = 0; i < WR_SERVICE_COUNT; i++)
        say(self, "  %-14shttp://127.0.0.1:%d%s", wr_marketplace[i].name,
            wr_supervisor_service_port(self->supervisor, i),
            i == 0 ? "   (each has /livez, /readyz and /metrics)" : "");
    say(self, "  %-14s%s   (%s)", "data", options->data,
        options->data_kept ? "stays at the end" : "removed at the end; --keep keeps it");
    say(self, "%s", "");
    say(self, "Try in another terminal:");
    say(self, "  %s consume %sorders --tail 3 -b %s", options->own_path, prefix, bootstrap);
    say(self, "  %s group lag -b %s", options->own_path, bootstrap);
    say(self, "  curl -s 'http://127.0.0.1:%d/analytics/top-products?limit=3'",
        wr_supervisor_service_port(self->supervisor, 0));
    say(self, "%s", "");
}

static weir_err start_feeding(demo *self, weir_failure *failure)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wr_supervisor_service_port(self->supervisor, 0));
    weir_err err = wr_feeder_start(&(wr_feeder_options){.io = self->options->io,
                                                        .gateway_url = url,
                                                        .invoices = self->invoices,
                                                        .rate = self->options->rate,
                                                        .invoice_count = self->options->count,
                                                        .connection_count = CONNECTIONS},
                                   &self->feeder, failure);
    self->started_us = self->moved_us = now_us(self);
    self->next_kill_us = self->started_us + 1000000;
    return err;
}

/* ---- watch */
static bool at_rest(const demo *self)
{
    const wr_rest *rest = &self->rest;
    return self->rest_known && rest->order_count >= self->result->fed.account.order_count &&
           rest->open_order_count == 0 && rest->outbox_count == 0 && rest->parked_count == 0 && rest->behind_count == 0;
}

/* Where things stand now; a broker that has just died cannot say, and that is no failure. It is waited for only shortly:
 * it is this thread that starts it again. */
static void look(demo *self)
{
    if (now_us(self) - self->looked_us < REST_EVERY_US)
        return;
    weir_failure failure = {0};
    self->rest_known =
        wr_books_rest(self->books, self->client, self->options->topic_prefix, &self->rest, &failure) == WEIR_OK;
    self->looked_us = now_us(self);
    int64_t moved = (self->rest_known ? self->rest.moved : self->moved) + self->result->fed.account.order_count +
                    self->result->fed.account.invoice_count;
    if (moved != self->moved) {
        self->moved = moved;
        self->moved_us = self->looked_us;
    }
    self->rest_streak = at_rest(self) ? self->rest_streak + 1 : 0;
}

static void show_progress(const demo *self)
{
    if (!self->options->progress)
        return;
    const wr_account *account = &self->result->fed.account;
    char line[240], dead[40] = "";
    double seconds = (double)(now_us(self) - self->started_us) / 1e6;
    if (self->result->kill_count > 0)
        snprintf(dead, sizeof dead, "  kills %lld", (long long)self->result->kill_count);
    snprintf(line, sizeof line,
             "%5.0fs  invoices %lld  orders %lld  in flight %lld  cancellations %lld  outbox %lld  behind %lld%s",
             seconds, (long long)account->invoice_count, (long long)account->order_count,
             (long long)self->rest.open_order_count, (long long)account->cancellation_count,
             (long long)self->rest.outbox_count, (long long)self->rest.behind_count, dead);
    self->options->progress(self->options->user, line);
}

static weir_err watch(demo *self, weir_failure *failure)
{
    const wr_demo_options *options = self->options;
    for (;;) {
        if (options->wait(options->user, TURN_MS) && !self->result->interrupted) {
            self->result->interrupted = true;
            self->kills_left = 0;
            wr_feeder_finish(self->feeder);
            say(self, "Stopping: no more orders; those under way are seen through.");
        }
        weir_err err = wr_supervisor_tick(self->supervisor, failure);
        if (err != WEIR_OK)
            return err;
        wr_feeder_progress_read(self->feeder, &self->result->fed);
        if (self->result->fed.failure.err != WEIR_OK && self->result->fed.failure.err != WEIR_E_RANGE)
            return weir_fail(failure, self->result->fed.failure.err, "%s", self->result->fed.failure.sentence);
        look(self);
        kill_child(self); /* last, so that nothing stands between it and the next tick, which starts it again */
        show_progress(self);
        /* Two looks in a row: what was between outbox and topic during the first is seen by the second. */
        if (self->result->fed.ended && self->kills_left == 0 && self->rest_streak >= 2)
            return WEIR_OK;
        if (now_us(self) - self->moved_us > options->stall_ms * 1000 && !(options->live && !self->result->fed.ended))
            return weir_fail(failure, WEIR_E_TIMEOUT,
                             "nothing moved for %lld s: %lld requests unanswered, %lld orders open, %lld events in "
                             "outboxes, %lld parked, %lld records not consumed; see %s/logs",
                             (long long)(options->stall_ms / 1000), (long long)self->result->fed.pending_count,
                             (long long)self->rest.open_order_count, (long long)self->rest.outbox_count,
                             (long long)self->rest.parked_count, (long long)self->rest.behind_count, options->data);
    }
}

/* ---- the whole */
/* Invariants hold of nothing, too: a file without a single order line is no success. */
static weir_err check_orders(const demo *self, weir_failure *failure)
{
    const wr_account *account = &self->result->fed.account;
    const char *orders = self->options->orders;
    if (!orders || self->options->count == 0 || self->result->interrupted)
        return WEIR_OK;
    if (account->line_count == 0)
        return weir_fail(failure, WEIR_E_FORMAT, "there are no order lines in %s", orders);
    if (account->refused_line_counts[WR_REFUSAL_MALFORMED] < account->line_count)
        return WEIR_OK;
    return weir_fail(failure, WEIR_E_FORMAT,
                     "none of the %lld lines of %s is an order line in the Online Retail format (%s); its columns are "
                     "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
                     (long long)account->line_count, orders, account->first_malformed);
}

static weir_err check_books(demo *self, weir_failure *failure)
{
    wr_demo_result *result = self->result;
    weir_err err = wr_books_figures(self->books, self->client, self->options->topic_prefix, &result->figures, failure);
    if (err == WEIR_OK)
        err = wr_books_check(self->books, self->client, self->options->topic_prefix, result->fed.account.order_count,
                             result->findings, &result->finding_count, failure);
    return err;
}

/* Somebody else's Kafka is left as it was found. */
static void remove_topics(demo *self)
{
    char name[300];
    for (int i = 0; self->options->kafka && self->client && wr_marketplace_topics[i]; i++) {
        snprintf(name, sizeof name, "%s%s", self->options->topic_prefix ? self->options->topic_prefix : "",
                 wr_marketplace_topics[i]);
        if (wr_admin_delete_topic(self->client, name, DRAIN_MS, NULL) != WEIR_OK)
            say(self, "The topic %s could not be removed.", name);
    }
}

static void tear_down(demo *self)
{
    wr_feeder_stop(self->feeder);
    if (self->invoices)
        self->invoices->close(self->invoices);
    wr_books_close(self->books);
    if (self->supervisor && self->options->kafka) {
        self->result->drained = wr_supervisor_stop(self->supervisor, DRAIN_MS);
        remove_topics(self);
    }
    wr_client_free(self->client);
    if (self->supervisor && !self->options->kafka)
        self->result->drained = wr_supervisor_stop(self->supervisor, DRAIN_MS);
    wr_supervisor_free(self->supervisor);
}

weir_err wr_demo_run(const wr_demo_options *options, wr_demo_result *ret_result, weir_failure *failure)
{
    memset(ret_result, 0, sizeof *ret_result);
    demo self = {.options = options,
                 .result = ret_result,
                 .chance = options->seed * 2654435769u + 1,
                 .kills_left = options->kill_count};
    ret_result->own_broker = !options->kafka;
    snprintf(self.databases, sizeof self.databases, "%s/services", options->data);
    int64_t begun_us = wr_mono_us(options->io);
    weir_err err = open_invoices(&self, failure); /* a file that cannot be read is said before anything starts */
    if (err == WEIR_OK)
        err = start_everything(&self, failure);
    if (err == WEIR_OK) {
        say(&self, "Broker and %d services are ready after %.1f s.", WR_SERVICE_COUNT,
            (double)(now_us(&self) - begun_us) / 1e6);
        if (options->live)
            say_addresses(&self);
        err = start_feeding(&self, failure);
    }
    if (err == WEIR_OK)
        err = watch(&self, failure);
    if (err == WEIR_OK)
        err = check_orders(&self, failure);
    if (err == WEIR_OK) {
        ret_result->at_rest = true;
        ret_result->seconds = (double)(now_us(&self) - self.started_us) / 1e6;
        ret_result->crash_count = wr_supervisor_crash_count(self.supervisor);
        err = check_books(&self, failure);
    }
    tear_down(&self);
    return err;
}

int64_t wr_demo_violations(const wr_demo_result *result)
{
    int64_t violations = wr_account_missing(&result->fed.account);
    for (int i = 0; i < result->finding_count; i++)
        violations += result->findings[i].violations;
    return violations;
}
