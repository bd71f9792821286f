/* A whole broker and its clients on the simulator, in one thread and on a virtual clock: for tests and fuzzing.
 *
 *     wr_rig *rig = wr_rig_new(seed, (const char *const[]){"num.partitions=3", NULL});
 *     wr_rig_client *client = wr_rig_connect(rig);
 *     const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 12, &in);
 *
 * A misuse ends the program; what the broker does is answered. */
#ifndef WR_RIG_H
#define WR_RIG_H

#include <base/buf.h>
#include <broker/broker.h>
#include <testing/io/sim.h>
#include <wire/batch.h>

typedef struct wr_rig_client wr_rig_client;

typedef struct wr_rig {
    wr_sim *sim;
    wr_loop *loop;        /* the broker's; NULL while it does not run */
    wr_loop *client_loop; /* of all clients */
    wr_config *config;
    wr_broker *broker; /* NULL while it does not run */
    wr_server *server;
    weir_failure failure; /* of the last start */
    wr_trace trace;
    wr_buf told; /* the lines that it logged */
    wr_list clients;
    weir_arena *arena; /* answers, batches and texts; lives until wr_rig_free or wr_rig_forget */
    bool stopped;
    weir_err stop_err;
} wr_rig;

/* Starts the broker. From then until it stops, a call on its loop that may block ends the program, but for a few that rig.c
 * lists. settings: "key=value", ended by NULL; listeners and log.dirs are set. */
wr_rig *wr_rig_new(uint64_t seed, const char *const *settings);
/* The same without starting it, to set faults first. */
wr_rig *wr_rig_prepare(uint64_t seed, const char *const *settings);
void wr_rig_free(wr_rig *rig);
WEIR_MUST_CHECK weir_err wr_rig_start(wr_rig *rig);
/* The process is gone, as with SIGKILL (the page cache survives) or with the power. Clients go with it. */
void wr_rig_kill(wr_rig *rig);
void wr_rig_cut(wr_rig *rig);
/* After the simulator went dark by itself (wr_sim_cut_at): what was the broker's and the clients' is dropped, and the
 * simulator restarted. */
void wr_rig_drop(wr_rig *rig);
/* How many lines it logged so far that contain the text. */
int wr_rig_told(const wr_rig *rig, const char *text);
weir_err wr_rig_stop(wr_rig *rig); /* in order; everybody is disconnected */
void wr_rig_forget(wr_rig *rig);   /* answers and batches of before */
void wr_rig_run_ms(wr_rig *rig, int64_t ms);

/* ---- clients */
wr_rig_client *wr_rig_connect(wr_rig *rig);
void wr_rig_disconnect(wr_rig_client *client);
bool wr_rig_connected(wr_rig_client *client); /* the broker has not closed it */
/* Sends bytes as they are. */
void wr_rig_send_bytes(wr_rig_client *client, const void *bytes, size_t size);
/* Sends a request; the answer is for wr_rig_receive. Answers the correlation id. */
int32_t wr_rig_send(wr_rig_client *client, int16_t key, int16_t version, const void *request);
/* The next answer, which must be to a request of that kind: its struct, or NULL when none came within wait_ms or the
 * connection was closed. */
const void *wr_rig_receive(wr_rig_client *client, int16_t key, int16_t version, int64_t wait_ms);
int32_t wr_rig_correlation(const wr_rig_client *client); /* of the last answer */
/* Both; waits a minute. */
const void *wr_rig_call(wr_rig_client *client, int16_t key, int16_t version, const void *request);
/* While false, what the broker sends stays in the network. */
void wr_rig_listen(wr_rig_client *client, bool listen);
size_t wr_rig_received_size(const wr_rig_client *client); /* of all bytes so far */

/* ---- shorthands: one topic, one partition */
/* `count` records "<text> <n>" with n from `first`; with producer_id -1 not idempotent. */
weir_slice wr_rig_batch(wr_rig *rig, const char *text, int32_t first, int32_t count, int64_t producer_id, int16_t epoch,
                        int32_t sequence);
/* Answers the error code and, with 0, the offset; error -2: no answer came. */
int16_t wr_rig_produce(wr_rig_client *client, const char *topic, int32_t partition, int16_t acks, weir_slice batch,
                       int64_t *ret_offset);
/* All batches from the offset on, as far as one fetch goes; error -2: no answer came. */
int16_t wr_rig_fetch(wr_rig_client *client, const char *topic, int32_t partition, int64_t offset,
                     weir_slice *ret_records, int64_t *ret_high_watermark);
/* Creates it, or dies. */
void wr_rig_create(wr_rig_client *client, const char *topic, int32_t partition_count);

#endif
