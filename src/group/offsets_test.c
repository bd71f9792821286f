#include "offsets.h"

#include "test.h"

TEST(an_offset_is_found_as_it_was_put_and_a_later_one_replaces_it)
{
    wr_offsets offsets = {0};
    CHECK(wr_offsets_find(&offsets, WEIR_SLICE("orders"), 0) == NULL);
    wr_offset value = {.partition = 3, .offset = 41, .leader_epoch = 7, .metadata = WEIR_SLICE("here")};
    CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("orders"), &value));
    value.offset = 42;
    value.metadata = WEIR_SLICE("there, further");
    CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("orders"), &value));

    const wr_offset *found = wr_offsets_find(&offsets, WEIR_SLICE("orders"), 3);
    CHECK_EQ(found->offset, 42);
    CHECK_EQ(found->leader_epoch, 7);
    CHECK(weir_slice_equal(found->metadata, WEIR_SLICE("there, further")));
    CHECK(wr_offsets_find(&offsets, WEIR_SLICE("orders"), 2) == NULL);
    CHECK(wr_offsets_find(&offsets, WEIR_SLICE("order"), 3) == NULL);
    CHECK_EQ(offsets.count, 1);
    wr_offsets_fini(&offsets);
}

TEST(partitions_are_kept_in_order_and_memory_is_given_back)
{
    wr_offsets offsets = {0};
    for (int32_t i = 0; i < 100; i++)
        CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("t"), &(wr_offset){.partition = (i * 37) % 100, .offset = i}));
    size_t at = 0;
    const wr_offset_topic *topic = wr_offsets_next_topic(&offsets, &at);
    CHECK_EQ(topic->count, 100);
    for (int32_t i = 0; i < 100; i++)
        CHECK_EQ(topic->items[i].partition, i);
    CHECK(wr_offsets_next_topic(&offsets, &at) == NULL);

    for (int32_t i = 0; i < 100; i++)
        CHECK(wr_offsets_remove(&offsets, WEIR_SLICE("t"), i));
    CHECK(!wr_offsets_remove(&offsets, WEIR_SLICE("t"), 0));
    CHECK_EQ(offsets.count, 0);
    CHECK_EQ(offsets.memory_size, 0);
    CHECK_EQ(wr_offsets_topic_count(&offsets), 0);
    wr_offsets_fini(&offsets);
}

TEST(a_walk_survives_the_removal_of_the_topic_it_stands_on)
{
    wr_offsets offsets = {0};
    CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("a"), &(wr_offset){.partition = 0}));
    CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("b"), &(wr_offset){.partition = 1}));
    CHECK_OK(wr_offsets_put(&offsets, WEIR_SLICE("c"), &(wr_offset){.partition = 2}));
    int seen = 0;
    const wr_offset_topic *topic;
    for (size_t at = 0; (topic = wr_offsets_next_topic(&offsets, &at)); seen++)
        CHECK(wr_offsets_remove(&offsets, topic->name, topic->items[0].partition));
    CHECK_EQ(seen, 3);
    CHECK_EQ(offsets.count, 0);
    wr_offsets_fini(&offsets);
}
