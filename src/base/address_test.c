#include "base/address.h"

#include "test.h"

TEST(an_ipv6_address_stands_in_brackets_before_its_port)
{
    char text[64];
    wr_address_print(text, sizeof text, "::1", 9092);
    CHECK_STR(text, "[::1]:9092");
    wr_address_print(text, sizeof text, "fe80::1:2", 1);
    CHECK_STR(text, "[fe80::1:2]:1");
}

TEST(names_and_ipv4_addresses_stand_as_they_are)
{
    char text[64];
    wr_address_print(text, sizeof text, "127.0.0.1", 9092);
    CHECK_STR(text, "127.0.0.1:9092");
    wr_address_print(text, sizeof text, "broker.example", 65535);
    CHECK_STR(text, "broker.example:65535");
}

TEST(what_does_not_fit_is_cut)
{
    char text[8];
    wr_address_print(text, sizeof text, "::1", 9092);
    CHECK_STR(text, "[::1]:9");
}
