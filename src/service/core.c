/* The consume loop: what a turn does, starting, draining and freeing. */
#include "core_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { COMMAND_COUNT_MAX = 10000, WAIT_MAX_MS = 60000 };

bool wr_core_crash(wr_core *core, const char *where)
{
    return core->options.crash && core->options.crash(core->options.crash_user, where);
}

void wr_core_wake(wr_core *core)
{
    wr_pipeline_wake_main(core);
    if (!atomic_load(&core->is_threaded))
        wr_consumer_wake(core->reader.consumer);
}

/* ---- starting */

static weir_err split_topics(wr_core *core, weir_failure *failure)
{
    const char *at = core->service->consumes ? core->service->consumes : "";
    size_t prefix_size = strlen(core->prefix);
    char *out = core->topics_text = malloc(strlen(at) + 1 + TOPIC_COUNT_MAX * (prefix_size + 1));
    const char *redrive = core->options.redrive_topic;
    if (!out)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory");
    while (*at) {
        size_t size = strcspn(at, ", ");
        if (size && core->topic_count == TOPIC_COUNT_MAX)
            return weir_fail(failure, WEIR_E_LIMIT, "a service consumes at most %d topics", TOPIC_COUNT_MAX);
        if (size + prefix_size >= TOPIC_SIZE_MAX)
            return weir_fail(failure, WEIR_E_LIMIT, "the name of a topic is too long: %.*s", (int)size, at);
        if (size) {
            core->topics[core->topic_count++] = out;
            out += sprintf(out, "%s%.*s", core->prefix, (int)size, at) + 1;
        }
        at += size + (at[size] != 0);
    }
    for (size_t i = 0; redrive && i < core->topic_count; i++)
        if (strcmp(core->topics[i], redrive) == 0)
            redrive = NULL;
    if (redrive && core->topic_count)
        core->topics[core->topic_count++] = redrive;
    return WEIR_OK;
}

/* Of the group and of topics, after those that are read have been split. */
static weir_err check_names(const wr_core *core, weir_failure *failure)
{
    char produces[TOPIC_SIZE_MAX * 2], letters[TOPIC_SIZE_MAX * 2];
    const char *given = core->service->produces;
    snprintf(produces, sizeof produces, "%s%s", core->prefix, given ? given : "none");
    snprintf(letters, sizeof letters, "%s%s.dlq", core->prefix, core->name);
    const char *names[] = {produces, letters};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!wr_topic_name_valid(names[i]))
            return weir_fail(failure, WEIR_E_USAGE, "'%.60s' is not the name of a topic: " WR_TOPIC_NAME_RULE,
                             names[i]);
    if (strlen(core->prefix) + strlen(core->options.group ? core->options.group : core->name) >= sizeof core->group)
        return weir_fail(failure, WEIR_E_USAGE,
                         "the name of the group with its prefix is longer than %zu bytes: %.100s",
                         sizeof core->group - 1, core->group);
    for (size_t i = 0; i < core->topic_count; i++)
        if (!wr_topic_name_valid(core->topics[i]))
            return weir_fail(failure, WEIR_E_USAGE, "'%.60s' is not the name of a topic: " WR_TOPIC_NAME_RULE,
                             core->topics[i]);
    return WEIR_OK;
}

static void fill_defaults(wr_core *core)
{
    wr_core_options *options = &core->options;
    options->batch_max = options->batch_max ? options->batch_max : 500;
    options->ping_ms = options->ping_ms ? options->ping_ms : 1000;
    options->outbox_max = options->outbox_max ? options->outbox_max : 50000;
    options->parked_max = options->parked_max ? options->parked_max : 100000;
    options->senders_max = options->senders_max ? options->senders_max : 1000000;
    options->message_size_max = options->message_size_max ? options->message_size_max : 1000000;
    options->seen_window_ms = options->seen_window_ms ? options->seen_window_ms : (int64_t)7 * 24 * 3600 * 1000;
    options->answer_window_ms = options->answer_window_ms ? options->answer_window_ms : (int64_t)24 * 3600 * 1000;
    options->breaker_rejections = options->breaker_rejections ? options->breaker_rejections : 50;
    options->breaker_window = options->breaker_window ? options->breaker_window : 100;
    options->breaker_pause_ms = options->breaker_pause_ms ? options->breaker_pause_ms : 30000;
    core->send_size_max =
        options->message_size_max > WR_DEAD_LETTER_SIZE_MAX ? options->message_size_max : WR_DEAD_LETTER_SIZE_MAX;
    core->name = options->name ? options->name : core->service->name;
    core->prefix = options->topic_prefix ? options->topic_prefix : "";
    snprintf(core->group, sizeof core->group, "%s%s", core->prefix, options->group ? options->group : core->name);
    wr_store_url_print(options->database, core->database_shown, sizeof core->database_shown);
    snprintf(core->dead_letter_topic, sizeof core->dead_letter_topic, "%s%s.dlq", core->prefix, core->name);
}

/* Of several processes on one server one works; the others wait until its connection ends. */
static weir_err take_lease(wr_core *core, weir_failure *failure)
{
    bool has = false;
    weir_err err = wr_store_lease(core->store, &has, failure);
    return err != WEIR_OK || has
               ? err
               : weir_fail(failure, WEIR_E_AGAIN, "another process of this service works on %s", core->database_shown);
}

static const char *const *migrations_of(const wr_core *core)
{
    bool has_own = core->service->postgres_migrations && wr_store_is_server(core->options.database);
    return has_own ? core->service->postgres_migrations : core->service->migrations;
}

static weir_err open_store(wr_core *core, weir_failure *failure)
{
    weir_err err = wr_store_open(core->options.database, core->options.store_flags, &core->store, failure);
    if (err == WEIR_OK)
        err = take_lease(core, failure);
    bool pings = wr_store_is_server(core->options.database) && core->options.ping_ms > 0;
    core->ping_due_ms = pings ? 0 : INT64_MAX;
    if (err == WEIR_OK)
        err = wr_store_migrate_own(core->store, 0, failure);
    if (err == WEIR_OK)
        err = wr_store_migrate(core->store, core->service->name, migrations_of(core), failure);
    if (err == WEIR_OK)
        err = wr_clock_load(core, failure);
    if (err == WEIR_OK)
        err = wr_inbox_load(core, failure);
    if (err == WEIR_OK)
        err = wr_senders_load(core, failure);
    if (err == WEIR_OK)
        err = wr_attempts_load(core, failure);
    if (err == WEIR_OK)
        err = wr_outbox_load(core, failure);
    if (err == WEIR_OK)
        err = wr_inserts_load(core, failure);
    if (err == WEIR_OK)
        err = wr_parked_load(core, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_clock_load(core, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_load(core, failure);
    return err;
}

static weir_err open_client(wr_core *core, weir_failure *failure)
{
    wr_consumer_options options = {.group = core->topic_count ? core->group : NULL,
                                   .from_beginning = true,
                                   .read_committed = true,
                                   .assigned = wr_reader_assigned,
                                   .revoked = wr_reader_revoked,
                                   .identified = core->topic_count ? wr_reader_identified : NULL,
                                   .user = core};
    weir_err err = wr_consumer_new(core->options.client, &options, &core->reader.consumer, failure);
    if (err == WEIR_OK && core->topic_count)
        err = wr_consumer_subscribe(core->reader.consumer, core->topics, core->topic_count, failure);
    else if (err == WEIR_OK) /* nothing to read; its poll is still where the core waits */
        atomic_store(&core->is_assigned, true);
    return err == WEIR_OK ? wr_publisher_start(core, failure) : err;
}

weir_err wr_core_new(const wr_core_options *options, wr_core **ret_core, weir_failure *failure)
{
    wr_core *core = calloc(1, sizeof *core);
    if (!core)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a service");
    core->options = *options;
    core->service = options->service;
    core->io = options->io;
    core->trace = options->trace;
    pthread_mutex_init(&core->lock, NULL);
    wr_list_init(&core->commands);
    wr_outbox_init(core);
    wr_publisher_init(core);
    bool has_pipeline = wr_pipeline_init(core) == WEIR_OK;
    fill_defaults(core);
    while (core->service->handlers && core->service->handlers[core->numbers.handler_count].type)
        core->numbers.handler_count++;
    core->attempts_max = wr_retry_max(&(weir_retry_policy){0});
    for (size_t i = 0; i < core->numbers.handler_count; i++)
        if (wr_retry_max(&core->service->handlers[i].retry) > core->attempts_max)
            core->attempts_max = wr_retry_max(&core->service->handlers[i].retry);
    core->numbers.handlers = calloc(core->numbers.handler_count + 1, sizeof(handler_numbers));
    core->arena = weir_arena_new(ARENA_SIZE_MAX);
    bool has_memory = has_pipeline && core->numbers.handlers && core->arena;
    weir_err err =
        has_memory ? split_topics(core, failure) : weir_fail(failure, WEIR_E_MEMORY, "no memory for a service");
    if (err == WEIR_OK)
        err = check_names(core, failure);
    if (err == WEIR_OK)
        err = wr_core_schedules_init(core, failure);
    if (err == WEIR_OK && wr_breakers_init(core) != WEIR_OK)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory for a service");
    if (err == WEIR_OK)
        err = open_store(core, failure);
    if (err == WEIR_OK)
        err = open_client(core, failure);
    if (err != WEIR_OK) {
        wr_core_free(core);
        return err;
    }
    *ret_core = core;
    return WEIR_OK;
}

/* Whoever still waits for a command is told that it was not run. */
static void end_commands(wr_core *core)
{
    wr_list commands;
    wr_list_init(&commands);
    pthread_mutex_lock(&core->lock);
    wr_list_move(&commands, &core->commands);
    core->command_count = 0;
    pthread_mutex_unlock(&core->lock);
    for (wr_link *link; (link = wr_list_pop(&commands));) {
        wr_core_command *command = WR_LIST_ITEM(link, wr_core_command, link);
        command->done(command, WEIR_FATAL, "the service has stopped");
    }
}

void wr_core_free(wr_core *core)
{
    if (!core)
        return;
    core->is_broken = true; /* revoked, called while the consumer goes, tells the group nothing more */
    wr_pipeline_stop(core, false);
    wr_pipeline_fini(core);
    if (core->publisher.producer)
        wr_producer_free(core->publisher.producer);
    if (core->reader.consumer)
        wr_consumer_free(core->reader.consumer);
    end_commands(core);
    wr_inbox_fini(core);
    wr_senders_fini(core);
    wr_attempts_fini(core);
    wr_publisher_fini(core);
    wr_outbox_fini(core);
    wr_inserts_fini(core);
    wr_parked_fini(core);
    wr_core_timers_fini(core);
    wr_breakers_fini(core);
    for (size_t i = 0; i < core->reader_count; i++)
        wr_store_close(core->readers[i]);
    wr_store_close(core->store);
    weir_arena_free(core->arena);
    free(core->numbers.handlers);
    free(core->topics_text);
    pthread_mutex_destroy(&core->lock);
    free(core);
}

/* ---- a turn */

static bool is_behind(const wr_core *core)
{
    const outbox *outbox = &core->outbox;
    size_t held = wr_core_outbox_count(core) + outbox->refused_count + outbox->aside_count;
    /* Once stopped, reading begins again below half of the limits, so that it does not stutter. */
    size_t weight = core->is_paused ? 2 : 1;
    return held * weight >= core->options.outbox_max ||
           (size_t)core->parked.event_count * weight >= core->options.parked_max;
}

static void pause_reading(wr_core *core, bool paused)
{
    core->is_paused = paused;
    wr_inbox_pause(core);
    wr_trace_log(core->trace, paused ? WR_WARN : WR_INFO,
                 paused ? "reading stops: too much is unpublished or parked" : "reading goes on",
                 WR_NUMBER("outbox", wr_core_outbox_count(core)), WR_NUMBER("parked", core->parked.event_count));
}

/* How long a turn may wait for records, when nobody wakes it. */
static int wait_ms(wr_core *core, int timeout_ms)
{
    int64_t now_ms = wr_clock_ms(core), wait = timeout_ms < 0 || timeout_ms > WAIT_MAX_MS ? WAIT_MAX_MS : timeout_ms;
    int64_t due_ms[] = {wr_parked_due_ms(core),  wr_outbox_due_ms(core),      wr_breaker_due_ms(core),
                        wr_inserts_due_ms(core), wr_core_timers_due_ms(core), core->ping_due_ms};
    for (size_t i = 0; i < sizeof due_ms / sizeof *due_ms; i++)
        if (due_ms[i] != INT64_MAX && due_ms[i] - now_ms < wait)
            wait = due_ms[i] > now_ms ? due_ms[i] - now_ms : 0;
    pthread_mutex_lock(&core->lock);
    if (core->command_count)
        wait = 0;
    pthread_mutex_unlock(&core->lock);
    return (int)wait;
}

static weir_err crash(wr_core *core, const char *where, weir_failure *failure)
{
    return wr_core_crash(core, where) ? weir_fail(failure, WEIR_E_BROKEN, "crash asked for") : WEIR_OK;
}

/* Before the batch: what the Kafka side has to do when it has no thread. */
static weir_err read_on(wr_core *core, int timeout_ms, weir_failure *failure)
{
    bool did;
    weir_err err = wr_reader_apply(core, failure);
    timeout_ms = wr_publisher_wait_ms(core, wr_reader_wait_ms(core, timeout_ms));
    return err == WEIR_OK ? wr_reader_poll(core, timeout_ms, &did, failure) : err;
}

/* And after it. */
static weir_err publish(wr_core *core, bool did, weir_failure *failure)
{
    weir_err err = wr_publisher_run(core, failure);
    if (err == WEIR_OK && did)
        err = crash(core, "published", failure);
    wr_outbox_take_results(core);
    if (err == WEIR_OK && core->outbox.delete_due_ms)
        err = crash(core, "acknowledged", failure);
    if (err == WEIR_OK)
        wr_reader_tell_group(core, false);
    return err;
}

/* First what an earlier life has left: nothing is read or emitted meanwhile. */
static weir_err load(wr_core *core, int timeout_ms, weir_failure *failure)
{
    bool is_threaded = atomic_load(&core->is_threaded);
    weir_err err = wr_outbox_load_due(core, failure);
    if (err == WEIR_OK && !is_threaded && !wr_list_empty(&core->handoff.rows)) {
        err = wr_publisher_run(core, failure);
        wr_outbox_take_results(core);
    }
    bool waits_for_rows = is_threaded && core->inserts.has_more; /* one without threads waits where it reads */
    wr_pipeline_may_read(core, !core->outbox.is_loading && !waits_for_rows);
    if (err != WEIR_OK || !core->outbox.is_loading)
        return err;
    atomic_store(&core->is_behind, true);
    wr_batch_refuse_commands(core);
    timeout_ms = timeout_ms < 0 || timeout_ms > 100 ? 100 : timeout_ms;
    if (is_threaded)
        return wr_pipeline_wait(core, timeout_ms, failure);
    wr_publisher_wait(core, timeout_ms);
    return err;
}

/* A server that goes away is noticed by who has nothing to do, too. */
static weir_err ping(wr_core *core, weir_failure *failure)
{
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms < core->ping_due_ms)
        return WEIR_OK;
    core->ping_due_ms = now_ms + core->options.ping_ms;
    return wr_store_ping(core->store, failure);
}

static weir_err turn(wr_core *core, int timeout_ms, weir_failure *failure)
{
    bool is_threaded = atomic_load(&core->is_threaded), did = false;
    weir_err err = ping(core, failure);
    if (err == WEIR_OK)
        err = load(core, timeout_ms, failure);
    if (err != WEIR_OK || core->outbox.is_loading)
        return err;
    if (is_threaded && core->outbox.delete_due_ms)
        err = crash(core, "acknowledged", failure);
    if (err != WEIR_OK)
        return err;
    if (is_behind(core) != core->is_paused)
        pause_reading(core, !core->is_paused);
    atomic_store(&core->is_behind, core->is_paused);
    wr_breakers_try(core);
    timeout_ms = wait_ms(core, timeout_ms);
    err = is_threaded ? wr_pipeline_wait(core, timeout_ms, failure) : read_on(core, timeout_ms, failure);
    if (err == WEIR_OK && core->assign_err != WEIR_OK)
        err = weir_fail(failure, core->assign_err, "taking partitions: %.180s", core->assign_failure.sentence);
    if (err == WEIR_OK)
        err = wr_batch_run(core, wr_pipeline_take(core, core->inserts.has_more), &did, failure);
    if (err == WEIR_OK && did)
        err = crash(core, "committed", failure);
    if (err == WEIR_OK && !is_threaded)
        err = publish(core, did, failure);
    if (err == WEIR_OK)
        wr_lag_update(core);
    return err;
}

weir_err wr_core_turn(wr_core *core, int timeout_ms, weir_failure *failure)
{
    if (core->is_broken)
        return weir_fail(failure, WEIR_E_BROKEN, "an earlier turn has failed");
    weir_err err = turn(core, timeout_ms, failure);
    core->is_broken = err != WEIR_OK;
    return err;
}

/* Rows whose acknowledgement may come soon: not those that wait for a minute because they were refused. */
static bool is_under_way(const wr_core *core)
{
    return wr_core_outbox_count(core) > core->outbox.held_count;
}

weir_err wr_core_drain(wr_core *core, int timeout_ms, weir_failure *failure)
{
    if (core->is_broken)
        return weir_fail(failure, WEIR_E_BROKEN, "an earlier turn has failed");
    atomic_store(&core->is_draining, true);
    int64_t deadline_us = wr_mono_us(core->io) + (int64_t)timeout_ms * 1000;
    weir_err err = WEIR_OK;
    bool is_threaded = atomic_load(&core->is_threaded), is_loading, did;
    wr_pipeline_may_read(core, false);
    core->inserts.has_more = false; /* what was put back with commands stays unread; the next batch begins anew */
    for (;;) {
        err = is_threaded ? WEIR_OK : wr_publisher_run(core, failure);
        if (err == WEIR_OK)
            err = wr_outbox_load_due(core, failure);
        is_loading = core->outbox.is_loading; /* then nothing may be emitted yet, as in a turn */
        did = !is_loading;
        while (err == WEIR_OK && did) { /* commands that were let in before */
            err = wr_batch_run(core, 0, &did, failure);
            did = did && wr_mono_us(core->io) < deadline_us; /* those that are left are told that nothing was done */
        }
        if (err == WEIR_OK && !is_threaded)
            err = wr_publisher_run(core, failure);
        int64_t left_us = deadline_us - wr_mono_us(core->io);
        if (err != WEIR_OK || left_us <= 0 || (!is_loading && !is_under_way(core)))
            break;
        if (is_threaded)
            err = wr_pipeline_wait(core, (int)(left_us / 1000) + 1, failure);
        else
            wr_publisher_wait(core, (int)(left_us / 1000) + 1);
        if (err != WEIR_OK)
            break;
    }
    wr_pipeline_stop(core, err == WEIR_OK);
    if (err == WEIR_OK && !is_loading) {
        wr_outbox_take_results(core);                                    /* with what it has heard last */
        core->outbox.delete_due_ms = core->outbox.delete_due_ms ? 1 : 0; /* now */
        err = wr_batch_run(core, 0, &did, failure);
    } else if (err == WEIR_OK) { /* no batch may run, but what has been published is over */
        err = wr_outbox_write_last(core, failure);
    }
    if (err == WEIR_OK && !is_threaded)
        wr_reader_tell_group(core, true);
    core->is_broken = err != WEIR_OK;
    if (err == WEIR_OK && wr_core_outbox_count(core))
        wr_trace_log(core->trace, WR_WARN, "not all was published; the next start goes on with it",
                     WR_NUMBER("outbox", wr_core_outbox_count(core)));
    return err;
}

void wr_core_settle(wr_core *core, int timeout_ms)
{
    if (!core->is_broken)
        return;
    atomic_store(&core->is_draining, true);
    end_commands(core);
    wr_pipeline_may_read(core, false);
    wr_pipeline_refuse_asks(core);
    int64_t deadline_us = wr_mono_us(core->io) + (int64_t)timeout_ms * 1000;
    weir_failure failure = {0};
    for (weir_err err = WEIR_OK; err == WEIR_OK;) {
        bool is_threaded = atomic_load(&core->is_threaded);
        if (!is_threaded)
            err = wr_publisher_run(core, &failure);
        wr_outbox_take_results(core);
        int64_t left_us = deadline_us - wr_mono_us(core->io);
        if (err != WEIR_OK || left_us <= 0 || !is_under_way(core))
            break;
        if (is_threaded)
            err = wr_pipeline_wait(core, (int)(left_us / 1000) + 1, &failure);
        else
            wr_publisher_wait(core, (int)(left_us / 1000) + 1);
    }
    wr_pipeline_stop(core, false);
    failure = (weir_failure){0};
    if (wr_outbox_write_last(core, &failure) != WEIR_OK)
        wr_trace_log(core->trace, WR_WARN, "what was published last stays in the outbox: the next start repeats it",
                     WR_TEXT("error", failure.sentence));
}

/* ---- for other threads */

weir_err wr_core_submit(wr_core *core, wr_core_command *command)
{
    weir_err err = WEIR_OK;
    pthread_mutex_lock(&core->lock);
    bool is_first = core->command_count == 0;
    if (atomic_load(&core->is_draining))
        err = WEIR_E_CLOSED;
    else if (core->command_count >= COMMAND_COUNT_MAX || atomic_load(&core->is_behind))
        err = WEIR_E_LIMIT;
    else {
        wr_list_append(&core->commands, &command->link);
        core->command_count++;
    }
    pthread_mutex_unlock(&core->lock);
    if (err == WEIR_OK && is_first)
        wr_core_wake(core);
    return err;
}

static weir_err reader_take(wr_core *core, wr_store **ret_reader, weir_failure *failure)
{
    pthread_mutex_lock(&core->lock);
    wr_store *reader = core->reader_count ? core->readers[--core->reader_count] : NULL;
    pthread_mutex_unlock(&core->lock);
    if (!reader)
        return wr_store_open(core->options.database, WR_STORE_READ_ONLY, ret_reader, failure);
    *ret_reader = reader;
    return WEIR_OK;
}

static void reader_give(wr_core *core, wr_store *reader)
{
    pthread_mutex_lock(&core->lock);
    bool is_kept = core->reader_count < READER_COUNT_MAX;
    if (is_kept)
        core->readers[core->reader_count++] = reader;
    pthread_mutex_unlock(&core->lock);
    if (!is_kept)
        wr_store_close(reader);
}

weir_status wr_core_query(wr_core *core, const char *what, weir_status (*run)(void *user, weir_tx *tx), void *user,
                          weir_arena *arena, char ret_reason[240])
{
    wr_store *reader = NULL;
    weir_failure failure = {0};
    ret_reason[0] = 0;
    weir_err err = reader_take(core, &reader, &failure);
    if (err == WEIR_OK)
        err = wr_store_begin(reader, &failure);
    if (err != WEIR_OK) {
        wr_store_close(reader);
        bool comes_back = err == WEIR_E_UNREACHABLE;
        wr_trace_log(core->trace, comes_back ? WR_WARN : WR_ERROR, "a query found no database",
                     WR_TEXT("request", what), WR_TEXT("error", failure.sentence));
        if (comes_back)
            snprintf(ret_reason, REASON_SIZE, "the database cannot be reached; try again");
        return comes_back ? WEIR_RETRY : WEIR_FATAL;
    }
    weir_tx tx;
    wr_tx_init(&tx, core, reader, arena);
    tx.is_read_only = true;
    tx.what = what;
    weir_status status = wr_tx_settle(&tx, run(user, &tx));
    wr_store_rollback(reader);
    reader_give(core, reader);
    if (status != WEIR_DONE)
        wr_tx_log_failure(&tx, status, what);
    snprintf(ret_reason, REASON_SIZE, "%s", wr_tx_reason_outside(&tx));
    return status;
}

const char *wr_core_outbox_id(const wr_core *core)
{
    return core->outbox.id;
}

size_t wr_core_outbox_count(const wr_core *core)
{
    return (size_t)atomic_load(&core->numbers.outbox_rows);
}
