/* The broker: what every handler can reach. One loop thread owns all of it.
 *
 * Nothing here runs by itself: the loop calls a connection, a timer or the end of a sync; that changes topics and
 * groups, and "settling" ends the round: partitions that changed wake who watches them, dirty logs go to the flusher,
 * and answers that became ready are written. So a handler may answer, append or wake at any point without anything
 * calling back into it, and without any connection closing under its hands. */
#ifndef WR_BROKER_H
#define WR_BROKER_H

#include <base/list.h>
#include <base/trace.h>
#include <base/uuid.h>
#include <broker/config.h>
#include <io/loop.h>
#include <wire/message.h>

typedef struct wr_broker wr_broker;
typedef struct wr_topics wr_topics;             /* topics.h */
typedef struct wr_flusher wr_flusher;           /* flusher.h */
typedef struct wr_retention wr_retention;       /* retention.h */
typedef struct wr_groups wr_groups;             /* group.h */
typedef struct wr_producer_ids wr_producer_ids; /* producer_ids.h */
typedef struct wr_request wr_request;           /* request.h */
typedef struct wr_server wr_server;             /* server.h */

/* What runs for an API. The table is assembled in broker/api/table.c and handed to the server, so that the broker does
 * not know its handlers. */
typedef struct wr_handler {
    int16_t api_key;
    /* The next request of the connection starts while this one still waits for its answer (Produce: so that one sync
     * covers many). Without it a connection's requests run one after another, as in Kafka. */
    bool pipelined;
    /* The handler does not look at texts and bytes of the message after it has returned, so the frame need not be
     * copied. It may write into the frame. */
    bool in_place;
    weir_err (*run)(wr_request *request);
} wr_handler;

struct wr_broker {
    wr_loop *loop;
    wr_io *io;
    const wr_trace *trace;
    wr_broker_config config;
    const wr_handler *handlers; /* ends with run NULL */
    wr_topics *topics;
    wr_groups *groups;
    wr_flusher *flusher;
    wr_retention *retention;
    wr_producer_ids *producer_ids;
    wr_server *server;
    char cluster_id[WR_UUID_BASE64_SIZE];
    int port; /* listened on */

    bool stopping; /* draining: nothing new is parked */

    /* ---- private to broker.c */
    wr_list stirred; /* partitions that changed since the last settling */
    wr_timer settle;
    int entered;
};

/* Every function that the loop calls brackets itself with these, so that settling happens once, at its end. A callback
 * that forgets is settled by a timer that fires in the same round. */
void wr_broker_enter(wr_broker *broker);
void wr_broker_leave(wr_broker *broker);
/* Something is waiting to be settled. */
void wr_broker_stir(wr_broker *broker);

int64_t wr_broker_now_ms(const wr_broker *broker); /* wall clock */
/* What requests and answers may still take of queued.max.request.bytes; a large answer should stay below. */
int64_t wr_broker_memory_left(const wr_broker *broker);

/* ---- what the broker asks of groups (group.c)
 * new: reads __consumer_offsets if it exists (its partition is open by then). free: answers nothing any more, stops
 * timers; called when no request is left. topic_deleted: its committed offsets go. stop: kept requests get their last
 * answer, because the broker drains. */
WEIR_MUST_CHECK weir_err wr_groups_new(wr_broker *broker, wr_groups **ret_groups, weir_failure *failure);
void wr_groups_free(wr_groups *groups); /* accepts NULL */
void wr_groups_topic_deleted(wr_groups *groups, weir_slice topic);
void wr_groups_stop(wr_groups *groups);

#endif
