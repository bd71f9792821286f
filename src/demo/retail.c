#include <demo/retail.h>

#include <assert.h>
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    INPUT_SIZE = 1 << 16,
    TEXT_SIZE = 1 << 18,
    ROW_SIZE_MAX = 4096,
    LINES_MAX = 20000,
    WINDOW_COUNT = 4,
    INVOICE_SIZE_MAX = 16 << 20,
    XZ_MEMORY_MAX = 128 << 20
};

typedef struct open_invoice {
    wr_invoice invoice;
    size_t capacity; /* of its lines */
    int64_t row_count;
    int64_t refused_counts[WR_REFUSAL_COUNT]; /* told to the account when it is handed out */
    weir_arena *arena;
} open_invoice;

typedef struct retail {
    wr_invoices base;
    wr_file *file;
    int64_t at;
    bool compressed, input_ended;
    lzma_stream xz;
    uint8_t input[INPUT_SIZE];
    char text[TEXT_SIZE + 1]; /* decompressed, not yet read */
    size_t text_at, text_end;
    int64_t row_number;
    char row[ROW_SIZE_MAX]; /* unquoted in place; columns point into it */
    char *columns[8];
    bool rows_ended;
    open_invoice open[WINDOW_COUNT + 1]; /* oldest first; the one handed out last keeps its memory in the last place */
    size_t open_count;
} retail;

/* ---- text */
static weir_err fill_plain(retail *self, weir_failure *failure)
{
    size_t size = 0;
    weir_err err = wr_file_read(self->file, self->at, self->text + self->text_end, TEXT_SIZE - self->text_end, &size);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "the orders cannot be read");
    self->at += (int64_t)size;
    self->text_end += size;
    self->input_ended = size == 0;
    return WEIR_OK;
}

static weir_err fill_xz(retail *self, weir_failure *failure)
{
    if (self->xz.avail_in == 0) {
        size_t size = 0;
        weir_err err = wr_file_read(self->file, self->at, self->input, INPUT_SIZE, &size);
        if (err != WEIR_OK)
            return weir_fail(failure, err, "the orders cannot be read");
        self->at += (int64_t)size;
        self->xz.next_in = self->input;
        self->xz.avail_in = size;
    }
    self->xz.next_out = (uint8_t *)self->text + self->text_end;
    self->xz.avail_out = TEXT_SIZE - self->text_end;
    lzma_ret ret = lzma_code(&self->xz, self->xz.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    self->text_end = TEXT_SIZE - self->xz.avail_out;
    self->input_ended = ret == LZMA_STREAM_END;
    if (ret != LZMA_OK && ret != LZMA_STREAM_END)
        return weir_fail(failure, WEIR_E_FORMAT, "the orders are no whole .xz file (broken near byte %lld)",
                         (long long)self->at);
    return WEIR_OK;
}

/* One row without its line end, in self->text; WEIR_E_RANGE at the end. */
static weir_err read_row(retail *self, char **ret_row, weir_failure *failure)
{
    for (;;) {
        char *start = self->text + self->text_at;
        char *end = memchr(start, '\n', self->text_end - self->text_at);
        if (!end && self->input_ended) {
            if (self->text_at == self->text_end)
                return WEIR_E_RANGE;
            end = self->text + self->text_end; /* the last row may lack its line end */
        }
        if (end) {
            self->text_at = (size_t)(end - self->text) + (end < self->text + self->text_end);
            if (end > start && end[-1] == '\r')
                end--;
            *end = '\0';
            self->row_number++;
            *ret_row = start;
            return WEIR_OK;
        }
        memmove(self->text, start, self->text_end - self->text_at);
        self->text_end -= self->text_at;
        self->text_at = 0;
        if (self->text_end == TEXT_SIZE)
            return weir_fail(failure, WEIR_E_LIMIT, "row %lld is longer than %d bytes; is this a CSV file?",
                             (long long)self->row_number + 1, TEXT_SIZE);
        weir_err err = self->compressed ? fill_xz(self, failure) : fill_plain(self, failure);
        if (err != WEIR_OK)
            return err;
    }
}

/* ---- rows */
bool wr_retail_split(char *row, char *ret_columns[8])
{
    char *out = row;
    int count = 0;
    for (char *at = row;; at++) {
        if (count == 8)
            return false;
        ret_columns[count++] = out;
        if (*at == '"') {
            for (at++; at[0] != '"' || at[1] == '"'; at++) {
                if (!*at)
                    return false;
                if (*at == '"')
                    at++;
                *out++ = *at;
            }
            at++;
        } else {
            while (*at && *at != ',')
                *out++ = *at++;
        }
        if (*at && *at != ',')
            return false;
        bool last = *at == '\0';
        *out++ = '\0';
        if (last)
            return count == 8;
    }
}

bool wr_retail_pence(const char *text, int64_t *ret_pence)
{
    bool negative = *text == '-';
    text += negative;
    if (*text < '0' || *text > '9')
        return false;
    int64_t pence = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (pence > INT64_MAX / 10000)
            return false;
        pence = pence * 10 + (*text - '0');
    }
    pence *= 100;
    if (*text == '.') {
        int64_t unit = 10;
        for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
            pence += unit * (*text - '0');
    }
    if (*text)
        return false;
    *ret_pence = negative ? -pence : pence;
    return true;
}

static bool parse_quantity(const char *text, int64_t *ret_quantity)
{
    char *end;
    errno = 0;
    long long quantity = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return false;
    *ret_quantity = quantity;
    return true;
}

static bool is_article(const char *sku)
{
    if (strncmp(sku, "DCGS", 4) == 0 || strncmp(sku, "PADS", 4) == 0)
        return true;
    if (strspn(sku, "0123456789") != 5)
        return false;
    size_t letters = strspn(sku + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return letters <= 2 && sku[5 + letters] == '\0';
}

/* ---- invoices */
static wr_refusal judge_line(const wr_invoice *invoice, const wr_invoice_line *line)
{
    if (invoice->number[0] == 'A')
        return WR_REFUSAL_ADJUSTMENT;
    if (!invoice->customer)
        return WR_REFUSAL_NO_CUSTOMER;
    if (!is_article(line->sku))
        return WR_REFUSAL_FEE;
    if (line->quantity < 1)
        return WR_REFUSAL_QUANTITY;
    if (line->price_pence < 1)
        return WR_REFUSAL_PRICE;
    return WR_REFUSAL_NONE;
}

/* "17850.0" → "17850" */
static const char *dup_customer(weir_arena *arena, const char *text)
{
    size_t size = strcspn(text, ".");
    return size == 0 ? NULL : weir_arena_dup_text(arena, (weir_slice){(const uint8_t *)text, size});
}

static wr_refusal add_line(wr_invoice *invoice, char *const columns[8], weir_arena *arena)
{
    wr_invoice_line line = {.sku = columns[1], .description = columns[2]};
    if (!parse_quantity(columns[3], &line.quantity) || !wr_retail_pence(columns[5], &line.price_pence) ||
        invoice->line_count == LINES_MAX)
        return WR_REFUSAL_MALFORMED;
    if (invoice->cancellation)
        line.quantity = -line.quantity;
    wr_refusal refusal = judge_line(invoice, &line);
    if (refusal != WR_REFUSAL_NONE)
        return refusal;
    assert(invoice->lines); /* grow_lines was asked first */
    line.sku = weir_arena_dup_text(arena, weir_slice_of(columns[1]));
    line.description = weir_arena_dup_text(arena, weir_slice_of(columns[2]));
    invoice->lines[invoice->line_count++] = line;
    return WR_REFUSAL_NONE;
}

/* Makes self->columns the next row. Rows that do not split are counted as invoices of their own: to whom they belong is
 * not known. */
static weir_err next_row(retail *self, wr_account *account, weir_failure *failure)
{
    for (;;) {
        char *row = NULL;
        weir_err err = read_row(self, &row, failure);
        if (err != WEIR_OK)
            return err;
        size_t size = strlen(row) + 1;
        if (size <= sizeof self->row) {
            memcpy(self->row, row, size);
            if (wr_retail_split(self->row, self->columns) && self->columns[0][0] && self->columns[1][0])
                return WEIR_OK;
        }
        account->line_count++;
        account->invoice_count++;
        account->refused_line_counts[WR_REFUSAL_MALFORMED]++;
        account->refused_invoice_counts[WR_REFUSAL_MALFORMED]++;
    }
}

static bool grow_lines(open_invoice *open)
{
    if (open->invoice.line_count < open->capacity)
        return true;
    size_t capacity = open->capacity ? open->capacity * 2 : 64;
    wr_invoice_line *more = weir_arena_array(open->arena, capacity, sizeof(wr_invoice_line));
    if (!more)
        return false;
    if (open->invoice.line_count > 0)
        memcpy(more, open->invoice.lines, open->invoice.line_count * sizeof(wr_invoice_line));
    open->invoice.lines = more;
    open->capacity = capacity;
    return true;
}

/* The open invoice that the row belongs to; a new one if there is none. NULL: memory. */
static open_invoice *find_open(retail *self)
{
    for (size_t i = 0; i < self->open_count; i++)
        if (strcmp(self->open[i].invoice.number, self->columns[0]) == 0)
            return &self->open[i];
    open_invoice *open = &self->open[self->open_count];
    weir_arena_reset(open->arena);
    *open = (open_invoice){.arena = open->arena};
    open->invoice = (wr_invoice){.number = weir_arena_dup_text(open->arena, weir_slice_of(self->columns[0])),
                                 .customer = dup_customer(open->arena, self->columns[6]),
                                 .country = weir_arena_dup_text(open->arena, weir_slice_of(self->columns[7])),
                                 .cancellation = self->columns[0][0] == 'C'};
    if (!open->invoice.number || !open->invoice.country)
        return NULL;
    self->open_count++;
    return open;
}

static weir_err take_row(retail *self, weir_failure *failure)
{
    open_invoice *open = find_open(self);
    if (!open || !grow_lines(open))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for invoice %s", self->columns[0]);
    wr_refusal refusal = add_line(&open->invoice, self->columns, open->arena);
    open->row_count++;
    if (refusal != WR_REFUSAL_NONE) {
        open->refused_counts[refusal]++;
        open->invoice.refusal = refusal;
    }
    return WEIR_OK;
}

/* Takes the oldest open invoice out of the window; its memory moves to the end, to be used again last. */
static wr_invoice close_oldest(retail *self, wr_account *account)
{
    open_invoice oldest = self->open[0];
    memmove(self->open, self->open + 1, WINDOW_COUNT * sizeof *self->open);
    self->open[WINDOW_COUNT] = oldest;
    self->open_count--;
    account->invoice_count++;
    account->line_count += oldest.row_count;
    for (int i = 0; i < WR_REFUSAL_COUNT; i++)
        account->refused_line_counts[i] += oldest.refused_counts[i];
    if (oldest.invoice.line_count > 0)
        oldest.invoice.refusal = WR_REFUSAL_NONE;
    else
        account->refused_invoice_counts[oldest.invoice.refusal]++;
    return oldest.invoice;
}

static weir_err retail_next(wr_invoices *base, weir_arena *arena, wr_account *account, wr_invoice *ret_invoice,
                            weir_failure *failure)
{
    retail *self = (retail *)(void *)base;
    (void)arena;
    while (!self->rows_ended && self->open_count <= WINDOW_COUNT) {
        weir_err err = next_row(self, account, failure);
        self->rows_ended = err == WEIR_E_RANGE;
        if (err == WEIR_OK)
            err = take_row(self, failure);
        if (err != WEIR_OK && !self->rows_ended)
            return err;
    }
    if (self->open_count == 0)
        return WEIR_E_RANGE;
    *ret_invoice = close_oldest(self, account);
    return WEIR_OK;
}

/* ---- open and close */
static void retail_close(wr_invoices *base)
{
    retail *self = (retail *)(void *)base;
    if (self->compressed)
        lzma_end(&self->xz);
    wr_file_close(self->file);
    for (int i = 0; i <= WINDOW_COUNT; i++)
        weir_arena_free(self->open[i].arena);
    free(self);
}

weir_err wr_retail_open(wr_io *io, const char *path, wr_invoices **ret_invoices, weir_failure *failure)
{
    retail *self = calloc(1, sizeof *self);
    if (!self)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to read %s", path);
    self->base = (wr_invoices){.next = retail_next, .close = retail_close};
    self->xz = (lzma_stream)LZMA_STREAM_INIT;

    size_t size = strlen(path);
    self->compressed = size > 3 && strcmp(path + size - 3, ".xz") == 0;
    weir_err err = WEIR_OK;
    for (int i = 0; i <= WINDOW_COUNT && err == WEIR_OK; i++)
        if (!(self->open[i].arena = weir_arena_new(INVOICE_SIZE_MAX)))
            err = weir_fail(failure, WEIR_E_MEMORY, "no memory to read %s", path);
    if (err == WEIR_OK)
        err = wr_file_open(io, path, WR_FILE_READ, &self->file);
    if (!self->file && err != WEIR_E_MEMORY)
        weir_fail(failure, err, "the orders cannot be read: %s: %s", path, strerror(errno));
    else if (self->compressed && lzma_stream_decoder(&self->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory to unpack %s", path);
    if (err != WEIR_OK) {
        retail_close(&self->base);
        return err;
    }
    *ret_invoices = &self->base;
    return WEIR_OK;
}
