/* weir group show: one line that says it all, then members and positions.
 *
 * A table is for a screen: past ROWS_MAX members or partitions it has their number and one row a topic instead, and says
 * how to see the rest. The other forms always have everything. */
#include <cli/commands.h>
#include <cli/group_rows.h>
#include <cli/kafka.h>
#include <event/json_text.h>

#include <stdio.h>

enum { ROWS_MAX = 20 };

typedef struct totals {
    size_t topic_count, without_position;
    int64_t lag;
} totals;

static totals totals_of(const wr_group_info *group)
{
    totals totals = {0};
    for (size_t i = 0; i < group->offset_count; i++) {
        const wr_group_offset *at = &group->offsets[i];
        totals.topic_count += i == 0 || strcmp(at->topic, at[-1].topic) != 0;
        totals.without_position += at->offset < 0;
        totals.lag += at->lag > 0 ? at->lag : 0;
    }
    return totals;
}

/* ---- only some topics */

static bool is_asked_for(const wr_cli *cli, const char *topic)
{
    size_t size = strlen(topic);
    for (const char *at = wr_cli_text(cli, "topic"); *at;) {
        size_t name_size = strcspn(at, ",");
        if (name_size == size && memcmp(at, topic, size) == 0)
            return true;
        at += name_size + (at[name_size] == ',');
    }
    return false;
}

/* Every topic that is asked for must be one of the group's: a name that is misspelt is no empty answer. */
static int check_topics(wr_cli *cli, const wr_group_info *group)
{
    for (const char *at = wr_cli_text(cli, "topic"); *at;) {
        size_t size = strcspn(at, ","), i = 0;
        while (i < group->offset_count &&
               !(strlen(group->offsets[i].topic) == size && memcmp(group->offsets[i].topic, at, size) == 0))
            i++;
        if (size > 0 && i == group->offset_count)
            return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "group '%s' has no position in a topic '%.*s'", group->name,
                               (int)size, at);
        at += size + (at[size] == ',');
    }
    return WR_EXIT_OK;
}

static int select_topics(wr_cli *cli, wr_group_info *group)
{
    if (!wr_cli_on(cli, "topic"))
        return WR_EXIT_OK;
    int status = check_topics(cli, group);
    wr_group_offset *kept = weir_arena_array(cli->arena, group->offset_count + 1, sizeof *kept);
    if (!kept)
        return wr_cli_fail(cli, WEIR_E_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < group->offset_count; i++)
        if (is_asked_for(cli, group->offsets[i].topic))
            kept[count++] = group->offsets[i];
    group->offsets = kept;
    group->offset_count = count;
    return status;
}

/* ---- for programs */

static void add_text(wr_buf *out, const char *name, const char *text)
{
    wr_buf_printf(out, "\"%s\": ", name);
    if (text)
        wr_json_text(out, weir_slice_of(text));
    else
        wr_buf_text(out, "null");
}

static int print_object(wr_cli *cli, const wr_group_info *group)
{
    wr_buf out;
    wr_buf_init(&out, 64 << 20);
    wr_buf_text(&out, "{");
    add_text(&out, "group", group->name);
    wr_buf_text(&out, ", ");
    add_text(&out, "state", group->state);
    wr_buf_text(&out, ", ");
    add_text(&out, "protocol", group->protocol);
    wr_buf_text(&out, ", ");
    add_text(&out, "assignor", group->assignor);
    totals totals = totals_of(group);
    wr_buf_printf(&out, ", \"coordinator\": %d, \"topics\": %zu, \"partitions\": %zu, \"lag\": %lld, \"members\": [",
                  group->coordinator, totals.topic_count, group->offset_count, (long long)totals.lag);
    for (size_t i = 0; i < group->member_count; i++) {
        const wr_group_member *member = &group->members[i];
        wr_buf_text(&out, i ? ", {" : "{");
        add_text(&out, "member", member->id);
        wr_buf_text(&out, ", ");
        add_text(&out, "client", member->client_id);
        wr_buf_text(&out, ", ");
        add_text(&out, "host", member->host);
        wr_buf_text(&out, ", ");
        add_text(&out, "instance", member->instance);
        wr_buf_printf(&out, ", \"partitions\": %zu}", member->assignment_count);
    }
    wr_buf_text(&out, "], \"offsets\": [");
    for (size_t i = 0; i < group->offset_count; i++) {
        const wr_group_offset *at = &group->offsets[i];
        wr_buf_text(&out, i ? ", {" : "{");
        add_text(&out, "topic", at->topic);
        wr_buf_printf(&out, ", \"partition\": %d, \"position\": %s, \"end_offset\": %lld, \"lag\": %s, ", at->partition,
                      at->offset < 0 ? "null" : wr_cell(cli, at->offset), (long long)at->end_offset,
                      at->lag < 0 ? "null" : wr_cell(cli, at->lag));
        add_text(&out, "member", at->member);
        wr_buf_text(&out, "}");
    }
    wr_buf_text(&out, "]}\n");
    wr_output_object(cli, wr_form_of(cli), wr_buf_view(&out));
    wr_buf_fini(&out);
    return WR_EXIT_OK;
}

/* ---- for people */

static int print_members(wr_cli *cli, const wr_group_info *group)
{
    static const wr_column columns[] = {
        {"MEMBER", "member"},
        {"CLIENT", "client"},
        {"HOST", "host"},
        {"INSTANCE", "instance", .wide = true},
        {"PARTITIONS", "partitions", .number = true},
        {0},
    };
    wr_output out;
    wr_output_begin(&out, cli, columns);
    for (size_t i = 0; i < group->member_count; i++) {
        const wr_group_member *member = &group->members[i];
        wr_output_row(&out, (const char *[]){member->id, member->client_id, member->host, member->instance,
                                             wr_cell(cli, (int64_t)member->assignment_count)});
    }
    return wr_output_end(&out);
}

static void print_summary(const wr_group_info *group)
{
    totals totals = totals_of(group);
    printf("Group %s is %s (%s%s%s), coordinator %d: %zu member%s, %zu partition%s of %zu topic%s, lag %lld",
           group->name, group->state, group->protocol, group->assignor && group->assignor[0] ? ", " : "",
           group->assignor ? group->assignor : "", group->coordinator, group->member_count,
           group->member_count == 1 ? "" : "s", group->offset_count, group->offset_count == 1 ? "" : "s",
           totals.topic_count, totals.topic_count == 1 ? "" : "s", (long long)totals.lag);
    if (totals.without_position > 0)
        printf(", %zu without a position", totals.without_position);
    fputs("\n", stdout);
}

static int print_tables(wr_cli *cli, const wr_group_info *group)
{
    bool all = wr_form_of(cli) == WR_FORM_WIDE;
    bool members = group->member_count > 0 && (all || group->member_count <= ROWS_MAX);
    bool by_topic = !all && !wr_cli_on(cli, "topic") && group->offset_count > ROWS_MAX;
    int status = WR_EXIT_OK;
    print_summary(group);
    if (members) {
        fputc('\n', stdout);
        status = print_members(cli, group);
    }
    if (status == WR_EXIT_OK && group->offset_count > 0) {
        wr_output out;
        fputc('\n', stdout);
        wr_output_begin(&out, cli, by_topic ? wr_group_topic_columns : wr_group_offset_columns);
        if (by_topic)
            wr_group_add_topics(cli, &out, group);
        else
            wr_group_add_offsets(cli, &out, group);
        status = wr_output_end(&out);
    }
    if (by_topic)
        printf("\n--topic TOPIC shows the partitions of one; -o wide shows all%s.\n",
               members || group->member_count == 0 ? "" : ", and the members");
    else if (group->member_count > 0 && !members)
        printf("\n-o wide shows the members.\n");
    return status;
}

int wr_run_group_show(wr_cli *cli)
{
    wr_kafka kafka;
    int status = wr_kafka_open(cli, &kafka);
    if (status != WR_EXIT_OK)
        return status;
    wr_group_info group = {0};
    weir_failure failure = {0};
    weir_err err = wr_admin_group(kafka.client, cli->operands[0], kafka.timeout_ms, cli->arena, &group, &failure);
    wr_kafka_close(&kafka);
    if (err != WEIR_OK)
        return wr_group_fail(cli, cli->operands[0], err, &failure);
    status = select_topics(cli, &group);
    if (status != WR_EXIT_OK)
        return status;
    wr_form form = wr_form_of(cli);
    if (form == WR_FORM_JSON || form == WR_FORM_YAML)
        return print_object(cli, &group);
    return form == WR_FORM_NAME ? wr_output_name(cli, group.name) : print_tables(cli, &group);
}
