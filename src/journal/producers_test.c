#include "producers_int.h"

#include <base/hash.h>

#include "allocation.h"
#include "test.h"

static wr_head batch(int64_t id, int16_t epoch, int32_t sequence, int32_t count, int64_t offset)
{
    return (wr_head){.producer_id = id,
                     .producer_epoch = epoch,
                     .base_sequence = sequence,
                     .last_offset_delta = count - 1,
                     .base_offset = offset,
                     .last_offset = offset + count - 1};
}

static weir_err judge(wr_producers *producers, wr_head head)
{
    int64_t duplicate;
    return wr_producers_check(producers, &head, &duplicate);
}

static int64_t duplicate_of(wr_producers *producers, wr_head head)
{
    int64_t duplicate;
    CHECK_OK(wr_producers_check(producers, &head, &duplicate));
    return duplicate;
}

static void take(wr_producers *producers, wr_head head, int64_t now_ms)
{
    CHECK_EQ(duplicate_of(producers, head), -1);
    CHECK_OK(wr_producers_reserve(producers, head.producer_id));
    wr_producers_add(producers, &head, now_ms);
}

TEST(any_sequence_is_taken_where_nothing_is_remembered_and_then_the_next_one_only)
{
    wr_producers *producers = wr_producers_new();
    take(producers, batch(7, 0, 40, 3, 100), 0);
    CHECK_EQ(judge(producers, batch(7, 0, 42, 1, 103)), WEIR_E_RANGE);
    CHECK_EQ(judge(producers, batch(7, 0, 44, 1, 103)), WEIR_E_RANGE);
    take(producers, batch(7, 0, 43, 1, 103), 0);
    wr_producers_free(producers);
}

TEST(the_last_five_batches_are_answered_with_their_first_offsets)
{
    wr_producers *producers = wr_producers_new();
    for (int i = 0; i < 7; i++)
        take(producers, batch(7, 0, 2 * i, 2, 100 + 2 * i), 0);
    for (int i = 2; i < 7; i++)
        CHECK_EQ(duplicate_of(producers, batch(7, 0, 2 * i, 2, 0)), 100 + 2 * i);
    CHECK_EQ(judge(producers, batch(7, 0, 2, 2, 0)), WEIR_E_RANGE);
    CHECK_EQ(judge(producers, batch(7, 0, 12, 1, 0)), WEIR_E_RANGE); /* part of one */
    CHECK_EQ(judge(producers, batch(7, 0, 10, 4, 0)), WEIR_E_RANGE); /* two in one */
    wr_producers_free(producers);
}

TEST(sequences_wrap_to_zero)
{
    wr_producers *producers = wr_producers_new();
    take(producers, batch(7, 0, INT32_MAX - 1, 2, 0), 0);
    CHECK_EQ(judge(producers, batch(7, 0, 1, 1, 2)), WEIR_E_RANGE);
    take(producers, batch(7, 0, 0, 1, 2), 0);
    wr_producers_free(producers);
    producers = wr_producers_new();
    take(producers, batch(7, 0, INT32_MAX - 1, 4, 0), 0); /* within a batch */
    CHECK_EQ(duplicate_of(producers, batch(7, 0, INT32_MAX - 1, 4, 9)), 0);
    take(producers, batch(7, 0, 2, 1, 4), 0);
    wr_producers_free(producers);
}

TEST(a_new_epoch_begins_at_zero_and_fences_the_old_one)
{
    wr_producers *producers = wr_producers_new();
    take(producers, batch(7, 3, 5, 1, 0), 0);
    CHECK_EQ(judge(producers, batch(7, 4, 6, 1, 1)), WEIR_E_RANGE);
    CHECK_EQ(judge(producers, batch(7, 2, 0, 1, 1)), WEIR_E_FENCED);
    take(producers, batch(7, 4, 0, 1, 1), 0);
    CHECK_EQ(judge(producers, batch(7, 3, 6, 1, 2)), WEIR_E_FENCED);
    CHECK_EQ(judge(producers, batch(7, 3, 5, 1, 2)), WEIR_E_FENCED); /* even as a duplicate */
    wr_producers_free(producers);
}

TEST(a_producer_without_sequence_or_epoch_is_refused_and_one_without_id_is_not_remembered)
{
    wr_producers *producers = wr_producers_new();
    CHECK_EQ(judge(producers, batch(7, 0, -1, 1, 0)), WEIR_E_FORMAT);
    CHECK_EQ(judge(producers, batch(7, -1, 0, 1, 0)), WEIR_E_FORMAT);
    take(producers, batch(-1, -1, -1, 1, 0), 0);
    CHECK_EQ(wr_producers_count(producers), 0);
    wr_producers_free(producers);
}

TEST(producers_not_heard_for_long_are_forgotten)
{
    wr_producers *producers = wr_producers_new();
    take(producers, batch(1, 0, 0, 1, 0), 100);
    take(producers, batch(2, 0, 0, 1, 1), 200);
    take(producers, batch(1, 0, 1, 1, 2), 300);
    wr_producers_expire(producers, 201);
    CHECK_EQ(wr_producers_count(producers), 1);
    CHECK_EQ(judge(producers, batch(1, 0, 5, 1, 3)), WEIR_E_RANGE);
    CHECK_EQ(judge(producers, batch(2, 0, 5, 1, 3)), WEIR_OK);
    wr_producers_free(producers);
}

TEST(past_the_limit_the_producer_unused_for_longest_is_forgotten)
{
    wr_producers *producers = wr_producers_new();
    for (int i = 0; i <= WR_PRODUCERS_MAX; i++)
        take(producers, batch(i, 0, 0, 1, i), i);
    CHECK_EQ(wr_producers_count(producers), WR_PRODUCERS_MAX);
    CHECK_EQ(judge(producers, batch(0, 0, 5, 1, 0)), WEIR_OK);
    CHECK_EQ(judge(producers, batch(1, 0, 5, 1, 0)), WEIR_E_RANGE);
    wr_producers_free(producers);
}

static wr_producers *sample(wr_buf *ret_snapshot)
{
    wr_producers *producers = wr_producers_new();
    for (int i = 0; i < 8; i++) {
        take(producers, batch(1, 2, i, 1, 2 * i), 10 * i);
        take(producers, batch(2000000000000, 0, 3 * i, 3, 2 * i + 1), 10 * i);
    }
    wr_buf_init(ret_snapshot, 1 << 20);
    wr_producers_encode(producers, ret_snapshot);
    return producers;
}

TEST(a_snapshot_keeps_all_five_batches)
{
    wr_buf buf, again;
    wr_producers *before = sample(&buf), *after = wr_producers_new();
    CHECK_OK(wr_producers_decode(after, wr_buf_view(&buf)));
    wr_buf_init(&again, 1 << 20);
    wr_producers_encode(after, &again);
    CHECK(weir_slice_equal(wr_buf_view(&again), wr_buf_view(&buf)));
    for (int i = 3; i < 8; i++)
        CHECK_EQ(duplicate_of(after, batch(1, 2, i, 1, 0)), 2 * i);
    wr_buf_fini(&buf);
    wr_buf_fini(&again);
    wr_producers_free(before);
    wr_producers_free(after);
}

TEST(a_snapshot_that_kafka_wrote_gives_the_last_batch)
{
    wr_buf buf;
    wr_producers *before = sample(&buf), *after = wr_producers_new();
    buf.size = 10 + 2 * 46; /* Kafka's part alone, with its checksum */
    wr_put_i32(buf.data + 2, (int32_t)wr_crc32c(0, buf.data + 6, buf.size - 6));
    CHECK_OK(wr_producers_decode(after, wr_buf_view(&buf)));
    CHECK_EQ(duplicate_of(after, batch(1, 2, 7, 1, 0)), 14);
    CHECK_EQ(judge(after, batch(1, 2, 6, 1, 0)), WEIR_E_RANGE);
    wr_buf_fini(&buf);
    wr_producers_free(before);
    wr_producers_free(after);
}

TEST(a_damaged_snapshot_is_refused_whatever_bit_or_length)
{
    wr_buf buf;
    wr_producers *before = sample(&buf);
    for (size_t i = 0; i < buf.size * 8; i++) {
        buf.data[i / 8] ^= (uint8_t)(1 << i % 8);
        wr_producers *after = wr_producers_new();
        CHECK_EQ(wr_producers_decode(after, wr_buf_view(&buf)), WEIR_E_CORRUPT);
        wr_producers_free(after);
        buf.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t size = 0; size < buf.size; size++) {
        wr_producers *after = wr_producers_new();
        CHECK_EQ(wr_producers_decode(after, (weir_slice){buf.data, size}), WEIR_E_CORRUPT);
        wr_producers_free(after);
    }
    wr_buf_fini(&buf);
    wr_producers_free(before);
}

TEST(producers_without_memory_stay_as_they_were)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        wr_producers *producers = wr_producers_new();
        weir_err err = producers ? wr_producers_reserve(producers, 7) : WEIR_E_MEMORY;
        bool failed = test_allocation_failed();
        if (producers)
            CHECK_EQ(wr_producers_count(producers), failed ? 0 : 1);
        wr_producers_free(producers);
        CHECK_EQ(err, failed ? WEIR_E_MEMORY : WEIR_OK);
        if (!failed)
            break;
    }
}
