/* The breaker: a handler that rejects most of what it is given is more likely wrong than the events, and a topic should
 * not go to the dead letters at full speed because of it.
 *
 *                      rejections of the window are too many
 *              closed ──────────────────────────────────────▶ open ◀──────────────┐
 *                ▲                                              │ breaker.pause    │ rejected
 *                │ not rejected                                 ▼ is over          │
 *                └──────────────────────────────────────────  trying ──────────────┘
 *
 * There is one for each topic and handler, and one for each topic for what reaches no handler (undecodable records,
 * unknown versions). It counts what ends: out of breaker.window events that ended, breaker.rejections dead letters open
 * it; then counting begins anew. While one is open nothing of its topic is handled: its partitions are paused, what was
 * read of them already is given back (inbox.c), and what is parked goes on waiting (parked.c). Other topics, queries and commands go on. When the pause is over
 * the topic is read again, and the first event that ends with that handler decides.
 *
 * All of it is in memory: a restart closes every breaker. States are read by other threads, for /readyz. */
#include "core_int.h"

#include <inttypes.h>
#include <stdlib.h>

struct breaker {
    _Atomic breaker_state state;
    int64_t due_ms; /* when open: to be tried */
    int64_t seen, rejected;
};

weir_err wr_breakers_init(wr_core *core)
{
    core->breakers.items = calloc(core->topic_count * (core->numbers.handler_count + 1) + 1, sizeof(breaker));
    return core->breakers.items ? WEIR_OK : WEIR_E_MEMORY;
}

void wr_breakers_fini(wr_core *core)
{
    free(core->breakers.items);
}

static breaker *of_topic(const wr_core *core, size_t topic)
{
    return &core->breakers.items[topic * (core->numbers.handler_count + 1)];
}

static size_t find_topic(wr_core *core, const char *topic)
{
    size_t at = core->breakers.last_topic; /* records come in runs of one topic */
    if (at < core->topic_count && strcmp(core->topics[at], topic) == 0)
        return at;
    for (at = 0; at < core->topic_count && strcmp(core->topics[at], topic) != 0; at++)
        ;
    core->breakers.last_topic = at;
    return at;
}

static bool is_open(const wr_core *core, size_t topic)
{
    for (size_t i = 0; i <= core->numbers.handler_count; i++)
        if (atomic_load(&of_topic(core, topic)[i].state) == BREAKER_OPEN)
            return true;
    return false;
}

bool wr_breaker_holds(wr_core *core, const char *name)
{
    if (core->breakers.open_count == 0)
        return false;
    size_t topic = find_topic(core, name);
    return topic < core->topic_count && is_open(core, topic);
}

static void say(const wr_core *core, wr_level level, const char *what, size_t topic, const weir_handler *handler,
                const breaker *breaker)
{
    wr_trace_log(core->trace, level, what, WR_TEXT("topic", core->topics[topic]),
                 WR_TEXT("handler", handler ? handler->type : ""), WR_NUMBER("rejected", breaker->rejected),
                 WR_NUMBER("of", breaker->seen), WR_NUMBER("pause_ms", core->options.breaker_pause_ms),
                 WR_TEXT("group", core->group));
}

static void open_it(wr_core *core, breaker *breaker, size_t topic, const weir_handler *handler)
{
    atomic_store(&breaker->state, BREAKER_OPEN);
    breaker->due_ms = wr_clock_ms(core) + core->options.breaker_pause_ms;
    core->breakers.open_count++;
    count_up(&core->numbers.breakers_opened, 1);
    say(core, WR_ERROR, "too much is rejected: reading of the topic pauses, then one event is tried", topic, handler,
        breaker);
    breaker->seen = breaker->rejected = 0;
}

void wr_breaker_count(wr_core *core, const wr_client_record *record, const weir_handler *handler, bool was_rejected)
{
    size_t topic = find_topic(core, record->topic);
    if (core->options.breaker_rejections <= 0 || topic >= core->topic_count)
        return;
    size_t slot = handler ? (size_t)(handler - core->service->handlers) : core->numbers.handler_count;
    breaker *breaker = &of_topic(core, topic)[slot];
    breaker_state state = atomic_load_explicit(&breaker->state, memory_order_relaxed);
    breaker->seen++;
    breaker->rejected += was_rejected;
    if (state == BREAKER_TRYING && !was_rejected) {
        say(core, WR_INFO, "no longer rejected: the topic is read as before", topic, handler, breaker);
        atomic_store(&breaker->state, BREAKER_CLOSED);
        breaker->seen = breaker->rejected = 0;
    } else if (state != BREAKER_OPEN && was_rejected &&
               (state == BREAKER_TRYING || breaker->rejected >= core->options.breaker_rejections)) {
        open_it(core, breaker, topic, handler);
    } else if (breaker->seen >= core->options.breaker_window) {
        breaker->seen = breaker->rejected = 0;
    }
}

int64_t wr_breaker_due_ms(const wr_core *core)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; core->breakers.open_count && i < core->topic_count * (core->numbers.handler_count + 1); i++)
        if (core->breakers.items[i].state == BREAKER_OPEN && core->breakers.items[i].due_ms < due_ms)
            due_ms = core->breakers.items[i].due_ms;
    return due_ms;
}

void wr_breakers_try(wr_core *core)
{
    int64_t now_ms = wr_clock_ms(core);
    int open_before = core->breakers.open_count;
    for (size_t topic = 0; core->breakers.open_count && topic < core->topic_count; topic++)
        for (size_t i = 0; i <= core->numbers.handler_count; i++) {
            breaker *breaker = &of_topic(core, topic)[i];
            if (atomic_load(&breaker->state) != BREAKER_OPEN || breaker->due_ms > now_ms)
                continue;
            atomic_store(&breaker->state, BREAKER_TRYING);
            core->breakers.open_count--;
            say(core, WR_INFO, "the topic is read again, to see whether it is still rejected", topic,
                i < core->numbers.handler_count ? &core->service->handlers[i] : NULL, breaker);
        }
    if (core->breakers.open_count != open_before)
        wr_inbox_pause(core);
}

bool wr_breakers_any_open(const wr_core *core)
{
    for (size_t topic = 0; topic < core->topic_count; topic++)
        if (is_open(core, topic))
            return true;
    return false;
}

void wr_breakers_print(const wr_core *core, wr_buf *out)
{
    const char *before = ",\"paused\":[";
    for (size_t topic = 0; topic < core->topic_count; topic++)
        if (is_open(core, topic)) {
            wr_buf_printf(out, "%s\"%s\"", before, core->topics[topic]);
            before = ",";
        }
    if (before[1] == 0)
        wr_buf_text(out, "]");
}
