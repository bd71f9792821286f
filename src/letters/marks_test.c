#include "test.h"

#include <letters/marks.h>
#include <stdlib.h>

static wr_mark written_and_read(weir_arena *arena, const wr_mark *mark)
{
    wr_client_record record;
    wr_mark read;
    CHECK_OK(wr_mark_write(mark, "t.dlq", 2, "id", 1700000000000, arena, &record));
    CHECK_EQ(record.partition, 2);
    CHECK(record.key.data == NULL);
    CHECK(wr_mark_is(&record));
    record.timestamp_ms = 1700000000001;
    CHECK_OK(wr_mark_read(&record, arena, &read));
    return read;
}

TEST(a_mark_is_read_as_it_was_written)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_range ranges[] = {{.first = 0, .last = 0}, {.first = 17, .last = 40}, {.first = 42, .last = INT64_MAX - 1}};
    wr_mark_end ends[] = {{0, 1043}, {7, 0}};
    wr_mark sending = {.kind = WR_MARK_SENDING,
                       .ranges = ranges,
                       .range_count = 3,
                       .to = "i.redrive",
                       .ends = ends,
                       .end_count = 2,
                       .run = "again-1",
                       .by = "a-process"};
    wr_mark read = written_and_read(arena, &sending);
    CHECK_EQ(read.kind, WR_MARK_SENDING);
    CHECK_EQ(read.range_count, 3);
    CHECK_EQ(read.ranges[1].first, 17);
    CHECK_EQ(read.ranges[1].last, 40);
    CHECK(read.ranges[2].last == INT64_MAX - 1);
    CHECK_STR(read.to, "i.redrive");
    CHECK_EQ(read.end_count, 2);
    CHECK_EQ(read.ends[1].partition, 7);
    CHECK_EQ(read.ends[0].offset, 1043);
    CHECK_STR(read.run, "again-1");
    CHECK_STR(read.by, "a-process");
    CHECK(!read.has_value && !read.reason);
    CHECK_EQ(read.at_ms, 1700000000001);

    wr_client_header sets[] = {{"ce_dataversion", WEIR_SLICE("2")}, {"x", WEIR_SLICE("\0\xff")}};
    wr_mark edited = {.kind = WR_MARK_EDITED,
                      .ranges = ranges,
                      .range_count = 1,
                      .reason = "/n: 1 -> 2",
                      .has_value = true,
                      .value = WEIR_SLICE("{}"),
                      .sets = sets,
                      .set_count = 2};
    read = written_and_read(arena, &edited);
    CHECK_EQ(read.kind, WR_MARK_EDITED);
    CHECK(read.has_value && weir_slice_equal(read.value, WEIR_SLICE("{}")));
    CHECK_STR(read.reason, "/n: 1 -> 2");
    CHECK_EQ(read.set_count, 2);
    CHECK_STR(read.sets[0].name, "ce_dataversion");
    CHECK(weir_slice_equal(read.sets[1].value, WEIR_SLICE("\0\xff")));
    CHECK_STR(read.run, "");
    weir_arena_free(arena);
}

TEST(a_mark_is_an_event_so_that_services_pass_it_over)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_range range = {.first = 5, .last = 5};
    wr_mark dropped = {.kind = WR_MARK_DROPPED, .ranges = &range, .range_count = 1, .reason = "old"};
    wr_client_record record;
    CHECK_OK(wr_mark_write(&dropped, "t.dlq", 0, "id-5", 1700000000000, arena, &record));
    wr_event_record view = {record.key, record.value, record.headers, record.header_count};
    weir_event event;
    CHECK_OK(wr_event_decode_kafka(&view, arena, &event, NULL));
    CHECK_STR(event.type, "weir.deadletter.dropped");
    CHECK_STR(event.id, "id-5");
    weir_arena_free(arena);
}

TEST(a_mark_that_is_not_understood_is_said_to_be_none)
{
    static const char *const wrong_offsets[] = {
        "", "x", "1-", "-1", "5-4", "1,", ",1", "1;2", "9223372036854775807", "1-2-3"};
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_mark read;
    for (size_t i = 0; i < sizeof wrong_offsets / sizeof *wrong_offsets; i++) {
        wr_client_header headers[] = {{"weir-dlq-mark", WEIR_SLICE("dropped")},
                                      {"weir-dlq-mark-offsets", weir_slice_of(wrong_offsets[i])}};
        wr_client_record record = {.topic = "t", .headers = headers, .header_count = 2};
        if (wr_mark_read(&record, arena, &read) != WEIR_E_FORMAT)
            fail_msg("'%s' was understood", wrong_offsets[i]);
    }
    static const wr_client_header unknown[] = {{"weir-dlq-mark", WEIR_SLICE("praised")},
                                               {"weir-dlq-mark-offsets", WEIR_SLICE("1")}};
    CHECK_EQ(wr_mark_read(&(wr_client_record){.headers = unknown, .header_count = 2}, arena, &read), WEIR_E_FORMAT);
    static const wr_client_header aimless[] = {{"weir-dlq-mark", WEIR_SLICE("sending")},
                                               {"weir-dlq-mark-offsets", WEIR_SLICE("1")}};
    CHECK_EQ(wr_mark_read(&(wr_client_record){.headers = aimless, .header_count = 2}, arena, &read), WEIR_E_FORMAT);
    CHECK(!wr_mark_is(&(wr_client_record){.headers = unknown + 1, .header_count = 1}));
    weir_arena_free(arena);
}

TEST(an_id_is_read_as_it_was_printed)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_redrive_id id;
    const char *text = wr_redrive_id_print(arena, "i.dlq", 3, 17, 1700000000000, "");
    CHECK_STR(text, "i.dlq/3@17/1700000000000");
    CHECK_OK(wr_redrive_id_parse(weir_slice_of(text), &id));
    CHECK_STR(id.letter.topic, "i.dlq");
    CHECK_EQ(id.letter.partition, 3);
    CHECK_EQ(id.letter.offset, 17);
    CHECK_EQ(id.timestamp_ms, 1700000000000);
    CHECK_STR(id.run, "");
    text = wr_redrive_id_print(arena, "i.dlq", 3, 17, -1, "again-5");
    CHECK_OK(wr_redrive_id_parse(weir_slice_of(text), &id));
    CHECK_STR(id.run, "again-5");
    static const char *const wrong[] = {"",
                                        "i.dlq/3@17",
                                        "i.dlq/3@17/",
                                        "i.dlq/3@17/x",
                                        "i.dlq@17/5",
                                        "i.dlq/3@17/5/",
                                        "i.dlq/3@17/5/a-run-that-is-much-too-long"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wr_redrive_id_parse(weir_slice_of(wrong[i]), &id) == WEIR_OK)
            fail_msg("'%s' was taken for an id", wrong[i]);
    CHECK_EQ(wr_redrive_id_parse(WEIR_SLICE("i.dlq/3@17/5\0/6"), &id), WEIR_E_FORMAT);
    CHECK_EQ(wr_redrive_id_parse((weir_slice){0}, &id), WEIR_E_FORMAT);
    weir_arena_free(arena);
}
