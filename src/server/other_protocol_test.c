/* Which protocol is told from the first bytes of a connection. */
#include "server_int.h"

#include "test.h"

static const char *named(const char *bytes, size_t size)
{
    const char *name = wr_other_protocol((weir_slice){(const uint8_t *)bytes, size});
    return name ? name : "";
}

TEST(tls_http_ssh_and_the_proxy_protocol_are_known_by_their_first_bytes)
{
    CHECK_STR(named("\x16\x03\x01\x02\x00\x01", 6), "TLS");
    CHECK_STR(named("\x16\x03\x03\x00", 4), "TLS");
    CHECK_STR(named("GET / HTTP/1.1\r\n", 16), "HTTP");
    CHECK_STR(named("PRI * HTTP/2.0\r\n", 16), "HTTP");
    CHECK_STR(named("SSH-2.0-x\r\n", 11), "SSH");
    CHECK_STR(named("PROXY TCP4 ", 11), "the PROXY protocol");
}

TEST(a_frame_of_kafka_and_unknown_bytes_are_nothing_else)
{
    CHECK_STR(named("\x00\x00\x00\x12\x00\x12\x00\x00", 8), "");
    CHECK_STR(named("\xff\xff\xff\xff", 4), "");
    CHECK_STR(named("GE", 2), "");
    CHECK_STR(named("", 0), "");
}
