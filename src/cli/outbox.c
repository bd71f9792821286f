/* weir outbox …: what a service could not publish, and what is to become of it. */
#include <base/text.h>
#include <cli/commands.h>
#include <cli/output.h>
#include <service/outbox_admin.h>
#include <store/store.h>

#include <stdio.h>

/* The database that the first operand names. */
static int open_database(wr_cli *cli, unsigned flags, wr_store **ret_store)
{
    const char *path = cli->operands[0];
    weir_failure failure = {0};
    if (!wr_path_exists(cli->io, path)) /* opening would make it */
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "%s does not exist: give a service's database, DATA-DIR/NAME.db",
                           path);
    weir_err err = wr_store_open(path, flags, ret_store, &failure);
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_failure(cli, &failure);
}

static int number_of(wr_cli *cli, int64_t *ret_number)
{
    const char *text = cli->operands[1];
    if (wr_number_parse(text, 0, INT64_MAX, ret_number) != WEIR_OK)
        return wr_cli_usage(cli, "'%s' is not a number; see: weir outbox ls %s", text, cli->operands[0]);
    return WR_EXIT_OK;
}

/* ---- ls */

static const char *printable(wr_cli *cli, weir_slice bytes)
{
    enum { SHOWN_MAX = 64 };
    size_t size = bytes.size < SHOWN_MAX ? bytes.size : SHOWN_MAX;
    char *text = bytes.data ? weir_arena_dup_text(cli->arena, (weir_slice){bytes.data, size}) : NULL;
    for (size_t i = 0; text && i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            text[i] = '.';
    return text;
}

static void print_item(void *user, const wr_outbox_item *item)
{
    wr_output *out = user;
    wr_cli *cli = out->cli;
    char time[WR_TIME_TEXT_SIZE];
    wr_time_print(item->created_ms, time);
    wr_output_row(out, (const char *[]){wr_cell(cli, item->number), item->state, item->topic, printable(cli, item->key),
                                        wr_cell(cli, item->size), item->reason, time});
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
    int status = open_database(cli, WR_STORE_READ_ONLY, &store);
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

/* ---- deciding */

static int decide(wr_cli *cli, weir_err (*change)(wr_store *, int64_t, weir_failure *), const char *done)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = number_of(cli, &number);
    if (status == WR_EXIT_OK)
        status = open_database(cli, 0, &store);
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
    return decide(cli, wr_outbox_remove, "Deleted.");
}

int wr_run_outbox_show(wr_cli *cli)
{
    int64_t number = 0;
    wr_store *store = NULL;
    int status = number_of(cli, &number);
    if (status == WR_EXIT_OK)
        status = open_database(cli, WR_STORE_READ_ONLY, &store);
    if (status != WR_EXIT_OK)
        return status;
    weir_failure failure = {0};
    weir_slice value = {0};
    weir_err err = wr_outbox_value(store, number, cli->arena, &value, &failure);
    wr_store_close(store);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    wr_cli_write(cli, value);
    return WR_EXIT_OK;
}
