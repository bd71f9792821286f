/* A group under members that do anything in any order, on a disk that is slow and sometimes fails. */
#include "group_testing.h"

enum { CLIENTS = 7, STEPS = 2500, SEEDS = 200, GENERATIONS = STEPS + 2 };

typedef struct ledger {
    client clients[CLIENTS];
    const client *leaders[GENERATIONS];
    const client *holders[GENERATIONS][MEMBERS];
    int given;      /* assignments answered */
    size_t checked; /* answers before this one */
    int32_t generation;
} ledger;

static void check_answer(ledger *ledger, const answer *got)
{
    if (got->error != WR_KAFKA_NONE)
        return;
    if (got->shown && !got->skip) { /* the leader */
        CHECK(got->generation < GENERATIONS);
        const client **leader = &ledger->leaders[got->generation];
        CHECK(*leader == NULL || *leader == got->of);
        *leader = got->of;
    }
    if (got->assignment[0]) {
        int generation = -1, part = -1;
        CHECK_EQ(sscanf(got->assignment, "%d/%d", &generation, &part), 2);
        CHECK(generation == got->generation && part >= 0 && part < MEMBERS);
        const client **holder = &ledger->holders[generation][part];
        CHECK(*holder == NULL || *holder == got->of);
        *holder = got->of;
    }
}

static void check_all(lab *lab, ledger *ledger)
{
    int32_t generation = wr_group_generation(lab->group);
    CHECK(generation >= ledger->generation);
    ledger->generation = generation;
    for (size_t i = ledger->checked; i < lab->answer_count; i++) {
        CHECK(lab->answers[i].count <= !lab->answers[i].forgotten);
        if (lab->answers[i].count == 1)
            check_answer(ledger, &lab->answers[i]);
    }
    while (ledger->checked < lab->answer_count &&
           (lab->answers[ledger->checked].count > 0 || lab->answers[ledger->checked].forgotten))
        ledger->checked++;
}

static void hang_up(lab *lab, answer *waits)
{
    if (!waits || waits->count > 0 || waits->forgotten)
        return;
    waits->forgotten = true;
    wr_group_forget(lab->group, waits);
}

static bool waits(const answer *asked)
{
    return asked && asked->count == 0 && !asked->forgotten;
}

/* What a consumer would do next. */
static void behave(lab *lab, client *of)
{
    const answer *joined = of->joining, *synced = of->syncing;
    if (waits(joined) || waits(synced))
        return;
    bool is_member = joined && joined->count == 1 && joined->error == WR_KAFKA_NONE && of->id[0];
    if (!is_member || (synced && synced->error != WR_KAFKA_NONE)) {
        of->syncing = NULL;
        join(lab, of);
    } else if (!synced || synced->forgotten || synced->generation != of->generation) {
        sync_some(lab, of, test_random(&lab->chance) % 8 ? MEMBERS : 1);
    } else if (beat(lab, of) != WR_KAFKA_NONE) {
        join(lab, of);
    }
}

static void step(lab *lab, client *of)
{
    uint64_t dice = test_random(&lab->chance) % 400;
    if (dice >= 160) {
        behave(lab, of);
        return;
    }
    if (dice >= 100) {
        if (lab->ticket_count > 0)
            finish_store(lab, dice == 100 ? WEIR_E_IO : WEIR_OK);
        return;
    }
    if (dice < 4) {
        join(lab, of);
    } else if (dice < 8) {
        sync_some(lab, of, 1);
    } else if (dice < 10) {
        leave(lab, of);
    } else if (dice < 14) {
        of->id[0] = '\0'; /* a new process */
    } else if (dice < 18) {
        hang_up(lab, of->joining);
        hang_up(lab, of->syncing);
    } else if (dice < 20) {
        of->metadata = of->metadata[0] == 'm' ? "n" : "m";
    } else {
        pass(lab, (int64_t)(test_random(&lab->chance) % (dice == 99 ? REBALANCE_MS : SESSION_MS / 8)));
    }
}

/* Answers how many assignments were given. */
static int64_t run_chance(uint64_t seed)
{
    static const char *const instances[CLIENTS] = {"i0", "i1", "i2"};
    lab *lab = open_lab(seed % 2 ? DELAY_MS : 0, seed);
    ledger *story = calloc(1, sizeof *story);
    CHECK(story != NULL);
    lab->slow = true;
    lab->host.config.member_count_max = MEMBERS / 2 - 2; /* a joiner may stand beside those about to be dropped */
    for (int i = 0; i < CLIENTS; i++) {
        story->clients[i] = static_consumer(instances[i]);
        story->clients[i].v4 = i % 2;
        story->clients[i].v9 = i % 3 == 0;
    }
    for (int i = 0; i < STEPS; i++) {
        while (lab->ticket_count > TICKETS / 2)
            finish_store(lab, WEIR_OK);
        step(lab, &story->clients[test_random(&lab->chance) % CLIENTS]);
        check_all(lab, story);
    }
    for (size_t i = 0; i < lab->answer_count; i++)
        story->given += lab->answers[i].assignment[0] != '\0';
    int64_t given = story->given;
    while (lab->ticket_count > 0)
        finish_store(lab, WEIR_OK);
    lab->slow = false;
    pass(lab, 60 * REBALANCE_MS); /* all are silent */
    check_all(lab, story);
    check_state(lab, "Empty");
    CHECK_EQ(wr_group_pending_count(lab->group), 0);
    CHECK_EQ(wr_group_deadline(lab->group), INT64_MAX);
    free(story);
    close_lab(lab);
    return given;
}

TEST(whatever_members_do_one_leads_and_nothing_is_given_twice_in_a_generation)
{
    int64_t given = 0;
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + SEEDS; seed++)
        given += run_chance(seed);
    CHECK(given > 50 * SEEDS); /* else little was tried; one run alone may be an unlucky one */
}
