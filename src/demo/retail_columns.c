/* The names that headers have for the columns, and looking for them. */
#include <demo/retail_columns.h>

#include <string.h>

static const struct {
    const char *names[3]; /* letters alone, in lower case */
    bool required;
} known[WR_RETAIL_COLUMN_COUNT] = {
    [WR_RETAIL_INVOICE] = {{"invoiceno", "invoice", "invoicenumber"}, true},
    [WR_RETAIL_SKU] = {{"stockcode", "sku", "article"}, true},
    [WR_RETAIL_DESCRIPTION] = {{"description"}, false},
    [WR_RETAIL_QUANTITY] = {{"quantity"}, true},
    [WR_RETAIL_DATE] = {{"invoicedate", "date"}, false},
    [WR_RETAIL_PRICE] = {{"unitprice", "price"}, true},
    [WR_RETAIL_CUSTOMER] = {{"customerid", "customer", "customerno"}, true},
    [WR_RETAIL_COUNTRY] = {{"country"}, true},
};

/* "Customer ID" → customerid */
static void plain_name(const char *text, char ret_name[32])
{
    size_t size = 0;
    for (; *text && size < 31; text++) {
        char letter = *text >= 'A' && *text <= 'Z' ? (char)(*text + 'a' - 'A') : *text;
        if (letter >= 'a' && letter <= 'z')
            ret_name[size++] = letter;
    }
    ret_name[size] = '\0';
}

static int find_column(const wr_csv_row *row, wr_retail_column wanted)
{
    char name[32];
    for (int i = 0; i < row->column_count; i++) {
        plain_name(row->columns[i], name);
        for (size_t k = 0; k < 3 && known[wanted].names[k]; k++)
            if (strcmp(name, known[wanted].names[k]) == 0)
                return i;
    }
    return -1;
}

/* True if the row was a header. Half of the names are enough to know one by; then the required ones must be there. */
weir_err wr_retail_columns_read(wr_retail_columns *self, const wr_csv_row *row, bool *ret_header, weir_failure *failure)
{
    int found = 0, place[WR_RETAIL_COLUMN_COUNT];
    const char *missing = NULL;
    for (int i = 0; i < WR_RETAIL_COLUMN_COUNT; i++) {
        place[i] = find_column(row, (wr_retail_column)i);
        found += place[i] >= 0;
        if (place[i] < 0 && known[i].required && !missing)
            missing = known[i].names[0];
    }
    *ret_header = found >= WR_RETAIL_COLUMN_COUNT / 2;
    if (!*ret_header)
        return WEIR_OK;
    if (missing)
        return weir_fail(failure, WEIR_E_FORMAT, "the first row of the orders is a header without a column '%s'",
                         missing);
    memcpy(self->place, place, sizeof place);
    self->width = row->column_count;
    return WEIR_OK;
}

void wr_retail_columns_init(wr_retail_columns *self)
{
    self->width = WR_RETAIL_COLUMN_COUNT;
    for (int i = 0; i < WR_RETAIL_COLUMN_COUNT; i++)
        self->place[i] = i;
}
