/* A cluster in memory behind the door of client.h, for tests of everything above: one thread, no sleeps, and the same
 * seed gives the same run.
 *
 *     wr_sim_cluster *cluster = wr_sim_cluster_new(&(wr_sim_options){.seed = 1, .auto_create = 4});
 *     wr_client *client = wr_sim_client_new(cluster);      … from here on client.h as always …
 *
 * Time does not pass by itself. A poll that finds nothing calls options.wait with what it would have waited, so that a
 * test can move its own clock, and then returns.
 *
 * Producing has three steps that faults can fall between:   send (queued) → appended → acknowledged.   Each
 * wr_producer_poll moves all that may move: appends unless the cluster is down or appends are held, acknowledges unless
 * acks are held. wr_producer_free drops what is queued and forgets what is appended but not acknowledged: free the
 * producer while acks are held and you have the crash between publish and acknowledgement.
 *
 * Groups are eager: after a change every member gives its partitions back at its next poll, and when all have, each
 * gets its share (range per topic, members in the order in which they joined) at the poll that follows; a lone member
 * does all of it in one poll. A consumer that never polls holds the group up until wr_sim_expire throws it out. */
#ifndef WR_CLIENT_SIM_H
#define WR_CLIENT_SIM_H

#include <client/client.h>

typedef struct wr_sim_cluster wr_sim_cluster;

typedef struct wr_sim_options {
    uint64_t seed;
    int32_t
        auto_create; /* partitions of a topic made by writing or subscribing to it; 0: unknown topics stay unknown */
    int64_t (*now_ms)(void *clock); /* NULL: a clock that stands at 1,700,000,000,000 */
    void *clock;
    void (*wait)(void *user, int timeout_ms); /* instead of waiting; NULL: nothing happens */
    void *wait_user;
    bool jitter; /* each poll moves a random part of what may move, and returns a random part of what is there */
} wr_sim_options;

wr_sim_cluster *wr_sim_cluster_new(const wr_sim_options *options); /* NULL: memory */
void wr_sim_cluster_free(wr_sim_cluster *cluster);     /* after all clients, producers and consumers; accepts NULL */
wr_client *wr_sim_client_new(wr_sim_cluster *cluster); /* free it with wr_client_free. NULL: memory */

/* A client of the cluster whose producers and consumers several threads may use at once, for tests of threads: a poll that
 * finds nothing waits in real time, and no run is like another. All other calls on the cluster are then made between
 * lock and unlock, but by nobody for whom a consumer's callback waits. It makes producers and consumers only. */
wr_client *wr_sim_shared_client_new(wr_sim_cluster *cluster);
void wr_sim_lock(wr_sim_cluster *cluster);
void wr_sim_unlock(wr_sim_cluster *cluster);

/* ---- the truth of the cluster, for setting up and for checking */
WEIR_MUST_CHECK weir_err wr_sim_topic_add(wr_sim_cluster *cluster, const char *topic, int32_t partition_count);
/* Delete it and make it anew, so fast that consumers keep their partitions and read on where they are: all that changes
 * is its id, and that it is empty. */
WEIR_MUST_CHECK weir_err wr_sim_topic_remake(wr_sim_cluster *cluster, const char *topic);
/* Append as if some other producer had. record->partition -1: murmur2 of the key; partition 0 without a key. */
WEIR_MUST_CHECK weir_err wr_sim_append(wr_sim_cluster *cluster, const wr_client_record *record);
int64_t wr_sim_end(const wr_sim_cluster *cluster, const char *topic, int32_t partition); /* -1: unknown topic */
/* Lives as long as the topic; NULL when there is none. */
const wr_client_record *wr_sim_record(const wr_sim_cluster *cluster, const char *topic, int32_t partition,
                                      int64_t offset);
size_t wr_sim_count(const wr_sim_cluster *cluster, const char *topic); /* records of all partitions; 0 if unknown */
int64_t wr_sim_committed(const wr_sim_cluster *cluster, const char *group, const char *topic,
                         int32_t partition); /* -1001: none */
/* Set what the group has committed: backwards, and the next assignment without a start offset reads again. */
WEIR_MUST_CHECK weir_err wr_sim_commit(wr_sim_cluster *cluster, const char *group, const char *topic, int32_t partition,
                                       int64_t offset);

/* ---- faults; each lasts until it is taken back, unless it says otherwise */
void wr_sim_down(wr_sim_cluster *cluster, bool down);       /* nothing is appended, fetched, committed or answered */
void wr_sim_hold_looks(wr_sim_cluster *cluster, bool hold); /* nobody looks which topics the names stand for */
void wr_sim_hold_appends(wr_sim_cluster *cluster, bool hold);
void wr_sim_hold_acks(wr_sim_cluster *cluster, bool hold);
/* While acks are held: let the next `count` of every producer through, once. */
void wr_sim_release_acks(wr_sim_cluster *cluster, size_t count);
/* The next `count` records for this topic (NULL: any) are answered WEIR_E_REFUSED and not appended. */
void wr_sim_refuse(wr_sim_cluster *cluster, const char *topic, size_t count);
/* The next record for this topic is appended, but the answer gets lost, and the attempt after it is refused: the delivery
 * is WEIR_E_REFUSED, and says may_be_written. */
void wr_sim_refuse_after_append(wr_sim_cluster *cluster, const char *topic);
/* A topic made with the configuration max.message.bytes answers larger batches with WEIR_E_LIMIT, as Kafka does. What
 * a producer has queued for the topic is one batch, unless it was made with one_by_one.
 *
 * Fence every producer that lives now: the next poll hands back all that is not acknowledged as WEIR_E_BROKEN, in order
 * (some of it may be appended, as held acks have it), and every send is WEIR_E_BROKEN. A new producer works. */
void wr_sim_break_producers(wr_sim_cluster *cluster);
/* What WEIR_E_BROKEN is to a consumer: its next poll says so, and every one after. */
void wr_sim_break_consumers(wr_sim_cluster *cluster);
/* A rebalance out of the blue: everybody gives everything back and gets a share anew, from what the group committed. */
void wr_sim_rebalance(wr_sim_cluster *cluster, const char *group);
/* The group throws this member out (a stall past the session timeout): others get its partitions without asking it; its
 * own next poll calls revoked with lost = true, commits until then are WEIR_E_FENCED, and it joins again. */
void wr_sim_expire(wr_sim_cluster *cluster, wr_consumer *consumer);

#endif
