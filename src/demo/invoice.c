/* Names of refusals, and the sum that every account must come to. */
#include <demo/invoice.h>

static const char *const refusal_names[WR_REFUSAL_COUNT] = {
    [WR_REFUSAL_NONE] = "none",
    [WR_REFUSAL_MALFORMED] = "malformed",
    [WR_REFUSAL_ADJUSTMENT] = "adjustment",
    [WR_REFUSAL_NO_CUSTOMER] = "no customer",
    [WR_REFUSAL_FEE] = "fee or voucher",
    [WR_REFUSAL_QUANTITY] = "no quantity",
    [WR_REFUSAL_PRICE] = "no price",
    [WR_REFUSAL_NO_SALE] = "no sale to cancel",
    [WR_REFUSAL_BY_GATEWAY] = "by the gateway",
};

const char *wr_refusal_name(wr_refusal refusal)
{
    return refusal_names[refusal];
}

int64_t wr_account_missing(const wr_account *account)
{
    int64_t lines = account->line_count - account->ordered_line_count - account->cancelled_line_count;
    int64_t invoices = account->invoice_count - account->order_count - account->cancellation_count;
    for (int i = 0; i < WR_REFUSAL_COUNT; i++) {
        lines -= account->refused_line_counts[i];
        invoices -= account->refused_invoice_counts[i];
    }
    return (lines < 0 ? -lines : lines) + (invoices < 0 ? -invoices : invoices);
}
