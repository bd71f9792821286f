/* What was sold, by customer and article, the latest first, so that a cancelled line finds the order that it cancels: the
 * latest with as many pieces left at the same price, else the latest with as many pieces left. */
#include <demo/sales.h>

#include <base/map.h>
#include <stdlib.h>

enum { SALES_MAX = 4 << 20, TEXTS_SIZE_MAX = 512 << 20 };

typedef struct sold_line sold_line;
struct sold_line {
    sold_line *earlier; /* of the same customer and article */
    const char *order_id;
    int64_t quantity; /* not cancelled yet */
    int64_t price_pence;
};

struct wr_sales {
    wr_map *latest; /* "customer/sku" → the latest sold_line */
    weir_arena *arena;
};

wr_sales *wr_sales_new(void)
{
    wr_sales *sales = calloc(1, sizeof *sales);
    if (!sales)
        return NULL;
    sales->latest = wr_map_new(SALES_MAX, 1);
    sales->arena = weir_arena_new(TEXTS_SIZE_MAX);
    if (!sales->latest || !sales->arena) {
        wr_sales_free(sales);
        return NULL;
    }
    return sales;
}

void wr_sales_free(wr_sales *sales)
{
    if (!sales)
        return;
    wr_map_free(sales->latest);
    weir_arena_free(sales->arena);
    free(sales);
}

weir_err wr_sales_add(wr_sales *sales, const wr_invoice *order)
{
    const char *order_id = weir_arena_dup_text(sales->arena, weir_slice_of(order->number));
    for (size_t i = 0; i < order->line_count; i++) {
        const wr_invoice_line *line = &order->lines[i];
        sold_line *sold = weir_arena_alloc(sales->arena, sizeof *sold);
        const char *key = weir_arena_printf(sales->arena, "%s/%s", order->customer, line->sku);
        if (!order_id || !sold || !key)
            return WEIR_E_MEMORY;
        *sold = (sold_line){.earlier = wr_map_remove_text(sales->latest, key),
                            .order_id = order_id,
                            .quantity = line->quantity,
                            .price_pence = line->price_pence};
        weir_err err = wr_map_add_text(sales->latest, key, sold);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static sold_line *find_sold(sold_line *latest, const wr_invoice_line *wanted)
{
    sold_line *any_price = NULL;
    for (sold_line *sold = latest; sold; sold = sold->earlier) {
        if (sold->quantity < wanted->quantity)
            continue;
        if (sold->price_pence == wanted->price_pence)
            return sold;
        if (!any_price)
            any_price = sold;
    }
    return any_price;
}

weir_err wr_sales_cancel(wr_sales *sales, const wr_invoice *invoice, weir_arena *arena, wr_account *account,
                         wr_cancellation **ret_cancellations, size_t *ret_count)
{
    size_t count = 0;
    wr_cancellation *cancellations = weir_arena_array(arena, invoice->line_count, sizeof *cancellations);
    if (!cancellations)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < invoice->line_count; i++) {
        const wr_invoice_line *line = &invoice->lines[i];
        const char *key = weir_arena_printf(arena, "%s/%s", invoice->customer, line->sku);
        if (!key)
            return WEIR_E_MEMORY;
        sold_line *sold = find_sold(wr_map_find_text(sales->latest, key), line);
        if (!sold) {
            account->refused_line_counts[WR_REFUSAL_NO_SALE]++;
            continue;
        }
        size_t at = 0;
        while (at < count && cancellations[at].order_id != sold->order_id)
            at++;
        if (at == count) {
            cancellations[count].lines = weir_arena_array(arena, invoice->line_count, sizeof *line);
            if (!cancellations[count].lines)
                return WEIR_E_MEMORY;
            cancellations[count++].order_id = sold->order_id;
        }
        sold->quantity -= line->quantity;
        cancellations[at].lines[cancellations[at].line_count++] = *line;
    }
    *ret_cancellations = cancellations;
    *ret_count = count;
    return WEIR_OK;
}
