#include <test.h>
#include <wire/kafka.h>

TEST(error_codes_have_names)
{
    CHECK_STR(wr_kafka_error_name(WR_KAFKA_NONE), "NONE");
    CHECK_STR(wr_kafka_error_name(-1), "UNKNOWN_SERVER_ERROR");
    CHECK_STR(wr_kafka_error_name(WR_KAFKA_KAFKA_STORAGE_ERROR), "KAFKA_STORAGE_ERROR");
    CHECK_STR(wr_kafka_error_name(12345), "UNKNOWN_ERROR");
    CHECK_EQ(WR_KAFKA_UNKNOWN_TOPIC_ID, 100);
    CHECK(wr_kafka_error_retriable(WR_KAFKA_NOT_COORDINATOR));
    CHECK(!wr_kafka_error_retriable(WR_KAFKA_UNKNOWN_MEMBER_ID));
    CHECK(!wr_kafka_error_retriable(12345));
    CHECK_STR(wr_api_key_name(WR_API_END_TXN), "EndTxn");
    CHECK_STR(wr_api_key_name(-7), "Unknown");
}
