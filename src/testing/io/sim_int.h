/* What the files of the simulator share: sim.c (seed, faults, clock), sim_node.c (what a file and a directory hold and
 * what a cut leaves of it), sim_disk.c (the calls), sim_loop.c, sim_net.c and sim_work.c (loops, streams and
 * works). */
#ifndef WR_SIM_INT_H
#define WR_SIM_INT_H

#include "sim.h"
#include <io/io_int.h>
#include <io/loop_int.h>

#include <base/list.h>

enum { SIM_SECTOR_SIZE = 512, SIM_FILE_SIZE_MAX = 1 << 30 };

static inline weir_err sim_fail(int os_error)
{
    errno = os_error;
    return wr_err_of_errno(os_error);
}

/* ---- memory: the simulator ends the program when it is out */
void *sim_alloc(size_t size); /* zeroed */
void *sim_grow(void *items, size_t *capacity, size_t count, size_t item_size);
char *sim_dup_text(const char *text, size_t size);

/* ---- chance: splitmix64, one stream for each purpose, so that a fault changes nothing before it */
typedef struct sim_chance {
    uint64_t state;
} sim_chance;

uint64_t sim_next(sim_chance *chance);
uint64_t sim_below(sim_chance *chance, uint64_t limit); /* 0 when limit is 0 */
static inline bool sim_percent(sim_chance *chance, unsigned percent)
{
    return sim_below(chance, 100) < percent;
}

/* ---- nodes */
typedef struct sim_bytes {
    uint8_t *data;
    size_t size, capacity;
} sim_bytes;

void sim_bytes_resize(sim_bytes *bytes, size_t size); /* zeros what is new */
void sim_bytes_copy(sim_bytes *to, const sim_bytes *from);

/* A write or a truncation that is in the cache only. */
typedef struct sim_change {
    struct sim_change *next;
    uint64_t sequence;
    bool truncate;
    size_t at; /* truncate: the new size */
    size_t size;
    uint8_t bytes[];
} sim_change;

typedef struct sim_node sim_node;

typedef struct sim_entry {
    char *name;
    sim_node *node;
} sim_entry;

typedef struct sim_names { /* sorted by name; holds a reference on each node */
    sim_entry *items;
    size_t count, capacity;
} sim_names;

struct sim_node {
    wr_link link; /* sim.nodes, in order of making */
    uint64_t id;
    size_t ref_count;
    bool is_dir;
    const void *locked_by; /* the file that holds the lock */
    sim_node *copy;        /* while a disk is being copied */
    sim_bytes live, durable;
    int64_t written_ms;
    sim_change *changes, **changes_end;
    sim_names live_names, durable_names;
};

/* A change of names that is in the cache only: dir/name becomes node (NULL: nothing), and from_dir/from_name goes. */
typedef struct sim_renaming {
    wr_link link;
    sim_node *dir, *node, *from_dir;
    char *name, *from_name;
} sim_renaming;

sim_node *sim_node_new(wr_sim *sim, bool is_dir); /* with one reference */
sim_node *sim_node_ref(sim_node *node);
void sim_node_unref(sim_node *node); /* accepts NULL */
void sim_node_write(wr_sim *sim, sim_node *node, size_t at, const void *bytes, size_t size);
void sim_node_truncate(wr_sim *sim, sim_node *node, size_t size);
void sim_node_sync(sim_node *node);
void sim_node_forget(wr_sim *sim, sim_node *node); /* a failed sync */
sim_node *sim_names_find(const sim_names *names, const char *name, size_t size);
void sim_names_set(sim_names *names, const char *name, sim_node *node); /* NULL removes */
/* Change names in the cache and remember what is not durable. `from_dir` may be NULL. */
void sim_rename(wr_sim *sim, sim_node *dir, const char *name, sim_node *node, sim_node *from_dir,
                const char *from_name);
void sim_dir_sync(wr_sim *sim, sim_node *dir);
void sim_disk_cut(wr_sim *sim);                     /* decide what survived; the cache is then what is durable */
void sim_disk_copy(wr_sim *to, const wr_sim *from); /* into an empty disk */
void sim_disk_fini(wr_sim *sim);

/* ---- the simulator */
typedef enum sim_end { SIM_LIGHT, SIM_KILLED, SIM_CUT } sim_end;

/* What becomes of one write-like call. */
typedef enum sim_fate {
    SIM_GO,
    SIM_FAIL,   /* the injected error */
    SIM_LAST,   /* the power goes during it */
    SIM_HALF,   /* the process dies during it: done, half done or not done */
    SIM_REFUSE, /* it is dark */
} sim_fate;

typedef struct sim_fault {
    uint64_t at; /* the call's number; UINT64_MAX: never */
    int os_error;
} sim_fault;

/* Who makes the calls of this moment. */
typedef enum sim_caller { SIM_BY_TEST, SIM_BY_LOOP, SIM_BY_WORKER } sim_caller;

struct wr_sim {
    wr_io base;
    sim_chance disk_chance, order_chance, net_chance, user_chance;
    uint64_t digest;

    uint64_t write_count, read_count;
    uint64_t cut_at, kill_at;
    sim_fault fail_write, fail_read;
    int64_t capacity_size; /* -1: no limit */
    size_t open_count, open_count_max;
    const char *failed_call; /* that the injected error of a write-like call hit; NULL: none */
    sim_end end;
    uint64_t life; /* counts restarts: files of an earlier life are unusable */

    sim_caller caller;
    uint64_t step_read_size; /* what this callback of a loop has read */
    uint64_t blocking_count; /* calls that may block, made by a callback of a loop */
    bool forbids_blocking;
    const wr_sim_call *allowed; /* nevertheless; NULL: none */

    uint64_t next_node_id, next_sequence;
    wr_list nodes;
    wr_list renamings;
    sim_node *root;

    int64_t mono_us;
    int64_t wall_ahead_us; /* wall clock minus monotonic */

    wr_list loops; /* sim_loop */
    wr_sim_net net;
    int next_port;
    struct sim_pick *picks; /* scratch of wr_sim_step */
    size_t pick_capacity;
};

void sim_note(wr_sim *sim, const char *what, uint64_t a, uint64_t b, uint64_t c); /* into the digest */
/* name: of what it is done to, within its directory. */
sim_fate sim_begin_write(wr_sim *sim, const char *what, const char *name, uint64_t node_id, uint64_t at, uint64_t size);
bool sim_happens(wr_sim *sim, sim_fate fate);               /* of a call that happens wholly or not at all */
size_t sim_prefix(wr_sim *sim, sim_fate fate, size_t size); /* of a write: how much reaches the cache */
weir_err sim_end_write(wr_sim *sim, sim_fate fate);         /* and errno */
weir_err sim_begin_read(wr_sim *sim);
void sim_blocks(wr_sim *sim, const char *what, const char *name); /* it may block: see wr_sim_forbid_blocking */
void sim_count_read(wr_sim *sim, size_t size);
extern const wr_io_ops sim_disk_ops;

weir_err sim_loop_new(wr_io *io, wr_loop **ret_loop);
void sim_net_reset_all(wr_sim *sim); /* connections and syncs under way are gone */

static inline wr_sim *sim_of(wr_io *io)
{
    return (wr_sim *)(void *)((char *)io - offsetof(wr_sim, base));
}

#endif
