/* What happened, as a table for people and as one JSON object for machines. */
#include <demo/demo.h>

#include <ctype.h>
#include <event/json_text.h>

typedef struct row {
    const char *title;
    const char *name; /* JSON member */
    int64_t value;
} row;

enum { ROWS_MAX = 24 };

static int figure_rows(const wr_demo_result *result, row rows[ROWS_MAX])
{
    const wr_account *account = &result->fed.account;
    const wr_figures *figures = &result->figures;
    const row all[] = {
        {"Invoices read", "invoices", account->invoice_count},
        {"  lines read", "lines", account->line_count},
        {"Orders in", "orders", account->order_count},
        {"  completed", "completed", figures->completed_count},
        {"    of these with lines returned", "completed_with_returns", figures->returned_line_orders},
        {"  cancelled", "cancelled", figures->cancelled_count},
        {"Cancellations in", "cancellations", account->cancellation_count},
        {"Events published", "events", figures->event_count},
        {"Commands sent", "commands", figures->command_count},
        {"Dead letters", "dead_letters", figures->dead_letter_count},
        {"Requests sent again", "retries", result->fed.retry_count},
        {"Killed with SIGKILL", "kills", result->kill_count},
        {"Ended by themselves", "crashes", result->crash_count},
    };
    int count = (int)(sizeof all / sizeof *all);
    for (int i = 0; i < count; i++)
        rows[i] = all[i];
    return count;
}

static double events_per_second(const wr_demo_result *result)
{
    return result->seconds > 0 ? (double)(result->figures.event_count + result->figures.command_count) / result->seconds
                               : 0;
}

void wr_demo_summary(const wr_demo_result *result, wr_buf *out)
{
    row rows[ROWS_MAX];
    int count = figure_rows(result, rows);
    const wr_account *account = &result->fed.account;
    const wr_figures *figures = &result->figures;
    wr_buf_text(out, "\n");
    for (int i = 0; i < count; i++) {
        wr_buf_printf(out, "%-34s %12lld\n", rows[i].title, (long long)rows[i].value);
        if (strcmp(rows[i].name, "cancelled") == 0)
            for (int c = 0; c < figures->cause_count; c++)
                wr_buf_printf(out, "    %-30s %12lld\n", figures->causes[c].name, (long long)figures->causes[c].count);
    }
    wr_buf_text(out, "Refused                                lines     invoices\n");
    for (int i = 1; i < WR_REFUSAL_COUNT; i++)
        if (account->refused_line_counts[i] > 0 || account->refused_invoice_counts[i] > 0)
            wr_buf_printf(out, "  %-30s %12lld %12lld\n", wr_refusal_name((wr_refusal)i),
                          (long long)account->refused_line_counts[i], (long long)account->refused_invoice_counts[i]);
    if (account->first_malformed[0])
        wr_buf_printf(out, "  the first that is malformed: %s\n", account->first_malformed);
    if (account->recoded_line_count > 0)
        wr_buf_printf(out, "%-34s %12lld lines were no UTF-8\n", "Read as Windows-1252",
                      (long long)account->recoded_line_count);
    if (result->fed.last_refusal[0])
        wr_buf_printf(out, "  the gateway said last: %s\n", result->fed.last_refusal);
    wr_buf_printf(out, "%-34s %12.2f GBP\n", "Sales", (double)figures->revenue_pence / 100);
    wr_buf_printf(out, "%-34s %12.1f s\n", "Time, first order to rest", result->seconds);
    wr_buf_printf(out, "%-34s %12.0f\n", "Events and commands per second", events_per_second(result));
    wr_buf_printf(out, "%-34s %8lld / %lld / %lld ms\n", "Order latency p50 / p99 / max",
                  (long long)figures->latency_p50_ms, (long long)figures->latency_p99_ms,
                  (long long)figures->latency_max_ms);
    wr_buf_text(out, "\nInvariants, from the services' own databases and the topic `orders`\n");
    int64_t missing = wr_account_missing(account);
    wr_buf_printf(out, "  %s  every line and invoice is ordered, cancelled or refused\n",
                  missing ? "VIOLATED" : "holds");
    for (int i = 0; i < result->finding_count; i++) {
        const wr_finding *finding = &result->findings[i];
        if (finding->violations == 0)
            wr_buf_printf(out, "  holds  %s\n", finding->sentence);
        else
            wr_buf_printf(out, "  VIOLATED %lld times  %s\n", (long long)finding->violations, finding->sentence);
    }
    if (!result->drained)
        wr_buf_text(out, "  note: not every process drained in time\n");
}

/* "no customer" → "no_customer" */
static void member(const char *name, int64_t value, bool first, wr_buf *out)
{
    wr_buf_text(out, first ? "\"" : ", \"");
    for (; *name; name++) {
        char letter = isalnum((unsigned char)*name) ? *name : '_';
        wr_buf_append(out, &letter, 1);
    }
    wr_buf_printf(out, "\": %lld", (long long)value);
}

void wr_demo_summary_json(const wr_demo_result *result, wr_buf *out)
{
    row rows[ROWS_MAX];
    int count = figure_rows(result, rows);
    const wr_figures *figures = &result->figures;
    wr_buf_text(out, "{");
    for (int i = 0; i < count; i++)
        member(rows[i].name, rows[i].value, i == 0, out);
    wr_buf_text(out, ", \"cancelled_by_cause\": {");
    for (int i = 0; i < figures->cause_count; i++)
        member(figures->causes[i].name, figures->causes[i].count, i == 0, out);
    wr_buf_text(out, "}, \"refused_lines\": {");
    for (int i = 1; i < WR_REFUSAL_COUNT; i++)
        member(wr_refusal_name((wr_refusal)i), result->fed.account.refused_line_counts[i], i == 1, out);
    wr_buf_text(out, "}, \"refused_invoices\": {");
    for (int i = 1; i < WR_REFUSAL_COUNT; i++)
        member(wr_refusal_name((wr_refusal)i), result->fed.account.refused_invoice_counts[i], i == 1, out);
    wr_buf_printf(
        out, "}, \"recoded_lines\": %lld, \"first_malformed\": ", (long long)result->fed.account.recoded_line_count);
    if (result->fed.account.first_malformed[0])
        wr_json_text(out, weir_slice_of(result->fed.account.first_malformed));
    else
        wr_buf_text(out, "null");
    wr_buf_printf(out,
                  ", \"sales_pence\": %lld, \"seconds\": %.3f, \"events_per_second\": %.1f, \"latency_ms\": {\"p50\": "
                  "%lld, \"p99\": %lld, \"max\": %lld}, \"interrupted\": %s, \"drained\": %s, \"invariants\": {",
                  (long long)figures->revenue_pence, result->seconds, events_per_second(result),
                  (long long)figures->latency_p50_ms, (long long)figures->latency_p99_ms,
                  (long long)figures->latency_max_ms, result->interrupted ? "true" : "false",
                  result->drained ? "true" : "false");
    member("account", wr_account_missing(&result->fed.account), true, out);
    for (int i = 0; i < result->finding_count; i++)
        member(result->findings[i].name, result->findings[i].violations, false, out);
    wr_buf_printf(out, "}, \"violations\": %lld}\n", (long long)wr_demo_violations(result));
}
