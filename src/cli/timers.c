/* weir timers …: what a service is to do later, and taking it back. */
#include <base/time.h>
#include <cli/commands.h>
#include <cli/database.h>
#include <cli/json_record.h>
#include <cli/output.h>
#include <event/json_text.h>
#include <service/timers_admin.h>

#include <stdio.h>

/* NULL: never. */
static const char *time_text(int64_t time_ms, char text[WR_TIME_TEXT_SIZE])
{
    if (time_ms == INT64_MAX)
        return NULL;
    wr_time_print(time_ms, text);
    return text;
}

/* ---- ls */

static void print_item(void *user, const wr_timer_item *item)
{
    wr_output *out = user;
    wr_cli *cli = out->cli;
    char due[WR_TIME_TEXT_SIZE], set[WR_TIME_TEXT_SIZE];
    wr_output_row(out, (const char *[]){item->id, item->kind, time_text(item->due_ms, due), item->type,
                                        item->record.topic, item->line, wr_cell(cli, item->attempts), item->reason,
                                        wr_cell(cli, item->number), time_text(item->set_ms, set)});
}

int wr_run_timers_ls(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"ID", "id"},
        {"KIND", "kind"},
        {"DUE", "due"},
        {"TYPE", "type"},
        {"TOPIC", "topic"},
        {"CRON", "cron"},
        {"ATTEMPTS", "attempts", .number = true},
        {"REASON", "reason"},
        {"NUMBER", "number", .number = true, .wide = true},
        {"SET", "set", .wide = true},
        {0},
    };
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    int64_t count_max = wr_cli_number(cli, "limit");
    wr_output out;
    wr_output_begin(&out, cli, columns);
    weir_failure failure = {0};
    weir_err err = wr_timers_each(store, count_max, print_item, &out, &failure);
    wr_store_close(store);
    if (err != WEIR_OK) {
        wr_output_free(&out);
        return wr_cli_failure(cli, &failure);
    }
    if ((int64_t)out.row_count == count_max)
        fprintf(stderr, "These are the first %lld; there may be more: -n says how many to list.\n",
                (long long)count_max);
    return wr_output_end(&out);
}

/* ---- show */

static void print_text(const char *name, const char *text, wr_buf *out)
{
    wr_buf_printf(out, "\"%s\":", name);
    if (text)
        wr_json_text(out, weir_slice_of(text));
    else
        wr_buf_text(out, "null");
    wr_buf_text(out, ",");
}

static void print_whole(wr_cli *cli, const wr_timer_item *item)
{
    char time[WR_TIME_TEXT_SIZE];
    wr_client_record record = item->record;
    record.topic = record.topic ? record.topic : "";
    wr_buf out;
    wr_buf_init(&out, SIZE_MAX);
    wr_buf_text(&out, "{");
    print_text("id", item->id, &out);
    print_text("kind", item->kind, &out);
    print_text("due", time_text(item->due_ms, time), &out);
    print_text("set", time_text(item->set_ms, time), &out);
    print_text("cron", item->line, &out);
    print_text("reason", item->reason, &out);
    wr_buf_printf(&out, "\"number\":%lld,\"attempts\":%d,\"record\":", (long long)item->number, item->attempts);
    if (item->line)
        wr_buf_text(&out, "null");
    else
        wr_json_record_object(&record, &out);
    wr_buf_text(&out, "}\n");
    wr_cli_write_buf(cli, &out);
}

int wr_run_timers_show(wr_cli *cli)
{
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    wr_timer_item item;
    weir_err err = wr_timers_find(store, cli->operands[1], wr_cli_on(cli, "schedule"), cli->arena, &item, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    print_whole(cli, &item);
    return WR_EXIT_OK;
}

/* ---- cancel */

int wr_run_timers_cancel(wr_cli *cli)
{
    const char *id = cli->operands[1];
    if (wr_cli_on(cli, "dry-run")) {
        fprintf(stderr, "This would take back timer %s.\n", id);
        return WR_EXIT_OK;
    }
    if (!wr_cli_on(cli, "yes"))
        return wr_cli_usage(cli, "what the timer was to do will not be done; say --yes to cancel it");
    wr_store *store = NULL;
    int status = wr_cli_database(cli, 0, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_err err = wr_timers_cancel(store, id, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "Cancelled.\n");
    return WR_EXIT_OK;
}
