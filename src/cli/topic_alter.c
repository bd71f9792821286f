/* weir topic alter: a plan of what is and what will be, then the change.
 *
 * The topic's own configuration is read, changed and written as a whole (own_config.h says why). It is read once more
 * right before it is written, since whoever is asked may take long to answer: what somebody else has changed meanwhile
 * ends the command instead of being taken back. What changes between these two requests is still overwritten. */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/kafka.h>
#include <cli/output.h>
#include <cli/own_config.h>
#include <cli/pairs.h>

#include <stdio.h>

typedef struct alter {
    wr_cli *cli;
    wr_kafka kafka;
    const char *topic;
    int32_t partition_count, wanted_count; /* wanted: 0 leaves it */
    const wr_config_info *before;          /* all, also those that are not the topic's own */
    size_t before_count;
    wr_own_config own, after; /* the topic's own: as they are, and as they will be */
    size_t changed_count;     /* of its keys */
} alter;

static const wr_config_info *find_before(const alter *self, const char *name)
{
    for (size_t i = 0; i < self->before_count; i++)
        if (strcmp(self->before[i].name, name) == 0)
            return &self->before[i];
    return NULL;
}

static void add_row(wr_output *plan, const char *name, const char *now, const char *then)
{
    wr_output_row(plan, (const char *[]){name, now, then});
}

static int set_values(alter *self, wr_output *plan)
{
    wr_client_header pairs[WR_OWN_CONFIG_MAX];
    size_t count = 0;
    if (wr_cli_pairs(self->cli, "set", pairs, WR_OWN_CONFIG_MAX, &count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < count; i++) {
        const char *value = weir_arena_dup_text(self->cli->arena, pairs[i].value);
        const wr_config_info *before = find_before(self, pairs[i].name);
        if (!value)
            return wr_cli_fail(self->cli, WEIR_E_MEMORY, "out of memory");
        if (wr_own_config_set(&self->after, pairs[i].name, value)) {
            add_row(plan, pairs[i].name, before && !before->sensitive ? before->value : NULL, value);
            self->changed_count++;
        } else if (self->after.count == WR_OWN_CONFIG_MAX) {
            return wr_cli_fail(self->cli, WEIR_E_LIMIT, "more than %d configuration keys", WR_OWN_CONFIG_MAX);
        }
    }
    return WR_EXIT_OK;
}

static int unset_values(alter *self, wr_output *plan)
{
    const char *list = wr_cli_text(self->cli, "unset");
    char *names = weir_arena_dup_text(self->cli->arena, weir_slice_of(list ? list : ""));
    char *rest = names;
    if (!names)
        return wr_cli_fail(self->cli, WEIR_E_MEMORY, "out of memory");
    for (char *name; (name = strsep(&rest, ","));) {
        const wr_config_info *before = find_before(self, name);
        if (*name && !before)
            return wr_cli_fail(self->cli, WEIR_E_NOT_FOUND, "topics have no configuration key '%s'", name);
        if (!*name || !wr_own_config_unset(&self->after, name))
            continue;
        add_row(plan, name, before->sensitive ? NULL : before->value, NULL);
        self->changed_count++;
    }
    return WR_EXIT_OK;
}

static int make_plan(alter *self, wr_output *plan)
{
    char now[16], then[16];
    self->wanted_count = (int32_t)wr_cli_number(self->cli, "partitions");
    if (self->wanted_count == self->partition_count)
        self->wanted_count = 0;
    if (self->wanted_count > 0) {
        if (self->wanted_count < self->partition_count)
            return wr_cli_fail(self->cli, WEIR_E_REFUSED, "topic '%s' has %d partitions, and they can only become more",
                               self->topic, self->partition_count);
        snprintf(now, sizeof now, "%d", self->partition_count);
        snprintf(then, sizeof then, "%d", self->wanted_count);
        add_row(plan, "partitions", now, then);
    }
    if (!wr_cli_on(self->cli, "set") && !wr_cli_on(self->cli, "unset"))
        return WR_EXIT_OK;
    weir_failure failure = {0};
    if (wr_own_config_read(self->before, self->before_count, &self->own, &failure) != WEIR_OK)
        return wr_cli_failure(self->cli, &failure);
    self->after = self->own;
    int status = set_values(self, plan);
    if (status == WR_EXIT_OK)
        status = unset_values(self, plan);
    if (status == WR_EXIT_OK && self->changed_count > 0 && wr_own_config_check(&self->after, &failure) != WEIR_OK)
        status = wr_cli_failure(self->cli, &failure);
    return status;
}

/* Validated first, wholly, so that one half is not done when the other is refused. */
static weir_err apply(alter *self, bool validate, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    if (self->changed_count > 0)
        err = wr_admin_set_topic_config(self->kafka.client, self->topic, self->after.values, self->after.count,
                                        validate, self->kafka.timeout_ms, failure);
    if (err == WEIR_OK && self->wanted_count > 0)
        err = wr_admin_add_partitions(self->kafka.client, self->topic, self->wanted_count, validate,
                                      self->kafka.timeout_ms, failure);
    return err;
}

/* Is the topic's own configuration still what the plan was made from? */
static weir_err read_again(alter *self, weir_failure *failure)
{
    const wr_config_info *configs = NULL;
    size_t count = 0;
    wr_own_config now = {0};
    if (self->changed_count == 0)
        return WEIR_OK;
    weir_err err = wr_admin_topic_config(self->kafka.client, self->topic, self->kafka.timeout_ms, self->cli->arena,
                                         &configs, &count, failure);
    if (err == WEIR_OK)
        err = wr_own_config_read(configs, count, &now, failure);
    if (err == WEIR_OK && !wr_own_config_equal(&now, &self->own))
        err = weir_fail(failure, WEIR_E_REFUSED,
                        "somebody has changed the configuration of topic %s meanwhile: nothing was done", self->topic);
    return err;
}

static void say_what_is_sent_along(const alter *self)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < self->after.count; i++)
        for (size_t j = 0; j < self->own.count; j++)
            kept_count += strcmp(self->after.values[i].name, self->own.values[j].name) == 0 &&
                          self->after.values[i].value == self->own.values[j].value;
    if (self->changed_count > 0 && kept_count > 0)
        fprintf(stderr, "The request replaces the topic's whole configuration: its other %zu value%s sent along.\n",
                kept_count, kept_count == 1 ? " is" : "s are");
}

static int change(alter *self)
{
    static const wr_column columns[] = {{"CHANGE", "change"}, {"NOW", "now"}, {"THEN", "then"}, {0}};
    wr_cli *cli = self->cli;
    weir_failure failure = {0};
    wr_output plan;
    wr_output_begin(&plan, cli, columns);
    int status = make_plan(self, &plan);
    size_t row_count = plan.row_count;
    if (status == WR_EXIT_OK && apply(self, true, &failure) != WEIR_OK)
        status = wr_cli_failure(cli, &failure);
    if (status != WR_EXIT_OK) {
        wr_output_free(&plan);
        return status;
    }
    status = wr_output_end(&plan);
    if (row_count == 0)
        fprintf(stderr, "Topic %s is so already.\n", self->topic);
    if (status != WR_EXIT_OK || row_count == 0)
        return status;
    say_what_is_sent_along(self);
    if (self->wanted_count > 0)
        fprintf(stderr, "With more partitions, records of one key may go to another one than those before.\n");
    bool done;
    status = wr_change_confirm(cli, "change it", self->topic, &done);
    if (status != WR_EXIT_OK || done)
        return status;
    if (read_again(self, &failure) != WEIR_OK || apply(self, false, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "Topic %s is changed.\n", self->topic);
    return WR_EXIT_OK;
}

int wr_run_topic_alter(wr_cli *cli)
{
    alter self = {.cli = cli, .topic = cli->operands[0]};
    if (!wr_cli_on(cli, "set") && !wr_cli_on(cli, "unset") && !wr_cli_on(cli, "partitions"))
        return wr_cli_usage(cli, "what is to change? --set KEY=VALUE, --unset KEY or --partitions N");
    int status = wr_kafka_open(cli, &self.kafka);
    if (status != WR_EXIT_OK)
        return status;
    wr_cluster_info info = {0};
    weir_failure failure = {0};
    weir_err err =
        wr_admin_describe(self.kafka.client, self.topic, false, self.kafka.timeout_ms, cli->arena, &info, &failure);
    if (err == WEIR_OK)
        err = wr_admin_topic_config(self.kafka.client, self.topic, self.kafka.timeout_ms, cli->arena, &self.before,
                                    &self.before_count, &failure);
    if (err == WEIR_E_NOT_FOUND) {
        status = wr_cli_fail(cli, err, "there is no topic '%s'; 'weir topic ls' shows those there are", self.topic);
    } else if (err != WEIR_OK) {
        status = wr_cli_failure(cli, &failure);
    } else {
        self.partition_count = (int32_t)info.topics[0].partition_count;
        status = change(&self);
    }
    wr_kafka_close(&self.kafka);
    return status;
}
