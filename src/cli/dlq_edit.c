/* weir dlq edit: a letter with another value or other headers, put back at once. The letter stays as it is, what was
 * changed stands in a note behind it, and the event that is put back has the original in a header. */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/dlq_run.h>
#include <event/json_pointer.h>
#include <event/json_text.h>
#include <io/process.h>
#include <letters/edit.h>

#include <stdio.h>

enum { CHANGES_MAX = 64, DATA_SIZE_MAX = 64 << 20 };

typedef struct editing {
    wr_dlq dlq;
    const char *places[CHANGES_MAX];
    weir_slice values[CHANGES_MAX];
    wr_client_header sets[WR_MARK_SETS_MAX];
    wr_edit edit;
    bool is_there, is_told, only_shows;
    wr_letter_state state;
    char body[100]; /* the letter's value is elsewhere */
    bool by_hand;
    weir_slice before; /* what is edited by hand */
} editing;

/* What is JSON is taken as it is, else it is a text. */
static bool read_value(wr_cli *cli, weir_slice text, weir_slice *ret_value)
{
    weir_slice found;
    if (wr_json_pointer_get(text, "", &found, NULL) == WEIR_OK) {
        *ret_value = text;
        return true;
    }
    wr_buf quoted;
    wr_buf_init(&quoted, DATA_SIZE_MAX);
    wr_json_text(&quoted, text);
    *ret_value = wr_buf_failed(&quoted) ? (weir_slice){0} : weir_arena_dup(cli->arena, wr_buf_view(&quoted));
    wr_buf_fini(&quoted);
    return ret_value->data != NULL;
}

static int read_places(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    wr_client_header pairs[CHANGES_MAX];
    size_t count = 0;
    if (!wr_cli_on(cli, "set"))
        return WR_EXIT_OK;
    if (wr_cli_pairs(cli, "set", pairs, CHANGES_MAX, &count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < count; i++) {
        weir_failure failure = {0};
        if (wr_json_pointer_check(pairs[i].name, &failure) != WEIR_OK)
            return wr_cli_usage(cli, "--set: %s", failure.sentence);
        self->places[i] = pairs[i].name;
        if (!read_value(cli, pairs[i].value, &self->values[i]))
            return wr_cli_usage(cli, "--set %s: its value is no UTF-8", pairs[i].name);
    }
    self->edit.places = self->places;
    self->edit.values = self->values;
    self->edit.place_count = count;
    return WR_EXIT_OK;
}

static int read_headers(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    if (!wr_cli_on(cli, "header"))
        return WR_EXIT_OK;
    if (wr_cli_pairs(cli, "header", self->sets, WR_MARK_SETS_MAX, &self->edit.set_count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < self->edit.set_count; i++)
        if (wr_letter_part_of(self->sets[i].name) != WR_LETTER_OTHER)
            return wr_cli_usage(cli, "--header: %s says what became of the letter, and is not the event's own",
                                self->sets[i].name);
    self->edit.sets = self->sets;
    return WR_EXIT_OK;
}

static int read_data(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    const char *path = wr_cli_text(cli, "data");
    if (!path)
        return WR_EXIT_OK;
    const char *name = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    weir_err err = wr_path_read(cli->io, name, DATA_SIZE_MAX, cli->arena, &self->edit.data);
    if (err == WEIR_OK && !self->edit.data.data)
        self->edit.data = WEIR_SLICE("");
    return err == WEIR_OK ? WR_EXIT_OK : wr_cli_fail(cli, err, "%s cannot be read", path);
}

static int read_edit(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    self->by_hand = !wr_cli_on(cli, "set") && !wr_cli_on(cli, "data") && !wr_cli_on(cli, "header");
    if (self->by_hand && !(cli->terminal && cli->error_terminal && wr_terminal_is(WR_STDIN)))
        return wr_cli_usage(cli,
                            "nobody here to edit it; what is to change? --set /PLACE=VALUE, --header NAME=VALUE or "
                            "--data FILE. By hand: weir dlq "
                            "show %s -o value > FILE, then change FILE, then --data FILE",
                            cli->operands[0]);
    self->edit.is_raw = wr_cli_on(cli, "force");
    int status = read_places(self);
    if (status == WR_EXIT_OK)
        status = read_headers(self);
    return status == WR_EXIT_OK ? read_data(self) : status;
}

static void tell(const editing *self, const char *changes)
{
    char safe[2100];
    snprintf(safe, sizeof safe, "%s", changes);
    for (char *at = safe; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    fprintf(stderr, "%s\n", *safe ? safe : "its value stays as it is");
    for (size_t i = 0; i < self->edit.set_count; i++)
        fprintf(stderr, "header %s is set\n", self->edit.sets[i].name);
}

static weir_err change_it(void *user, const wr_letter_item *item, weir_failure *failure)
{
    editing *self = user;
    wr_buf value, changes;
    self->is_there = true;
    self->state = item->state;
    if (item->letter.body) {
        snprintf(self->body, sizeof self->body, "%s", item->letter.body);
        return WEIR_OK;
    }
    if (self->by_hand) {
        weir_slice data = wr_letter_data(item);
        self->before = data.data ? weir_arena_dup(self->dlq.cli->arena, data) : WEIR_SLICE("");
        return self->before.data ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    }
    wr_buf_init(&value, DATA_SIZE_MAX);
    wr_buf_init(&changes, 1 << 16);
    weir_err err = wr_edit_value(&self->edit, item, &value, failure);
    if (err == WEIR_OK) {
        wr_edit_describe(item, wr_buf_view(&value), &changes);
        const char *words = wr_buf_cstr(&changes);
        if (!self->is_told)
            tell(self, words);
        self->is_told = true;
        if (!self->only_shows)
            err = wr_edit_write(&self->dlq.scan, &self->edit, item, wr_buf_view(&value), words, failure);
    }
    wr_buf_fini(&value);
    wr_buf_fini(&changes);
    return err;
}

/* The letter as it is now, changed or only shown. */
static int look(editing *self, bool only_shows)
{
    wr_cli *cli = self->dlq.cli;
    wr_book *book = NULL;
    weir_failure failure = {0};
    wr_book_part part = wr_dlq_part(&self->dlq, 0);
    self->only_shows = only_shows;
    self->is_there = false;
    weir_err err = wr_book_open(&self->dlq.scan, self->dlq.topics[0], &book, &failure);
    if (err == WEIR_OK)
        err = wr_book_each(book, &part, change_it, self, &failure);
    wr_book_close(book);
    if (err != WEIR_OK)
        return wr_dlq_fail(&self->dlq, err, &failure);
    if (!self->is_there)
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "there is no letter %s; see: weir dlq ls %s --letters",
                           cli->operands[0], self->dlq.topics[0]);
    if (self->body[0])
        return wr_cli_fail(
            cli, WEIR_E_UNSUPPORTED,
            "the value of %s is in the service's database (%s); see: weir outbox show, weir outbox requeue",
            cli->operands[0], self->body);
    bool is_handled = self->state == WR_LETTER_REDRIVEN || self->state == WR_LETTER_DROPPED;
    if (is_handled && !wr_cli_on(cli, "again"))
        return wr_cli_fail(cli, WEIR_E_REFUSED, "%s is %s already (--again puts it back all the same)",
                           cli->operands[0], wr_letter_state_name(self->state));
    return WR_EXIT_OK;
}

static int put_back(editing *self)
{
    wr_dlq_run run;
    int status = wr_dlq_run_begin(&self->dlq, &run);
    if (status != WR_EXIT_OK)
        return status;
    status = wr_dlq_run_topics(&run, wr_dlq_redrive_options(&run), NULL);
    if (status != WR_EXIT_OK || run.sent + run.found == 0) {
        fprintf(stderr, "It is changed, and not put back; weir dlq redrive %s does so.\n", self->dlq.cli->operands[0]);
        return status == WR_EXIT_OK ? WR_EXIT_PARTIAL : status;
    }
    fprintf(stderr, "It is changed, and put back%s%s.\n", run.sent ? " to " : "",
            run.sent ? run.result->targets[0].topic : "");
    return WR_EXIT_OK;
}

/* ---- by hand */

/* Editors add a line's end that was not there. */
static weir_slice without_end(weir_slice after, weir_slice before)
{
    bool had_one = before.size && before.data[before.size - 1] == '\n';
    bool has_one = after.size && after.data[after.size - 1] == '\n';
    return (weir_slice){after.data, after.size - (has_one && !had_one)};
}

static int edit_file(editing *self, const char *path)
{
    wr_cli *cli = self->dlq.cli;
    weir_failure failure = {0};
    wr_process_end end;
    const char *const editor[] = {"sh", "-c", "exec ${VISUAL:-${EDITOR:-vi}} \"$1\"", "sh", path, NULL};
    weir_err err = wr_path_write(cli->io, path, self->before);
    if (err != WEIR_OK)
        return wr_cli_fail(cli, err, "%s cannot be written", path);
    if (wr_process_run(editor, &end, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    if (end.status != 0)
        return wr_cli_fail(cli, WEIR_E_REFUSED, "the editor (VISUAL, EDITOR, else vi) ended with %d: nothing was done",
                           end.status);
    weir_slice after = {0};
    err = wr_path_read(cli->io, path, DATA_SIZE_MAX, cli->arena, &after);
    if (err != WEIR_OK)
        return wr_cli_fail(cli, err, "%s cannot be read", path);
    self->edit.data = without_end(after.data ? after : WEIR_SLICE(""), self->before);
    return WR_EXIT_OK;
}

/* In a folder that others cannot read. */
static int edit_by_hand(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    char folder[64], path[80];
    snprintf(folder, sizeof folder, "/tmp/weir-edit-%d-%llx", wr_self_id(), (unsigned long long)wr_random_u64(cli->io));
    snprintf(path, sizeof path, "%s/letter.json", folder);
    weir_err err = wr_dir_create(cli->io, folder);
    if (err != WEIR_OK)
        return wr_cli_fail(cli, err, "%s cannot be made", folder);
    int status = edit_file(self, path);
    err = wr_path_remove_tree(cli->io, folder);
    if (err != WEIR_OK)
        fprintf(stderr, "%s cannot be removed: %s\n", folder, weir_err_name(err));
    self->by_hand = false;
    return status;
}

static int check_letter(const editing *self)
{
    const wr_cli *cli = self->dlq.cli;
    return self->dlq.letter_count == 1
               ? WR_EXIT_OK
               : wr_cli_usage(cli, "'%s' is a topic; a letter is TOPIC/PARTITION@OFFSET, see: weir dlq ls %s --letters",
                              cli->operands[0], cli->operands[0]);
}

/* While it is edited nothing is connected, and nobody here watches for Ctrl-C. */
static int take_by_hand(editing *self)
{
    int status = wr_dlq_open(self->dlq.cli, &self->dlq);
    if (status == WR_EXIT_OK)
        status = check_letter(self);
    if (status == WR_EXIT_OK)
        status = look(self, true);
    wr_dlq_close(&self->dlq);
    return status == WR_EXIT_OK ? edit_by_hand(self) : status;
}

/* ---- the command */

static int edit(editing *self)
{
    wr_cli *cli = self->dlq.cli;
    bool done = false;
    int status = check_letter(self);
    if (status == WR_EXIT_OK)
        status = look(self, true);
    if (status == WR_EXIT_OK)
        status = wr_change_confirm(cli, wr_cli_on(cli, "keep") ? "change it" : "change it and put it back",
                                   self->dlq.topics[0], &done);
    if (status != WR_EXIT_OK || done)
        return status;
    status = look(self, false);
    if (status != WR_EXIT_OK)
        return status;
    if (!wr_cli_on(cli, "keep"))
        return put_back(self);
    fprintf(stderr, "It is changed; weir dlq redrive puts it back.\n");
    return WR_EXIT_OK;
}

int wr_run_dlq_edit(wr_cli *cli)
{
    editing *self = weir_arena_alloc(cli->arena, sizeof *self);
    if (!self)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    self->dlq.cli = cli;
    int status = read_edit(self);
    if (status == WR_EXIT_OK && self->by_hand) {
        status = take_by_hand(self);
        if (status == WR_EXIT_OK && weir_slice_equal(self->edit.data, self->before)) {
            fprintf(stderr, "It stays as it is; weir dlq redrive %s puts it back.\n", cli->operands[0]);
            return status;
        }
    }
    if (status != WR_EXIT_OK)
        return status;
    status = wr_dlq_open(cli, &self->dlq);
    if (status == WR_EXIT_OK)
        status = edit(self);
    wr_dlq_close(&self->dlq);
    return status;
}
