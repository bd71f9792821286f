/* A topic: a name, an id, its partitions and what was set for it. */
#ifndef WR_TOPIC_H
#define WR_TOPIC_H

#include <base/uuid.h>
#include <topics/partition.h>
#include <topics/topic_config.h>

struct wr_topic {
    char *name;
    wr_uuid id;
    int32_t partition_count;
    wr_partition **partitions;
    wr_topic_config *config; /* what differs from the broker's values */
    int64_t config_count;    /* of the configurations it has had */
    bool internal;           /* __consumer_offsets: clients may not write to it or delete it */
};

wr_partition *wr_topic_partition(const wr_topic *topic, int32_t index); /* NULL when there is no such */
/* Kafka's rules for a name: 1 to 249 of [a-zA-Z0-9._-], not "." or "..". */
bool wr_topic_name_legal(weir_slice name);
/* Do they differ, but only in '.' against '_'? */
bool wr_topic_names_collide(weir_slice name, const char *other);

#endif
