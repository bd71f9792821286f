#include "broker.h"

#include "flusher.h"
#include "partition_int.h"
#include "server_int.h"

#include <assert.h>

static void settle_now(void *user)
{
    wr_broker *broker = user;
    wr_broker_enter(broker);
    wr_broker_leave(broker);
}

void wr_broker_enter(wr_broker *broker)
{
    assert(broker->entered == 0);
    broker->entered = 1;
}

/* Waking may answer requests, writing answers may start requests that waited behind them, and those may append and wake
 * again. It ends: settling reads nothing new from the network. */
void wr_broker_leave(wr_broker *broker)
{
    assert(broker->entered == 1);
    do {
        for (wr_link *link; (link = wr_list_pop(&broker->stirred));)
            wr_partition_settle(WR_LIST_ITEM(link, wr_partition, stirred_link));
        wr_flusher_kick(broker->flusher);
        wr_server_settle(broker->server);
        wr_flusher_kick(broker->flusher); /* what those appended that waited behind an answer */
    } while (!wr_list_empty(&broker->stirred) || wr_server_unsettled(broker->server));
    wr_timer_stop(broker->loop, &broker->settle);
    broker->entered = 0;
}

void wr_broker_stir(wr_broker *broker)
{
    if (broker->entered == 0 && !wr_timer_started(&broker->settle)) {
        /* Only memory can fail, and then the next callback settles. */
        weir_err err = wr_timer_start(broker->loop, &broker->settle, wr_loop_now_us(broker->loop), settle_now, broker);
        (void)err;
    }
}

int64_t wr_broker_now_ms(const wr_broker *broker)
{
    return wr_now_ms(broker->io);
}
