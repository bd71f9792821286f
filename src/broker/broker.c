/* Putting the rooms together: starting, settling at the end of every round, stopping. */
#include "broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int64_t wr_broker_now_ms(const wr_broker *broker)
{
    return wr_now_ms(broker->io);
}

static void show_host(wr_broker *broker)
{
    const char *host = broker->config.listeners[0].host;
    bool is_any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    snprintf(broker->shown_host, sizeof broker->shown_host, !is_any && strchr(host, ':') ? "[%s]" : "%s",
             is_any ? "localhost" : host);
}

const char *wr_broker_host(const wr_broker *broker)
{
    return broker->shown_host;
}

int wr_broker_port(const wr_broker *broker)
{
    return wr_server_port(broker->server, 0);
}

/* ---- settling */

static void stop_when_drained(wr_broker *broker);

/* Waking may answer requests, writing answers may start requests that waited behind them, and those may append and wake
 * again. It ends: settling reads nothing new from the network. */
static void settle(void *user)
{
    wr_broker *broker = user;
    do {
        wr_topics_settle(broker->topics);
        wr_server_settle(broker->server);
        wr_topics_settle(broker->topics); /* what those appended that waited behind an answer */
    } while (wr_topics_unsettled(broker->topics) || wr_server_unsettled(broker->server));
    if (broker->stopping)
        stop_when_drained(broker);
}

/* ---- starting */

static void topic_deleted(void *user, weir_slice topic)
{
    wr_broker *broker = user;
    if (broker->groups)
        wr_groups_topic_deleted(broker->groups, topic);
}

static weir_err open_all(wr_broker *broker, const wr_handler *handlers, weir_failure *failure)
{
    const wr_broker_config *config = &broker->config;
    const wr_data_dir_config dir = {.directory = config->topics.data_directory,
                                    .ephemeral = config->ephemeral,
                                    .cluster_id = config->cluster_id,
                                    .node_id = config->node_id};
    const wr_topics_host host = {
        .loop = broker->loop, .trace = broker->trace, .deleted = topic_deleted, .user = broker};
    bool clean = false;
    weir_err err = wr_data_dir_open(broker->io, &dir, &broker->data_dir, &clean, failure);
    if (err != WEIR_OK)
        return err;
    broker->cluster_id = wr_data_dir_cluster_id(broker->data_dir);
    err = wr_producer_ids_new(broker->loop, dir.directory, broker->trace, &broker->producer_ids);
    if (err == WEIR_OK)
        err = wr_server_new(broker->loop, broker->trace, &config->server, handlers, broker, &broker->server);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "out of memory");
    err = wr_topics_open(&host, &config->topics, clean, &broker->topics, failure);
    if (err != WEIR_OK)
        return err;
    return wr_groups_new(broker->loop, broker->trace, broker->topics, &config->groups, &broker->groups, failure);
}

static void refuse(void *user, wr_stream *stream)
{
    (void)user;
    wr_stream_close(stream);
}

/* Whether all can be listened on, before a data directory is made or recovered for it. It is listened for good only when
 * there is something to serve. */
static weir_err check_listeners(const wr_broker *broker, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    for (int i = 0; i < broker->config.listener_count && err == WEIR_OK; i++) {
        const wr_listener_config *one = &broker->config.listeners[i];
        wr_listener *listener = NULL;
        err = wr_listen(broker->loop, one->host, one->port, refuse, NULL, &listener, failure);
        wr_listener_close(listener);
    }
    return err;
}

static weir_err listen_all(wr_broker *broker, weir_failure *failure)
{
    for (int i = 0; i < broker->config.listener_count; i++) {
        const wr_listener_config *one = &broker->config.listeners[i];
        weir_err err = wr_server_listen(broker->server, one->host, one->port, &wr_principal_anonymous, failure);
        if (err != WEIR_OK)
            return err;
        wr_trace_log(broker->trace, WR_INFO, "listening", WR_TEXT("host", one->host),
                     WR_NUMBER("port", wr_server_port(broker->server, i)),
                     WR_TEXT("data", broker->config.topics.data_directory),
                     WR_NUMBER("topics", wr_topics_count(broker->topics)),
                     WR_NUMBER("partitions", wr_topics_partition_count(broker->topics)));
    }
    return WEIR_OK;
}

weir_err wr_broker_start(wr_loop *loop, wr_io *io, const wr_config *config, const wr_trace *trace,
                         const wr_handler *handlers, wr_broker **ret_broker, weir_failure *failure)
{
    wr_broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    *broker = (wr_broker){.loop = loop, .io = io, .trace = trace};
    weir_err err = wr_broker_config_read(config, &broker->config, failure);
    if (err == WEIR_OK) {
        show_host(broker);
        err = check_listeners(broker, failure);
    }
    if (err == WEIR_OK)
        err = open_all(broker, handlers, failure);
    if (err == WEIR_OK)
        err = listen_all(broker, failure);
    if (err != WEIR_OK) {
        wr_broker_free(broker);
        return err;
    }
    wr_loop_at_round_end(loop, &broker->settle, settle, broker);
    settle(broker); /* what loading wrote: no round has been yet */
    *ret_broker = broker;
    return WEIR_OK;
}

/* ---- stopping */

static weir_err close_dir(void *user)
{
    wr_broker *broker = user;
    return wr_data_dir_close(broker->data_dir, broker->stop_err == WEIR_OK && broker->all_open);
}

static void dir_closed(void *user, weir_err err)
{
    wr_broker *broker = user;
    if (err == WEIR_E_CLOSED) /* it was never run: the broker is freed meanwhile, and does it */
        return;
    broker->data_dir = NULL;
    broker->cluster_id = NULL;
    err = broker->stop_err == WEIR_OK ? err : broker->stop_err;
    wr_trace_log(broker->trace, err == WEIR_OK ? WR_INFO : WR_ERROR, "stopped", WR_TEXT("result", weir_err_name(err)));
    if (broker->stop_done)
        broker->stop_done(broker->stop_user, err);
}

static void logs_closed(void *user, weir_err err)
{
    wr_broker *broker = user;
    broker->topics = NULL;
    broker->stop_err = err;
    if (wr_loop_work(broker->loop, &broker->close_order, close_dir, dir_closed, broker) != WEIR_OK)
        dir_closed(broker, close_dir(broker)); /* here, then: nobody is left to be kept waiting */
}

/* What waits for the disk runs beside the loop, which goes on. */
static void finish_stop(void *user)
{
    wr_broker *broker = user;
    wr_round_end_remove(&broker->settle);
    wr_groups_free(broker->groups);
    broker->groups = NULL;
    weir_err err = WEIR_OK;
    broker->all_open = wr_topics_all_open(broker->topics);
    if (broker->config.ephemeral)
        wr_topics_abandon(broker->topics);
    else
        err = wr_topics_close(broker->topics, logs_closed, broker);
    if (broker->config.ephemeral || err != WEIR_OK)
        logs_closed(broker, err);
}

/* Nothing is freed here: this may be far up the stack of what would be freed. */
static void stop_when_drained(wr_broker *broker)
{
    if (broker->stopped || !wr_server_drained(broker->server) || !wr_topics_idle(broker->topics))
        return;
    /* Without memory for a timer: at the end of another round. */
    broker->stopped =
        wr_timer_start(broker->loop, &broker->stop_timer, wr_loop_now_us(broker->loop), finish_stop, broker) == WEIR_OK;
}

static void drain_timed_out(void *user)
{
    wr_broker *broker = user;
    wr_server_close_all(broker->server, "the broker stops");
}

void wr_broker_stop(wr_broker *broker, int64_t drain_ms, void (*done)(void *user, weir_err err), void *user)
{
    assert(!broker->stopping);
    broker->stopping = true;
    broker->stop_done = done;
    broker->stop_user = user;
    weir_err err = wr_timer_after_ms(broker->loop, &broker->stop_timer, drain_ms, drain_timed_out, broker);
    wr_topics_drain(broker->topics);
    wr_groups_stop(broker->groups);
    wr_server_drain(broker->server);
    if (err != WEIR_OK)
        drain_timed_out(broker); /* without a deadline nobody is waited for */
    settle(broker);
}

/* The server goes first: requests that are cancelled forget what they wait for in topics and groups. */
void wr_broker_free(wr_broker *broker)
{
    if (!broker)
        return;
    broker->stopping = true;
    broker->stop_done = NULL;
    wr_round_end_remove(&broker->settle);
    wr_timer_stop(broker->loop, &broker->stop_timer);
    wr_loop_work_cancel(broker->loop, &broker->close_order);
    wr_server_free(broker->server);
    wr_groups_free(broker->groups);
    wr_topics_abandon(broker->topics);
    wr_producer_ids_free(broker->producer_ids);
    weir_err err = wr_data_dir_close(broker->data_dir, false);
    (void)err; /* only an ephemeral directory's removal can fail, and nobody is left to be told */
    free(broker);
}
