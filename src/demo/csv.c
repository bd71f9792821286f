/* Text is read into one buffer. A row is looked for from its beginning to its end, with more text read as often as its end is
 * not there yet, then copied, made UTF-8 and split in place. csv.h has the grammar. */
#include <demo/csv.h>

#include <base/utf8.h>
#include <demo/text_source.h>

#include <stdlib.h>

enum { TEXT_SIZE = 1 << 18 };

static const char separators[] = ",;\t|";

struct wr_csv {
    wr_text_source *source;
    int column_count;
    char separator; /* 0: not known yet */
    int64_t line;   /* where `at` is, from 1 */
    bool ended;
    char text[TEXT_SIZE]; /* read, not yet handed out */
    size_t at, end;
    char row[3 * WR_CSV_ROW_SIZE_MAX + 1]; /* a byte of Windows-1252 may become three */
    char tried[3 * WR_CSV_ROW_SIZE_MAX + 1];
};

/* ---- one row into columns */
static char *take_quoted(char *at, char **out)
{
    for (at++; at[0] != '"' || at[1] == '"'; at++) {
        if (!*at)
            return NULL;
        if (*at == '"')
            at++;
        *(*out)++ = *at;
    }
    return at + 1;
}

int wr_csv_split(char *row, char separator, char *ret_columns[WR_CSV_COLUMNS_MAX])
{
    char *out = row;
    int count = 0;
    for (char *at = row;; at++) {
        if (count == WR_CSV_COLUMNS_MAX)
            return 0;
        ret_columns[count++] = out;
        if (*at == '"')
            at = take_quoted(at, &out);
        else
            while (*at && *at != separator)
                *out++ = *at++;
        if (!at || (*at && *at != separator))
            return 0;
        bool last = *at == '\0'; /* asked before `out` may write over it */
        *out++ = '\0';
        if (last)
            return count;
    }
}

/* ---- rows out of text */
static bool is_separator(const wr_csv *self, char c)
{
    return c && (self->separator ? c == self->separator : strchr(separators, c) != NULL);
}

typedef enum scan { SCAN_ROW, SCAN_MORE, SCAN_OPEN_QUOTE } scan;

/* Where the row at self->at ends. SCAN_MORE: not within what has been read. */
static scan find_end(const wr_csv *self, size_t *ret_end)
{
    bool begins = true, quoted = false;
    for (size_t i = self->at; i < self->end; i++) {
        char c = self->text[i];
        bool last = i + 1 == self->end;
        if (quoted && i - self->at >= WR_CSV_ROW_SIZE_MAX)
            return SCAN_OPEN_QUOTE;
        if (c == '"' && quoted) {
            if (last && !self->ended)
                return SCAN_MORE;
            bool doubled = !last && self->text[i + 1] == '"';
            i += doubled;
            quoted = doubled;
        } else if (quoted) {
            continue;
        } else if (c == '\n' || c == '\r') {
            *ret_end = i;
            return c == '\r' && last && !self->ended ? SCAN_MORE : SCAN_ROW;
        } else {
            quoted = begins && c == '"';
        }
        begins = !quoted && is_separator(self, c);
    }
    *ret_end = self->end;
    return !self->ended ? SCAN_MORE : quoted ? SCAN_OPEN_QUOTE : SCAN_ROW;
}

static weir_err fill(wr_csv *self, weir_failure *failure)
{
    memmove(self->text, self->text + self->at, self->end - self->at);
    self->end -= self->at;
    self->at = 0;
    if (TEXT_SIZE - self->end < 4)
        return weir_fail(failure, WEIR_E_LIMIT, "line %lld is longer than %d bytes; is this a CSV file?",
                         (long long)self->line, TEXT_SIZE - 4);
    size_t size = 0;
    weir_err err = wr_text_source_read(self->source, self->text + self->end, TEXT_SIZE - self->end, &size, failure);
    self->end += size;
    self->ended = err == WEIR_OK && size == 0;
    return err;
}

/* The next row without its end; it borrows from self->text. WEIR_E_RANGE at the end. */
static weir_err take_row(wr_csv *self, weir_slice *ret_row, int64_t *ret_line, bool *ret_open, weir_failure *failure)
{
    size_t end;
    scan found;
    while ((found = find_end(self, &end)) == SCAN_MORE) {
        weir_err err = fill(self, failure);
        if (err != WEIR_OK)
            return err;
    }
    if (self->at == self->end)
        return WEIR_E_RANGE;
    size_t start = self->at;
    if (found == SCAN_OPEN_QUOTE)
        for (end = start; end < self->end && self->text[end] != '\n' && self->text[end] != '\r';)
            end++;
    *ret_row = (weir_slice){(const uint8_t *)self->text + start, end - start};
    *ret_line = self->line;
    *ret_open = found == SCAN_OPEN_QUOTE;
    for (size_t i = start; i < end; i++)
        self->line += self->text[i] == '\n';
    bool both = end + 1 < self->end && self->text[end] == '\r' && self->text[end + 1] == '\n';
    self->at = end + (end < self->end) + both;
    self->line++;
    return WEIR_OK;
}

/* ---- characters */
/* Windows-1252 from 0x80 to 0x9f; above, and below, it is Unicode's own number. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static void copy_text(weir_slice bytes, bool recoded, char *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint32_t c = bytes.data[i];
        if (!recoded || c < 0x80) {
            *out++ = (char)c;
            continue;
        }
        out += wr_utf8_put(c < 0xa0 ? windows_1252[c - 0x80] : c, out);
    }
    *out = '\0';
}

/* The separator that makes most columns of this row, if it makes enough. */
static void learn_separator(wr_csv *self)
{
    char *columns[WR_CSV_COLUMNS_MAX];
    int most = self->column_count - 1;
    for (const char *separator = separators; *separator; separator++) {
        memcpy(self->tried, self->row, strlen(self->row) + 1);
        int count = wr_csv_split(self->tried, *separator, columns);
        if (count > most) {
            most = count;
            self->separator = *separator;
        }
    }
}

static void split_row(wr_csv *self, weir_slice bytes, bool open_quote, wr_csv_row *row)
{
    if (open_quote)
        row->problem = "a quote that is not closed";
    else if (bytes.size > WR_CSV_ROW_SIZE_MAX)
        row->problem = "longer than 65536 bytes";
    else if (memchr(bytes.data, 0, bytes.size))
        row->problem = "a NUL byte";
    if (row->problem)
        return;
    row->recoded = !wr_utf8_valid(bytes);
    copy_text(bytes, row->recoded, self->row);
    if (!self->separator)
        learn_separator(self);
    row->column_count = wr_csv_split(self->row, self->separator ? self->separator : ',', row->columns);
    if (row->column_count == 0)
        row->problem = "a quote within a column, or too many columns";
}

weir_err wr_csv_next(wr_csv *self, wr_csv_row *ret_row, weir_failure *failure)
{
    weir_slice bytes = {0};
    wr_csv_row row = {0};
    bool open_quote = false;
    while (bytes.size == 0) {
        weir_err err = take_row(self, &bytes, &row.line, &open_quote, failure);
        if (err != WEIR_OK)
            return err;
    }
    split_row(self, bytes, open_quote, &row);
    *ret_row = row;
    return WEIR_OK;
}

char wr_csv_separator(const wr_csv *self)
{
    return self->separator;
}

/* ---- open and close */
weir_err wr_csv_open(wr_io *io, const char *path, int column_count, wr_csv **ret_csv, weir_failure *failure)
{
    wr_csv *self = calloc(1, sizeof *self);
    if (!self)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to read %s", path);
    self->column_count = column_count;
    self->line = 1;
    weir_err err = wr_text_source_open(io, path, &self->source, failure);
    if (err != WEIR_OK) {
        free(self);
        return err;
    }
    *ret_csv = self;
    return WEIR_OK;
}

void wr_csv_close(wr_csv *self)
{
    if (!self)
        return;
    wr_text_source_close(self->source);
    free(self);
}
