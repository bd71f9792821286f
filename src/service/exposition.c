/* The text format, and the metrics that a process has whatever it does. See exposition.h. */
#include "exposition.h"

#include <weir/version.h>

#include <io/process.h>

#include <math.h>

static void escape(wr_buf *out, const char *text, bool is_label)
{
    for (; *text; text++)
        if (*text == '\\')
            wr_buf_text(out, "\\\\");
        else if (*text == '\n')
            wr_buf_text(out, "\\n");
        else if (*text == '"' && is_label)
            wr_buf_text(out, "\\\"");
        else
            wr_buf_append(out, text, 1);
}

void wr_metric_head(wr_buf *out, const char *name, const char *type, const char *help)
{
    wr_buf_printf(out, "# HELP %s ", name);
    escape(out, help, false);
    wr_buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

void wr_metric_value(wr_buf *out, const char *name, const weir_attribute *labels, double value)
{
    wr_buf_text(out, name);
    for (const weir_attribute *label = labels; label && label->name; label++) {
        wr_buf_printf(out, "%s%s=\"", label == labels ? "{" : ",", label->name);
        escape(out, label->value, true);
        wr_buf_text(out, "\"");
    }
    if (labels && labels->name)
        wr_buf_text(out, "}");
    if (isnan(value))
        wr_buf_text(out, " NaN\n");
    else if (isinf(value))
        wr_buf_text(out, value > 0 ? " +Inf\n" : " -Inf\n");
    else /* whole numbers exactly, as far as a double has them; else no digits that only rounding made */
        wr_buf_printf(out, value == rint(value) ? " %.17g\n" : " %.15g\n", value);
}

void wr_metric(wr_buf *out, const char *name, const char *type, const char *help, const weir_attribute *labels,
               double value)
{
    wr_metric_head(out, name, type, help);
    wr_metric_value(out, name, labels, value);
}

void wr_process_metrics(const char *service, wr_buf *out)
{
    const weir_attribute build[] = {{"service", service}, {"version", WEIR_VERSION}, {0}};
    wr_metric(out, "weir_build_info", "gauge", "Always 1; the labels say what runs.", build, 1);
    wr_process_usage usage;
    if (wr_usage_read(wr_self_id(), &usage) == WEIR_OK) {
        wr_metric(out, "process_cpu_seconds_total", "counter", "Processor time used, of user and system.", NULL,
                  (double)usage.cpu_us / 1e6);
        wr_metric(out, "process_resident_memory_bytes", "gauge", "Memory that is in RAM.", NULL,
                  (double)usage.rss_size);
        wr_metric(out, "process_virtual_memory_bytes", "gauge", "Memory that is mapped.", NULL,
                  (double)usage.virtual_size);
        wr_metric(out, "process_threads", "gauge", "Threads.", NULL, (double)usage.thread_count);
        wr_metric(out, "process_start_time_seconds", "gauge", "When the process started, Unix epoch.", NULL,
                  (double)usage.started_ms / 1e3);
    }
    int64_t open = wr_self_descriptors_open(), max = wr_self_descriptors_max();
    if (open >= 0)
        wr_metric(out, "process_open_fds", "gauge", "Descriptors that are open: files and connections.", NULL,
                  (double)open);
    wr_metric(out, "process_max_fds", "gauge", "Descriptors that may be open.", NULL,
              max == INT64_MAX ? (double)INFINITY : (double)max);
}

void wr_http_metrics(const wr_http_server *server, const char *service, wr_buf *out)
{
    wr_http_numbers n;
    wr_http_server_numbers(server, &n);
    const weir_attribute own[] = {{"service", service}, {0}};
    wr_metric(out, "weir_http_connections", "gauge", "Connections that are open.", own, (double)n.connections);
    wr_metric(out, "weir_http_connections_max", "gauge", "Connections that may be open at a time.", own,
              (double)n.connection_max);
    wr_metric(out, "weir_http_connections_accepted_total", "counter", "Connections accepted.", own, (double)n.accepted);
    wr_metric(out, "weir_http_requests_in_flight", "gauge", "Requests that are being worked on.", own,
              (double)n.requests);
    wr_metric(out, "weir_http_requests_in_flight_max", "gauge", "Requests that may be worked on at a time.", own,
              (double)n.request_max);
    wr_metric(out, "weir_http_requests_held_bytes", "gauge", "Bytes of requests that are held.", own,
              (double)n.memory_size);
    wr_metric(out, "weir_http_requests_held_max_bytes", "gauge", "Bytes of requests that may be held.", own,
              (double)n.memory_max);
    wr_metric_head(out, "weir_http_responses_total", "counter", "Answers, by the first digit of their status.");
    static const char *const codes[] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 2; i < sizeof codes / sizeof *codes; i++)
        wr_metric_value(out, "weir_http_responses_total",
                        (const weir_attribute[]){{"service", service}, {"code", codes[i]}, {0}}, (double)n.answered[i]);
    wr_metric_head(out, "weir_http_limit_hits_total", "counter", "How often a limit was reached, by its setting.");
    for (wr_http_limit limit = 0; limit < WR_HTTP_LIMIT_COUNT; limit++)
        wr_metric_value(out, "weir_http_limit_hits_total",
                        (const weir_attribute[]){{"service", service}, {"limit", wr_http_limit_name(limit)}, {0}},
                        (double)n.limits[limit]);
}
