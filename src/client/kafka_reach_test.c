#include "kafka_int.h"

#include "test.h"

/* What is left of librdkafka's words on a connection that failed. */
static void expect(const char *said, const char *reason)
{
    wr_kafka_client client = {0};
    wr_kafka_handle handle = {0};
    wr_kafka_handle_init(&handle, &client);
    wr_kafka_reach_failed(&handle, said);
    wr_reach reach;
    wr_kafka_reach_read(&handle, &reach);
    CHECK_STR(reach.reason, reason);
    wr_kafka_handle_fini(&handle);
}

TEST(a_refused_connection_is_its_host_and_the_cause)
{
    expect("[thrd:h:9092/bootstrap]: h:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in "
           "state CONNECT)",
           "h:9092: Connection refused");
    expect("[thrd:GroupCoordinator]: GroupCoordinator: h:9092: Connection refused", "h:9092: Connection refused");
    expect("[thrd:h:9092/bootstrap]: h:9092/bootstrap: Failed to resolve 'h:9092': Name or service not known",
           "h:9092: Failed to resolve 'h:9092': Name or service not known");
}

TEST(the_host_of_a_connection_with_tls_or_sasl_is_said_too)
{
    expect("[thrd:ssl://h:9092/bootstrap]: ssl://h:9092/bootstrap: error:0A000126:SSL routines::unexpected eof while "
           "reading "
           "(after 0ms in state SSL_HANDSHAKE, 1 identical error(s) suppressed)",
           "h:9092: error:0A000126:SSL routines::unexpected eof while reading");
    expect(
        "[thrd:sasl_plaintext://h:9092/bootstrap]: sasl_plaintext://h:9092/1: SASL PLAIN mechanism handshake failed: "
        "Broker: Request not valid in current SASL state",
        "h:9092: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state");
}

TEST(what_names_no_host_is_said_as_it_is)
{
    expect("something went wrong", "something went wrong");
    expect("see https://example.test for why", "see https://example.test for why");
}
