#include "test.h"

#include <demo/sales.h>

static wr_invoice one_line(const char *number, const char *customer, wr_invoice_line *line)
{
    return (wr_invoice){.number = number, .customer = customer, .country = "X", .lines = line, .line_count = 1};
}

TEST(a_cancelled_line_is_laid_to_the_latest_order_that_explains_it)
{
    wr_sales *sales = wr_sales_new();
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_account account = {0};
    wr_invoice_line six = {"85123A", "HEART", 6, 255}, six_dearer = {"85123A", "HEART", 6, 295};
    wr_invoice first = one_line("1", "a", &six), second = one_line("2", "a", &six_dearer);
    CHECK_OK(wr_sales_add(sales, &first));
    CHECK_OK(wr_sales_add(sales, &second));

    wr_invoice_line four = {"85123A", "HEART", 4, 255};
    wr_invoice cancel = one_line("C3", "a", &four);
    wr_cancellation *found;
    size_t count;
    CHECK_OK(wr_sales_cancel(sales, &cancel, arena, &account, &found, &count));
    CHECK_EQ(count, 1);
    CHECK_STR(found[0].order_id, "1"); /* the price tells */

    CHECK_OK(wr_sales_cancel(sales, &cancel, arena, &account, &found, &count));
    CHECK_EQ(count, 1);
    CHECK_STR(found[0].order_id, "2"); /* order 1 has two left, so the price gives way */

    CHECK_OK(wr_sales_cancel(sales, &cancel, arena, &account, &found, &count));
    CHECK_EQ(count, 0);
    CHECK_EQ(account.refused_line_counts[WR_REFUSAL_NO_SALE], 1);
    weir_arena_free(arena);
    wr_sales_free(sales);
}

TEST(one_cancellation_may_touch_several_orders)
{
    wr_sales *sales = wr_sales_new();
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_account account = {0};
    wr_invoice_line lines[] = {{"11111", "A", 2, 100}, {"22222", "B", 2, 100}, {"33333", "C", 1, 100}};
    wr_invoice first = one_line("1", "a", &lines[0]), second = one_line("2", "a", &lines[1]);
    CHECK_OK(wr_sales_add(sales, &first));
    CHECK_OK(wr_sales_add(sales, &second));
    wr_invoice cancel = {.number = "C3", .customer = "a", .lines = lines, .line_count = 3};
    wr_cancellation *found;
    size_t count;
    CHECK_OK(wr_sales_cancel(sales, &cancel, arena, &account, &found, &count));
    CHECK_EQ(count, 2);
    CHECK_EQ(account.refused_line_counts[WR_REFUSAL_NO_SALE], 1);
    weir_arena_free(arena);
    wr_sales_free(sales);
}
