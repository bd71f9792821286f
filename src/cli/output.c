/* Rows are kept until all are there, since the width of a column is that of its widest cell; then they are printed in the
 * form asked for. YAML is made from the JSON. Widths are those of a terminal: an East Asian character takes two places. */
#include <cli/output.h>
#include <cli/yaml.h>

#include <base/array.h>
#include <base/utf8.h>
#include <event/json_text.h>
#include <io/terminal.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUTPUT_SIZE_MAX = 1 << 30 };

wr_form wr_form_of(const wr_cli *cli)
{
    return (wr_form)wr_cli_number(cli, "output");
}

void wr_output_begin(wr_output *out, wr_cli *cli, const wr_column *columns)
{
    *out = (wr_output){.cli = cli, .columns = columns, .form = wr_form_of(cli)};
    if (cli->terminal && out->form == WR_FORM_TABLE)
        out->width = wr_terminal_width(WR_STDOUT);
    while (columns[out->column_count].title)
        out->column_count++;
}

void wr_output_row(wr_output *out, const char *const *cells)
{
    if (WR_ARRAY_RESERVE(out->rows, out->row_capacity, out->row_count + 1, WR_ROWS_MAX) != WEIR_OK) {
        out->incomplete = true;
        return;
    }
    const char **row = weir_arena_array(out->cli->arena, (size_t)out->column_count, sizeof *row);
    if (!row) {
        out->incomplete = true;
        return;
    }
    for (int i = 0; i < out->column_count; i++)
        row[i] = cells[i] ? weir_arena_dup_text(out->cli->arena, weir_slice_of(cells[i])) : NULL;
    out->rows[out->row_count++] = row;
}

const char *wr_cell(wr_cli *cli, int64_t number)
{
    return weir_arena_printf(cli->arena, "%lld", (long long)number);
}

const char *wr_cell_bytes(wr_cli *cli, weir_slice bytes)
{
    enum { SHOWN_MAX = 64 };
    size_t size = bytes.size < SHOWN_MAX ? bytes.size : SHOWN_MAX;
    char *text = bytes.data ? weir_arena_dup_text(cli->arena, (weir_slice){bytes.data, size}) : NULL;
    for (size_t i = 0; text && i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            text[i] = '.';
    return text;
}

static void print_value(const wr_column *column, const char *text, wr_buf *out)
{
    if (!text)
        wr_buf_text(out, "null");
    else if (column->number)
        wr_buf_text(out, text);
    else
        wr_json_text(out, weir_slice_of(text));
}

static void print_json(const wr_output *out, wr_buf *text)
{
    wr_buf_text(text, "[");
    for (size_t r = 0; r < out->row_count; r++) {
        wr_buf_text(text, r ? ",\n {" : "{");
        for (int c = 0; c < out->column_count; c++) {
            wr_buf_printf(text, "%s\"%s\": ", c ? ", " : "", out->columns[c].name);
            print_value(&out->columns[c], out->rows[r][c], text);
        }
        wr_buf_text(text, "}");
    }
    wr_buf_text(text, "]\n");
}

/* East Asian characters and emoji take two columns, combining marks none: the blocks that matter, not all of Unicode.
 */
static int character_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        int width;
    } blocks[] = {
        {0x0300, 0x036f, 0}, {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x2e80, 0x303e, 2}, {0x3041, 0xa4cf, 2},
        {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2}, {0xff00, 0xff60, 2},
        {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (c >= blocks[i].first && c <= blocks[i].last)
            return blocks[i].width;
    return 1;
}

/* Columns that a UTF-8 text takes on a terminal. */
static int text_width(const char *text)
{
    int width = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at;) {
        uint32_t c = *at++;
        c = c >= 0xf0 ? c & 0x07 : c >= 0xe0 ? c & 0x0f : c >= 0xc0 ? c & 0x1f : c;
        while (wr_utf8_continues(*at))
            c = c << 6 | (*at++ & 0x3f);
        width += character_width(c);
    }
    return width;
}

/* Also U+0080 to U+009F, which some terminals obey: CSI and the like. */
static bool is_control(const char *text)
{
    uint8_t first = (uint8_t)text[0], second = first ? (uint8_t)text[1] : 0;
    return first < 0x20 || first == 0x7f || (first == 0xc2 && second >= 0x80 && second < 0xa0);
}

/* The first characters of a text, as many as have room in `width` columns, of which the last is an ellipsis where the text
 * is longer. What would break the row, or command the terminal, is shown as a question mark. Returns the columns taken. */
static int print_text(const char *text, int width, wr_buf *out)
{
    bool cut = text_width(text) > width;
    int taken = 0;
    while (*text) {
        int size = 1;
        while (wr_utf8_continues((uint8_t)text[size]))
            size++;
        char one[8] = "";
        memcpy(one, text, (size_t)(size < 7 ? size : 7));
        int wide = text_width(one);
        if (cut && taken + wide > width - 1)
            break;
        if (is_control(text))
            wr_buf_text(out, "?");
        else
            wr_buf_append(out, text, (size_t)size);
        taken += wide;
        text += size;
    }
    if (cut)
        wr_buf_text(out, "\xe2\x80\xa6");
    return taken + cut;
}

static void print_cell(const wr_column *column, const char *text, int width, bool last, wr_buf *out)
{
    int pad = width - text_width(text);
    if (column->number && pad > 0)
        wr_buf_printf(out, "%*s", pad, "");
    int taken = print_text(text, width, out);
    if (!column->number && !last)
        wr_buf_printf(out, "%*s", width - taken, "");
    wr_buf_text(out, last ? "\n" : "  ");
}

/* Takes from the widest columns of text, one place at a time, until the row fits; numbers stay whole. */
static void shrink(const wr_output *out, const int *shown, int *widths, int count)
{
    enum { WIDTH_LEAST = 10 };
    int total = 2 * (count - 1);
    for (int i = 0; i < count; i++)
        total += widths[i];
    for (; total > out->width; total--) {
        int widest = -1;
        for (int i = 0; i < count; i++)
            if (!out->columns[shown[i]].number && (widest < 0 || widths[i] > widths[widest]))
                widest = i;
        if (widest < 0 || widths[widest] <= WIDTH_LEAST)
            return;
        widths[widest]--;
    }
}

static void print_table(const wr_output *out, wr_buf *text)
{
    int shown[WR_COLUMNS_MAX], widths[WR_COLUMNS_MAX], count = 0;
    for (int c = 0; c < out->column_count && c < WR_COLUMNS_MAX; c++) {
        if (out->columns[c].wide && out->form != WR_FORM_WIDE)
            continue;
        widths[count] = text_width(out->columns[c].title);
        for (size_t r = 0; r < out->row_count; r++) {
            int width = text_width(out->rows[r][c] ? out->rows[r][c] : "-");
            if (width > widths[count])
                widths[count] = width;
        }
        shown[count++] = c;
    }
    if (out->width > 0)
        shrink(out, shown, widths, count);
    size_t rows = out->height > 2 && out->row_count > out->height - 1 ? out->height - 2 : out->row_count;
    for (int i = 0; i < count; i++)
        print_cell(&out->columns[shown[i]], out->columns[shown[i]].title, widths[i], i + 1 == count, text);
    for (size_t r = 0; r < rows; r++)
        for (int i = 0; i < count; i++) {
            const char *cell = out->rows[r][shown[i]];
            print_cell(&out->columns[shown[i]], cell ? cell : "-", widths[i], i + 1 == count, text);
        }
    if (rows < out->row_count)
        wr_buf_printf(text, "and %zu more\n", out->row_count - rows);
}

static void print_yaml(const wr_output *out, wr_buf *text)
{
    wr_buf json;
    wr_buf_init(&json, text->limit_size);
    print_json(out, &json);
    wr_yaml_of_json(wr_buf_view(&json), text);
    wr_buf_fini(&json);
}

void wr_output_object(wr_cli *cli, wr_form form, weir_slice json)
{
    wr_buf text;
    wr_buf_init(&text, OUTPUT_SIZE_MAX);
    if (form == WR_FORM_YAML)
        wr_yaml_of_json(json, &text);
    else
        wr_buf_slice(&text, json);
    wr_cli_write(cli, wr_buf_view(&text)); /* wr_cli_main says what went wrong */
    wr_buf_fini(&text);
}

int wr_output_name(wr_cli *cli, const char *name)
{
    const char *line = weir_arena_printf(cli->arena, "%s\n", name);
    if (!line)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    wr_cli_write(cli, weir_slice_of(line));
    return WR_EXIT_OK;
}

void wr_output_print(const wr_output *out, wr_buf *text)
{
    if (out->form == WR_FORM_JSON)
        print_json(out, text);
    else if (out->form == WR_FORM_YAML)
        print_yaml(out, text);
    else if (out->form == WR_FORM_NAME)
        for (size_t r = 0; r < out->row_count; r++)
            wr_buf_printf(text, "%s\n", out->rows[r][0] ? out->rows[r][0] : "");
    else
        print_table(out, text);
}

void wr_output_free(wr_output *out)
{
    free(out->rows);
    out->rows = NULL;
    out->row_count = out->row_capacity = 0;
}

int wr_output_end(wr_output *out)
{
    wr_buf text;
    wr_buf_init(&text, OUTPUT_SIZE_MAX);
    wr_output_print(out, &text);
    bool whole = !wr_buf_failed(&text) && !out->incomplete;
    if (whole)
        wr_cli_write(out->cli, wr_buf_view(&text)); /* wr_cli_main says what went wrong */
    wr_buf_fini(&text);
    wr_output_free(out);
    return whole ? WR_EXIT_OK
                 : wr_cli_fail(out->cli, WEIR_E_LIMIT, "more than %d rows, or no memory for them", WR_ROWS_MAX);
}
