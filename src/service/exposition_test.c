#include "exposition.h"
#include "test.h"

#include <math.h>

TEST(labels_are_escaped_and_numbers_are_exact)
{
    wr_buf out;
    wr_buf_init(&out, 10000);
    wr_metric(&out, "a_total", "counter", "What\nit\\is.",
              (const weir_attribute[]){{"x", "a\"b\\c\nd"}, {"y", ""}, {0}}, 9007199254740991.0);
    wr_metric(&out, "b_seconds", "gauge", "Two.", NULL, 0.1);
    wr_metric_value(&out, "b_seconds", (const weir_attribute[]){{0}}, 1234567.25);
    wr_metric_value(&out, "c", NULL, 1e6);
    CHECK_STR(wr_buf_cstr(&out), "# HELP a_total What\\nit\\\\is.\n# TYPE a_total counter\n"
                                 "a_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 9007199254740991\n"
                                 "# HELP b_seconds Two.\n# TYPE b_seconds gauge\nb_seconds 0.1\nb_seconds 1234567.25\n"
                                 "c 1000000\n");
    wr_buf_fini(&out);
}

TEST(values_without_end_are_written_as_prometheus_reads_them)
{
    wr_buf out;
    wr_buf_init(&out, 1000);
    wr_metric_value(&out, "a", NULL, (double)INFINITY);
    wr_metric_value(&out, "b", NULL, (double)-INFINITY);
    wr_metric_value(&out, "c", NULL, (double)NAN);
    CHECK_STR(wr_buf_cstr(&out), "a +Inf\nb -Inf\nc NaN\n");
    wr_buf_fini(&out);
}
