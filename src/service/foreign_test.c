/* Events of other producers: whatever stands in the headers of an otherwise good record, the event is handled, and what
 * is emitted for it is valid. */
#include "core_testing.h"

static const char *const names[] = {"ce_dataversion",
                                    "ce_tracestate",
                                    "ce_traceparent",
                                    "ce_time",
                                    "ce_subject",
                                    "ce_dataschema",
                                    "ce_correlationid",
                                    "ce_causationid",
                                    "ce_data",
                                    "ce_id",
                                    "ce_source",
                                    "ce_type",
                                    "ce_specversion",
                                    "ce_datacontenttype",
                                    "ce_x",
                                    "ce_",
                                    "ce",
                                    "traceparent",
                                    "tracestate",
                                    "weir-outbox-id",
                                    "weir-outbox-sequence",
                                    "weir-dlq-reason",
                                    "weir-dlq-original-topic",
                                    "",
                                    "\xff\xfe",
                                    "a b"};
static const char *const values[] = {"",
                                     "1.0",
                                     "zz",
                                     "\x01",
                                     "\xff",
                                     "\xef\xbf\xbf",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\x01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\x7f",
                                     "k=v",
                                     "k=\x02",
                                     "2026-01-01T00:00:00Z",
                                     "-1",
                                     "99999999999999999999",
                                     "<>",
                                     "a\nb"};

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* An event of number n with up to 12 headers out of the lists above, or of random bytes, behind its own. */
static void append_odd(fixture *f, int n, uint64_t *random)
{
    enum { OWN = 4, ODD_MAX = 12, BYTES_MAX = 40 };
    char id[24], data[24], bytes[ODD_MAX][BYTES_MAX];
    snprintf(id, sizeof id, "odd-%d", n);
    snprintf(data, sizeof data, "{\"n\":%d}", n % 64);
    wr_client_header headers[OWN + ODD_MAX] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                               {"ce_id", weir_slice_of(id)},
                                               {"ce_source", WEIR_SLICE("else where")},
                                               {"ce_type", WEIR_SLICE("thing.happened")}};
    size_t count = OWN + next(random) % ODD_MAX;
    for (size_t i = OWN; i < count; i++) {
        headers[i].name = names[next(random) % (sizeof names / sizeof *names)];
        headers[i].value = weir_slice_of(values[next(random) % (sizeof values / sizeof *values)]);
        if (next(random) % 3 == 0) {
            size_t size = next(random) % BYTES_MAX;
            for (size_t b = 0; b < size; b++)
                bytes[i - OWN][b] = (char)next(random);
            headers[i].value = (weir_slice){(uint8_t *)bytes[i - OWN], size};
        }
    }
    CHECK_OK(wr_sim_append(f->cluster, &(wr_client_record){.topic = "in",
                                                           .partition = -1,
                                                           .key = WEIR_SLICE("k"),
                                                           .value = weir_slice_of(data),
                                                           .headers = headers,
                                                           .header_count = count}));
}

static void check_valid(fixture *f, int32_t p, int64_t o, void *user)
{
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, o);
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_event_loss loss = {0};
    weir_event event;
    (void)user;
    CHECK_OK(wr_event_decode_kafka_loss(
        &(wr_event_record){record->key, record->value, record->headers, record->header_count}, arena, &event, &loss,
        NULL));
    CHECK_EQ(loss.count, 0);
    CHECK_OK(wr_event_check(&event, NULL));
    weir_arena_free(arena);
}

TEST(whatever_stands_in_the_headers_of_a_good_record_its_event_is_handled_once)
{
    enum { EVENTS = 2000 };
    fixture f;
    weir_service service;
    uint64_t random = 20260101;
    fixture_begin(&f, &service);
    for (int i = 0; i < EVENTS; i++)
        append_odd(&f, i, &random);
    fixture_turns(&f, 12);
    CHECK_EQ(COUNT(&f, "effects"), EVENTS);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    CHECK_EQ(fixture_each(&f, "out", check_valid, NULL), EVENTS);
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(f.core, &text);
    CHECK(!strstr(wr_buf_cstr(&text), "weir_inbox_dropped_attributes_total{service=\"tally\"} 0\n"));
    wr_buf_fini(&text);
    fixture_end(&f);
}

static weir_status emit_with_a_damaged_trace(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_emit(tx, &(weir_event){.type = "thing.counted",
                                       .subject = event->subject,
                                       .traceparent = "00-4bf92f\x01",
                                       .tracestate = "\x02"});
}

TEST(a_trace_that_was_damaged_where_it_was_stored_does_not_keep_an_event_from_being_emitted)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = emit_with_a_damaged_trace}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.handlers = handlers;
    fixture_rejoin(&f);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 4);
    CHECK_EQ(fixture_each(&f, "out", check_valid, NULL), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    fixture_end(&f);
}
