#include "checkpoint_int.h"

#include "test.h"

static const wr_checkpoint sample = {
    .start_offset = 5,
    .producers_offset = 40,
    .producers_count = 2,
    .segments =
        (wr_checkpoint_segment[]){
            {0, {30, 1000, 1700000000000, 29, 16, 24, 0xdeadbeef, 1}},
            {30, {40, 500, -1, -1, 0, 0, 0, 0}},
        },
    .segment_count = 2,
};

static void encode(wr_buf *buf, const wr_epochs *epochs)
{
    wr_buf_init(buf, 1 << 16);
    wr_checkpoint_encode(&sample, epochs, buf);
    CHECK(!wr_buf_failed(buf));
}

TEST(a_checkpoint_comes_back_as_it_was_written)
{
    wr_epochs epochs = {0}, read = {0};
    CHECK_OK(wr_epochs_add(&epochs, 0, 0));
    CHECK_OK(wr_epochs_add(&epochs, 4, 17));
    wr_buf buf;
    encode(&buf, &epochs);
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_checkpoint checkpoint;
    CHECK_OK(wr_checkpoint_decode(wr_buf_view(&buf), arena, &read, &checkpoint));
    CHECK_EQ(checkpoint.start_offset, 5);
    CHECK_EQ(checkpoint.producers_offset, 40);
    CHECK_EQ(checkpoint.producers_count, 2);
    CHECK_EQ(checkpoint.segment_count, 2);
    CHECK_BYTES(checkpoint.segments, sample.segments, 2 * sizeof *sample.segments);
    CHECK_EQ(wr_epochs_last(&read), 4);
    weir_arena_free(arena);
    wr_epochs_fini(&epochs);
    wr_epochs_fini(&read);
    wr_buf_fini(&buf);
}

static weir_err decode(const uint8_t *data, size_t size)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_epochs epochs = {0};
    wr_checkpoint checkpoint;
    weir_err err = wr_checkpoint_decode((weir_slice){data, size}, arena, &epochs, &checkpoint);
    wr_epochs_fini(&epochs);
    weir_arena_free(arena);
    return err;
}

TEST(a_damaged_checkpoint_is_refused_whatever_bit_or_length)
{
    wr_epochs epochs = {0};
    wr_buf buf;
    encode(&buf, &epochs);
    CHECK_OK(decode(buf.data, buf.size));
    for (size_t i = 0; i < buf.size * 8; i++) {
        buf.data[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK_EQ(decode(buf.data, buf.size), WEIR_E_CORRUPT);
        buf.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t size = 0; size < buf.size; size++)
        CHECK_EQ(decode(buf.data, size), WEIR_E_CORRUPT);
    wr_buf_fini(&buf);
}

TEST(the_synced_offset_is_read_only_from_whole_bytes)
{
    uint8_t bytes[WR_SYNCED_SIZE];
    int64_t offset = 0;
    wr_synced_encode(INT64_MAX - 1, bytes);
    CHECK(wr_synced_decode(bytes, &offset));
    CHECK(offset == INT64_MAX - 1);
    for (size_t i = 0; i < sizeof bytes * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK(!wr_synced_decode(bytes, &offset));
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

TEST(a_batch_must_have_the_epoch_of_its_offset)
{
    wr_epochs epochs = {0};
    CHECK(wr_epochs_match(&epochs, 3, 9)); /* nothing known */
    CHECK_OK(wr_epochs_add(&epochs, 0, 0));
    CHECK_OK(wr_epochs_add(&epochs, 2, 10));
    CHECK(wr_epochs_match(&epochs, 9, 0));
    CHECK(!wr_epochs_match(&epochs, 9, 2));
    CHECK(wr_epochs_match(&epochs, 10, 2));
    CHECK(!wr_epochs_match(&epochs, 10, 0));
    CHECK_OK(wr_epochs_add(&epochs, 3, 10)); /* nothing was written in 2 */
    CHECK(wr_epochs_match(&epochs, 10, 3));
    CHECK(!wr_epochs_truncate(&epochs, 10));
    CHECK(wr_epochs_truncate(&epochs, 9));
    CHECK_EQ(wr_epochs_last(&epochs), 0);
    for (int i = 1; i <= 2 * WR_EPOCHS_MAX; i++)
        CHECK_OK(wr_epochs_add(&epochs, i, 100 * i));
    CHECK_EQ(epochs.count, WR_EPOCHS_MAX);
    CHECK_EQ(wr_epochs_last(&epochs), 2 * WR_EPOCHS_MAX);
    wr_epochs_fini(&epochs);
}

TEST(leader_epochs_are_printed_as_kafka_does)
{
    wr_epochs epochs = {0};
    CHECK_OK(wr_epochs_add(&epochs, 0, 0));
    CHECK_OK(wr_epochs_add(&epochs, 2, 10));
    wr_buf buf;
    wr_buf_init(&buf, 1 << 10);
    wr_epochs_encode(&epochs, &buf);
    CHECK_STR(wr_buf_cstr(&buf), "0\n2\n0 0\n2 10\n");
    wr_buf_fini(&buf);
    wr_epochs_fini(&epochs);
}
