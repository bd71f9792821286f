/* weir topic alter: a plan of what is and what will be, then the change.
 *
 * The topic's own configuration is read, changed and written as a whole (client/kafka_change.c says why), so what
 * somebody else changes in the same moment is overwritten. */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/kafka.h>
#include <cli/output.h>
#include <cli/pairs.h>

#include <stdio.h>

enum { CONFIGS_MAX = 128 };

typedef struct alter {
    wr_cli *cli;
    wr_kafka kafka;
    const char *topic;
    int32_t partition_count, wanted_count; /* wanted: 0 leaves it */
    const wr_config_info *before;          /* all, also those that are not the topic's own */
    size_t before_count;
    weir_attribute after[CONFIGS_MAX]; /* the topic's own */
    size_t after_count;
    bool configs_change;
} alter;

static const wr_config_info *find_before(const alter *self, const char *name)
{
    for (size_t i = 0; i < self->before_count; i++)
        if (strcmp(self->before[i].name, name) == 0)
            return &self->before[i];
    return NULL;
}

static size_t find_after(const alter *self, const char *name)
{
    size_t at = 0;
    while (at < self->after_count && strcmp(self->after[at].name, name) != 0)
        at++;
    return at;
}

static void add_row(wr_output *plan, const char *name, const char *now, const char *then)
{
    wr_output_row(plan, (const char *[]){name, now, then});
}

static int set_values(alter *self, wr_output *plan)
{
    wr_client_header pairs[CONFIGS_MAX];
    size_t count = 0;
    if (wr_cli_pairs(self->cli, "set", pairs, CONFIGS_MAX, &count) != WEIR_OK)
        return WR_EXIT_USAGE;
    for (size_t i = 0; i < count; i++) {
        const char *value = weir_arena_dup_text(self->cli->arena, pairs[i].value);
        const wr_config_info *before = find_before(self, pairs[i].name);
        size_t at = find_after(self, pairs[i].name);
        if (!value || at == CONFIGS_MAX)
            return wr_cli_fail(self->cli, WEIR_E_MEMORY, "too many configuration keys");
        if (at < self->after_count && strcmp(self->after[at].value, value) == 0)
            continue;
        add_row(plan, pairs[i].name, before ? before->value : NULL, value);
        self->after[at] = (weir_attribute){pairs[i].name, value};
        self->after_count += at == self->after_count;
        self->configs_change = true;
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
        size_t at = find_after(self, name);
        if (*name && !find_before(self, name))
            return wr_cli_fail(self->cli, WEIR_E_NOT_FOUND, "topics have no configuration key '%s'", name);
        if (!*name || at == self->after_count)
            continue;
        add_row(plan, name, self->after[at].value, NULL);
        self->after[at] = self->after[--self->after_count];
        self->configs_change = true;
    }
    return WR_EXIT_OK;
}

static int make_plan(alter *self, wr_output *plan)
{
    char now[16], then[16];
    for (size_t i = 0; i < self->before_count; i++)
        if (strcmp(self->before[i].source, "topic") == 0 && self->before[i].value) {
            if (self->after_count == CONFIGS_MAX)
                return wr_cli_fail(self->cli, WEIR_E_LIMIT, "more than %d configuration keys", CONFIGS_MAX);
            self->after[self->after_count++] = (weir_attribute){self->before[i].name, self->before[i].value};
        }
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
    int status = set_values(self, plan);
    return status == WR_EXIT_OK ? unset_values(self, plan) : status;
}

/* Validated first, wholly, so that one half is not done when the other is refused. */
static weir_err apply(alter *self, bool validate, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    if (self->configs_change)
        err = wr_admin_set_topic_config(self->kafka.client, self->topic, self->after, self->after_count, validate,
                                        self->kafka.timeout_ms, failure);
    if (err == WEIR_OK && self->wanted_count > 0)
        err = wr_admin_add_partitions(self->kafka.client, self->topic, self->wanted_count, validate,
                                      self->kafka.timeout_ms, failure);
    return err;
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
    if (self->wanted_count > 0)
        fprintf(stderr, "With more partitions, records of one key may go to another one than those before.\n");
    bool done;
    status = wr_change_confirm(cli, "change it", self->topic, &done);
    if (status != WR_EXIT_OK || done)
        return status;
    if (apply(self, false, &failure) != WEIR_OK)
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
