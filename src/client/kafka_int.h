/* The implementation of client.h on librdkafka.
 *
 * A wr_client is settings only: librdkafka's threads start with the first producer, consumer or admin call. */
#ifndef WR_KAFKA_INT_H
#define WR_KAFKA_INT_H

#include "client_int.h"

#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <stdatomic.h>

typedef struct wr_kafka_setting {
    const char *name, *value;
} wr_kafka_setting;

typedef struct wr_kafka_client {
    wr_client door;
    const wr_trace *trace;
    weir_arena *arena; /* of the settings */
    wr_kafka_setting *settings;
    size_t setting_count;
    rd_kafka_t *admin;         /* NULL until the first admin call */
    atomic_size_t left_behind; /* handles that did not end in time */
} wr_kafka_client;

/* What is known of the connections of a handle; see kafka_reach.c. */
typedef struct wr_kafka_connection {
    char host[256]; /* names of hosts have 253 bytes at most */
    int port;
    bool is_up, is_connecting, is_tried, has_failed; /* failed: since it was last up */
} wr_kafka_connection;
typedef struct wr_kafka_reach {
    pthread_mutex_t lock; /* what follows: the interceptors run on librdkafka's threads */
    wr_kafka_connection *connections;
    size_t count, capacity;
    bool is_up, is_down, was_up;
    char reason[WR_REACH_REASON_SIZE];
    void (*changed)(void *user); /* called with the lock held; NULL: nobody */
    void *user;
} wr_kafka_reach;

/* What every handle of librdkafka has as its opaque. */
typedef struct wr_kafka_handle {
    _Atomic(const wr_trace *) trace; /* NULL once it is left behind */
    atomic_size_t *left_behind;      /* the client's count */
    bool is_begun;                   /* rd_kafka_new has come as far as the interceptors */
    wr_kafka_reach reach;
} wr_kafka_handle;

void wr_kafka_handle_init(wr_kafka_handle *handle, wr_kafka_client *client); /* zeroed before */
void wr_kafka_handle_fini(wr_kafka_handle *handle);
bool wr_kafka_reach_watch(wr_kafka_handle *handle, rd_kafka_conf_t *conf); /* false: memory */
/* Calls `changed`, on any thread, when a broker is reached or none is any more. */
void wr_kafka_reach_tell(wr_kafka_handle *handle, void (*changed)(void *user), void *user);
void wr_kafka_reach_failed(wr_kafka_handle *handle, const char *text); /* librdkafka's words on a connection */
void wr_kafka_reach_read(wr_kafka_handle *handle, wr_reach *ret_reach);

/* A librdkafka configuration for one role: our defaults, then role's, then the user's settings, then what must be.
 * Both tables end with {0}. Errors: WEIR_E_FORMAT with librdkafka's words. */
WEIR_MUST_CHECK weir_err wr_kafka_conf_new(const wr_kafka_client *client, const wr_kafka_setting *role,
                                           const wr_kafka_setting *fixed, wr_kafka_handle *handle,
                                           rd_kafka_conf_t **ret_conf, weir_failure *failure);
/* Takes conf, which was made for this handle, also on failure. Errors: WEIR_E_USAGE with librdkafka's words. */
WEIR_MUST_CHECK weir_err wr_kafka_start(rd_kafka_type_t type, rd_kafka_conf_t *conf, const wr_kafka_handle *handle,
                                        rd_kafka_t **ret_kafka, weir_failure *failure);
/* Whether it would start. Takes conf. */
WEIR_MUST_CHECK weir_err wr_kafka_try(rd_kafka_type_t type, rd_kafka_conf_t *conf, weir_failure *failure);

/* The bootstrap servers, if they are spoken to in plain TCP; else NULL. */
const char *wr_kafka_plain_servers(const wr_kafka_client *client);

/* Ends a handle and all its threads. False: they did not end in time, and what the handle's opaque and callbacks use
 * must stay. */
bool wr_kafka_end(rd_kafka_t *kafka, int flags);

/* The queues of partitions that a consumer was given; see kafka_end.c. */
typedef struct wr_kafka_queues {
    rd_kafka_queue_t **queues;
    size_t count, capacity;
} wr_kafka_queues;
bool wr_kafka_queues_hold(wr_kafka_queues *queues, rd_kafka_t *kafka, const rd_kafka_topic_partition_list_t *list);
void wr_kafka_queues_drop(wr_kafka_queues *queues); /* empties them; their fetchers must have stopped */

/* Which topics the names stand for; see kafka_ids.c. All but _new accept NULL, and then know nothing. */
typedef struct wr_kafka_ids wr_kafka_ids;
/* `wake` is called by another thread when there is news, with a lock held that the calls below take. */
WEIR_MUST_CHECK weir_err wr_kafka_ids_new(const char *servers, void (*wake)(void *user), void *user,
                                          wr_kafka_ids **ret_ids);
void wr_kafka_ids_free(wr_kafka_ids *ids);
void wr_kafka_ids_add(wr_kafka_ids *ids, const char *topic);  /* beyond WR_TOPIC_IDS_MAX: nothing is known of it */
void wr_kafka_ids_refresh(wr_kafka_ids *ids, int timeout_ms); /* waits for a look that begins after the call */
int64_t wr_kafka_ids_looks(wr_kafka_ids *ids);                /* without news; -1 before the first */
wr_topic_id wr_kafka_ids_tell(wr_kafka_ids *ids, const char *topic); /* what it is now; no news any more */
bool wr_kafka_ids_next(wr_kafka_ids *ids, char *ret_topic, size_t size, wr_topic_id *ret_id); /* false: no news */

weir_err wr_kafka_err(rd_kafka_resp_err_t code);
/* weir_fail with librdkafka's text: "<what>: <text>". */
weir_err wr_kafka_fail(weir_failure *failure, rd_kafka_resp_err_t code, const char *what, const char *text);

WEIR_MUST_CHECK weir_err wr_kafka_producer_check(wr_kafka_client *, weir_failure *);
WEIR_MUST_CHECK weir_err wr_kafka_consumer_check(wr_kafka_client *, const char *group, weir_failure *);
weir_err wr_kafka_producer_new(wr_client *, const wr_producer_options *, wr_producer **, weir_failure *);
weir_err wr_kafka_consumer_new(wr_client *, const wr_consumer_options *, wr_consumer **, weir_failure *);
weir_err wr_kafka_describe(wr_client *, const char *, bool, int, weir_arena *, wr_cluster_info *, weir_failure *);
weir_err wr_kafka_create_topic(wr_client *, const char *, int32_t, int16_t, const weir_attribute *, size_t, int,
                               weir_failure *);
weir_err wr_kafka_delete_topic(wr_client *, const char *, int, weir_failure *);
weir_err wr_kafka_topic_config(wr_client *, const char *, int, weir_arena *, const wr_config_info **, size_t *,
                               weir_failure *);
weir_err wr_kafka_broker_config(wr_client *, int32_t, int, weir_arena *, const wr_config_info **, size_t *,
                                weir_failure *);
weir_err wr_kafka_set_topic_config(wr_client *, const char *, const weir_attribute *, size_t, bool, int,
                                   weir_failure *);
weir_err wr_kafka_add_partitions(wr_client *, const char *, int32_t, bool, int, weir_failure *);
weir_err wr_kafka_set_group_offsets(wr_client *, const char *, const wr_assignment *, size_t, int, weir_failure *);
weir_err wr_kafka_delete_group(wr_client *, const char *, int, weir_failure *);
weir_err wr_kafka_offset_at(wr_client *, const char *, int32_t, int64_t, int, int64_t *, weir_failure *);
weir_err wr_kafka_groups(wr_client *, int, weir_arena *, const wr_group_info **, size_t *, weir_failure *);
weir_err wr_kafka_group(wr_client *, const char *, int, weir_arena *, wr_group_info *, weir_failure *);

rd_kafka_t *wr_kafka_of_producer(wr_producer *producer); /* for tests that make librdkafka fail */
rd_kafka_t *wr_kafka_of_consumer(wr_consumer *consumer);

weir_err wr_kafka_reach_cluster(wr_client *, int, weir_failure *);

/* The admin handle, started now if need be. */
WEIR_MUST_CHECK weir_err wr_kafka_admin(wr_client *client, rd_kafka_t **ret_kafka, weir_failure *failure);
/* One admin request and its answer: init, the call of librdkafka's with kafka, options and queue, wait, read the event,
 * fini (also after a failed init). */
typedef struct wr_kafka_request {
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event;
    int timeout_ms;
} wr_kafka_request;

WEIR_MUST_CHECK weir_err wr_kafka_request_init(wr_kafka_request *ask, wr_client *client, rd_kafka_admin_op_t kind,
                                               int timeout_ms, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_kafka_request_wait(wr_kafka_request *ask, const char *what, weir_failure *failure);
void wr_kafka_request_fini(wr_kafka_request *ask);
weir_err wr_kafka_no_memory(weir_failure *failure);
const char *wr_kafka_dup(weir_arena *arena, const char *text); /* NULL stays NULL */

/* Offsets of many partitions in one request a leader: list's offsets are times before (-1 end, -2 beginning) and
 * offsets after; -1 where there is none. */
WEIR_MUST_CHECK weir_err wr_kafka_offsets(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *list, int timeout_ms,
                                          weir_failure *failure);

#endif
