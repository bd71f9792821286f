/* Works beside a simulated loop. Each is two events: it runs, whole and at once, and some time later the loop is told. The
 * seed draws both times, so works overtake each other, everything else happens between them, and so do cuts and kills:
 * a work that had not run never does, and one that had run is never told of. */
#include "sim_loop_int.h"

static int64_t later_us(wr_sim *sim)
{
    return sim->mono_us + (int64_t)sim_below(&sim->net_chance, (uint64_t)sim->net.delay_us_max + 1);
}

weir_err sim_work_start(wr_loop *base, wr_work *work)
{
    sim_loop *loop = sim_loop_of(base);
    work->due_us = later_us(loop->sim);
    wr_list_append(loop->sim->end == SIM_LIGHT ? &loop->works : &loop->lost_works, &work->link);
    return WEIR_OK;
}

void sim_work_take(wr_loop *base, wr_work *work)
{
    (void)base;
    wr_link_remove(&work->link);
}

static void run(wr_sim *sim, wr_work *work)
{
    sim->caller = SIM_BY_WORKER;
    wr_work_run(work);
    work->state = WR_WORK_RETURNED;
}

void sim_work_step(sim_loop *loop, wr_work *work)
{
    if (work->state == WR_WORK_RETURNED) {
        wr_link_remove(&work->link);
        wr_work_done(work);
        return;
    }
    run(loop->sim, work);
    work->due_us = later_us(loop->sim);
}

/* Who waits sees it run at once. */
void sim_work_await(wr_loop *base, wr_work *work)
{
    wr_sim *sim = sim_loop_of(base)->sim;
    sim_caller caller = sim->caller;
    if (work->state != WR_WORK_RETURNED)
        run(sim, work);
    sim->caller = caller;
    wr_link_remove(&work->link);
}

static void move_all(wr_list *from, wr_list *to)
{
    for (wr_link *first; (first = wr_list_pop(from));)
        wr_list_append(to, first);
}

void sim_works_lose(sim_loop *loop)
{
    move_all(&loop->works, &loop->lost_works);
}

void sim_works_fini(sim_loop *loop)
{
    sim_works_lose(loop);
    for (wr_link *first; (first = wr_list_pop(&loop->lost_works));)
        wr_work_forget(WR_LIST_ITEM(first, wr_work, link));
}
