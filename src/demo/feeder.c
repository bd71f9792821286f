/* One thread reads invoices and sends requests, the pool's thread takes the answers; `lock` guards what both touch. A request
 * is freed when its answer is clear, otherwise it waits in `retries` and is sent again, in the order in which it came due. */
#include <demo/feeder.h>

#include <base/list.h>
#include <base/map.h>
#include <demo/sales.h>
#include <errno.h>
#include <http/http.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/json.h>

enum { UNANSWERED_MAX = 100000, INVOICE_ARENA_SIZE = 16 << 20, RETRY_US = 200000, TIMEOUT_MS = 10000 };

typedef struct post {
    wr_link link; /* in `retries` */
    wr_feeder *feeder;
    bool cancellation, last_of_invoice;
    char order_id[24];
    char customer[24];
    char path[64];
    int64_t line_count;
    int64_t due_us; /* when to send it again */
    size_t body_size;
    uint8_t body[];
} post;

struct wr_feeder {
    wr_feeder_options options;
    wr_http_pool *pool;
    wr_sales *sales;
    weir_arena *arena;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool finishing, stopping;
    wr_list retries;
    wr_map *unanswered; /* order id → post, of orders alone */
    wr_feeder_progress progress;
};

/* ---- what is sent */
typedef struct order_body {
    const char *order_id, *customer, *country, *cancellation_id;
    wr_invoice_line *lines;
    size_t line_count;
} order_body;

static const weir_json_field line_fields[] = {
    {"sku", WEIR_JSON_TEXT, offsetof(wr_invoice_line, sku)},
    {"description", WEIR_JSON_TEXT, offsetof(wr_invoice_line, description)},
    {"quantity", WEIR_JSON_INT, offsetof(wr_invoice_line, quantity)},
    {"price_pence", WEIR_JSON_INT, offsetof(wr_invoice_line, price_pence)},
    {0},
};

static const weir_json_field body_fields[] = {
    {"order_id", WEIR_JSON_TEXT, offsetof(order_body, order_id)},
    {"customer", WEIR_JSON_TEXT, offsetof(order_body, customer)},
    {"country", WEIR_JSON_TEXT, offsetof(order_body, country)},
    {"cancellation_id", WEIR_JSON_TEXT, offsetof(order_body, cancellation_id)},
    {"lines", WEIR_JSON_ARRAY, offsetof(order_body, lines), .count_offset = offsetof(order_body, line_count),
     .item_size = sizeof(wr_invoice_line), .fields = line_fields},
    {0},
};

static post *post_new(wr_feeder *feeder, const order_body *body, const char *order_id)
{
    weir_slice json = weir_json_encode(feeder->arena, body_fields, body);
    post *made = json.data ? calloc(1, sizeof *made + json.size) : NULL;
    if (!made)
        return NULL;
    made->feeder = feeder;
    made->line_count = (int64_t)body->line_count;
    made->body_size = json.size;
    memcpy(made->body, json.data, json.size);
    snprintf(made->order_id, sizeof made->order_id, "%s", order_id);
    snprintf(made->customer, sizeof made->customer, "%s", body->customer ? body->customer : "");
    return made;
}

/* ---- answers, on the pool's thread */
static void settle(wr_feeder *feeder, post *request, bool accepted)
{
    wr_account *account = &feeder->progress.account;
    if (!request->cancellation) {
        wr_map_remove_text(feeder->unanswered, request->order_id);
        if (accepted) {
            account->order_count++;
            account->ordered_line_count += request->line_count;
            memcpy(feeder->progress.last_order, request->order_id, sizeof request->order_id);
            memcpy(feeder->progress.last_customer, request->customer, sizeof request->customer);
        }
    } else if (accepted) {
        account->cancellation_count += request->last_of_invoice;
        account->cancelled_line_count += request->line_count;
    }
    if (!accepted) {
        account->refused_line_counts[WR_REFUSAL_BY_GATEWAY] += request->line_count;
        account->refused_invoice_counts[WR_REFUSAL_BY_GATEWAY] += !request->cancellation || request->last_of_invoice;
    }
    feeder->progress.pending_count--;
    free(request);
}

static void answered(void *user, void *cookie, weir_err err, const wr_http_reply *reply)
{
    wr_feeder *feeder = user;
    post *request = cookie;
    pthread_mutex_lock(&feeder->lock);
    bool clear = err == WEIR_OK && reply->status < 500 && reply->status != 408 && reply->status != 429;
    if (clear) {
        bool accepted = reply->status < 300;
        if (!accepted)
            snprintf(feeder->progress.last_refusal, sizeof feeder->progress.last_refusal, "order %s: %d %.*s",
                     request->order_id, reply->status, (int)(reply->body.size < 120 ? reply->body.size : 120),
                     (const char *)reply->body.data);
        settle(feeder, request, accepted);
    } else if (feeder->stopping) {
        feeder->progress.pending_count--;
        free(request);
    } else {
        request->due_us = wr_mono_us(feeder->options.io) + RETRY_US;
        wr_list_append(&feeder->retries, &request->link);
        feeder->progress.retry_count++;
    }
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
}

/* ---- the feeder's thread */
static void wait_until(wr_feeder *feeder, int64_t due_us)
{
    int64_t left_us = due_us - wr_mono_us(feeder->options.io);
    if (left_us <= 0)
        return;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + left_us * 1000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_cond_timedwait(&feeder->changed, &feeder->lock, &until);
}

/* The lock is held on entry and on return, and let go while the pool may wait. */
static void send_request(wr_feeder *feeder, post *request)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    pthread_mutex_unlock(&feeder->lock);
    weir_err err = wr_http_pool_send(feeder->pool, "POST", request->path, headers,
                                     (weir_slice){request->body, request->body_size}, request);
    if (err != WEIR_OK)
        answered(feeder, request, err, NULL);
    pthread_mutex_lock(&feeder->lock);
}

/* Sends again what is due; true if anything was. Requests come due in the order of the list. */
static bool send_due(wr_feeder *feeder)
{
    wr_link *first = wr_list_first(&feeder->retries);
    if (!first || WR_LIST_ITEM(first, post, link)->due_us > wr_mono_us(feeder->options.io))
        return false;
    wr_link_remove(first);
    send_request(feeder, WR_LIST_ITEM(first, post, link));
    return true;
}

/* One turn of waiting, for an answer or until a retry (or, if given, due_us) is due. */
static void wait_turn(wr_feeder *feeder, int64_t due_us)
{
    wr_link *first = wr_list_first(&feeder->retries);
    int64_t until_us = first ? WR_LIST_ITEM(first, post, link)->due_us : INT64_MAX;
    if (due_us < until_us)
        until_us = due_us;
    if (until_us == INT64_MAX)
        pthread_cond_wait(&feeder->changed, &feeder->lock);
    else
        wait_until(feeder, until_us);
}

static weir_err send_new(wr_feeder *feeder, post *request)
{
    if (!request->cancellation) {
        weir_err err = wr_map_add_text(feeder->unanswered, request->order_id, request);
        if (err != WEIR_OK) {
            free(request);
            return err;
        }
    }
    feeder->progress.pending_count++;
    send_request(feeder, request);
    return WEIR_OK;
}

static weir_err feed_order(wr_feeder *feeder, const wr_invoice *invoice)
{
    weir_err err = wr_sales_add(feeder->sales, invoice);
    if (err != WEIR_OK)
        return err;
    order_body body = {.order_id = invoice->number,
                       .customer = invoice->customer,
                       .country = invoice->country,
                       .lines = invoice->lines,
                       .line_count = invoice->line_count};
    post *request = post_new(feeder, &body, invoice->number);
    if (!request)
        return WEIR_E_MEMORY;
    snprintf(request->path, sizeof request->path, "/orders");
    return send_new(feeder, request);
}

static weir_err feed_cancellation(wr_feeder *feeder, const wr_invoice *invoice)
{
    wr_cancellation *cancellations;
    size_t count;
    weir_err err =
        wr_sales_cancel(feeder->sales, invoice, feeder->arena, &feeder->progress.account, &cancellations, &count);
    if (err != WEIR_OK)
        return err;
    if (count == 0)
        feeder->progress.account.refused_invoice_counts[WR_REFUSAL_NO_SALE]++;
    for (size_t i = 0; i < count; i++) {
        const wr_cancellation *cancellation = &cancellations[i];
        while (!feeder->stopping && wr_map_find_text(feeder->unanswered, cancellation->order_id))
            if (!send_due(feeder))
                wait_turn(feeder, INT64_MAX);
        order_body body = {
            .cancellation_id = invoice->number, .lines = cancellation->lines, .line_count = cancellation->line_count};
        post *request = post_new(feeder, &body, cancellation->order_id);
        if (!request)
            return WEIR_E_MEMORY;
        request->cancellation = true;
        request->last_of_invoice = i + 1 == count;
        snprintf(request->path, sizeof request->path, "/orders/%s/cancel", cancellation->order_id);
        err = send_new(feeder, request);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err feed_next(wr_feeder *feeder)
{
    weir_arena_reset(feeder->arena);
    wr_invoice invoice;
    weir_failure *failure = &feeder->progress.failure;
    wr_invoices *invoices = feeder->options.invoices;
    weir_err err = invoices->next(invoices, feeder->arena, &feeder->progress.account, &invoice, failure);
    if (err != WEIR_OK || invoice.refusal != WR_REFUSAL_NONE)
        return err;
    err = invoice.cancellation ? feed_cancellation(feeder, &invoice) : feed_order(feeder, &invoice);
    return err == WEIR_OK ? WEIR_OK : weir_fail(failure, err, "invoice %s cannot be sent", invoice.number);
}

static void *feeder_run(void *user)
{
    wr_feeder *feeder = user;
    pthread_mutex_lock(&feeder->lock);
    int64_t next_us = wr_mono_us(feeder->options.io), read_count = 0;
    bool reading = true;
    while (!feeder->stopping && (reading || feeder->progress.pending_count > 0)) {
        if (feeder->finishing || read_count == feeder->options.invoice_count)
            reading = false;
        if (send_due(feeder))
            continue;
        if (!reading || wr_mono_us(feeder->options.io) < next_us) {
            if (reading || feeder->progress.pending_count > 0)
                wait_turn(feeder, reading ? next_us : INT64_MAX);
            continue;
        }
        weir_err err = feed_next(feeder);
        read_count++;
        if (err != WEIR_OK)
            reading = false;
        if (feeder->options.rate > 0)
            next_us += (int64_t)(1e6 / feeder->options.rate);
    }
    feeder->progress.ended = true;
    pthread_mutex_unlock(&feeder->lock);
    return NULL;
}

/* ---- the door */
weir_err wr_feeder_start(const wr_feeder_options *options, wr_feeder **ret_feeder, weir_failure *failure)
{
    wr_feeder *feeder = calloc(1, sizeof *feeder);
    if (!feeder)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the feeder");
    feeder->options = *options;
    pthread_mutex_init(&feeder->lock, NULL);
    pthread_cond_init(&feeder->changed, NULL);
    wr_list_init(&feeder->retries);
    feeder->unanswered = wr_map_new(UNANSWERED_MAX, wr_random_u64(options->io));
    feeder->sales = wr_sales_new();
    feeder->arena = weir_arena_new(INVOICE_ARENA_SIZE);
    weir_err err = feeder->unanswered && feeder->sales && feeder->arena
                       ? WEIR_OK
                       : weir_fail(failure, WEIR_E_MEMORY, "no memory for the feeder");
    if (err == WEIR_OK)
        err = wr_http_pool_new(&(wr_http_pool_options){.base_url = options->gateway_url,
                                                       .connection_count = options->connection_count,
                                                       .timeout_ms = TIMEOUT_MS,
                                                       .done = answered,
                                                       .user = feeder},
                               &feeder->pool, failure);
    if (err == WEIR_OK && pthread_create(&feeder->thread, NULL, feeder_run, feeder) != 0)
        err = weir_fail(failure, WEIR_E_LIMIT, "no thread for the feeder");
    if (err != WEIR_OK) {
        wr_http_pool_free(feeder->pool);
        wr_sales_free(feeder->sales);
        wr_map_free(feeder->unanswered);
        weir_arena_free(feeder->arena);
        free(feeder);
        return err;
    }
    *ret_feeder = feeder;
    return WEIR_OK;
}

void wr_feeder_progress_read(wr_feeder *feeder, wr_feeder_progress *ret_progress)
{
    pthread_mutex_lock(&feeder->lock);
    *ret_progress = feeder->progress;
    pthread_mutex_unlock(&feeder->lock);
}

void wr_feeder_finish(wr_feeder *feeder)
{
    pthread_mutex_lock(&feeder->lock);
    feeder->finishing = true;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
}

void wr_feeder_stop(wr_feeder *feeder)
{
    if (!feeder)
        return;
    pthread_mutex_lock(&feeder->lock);
    feeder->stopping = true;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
    pthread_join(feeder->thread, NULL);
    wr_http_pool_free(feeder->pool); /* what is in flight is answered, so freed, here */
    wr_link *link;
    while ((link = wr_list_pop(&feeder->retries)))
        free(WR_LIST_ITEM(link, post, link));
    wr_sales_free(feeder->sales);
    wr_map_free(feeder->unanswered);
    weir_arena_free(feeder->arena);
    pthread_cond_destroy(&feeder->changed);
    pthread_mutex_destroy(&feeder->lock);
    free(feeder);
}
