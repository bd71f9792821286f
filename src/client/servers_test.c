#include "servers.h"
#include "test.h"

TEST(a_list_of_brokers_is_hosts_with_or_without_a_port)
{
    static const char *const good[] = {
        "localhost", "localhost:9092", "10.0.0.1:1,b.example:65535", " a:1 , b:2 ",      "[::1]:9092",
        "[::1]",     "fe80::1",        "PLAINTEXT://h:9092",         "SSL://[::1]:9093",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK_OK(wr_servers_check("bootstrap.servers", good[i], NULL));
}

TEST(what_is_no_broker_is_said_with_the_setting_and_the_entry)
{
    static const char *const bad[] = {
        "",
        " ",
        ",",
        "a:1,",
        "a:1,,b:2",
        ":9092",
        "h:",
        "h:abc",
        "h:0",
        "h:65536",
        "h:99999999999999999999",
        "h:9092x",
        "a b:1",
        "[::1",
        "[]:1",
        "[::1]9092",
        "[::1]:x",
        "PLAINTEXT://",
        "PLAINTEXT://:9092",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_EQ(wr_servers_check("bootstrap.servers", bad[i], NULL), WEIR_E_USAGE);
    weir_failure failure = {0};
    CHECK_EQ(wr_servers_check("bootstrap.servers", "good:1, bad:99999", &failure), WEIR_E_USAGE);
    CHECK_STR(failure.sentence, "bootstrap.servers: 'bad:99999' is not HOST:PORT, the port from 1 to 65535");
}
