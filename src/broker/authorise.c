/* The question, and Kafka's code for a no (authorise.h). */
#include "authorise.h"

static int16_t refusal(int8_t resource)
{
    switch (resource) {
    case WR_ACL_TOPIC:
        return WR_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    case WR_ACL_GROUP:
        return WR_KAFKA_GROUP_AUTHORIZATION_FAILED;
    case WR_ACL_TRANSACTIONAL_ID:
        return WR_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    default:
        return WR_KAFKA_CLUSTER_AUTHORIZATION_FAILED;
    }
}

int16_t wr_authorise(const wr_authorizer *authorizer, const wr_action *action)
{
    return !authorizer || authorizer->allows(authorizer->user, action) ? WR_KAFKA_NONE : refusal(action->resource);
}
