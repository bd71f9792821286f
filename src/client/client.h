/* Producer, consumer and admin for any Kafka. The only room that includes librdkafka; a second, simulated
 * implementation (testing/client/sim.h) stands behind the same door, so that everything above can be tested without a broker.
 *
 * Unless said otherwise an object is used by one thread; wr_consumer_wake and the callbacks' rules are the exceptions.
 */
#ifndef WR_CLIENT_H
#define WR_CLIENT_H

#include <base/config.h>
#include <base/trace.h>
#include <event/kafka.h>
#include <weir/event.h>

typedef struct wr_client wr_client; /* where the cluster is and how to talk to it: makes the rest */
typedef struct wr_producer wr_producer;
typedef struct wr_consumer wr_consumer;

/* Configuration rows: bootstrap.servers, client.id, security.*, and pass-through "kafka.*" to librdkafka. */
extern const wr_config_key wr_client_config[];

WEIR_MUST_CHECK weir_err wr_client_new(const wr_config *config, const wr_trace *trace, wr_client **ret_client,
                                       weir_failure *failure);
/* Whether producers and consumers start with these settings: what librdkafka finds wrong only when it starts (settings that
 * exclude each other, a certificate that cannot be read). Takes milliseconds and connects to nobody. WEIR_E_USAGE. */
WEIR_MUST_CHECK weir_err wr_client_check(wr_client *client, const char *group, weir_failure *failure);
/* After all that it made. Accepts NULL. Ending producers, consumers and clients takes seconds at most, whatever state
 * the cluster is in. False: threads of this or of what it made did not end in that time and were left behind; then the
 * process ends with wr_self_exit (io/stop.h), since they do not stand what exit() does. */
bool wr_client_free(wr_client *client);

/* What is known of the way to the cluster. Neither of the two: not tried to the end yet, or between two connections. */
enum { WR_REACH_REASON_SIZE = 200 };
typedef struct wr_reach {
    bool is_reached;                   /* a broker has answered, and the connection stands */
    bool is_unreachable;               /* no connection stands, and making one has failed since one did */
    char reason[WR_REACH_REASON_SIZE]; /* of the last failure, host and cause: "h:9092: Connection refused" */
} wr_reach;

/* Waits until a broker answers. WEIR_E_UNREACHABLE: every attempt of timeout_ms has failed, and the sentence says where
 * and why. WEIR_E_TIMEOUT: nobody has answered or refused in that time. */
WEIR_MUST_CHECK weir_err wr_client_reach(wr_client *client, int timeout_ms, weir_failure *failure);

/* A record as read or to be written. Texts of headers are bytes; a NULL data is null. A header is an event's header, so
 * that records become events (event/kafka.h) without copying. */
typedef wr_event_header wr_client_header;

typedef struct wr_client_record {
    const char *topic;
    int32_t partition; /* producing: -1 lets the partitioner choose (murmur2_random, as Java) */
    int64_t offset;
    int64_t timestamp_ms; /* producing: 0 is now */
    weir_slice key, value;
    const wr_client_header *headers;
    size_t header_count;
} wr_client_record;

size_t
wr_record_size(const wr_client_record *record); /* at most, of a batch with nothing else; with Kafka's overhead */

/* ---- producer: idempotent, acks=all, unlimited retries; order per partition is kept across broker restarts */
typedef struct wr_delivery {
    void *cookie; /* as given */
    weir_err err; /* WEIR_OK acknowledged; WEIR_E_REFUSED the broker will never take it; WEIR_E_LIMIT its batch is
                     larger than the topic takes; WEIR_E_BROKEN the producer
                     must be made anew and everything not acknowledged sent again, in order; any other (no such
                     topic, timeout, denied): this record was not taken, but for may_be_written, and sending it again
                     may succeed */
    bool may_be_written; /* with an error: an earlier attempt was not answered, and the broker may have the record */
    int32_t partition;
    int64_t offset;
    char reason[160];
} wr_delivery;

typedef struct wr_producer_options {
    int linger_ms;               /* default 0..5: say what you need */
    const char *compression;     /* NULL: "lz4" */
    int acks;                    /* 0 means all (the default); 1 is 1 */
    int64_t delivery_timeout_ms; /* 0: never give up (an outbox); else WEIR_E_TIMEOUT after it */
    size_t size_max;             /* of a record with what Kafka adds, bytes; 0: librdkafka's 1,000,000 */
    bool one_by_one;             /* each record in a batch of its own: for topics that take small batches only */
    bool not_idempotent;         /* for bench and raw command line use */
    bool keyless_together;       /* records without a key go to one partition, the same at every start: so a repetition
                                    lies behind what it repeats. Else they are spread */
} wr_producer_options;

WEIR_MUST_CHECK weir_err wr_producer_new(wr_client *client, const wr_producer_options *options,
                                         wr_producer **ret_producer, weir_failure *failure);
/* Copies the record. WEIR_E_AGAIN: the queue is full, poll and try again. Other errors: refused here and now. */
WEIR_MUST_CHECK weir_err wr_producer_send(wr_producer *producer, const wr_client_record *record, void *cookie);
/* Wait up to timeout_ms for deliveries and hand each to `done` (on this thread). */
void wr_producer_poll(wr_producer *producer, int timeout_ms, void (*done)(void *user, const wr_delivery *delivery),
                      void *user);
size_t wr_producer_pending(const wr_producer *producer);
/* Called on any thread when a delivery waits to be polled, at most once per poll: to wake the owner's own loop. */
void wr_producer_on_ready(wr_producer *producer, void (*ready)(void *user), void *user);
void wr_producer_free(wr_producer *producer); /* drops what is pending */

/* ---- consumer */

/* Which topic a name stands for: one that is deleted and made anew has another id. All zero: not known, as with a broker
 * older than 2.8 and through TLS or SASL. */
enum { WR_TOPIC_IDS_MAX = 64 }; /* topics of one consumer whose ids are watched */
typedef struct wr_topic_id {
    uint8_t bytes[16];
} wr_topic_id;

typedef struct wr_assignment {
    const char *topic;
    int32_t partition;
    int64_t start_offset; /* set by the callback: where to read from; -1001 is "what the group committed" */
    wr_topic_id topic_id; /* for the callback: as of the assignment; only with `identified` */
} wr_assignment;

typedef struct wr_consumer_options {
    const char *group;   /* NULL: no group; assign by hand */
    bool from_beginning; /* where a group without commit begins; default is the end */
    bool read_committed;
    bool partition_end; /* report ends of partitions as records with topic set and offset at end, value.data NULL,
                           and header_count == (size_t)-1 */
    /* Called within wr_consumer_poll, on its thread, before the first record of the partitions comes (assigned) and
     * before they may go to somebody else (revoked; `lost` when they already have). */
    void (*assigned)(void *user, wr_assignment *assignments, size_t count);
    void (*revoked)(void *user, const wr_assignment *assignments, size_t count, bool lost);
    /* Called within wr_consumer_poll, on its thread, when the id of a topic is another than the assignment said or this
     * said last: it has become known, or the topic was made anew. Not NULL: ids are watched. */
    void (*identified)(void *user, const char *topic, const wr_topic_id *id);
    void *user;
} wr_consumer_options;

WEIR_MUST_CHECK weir_err wr_consumer_new(wr_client *client, const wr_consumer_options *options,
                                         wr_consumer **ret_consumer, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_consumer_subscribe(wr_consumer *consumer, const char *const *topics, size_t count,
                                               weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_consumer_assign(wr_consumer *consumer, const wr_assignment *assignments, size_t count,
                                            weir_failure *failure);
/* Up to `max` records, waiting up to timeout_ms for the first. Records live until the next poll. Also returns, with 0
 * records, when woken, and when the cluster is reached again. An error comes without records: of a poll that has some
 * it is said by the next. WEIR_E_UNREACHABLE is informational (it keeps trying) and
 * said once, when the cluster gets out of reach; WEIR_E_BROKEN: make it anew. */
WEIR_MUST_CHECK weir_err wr_consumer_poll(wr_consumer *consumer, size_t max, int timeout_ms,
                                          const wr_client_record **ret_records, size_t *ret_count,
                                          weir_failure *failure);
/* Takes over the records of the last poll, which live until wr_polled_free: any thread may call that, before the consumer
 * is freed. NULL: memory, and they live until the next poll as before. */
typedef struct wr_polled wr_polled;
wr_polled *wr_consumer_take(wr_consumer *consumer);
const wr_client_record *wr_polled_records(const wr_polled *polled, size_t *ret_count);
void wr_polled_free(wr_polled *polled);                             /* accepts NULL */
void wr_consumer_wake(wr_consumer *consumer);                       /* any thread */
void wr_consumer_reach(wr_consumer *consumer, wr_reach *ret_reach); /* any thread */
/* How often it was looked which topics the names stand for and they were those that were told; -1: that cannot be known.
 * What was read before such a look began is of those topics. Any thread. */
int64_t wr_consumer_looks(const wr_consumer *consumer);
WEIR_MUST_CHECK weir_err wr_consumer_pause(wr_consumer *consumer, const char *topic, int32_t partition, bool paused);
WEIR_MUST_CHECK weir_err wr_consumer_seek(wr_consumer *consumer, const char *topic, int32_t partition, int64_t offset);
/* The offset behind the last record that may be read, as of the last fetch (a paused partition is not fetched); -1:
 * not known yet. Any thread. */
int64_t wr_consumer_end(const wr_consumer *consumer, const char *topic, int32_t partition);
/* Tell the group where we are (next offset to read). For lag to be visible, and for take-over. Without `wait` it does
 * not wait, and is WEIR_E_UNREACHABLE when there is nobody to tell. */
WEIR_MUST_CHECK weir_err wr_consumer_commit(wr_consumer *consumer, const wr_assignment *positions, size_t count,
                                            bool wait);
void wr_consumer_free(wr_consumer *consumer); /* leaves the group; calls revoked for what is still assigned */

/* ---- admin: blocking calls with a timeout; results are in the arena, sorted by name and number */
typedef struct wr_partition_info {
    int32_t partition, leader;
    int32_t replica_count, isr_count;
    int64_t start_offset, end_offset; /* -1 unless asked for with offsets */
} wr_partition_info;
typedef struct wr_topic_info {
    const char *name;
    bool internal;
    const wr_partition_info *partitions;
    size_t partition_count;
} wr_topic_info;
typedef struct wr_broker_info {
    int32_t id;
    const char *host;
    int port;
} wr_broker_info;
typedef struct wr_cluster_info {
    const char *id;
    int32_t controller;
    const wr_broker_info *brokers;
    size_t broker_count;
    const wr_topic_info *topics;
    size_t topic_count;
} wr_cluster_info;

/* topic NULL: all. WEIR_E_NOT_FOUND if the one named does not exist (it is not created by asking). */
WEIR_MUST_CHECK weir_err wr_admin_describe(wr_client *client, const char *topic, bool offsets, int timeout_ms,
                                           weir_arena *arena, wr_cluster_info *ret_info, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_admin_create_topic(wr_client *client, const char *topic, int32_t partition_count,
                                               int16_t replication, const weir_attribute *configs, size_t config_count,
                                               int timeout_ms, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_admin_delete_topic(wr_client *client, const char *topic, int timeout_ms,
                                               weir_failure *failure);
typedef struct wr_config_info {
    const char *name, *value, *source;
    bool is_default, read_only, sensitive;
} wr_config_info;
WEIR_MUST_CHECK weir_err wr_admin_topic_config(wr_client *client, const char *topic, int timeout_ms, weir_arena *arena,
                                               const wr_config_info **ret_configs, size_t *ret_count,
                                               weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_admin_broker_config(wr_client *client, int32_t broker, int timeout_ms, weir_arena *arena,
                                                const wr_config_info **ret_configs, size_t *ret_count,
                                                weir_failure *failure);
/* The topic's own configuration becomes exactly this: what is not named falls back to the broker's. validate: say what
 * would be wrong, and change nothing. */
WEIR_MUST_CHECK weir_err wr_admin_set_topic_config(wr_client *client, const char *topic, const weir_attribute *configs,
                                                   size_t config_count, bool validate, int timeout_ms,
                                                   weir_failure *failure);
/* Up to partition_count in all, which must be more than there are. */
WEIR_MUST_CHECK weir_err wr_admin_add_partitions(wr_client *client, const char *topic, int32_t partition_count,
                                                 bool validate, int timeout_ms, weir_failure *failure);
/* First offset at or after the time (end offset if none), for one partition. -1 end, -2 beginning. */
WEIR_MUST_CHECK weir_err wr_admin_offset_at(wr_client *client, const char *topic, int32_t partition, int64_t time_ms,
                                            int timeout_ms, int64_t *ret_offset, weir_failure *failure);

typedef struct wr_group_offset {
    const char *topic;
    int32_t partition;
    int64_t offset, end_offset, lag;
    const char *member;
} wr_group_offset;
typedef struct wr_group_member {
    const char *id, *client_id, *host, *instance;
    size_t assignment_count;
} wr_group_member;
typedef struct wr_group_info {
    const char *name, *state, *protocol, *assignor;
    int32_t coordinator;
    const wr_group_member *members;
    size_t member_count;
    const wr_group_offset *offsets;
    size_t offset_count; /* when described */
} wr_group_info;
WEIR_MUST_CHECK weir_err wr_admin_groups(wr_client *client, int timeout_ms, weir_arena *arena,
                                         const wr_group_info **ret_groups, size_t *ret_count, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_admin_group(wr_client *client, const char *group, int timeout_ms, weir_arena *arena,
                                        wr_group_info *ret_group, weir_failure *failure);
/* Where the group goes on: start_offset of each. A group without a position yet is made. WEIR_E_REFUSED: somebody is in
 * it. */
WEIR_MUST_CHECK weir_err wr_admin_set_group_offsets(wr_client *client, const char *group,
                                                    const wr_assignment *positions, size_t count, int timeout_ms,
                                                    weir_failure *failure);
/* WEIR_E_REFUSED: somebody is in it. WEIR_E_NOT_FOUND. */
WEIR_MUST_CHECK weir_err wr_admin_delete_group(wr_client *client, const char *group, int timeout_ms,
                                               weir_failure *failure);

#endif
