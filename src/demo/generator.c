/* Invoices from a seed: the same seed makes the same invoices, in any number. generator.h says how they are mixed. */
#include <demo/generator.h>

#include <stdlib.h>

enum { REMEMBERED_COUNT = 64, CUSTOMER_COUNT = 4372, ARTICLE_COUNT = 4000 };

typedef struct sale {
    int customer;
    int article;
    int64_t quantity, price_pence;
} sale;

typedef struct generator {
    wr_invoices base;
    uint64_t state;
    int64_t made_count, invoice_count;
    sale remembered[REMEMBERED_COUNT]; /* one line of each of the latest sales, to cancel */
    size_t remembered_count;
} generator;

static const char *const adjectives[] = {"WHITE", "RED", "RETROSPOT", "VINTAGE", "GLASS", "WOODEN", "PINK", "CERAMIC"};
static const char *const nouns[] = {"LANTERN", "TEACUP",    "BUNTING", "CAKE STAND",
                                    "DOORMAT", "LUNCH BAG", "CLOCK",   "SIGN"};
/* Weighted as in the real ones: nine in ten from one country. "Unspecified" is where no carrier goes. */
static const char *const countries[] = {"United Kingdom", "Germany", "France", "EIRE", "Spain", "Unspecified"};

/* SplitMix64 */
static uint64_t draw(generator *self)
{
    uint64_t z = self->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int64_t draw_below(generator *self, int64_t limit)
{
    return (int64_t)(draw(self) % (uint64_t)limit);
}

static void name_line(weir_arena *arena, const sale *sold, wr_invoice_line *ret_line)
{
    *ret_line = (wr_invoice_line){
        .sku = weir_arena_printf(arena, "%05d", 20000 + sold->article),
        .description = weir_arena_printf(arena, "%s %s", adjectives[sold->article % 8], nouns[sold->article / 8 % 8]),
        .quantity = sold->quantity,
        .price_pence = sold->price_pence,
    };
}

/* Popular articles are drawn more often: the square of a uniform draw. */
static sale draw_sale(generator *self, int customer)
{
    int64_t a = draw_below(self, ARTICLE_COUNT), b = draw_below(self, ARTICLE_COUNT);
    int64_t article = a * b / ARTICLE_COUNT;
    static const int64_t packs[] = {1, 1, 2, 3, 4, 6, 6, 8, 10, 12, 12, 24};
    int64_t quantity = packs[draw_below(self, 12)] * (draw_below(self, 200) == 0 ? 60 : 1);
    return (sale){.customer = customer,
                  .article = (int)article,
                  .quantity = quantity,
                  .price_pence = 39 + (article * 7919) % 900};
}

static void draw_order(generator *self, weir_arena *arena, wr_account *account, wr_invoice *invoice)
{
    int customer = (int)draw_below(self, CUSTOMER_COUNT);
    size_t count = (size_t)(1 + draw_below(self, 24) + draw_below(self, 24));
    bool anonymous = draw_below(self, 25) == 0;
    account->line_count += (int64_t)count;
    if (anonymous) {
        account->refused_line_counts[WR_REFUSAL_NO_CUSTOMER] += (int64_t)count;
        invoice->refusal = WR_REFUSAL_NO_CUSTOMER;
        return;
    }
    invoice->customer = weir_arena_printf(arena, "%d", 12346 + customer);
    invoice->lines = weir_arena_array(arena, count, sizeof(wr_invoice_line));
    if (!invoice->lines)
        return;
    for (size_t i = 0; i < count; i++) {
        sale sold = draw_sale(self, customer);
        name_line(arena, &sold, &invoice->lines[i]);
        if (i == 0)
            self->remembered[self->remembered_count++ % REMEMBERED_COUNT] = sold;
    }
    invoice->line_count = count;
}

static void draw_cancellation(generator *self, weir_arena *arena, wr_account *account, wr_invoice *invoice)
{
    size_t held = self->remembered_count < REMEMBERED_COUNT ? self->remembered_count : REMEMBERED_COUNT;
    const sale *sold = &self->remembered[draw_below(self, (int64_t)held)];
    account->line_count++;
    invoice->cancellation = true;
    invoice->customer = weir_arena_printf(arena, "%d", 12346 + sold->customer);
    invoice->lines = weir_arena_array(arena, 1, sizeof(wr_invoice_line));
    if (!invoice->lines)
        return;
    name_line(arena, sold, &invoice->lines[0]);
    invoice->line_count = 1;
}

static weir_err generator_next(wr_invoices *base, weir_arena *arena, wr_account *account, wr_invoice *ret_invoice,
                               weir_failure *failure)
{
    generator *self = (generator *)(void *)base;
    if (self->made_count == self->invoice_count)
        return WEIR_E_RANGE;
    bool cancellation = self->remembered_count > 8 && draw_below(self, 7) == 0;
    int64_t country = draw_below(self, 60);
    wr_invoice invoice = {
        .number = weir_arena_printf(arena, "%s%lld", cancellation ? "C" : "", 600000 + (long long)self->made_count),
        .country = countries[country < 6 ? country : 0]};
    account->invoice_count++;
    if (cancellation)
        draw_cancellation(self, arena, account, &invoice);
    else
        draw_order(self, arena, account, &invoice);
    if (!invoice.number || (!invoice.lines && invoice.refusal == WR_REFUSAL_NONE))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for an order");
    if (invoice.refusal != WR_REFUSAL_NONE)
        account->refused_invoice_counts[invoice.refusal]++;
    self->made_count++;
    *ret_invoice = invoice;
    return WEIR_OK;
}

static void generator_close(wr_invoices *base)
{
    free(base);
}

weir_err wr_generator_open(uint64_t seed, int64_t invoice_count, wr_invoices **ret_invoices)
{
    generator *self = calloc(1, sizeof *self);
    if (!self)
        return WEIR_E_MEMORY;
    self->base = (wr_invoices){.next = generator_next, .close = generator_close};
    self->state = seed;
    self->invoice_count = invoice_count;
    *ret_invoices = &self->base;
    return WEIR_OK;
}
