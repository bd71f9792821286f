/* weir dlq ls, show and fields: what there is, counted or letter by letter, and what can be asked of it. */
#include <base/array.h>
#include <base/map.h>
#include <cli/commands.h>
#include <cli/dlq.h>
#include <cli/output.h>
#include <cli/yaml.h>
#include <event/json_text.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 8, COUNTS_MAX = 100000, ROW_SIZE_MAX = 64 << 20, SCRATCH_MAX = 256 << 20, CELL_MAX = 200 };

/* ---- ls */

/* Letters of which every field says the same. */
typedef struct tally {
    const char *topic, *state, *fields[FIELDS_MAX], *example;
    int64_t count, first_ms, last_ms;
} tally;

typedef struct listing {
    wr_dlq dlq;
    const wr_field *fields[FIELDS_MAX];
    size_t field_count;
    wr_map *tallies; /* by what the fields say */
    tally **in_order;
    size_t count, capacity;
    weir_arena *scratch;
    bool all;
    int64_t limit, listed; /* letters */
    wr_output out;
} listing;

static bool is_open(const wr_letter_item *item)
{
    return item->state == WR_LETTER_OPEN || item->state == WR_LETTER_SENDING;
}

static const char *name_of(weir_arena *arena, const wr_letter_item *item)
{
    return weir_arena_printf(arena, "%s/%d@%lld", item->record.topic, item->record.partition,
                             (long long)item->record.offset);
}

/* A cell is one line, and no terminal's business. */
static const char *cell_of(weir_arena *arena, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text);
    char *cell = weir_arena_dup_text(arena, weir_slice_make(text, size < CELL_MAX ? size : CELL_MAX));
    for (char *at = cell; at && *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            *at = '.';
    return cell;
}

static int parse_fields(listing *self)
{
    wr_cli *cli = self->dlq.cli;
    char *rest = weir_arena_dup_text(cli->arena, weir_slice_of(wr_cli_text(cli, "by")));
    if (!rest)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    for (char *name; (name = strsep(&rest, ","));) {
        weir_failure failure = {0};
        if (self->field_count == FIELDS_MAX)
            return wr_cli_usage(cli, "--by takes at most %d fields", FIELDS_MAX);
        if (wr_field_parse(name, wr_now_ms(cli->io), cli->arena, &self->fields[self->field_count++], &failure) !=
            WEIR_OK)
            return wr_cli_usage(cli, "--by: %s; see: weir dlq fields", failure.sentence);
    }
    return WR_EXIT_OK;
}

static weir_err read_cells(listing *self, const wr_letter_item *item, const char *cells[FIELDS_MAX])
{
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < self->field_count && err == WEIR_OK; i++) {
        err = wr_field_print(self->fields[i], item, self->scratch, &cells[i]);
        if (err == WEIR_OK)
            cells[i] = cell_of(self->scratch, cells[i]);
    }
    return err;
}

static weir_err new_tally(listing *self, const char *key, const wr_letter_item *item, const char *cells[FIELDS_MAX],
                          tally **ret_tally)
{
    weir_arena *arena = self->dlq.cli->arena;
    tally *made = weir_arena_alloc(arena, sizeof *made);
    weir_err err = made ? WR_ARRAY_RESERVE(self->in_order, self->capacity, self->count + 1, COUNTS_MAX) : WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return err;
    made->topic = weir_arena_dup_text(arena, weir_slice_of(item->record.topic));
    made->state = wr_letter_state_name(item->state);
    made->example = name_of(arena, item);
    made->first_ms = INT64_MAX;
    for (size_t i = 0; i < self->field_count; i++)
        made->fields[i] = cells[i] ? weir_arena_dup_text(arena, weir_slice_of(cells[i])) : NULL;
    err = made->topic && made->example ? wr_map_add_text(self->tallies, key, made) : WEIR_E_MEMORY;
    if (err == WEIR_OK)
        self->in_order[self->count++] = *ret_tally = made;
    return err;
}

static weir_err count_letter(listing *self, const wr_letter_item *item)
{
    const char *cells[FIELDS_MAX] = {0};
    weir_err err = read_cells(self, item, cells);
    wr_buf key;
    wr_buf_init(&key, ROW_SIZE_MAX);
    wr_buf_printf(&key, "%s/%d", item->record.topic, (int)item->state);
    for (size_t i = 0; i < self->field_count; i++)
        wr_buf_printf(&key, "\n%c%s", cells[i] ? '=' : '-', cells[i] ? cells[i] : "");
    const char *text = wr_buf_cstr(&key);
    if (err == WEIR_OK && wr_buf_failed(&key))
        err = WEIR_E_MEMORY;
    tally *tally = err == WEIR_OK ? wr_map_find_text(self->tallies, text) : NULL;
    if (err == WEIR_OK && !tally)
        err = new_tally(self, text, item, cells, &tally);
    wr_buf_fini(&key);
    if (err != WEIR_OK)
        return err;
    int64_t at_ms = item->letter.failed_ms >= 0 ? item->letter.failed_ms : item->record.timestamp_ms;
    tally->count++;
    tally->first_ms = at_ms < tally->first_ms ? at_ms : tally->first_ms;
    tally->last_ms = at_ms > tally->last_ms ? at_ms : tally->last_ms;
    return WEIR_OK;
}

static const char *time_cell(wr_cli *cli, int64_t time_ms)
{
    char text[WR_TIME_TEXT_SIZE];
    wr_time_print(time_ms, text);
    return weir_arena_dup_text(cli->arena, weir_slice_of(text));
}

static void list_letter(listing *self, const wr_letter_item *item)
{
    weir_arena *arena = self->scratch;
    const wr_letter *letter = &item->letter;
    const weir_slice *key = &item->record.key;
    int64_t at_ms = letter->failed_ms >= 0 ? letter->failed_ms : item->record.timestamp_ms;
    char time[WR_TIME_TEXT_SIZE], redrives[24];
    wr_time_print(at_ms, time);
    snprintf(redrives, sizeof redrives, "%lld", (long long)letter->redrives);
    const char *key_text = key->data
                               ? weir_arena_printf(arena, "%.*s", (int)(key->size < CELL_MAX ? key->size : CELL_MAX),
                                                   (const char *)key->data)
                               : NULL;
    wr_output_row(&self->out,
                  (const char *[]){name_of(arena, item), wr_letter_state_name(item->state),
                                   cell_of(arena, letter->group), cell_of(arena, letter->reason),
                                   cell_of(arena, item->is_event ? item->event.type : NULL), cell_of(arena, key_text),
                                   time, redrives, cell_of(arena, letter->error)});
}

static weir_err see(void *user, const wr_letter_item *item, weir_failure *failure)
{
    listing *self = user;
    bool matches = false;
    weir_arena_reset(self->scratch);
    weir_err err = wr_where_matches(self->dlq.where, item, self->scratch, &matches);
    if (err != WEIR_OK || !matches || (!self->all && !is_open(item)))
        return err == WEIR_OK ? err : weir_fail(failure, err, "out of memory");
    if (!wr_cli_on(self->dlq.cli, "letters")) {
        err = count_letter(self, item);
        return err == WEIR_OK
                   ? err
                   : weir_fail(failure, err, "letters in more than %d groups: --by fewer fields", COUNTS_MAX);
    }
    if (self->limit > 0 && self->listed == self->limit)
        return WEIR_E_RANGE; /* enough */
    self->listed++;
    list_letter(self, item);
    return WEIR_OK;
}

static int by_count(const void *a, const void *b)
{
    const tally *left = *(tally *const *)a, *right = *(tally *const *)b;
    int topics = strcmp(left->topic, right->topic);
    if (topics)
        return topics;
    return left->count != right->count ? (left->count < right->count) - (left->count > right->count)
                                       : strcmp(left->example, right->example);
}

static void print_tallies(listing *self)
{
    wr_cli *cli = self->dlq.cli;
    if (self->count)
        qsort(self->in_order, self->count, sizeof *self->in_order, by_count);
    for (size_t i = 0; i < self->count; i++) {
        const tally *of = self->in_order[i];
        const char *cells[WR_COLUMNS_MAX] = {of->topic, of->state};
        size_t count = 2;
        for (size_t f = 0; f < self->field_count; f++)
            cells[count++] = of->fields[f];
        cells[count++] = wr_cell(cli, of->count);
        cells[count++] = time_cell(cli, of->first_ms);
        cells[count++] = time_cell(cli, of->last_ms);
        cells[count++] = of->example;
        wr_output_row(&self->out, cells);
    }
}

static const wr_column letter_columns[] = {{"LETTER", "letter"},
                                           {"STATE", "state"},
                                           {"GROUP", "group"},
                                           {"REASON", "reason"},
                                           {"TYPE", "type", .wide = true},
                                           {"KEY", "key"},
                                           {"FAILED", "failed"},
                                           {"REDRIVES", "redrives", .number = true},
                                           {"ERROR", "error"},
                                           {0}};

/* The fields are columns, too, called as they are named. */
static int begin_tallies(listing *self)
{
    wr_cli *cli = self->dlq.cli;
    wr_column *columns = weir_arena_array(cli->arena, WR_COLUMNS_MAX, sizeof *columns);
    char *rest = weir_arena_dup_text(cli->arena, weir_slice_of(wr_cli_text(cli, "by")));
    if (!columns || !rest)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    size_t count = 0;
    columns[count++] = (wr_column){"TOPIC", "topic"};
    columns[count++] = (wr_column){"STATE", "state"};
    for (char *name; (name = strsep(&rest, ","));) {
        char *title = weir_arena_dup_text(cli->arena, weir_slice_of(name));
        if (!title)
            return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
        for (char *at = title; *at && *name != '/' && strncmp(name, "header.", 7) != 0; at++)
            *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        columns[count++] = (wr_column){title, name};
    }
    columns[count++] = (wr_column){"COUNT", "count", .number = true};
    columns[count++] = (wr_column){"FIRST", "first"};
    columns[count++] = (wr_column){"LAST", "last"};
    columns[count++] = (wr_column){"EXAMPLE", "example", .wide = true};
    wr_output_begin(&self->out, cli, columns);
    return WR_EXIT_OK;
}

static int list_topics(listing *self)
{
    weir_failure failure = {0};
    weir_err err = WEIR_OK;
    for (size_t t = 0; t < self->dlq.topic_count && err == WEIR_OK; t++) {
        wr_book *book = NULL;
        wr_book_part part = wr_dlq_part(&self->dlq, t);
        err = wr_book_open(&self->dlq.scan, self->dlq.topics[t], &book, &failure);
        if (err == WEIR_OK)
            err = wr_book_each(book, &part, see, self, &failure);
        if (book && wr_book_strange_count(book))
            fprintf(stderr,
                    "%s has %zu notes of a later weir that are passed over: what was done of some is not known\n",
                    self->dlq.topics[t], wr_book_strange_count(book));
        wr_book_close(book);
    }
    return err == WEIR_OK || err == WEIR_E_RANGE ? WR_EXIT_OK : wr_dlq_fail(&self->dlq, err, &failure);
}

int wr_run_dlq_ls(wr_cli *cli)
{
    listing self = {.all = wr_cli_on(cli, "all"), .limit = wr_cli_number(cli, "limit")};
    self.dlq.cli = cli;
    int status = parse_fields(&self);
    if (status != WR_EXIT_OK)
        return status;
    status = wr_dlq_open(cli, &self.dlq);
    self.scratch = weir_arena_new(SCRATCH_MAX);
    self.tallies = wr_map_new(COUNTS_MAX, wr_random_u64(cli->io));
    if (status == WR_EXIT_OK && (!self.scratch || !self.tallies))
        status = wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    if (status == WR_EXIT_OK && wr_cli_on(cli, "letters"))
        wr_output_begin(&self.out, cli, letter_columns);
    else if (status == WR_EXIT_OK)
        status = begin_tallies(&self);
    if (status == WR_EXIT_OK) {
        status = list_topics(&self);
        print_tallies(&self);
        if (status == WR_EXIT_OK)
            status = wr_output_end(&self.out);
        else
            wr_output_free(&self.out);
    }
    if (status == WR_EXIT_OK && cli->operand_count == 0 && self.dlq.topic_count == 0)
        fprintf(stderr, "No topic is called as dead letter topics are (.dlq, -dlt, ...); name yours.\n");
    weir_arena_free(self.scratch);
    wr_map_free(self.tallies);
    free(self.in_order);
    wr_dlq_close(&self.dlq);
    return status;
}

/* ---- fields */

static void print_field(void *user, const wr_field_help *field)
{
    wr_output_row(user, (const char *[]){field->name, field->kind, field->about});
}

int wr_run_dlq_fields(wr_cli *cli)
{
    static const wr_column columns[] = {{"FIELD", "field"}, {"KIND", "kind"}, {"SAYS", "says"}, {0}};
    wr_output out;
    wr_output_begin(&out, cli, columns);
    wr_field_each(print_field, &out);
    return wr_output_end(&out);
}

/* ---- show */

typedef struct showing {
    wr_dlq dlq;
    enum { AS_JSON, AS_YAML, AS_VALUE } form; /* in the order of the option's choices */
    size_t count;
} showing;

static weir_err show_one(void *user, const wr_letter_item *item, weir_failure *failure)
{
    showing *self = user;
    wr_cli *cli = self->dlq.cli;
    self->count++;
    if (self->form == AS_VALUE) {
        wr_cli_write(cli, wr_letter_data(item));
        return WEIR_OK;
    }
    wr_buf json, yaml;
    wr_buf_init(&json, SIZE_MAX);
    wr_buf_init(&yaml, SIZE_MAX);
    bool is_whole = wr_dlq_print(item, &json);
    if (is_whole && self->form == AS_YAML) {
        wr_buf_text(&yaml, self->count > 1 ? "---\n" : "");
        wr_yaml_of_json((weir_slice){json.data, json.size - 1}, &yaml);
        is_whole = !wr_buf_failed(&yaml);
    }
    if (is_whole)
        wr_cli_write(cli, wr_buf_view(self->form == AS_YAML ? &yaml : &json));
    wr_buf_fini(&json);
    wr_buf_fini(&yaml);
    return is_whole ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "out of memory");
}

int wr_run_dlq_show(wr_cli *cli)
{
    showing self = {0};
    wr_cli_prefer(cli, "output", cli->terminal ? "yaml" : "json");
    self.form = (int)wr_cli_number(cli, "output");
    int status = wr_dlq_open(cli, &self.dlq);
    for (size_t t = 0; t < self.dlq.topic_count && status == WR_EXIT_OK; t++) {
        wr_book *book = NULL;
        weir_failure failure = {0};
        wr_book_part part = wr_dlq_part(&self.dlq, t);
        if (!part.letters) {
            status =
                wr_cli_usage(cli, "'%s' is a topic; a letter is TOPIC/PARTITION@OFFSET, see: weir dlq ls %s --letters",
                             self.dlq.topics[t], self.dlq.topics[t]);
            break;
        }
        weir_err err = wr_book_open(&self.dlq.scan, self.dlq.topics[t], &book, &failure);
        if (err == WEIR_OK)
            err = wr_book_each(book, &part, show_one, &self, &failure);
        wr_book_close(book);
        if (err != WEIR_OK)
            status = wr_dlq_fail(&self.dlq, err, &failure);
    }
    if (status == WR_EXIT_OK && self.count < self.dlq.letter_count)
        status =
            wr_cli_fail(cli, WEIR_E_NOT_FOUND,
                        "%zu of %zu are no letters: deleted with their topic's oldest, or never there; see: weir dlq "
                        "ls %s --letters --all",
                        self.dlq.letter_count - self.count, self.dlq.letter_count, self.dlq.topics[0]);
    wr_dlq_close(&self.dlq);
    return status;
}
