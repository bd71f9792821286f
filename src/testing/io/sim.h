/* The simulated twin of the kernel: a disk, a clock, chance and a network in memory, all driven by one seed.
 *
 * The same seed and the same calls give the same run; wr_sim_digest proves it. A simulator belongs to one thread (with
 * two the scheduler would decide, not the seed) and ends the program when memory is out: it exists for tests.
 *
 * The disk knows what is in the page cache and what is durable. wr_file_write, truncate, create, rename and remove
 * change the cache; wr_file_sync makes a file's bytes and size durable, wr_dir_sync the names of one directory. What
 * happens to the rest:
 *
 *   process killed   everything survives
 *   power cut        each unsynced write survives wholly, not at all, or as some of its 512-byte sectors, whatever
 *                    happened to the writes before it. A sector is written as the cache had it, so it brings earlier
 *                    writes of the same sector along; a size may survive without its bytes (zeros). Each unsynced name
 *                    survives or not: in half of the cuts in order, as on a journalling file system, else in any subset
 *   failed sync      what was dirty is clean and forgotten: some of it reached the disk, the cache may show old bytes or
 *                    new ones, and the next sync succeeds
 *
 *   for (uint64_t n = 0;; n++) {
 *       wr_sim *sim = wr_sim_new(seed);
 *       wr_sim_cut_at(sim, n);
 *       run_scenario(wr_sim_io(sim));            every call fails with WEIR_E_IO once it is dark
 *       bool cut = wr_sim_dark(sim);
 *       close_everything();
 *       wr_sim_restart(sim);
 *       check_what_was_promised(wr_sim_io(sim));
 *       wr_sim_free(sim);
 *       if (!cut)
 *           break;
 *   }
 */
#ifndef WR_SIM_H
#define WR_SIM_H

#include <io/io.h>
#include <io/loop.h>

typedef struct wr_sim wr_sim;

wr_sim *wr_sim_new(uint64_t seed);
void wr_sim_free(wr_sim *sim); /* accepts NULL; files, streams, listeners and loops must be closed */
wr_io *wr_sim_io(wr_sim *sim); /* lives as long as the simulator; wr_io_free of it does nothing */
/* A new simulator whose disk (cache, durable part and what lies between), clock and capacity are those of this one, as
 * if the process had been killed now. Chance is driven by `seed`: many different crashes of one moment. */
wr_sim *wr_sim_fork(const wr_sim *sim, uint64_t seed);
/* A hash of everything that was done and chosen so far. */
uint64_t wr_sim_digest(const wr_sim *sim);

/* ---- faults. Write-like calls: making a file or a directory, write, truncate, sync, wr_dir_sync, rename, remove. They
 * are counted from 0 since wr_sim_new or the last wr_sim_restart; the composed calls (wr_path_write, …) count as their
 * parts. Read-like: open, read, size, wr_dir_list. */
uint64_t wr_sim_write_count(const wr_sim *sim);
uint64_t wr_sim_read_count(const wr_sim *sim);

/* The power goes during write-like call n; that call's own effect is one more unsynced one. From then on all is dark:
 * every call fails with WEIR_E_IO and no loop runs, until wr_sim_restart. UINT64_MAX: never. */
void wr_sim_cut_at(wr_sim *sim, uint64_t n);
void wr_sim_kill_at(wr_sim *sim, uint64_t n); /* the same, but only the process dies: the page cache survives */
void wr_sim_cut(wr_sim *sim);                 /* now */
void wr_sim_kill(wr_sim *sim);
bool wr_sim_dark(const wr_sim *sim);
/* Light again; decides what survived. Without a cut or kill before, it is a kill. Faults and counts start anew. Files
 * opened before stay unusable (close them), locks are free, connections are reset, and works under way are
 * forgotten. */
void wr_sim_restart(wr_sim *sim);

/* Write-like call n fails with this errno (EIO, ENOSPC), once: a write may leave a prefix, a sync forgets what was
 * dirty. */
void wr_sim_fail_at(wr_sim *sim, uint64_t n, int os_error);
/* The name of the call that it hit ("write", "sync", "dir sync", "create", …), or NULL. */
const char *wr_sim_failed_call(const wr_sim *sim);
/* As many files may be open at a time; past them opening a file and syncing a directory is EMFILE. SIZE_MAX: any. */
void wr_sim_set_open_max(wr_sim *sim, size_t count);
size_t wr_sim_open_count(const wr_sim *sim);
void wr_sim_fail_read_at(wr_sim *sim, uint64_t n, int os_error);
/* The sum of file sizes that fits; past it WEIR_E_FULL. -1: no limit. */
void wr_sim_set_capacity(wr_sim *sim, int64_t capacity_size);
/* Bit rot: flips bit 0..7 of the byte at `at`, on the disk and in the cache. WEIR_E_NOT_FOUND, WEIR_E_RANGE. */
WEIR_MUST_CHECK weir_err wr_sim_flip_bit(wr_sim *sim, const char *path, int64_t at, int bit);

/* ---- what may block. A callback of a loop that makes one of these calls holds everybody up when the disk is slow; they
 * belong into wr_loop_work: wr_file_sync, wr_dir_sync, wr_file_truncate, making, renaming and removing a file or a
 * directory, wr_dir_list, and reading more than 8 MiB in one callback. Not counted: wr_file_write, which goes to the page
 * cache; opening a file that exists; what is called while no loop runs a callback (starting, stopping, tests). */
uint64_t wr_sim_blocking_count(const wr_sim *sim);
/* A call as wr_sim_failed_call names it, done to a file or directory whose name ends like that. */
typedef struct wr_sim_call {
    const char *call, *name_end;
} wr_sim_call;
/* From now on such a call prints its name and ends the program, so that a debugger shows who made it. allowed: but for
 * these, which are counted only; ended by one without a call, and borrowed. NULL: none are. */
void wr_sim_forbid_blocking(wr_sim *sim, const wr_sim_call *allowed);
void wr_sim_permit_blocking(wr_sim *sim); /* all of them again */

/* ---- time: virtual; it moves only by these calls and by wr_sim_step where said */
void wr_sim_advance_ms(wr_sim *sim, int64_t ms); /* only moves the clock: what is due runs at the next steps, late */
void wr_sim_set_wall_ms(wr_sim *sim, int64_t now_ms); /* the wall clock jumps, the monotonic one does not */

/* ---- network and loops */
typedef struct wr_sim_net {
    int delay_us_max;    /* bytes, connections and works take up to this long. Default 500 */
    int partial_percent; /* reads and writes that move only part of what they could. Default 30 */
    int reset_ppm;       /* chance of a reset at every write. Default 0 */
    size_t pipe_size;    /* what one direction of a connection holds. Default 64 KiB */
} wr_sim_net;
void wr_sim_set_net(wr_sim *sim, const wr_sim_net *net);
/* Run one event of one loop, both chosen by the seed among those that are due: a post, a timer, an accept, a stream
 * that is ready, a work that runs or is done, bytes that arrive. When nothing is due but bytes or works are under way, the
 * clock moves to them (or to a timer before them). False: nothing happens any more before the next timer. */
bool wr_sim_step(wr_sim *sim);
/* Steps until nothing is due; the number of steps, at most max_steps. */
size_t wr_sim_run(wr_sim *sim, size_t max_steps);
/* Runs everything that is due in the next ms milliseconds, each thing at its time. The number of steps. */
size_t wr_sim_run_ms(wr_sim *sim, int64_t ms, size_t max_steps);
/* When the next timer of any loop is due, in wr_mono_us time; -1: none. */
int64_t wr_sim_next_timer_us(const wr_sim *sim);
/* The process "gets" a signal: loops that asked for it are told at a later step. */
void wr_sim_signal(wr_sim *sim, int signal);

#endif
