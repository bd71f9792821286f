/* Topics × partitions × error: the one walk through requests that name topics and their partitions.
 *
 *     asked   [ topic: name or id, [ partition: index, … ] ]        answer  [ topic, [ partition: index, error, … ] ]
 *
 * wr_api_lay_out makes the answer's topics and partitions, in the order asked, each with its name, id and index.
 * wr_api_visit then goes through both sides together, finds topic and partition, and calls `visit` for each; the error
 * that stands in the place afterwards is the partition's. A handler that looks again later (Fetch) visits again.
 *
 * The messages are structs of their own for each API; a shape says where in them things are. */
#ifndef WR_API_VISIT_H
#define WR_API_VISIT_H

#include <server/request.h>
#include <topics/topics.h>

enum { WR_API_NO_ID = UINT16_MAX };

/* Offsets and sizes in one side's structs. */
typedef struct wr_api_side {
    uint16_t topics, topic_count;         /* in the message */
    uint16_t topic_size, name, id;        /* of a topic, and in it; WR_API_NO_ID: topics have no id */
    uint16_t partitions, partition_count; /* in the topic */
    uint16_t partition_size, index;       /* of a partition, and in it */
} wr_api_side;

typedef struct wr_api_shape {
    wr_api_side asked, answer;
    uint16_t error;        /* in the answer's partition */
    int16_t by_id_version; /* from here on topics are asked for by id; INT16_MAX: never */
    bool any_topic;        /* what it is about need not exist: only an unknown id is an error */
    bool data;             /* it is about the partition's data: a damaged one is an error */
} wr_api_shape;

/* message.topics[topic_count] of type `topic` with `name` and id, whose partitions[partition_count] of type `partition`
 * have their index at index_at. */
#define WR_API_SIDE(message, topics_, topic_count_, topic, name_, id_at, partitions_, partition_count_, partition,     \
                    index_at)                                                                                          \
    {                                                                                                                  \
        .topics = offsetof(message, topics_), .topic_count = offsetof(message, topic_count_),                          \
        .topic_size = sizeof(topic), .name = offsetof(topic, name_), .id = (id_at),                                    \
        .partitions = offsetof(topic, partitions_), .partition_count = offsetof(topic, partition_count_),              \
        .partition_size = sizeof(partition), .index = (index_at)                                                       \
    }

/* One partition of a request, with its answer. */
typedef struct wr_api_place {
    wr_request *request;
    weir_slice name;         /* as asked; of a topic that was found by its id: its own */
    wr_topic *topic;         /* NULL: there is no such */
    wr_partition *partition; /* NULL: there is no such */
    int32_t index;
    int16_t error;     /* why nothing can be done here, or WR_KAFKA_NONE; what stands here at last is answered */
    const void *asked; /* the partition's struct in the request */
    void *answer;      /* and in the response */
    int32_t position;  /* counted from 0 through all topics */
} wr_api_place;

/* `asked` and `answer` are the structs that hold the topics: mostly request->message and request->response. */
WEIR_MUST_CHECK weir_err wr_api_lay_out(wr_request *request, const wr_api_shape *shape, const void *asked, void *answer,
                                        int32_t *ret_partition_count);
void wr_api_visit(wr_request *request, const wr_api_shape *shape, const void *asked, void *answer,
                  void (*visit)(wr_api_place *place, void *user), void *user);
/* What is asked for twice is asked for once: repetitions leave the request's message. ret_times: for each partition that
 * is left, by its position, how often it was there. For requests that name topics by name. */
WEIR_MUST_CHECK weir_err wr_api_merge(wr_request *request, const wr_api_shape *shape, const int32_t **ret_times);
/* Both, with the request's own message and response. */
WEIR_MUST_CHECK weir_err wr_api_answer_each(wr_request *request, const wr_api_shape *shape,
                                            void (*visit)(wr_api_place *place, void *user), void *user);

#endif
