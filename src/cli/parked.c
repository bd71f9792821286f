/* weir parked …: keys of a service that wait for another attempt, and what is to become of them. */
#include <base/time.h>
#include <cli/commands.h>
#include <cli/database.h>
#include <cli/json_record.h>
#include <cli/output.h>
#include <event/json_text.h>
#include <service/parked_admin.h>

#include <stdio.h>

/* ---- ls */

/* When the next attempt is, in words or seconds. */
static const char *next_of(wr_cli *cli, const wr_parked_item *item)
{
    if (item->due_ms == WR_PARKED_REJECT)
        return "to be rejected";
    if (item->due_ms < 0)
        return "now";
    if (item->attempts == 0)
        return "behind another";
    return weir_arena_printf(cli->arena, "%.1f s", (double)item->due_ms / 1e3);
}

static void print_item(void *user, const wr_parked_item *item)
{
    wr_output *out = user;
    wr_cli *cli = out->cli;
    char time[WR_TIME_TEXT_SIZE];
    wr_time_print(item->parked_ms, time);
    wr_output_row(out, (const char *[]){wr_cell(cli, item->number), item->topic, wr_cell_bytes(cli, item->key),
                                        wr_cell(cli, item->events), wr_cell(cli, item->attempts), next_of(cli, item),
                                        item->reason, time, item->partition < 0 ? NULL : wr_cell(cli, item->partition),
                                        item->partition < 0 ? NULL : wr_cell(cli, item->offset)});
}

int wr_run_parked_ls(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"NUMBER", "number", .number = true},
        {"TOPIC", "topic"},
        {"KEY", "key"},
        {"EVENTS", "events", .number = true},
        {"ATTEMPTS", "attempts", .number = true},
        {"NEXT", "next"},
        {"REASON", "reason"},
        {"SINCE", "since", .wide = true},
        {"PARTITION", "partition", .number = true, .wide = true},
        {"OFFSET", "offset", .number = true, .wide = true},
        {0},
    };
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    wr_output out;
    wr_output_begin(&out, cli, columns);
    weir_failure failure = {0};
    weir_err err = wr_parked_each(store, wr_cli_on(cli, "events"), print_item, &out, &failure);
    wr_store_close(store);
    if (err == WEIR_OK)
        return wr_output_end(&out);
    wr_output_free(&out);
    return wr_cli_failure(cli, &failure);
}

/* ---- show */

int wr_run_parked_show(wr_cli *cli)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = wr_cli_database_row(cli, WR_STORE_READ_ONLY, &store, &number);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    wr_client_record record;
    const char *reason = NULL;
    weir_err err = wr_parked_find(store, number, cli->arena, &record, &reason, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    wr_buf out;
    wr_buf_init(&out, SIZE_MAX);
    wr_buf_printf(&out, "{\"number\":%lld,\"reason\":", (long long)number);
    if (reason)
        wr_json_text(&out, weir_slice_of(reason));
    else
        wr_buf_text(&out, "null");
    wr_buf_text(&out, ",\"record\":");
    wr_json_record_object(&record, &out);
    wr_buf_text(&out, "}\n");
    wr_cli_write_buf(cli, &out);
    return WR_EXIT_OK;
}

/* ---- deciding */

static int wish(wr_cli *cli, int what, const char *done)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = wr_cli_database_row(cli, 0, &store, &number);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_err err = wr_parked_wish(store, number, what, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "%s\n", done);
    return WR_EXIT_OK;
}

static int retry_all(wr_cli *cli)
{
    int64_t count = 0;
    wr_store *store = NULL;
    int status = wr_cli_database(cli, 0, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_err err = wr_parked_retry_all(store, &count, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "%lld keys will be tried: at once, or when the service starts.\n", (long long)count);
    return WR_EXIT_OK;
}

int wr_run_parked_retry(wr_cli *cli)
{
    bool all = wr_cli_on(cli, "all");
    if (all == (cli->operand_count == 2))
        return wr_cli_usage(cli, "give the NUMBER of a key's first event, or --all");
    return all ? retry_all(cli) : wish(cli, WR_PARKED_RETRY, "It will be tried: at once, or when the service starts.");
}

int wr_run_parked_reject(wr_cli *cli)
{
    if (wr_cli_on(cli, "dry-run")) {
        fprintf(stderr, "This would make event %s a dead letter.\n", cli->operands[1]);
        return WR_EXIT_OK;
    }
    if (!wr_cli_on(cli, "yes"))
        return wr_cli_usage(cli, "the service will not handle this event, and go on with those behind it; say --yes");
    return wish(cli, WR_PARKED_REJECT, "It will be a dead letter: at once, or when the service starts.");
}
