#include <wire/kafka.h>

const char *wr_kafka_error_name(int16_t code)
{
    switch (code) {
#define WR_KAFKA_ERROR(number, name, retriable)                                                                        \
    case number:                                                                                                       \
        return #name;
        WR_KAFKA_ERRORS(WR_KAFKA_ERROR)
#undef WR_KAFKA_ERROR
    default:
        return "UNKNOWN_ERROR";
    }
}

bool wr_kafka_error_retriable(int16_t code)
{
    switch (code) {
#define WR_KAFKA_ERROR(number, name, retriable)                                                                        \
    case number:                                                                                                       \
        return retriable;
        WR_KAFKA_ERRORS(WR_KAFKA_ERROR)
#undef WR_KAFKA_ERROR
    default:
        return false;
    }
}

const char *wr_api_key_name(int16_t key)
{
    switch (key) {
#define WR_API_KEY(number, name, text)                                                                                 \
    case number:                                                                                                       \
        return #text;
        WR_API_KEYS(WR_API_KEY)
#undef WR_API_KEY
    default:
        return "Unknown";
    }
}
