/* What a service says of itself, checked before anything starts. */
#include "core_int.h"

const char *wr_service_topic_problem(const char *topic)
{
    if (!topic || !*topic)
        return "a topic has a name";
    size_t size = strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (topic[size])
        return "a topic's name is made of a-z, A-Z, 0-9, '.', '_' and '-'";
    if (size >= TOPIC_SIZE_MAX)
        return "a topic's name has at most 249 bytes";
    return strcmp(topic, ".") == 0 || strcmp(topic, "..") == 0 ? "a topic's name is not . or .." : NULL;
}
