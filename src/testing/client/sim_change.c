/* Admin calls that change the simulated cluster. */
#include "sim_int.h"

#include <stdlib.h>

static weir_err check_up(const wr_sim_cluster *cluster, weir_failure *failure)
{
    return cluster->down ? weir_fail(failure, WEIR_E_UNREACHABLE, "simulated: no broker answers") : WEIR_OK;
}

static weir_err find_topic(wr_client *door, const char *name, sim_topic **ret_topic, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    weir_err err = check_up(cluster, failure);
    if (err == WEIR_OK && !(*ret_topic = wr_sim_topic_find(cluster, name)))
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "topic %s does not exist", name);
    return err;
}

weir_err wr_sim_broker_config(wr_client *door, int32_t broker, int timeout_ms, weir_arena *arena,
                              const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    static const wr_config_info configs[] = {{.name = "weir.version", .value = "simulated", .source = "default"}};
    weir_err err = check_up(((sim_client *)door)->cluster, failure);
    (void)timeout_ms, (void)arena;
    if (err == WEIR_OK && broker != 0)
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "there is no broker %d", broker);
    if (err != WEIR_OK)
        return err;
    *ret_configs = configs;
    *ret_count = 1;
    return WEIR_OK;
}

weir_err wr_sim_set_topic_config(wr_client *door, const char *name, const weir_attribute *configs, size_t config_count,
                                 bool validate, int timeout_ms, weir_failure *failure)
{
    sim_topic *topic = NULL;
    weir_err err = find_topic(door, name, &topic, failure);
    (void)timeout_ms;
    if (err != WEIR_OK || validate)
        return err;
    for (size_t i = 0; i < 2 * topic->config_count; i++)
        free(topic->configs[i]);
    free(topic->configs);
    topic->configs = wr_sim_alloc(2 * config_count * sizeof(char *));
    topic->config_count = config_count;
    for (size_t i = 0; i < config_count; i++) {
        topic->configs[2 * i] = wr_sim_dup(configs[i].name);
        topic->configs[2 * i + 1] = wr_sim_dup(configs[i].value);
    }
    return WEIR_OK;
}

weir_err wr_sim_add_partitions(wr_client *door, const char *name, int32_t partition_count, bool validate,
                               int timeout_ms, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    sim_topic *topic = NULL;
    weir_err err = find_topic(door, name, &topic, failure);
    (void)timeout_ms;
    if (err == WEIR_OK && partition_count <= topic->partition_count)
        err = weir_fail(failure, WEIR_E_REFUSED, "topic %s has %d partitions already", name, topic->partition_count);
    if (err != WEIR_OK || validate)
        return err;
    sim_partition *more = wr_sim_alloc((size_t)partition_count * sizeof(*more));
    memcpy(more, topic->partitions, (size_t)topic->partition_count * sizeof(*more));
    pthread_mutex_lock(&cluster->ends_lock);
    free(topic->partitions);
    topic->partitions = more;
    topic->partition_count = partition_count;
    pthread_mutex_unlock(&cluster->ends_lock);
    return WEIR_OK;
}

/* ---- groups */

static weir_err check_inactive(const sim_group *group, weir_failure *failure)
{
    return group && !wr_list_empty(&group->members)
               ? weir_fail(failure, WEIR_E_REFUSED, "group %s: the group is active", group->name)
               : WEIR_OK;
}

weir_err wr_sim_set_group_offsets(wr_client *door, const char *name, const wr_assignment *positions, size_t count,
                                  int timeout_ms, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    weir_err err = check_up(cluster, failure);
    (void)timeout_ms;
    if (err == WEIR_OK)
        err = check_inactive(wr_sim_group_find(cluster, name), failure);
    for (size_t i = 0; i < count && err == WEIR_OK; i++) {
        sim_topic *topic = NULL;
        err = find_topic(door, positions[i].topic, &topic, failure);
    }
    if (err != WEIR_OK)
        return err;
    for (size_t i = 0; i < count && err == WEIR_OK; i++)
        err = wr_sim_commit(cluster, name, positions[i].topic, positions[i].partition, positions[i].start_offset);
    return err == WEIR_OK ? err : weir_fail(failure, err, "setting positions of group %s: no such offset", name);
}

weir_err wr_sim_delete_group(wr_client *door, const char *name, int timeout_ms, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    weir_err err = check_up(cluster, failure);
    sim_group *group = err == WEIR_OK ? wr_sim_group_find(cluster, name) : NULL;
    (void)timeout_ms;
    if (err == WEIR_OK && !group)
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "group %s does not exist", name);
    if (err == WEIR_OK)
        err = check_inactive(group, failure);
    if (err == WEIR_OK)
        wr_sim_group_remove(group);
    return err;
}
