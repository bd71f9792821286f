#include "core_testing.h"
#include "needed_topics.h"
#include "settings.h"

/* What is made of a service that consumes two topics, produces one and is configured by `flag`; "": all is as by default. */
typedef struct world {
    fixture f; /* its cluster, which makes no topic by itself */
    wr_settings settings;
    wr_routes *routes;
    char redrive[40];
    weir_failure failure;
} world;

static weir_service service = {.name = "tally", .consumes = "in, other", .produces = "out"};

static weir_err make(world *w, const char *flag)
{
    char name[] = "tally", words[60];
    snprintf(words, sizeof words, "%s", flag);
    char *argv[] = {name, words, NULL}, *environment[] = {NULL};
    *w = (world){.redrive = "tally.redrive"};
    w->f.machine = wr_sim_new(1);
    w->f.cluster = wr_sim_cluster_new(&(wr_sim_options){
        .seed = 1, .now_ms = fixture_now_ms, .clock = &w->f, .wait = fixture_wait, .wait_user = &w->f});
    w->f.client = wr_sim_client_new(w->f.cluster);
    CHECK_OK(wr_settings_read(&w->settings, &service, *flag ? 2 : 1, argv, environment, NULL, &w->failure));
    CHECK_OK(wr_routes_new(&service, w->settings.config, NULL, &w->routes, &w->failure));
    return wr_needed_topics_make(&(wr_needed_topics){.service = &service,
                                                     .name = "tally",
                                                     .config = w->settings.config,
                                                     .client = w->f.client,
                                                     .routes = w->routes,
                                                     .redrive = w->redrive},
                                 &w->failure);
}

static int partitions_of(world *w, const char *topic)
{
    int count = 0;
    while (wr_sim_end(w->f.cluster, topic, count) >= 0)
        count++;
    return count;
}

static void end(world *w)
{
    wr_routes_free(w->routes);
    wr_settings_fini(&w->settings);
    wr_client_free(w->f.client);
    wr_sim_cluster_free(w->f.cluster);
    wr_sim_free(w->f.machine);
}

TEST(what_a_service_consumes_and_produces_is_made_and_its_dead_letters_and_what_is_put_back)
{
    world w;
    CHECK_OK(make(&w, "--topic-partitions=3"));
    static const char *const topics[] = {"in", "other", "out", "tally.dlq"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        CHECK_EQ(partitions_of(&w, topics[i]), 3);
    CHECK_EQ(partitions_of(&w, "tally.redrive"), 1); /* in the order in which it is put there */
    end(&w);
}

TEST(a_prefix_stands_before_each_topic_and_what_is_put_back_has_its_whole_name)
{
    world w;
    CHECK_OK(make(&w, "--topic-prefix=p."));
    static const char *const topics[] = {"p.in", "p.other", "p.out", "p.tally.dlq", "tally.redrive"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        CHECK(partitions_of(&w, topics[i]) > 0);
    CHECK_EQ(partitions_of(&w, "in") + partitions_of(&w, "out"), 0);
    end(&w);
}

TEST(no_partitions_are_no_topics)
{
    world w;
    CHECK_OK(make(&w, "--topic-partitions=0"));
    CHECK_EQ(partitions_of(&w, "in") + partitions_of(&w, "out") + partitions_of(&w, "tally.dlq"), 0);
    end(&w);
}
