/* Bytes from three clients into a whole broker on the simulator, with time, disconnections, kills and power cuts
 * between.
 *
 * Input: a sequence of  op:1 size:2 bytes:size
 *
 *     op & 7:  0, 1, 2 a frame of these bytes with its right length   3 the bytes as they are   4 that many
 * milliseconds 5 hang up and connect again   6 SIGKILL and a new start   7 a power cut and a new start op >> 3: which
 * client, modulo three */
#include "fuzz.h"

#include <testing/broker/rig.h>
#include <wire/fetch.h>
#include <wire/kafka.h>
#include <wire/metadata.h>
#include <wire/produce.h>

enum { CLIENTS = 3, OPS_MAX = 64, HEAD_SIZE = 3, MEMORY_MAX = 8 << 20 };

static const char *const settings[] = {"max.partitions=12", "queued.max.request.bytes=4194304",
                                       "socket.request.max.bytes=1048576", "group.max.count=20", NULL};

/* ---- seeds */

static void add_op(wr_buf *out, int op, weir_slice bytes)
{
    wr_buf_i8(out, (int8_t)op);
    wr_buf_i16(out, (int16_t)bytes.size);
    wr_buf_slice(out, bytes);
}

static void add_request(wr_buf *out, int16_t key, int16_t version, const void *request)
{
    wr_buf frame;
    wr_buf_init(&frame, FUZZ_OUT_SIZE);
    if (wr_request_encode(wr_api_find(key), version, 1, "fuzz", request, &frame) != WEIR_OK)
        abort();
    add_op(out, 0, (weir_slice){frame.data + 4, frame.size - 4});
    wr_buf_fini(&frame);
}

/* A topic is made, written to and read: what random bytes would not find by themselves. */
static void add_prologue(wr_buf *out)
{
    wr_metadata_request_topic topic = {.name = WEIR_SLICE("t")};
    wr_metadata_request metadata = {.topics = &topic, .topic_count = 1, .allow_auto_topic_creation = true};
    add_request(out, WR_API_METADATA, 9, &metadata);

    wr_batch_builder builder;
    wr_buf batch;
    wr_buf_init(&batch, FUZZ_OUT_SIZE);
    wr_batch_builder_init(&builder, FUZZ_OUT_SIZE);
    wr_batch_builder_add(&builder, &(wr_record){.key = WEIR_SLICE("k"), .value = WEIR_SLICE("v")});
    if (wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &batch) != WEIR_OK)
        abort();
    wr_produce_request_partition data = {.records = wr_buf_view(&batch)};
    wr_produce_request_topic to = {.name = WEIR_SLICE("t"), .partition_data = &data, .partition_data_count = 1};
    wr_produce_request produce = {.acks = -1, .topic_data = &to, .topic_data_count = 1};
    add_request(out, WR_API_PRODUCE, 7, &produce);
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&batch);

    wr_fetch_request_partition from = {
        .current_leader_epoch = -1, .last_fetched_epoch = -1, .partition_max_bytes = 4096};
    wr_fetch_request_topic of = {.topic = WEIR_SLICE("t"), .partitions = &from, .partition_count = 1};
    wr_fetch_request fetch = {.replica_id = -1,
                              .max_wait_ms = 100,
                              .min_bytes = 1,
                              .max_bytes = 4096,
                              .session_epoch = -1,
                              .rack_id = WEIR_SLICE(""),
                              .topics = &of,
                              .topic_count = 1};
    add_request(out, WR_API_FETCH, 11, &fetch);
    add_op(out, 4, WEIR_SLICE("some milliseconds"));
}

static void write_seeds(const char *directory)
{
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    for (size_t i = 0; i < count; i++)
        for (int16_t version = apis[i].request->min_version; version <= apis[i].request->max_version; version++) {
            wr_buf out;
            wr_buf_init(&out, FUZZ_OUT_SIZE);
            add_prologue(&out);
            add_request(&out, apis[i].key, version, wr_sample_new(apis[i].request, version, (uint64_t)version, arena));
            add_op(&out, 4, WEIR_SLICE("again some milliseconds"));
            add_op(&out, 7, WEIR_SLICE(""));
            fuzz_write_seed(directory, apis[i].name, version, 0, wr_buf_view(&out));
            wr_buf_fini(&out);
            weir_arena_reset(arena);
        }
    weir_arena_free(arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_fill_corpus(*argc, *argv, write_seeds);
    return 0;
}

/* ---- running */

static void start_again(wr_rig *rig, wr_rig_client **clients, bool power)
{
    if (power)
        wr_rig_cut(rig);
    else
        wr_rig_kill(rig);
    FUZZ_REQUIRE(wr_rig_start(rig) == WEIR_OK); /* whatever clients did, the broker starts */
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = wr_rig_connect(rig);
}

static void run_op(wr_rig *rig, wr_rig_client **clients, uint8_t op, weir_slice bytes)
{
    wr_rig_client **client = &clients[(op >> 3) % CLIENTS];
    uint8_t size[4];
    switch (op & 7) {
    case 3:
        wr_rig_send_bytes(*client, bytes.data, bytes.size);
        break;
    case 4:
        wr_rig_run_ms(rig, (int64_t)bytes.size);
        break;
    case 5:
        wr_rig_disconnect(*client);
        *client = wr_rig_connect(rig);
        break;
    case 6:
    case 7:
        start_again(rig, clients, (op & 7) == 7);
        break;
    default:
        wr_put_i32(size, (int32_t)bytes.size);
        wr_rig_send_bytes(*client, size, sizeof size);
        wr_rig_send_bytes(*client, bytes.data, bytes.size);
        wr_rig_run_ms(rig, 2);
        break;
    }
    FUZZ_REQUIRE(wr_server_memory_size(rig->server) <= MEMORY_MAX);
    if (!wr_rig_connected(*client)) {
        wr_rig_disconnect(*client);
        *client = wr_rig_connect(rig);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wr_rig *rig = wr_rig_new(1, settings);
    wr_rig_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = wr_rig_connect(rig);
    for (int count = 0; size >= HEAD_SIZE && count < OPS_MAX; count++) {
        size_t asked = (size_t)data[1] << 8 | data[2];
        weir_slice bytes = {data + HEAD_SIZE, asked < size - HEAD_SIZE ? asked : size - HEAD_SIZE};
        run_op(rig, clients, data[0], bytes);
        data += HEAD_SIZE + bytes.size;
        size -= HEAD_SIZE + bytes.size;
    }
    for (int i = 0; i < CLIENTS; i++)
        wr_rig_disconnect(clients[i]);
    wr_rig_run_ms(rig, 10);
    FUZZ_REQUIRE(wr_server_connection_count(rig->server) == 0);
    wr_rig_run_ms(rig, 1000);
    FUZZ_REQUIRE(wr_server_memory_size(rig->server) == 0); /* nobody is left who could hold any */
    FUZZ_REQUIRE(wr_rig_stop(rig) == WEIR_OK);
    wr_rig_free(rig);
    return 0;
}
