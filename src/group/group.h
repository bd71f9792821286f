/* One classic consumer group: who is a member, which generation holds, who was given what.
 *
 * The machine (diagram and table in group.c) has no socket, disk, clock or chance of its own. Time comes in as `now_ms`
 * (monotonic) with every call; after every call but a heartbeat the owner looks at wr_group_deadline and calls
 * wr_group_expire when it is reached. Answers to JoinGroup and SyncGroup leave through the host's calls, at once or
 * later, exactly one for every waiter that was handed in. What must be on the disk before an answer may leave goes
 * through host->store. So the same code runs under the broker's loop and, on a virtual clock, under the tests.
 *
 * Codes are Kafka's (wire/kafka.h): a refused member is an answer, not a failure of ours. */
#ifndef WR_GROUP_H
#define WR_GROUP_H

#include <weir/bytes.h>

enum { WR_GROUP_ID_SIZE_MAX = 1024, WR_GROUP_INSTANCE_SIZE_MAX = 249, WR_GROUP_PROTOCOL_COUNT_MAX = 64 };

typedef struct wr_group wr_group;

typedef enum wr_group_state {
    WR_GROUP_EMPTY,      /* no members; may hold offsets */
    WR_GROUP_PREPARING,  /* collects JoinGroups of the next generation */
    WR_GROUP_COMPLETING, /* members know the generation; its leader's assignment is not yet here, or not yet durable */
    WR_GROUP_STABLE,     /* every member has, or may fetch, its assignment */
    WR_GROUP_DEAD,       /* deleted; nobody finds it any more */
    WR_GROUP_STATE_COUNT,
} wr_group_state;

const char *wr_group_state_name(wr_group_state state); /* as Kafka says it: "PreparingRebalance" */

typedef struct wr_group_config {
    int64_t initial_delay_ms;       /* group.initial.rebalance.delay.ms: an empty group waits so long for company */
    int64_t new_member_timeout_ms;  /* a member that was never in a generation may wait so long in PREPARING */
    int32_t session_timeout_min_ms; /* group.min.session.timeout.ms */
    int32_t session_timeout_max_ms; /* group.max.session.timeout.ms */
    int32_t member_count_max;       /* group.max.size; pending members count */
    int32_t subscription_size_max;  /* all protocols of one member, bytes */
    int32_t assignment_size_max;    /* of one member, bytes */
    int64_t memory_size_max;        /* members of all groups of the host, bytes */
} wr_group_config;

extern const wr_group_config wr_group_config_default; /* Kafka's values where Kafka has a limit */

typedef struct wr_group_protocol {
    weir_slice name;
    weir_slice metadata;
} wr_group_protocol;

/* ---- what a member asks. Slices are borrowed for the call. */
typedef struct wr_group_join {
    weir_slice member_id;   /* empty: has none yet */
    weir_slice instance_id; /* data NULL: a dynamic member */
    weir_slice client_id, client_host;
    weir_slice protocol_type;
    const wr_group_protocol *protocols; /* in order of preference */
    size_t protocol_count;
    int32_t session_timeout_ms, rebalance_timeout_ms;
    bool need_known_id;       /* JoinGroup v4+: a new dynamic member is first told its id */
    bool can_skip_assignment; /* JoinGroup v9+ */
} wr_group_join;

typedef struct wr_group_assignment {
    weir_slice member_id;
    weir_slice bytes;
} wr_group_assignment;

typedef struct wr_group_sync {
    weir_slice member_id;
    weir_slice instance_id;   /* data NULL: not said */
    weir_slice protocol_type; /* data NULL: not said (before v5) */
    weir_slice protocol_name;
    int32_t generation;
    const wr_group_assignment *assignments; /* from the leader */
    size_t assignment_count;
} wr_group_sync;

/* ---- what the group answers. Slices are valid during the call. */
typedef struct wr_group_member_view {
    weir_slice id, instance_id, client_id, client_host;
    weir_slice metadata; /* of the chosen protocol */
    weir_slice assignment;
    int32_t session_timeout_ms, rebalance_timeout_ms;
} wr_group_member_view;

typedef struct wr_group_joined {
    int16_t error;
    int32_t generation; /* -1 with an error */
    weir_slice protocol_type, protocol_name, leader_id, member_id;
    bool skip_assignment;
    const wr_group *members_of; /* the leader is shown the members (wr_group_member_next); else NULL */
} wr_group_joined;

typedef struct wr_group_synced {
    int16_t error;
    weir_slice protocol_type, protocol_name, assignment;
} wr_group_synced;

/* ---- what the group needs. One host serves all groups of a broker. */
typedef struct wr_group_host {
    wr_group_config config;
    /* Make the group as it is now durable (wr_group_image, wr_group_member_next), then call wr_group_stored with this
     * ticket, in the order of the calls; from inside this call is fine. */
    void (*store)(void *user, wr_group *group, uint64_t ticket);
    void (*joined)(void *user, void *waiter, const wr_group_joined *answer);
    void (*synced)(void *user, void *waiter, const wr_group_synced *answer);
    void (*changed)(void *user, const wr_group *group, wr_group_state from, const char *cause);
    void (*random)(void *user, void *ret_bytes, size_t size);
    void *user;
    int64_t memory_size; /* held by members of all groups; kept by the groups */
} wr_group_host;

/* ---- life. The host is borrowed for life. */
wr_group *wr_group_new(wr_group_host *host, weir_slice id, void *owner); /* EMPTY, generation 0; NULL: memory */
void wr_group_free(wr_group *group);                                     /* nobody may be waiting; accepts NULL */
void *wr_group_owner(const wr_group *group);
/* EMPTY to DEAD. Any other state is a bug. */
void wr_group_kill(wr_group *group);

/* ---- a group that was stored. Members are added first, then the image makes it EMPTY or STABLE, and every member's
 * session starts at now_ms. */
typedef struct wr_group_image {
    int32_t generation;
    weir_slice protocol_type, protocol_name, leader_id; /* data NULL: none */
} wr_group_image;
WEIR_MUST_CHECK weir_err wr_group_restore_member(wr_group *group, const wr_group_member_view *member,
                                                 weir_slice protocol_type, weir_slice protocol_name);
WEIR_MUST_CHECK weir_err wr_group_restore(wr_group *group, const wr_group_image *image, int64_t now_ms);
wr_group_image wr_group_image_of(const wr_group *group);

/* ---- requests. `waiter` belongs to the group until host->joined or host->synced is called with it, which may be
 * before these return. */
void wr_group_handle_join(wr_group *group, const wr_group_join *join, void *waiter, int64_t now_ms);
void wr_group_handle_sync(wr_group *group, const wr_group_sync *sync, void *waiter, int64_t now_ms);
int16_t wr_group_heartbeat(wr_group *group, weir_slice member_id, weir_slice instance_id, int32_t generation,
                           int64_t now_ms);
/* One member of a LeaveGroup: by member id, or by instance id with an empty member id. */
int16_t wr_group_leave(wr_group *group, weir_slice member_id, weir_slice instance_id, int64_t now_ms);
/* May this member commit offsets now? generation -1 with an empty member id is a commit from outside (a tool, a
 * consumer that assigns itself), fine while the group is empty. A commit counts as a heartbeat. */
int16_t wr_group_check_commit(wr_group *group, weir_slice member_id, weir_slice instance_id, int32_t generation,
                              int64_t now_ms);

/* ---- the host's side */
void wr_group_stored(wr_group *group, uint64_t ticket, weir_err err, int64_t now_ms);
int64_t wr_group_deadline(const wr_group *group); /* the next one; INT64_MAX: none */
void wr_group_expire(wr_group *group, int64_t now_ms);
/* Every deadline moves: the broker itself was asleep, its members were not. */
void wr_group_postpone(wr_group *group, int64_t by_ms);
/* Who waited is gone (its connection closed): the member stays, its answer goes nowhere. */
void wr_group_forget(wr_group *group, const void *waiter);
/* Answer everybody who waits with `error` (the broker stops). */
void wr_group_release(wr_group *group, int16_t error);

/* ---- views */
weir_slice wr_group_id(const wr_group *group);
wr_group_state wr_group_state_of(const wr_group *group);
int32_t wr_group_generation(const wr_group *group);
weir_slice wr_group_protocol_type(const wr_group *group); /* empty until a first member joined */
weir_slice wr_group_protocol_name(const wr_group *group);
size_t wr_group_member_count(const wr_group *group);
size_t wr_group_pending_count(const wr_group *group); /* told their id, not yet joined */
/* In the order of joining: for (const wr_group_member *m = NULL; (m = wr_group_member_next(group, m, &view));) */
typedef struct wr_group_member wr_group_member;
const wr_group_member *wr_group_member_next(const wr_group *group, const wr_group_member *after,
                                            wr_group_member_view *ret_member);
/* Does a member's subscription name the topic? False unless the members speak the "consumer" protocol. */
bool wr_group_subscribes(const wr_group *group, weir_slice topic);

#endif
