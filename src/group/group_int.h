/* Inside a group: members, waiters, deadlines. Shared by group*.c that make up the machine. */
#ifndef WR_GROUP_INT_H
#define WR_GROUP_INT_H

#include <base/list.h>
#include <base/map.h>
#include <group/group.h>
#include <wire/kafka.h>

#include <assert.h>
#include <stdlib.h>

/* What a member's JoinGroup waits for. */
typedef enum joining {
    JOINING_NOT,
    JOINING_GENERATION, /* the next generation */
    JOINING_STORE,      /* a static member took its place back; its new id must be durable first */
} joining;

struct wr_group_member {
    wr_link link;
    weir_slice id, instance_id, client_id, client_host; /* in names_block */
    void *names_block;
    wr_group_protocol *protocols; /* one block with their bytes */
    size_t protocol_count, protocols_size;
    weir_slice assignment; /* own block */
    int32_t session_timeout_ms, rebalance_timeout_ms;
    int64_t deadline_ms; /* not looked at while it waits for an answer, unless it is new */
    bool is_new;         /* never was in a generation */
    bool owes_sync;      /* was told the generation and has not asked for its assignment */

    joining joining;
    void *join_waiter;      /* NULL: nobody listens */
    uint64_t store_ticket;  /* JOINING_STORE */
    bool can_skip;          /* JOINING_STORE: JoinGroup v9+ */
    weir_slice told_leader; /* JOINING_STORE: the leader's id before, own block */

    bool syncing;
    void *sync_waiter;
};

/* Told its id by MEMBER_ID_REQUIRED, not yet back with it. */
typedef struct pending {
    wr_link link;
    int64_t deadline_ms;
    size_t id_size;
    uint8_t id[];
} pending;

struct wr_group {
    wr_group_host *host;
    weir_slice id; /* own block */
    wr_group_state state;
    int32_t generation;
    weir_slice protocol_type, protocol_name; /* own blocks; data NULL: none */
    void *owner;

    wr_list members; /* in the order of joining */
    size_t member_count;
    wr_map *by_id; /* made with the first member */
    wr_group_member *leader;
    wr_list pendings;
    size_t pending_count;

    /* PREPARING: when it ends without those who are missing. COMPLETING and STABLE: when those who owe a sync go. */
    int64_t phase_deadline_ms;
    bool initial; /* PREPARING from EMPTY: waits the delay, whoever is here */
    bool new_member_added;
    int64_t initial_left_ms;

    uint64_t last_ticket;
    uint64_t sync_ticket; /* COMPLETING: the leader's assignment is being stored; 0: not yet here */
};

/* ---- group.c */
typedef enum wr_group_cause {
    WR_GROUP_CAUSE_JOIN,
    WR_GROUP_CAUSE_CHANGE,
    WR_GROUP_CAUSE_JOINED,
    WR_GROUP_CAUSE_DESERTED,
    WR_GROUP_CAUSE_ASSIGNED,
    WR_GROUP_CAUSE_LOADED,
    WR_GROUP_CAUSE_DELETED,
    WR_GROUP_CAUSE_COUNT,
} wr_group_cause;
void wr_group_move(wr_group *group, wr_group_cause cause);
/* A new generation is needed: collect JoinGroups, or, where that is under way, see whether it is complete. */
void wr_group_rebalance(wr_group *group, int64_t now_ms);
/* After members or pending members went. */
void wr_group_shrunk(wr_group *group, bool members_too, int64_t now_ms);
uint64_t wr_group_ticket(wr_group *group);

/* ---- group_member.c */
bool wr_group_slice_dup(weir_slice from, weir_slice *ret_slice); /* false: memory; null stays null */
static inline void wr_group_slice_free(weir_slice owned)
{
    free((void *)(uintptr_t)owned.data);
}
wr_group_member *wr_group_member_find(const wr_group *group, weir_slice id);
wr_group_member *wr_group_member_find_static(const wr_group *group, weir_slice instance_id);
/* Its member, or NULL and the code to answer. */
wr_group_member *wr_group_member_check(const wr_group *group, weir_slice id, weir_slice instance_id,
                                       int16_t *ret_error);
/* NULL: memory, or past the budget. */
WEIR_MUST_CHECK weir_err wr_group_member_add(wr_group *group, weir_slice id, const wr_group_join *join,
                                             wr_group_member **ret_member);
/* Forgets everything about the member; whoever waits for it is answered `error`. */
void wr_group_member_remove(wr_group *group, wr_group_member *member, int16_t error);
/* A new id and names for the same member. */
WEIR_MUST_CHECK weir_err wr_group_member_rename(wr_group *group, wr_group_member *member, weir_slice id,
                                                const wr_group_join *join);
WEIR_MUST_CHECK weir_err wr_group_member_subscribe(wr_group *group, wr_group_member *member, const wr_group_join *join);
bool wr_group_member_matches(const wr_group_member *member, const wr_group_join *join);
WEIR_MUST_CHECK weir_err wr_group_member_assign(wr_group *group, wr_group_member *member, weir_slice bytes);
weir_slice wr_group_member_metadata(const wr_group_member *member, weir_slice protocol_name);
int64_t wr_group_member_deadline(const wr_group_member *member);
void wr_group_member_touch(wr_group_member *member, int64_t now_ms);

pending *wr_group_pending_find(const wr_group *group, weir_slice id);
WEIR_MUST_CHECK weir_err wr_group_pending_add(wr_group *group, weir_slice id, int64_t deadline_ms);
void wr_group_pending_remove(wr_group *group, pending *pending);

/* Could somebody with these protocols join those who are here (without `except`)? */
bool wr_group_supports(const wr_group *group, const wr_group_join *join, const wr_group_member *except);
/* The protocol that all support and most prefer; of equals, the one the first member likes best. */
weir_slice wr_group_vote(const wr_group *group);

/* Answer a member's JoinGroup or SyncGroup, if it has one. */
void wr_group_answer_join(wr_group *group, wr_group_member *member, const wr_group_joined *answer);
void wr_group_answer_sync(wr_group *group, wr_group_member *member, int16_t error);
/* The present generation, as a member is told it. */
wr_group_joined wr_group_told(const wr_group *group, const wr_group_member *member);

/* ---- group_subscription.c: the consumer protocol's ConsumerProtocolSubscription */
bool wr_subscription_names(weir_slice metadata, weir_slice topic);
bool wr_subscription_same_topics(weir_slice a,
                                 weir_slice b); /* as sets; bytes that cannot be read equal only themselves */

#endif
