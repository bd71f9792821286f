/* Writes down, for Kafka's own classes to compare (tests/kafka/WireCheck.java), what our tables say and what they
 * encode:
 *
 *     schema.txt     "FetchRequest 4 flexible=0", then its fields in the order of their bytes, indented by depth:
 *                    [TAG<n> ]name [COMPACT_][NULLABLE_]KIND[ of KIND]
 *     samples.txt    "FetchRequest 4 <hex>", SAMPLE_COUNT a version
 *     batches.txt    "gzip <hex>": the same records in every compression
 *
 * into the directory that WEIR_WIRE_CHECK names, else into a temporary one, where this only shows that it can be done.
 */
#include <test.h>
#include <testing/wire/sample.h>
#include <wire/batch.h>
#include <wire/group_records.h>

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_SIZE = 1 << 22, BUF_SIZE = 1 << 22, SAMPLE_COUNT = 20, RECORD_COUNT = 5000 };

static FILE *create(const char *name)
{
    const char *directory = getenv("WEIR_WIRE_CHECK");
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory ? directory : test_directory(), name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void print_hex(FILE *file, const wr_buf *bytes)
{
    for (size_t i = 0; i < bytes->size; i++)
        fprintf(file, "%02x", bytes->data[i]);
    fprintf(file, "\n");
}

static void for_every_message(FILE *file, void (*run)(FILE *file, const wr_message *message, int16_t version))
{
    static const wr_message *const group_messages[] = {&wr_offset_key_message, &wr_group_key_message,
                                                       &wr_offset_value_message, &wr_group_value_message};
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    for (size_t i = 0; i < 2 * count + 4; i++) {
        const wr_message *message = i >= 2 * count ? group_messages[i - 2 * count]
                                    : i % 2        ? apis[i / 2].response
                                                   : apis[i / 2].request;
        for (int16_t version = message->min_version; version <= message->max_version; version++)
            run(file, message, version);
    }
    CHECK(ftell(file) > 0);
    CHECK_EQ(fclose(file), 0);
}

/* ---- schema */

static const char *kind_name(wr_kind kind)
{
    static const char *const names[] = {
        [WR_BOOL] = "BOOLEAN",    [WR_INT8] = "INT8",     [WR_INT16] = "INT16", [WR_INT32] = "INT32",
        [WR_INT64] = "INT64",     [WR_UINT16] = "UINT16", [WR_UUID] = "UUID",   [WR_FLOAT64] = "FLOAT64",
        [WR_STRING] = "STRING",   [WR_BYTES] = "BYTES",   [WR_ARRAY] = "ARRAY", [WR_STRUCT] = "STRUCT",
        [WR_RECORDS] = "RECORDS",
    };
    return names[kind];
}

static bool has_compact_form(wr_kind kind)
{
    return kind == WR_STRING || kind == WR_BYTES || kind == WR_RECORDS || kind == WR_ARRAY;
}

static void print_schema(FILE *file, const wr_field *fields, int16_t version, bool flexible, int depth);

static void print_field(FILE *file, const wr_field *field, int16_t version, bool flexible, int depth)
{
    fprintf(file, "%*s", 2 * depth, "");
    if (field->tag)
        fprintf(file, "TAG%d ", field->tag - 1);
    /* Kafka's types do not say whether records and structs may be null; the samples show it. */
    bool nullable = field->kind != WR_RECORDS && field->kind != WR_STRUCT && wr_field_nullable(field, version);
    fprintf(file, "%s %s%s%s", field->name, flexible && has_compact_form(field->kind) ? "COMPACT_" : "",
            nullable ? "NULLABLE_" : "", kind_name(field->kind));
    const wr_items *items = field->items;
    if (items && items->kind != WR_STRUCT)
        fprintf(file, " of %s%s", flexible && has_compact_form(items->kind) ? "COMPACT_" : "", kind_name(items->kind));
    fprintf(file, "\n");
    if (items && items->kind == WR_STRUCT)
        print_schema(file, items->fields, version, flexible, depth + 1);
}

static void print_schema(FILE *file, const wr_field *fields, int16_t version, bool flexible, int depth)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        if (!field->tag && wr_field_exists(field, version))
            print_field(file, field, version, flexible, depth);
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        if (field->tag && wr_field_exists(field, version))
            print_field(file, field, version, flexible, depth);
}

static void print_message_schema(FILE *file, const wr_message *message, int16_t version)
{
    bool flexible = version >= message->flexible_version;
    fprintf(file, "%s %d flexible=%d\n", message->name, version, flexible);
    print_schema(file, message->fields, version, flexible, 1);
}

TEST(every_tables_schema_is_written_down)
{
    for_every_message(create("schema.txt"), print_message_schema);
}

/* ---- samples */

static void print_samples(FILE *file, const wr_message *message, int16_t version)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    for (uint64_t seed = 0; seed < SAMPLE_COUNT; seed++) {
        wr_buf_clear(&out);
        weir_arena_reset(arena);
        CHECK_OK(wr_message_encode(message, version, wr_sample_new(message, version, seed, arena), &out));
        fprintf(file, "%s %d ", message->name, version);
        print_hex(file, &out);
    }
    wr_buf_fini(&out);
    weir_arena_free(arena);
}

TEST(samples_of_every_message_are_written_down)
{
    for_every_message(create("samples.txt"), print_samples);
}

TEST(a_batch_in_every_compression_is_written_down)
{
    static const char *const names[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    FILE *file = create("batches.txt");
    wr_batch_builder builder;
    wr_batch_builder_init(&builder, BUF_SIZE);
    for (int i = 0; i < RECORD_COUNT; i++) {
        char text[32];
        snprintf(text, sizeof(text), "value %d", i * 7919);
        const wr_header header = {WEIR_SLICE("name"), i % 2 ? WEIR_SLICE("value") : (weir_slice){0}};
        wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = 1700000000000 + i,
                                                    .key = i % 3 ? WEIR_SLICE("key") : (weir_slice){0},
                                                    .value = weir_slice_of(text),
                                                    .headers = &header,
                                                    .header_count = i % 5 == 0});
    }
    for (int compression = WR_COMPRESSION_NONE; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_buf out;
        wr_buf_init(&out, BUF_SIZE);
        CHECK_OK(wr_batch_builder_finish(&builder, 0, (wr_compression)compression, &out));
        fprintf(file, "%s ", names[compression]);
        print_hex(file, &out);
        wr_buf_fini(&out);
    }
    wr_batch_builder_fini(&builder);
    CHECK_EQ(fclose(file), 0);
}
