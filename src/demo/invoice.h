/* Invoices on their way into the marketplace, and the account of what became of each line. */
#ifndef WR_INVOICE_H
#define WR_INVOICE_H

#include <weir/bytes.h>

/* Why a line, or a whole invoice, does not become part of an order. */
typedef enum wr_refusal {
    WR_REFUSAL_NONE,
    WR_REFUSAL_MALFORMED,   /* not eight columns, or a number that is none */
    WR_REFUSAL_ADJUSTMENT,  /* bookkeeping: invoice numbers that start with A */
    WR_REFUSAL_NO_CUSTOMER, /* an order belongs to a customer */
    WR_REFUSAL_FEE,         /* postage, charges, discounts, vouchers: not an article */
    WR_REFUSAL_QUANTITY,    /* a sale of nothing or less, a cancellation of more than nothing */
    WR_REFUSAL_PRICE,       /* free of charge, or less than a penny */
    WR_REFUSAL_NO_SALE,     /* a cancelled line that no earlier order of the customer explains */
    WR_REFUSAL_BY_GATEWAY,  /* the gateway answered 4xx */
    WR_REFUSAL_COUNT,
} wr_refusal;

const char *wr_refusal_name(wr_refusal refusal); /* "no customer" */

typedef struct wr_invoice_line {
    const char *sku;
    const char *description;
    int64_t quantity; /* positive, also in a cancellation */
    int64_t price_pence;
} wr_invoice_line;

typedef struct wr_invoice {
    const char *number;
    const char *customer; /* NULL: none */
    const char *country;
    bool cancellation;
    wr_refusal refusal;     /* of the whole invoice, when no line is left */
    wr_invoice_line *lines; /* those that make sense */
    size_t line_count;
} wr_invoice;

/* Every line that was read ends in exactly one of these counts, and so does every invoice. */
typedef struct wr_account {
    int64_t line_count, invoice_count;
    int64_t ordered_line_count, order_count;
    int64_t cancelled_line_count, cancellation_count;
    int64_t refused_line_counts[WR_REFUSAL_COUNT];
    int64_t refused_invoice_counts[WR_REFUSAL_COUNT];
    int64_t recoded_line_count; /* of line_count, those that were no UTF-8 and were read as Windows-1252 */
    char first_malformed[120];  /* "line 3: the price is no number"; "" without */
} wr_account;

/* Lines and invoices that are in none of the counts, or in two: 0 when the account is right. */
int64_t wr_account_missing(const wr_account *account);

/* Where invoices come from: a file or a generator. */
typedef struct wr_invoices wr_invoices;
struct wr_invoices {
    /* The next invoice, its texts in the arena or valid until the next call; lines refused are counted. WEIR_E_RANGE
     * after the last. */
    weir_err (*next)(wr_invoices *self, weir_arena *arena, wr_account *account, wr_invoice *ret_invoice,
                     weir_failure *failure);
    void (*close)(wr_invoices *self);
};

#endif
