/* A batch on its way: marks before, events in waves, marks after (redrive.h).
 *
 * A wave is as many letters from the front of the batch as have different keys; the next one is sent when all of it has been
 * acknowledged. So one key has one event under way, and what the broker refuses is overtaken by nothing of its key. The
 * marks that say that a batch was put back go out together with those that announce the next one: both lie in the same
 * partitions, in that order. */
#include "redrive_int.h"

#include <stdio.h>

enum { WAVES_A_SECOND = 10 };

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for dead letters");
}

/* Says of what was gathered for each target that it is put back. */
static weir_err mark_redriven(run *run, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    target *to;
    for (size_t at = 0; err == WEIR_OK && (to = wr_map_next(run->targets, &at, NULL));)
        err = wr_writer_mark(run->writer, &(wr_mark){.kind = WR_MARK_REDRIVEN, .to = to->topic, .run = to->run},
                             wr_book_topic(run->book), &to->redriven, failure);
    return err;
}

/* What is in doubt is open again before it is sent, since somebody wants that. */
static weir_err mark_doubtful(run *run, size_t from, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    wr_pending one = {0};
    for (size_t i = from; i < run->batch_count && err == WEIR_OK; i++) {
        sent_letter *letter = &run->batch[i];
        if (!letter->doubt_by)
            continue;
        const wr_mark reopened = {
            .kind = WR_MARK_REOPENED, .to = letter->target->topic, .run = letter->target->run, .by = letter->doubt_by};
        err = wr_pending_add(&one, letter->partition, letter->offset);
        err = err == WEIR_OK ? wr_writer_mark(run->writer, &reopened, wr_book_topic(run->book), &one, failure)
                             : no_memory(failure);
        letter->doubt_by = NULL;
    }
    wr_pending_fini(&one);
    return err;
}

static weir_err mark_sending(run *run, size_t from, weir_failure *failure)
{
    weir_err err = mark_doubtful(run, from, failure);
    for (size_t i = from; i < run->batch_count && err == WEIR_OK; i++)
        if (wr_pending_add(&run->batch[i].target->chosen, run->batch[i].partition, run->batch[i].offset) != WEIR_OK)
            return no_memory(failure);
    target *to;
    for (size_t at = 0; err == WEIR_OK && (to = wr_map_next(run->targets, &at, NULL));) {
        const wr_mark sending = {.kind = WR_MARK_SENDING,
                                 .to = to->topic,
                                 .run = to->run,
                                 .by = run->by,
                                 .ends = to->ends,
                                 .end_count = to->end_count};
        err = wr_writer_mark(run->writer, &sending, wr_book_topic(run->book), &to->chosen, failure);
    }
    return err;
}

/* Those of the batch that the log says are ours. */
static void keep_ours(run *run, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < run->batch_count; i++) {
        sent_letter *letter = &run->batch[i];
        wr_range range = wr_book_at(run->book, letter->partition, letter->offset);
        const wr_note *note = wr_book_note(run->book, range);
        if (range.state == WR_LETTER_SENDING && note && strcmp(note->by, run->by) == 0) {
            run->batch[kept++] = *letter;
            continue;
        }
        wr_redrive_result *result = run->result;
        result->chosen--;
        result->targets[letter->target->in_result].count--;
        if (result->left[WR_LEFT_OTHER_RUN]++ == 0)
            snprintf(result->example[WR_LEFT_OTHER_RUN], sizeof result->example[0], "%s/%d@%lld",
                     wr_book_topic(run->book), letter->partition, (long long)letter->offset);
    }
    run->batch_count = kept;
}

static int64_t marks_end(const void *user, int32_t partition)
{
    return wr_writer_marks_end(user, partition);
}

/* From `from` on: said that it is being sent, and read who has it. */
static weir_err announce(run *run, size_t from, weir_failure *failure)
{
    weir_err err = mark_redriven(run, failure);
    if (err == WEIR_OK)
        err = mark_sending(run, from, failure);
    if (err == WEIR_OK)
        err = wr_writer_wait(run->writer, failure);
    if (err == WEIR_OK && wr_redrive_crash(run, "announced"))
        return wr_redrive_crashed(failure);
    if (err == WEIR_OK)
        err = wr_book_refresh(run->book, marks_end, run->writer, failure);
    if (err == WEIR_OK)
        keep_ours(run, from);
    return err;
}

/* ---- waves */

static bool is_in(const run *run, size_t from, size_t to, uint64_t key)
{
    for (size_t i = from; key && i < to; i++)
        if (run->batch[i].key == key)
            return true;
    return false;
}

/* Behind the last letter of the wave that begins with `from`. */
static size_t wave_end(const run *run, size_t from)
{
    size_t most = run->batch_count - from;
    if (run->options->rate > 0) {
        size_t by_rate = (size_t)(run->options->rate / WAVES_A_SECOND);
        most = most < by_rate ? most : by_rate ? by_rate : 1;
    }
    size_t to = from;
    while (to < from + most && !is_in(run, from, to, run->batch[to].key))
        to++;
    return to;
}

/* WEIR_E_CLOSED: somebody wants it to stop. */
static weir_err wait_for_turn(run *run, size_t count, weir_failure *failure)
{
    const wr_redrive_options *options = run->options;
    if (options->rate <= 0)
        return options->scan.stop && options->scan.stop(options->scan.user)
                   ? weir_fail(failure, WEIR_E_CLOSED, "stopped")
                   : WEIR_OK;
    int64_t now_us = wr_mono_us(options->scan.io);
    if (run->due_us > now_us && options->wait(options->user, (run->due_us - now_us + 999) / 1000))
        return weir_fail(failure, WEIR_E_CLOSED, "stopped");
    int64_t from_us = run->due_us > now_us ? run->due_us : now_us;
    run->due_us = from_us + (int64_t)count * 1000000 / options->rate;
    return WEIR_OK;
}

static weir_err take_results(run *run, size_t from, size_t to, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    for (size_t i = from; i < to; i++) {
        sent_letter *letter = &run->batch[i];
        const wr_written *written = &letter->written;
        target *into = letter->target;
        if (written->is_done && written->err == WEIR_OK) {
            run->result->sent++;
            for (size_t p = 0; p < into->end_count; p++) /* what is sent from now on lies behind it */
                if (into->ends[p].partition == written->partition && into->ends[p].offset <= written->offset)
                    into->ends[p].offset = written->offset + 1;
            if (wr_pending_add(&into->redriven, letter->partition, letter->offset) != WEIR_OK)
                err = no_memory(failure);
        } else if (err == WEIR_OK) {
            err = weir_fail(failure, written->err != WEIR_OK ? written->err : WEIR_E_TIMEOUT,
                            "%.60s/%d@%lld could not be put back to %.60s: %.80s", wr_book_topic(run->book),
                            letter->partition, (long long)letter->offset, into->topic,
                            written->reason[0] ? written->reason : "no answer");
        }
    }
    return err;
}

static weir_err send_wave(run *run, size_t from, size_t to, weir_failure *failure)
{
    for (size_t i = from; i < to; i++)
        wr_writer_send(run->writer, &run->batch[i].record, &run->batch[i].written);
    if (wr_redrive_crash(run, "sent"))
        return wr_redrive_crashed(failure);
    weir_failure waiting = {0};
    weir_err waited = wr_writer_wait(run->writer, &waiting);
    if (wr_redrive_crash(run, "acknowledged"))
        return wr_redrive_crashed(failure);
    weir_err err = take_results(run, from, to, failure);
    return err == WEIR_OK && waited != WEIR_OK ? weir_fail(failure, waited, "%s", waiting.sentence) : err;
}

static bool is_unsent(const run *run, size_t at, size_t done)
{
    return at >= done || run->batch[at].written.is_unsent;
}

/* What is known not to be sent is open again; of the rest the next run finds out. */
static weir_err reopen(run *run, size_t done, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    target *to;
    for (size_t i = 0; i < run->batch_count && err == WEIR_OK; i++)
        if (is_unsent(run, i, done))
            err = wr_pending_add(&run->batch[i].target->chosen, run->batch[i].partition, run->batch[i].offset);
    for (size_t at = 0; err == WEIR_OK && (to = wr_map_next(run->targets, &at, NULL));) {
        const wr_mark reopened = {.kind = WR_MARK_REOPENED, .to = to->topic, .run = to->run, .by = run->by};
        err = wr_writer_mark(run->writer, &reopened, wr_book_topic(run->book), &to->chosen, failure);
    }
    return err == WEIR_OK ? wr_writer_wait(run->writer, failure) : err;
}

/* Announces the batch from *done on, and sends as much of it as the time of one announcement allows. */
static weir_err send_on(run *run, size_t *done, weir_failure *failure)
{
    size_t from = *done;
    int64_t begun_us = wr_mono_us(run->options->scan.io);
    weir_err err = announce(run, from, failure);
    while (err == WEIR_OK && *done < run->batch_count) {
        size_t to = wave_end(run, *done);
        bool is_over = wr_mono_us(run->options->scan.io) - begun_us > (int64_t)HOLD_MS * 1000;
        if (is_over && *done == from)
            return weir_fail(failure, WEIR_E_TIMEOUT, "to note in %.100s what is sent took longer than %d s; try again",
                             wr_book_topic(run->book), HOLD_MS / 1000);
        if (is_over)
            return reopen(run, *done, failure);
        err = wait_for_turn(run, to - *done, failure);
        if (err != WEIR_OK)
            break;
        err = send_wave(run, *done, to, failure);
        *done = to;
    }
    return err;
}

weir_err wr_redrive_flush(run *run, weir_failure *failure)
{
    const wr_redrive_options *options = run->options;
    weir_err err = WEIR_OK;
    size_t done = 0;
    if (run->batch_count && wr_redrive_crash(run, "chosen"))
        return wr_redrive_crashed(failure);
    while (err == WEIR_OK && done < run->batch_count)
        err = send_on(run, &done, failure);
    if (err == WEIR_E_BROKEN && options->crash)
        return err;
    if (err != WEIR_OK && run->batch_count) { /* what was done before is noted, as far as it goes */
        weir_failure ignored = {0};
        bool is_noted = reopen(run, done, &ignored) == WEIR_OK && wr_redrive_finish(run, &ignored) == WEIR_OK;
        if (!is_noted && options->tell)
            options->tell(options->user,
                          "what was done of the last letters could not be noted; the next run finds out");
    }
    run->batch_count = 0;
    weir_arena_reset(run->letters);
    return err;
}

weir_err wr_redrive_finish(run *run, weir_failure *failure)
{
    weir_err err = mark_redriven(run, failure);
    if (err == WEIR_OK)
        err = wr_writer_wait(run->writer, failure);
    return err == WEIR_OK && wr_redrive_crash(run, "noted") ? wr_redrive_crashed(failure) : err;
}
