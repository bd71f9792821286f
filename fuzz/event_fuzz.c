/* JSON by table, JSON text, events as JSON, and events as Kafka records: no input may crash them, what one form reads
 * the others must write and read again as the same.
 *
 * The first byte chooses. A Kafka record is made from the rest: a key, headers and a value, each with a byte of length.
 */
#include <event/event.h>
#include <event/json_text.h>
#include <event/kafka.h>
#include <event/trace_context.h>
#include <weir/json.h>

#include <assert.h>
#include <stdlib.h>

enum { ARENA_SIZE = 4 << 20, HEADER_COUNT = 80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct node {
    const char *text;
    int64_t whole;
    double real;
    bool flag;
    struct node *items;
    size_t item_count;
} node;

static const weir_json_field node_fields[] = {
    {"t", WEIR_JSON_TEXT, offsetof(node, text)},
    {"i", WEIR_JSON_INT, offsetof(node, whole)},
    {"r", WEIR_JSON_REAL, offsetof(node, real)},
    {"b", WEIR_JSON_BOOL, offsetof(node, flag)},
    {"n", WEIR_JSON_ARRAY, offsetof(node, items), offsetof(node, item_count), sizeof(node), node_fields},
    {0},
};

static void try_table(weir_arena *arena, weir_slice json)
{
    weir_failure failure = {0};
    node first = {0}, second = {0};
    if (weir_json_decode(arena, node_fields, json, &first, &failure) != WEIR_OK) {
        assert(failure.sentence[0]);
        return;
    }
    weir_slice text = weir_json_encode(arena, node_fields, &first);
    if (!text.data)
        return; /* memory */
    weir_err err = weir_json_decode(arena, node_fields, text, &second, &failure);
    assert(err == WEIR_OK || err == WEIR_E_MEMORY);
    weir_slice again = err == WEIR_OK ? weir_json_encode(arena, node_fields, &second) : text;
    assert(!again.data || weir_slice_equal(text, again));
}

static void try_event(weir_arena *arena, const weir_event *event)
{
    wr_event_record record;
    weir_event back;
    wr_buf json;
    if (wr_event_encode_kafka(event, NULL, 0, arena, &record, NULL) == WEIR_OK) {
        weir_err err = wr_event_decode_kafka(&record, arena, &back, NULL);
        assert(err == WEIR_OK || err == WEIR_E_MEMORY ||
               wr_event_header_find(record.headers, record.header_count, "content-type"));
    }
    wr_buf_init(&json, ARENA_SIZE);
    if (wr_event_print_json(event, &json, NULL) == WEIR_OK) {
        weir_err err = wr_event_parse_json(wr_buf_view(&json), arena, &back, NULL);
        assert(err == WEIR_OK || err == WEIR_E_MEMORY);
    }
    wr_buf_fini(&json);
}

static weir_slice take(wr_cursor *cursor)
{
    size_t size = (uint8_t)wr_cursor_i8(cursor);
    size_t left = wr_cursor_left(cursor);
    return size == 255 ? (weir_slice){0} : wr_cursor_take(cursor, size < left ? size : left);
}

static void try_record(weir_arena *arena, weir_slice bytes)
{
    wr_event_header headers[HEADER_COUNT];
    wr_event_record record = {.headers = headers};
    weir_event event;
    wr_cursor cursor = wr_cursor_of(bytes);
    record.key = take(&cursor);
    size_t count = (uint8_t)wr_cursor_i8(&cursor) % HEADER_COUNT;
    while (record.header_count < count && wr_cursor_left(&cursor)) {
        const char *name = weir_arena_dup_text(arena, take(&cursor));
        headers[record.header_count++] = (wr_event_header){name ? name : "", take(&cursor)};
    }
    record.value = wr_cursor_take(&cursor, wr_cursor_left(&cursor));
    if (wr_event_decode_kafka(&record, arena, &event, NULL) == WEIR_OK)
        try_event(arena, &event);
}

static void try_texts(weir_arena *arena, weir_slice bytes)
{
    wr_trace_context context;
    wr_buf once, twice;
    const char *text = weir_arena_dup_text(arena, bytes);
    if (text && wr_trace_context_parse(text, &context) == WEIR_OK)
        wr_tracestate_valid(text);
    wr_buf_init(&once, ARENA_SIZE);
    wr_buf_init(&twice, ARENA_SIZE);
    if (wr_json_compact(&once, bytes, NULL) == WEIR_OK) {
        assert(wr_json_compact(&twice, wr_buf_view(&once), NULL) == WEIR_OK);
        assert(weir_slice_equal(wr_buf_view(&once), wr_buf_view(&twice)));
    }
    wr_buf_fini(&once);
    wr_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_slice rest = {data + 1, size - 1};
    weir_event event;
    if (data[0] % 4 == 0)
        try_table(arena, rest);
    else if (data[0] % 4 == 1)
        try_record(arena, rest);
    else if (data[0] % 4 == 2)
        try_texts(arena, rest);
    else if (wr_event_parse_json(rest, arena, &event, NULL) == WEIR_OK)
        try_event(arena, &event);
    weir_arena_free(arena);
    return 0;
}
