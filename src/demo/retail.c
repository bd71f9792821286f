/* See retail.h for the format; csv.h for rows, text_source.h for what files they come from. */
#include <demo/retail.h>

#include <assert.h>
#include <base/text.h>
#include <demo/retail_columns.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 20000, WINDOW_COUNT = 4, INVOICE_SIZE_MAX = 16 << 20 };

typedef struct open_invoice {
    wr_invoice invoice;
    size_t capacity; /* of its lines */
    int64_t row_count, recoded_count;
    int64_t refused_counts[WR_REFUSAL_COUNT]; /* told to the account when it is handed out */
    weir_arena *arena;
} open_invoice;

typedef struct retail {
    wr_invoices base;
    wr_csv *csv;
    bool begun; /* the first row has been read */
    wr_retail_columns places;
    wr_csv_row row;
    const char *columns[WR_RETAIL_COLUMN_COUNT]; /* of the row, by meaning; "" where there is no such column */
    bool rows_ended;
    open_invoice open[WINDOW_COUNT + 1]; /* oldest first; the one handed out last keeps its memory in the last place */
    size_t open_count;
} retail;

/* ---- columns */
bool wr_retail_pence(const char *text, int64_t *ret_pence)
{
    bool negative = *text == '-';
    text += negative;
    int64_t pence = 0;
    if (wr_digits_parse(text, &pence, &text) != WEIR_OK || pence > INT64_MAX / 1000)
        return false;
    pence *= 100;
    if (*text == '.' || *text == ',') {
        int64_t unit = 10;
        for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
            pence += unit * (*text - '0');
    }
    if (*text)
        return false;
    *ret_pence = negative ? -pence : pence;
    return true;
}

/* "6", "-6", and what spreadsheets and data frames make of it: "6.0" */
static bool parse_quantity(const char *text, int64_t *ret_quantity)
{
    int64_t hundredths;
    if (!wr_retail_pence(text, &hundredths) || hundredths % 100 != 0)
        return false;
    *ret_quantity = hundredths / 100;
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
    size_t size = strcspn(text, ".,");
    return size == 0 ? NULL : weir_arena_dup_text(arena, (weir_slice){(const uint8_t *)text, size});
}

/* *ret_problem is set when the line is malformed. */
static wr_refusal add_line(wr_invoice *invoice, const char *const columns[WR_RETAIL_COLUMN_COUNT], weir_arena *arena,
                           const char **ret_problem)
{
    wr_invoice_line line = {.sku = columns[WR_RETAIL_SKU], .description = columns[WR_RETAIL_DESCRIPTION]};
    *ret_problem = !parse_quantity(columns[WR_RETAIL_QUANTITY], &line.quantity)    ? "the quantity is no whole number"
                   : !wr_retail_pence(columns[WR_RETAIL_PRICE], &line.price_pence) ? "the price is no number"
                   : invoice->line_count == LINES_MAX ? "the invoice has more than 20000 lines"
                                                      : NULL;
    if (*ret_problem)
        return WR_REFUSAL_MALFORMED;
    if (invoice->cancellation)
        line.quantity = -line.quantity;
    wr_refusal refusal = judge_line(invoice, &line);
    if (refusal != WR_REFUSAL_NONE)
        return refusal;
    assert(invoice->lines); /* grow_lines was asked first */
    line.sku = weir_arena_dup_text(arena, weir_slice_of(columns[WR_RETAIL_SKU]));
    line.description = weir_arena_dup_text(arena, weir_slice_of(columns[WR_RETAIL_DESCRIPTION]));
    invoice->lines[invoice->line_count++] = line;
    return WR_REFUSAL_NONE;
}

static void note_malformed(wr_account *account, const wr_csv_row *row, const char *problem)
{
    if (account->first_malformed[0] == '\0')
        snprintf(account->first_malformed, sizeof account->first_malformed, "line %lld: %s", (long long)row->line,
                 problem);
}

/* Puts the columns into their places. NULL, or why that cannot be. */
static const char *place_columns(retail *self)
{
    if (self->row.problem)
        return self->row.problem;
    if (self->row.column_count != self->places.width)
        return wr_csv_separator(self->csv) ? "not as many columns as it should have"
                                           : "no columns: neither , nor ; nor tab nor | makes eight of it";
    for (int i = 0; i < WR_RETAIL_COLUMN_COUNT; i++)
        self->columns[i] = self->places.place[i] >= 0 ? self->row.columns[self->places.place[i]] : "";
    if (!self->columns[WR_RETAIL_INVOICE][0] || !self->columns[WR_RETAIL_SKU][0])
        return "no invoice number, or no article";
    return NULL;
}

/* Makes self->columns the next row. Rows that cannot be read are counted as invoices of their own: to whom they belong
 * is not known. */
static weir_err next_row(retail *self, wr_account *account, weir_failure *failure)
{
    for (;;) {
        weir_err err = wr_csv_next(self->csv, &self->row, failure);
        if (err != WEIR_OK)
            return err;
        bool header = false;
        if (!self->begun && !self->row.problem)
            err = wr_retail_columns_read(&self->places, &self->row, &header, failure);
        self->begun = true;
        if (err != WEIR_OK)
            return err;
        const char *problem = header ? NULL : place_columns(self);
        if (!header && !problem)
            return WEIR_OK;
        if (header)
            continue;
        note_malformed(account, &self->row, problem);
        account->line_count++;
        account->invoice_count++;
        account->recoded_line_count += self->row.recoded;
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
        if (strcmp(self->open[i].invoice.number, self->columns[WR_RETAIL_INVOICE]) == 0)
            return &self->open[i];
    open_invoice *open = &self->open[self->open_count];
    weir_arena_reset(open->arena);
    *open = (open_invoice){.arena = open->arena};
    open->invoice =
        (wr_invoice){.number = weir_arena_dup_text(open->arena, weir_slice_of(self->columns[WR_RETAIL_INVOICE])),
                     .customer = dup_customer(open->arena, self->columns[WR_RETAIL_CUSTOMER]),
                     .country = weir_arena_dup_text(open->arena, weir_slice_of(self->columns[WR_RETAIL_COUNTRY])),
                     .cancellation = self->columns[WR_RETAIL_INVOICE][0] == 'C'};
    if (!open->invoice.number || !open->invoice.country)
        return NULL;
    self->open_count++;
    return open;
}

static weir_err take_row(retail *self, wr_account *account, weir_failure *failure)
{
    const char *problem = NULL;
    open_invoice *open = find_open(self);
    if (!open || !grow_lines(open))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for invoice %s", self->columns[WR_RETAIL_INVOICE]);
    wr_refusal refusal = add_line(&open->invoice, self->columns, open->arena, &problem);
    if (problem)
        note_malformed(account, &self->row, problem);
    open->row_count++;
    open->recoded_count += self->row.recoded;
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
    account->recoded_line_count += oldest.recoded_count;
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
            err = take_row(self, account, failure);
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
    wr_csv_close(self->csv);
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
    wr_retail_columns_init(&self->places);
    weir_err err = wr_csv_open(io, path, WR_RETAIL_REQUIRED_COUNT, &self->csv, failure);
    for (int i = 0; i <= WINDOW_COUNT && err == WEIR_OK; i++)
        if (!(self->open[i].arena = weir_arena_new(INVOICE_SIZE_MAX)))
            err = weir_fail(failure, WEIR_E_MEMORY, "no memory to read %s", path);
    if (err != WEIR_OK) {
        retail_close(&self->base);
        return err;
    }
    *ret_invoices = &self->base;
    return WEIR_OK;
}
