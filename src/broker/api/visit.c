/* Walking topics and partitions of any request, by its shape (visit.h). */
#include "visit.h"

#include "api.h"

static void *at(const void *base, size_t offset)
{
    return (char *)(uintptr_t)base + offset;
}

/* Null arrays have a count below zero. */
static int32_t count_at(const void *base, size_t offset)
{
    int32_t count = *(const int32_t *)at(base, offset);
    return count > 0 ? count : 0;
}

static void *array_at(const void *base, size_t offset)
{
    return *(void **)at(base, offset);
}

static weir_err lay_out_topic(wr_request *request, const wr_api_shape *shape, const void *asked, void *answer)
{
    const wr_api_side *from = &shape->asked, *to = &shape->answer;
    int32_t count = count_at(asked, from->partition_count);
    char *made = weir_arena_array(request->arena, (size_t)count, to->partition_size);
    if (!made)
        return WEIR_E_MEMORY;
    *(weir_slice *)at(answer, to->name) = *(const weir_slice *)at(asked, from->name);
    if (to->id != WR_API_NO_ID && from->id != WR_API_NO_ID)
        *(wr_uuid *)at(answer, to->id) = *(const wr_uuid *)at(asked, from->id);
    *(void **)at(answer, to->partitions) = made;
    *(int32_t *)at(answer, to->partition_count) = count;
    const char *each = array_at(asked, from->partitions);
    for (int32_t i = 0; i < count; i++)
        *(int32_t *)at(made, (size_t)i * to->partition_size + to->index) =
            *(const int32_t *)at(each, (size_t)i * from->partition_size + from->index);
    return WEIR_OK;
}

weir_err wr_api_lay_out(wr_request *request, const wr_api_shape *shape, const void *asked, void *answer,
                        int32_t *ret_partition_count)
{
    const wr_api_side *from = &shape->asked, *to = &shape->answer;
    int32_t count = count_at(asked, from->topic_count), partition_count = 0;
    char *made = weir_arena_array(request->arena, (size_t)count, to->topic_size);
    if (!made)
        return WEIR_E_MEMORY;
    const char *topics = array_at(asked, from->topics);
    for (int32_t i = 0; i < count; i++) {
        const void *topic = topics + (size_t)i * from->topic_size;
        weir_err err = lay_out_topic(request, shape, topic, made + (size_t)i * to->topic_size);
        if (err != WEIR_OK)
            return err;
        partition_count += count_at(topic, from->partition_count); /* the frame's size bounds their sum */
    }
    *(void **)at(answer, to->topics) = made;
    *(int32_t *)at(answer, to->topic_count) = count;
    if (ret_partition_count)
        *ret_partition_count = partition_count;
    return WEIR_OK;
}

/* One key a partition: the place where its topic is named first, and its index. */
static const int32_t *count_repeats(wr_request *request, const wr_api_side *from, const void *asked, int32_t count)
{
    int32_t topic_count = count_at(asked, from->topic_count), at_key = 0;
    weir_slice *names = weir_arena_array(request->arena, (size_t)topic_count, sizeof *names);
    weir_slice *keys = weir_arena_array(request->arena, (size_t)count, sizeof *keys);
    int32_t(*parts)[2] = weir_arena_array(request->arena, (size_t)count, sizeof *parts);
    if (!names || !keys || !parts)
        return NULL;
    const char *topics = array_at(asked, from->topics);
    for (int32_t i = 0; i < topic_count; i++)
        names[i] = *(const weir_slice *)at(topics + (size_t)i * from->topic_size, from->name);
    const int32_t *firsts = wr_api_firsts(request, names, topic_count);
    if (!firsts)
        return NULL;
    for (int32_t i = 0; i < topic_count; i++) {
        const void *topic = topics + (size_t)i * from->topic_size;
        const char *partitions = array_at(topic, from->partitions);
        for (int32_t k = 0; k < count_at(topic, from->partition_count); k++, at_key++) {
            parts[at_key][0] = firsts[i];
            parts[at_key][1] = *(const int32_t *)at(partitions + (size_t)k * from->partition_size, from->index);
            keys[at_key] = (weir_slice){(const uint8_t *)parts[at_key], sizeof *parts};
        }
    }
    return wr_api_repeats(request, keys, count);
}

weir_err wr_api_merge(wr_request *request, const wr_api_shape *shape, const int32_t **ret_times)
{
    const wr_api_side *from = &shape->asked;
    int32_t topic_count = count_at(request->message, from->topic_count), count = 0, before = 0, after = 0;
    char *topics = array_at(request->message, from->topics);
    for (int32_t i = 0; i < topic_count; i++)
        count += count_at(topics + (size_t)i * from->topic_size, from->partition_count);
    const int32_t *times = count_repeats(request, from, request->message, count);
    int32_t *kept_times = weir_arena_array(request->arena, (size_t)count, sizeof *kept_times);
    if (!times || !kept_times)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < topic_count; i++) {
        char *topic = topics + (size_t)i * from->topic_size, *partitions = array_at(topic, from->partitions);
        int32_t asked_count = count_at(topic, from->partition_count), kept = 0;
        for (int32_t k = 0; k < asked_count; k++, before++) {
            if (times[before] == 0)
                continue;
            memmove(partitions + (size_t)kept++ * from->partition_size, partitions + (size_t)k * from->partition_size,
                    from->partition_size);
            kept_times[after++] = times[before];
        }
        *(int32_t *)at(topic, from->partition_count) = kept;
    }
    *ret_times = kept_times;
    return WEIR_OK;
}

/* Finds the topic that is asked for; its error, or NONE. */
static int16_t find_topic(const wr_api_shape *shape, const void *asked, wr_api_place *place)
{
    wr_topics *topics = wr_api_broker(place->request)->topics;
    place->name = *(const weir_slice *)at(asked, shape->asked.name);
    if (place->request->header.api_version >= shape->by_id_version) {
        place->topic = wr_topics_find_id(topics, at(asked, shape->asked.id));
        if (!place->topic)
            return WR_KAFKA_UNKNOWN_TOPIC_ID;
        place->name = weir_slice_of(place->topic->name);
        return wr_api_authorise(place->request, WR_ACL_TOPIC, place->name);
    }
    int16_t error = wr_api_authorise(place->request, WR_ACL_TOPIC, place->name);
    if (error != WR_KAFKA_NONE)
        return error; /* not even whether it is there */
    place->topic = wr_topics_find(topics, place->name);
    return place->topic || shape->any_topic ? WR_KAFKA_NONE : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
}

static int16_t find_partition(const wr_api_shape *shape, wr_api_place *place)
{
    place->partition = place->topic ? wr_topic_partition(place->topic, place->index) : NULL;
    if (!place->partition)
        return shape->any_topic ? WR_KAFKA_NONE : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    return shape->data && wr_partition_closed(place->partition) ? WR_KAFKA_KAFKA_STORAGE_ERROR : WR_KAFKA_NONE;
}

static void visit_topic(const wr_api_shape *shape, const void *asked, const void *answer, wr_api_place *place,
                        void (*visit)(wr_api_place *place, void *user), void *user)
{
    const wr_api_side *from = &shape->asked, *to = &shape->answer;
    int16_t topic_error = find_topic(shape, asked, place);
    int32_t count = count_at(asked, from->partition_count);
    const char *partitions = array_at(asked, from->partitions);
    char *answers = array_at(answer, to->partitions);
    for (int32_t i = 0; i < count; i++, place->position++) {
        place->asked = partitions + (size_t)i * from->partition_size;
        place->answer = answers + (size_t)i * to->partition_size;
        place->index = *(const int32_t *)at(place->asked, from->index);
        place->partition = NULL;
        place->error = topic_error ? topic_error : find_partition(shape, place);
        visit(place, user);
        *(int16_t *)at(place->answer, shape->error) = place->error;
    }
}

void wr_api_visit(wr_request *request, const wr_api_shape *shape, const void *asked, void *answer,
                  void (*visit)(wr_api_place *place, void *user), void *user)
{
    wr_api_place place = {.request = request};
    int32_t count = count_at(asked, shape->asked.topic_count);
    const char *topics = array_at(asked, shape->asked.topics);
    const char *answers = array_at(answer, shape->answer.topics);
    for (int32_t i = 0; i < count; i++)
        visit_topic(shape, topics + (size_t)i * shape->asked.topic_size, answers + (size_t)i * shape->answer.topic_size,
                    &place, visit, user);
}

weir_err wr_api_answer_each(wr_request *request, const wr_api_shape *shape,
                            void (*visit)(wr_api_place *place, void *user), void *user)
{
    weir_err err = wr_api_lay_out(request, shape, request->message, request->response, NULL);
    if (err == WEIR_OK)
        wr_api_visit(request, shape, request->message, request->response, visit, user);
    return err;
}
