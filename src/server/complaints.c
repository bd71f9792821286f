/* Lines of the log that clients cause. A client can have itself refused or hung up on as fast as it can connect, so of each
 * kind of line LINE_MAX are written in WINDOW_MS; the others are counted, and the count is written when the time is
 * over. */
#include "server_int.h"

enum { LINE_MAX = 10, WINDOW_MS = 10 * 1000 };

static const char *const messages[WR_COMPLAINT_COUNT] = {
    [WR_COMPLAINT_CLOSED] = "connection closed",
    [WR_COMPLAINT_REFUSED] = "connection refused",
};

void wr_complaints_init(wr_complaints *complaints, wr_server *server)
{
    for (int i = 0; i < WR_COMPLAINT_COUNT; i++)
        complaints[i] = (wr_complaints){
            .server = server, .message = messages[i], .limit = {.window_ms = WINDOW_MS, .line_max = LINE_MAX}};
}

static void tell_left_out(const wr_complaints *complaints, uint64_t count)
{
    if (count > 0)
        wr_trace_log(complaints->server->trace, WR_WARN, complaints->message,
                     WR_TEXT("reason", "more of these lines were left out"), WR_NUMBER("count", count));
}

static void window_ended(void *user)
{
    wr_complaints *complaints = user;
    tell_left_out(complaints, complaints->limit.left_out);
    complaints->limit.left_out = 0;
}

void wr_complaints_fini(wr_complaints *complaints)
{
    for (int i = 0; i < WR_COMPLAINT_COUNT; i++) {
        wr_timer_stop(complaints[i].server->loop, &complaints[i].timer);
        window_ended(&complaints[i]);
    }
}

void wr_complain(wr_server *server, wr_complaint kind, const wr_stream *from, const char *reason)
{
    wr_complaints *complaints = &server->complaints[kind];
    uint64_t left_out;
    if (wr_trace_allows(&complaints->limit, wr_loop_now_us(server->loop), &left_out)) {
        tell_left_out(complaints, left_out); /* the timer has not run yet, or there was no memory for it */
        wr_trace_log(server->trace, WR_WARN, complaints->message, WR_TEXT("peer", wr_stream_peer(from)),
                     WR_TEXT("reason", reason));
        return;
    }
    if (!wr_timer_started(&complaints->timer)) /* without memory for it, the next line or wr_complaints_fini tells */
        (void)!wr_timer_start(server->loop, &complaints->timer, complaints->limit.until_us, window_ended, complaints);
}
