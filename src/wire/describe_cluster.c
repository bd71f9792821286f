#include <wire/describe_cluster.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_describe_cluster_request, member)
static const wr_field request_fields[] = {
    {AT(include_cluster_authorized_operations), WR_BOOL, 0},
    {AT(endpoint_type),                         WR_INT8, 1, DEFAULT(1)},
    {AT(include_fenced_brokers),                WR_BOOL, 2},
    {0},
};
#undef AT

const wr_message wr_describe_cluster_request_message = {
    .name = "DescribeClusterRequest",
    .api_key = WR_API_DESCRIBE_CLUSTER,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 0,
    .size = sizeof(wr_describe_cluster_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_describe_cluster_response_broker, member)
static const wr_field response_broker_fields[] = {
    {AT(broker_id), WR_INT32,  0},
    {AT(host),      WR_STRING, 0},
    {AT(port),      WR_INT32,  0},
    {AT(rack),      WR_STRING, 0, NULLABLE(0), NULL_DEFAULT},
    {AT(is_fenced), WR_BOOL,   2},
    {0},
};
#undef AT
static const wr_items response_brokers = ITEMS(wr_describe_cluster_response_broker, response_broker_fields);

#define AT(member) WR_AT(wr_describe_cluster_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms),              WR_INT32,  0},
    {AT(error_code),                    WR_INT16,  0},
    {AT(error_message),                 WR_STRING, 0, NULLABLE(0), NULL_DEFAULT},
    {AT(endpoint_type),                 WR_INT8,   1, DEFAULT(1)},
    {AT(cluster_id),                    WR_STRING, 0},
    {AT(controller_id),                 WR_INT32,  0, DEFAULT(-1)},
    {AT(brokers),                       WR_ARRAY,  0, .items = &response_brokers},
    {AT(cluster_authorized_operations), WR_INT32,  0, DEFAULT(INT32_MIN)},
    {0},
};
#undef AT

const wr_message wr_describe_cluster_response_message = {
    .name = "DescribeClusterResponse",
    .api_key = WR_API_DESCRIBE_CLUSTER,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 0,
    .size = sizeof(wr_describe_cluster_response),
    .fields = response_fields,
};
