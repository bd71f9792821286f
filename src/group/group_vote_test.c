/* The vote on a protocol: by whom it is won, and what it costs at its largest. */
#include "group_int.h"

#include <stdio.h>

#include "test.h"

enum { MEMBERS_MAX = 1000, NAME_SIZE = 24 };

typedef struct ballot {
    wr_group group;
    wr_group_member *members;
    wr_group_protocol *protocols;
    char (*names)[NAME_SIZE];
} ballot;

/* `count` members; each speaks protocols p0 to p(protocol_count - 1), rotated by its number times `rotation`. */
static void open_ballot(ballot *all, size_t count, size_t protocol_count, size_t rotation)
{
    *all = (ballot){.members = calloc(count, sizeof *all->members),
                    .protocols = calloc(count * protocol_count, sizeof *all->protocols),
                    .names = calloc(protocol_count, sizeof *all->names)};
    CHECK(all->members && all->protocols && all->names);
    wr_list_init(&all->group.members);
    for (size_t i = 0; i < protocol_count; i++)
        snprintf(all->names[i], NAME_SIZE, "p%zu", i);
    for (size_t i = 0; i < count; i++) {
        wr_group_member *member = &all->members[i];
        member->protocols = &all->protocols[i * protocol_count];
        member->protocol_count = protocol_count;
        for (size_t k = 0; k < protocol_count; k++)
            member->protocols[k].name = weir_slice_of(all->names[(k + i * rotation) % protocol_count]);
        wr_list_append(&all->group.members, &member->link);
    }
    all->group.member_count = count;
}

static void close_ballot(ballot *all)
{
    free(all->members);
    free(all->protocols);
    free(all->names);
}

TEST(most_votes_win_and_of_equals_what_the_first_member_likes_best)
{
    ballot all;
    open_ballot(&all, 3, 2, 0);
    CHECK(weir_slice_equal(wr_group_vote(&all.group), WEIR_SLICE("p0")));
    for (size_t i = 1; i < 3; i++) { /* two against one */
        all.members[i].protocols[0].name = WEIR_SLICE("p1");
        all.members[i].protocols[1].name = WEIR_SLICE("p0");
    }
    CHECK(weir_slice_equal(wr_group_vote(&all.group), WEIR_SLICE("p1")));
    close_ballot(&all);
    open_ballot(&all, 2, 2, 1); /* one each */
    CHECK(weir_slice_equal(wr_group_vote(&all.group), WEIR_SLICE("p0")));
    close_ballot(&all);
}

TEST(what_one_member_does_not_speak_gets_no_vote)
{
    ballot all;
    open_ballot(&all, 3, 2, 0);
    all.members[2].protocols[0].name = WEIR_SLICE("else");
    CHECK(weir_slice_equal(wr_group_vote(&all.group), WEIR_SLICE("p1")));
    all.members[1].protocols[1].name = WEIR_SLICE("other");
    CHECK(weir_slice_equal(wr_group_vote(&all.group), WEIR_SLICE("")));
    close_ballot(&all);
}

/* With members squared times protocols squared this took hours. */
TEST(a_thousand_members_with_the_most_protocols_have_voted_at_once)
{
    ballot all;
    open_ballot(&all, MEMBERS_MAX, WR_GROUP_PROTOCOL_COUNT_MAX, 1);
    CHECK(wr_group_vote(&all.group).size > 0);
    for (size_t i = 0; i < MEMBERS_MAX; i++) /* all but one are strangers to the last member */
        for (size_t k = 0; i == MEMBERS_MAX - 1 && k + 1 < WR_GROUP_PROTOCOL_COUNT_MAX; k++)
            all.members[i].protocols[k].name = WEIR_SLICE("unknown");
    weir_slice last = all.members[MEMBERS_MAX - 1].protocols[WR_GROUP_PROTOCOL_COUNT_MAX - 1].name;
    CHECK(weir_slice_equal(wr_group_vote(&all.group), last));
    close_ballot(&all);
}
