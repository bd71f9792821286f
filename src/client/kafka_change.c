/* Admin calls that change what is there: a topic's configuration and partitions, a group's positions, groups.
 *
 * librdkafka 2.0 has AlterConfigs, which replaces all of a topic's own configuration, and not its incremental successor:
 * whoever wants to change one value reads the others first. */
#include "kafka_int.h"

#include <stdio.h>

static void validate_only(const wr_kafka_request *ask, bool validate)
{
    char text[160];
    if (validate)
        rd_kafka_AdminOptions_set_validate_only(ask->options, 1, text, sizeof(text));
}

weir_err wr_kafka_set_topic_config(wr_client *client, const char *topic, const weir_attribute *configs,
                                   size_t config_count, bool validate, int timeout_ms, weir_failure *failure)
{
    wr_kafka_request ask;
    char what[300];
    size_t count = 0;
    snprintf(what, sizeof(what), "configuring topic %s", topic);
    rd_kafka_ConfigResource_t *wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    for (size_t i = 0; i < config_count; i++)
        rd_kafka_ConfigResource_set_config(wanted, configs[i].name, configs[i].value);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, timeout_ms, failure);
    if (err == WEIR_OK) {
        validate_only(&ask, validate);
        rd_kafka_AlterConfigs(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_ConfigResource_t **found =
            rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(ask.event), &count);
        rd_kafka_resp_err_t code = count ? rd_kafka_ConfigResource_error(found[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        if (code)
            err = wr_kafka_fail(failure, code, what, count ? rd_kafka_ConfigResource_error_string(found[0]) : NULL);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_ConfigResource_destroy(wanted);
    return err;
}

weir_err wr_kafka_add_partitions(wr_client *client, const char *topic, int32_t partition_count, bool validate,
                                 int timeout_ms, weir_failure *failure)
{
    wr_kafka_request ask;
    char what[300], text[160];
    size_t count = 0;
    snprintf(what, sizeof(what), "adding partitions to topic %s", topic);
    rd_kafka_NewPartitions_t *wanted = rd_kafka_NewPartitions_new(topic, (size_t)partition_count, text, sizeof(text));
    if (!wanted)
        return weir_fail(failure, WEIR_E_USAGE, "%s: %s", what, text);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, timeout_ms, failure);
    if (err == WEIR_OK) {
        validate_only(&ask, validate);
        rd_kafka_AdminOptions_set_operation_timeout(ask.options, timeout_ms, text, sizeof(text));
        rd_kafka_CreatePartitions(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(ask.event), &count);
        rd_kafka_resp_err_t code = count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        if (code)
            err = wr_kafka_fail(failure, code, what, count ? rd_kafka_topic_result_error_string(results[0]) : NULL);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_NewPartitions_destroy(wanted);
    return err;
}

/* ---- groups */

/* Whoever is in a group commits its positions: from outside the broker refuses, with one of these. */
static weir_err fail_group(weir_failure *failure, rd_kafka_resp_err_t code, const char *what, const char *text)
{
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP ||
        code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        return weir_fail(failure, WEIR_E_REFUSED, "%s: the group is active", what);
    return wr_kafka_fail(failure, code, what, text);
}

static weir_err group_result(const rd_kafka_group_result_t *result, const char *what, weir_failure *failure)
{
    const rd_kafka_error_t *error = rd_kafka_group_result_error(result);
    if (error)
        return fail_group(failure, rd_kafka_error_code(error), what, rd_kafka_error_string(error));
    const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(result);
    for (int i = 0; list && i < list->cnt; i++)
        if (list->elems[i].err)
            return fail_group(failure, list->elems[i].err, what, NULL);
    return WEIR_OK;
}

weir_err wr_kafka_set_group_offsets(wr_client *client, const char *group, const wr_assignment *positions, size_t count,
                                    int timeout_ms, weir_failure *failure)
{
    wr_kafka_request ask;
    char what[300];
    size_t result_count = 0;
    snprintf(what, sizeof(what), "setting positions of group %s", group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, positions[i].topic, positions[i].partition)->offset =
            positions[i].start_offset;
    rd_kafka_AlterConsumerGroupOffsets_t *wanted = rd_kafka_AlterConsumerGroupOffsets_new(group, list);
    weir_err err =
        wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_AlterConsumerGroupOffsets(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_group_result_t **results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(ask.event), &result_count);
        err = result_count ? group_result(results[0], what, failure)
                           : wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__BAD_MSG, what, NULL);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_AlterConsumerGroupOffsets_destroy(wanted);
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

weir_err wr_kafka_delete_group(wr_client *client, const char *group, int timeout_ms, weir_failure *failure)
{
    wr_kafka_request ask;
    char what[300];
    size_t count = 0;
    snprintf(what, sizeof(what), "deleting group %s", group);
    rd_kafka_DeleteGroup_t *wanted = rd_kafka_DeleteGroup_new(group);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_DELETEGROUPS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_DeleteGroups(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_group_result_t **results =
            rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(ask.event), &count);
        err = count ? group_result(results[0], what, failure)
                    : wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__BAD_MSG, what, NULL);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_DeleteGroup_destroy(wanted);
    return err;
}
