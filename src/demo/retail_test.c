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

TEST(prices_become_pence)
{
    int64_t pence;
    CHECK(wr_retail_pence("2.55", &pence) && pence == 255);
    CHECK(wr_retail_pence("-11062.06", &pence) && pence == -1106206);
    CHECK(wr_retail_pence("18.0", &pence) && pence == 1800);
    CHECK(wr_retail_pence("2,5", &pence) && pence == 250);
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

/* Reads everything; every line must be an order's. */
static void read_orders(const char *text, int64_t line_count, wr_account *ret_account)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_invoices *invoices = open_text(io, text);
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_account account = {0};
    wr_invoice invoice;
    weir_failure failure = {0};
    weir_err err;
    while ((err = invoices->next(invoices, arena, &account, &invoice, &failure)) == WEIR_OK) {
        CHECK_STR(invoice.country, "France");
        CHECK_STR(invoice.customer, "17850");
        for (size_t i = 0; i < invoice.line_count; i++)
            CHECK(invoice.lines[i].price_pence == 255 && invoice.lines[i].quantity == 6);
        account.order_count++, account.ordered_line_count += (int64_t)invoice.line_count;
    }
    CHECK_EQ(err, WEIR_E_RANGE);
    CHECK_EQ(account.line_count, line_count);
    CHECK_EQ(account.ordered_line_count, line_count);
    CHECK_EQ(wr_account_missing(&account), 0);
    *ret_account = account;
    invoices->close(invoices);
    weir_arena_free(arena);
    wr_io_free(io);
}

TEST(orders_keep_their_lines_whatever_program_saved_them)
{
    wr_account account;
    read_orders("1,85123A,\"LINE ONE\nLINE TWO\",6,d,2.55,17850,France\r\n"
                "2,85123A,HAND WARMER \xa3 1,6,d,2.55,17850,France\r\n",
                2, &account);
    CHECK_EQ(account.recoded_line_count, 1);
    read_orders("\xef\xbb\xbf"
                "1,85123A,HEART,6.0,d,2.55,17850.0,France\n",
                1, &account);
    read_orders("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
                "1,85123A,HEART,6,d,2.55,17850,France\n",
                1, &account);
    read_orders(";Country;Customer ID;Price;Quantity;StockCode;Invoice\n"
                "0;France;17850;2,55;6;85123A;1\n1;France;17850,0;2,55;6;85123A;1\n",
                2, &account);
    read_orders("1\t85123A\tHEART\t6\td\t2,55\t17850\tFrance", 1, &account);
}

TEST(what_is_malformed_first_is_told_with_its_line)
{
    static const struct {
        const char *row, *said;
    } rows[] = {
        {"nonsense", "columns"},
        {"1,85123A,HEART,six,d,2.55,17850,France", "quantity"},
        {"1,85123A,HEART,6.5,d,2.55,17850,France", "quantity"},
        {"1,85123A,HEART,6,d,cheap,17850,France", "price"},
        {",85123A,HEART,6,d,2.55,17850,France", "invoice number"},
        {"1,85123A,\"HEART,6,d,2.55,17850,France", "quote"},
        {"1,85123A,HEART,6,d,2.55,17850", "columns"},
    };
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        snprintf(text, sizeof text, "0,85123A,HEART,6,d,2.55,17850,France\n%s\nlater\n", rows[i].row);
        wr_invoices *invoices = open_text(io, text);
        weir_arena *arena = weir_arena_new(1 << 20);
        wr_account account = {0};
        wr_invoice invoice;
        while (invoices->next(invoices, arena, &account, &invoice, NULL) == WEIR_OK)
            ;
        CHECK_EQ(account.line_count, 3);
        CHECK_EQ(account.refused_line_counts[WR_REFUSAL_MALFORMED], 2);
        CHECK(strncmp(account.first_malformed, "line 2: ", 8) == 0 && strstr(account.first_malformed, rows[i].said));
        invoices->close(invoices);
        weir_arena_free(arena);
    }
    wr_io_free(io);
}

TEST(a_header_that_lacks_a_column_is_refused_by_name)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_invoices *invoices =
        open_text(io, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID,Country,X\n");
    wr_account account = {0};
    wr_invoice invoice;
    weir_failure failure = {0};
    CHECK_EQ(invoices->next(invoices, NULL, &account, &invoice, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "unitprice"));
    invoices->close(invoices);
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
    weir_failure failure = {0};
    CHECK_EQ(wr_retail_open(io, path, &invoices, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, ".xz"));
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
