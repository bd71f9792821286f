/* weir dlq redrive, weir dlq drop: a plan of what is and what will be, then the run (letters/redrive.h). */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/dlq.h>
#include <cli/dlq_run.h>
#include <cli/output.h>

#include <stdio.h>

/* ---- what wr_redrive_run asks for */

static bool wait(void *user, int64_t ms)
{
    wr_dlq_run *self = user;
    while (ms > 0 && !wr_stop_asked(self->dlq->stop)) {
        int some_ms = ms < 1000 ? (int)ms : 1000;
        (void)wr_stop_wait(self->dlq->stop, some_ms);
        ms -= some_ms;
    }
    return wr_stop_asked(self->dlq->stop);
}

static void tell(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "%s\n", sentence);
}

wr_redrive_options wr_dlq_redrive_options(wr_dlq_run *self)
{
    const wr_cli *cli = self->dlq->cli;
    return (wr_redrive_options){.scan = self->dlq->scan,
                                .where = self->dlq->where,
                                .for_everyone = wr_cli_on(cli, "for-everyone"),
                                .topic = wr_cli_text(cli, "to"),
                                .redrives_max = wr_cli_number(cli, "max-redrives"),
                                .force = wr_cli_on(cli, "force"),
                                .again = wr_cli_on(cli, "again"),
                                .wait = wait,
                                .tell = tell,
                                .user = self};
}

/* ---- what was done, and what is left */

static void say_left(const wr_redrive_result *result, bool is_named)
{
    for (int why = 0; why < WR_LEFT_COUNT; why++) {
        int64_t count = result->left[why];
        if (count == 0 || why == WR_LEFT_NOT_CHOSEN || (why == WR_LEFT_HANDLED && !is_named))
            continue;
        fprintf(stderr, "%lld left: %s; the first is %s%s%s\n", (long long)count, wr_left_text((wr_left)why),
                result->example[why], why == WR_LEFT_NO_TOPIC && result->missing[0] ? "; not there: " : "",
                why == WR_LEFT_NO_TOPIC ? result->missing : "");
    }
    if (result->overtaken)
        fprintf(stderr, "%lld of the chosen ones overtake others of their keys that are left.\n",
                (long long)result->overtaken);
}

/* Some were chosen by the clause and are not put back. */
static bool leaves_some(const wr_redrive_result *result)
{
    int64_t count = 0;
    for (int why = 0; why < WR_LEFT_COUNT; why++)
        if (why != WR_LEFT_NOT_CHOSEN && why != WR_LEFT_HANDLED)
            count += result->left[why];
    return count > 0;
}

static void add_rows(wr_output *out, const char *from, const wr_redrive_result *result)
{
    for (size_t i = 0; i < result->target_count; i++)
        if (result->targets[i].count)
            wr_output_row(
                out, (const char *[]){from, result->targets[i].topic, wr_cell(out->cli, result->targets[i].count)});
}

int wr_dlq_run_topics(wr_dlq_run *self, wr_redrive_options options, wr_output *out)
{
    wr_dlq *dlq = self->dlq;
    weir_failure failure = {0};
    weir_err err = WEIR_OK;
    int64_t limit = options.limit;
    self->chosen = self->sent = self->found = 0;
    self->leaves_some = false;
    for (size_t t = 0; t < dlq->topic_count && err == WEIR_OK; t++) {
        wr_redrive_result *result = self->result;
        options.part = wr_dlq_part(dlq, t);
        options.limit = limit ? limit - self->chosen : 0;
        err = self->reason ? wr_drop_run(&options, dlq->topics[t], self->reason, result, &failure)
                           : wr_redrive_run(&options, dlq->topics[t], result, &failure);
        self->chosen += result->chosen;
        self->sent += result->sent;
        self->found += result->found;
        self->leaves_some |= leaves_some(result);
        if (out && self->reason && result->chosen)
            wr_output_row(out, (const char *[]){dlq->topics[t], wr_cell(dlq->cli, result->chosen)});
        else if (out && !self->reason)
            add_rows(out, dlq->topics[t], result);
        if (!self->is_planned)
            say_left(result, options.part.letters != NULL);
        if (result->found)
            fprintf(stderr, "%lld were put back by a run that was killed; they are noted now.\n",
                    (long long)result->found);
        if (limit && self->chosen >= limit)
            break;
    }
    return err == WEIR_OK ? WR_EXIT_OK : wr_dlq_fail(dlq, err, &failure);
}

static const wr_column redrive_columns[] = {
    {"FROM", "from"}, {"TO", "to"}, {"LETTERS", "letters", .number = true}, {0}};
static const wr_column drop_columns[] = {{"TOPIC", "topic"}, {"LETTERS", "letters", .number = true}, {0}};

static int run_with_rows(wr_dlq_run *self, wr_redrive_options options, const wr_column *columns)
{
    wr_output out;
    wr_output_begin(&out, self->dlq->cli, columns);
    int status = wr_dlq_run_topics(self, options, &out);
    int printed = wr_output_end(&out);
    return status == WR_EXIT_OK ? printed : status;
}

/* The plan, the question, the run. With --yes there is no plan: the rows are what was done. */
static int plan_and_run(wr_dlq_run *self, wr_redrive_options options, const wr_column *columns, const char *act)
{
    wr_cli *cli = self->dlq->cli;
    bool asks = !wr_cli_on(cli, "yes") || wr_cli_on(cli, "dry-run"), done = false;
    int status = WR_EXIT_OK;
    if (asks) {
        options.dry_run = true;
        status = run_with_rows(self, options, columns);
        if (status == WR_EXIT_OK && self->chosen == 0) {
            fprintf(stderr, "There is nothing to %s.\n", act);
            return self->leaves_some ? WR_EXIT_PARTIAL : status;
        }
        if (status == WR_EXIT_OK)
            status = wr_change_confirm(cli, act, self->dlq->topic_count == 1 ? self->dlq->topics[0] : "all", &done);
        if (status != WR_EXIT_OK || done)
            return status;
        options.dry_run = false;
        self->is_planned = true;
        status = wr_dlq_run_topics(self, options, NULL);
    } else {
        status = run_with_rows(self, options, columns);
    }
    if (status == WR_EXIT_OK || self->sent)
        fprintf(stderr, "%lld %s.\n", (long long)self->sent, self->reason ? "dropped" : "put back");
    return status == WR_EXIT_OK && self->leaves_some ? WR_EXIT_PARTIAL : status;
}

int wr_dlq_run_begin(wr_dlq *dlq, wr_dlq_run *ret_run)
{
    *ret_run = (wr_dlq_run){.dlq = dlq, .result = weir_arena_alloc(dlq->cli->arena, sizeof *ret_run->result)};
    return ret_run->result ? WR_EXIT_OK : wr_cli_fail(dlq->cli, WEIR_E_MEMORY, "out of memory");
}

int wr_run_dlq_redrive(wr_cli *cli)
{
    wr_dlq dlq;
    wr_dlq_run self;
    const char *to = wr_cli_text(cli, "to");
    if (to && !wr_topic_name_valid(to))
        return wr_cli_usage(cli, "--to: '%s' is no topic's name", to);
    int status = wr_dlq_open(cli, &dlq);
    if (status == WR_EXIT_OK)
        status = wr_dlq_run_begin(&dlq, &self);
    if (status == WR_EXIT_OK) {
        wr_redrive_options options = wr_dlq_redrive_options(&self);
        options.rate = wr_cli_number(cli, "rate");
        options.limit = wr_cli_number(cli, "limit");
        status = plan_and_run(&self, options, redrive_columns, "put back");
    }
    wr_dlq_close(&dlq);
    return status;
}

int wr_run_dlq_drop(wr_cli *cli)
{
    wr_dlq dlq;
    wr_dlq_run self;
    int status = wr_dlq_open(cli, &dlq);
    if (status == WR_EXIT_OK)
        status = wr_dlq_run_begin(&dlq, &self);
    if (status == WR_EXIT_OK) {
        self.reason = wr_cli_text(cli, "reason");
        wr_redrive_options options = {.scan = dlq.scan,
                                      .where = dlq.where,
                                      .limit = wr_cli_number(cli, "limit"),
                                      .wait = wait,
                                      .tell = tell,
                                      .user = &self};
        status = plan_and_run(&self, options, drop_columns, "drop");
    }
    wr_dlq_close(&dlq);
    return status;
}
