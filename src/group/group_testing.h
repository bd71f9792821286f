/* For tests: one group on a virtual clock, its clients, and a disk that is as slow or broken as a test wants it. */
#ifndef WR_GROUP_TESTING_H
#define WR_GROUP_TESTING_H

#include "group.h"

#include <wire/kafka.h>

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

enum {
    SESSION_MS = 10000,
    REBALANCE_MS = 60000,
    DELAY_MS = 3000,
    ANSWERS = 6000,
    MEMBERS = 32,
    TEXT = 48,
    TICKETS = 64
};

struct client;

/* What came for one JoinGroup or SyncGroup. */
typedef struct answer {
    struct client *of;
    int count; /* exactly one in the end, unless its connection was closed */
    bool forgotten;
    int16_t error;
    int32_t generation; /* told by JoinGroup, said by SyncGroup */
    bool shown, skip;   /* the members were shown; told to skip the assignment */
    size_t member_count;
    char members[MEMBERS][TEXT];
    char leader[TEXT], member[TEXT], protocol[TEXT], assignment[TEXT];
} answer;

/* One consumer, as it would behave. */
typedef struct client {
    const char *instance; /* NULL: dynamic */
    const char *protocol, *second, *metadata;
    int32_t session_ms, rebalance_ms;
    bool v4, v9;
    char id[TEXT];
    int32_t generation;
    answer *joining, *syncing; /* the last of each */
} client;

typedef struct lab {
    wr_group_host host;
    wr_group *group;
    int64_t now_ms;
    uint64_t chance;
    bool slow; /* the disk: tickets wait for finish_store */
    uint64_t tickets[TICKETS];
    size_t ticket_count;
    answer *answers;
    size_t answer_count;
} lab;

static inline void put(char ret_text[TEXT], weir_slice from)
{
    CHECK(from.size < TEXT);
    snprintf(ret_text, TEXT, "%.*s", (int)from.size, from.data ? (const char *)from.data : "");
}

static inline void on_joined(void *user, void *waiter, const wr_group_joined *told)
{
    (void)user;
    answer *to = waiter;
    to->count++;
    to->error = told->error;
    to->generation = told->generation;
    to->skip = told->skip_assignment;
    put(to->leader, told->leader_id);
    put(to->member, told->member_id);
    put(to->protocol, told->protocol_name);
    to->shown = told->members_of != NULL;
    wr_group_member_view view;
    for (const wr_group_member *m = NULL; told->members_of && (m = wr_group_member_next(told->members_of, m, &view));) {
        CHECK(to->member_count < MEMBERS);
        put(to->members[to->member_count++], view.id);
    }
    client *of = to->of;
    if (of->joining != to)
        return; /* it has asked again since */
    if (told->error == WR_KAFKA_NONE || told->error == WR_KAFKA_MEMBER_ID_REQUIRED) {
        memcpy(of->id, to->member, TEXT);
        of->generation = told->generation;
    } else if (told->error == WR_KAFKA_UNKNOWN_MEMBER_ID || told->error == WR_KAFKA_FENCED_INSTANCE_ID) {
        of->id[0] = '\0';
    }
}

static inline void on_synced(void *user, void *waiter, const wr_group_synced *told)
{
    (void)user;
    answer *to = waiter;
    to->count++;
    to->error = told->error;
    put(to->assignment, told->assignment);
    put(to->protocol, told->protocol_name);
}

static inline void on_store(void *user, wr_group *group, uint64_t ticket)
{
    lab *lab = user;
    if (!lab->slow) {
        wr_group_stored(group, ticket, WEIR_OK, lab->now_ms);
        return;
    }
    CHECK(lab->ticket_count < TICKETS);
    lab->tickets[lab->ticket_count++] = ticket;
}

static inline void on_changed(void *user, const wr_group *group, wr_group_state from, const char *cause)
{
    (void)user, (void)group, (void)from, (void)cause;
}

static inline void on_random(void *user, void *ret_bytes, size_t size)
{
    lab *lab = user;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_bytes)[i] = (uint8_t)test_random(&lab->chance);
}

static inline lab *open_lab(int64_t delay_ms, uint64_t seed)
{
    lab *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->answers = calloc(ANSWERS, sizeof *made->answers);
    CHECK(made->answers != NULL);
    made->host = (wr_group_host){.config = wr_group_config_default,
                                 .store = on_store,
                                 .joined = on_joined,
                                 .synced = on_synced,
                                 .changed = on_changed,
                                 .random = on_random,
                                 .user = made};
    made->host.config.initial_delay_ms = delay_ms;
    made->chance = seed;
    made->now_ms = 1000000;
    made->group = wr_group_new(&made->host, WEIR_SLICE("g"), made);
    CHECK(made->group != NULL);
    return made;
}

/* Everybody was answered once, and no byte is still on the account. */
static inline void close_lab(lab *lab)
{
    wr_group_release(lab->group, WR_KAFKA_COORDINATOR_NOT_AVAILABLE);
    for (size_t i = 0; i < lab->answer_count; i++)
        CHECK_EQ(lab->answers[i].count, lab->answers[i].forgotten ? 0 : 1);
    wr_group_free(lab->group);
    CHECK_EQ(lab->host.memory_size, 0);
    free(lab->answers);
    free(lab);
}

static inline void finish_store(lab *lab, weir_err err)
{
    CHECK(lab->ticket_count > 0);
    uint64_t ticket = lab->tickets[0];
    memmove(lab->tickets, lab->tickets + 1, --lab->ticket_count * sizeof lab->tickets[0]);
    wr_group_stored(lab->group, ticket, err, lab->now_ms);
}

static inline void pass(lab *lab, int64_t ms)
{
    int64_t until_ms = lab->now_ms + ms;
    for (int i = 0; wr_group_deadline(lab->group) <= until_ms; i++) {
        CHECK(i < 10000); /* else time stands still */
        int64_t at_ms = wr_group_deadline(lab->group);
        lab->now_ms = at_ms > lab->now_ms ? at_ms : lab->now_ms;
        wr_group_expire(lab->group, lab->now_ms);
    }
    lab->now_ms = until_ms;
}

static inline client consumer(void)
{
    return (client){.protocol = "range", .metadata = "m", .session_ms = SESSION_MS, .rebalance_ms = REBALANCE_MS};
}

static inline client static_consumer(const char *instance)
{
    client made = consumer();
    made.instance = instance;
    return made;
}

static inline answer *ask(lab *lab, client *of)
{
    CHECK(lab->answer_count < ANSWERS);
    answer *made = &lab->answers[lab->answer_count++];
    made->of = of;
    return made;
}

static inline answer *join(lab *lab, client *of)
{
    wr_group_protocol protocols[] = {{weir_slice_of(of->protocol), weir_slice_of(of->metadata)},
                                     {weir_slice_of(of->second), weir_slice_of(of->metadata)}};
    wr_group_join in = {.member_id = weir_slice_of(of->id),
                        .instance_id = weir_slice_of(of->instance),
                        .client_id = WEIR_SLICE("c"),
                        .client_host = WEIR_SLICE("/h"),
                        .protocol_type = WEIR_SLICE("consumer"),
                        .protocols = protocols,
                        .protocol_count = of->second ? 2 : 1,
                        .session_timeout_ms = of->session_ms,
                        .rebalance_timeout_ms = of->rebalance_ms,
                        .need_known_id = of->v4,
                        .can_skip_assignment = of->v9};
    of->joining = ask(lab, of);
    answer *asked = of->joining;
    wr_group_handle_join(lab->group, &in, asked, lab->now_ms);
    return asked;
}

/* The leader gives the k-th of the members it was shown "<generation>/<k>", and those past `most` nothing. */
static inline answer *sync_some(lab *lab, client *of, size_t most)
{
    const answer *seen = of->joining;
    wr_group_assignment assignments[MEMBERS];
    char texts[MEMBERS][TEXT];
    size_t count = seen && seen->count == 1 && seen->shown ? seen->member_count : 0;
    count = count < most ? count : most;
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], TEXT, "%d/%zu", (int)of->generation, i);
        assignments[i] = (wr_group_assignment){weir_slice_of(seen->members[i]), weir_slice_of(texts[i])};
    }
    wr_group_sync in = {.member_id = weir_slice_of(of->id),
                        .instance_id = weir_slice_of(of->instance),
                        .generation = of->generation,
                        .assignments = assignments,
                        .assignment_count = count};
    of->syncing = ask(lab, of);
    of->syncing->generation = of->generation;
    answer *asked = of->syncing;
    wr_group_handle_sync(lab->group, &in, asked, lab->now_ms);
    return asked;
}

static inline answer *sync_with(lab *lab, client *of)
{
    return sync_some(lab, of, MEMBERS);
}

static inline int16_t beat(lab *lab, const client *of)
{
    return wr_group_heartbeat(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), of->generation,
                              lab->now_ms);
}

static inline int16_t leave(lab *lab, const client *of)
{
    return wr_group_leave(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), lab->now_ms);
}

static inline int16_t may_commit(lab *lab, const client *of, int32_t generation)
{
    return wr_group_check_commit(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), generation,
                                 lab->now_ms);
}

static inline void check_state(const lab *lab, const char *state)
{
    CHECK_STR(wr_group_state_name(wr_group_state_of(lab->group)), state);
}

/* Two members in a stable generation 1, a leading. */
static inline lab *open_with_two(client *a, client *b)
{
    lab *made = open_lab(DELAY_MS, 7);
    join(made, a);
    join(made, b);
    pass(made, 2 * DELAY_MS);
    sync_with(made, b);
    sync_with(made, a);
    check_state(made, "Stable");
    CHECK_EQ(a->joining->error + b->joining->error + a->syncing->error + b->syncing->error, 0);
    return made;
}

#endif
