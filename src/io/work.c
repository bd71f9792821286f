/* Works beside the loop: what the real and the simulated loop share. The implementation is given one work of an order at
 * a time (work_start); those behind it wait here, so that orders need no lock. */
#include "loop_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Takes the work, also when it fails. */
static weir_err work_add(wr_loop *loop, wr_work *work)
{
    wr_work_order *order = work->order;
    weir_err err = loop->work_count < WR_LOOP_WORK_COUNT_MAX ? WEIR_OK : WEIR_E_LIMIT;
    if (err == WEIR_OK && order && order->under_way) {
        if (order->waiting)
            order->waiting_last->next = work;
        else
            order->waiting = work;
        order->waiting_last = work;
    } else if (err == WEIR_OK) {
        err = loop->ops->work_start(loop, work);
        if (err == WEIR_OK && order)
            order->under_way = work;
    }
    if (err == WEIR_OK)
        loop->work_count++;
    else
        free(work);
    return err;
}

weir_err wr_loop_work(wr_loop *loop, wr_work_order *order, weir_err (*run)(void *user),
                      void (*done)(void *user, weir_err err), void *user)
{
    assert(run && done);
    wr_work *work = calloc(1, sizeof *work);
    if (!work)
        return WEIR_E_MEMORY;
    *work = (wr_work){.loop = loop, .order = order, .run = run, .done = done, .user = user};
    return work_add(loop, work);
}

void wr_work_run(wr_work *work)
{
    errno = 0;
    work->err = work->run(work->user);
    work->os_error = errno;
}

/* Tells its owner, who may free the order. */
static void tell(wr_work *work)
{
    work->loop->work_count--;
    errno = work->os_error;
    work->done(work->user, work->err);
    free(work);
}

/* The next of the order starts before what is done is told, which may free the order's owner. */
static void done_in(wr_work_order *order, wr_work *work)
{
    wr_work *next = order->waiting;
    assert(next != work); /* who waits is not under way */
    order->under_way = next;
    if (next) {
        order->waiting = next->next;
        next->next = NULL;
        weir_err err = work->loop->ops->work_start(work->loop, next);
        assert(err == WEIR_OK); /* there is a worker: this one has run */
    }
    tell(work);
}

void wr_work_done(wr_work *work)
{
    if (work->order)
        done_in(work->order, work);
    else
        tell(work);
}

void wr_loop_work_cancel(wr_loop *loop, wr_work_order *order)
{
    wr_work *work = order->under_way;
    if (!work)
        return;
    loop->ops->work_take(loop, work);
    work->next = order->waiting;
    *order = (wr_work_order){0};
    for (wr_work *next; work; work = next) {
        next = work->next;
        if (work->state != WR_WORK_RETURNED)
            work->err = WEIR_E_CLOSED;
        tell(work);
    }
}

void wr_loop_work_finish(wr_loop *loop, wr_work_order *order)
{
    for (wr_work *work; (work = order->under_way);) {
        loop->ops->work_await(loop, work);
        done_in(order, work);
    }
}

void wr_work_forget(wr_work *work)
{
    wr_work_order *order = work->order;
    work->next = order ? order->waiting : NULL;
    if (order)
        *order = (wr_work_order){0};
    for (wr_work *next; work; work = next) {
        next = work->next;
        work->loop->work_count--;
        free(work);
    }
}
