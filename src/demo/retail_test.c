#include "test.h"

#include <demo/retail.h>
#include <stdio.h>

static wr_invoices *open_text(wr_io *io, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/orders.csv", test_directory());
    wr_file *file;
    CHECK_OK(wr_file_open(io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
    CHECK_OK(wr_file_write(file, 0, text, strlen(text)));
    wr_file_close(file);
    wr_invoices *invoices;
    weir_failure failure = {0};
    CHECK_OK(wr_retail_open(io, path, &invoices, &failure));
    return invoices;
}

TEST(a_row_splits_into_its_columns_with_and_without_quotes)
{
    char plain[] = "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";
    char quoted[] = "536477,22041,\"RECORD FRAME 7\"\" SINGLE, \",48,d,2.1,,EIRE";
    char open_quote[] = "1,2,\"a,b,c,d,e,f";
    char seven[] = "1,2,3,4,5,6,7";
    char nine[] = "1,2,3,4,5,6,7,8,9";
    char *columns[8];
    CHECK(wr_retail_split(plain, columns));
    CHECK_STR(columns[1], "85123A");
    CHECK_STR(columns[7], "United Kingdom");
    CHECK(wr_retail_split(quoted, columns));
    CHECK_STR(columns[2], "RECORD FRAME 7\" SINGLE, ");
    CHECK_STR(columns[6], "");
    CHECK(!wr_retail_split(open_quote, columns));
    CHECK(!wr_retail_split(seven, columns));
    CHECK(!wr_retail_split(nine, columns));
}

TEST(prices_become_pence)
{
    int64_t pence;
    CHECK(wr_retail_pence("2.55", &pence) && pence == 255);
    CHECK(wr_retail_pence("-11062.06", &pence) && pence == -1106206);
    CHECK(wr_retail_pence("18.0", &pence) && pence == 1800);
    CHECK(wr_retail_pence("0.001", &pence) && pence == 0);
    CHECK(!wr_retail_pence("", &pence));
    CHECK(!wr_retail_pence("1e5", &pence));
    CHECK(!wr_retail_pence("99999999999999999999", &pence));
}

TEST(every_line_is_part_of_an_invoice_or_refused_with_a_reason)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_invoices *invoices = open_text(io, "1,85123A,HEART,6,d,2.55,17850.0,United Kingdom\r\n"
                                          "1,POST,POSTAGE,1,d,18.0,17850.0,United Kingdom\n"
                                          "nonsense\n"
                                          "2,85123A,HEART,6,d,2.55,,France\n"
                                          "C3,85123A,HEART,-2,d,2.55,17850.0,United Kingdom\n"
                                          "A4,B,Adjust bad debt,1,d,-5.0,,United Kingdom\n"
                                          "5,71053,LANTERN,1,d,0.0,17850.0,United Kingdom\n"
                                          "6,71053,LANTERN,x,d,1.0,17850.0,United Kingdom");
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_account account = {0};
    wr_invoice invoice;
    weir_failure failure = {0};

    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, &failure));
    CHECK_STR(invoice.number, "1");
    CHECK_STR(invoice.customer, "17850");
    CHECK_EQ(invoice.line_count, 1);
    CHECK_EQ(invoice.lines[0].price_pence, 255);
    account.order_count++, account.ordered_line_count++;

    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, &failure));
    CHECK_EQ(invoice.refusal, WR_REFUSAL_NO_CUSTOMER);

    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, &failure));
    CHECK(invoice.cancellation);
    CHECK_EQ(invoice.lines[0].quantity, 2);
    account.cancellation_count++, account.cancelled_line_count++;

    wr_refusal expected[] = {WR_REFUSAL_ADJUSTMENT, WR_REFUSAL_PRICE, WR_REFUSAL_MALFORMED};
    for (int i = 0; i < 3; i++) {
        CHECK_OK(invoices->next(invoices, arena, &account, &invoice, &failure));
        CHECK_EQ(invoice.refusal, expected[i]);
    }
    CHECK_EQ(invoices->next(invoices, arena, &account, &invoice, &failure), WEIR_E_RANGE);

    CHECK_EQ(account.line_count, 8);
    CHECK_EQ(account.invoice_count, 7); /* the row that nobody can read counts as one */
    CHECK_EQ(account.refused_line_counts[WR_REFUSAL_FEE], 1);
    CHECK_EQ(wr_account_missing(&account), 0);
    invoices->close(invoices);
    weir_arena_free(arena);
    wr_io_free(io);
}

TEST(an_invoice_that_others_interrupt_is_one_invoice)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_invoices *invoices = open_text(io, "1,85123A,HEART,6,d,2.55,17850.0,France\n"
                                          "2,85123A,HEART,1,d,2.55,17851.0,France\n"
                                          "1,71053,LANTERN,2,d,3.39,17850.0,France\n");
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_account account = {0};
    wr_invoice invoice;
    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, NULL));
    CHECK_STR(invoice.number, "1");
    CHECK_EQ(invoice.line_count, 2);
    CHECK_STR(invoice.lines[1].sku, "71053");
    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, NULL));
    CHECK_STR(invoice.number, "2");
    CHECK_EQ(invoices->next(invoices, arena, &account, &invoice, NULL), WEIR_E_RANGE);
    CHECK_EQ(account.invoice_count, 2);
    invoices->close(invoices);
    weir_arena_free(arena);
    wr_io_free(io);
}

TEST(broken_compression_is_said_with_the_position)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    char path[256];
    snprintf(path, sizeof path, "%s/orders.csv.xz", test_directory());
    CHECK_OK(wr_path_write(io, path, WEIR_SLICE("this is no xz file")));
    wr_invoices *invoices;
    CHECK_OK(wr_retail_open(io, path, &invoices, NULL));
    weir_failure failure = {0};
    wr_account account = {0};
    wr_invoice invoice;
    CHECK_EQ(invoices->next(invoices, NULL, &account, &invoice, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, ".xz"));
    invoices->close(invoices);
    wr_io_free(io);
}

TEST(lines_of_invoices_that_were_not_handed_out_yet_are_not_counted)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_invoices *invoices = open_text(io, "1,85123A,HEART,6,d,2.55,17850.0,France\n"
                                          "1,POST,POSTAGE,1,d,2.55,17850.0,France\n"
                                          "2,85123A,HEART,1,d,2.55,,France\n"
                                          "3,71053,LANTERN,2,d,3.39,17850.0,France\n");
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_account account = {0};
    wr_invoice invoice;
    CHECK_OK(invoices->next(invoices, arena, &account, &invoice, NULL));
    account.order_count++, account.ordered_line_count += (int64_t)invoice.line_count;
    CHECK_EQ(account.line_count, 2);
    CHECK_EQ(wr_account_missing(&account), 0);
    invoices->close(invoices);
    weir_arena_free(arena);
    wr_io_free(io);
}
