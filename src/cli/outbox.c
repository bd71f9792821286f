/* weir outbox …: what a service has to publish, what it could not publish, and what is to become of that. */
#include <base/time.h>
#include <cli/commands.h>
#include <cli/database.h>
#include <cli/json_record.h>
#include <cli/output.h>
#include <event/json_text.h>
#include <service/outbox_admin.h>
#include <store/store.h>

#include <stdio.h>

/* ---- ls */

static void print_item(void *user, const wr_outbox_item *item)
{
    wr_output *out = user;
    wr_cli *cli = out->cli;
    char time[WR_TIME_TEXT_SIZE] = "";
    if (item->created_ms)
        wr_time_print(item->created_ms, time);
    wr_output_row(out, (const char *[]){wr_cell(cli, item->number), item->state, item->topic,
                                        wr_cell_bytes(cli, item->key), wr_cell(cli, item->size), item->reason, time});
}

int wr_run_outbox_ls(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"NUMBER", "number", .number = true},
        {"STATE", "state"},
        {"TOPIC", "topic"},
        {"KEY", "key"},
        {"SIZE", "size", .number = true},
        {"REASON", "reason"},
        {"SINCE", "since", .wide = true},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_err err = wr_outbox_each(store, print_item, &out, &failure);
    wr_store_close(store);
    if (err == WEIR_OK)
        return wr_output_end(&out);
    wr_output_free(&out);
    return wr_cli_failure(cli, &failure);
}

/* ---- status and lag */

/* Seconds since, as a cell; NULL: never. */
static const char *age(wr_cli *cli, int64_t since_ms)
{
    int64_t now_ms = wr_now_ms(cli->io);
    return since_ms ? weir_arena_printf(cli->arena, "%.1f", now_ms > since_ms ? (double)(now_ms - since_ms) / 1e3 : 0.0)
                    : NULL;
}

int wr_run_outbox_status(wr_cli *cli)
{
    static const wr_column columns[] = {
        {"OUTBOX", "outbox"},
        {"LAST", "last_number", .number = true},
        {"WAITING", "waiting", .number = true},
        {"OLDEST", "oldest_seconds", .number = true},
        {"REFUSED", "refused", .number = true},
        {"BEHIND", "behind", .number = true},
        {"HELD", "held", .number = true},
        {"ASIDE", "set_aside", .number = true},
        {"INSERTED", "inserted", .number = true},
        {"BAD", "bad", .number = true},
        {0},
    };
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    wr_outbox_status is;
    weir_err err = wr_outbox_status_of(store, &is, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    wr_output out;
    wr_output_begin(&out, cli, columns);
    wr_output_row(&out,
                  (const char *[]){is.id[0] ? is.id : NULL, wr_cell(cli, is.last_number), wr_cell(cli, is.waiting),
                                   age(cli, is.oldest_ms), wr_cell(cli, is.refused), wr_cell(cli, is.behind),
                                   wr_cell(cli, is.held), wr_cell(cli, is.set_aside + is.to_set_aside),
                                   wr_cell(cli, is.inserted), wr_cell(cli, is.bad)});
    status = wr_output_end(&out);
    bool needs_somebody = is.refused + is.held + is.to_set_aside + is.set_aside + is.bad > 0;
    return status == WR_EXIT_OK && needs_somebody ? WR_EXIT_FAILED : status;
}

static void print_lag(void *user, const wr_outbox_lag *lag)
{
    wr_output *out = user;
    wr_output_row(out, (const char *[]){lag->topic, wr_cell(out->cli, lag->waiting), wr_cell(out->cli, lag->refused),
                                        age(out->cli, lag->oldest_ms)});
}

int wr_run_outbox_lag(wr_cli *cli)
{
    static const wr_column columns[] = {{"TOPIC", "topic"},
                                        {"WAITING", "waiting", .number = true},
                                        {"REFUSED", "refused", .number = true},
                                        {"OLDEST", "oldest_seconds", .number = true},
                                        {0}};
    wr_store *store = NULL;
    int status = wr_cli_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    wr_output out;
    wr_output_begin(&out, cli, columns);
    weir_failure failure = {0};
    weir_err err = wr_outbox_each_topic(store, print_lag, &out, &failure);
    wr_store_close(store);
    if (err == WEIR_OK)
        return wr_output_end(&out);
    wr_output_free(&out);
    return wr_cli_failure(cli, &failure);
}

/* ---- one row */

static void print_row(wr_cli *cli, const wr_outbox_row *row)
{
    wr_buf out;
    wr_buf_init(&out, SIZE_MAX);
    wr_buf_printf(&out, "{\"number\":%lld,\"state\":\"%s\",\"reason\":", (long long)row->record.offset, row->state);
    if (row->reason)
        wr_json_text(&out, weir_slice_of(row->reason));
    else
        wr_buf_text(&out, "null");
    wr_buf_text(&out, ",\"record\":");
    wr_json_record_object(&row->record, &out);
    wr_buf_text(&out, "}\n");
    wr_cli_write_buf(cli, &out);
}

int wr_run_outbox_inspect(wr_cli *cli)
{
    wr_outbox_place place = wr_cli_on(cli, "inserted") ? WR_OUTBOX_INSERTS
                            : wr_cli_on(cli, "aside")  ? WR_OUTBOX_ASIDE
                                                       : WR_OUTBOX_ROWS;
    int64_t number = 0;
    wr_store *store = NULL;
    int status = wr_cli_database_row(cli, WR_STORE_READ_ONLY, &store, &number);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    wr_outbox_row row;
    weir_err err = wr_outbox_find(store, place, number, cli->arena, &row, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    print_row(cli, &row);
    return WR_EXIT_OK;
}

int wr_run_outbox_init_sql(wr_cli *cli)
{
    const char *scheme = cli->operand_count ? cli->operands[0] : "sqlite";
    const char *sql = wr_store_inserts_sql(scheme);
    if (!sql)
        return wr_cli_usage(cli, "'%s' is no database that services of this weir use", scheme);
    wr_cli_write(cli, weir_slice_of(sql));
    wr_cli_write(cli, WEIR_SLICE("\n"));
    return WR_EXIT_OK;
}

/* ---- deciding */

static int decide(wr_cli *cli, weir_err (*change)(wr_store *, int64_t, weir_failure *), const char *done)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = wr_cli_database_row(cli, 0, &store, &number);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_err err = change(store, number, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "%s\n", done);
    return WR_EXIT_OK;
}

int wr_run_outbox_skip(wr_cli *cli)
{
    return decide(cli, wr_outbox_skip,
                  "It will be set aside and its key go on: within a minute, or when the service starts.");
}

int wr_run_outbox_requeue(wr_cli *cli)
{
    if (wr_cli_on(cli, "inserted"))
        return decide(cli, wr_outbox_inserts_requeue, "It will be taken again: at once, or when the service starts.");
    return decide(cli, wr_outbox_requeue,
                  "It will be published, behind all others: within a minute, or when the service starts.");
}

int wr_run_outbox_rm(wr_cli *cli)
{
    if (wr_cli_on(cli, "dry-run")) {
        fprintf(stderr, "This would delete event %s, which is nowhere else.\n", cli->operands[1]);
        return WR_EXIT_OK;
    }
    if (!wr_cli_on(cli, "yes"))
        return wr_cli_usage(cli, "this deletes the only copy of an event; say --yes to delete");
    return decide(cli, wr_cli_on(cli, "inserted") ? wr_outbox_inserts_remove : wr_outbox_remove, "Deleted.");
}

int wr_run_outbox_show(wr_cli *cli)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = wr_cli_database_row(cli, WR_STORE_READ_ONLY, &store, &number);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_slice value = {0};
    weir_err err = (wr_cli_on(cli, "inserted") ? wr_outbox_inserts_value : wr_outbox_value)(store, number, cli->arena,
                                                                                            &value, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    wr_cli_write(cli, value);
    return WR_EXIT_OK;
}
