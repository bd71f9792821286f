/* Prometheus' text format 0.0.4: what /metrics answers.
 *
 *     # HELP name sentence
 *     # TYPE name counter|gauge|histogram
 *     name{label="value",…} number
 *
 * Names have base units (seconds, bytes), counters end with _total, and all lines of one name stand together. */
#ifndef WR_EXPOSITION_H
#define WR_EXPOSITION_H

#include <base/buf.h>
#include <http/http.h>

void wr_metric_head(wr_buf *out, const char *name, const char *type, const char *help);
/* labels end with {0}; NULL: none. Their values are escaped. */
void wr_metric_value(wr_buf *out, const char *name, const weir_attribute *labels, double value);
/* Head and one value. */
void wr_metric(wr_buf *out, const char *name, const char *type, const char *help, const weir_attribute *labels,
               double value);

/* What every process has: weir_build_info and process_*, as Prometheus' own client libraries name them. */
void wr_process_metrics(const char *service, wr_buf *out);
void wr_http_metrics(const wr_http_server *server, const char *service, wr_buf *out);

#endif
