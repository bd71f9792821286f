#include "test.h"

#include <demo/generator.h>

/* A number for all that an invoice says. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
    return hash * 31 + 7;
}

static uint64_t hash_invoice(uint64_t hash, const wr_invoice *invoice)
{
    hash = hash_text(hash_text(hash_text(hash, invoice->number), invoice->customer), invoice->country);
    hash = hash * 3 + invoice->cancellation;
    for (size_t i = 0; i < invoice->line_count; i++) {
        const wr_invoice_line *line = &invoice->lines[i];
        hash = hash_text(hash, line->sku) + (uint64_t)line->quantity * 1000003 + (uint64_t)line->price_pence;
    }
    return hash;
}

typedef struct run {
    uint64_t hash;
    int64_t invoice_count, line_count, cancellation_count, good_line_count, refused_count;
    wr_account account;
} run;

static run run_generator(uint64_t seed, int64_t count)
{
    run result = {.hash = 1};
    wr_invoices *invoices;
    CHECK_OK(wr_generator_open(seed, count, &invoices));
    weir_arena *arena = weir_arena_new(16 << 20);
    weir_failure failure = {0};
    wr_invoice invoice;
    weir_err err;
    while ((err = invoices->next(invoices, arena, &result.account, &invoice, &failure)) == WEIR_OK) {
        result.hash = hash_invoice(result.hash, &invoice);
        result.invoice_count++;
        result.refused_count += invoice.refusal != WR_REFUSAL_NONE;
        result.cancellation_count += invoice.cancellation;
        for (size_t i = 0; i < invoice.line_count; i++)
            CHECK(invoice.lines[i].quantity > 0 && invoice.lines[i].price_pence > 0 && invoice.lines[i].sku[0]);
        CHECK((invoice.line_count > 0) == (invoice.refusal == WR_REFUSAL_NONE));
        CHECK(invoice.refusal != WR_REFUSAL_NONE || invoice.customer);
        if (invoice.refusal == WR_REFUSAL_NONE)
            result.good_line_count += (int64_t)invoice.line_count;
        weir_arena_reset(arena);
    }
    CHECK_EQ(err, WEIR_E_RANGE);
    weir_arena_free(arena);
    invoices->close(invoices);
    return result;
}

TEST(the_same_seed_gives_the_same_invoices_and_another_gives_others)
{
    CHECK(run_generator(7, 300).hash == run_generator(7, 300).hash);
    CHECK(run_generator(7, 300).hash != run_generator(8, 300).hash);
}

TEST(as_many_invoices_come_as_were_asked_for)
{
    CHECK_EQ(run_generator(1, 0).invoice_count, 0);
    CHECK_EQ(run_generator(1, 1).invoice_count, 1);
    CHECK_EQ(run_generator(1, 500).invoice_count, 500);
}

TEST(every_line_is_ordered_or_refused_with_a_reason)
{
    run result = run_generator(3, 2000);
    CHECK_EQ(result.account.invoice_count, 2000);
    int64_t refused_lines = 0, refused_invoices = 0;
    for (int i = 0; i < WR_REFUSAL_COUNT; i++) {
        refused_lines += result.account.refused_line_counts[i];
        refused_invoices += result.account.refused_invoice_counts[i];
    }
    CHECK_EQ(result.account.line_count, result.good_line_count + refused_lines);
    CHECK_EQ(refused_invoices, result.refused_count);
    CHECK(result.cancellation_count > 100 && result.cancellation_count < 500); /* one in seven */
    CHECK(result.good_line_count > 2000 * 10);
}
