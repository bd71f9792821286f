/* weir group reset, weir group rm: only of groups that nobody is in, since whoever is in one writes its positions. */
#include <cli/change.h>
#include <cli/commands.h>
#include <cli/output.h>
#include <cli/place.h>

#include <stdio.h>

/* WR_EXIT_OK for a group that is empty, or, with `may_be_new`, that is none yet. */
static int find_inactive(wr_cli *cli, wr_kafka *kafka, const char *name, bool may_be_new, wr_group_info *ret_group)
{
    weir_failure failure = {0};
    wr_group_info group = {.name = name, .state = "Dead"};
    weir_err err = wr_admin_group(kafka->client, name, kafka->timeout_ms, cli->arena, &group, &failure);
    if (err == WEIR_E_NOT_FOUND && !may_be_new)
        return wr_cli_fail(cli, err, "there is no group '%s'; 'weir group ls' shows those there are", name);
    if (err != WEIR_OK && err != WEIR_E_NOT_FOUND)
        return wr_cli_failure(cli, &failure);
    if (strcmp(group.state, "Empty") != 0 && strcmp(group.state, "Dead") != 0)
        return wr_cli_fail(cli, WEIR_E_REFUSED,
                           "group '%s' is active (%s, %zu member%s); stop them first, 'weir group show %s' names them",
                           name, group.state, group.member_count, group.member_count == 1 ? "" : "s", name);
    *ret_group = group;
    return WR_EXIT_OK;
}

/* ---- reset */
typedef struct reset {
    wr_cli *cli;
    wr_kafka kafka;
    wr_group_info group;
    wr_place to;
    bool shifts; /* by `by` from where each is */
    int64_t by, only;
    wr_assignment *positions;
    size_t count;
    wr_output plan;
} reset;

static const wr_group_offset *find_position(const reset *self, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < self->group.offset_count; i++)
        if (self->group.offsets[i].partition == partition && strcmp(self->group.offsets[i].topic, topic) == 0)
            return &self->group.offsets[i];
    return NULL;
}

static weir_err shift(const reset *self, const wr_group_offset *from, const wr_partition_info *partition,
                      int64_t *ret_offset)
{
    int64_t offset;
    if (!from || from->offset < 0)
        return WEIR_E_NOT_FOUND;
    if (__builtin_add_overflow(from->offset, self->by, &offset))
        offset = self->by < 0 ? partition->start_offset : partition->end_offset;
    offset = offset < partition->start_offset ? partition->start_offset : offset;
    *ret_offset = offset > partition->end_offset ? partition->end_offset : offset;
    return WEIR_OK;
}

static int plan_partition(reset *self, const char *topic, const wr_partition_info *partition)
{
    wr_cli *cli = self->cli;
    weir_failure failure = {0};
    const wr_group_offset *from = find_position(self, topic, partition->partition);
    bool held = from && from->offset >= 0;
    int64_t offset = 0;
    weir_err err = self->shifts ? shift(self, from, partition, &offset)
                                : wr_place_offset(&self->kafka, &self->to, topic, partition, &offset, &failure);
    if (err == WEIR_E_NOT_FOUND && self->shifts)
        return WR_EXIT_OK; /* nothing to count from: stays without a position */
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    wr_output_row(&self->plan,
                  (const char *[]){self->group.name, topic, wr_cell(cli, partition->partition),
                                   held ? wr_cell(cli, from->offset) : NULL, wr_cell(cli, offset),
                                   wr_cell(cli, held ? offset - from->offset : offset - partition->start_offset),
                                   wr_cell(cli, partition->end_offset - offset)});
    self->positions[self->count++] = (wr_assignment){topic, partition->partition, offset};
    return WR_EXIT_OK;
}

static int plan_topic(reset *self, const char *name)
{
    wr_cli *cli = self->cli;
    wr_cluster_info info = {0};
    weir_failure failure = {0};
    weir_err err =
        wr_admin_describe(self->kafka.client, name, true, self->kafka.timeout_ms, cli->arena, &info, &failure);
    if (err == WEIR_E_NOT_FOUND)
        return wr_cli_fail(cli, err, "there is no topic '%s'; 'weir topic ls' shows those there are", name);
    if (err != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    const wr_topic_info *topic = &info.topics[0];
    if (self->only >= (int64_t)topic->partition_count)
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "topic '%s' has partitions 0 to %zu", name,
                           topic->partition_count - 1);
    wr_assignment *more = weir_arena_array(cli->arena, self->count + topic->partition_count, sizeof *more);
    if (!more)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    if (self->count > 0)
        memcpy(more, self->positions, self->count * sizeof *more);
    self->positions = more;
    int status = WR_EXIT_OK;
    for (size_t p = 0; p < topic->partition_count && status == WR_EXIT_OK; p++)
        if (self->only < 0 || topic->partitions[p].partition == self->only)
            status = plan_partition(self, topic->name, &topic->partitions[p]);
    return status;
}

/* The topics named with --topic, or all that the group has a position in. */
static int plan_topics(reset *self)
{
    const char *list = wr_cli_text(self->cli, "topic"), *last = NULL;
    int status = WR_EXIT_OK;
    if (list) {
        char *rest = weir_arena_dup_text(self->cli->arena, weir_slice_of(list));
        for (char *name; status == WR_EXIT_OK && (name = strsep(&rest, ","));)
            if (*name)
                status = plan_topic(self, name);
        return status;
    }
    for (size_t i = 0; i < self->group.offset_count && status == WR_EXIT_OK; i++) {
        const char *topic = self->group.offsets[i].topic; /* sorted by topic */
        if (last && strcmp(last, topic) == 0)
            continue;
        status = plan_topic(self, topic);
        last = topic;
    }
    return status;
}

static int run_reset(reset *self)
{
    static const wr_column columns[] = {
        {"GROUP", "group"},
        {"TOPIC", "topic"},
        {"PARTITION", "partition", .number = true},
        {"POSITION", "position", .number = true},
        {"NEW", "new_position", .number = true},
        {"SHIFT", "shift", .number = true, .wide = true},
        {"LAG", "lag", .number = true},
        {0},
    };
    wr_cli *cli = self->cli;
    wr_output_begin(&self->plan, cli, columns);
    int status = plan_topics(self);
    if (status != WR_EXIT_OK) {
        wr_output_free(&self->plan);
        return status;
    }
    status = wr_output_end(&self->plan);
    if (status == WR_EXIT_OK && self->count == 0)
        return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "group '%s' has no position %s; name topics with --topic",
                           self->group.name, self->shifts ? "to count from" : "yet");
    bool done;
    if (status == WR_EXIT_OK)
        status = wr_change_confirm(cli, "set these positions", self->group.name, &done);
    if (status != WR_EXIT_OK || done)
        return status;
    weir_failure failure = {0};
    if (wr_admin_set_group_offsets(self->kafka.client, self->group.name, self->positions, self->count,
                                   self->kafka.timeout_ms, &failure) != WEIR_OK)
        return wr_cli_failure(cli, &failure);
    fprintf(stderr, "%zu position%s of group %s set.\n", self->count, self->count == 1 ? "" : "s", self->group.name);
    return WR_EXIT_OK;
}

int wr_run_group_reset(wr_cli *cli)
{
    reset self = {.cli = cli, .only = -1, .shifts = wr_cli_on(cli, "by"), .by = wr_cli_number(cli, "by")};
    if (self.shifts == wr_cli_on(cli, "to"))
        return wr_cli_usage(cli, "where to? One of --to WHERE and --by N says it");
    int status = self.shifts ? WR_EXIT_OK : wr_cli_place(cli, "to", &self.to);
    if (status != WR_EXIT_OK)
        return status;
    if (wr_cli_on(cli, "partition"))
        self.only = wr_cli_number(cli, "partition");
    status = wr_kafka_open(cli, &self.kafka);
    if (status != WR_EXIT_OK)
        return status;
    status = find_inactive(cli, &self.kafka, cli->operands[0], wr_cli_on(cli, "topic"), &self.group);
    if (status == WR_EXIT_OK)
        status = run_reset(&self);
    wr_kafka_close(&self.kafka);
    return status;
}

/* ---- rm */
static int remove_groups(wr_cli *cli, wr_kafka *kafka)
{
    int done_count = 0, status = WR_EXIT_OK;
    bool done = false;
    for (int i = 0; i < cli->operand_count && status == WR_EXIT_OK; i++) {
        wr_group_info group = {0};
        status = find_inactive(cli, kafka, cli->operands[i], false, &group);
        if (status == WR_EXIT_OK)
            fprintf(stderr, "This deletes group %s and its %zu position%s.\n", group.name, group.offset_count,
                    group.offset_count == 1 ? "" : "s");
    }
    if (status == WR_EXIT_OK)
        status = wr_change_confirm(cli, "delete", cli->operands[0], &done);
    if (status != WR_EXIT_OK || done)
        return status;
    for (int i = 0; i < cli->operand_count; i++) {
        weir_failure failure = {0};
        if (wr_admin_delete_group(kafka->client, cli->operands[i], kafka->timeout_ms, &failure) == WEIR_OK)
            done_count++;
        else
            status = wr_cli_failure(cli, &failure);
    }
    return done_count > 0 && status != WR_EXIT_OK ? WR_EXIT_PARTIAL : status;
}

int wr_run_group_rm(wr_cli *cli)
{
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    status = remove_groups(cli, &kafka);
    wr_kafka_close(&kafka);
    return status;
}
