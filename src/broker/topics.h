/* The topics of the data directory: found by name or id, created and deleted so that a crash leaves all or nothing.
 *
 * Pointers to topics and partitions are valid until the loop's next callback; keep names or ids longer than that. (The
 * internal topic cannot be deleted by clients: its owner may keep it.) */
#ifndef WR_TOPICS_H
#define WR_TOPICS_H

#include <broker/partition.h>
#include <broker/topic_config.h>
#include <wire/kafka.h>

struct wr_topic {
    char *name;
    wr_uuid id;
    int32_t partition_count;
    wr_partition **partitions;
    wr_topic_config *config; /* what differs from the broker's values */
    bool internal;           /* __consumer_offsets: clients may not write to it or delete it */
};

wr_topic *wr_topics_find(wr_topics *topics, weir_slice name);
wr_topic *wr_topics_find_id(wr_topics *topics, const wr_uuid *id);
wr_partition *wr_topic_partition(const wr_topic *topic, int32_t index); /* NULL when there is no such */
/* In name order: for (wr_topic *t = wr_topics_next(topics, NULL); t; t = wr_topics_next(topics, t)) */
wr_topic *wr_topics_next(const wr_topics *topics, const wr_topic *after);
size_t wr_topics_count(const wr_topics *topics);
int32_t wr_topics_partition_count(const wr_topics *topics);

/* Kafka's rules for a name: 1 to 249 of [a-zA-Z0-9._-], not "." or "..". */
bool wr_topic_name_legal(weir_slice name);
/* A topic whose name differs only in '.' against '_', or NULL. */
wr_topic *wr_topics_find_colliding(wr_topics *topics, weir_slice name);

/* Durable when it returns. config may be NULL; else taken on success. Errors: WEIR_E_EXISTS; WEIR_E_LIMIT past the
 * partitions of this broker; WEIR_E_FORMAT name; WEIR_E_IO/FULL/MEMORY. */
WEIR_MUST_CHECK weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count,
                                          wr_topic_config *config, wr_topic **ret_topic);
/* The internal topic: found, or created on first use. */
WEIR_MUST_CHECK weir_err wr_topics_internal(wr_topics *topics, const char *name, wr_topic **ret_topic);
WEIR_MUST_CHECK weir_err wr_topics_grow(wr_topics *topics, wr_topic *topic, int32_t partition_count);
WEIR_MUST_CHECK weir_err wr_topics_delete(wr_topics *topics, wr_topic *topic);
/* Takes config on success, writes it and applies it to the logs. */
WEIR_MUST_CHECK weir_err wr_topics_configure(wr_topics *topics, wr_topic *topic, wr_topic_config *config);

/* ---- for the server */
WEIR_MUST_CHECK weir_err wr_topics_open(wr_broker *broker, bool clean, wr_topics **ret_topics, weir_failure *failure);
weir_err wr_topics_close(wr_topics *topics); /* syncs and closes every log; accepts NULL */
void wr_topics_abandon(wr_topics *topics);   /* frees without writing: a power cut in tests */

#endif
