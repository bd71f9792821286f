#include "base/base64.h"

#include "test.h"

TEST(the_vectors_of_rfc_4648_print_and_come_back)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        wr_buf out;
        uint8_t bytes[8];
        size_t size;
        wr_buf_init(&out, 100);
        wr_base64_print(&out, weir_slice_of(vectors[i][0]));
        CHECK_STR(wr_buf_cstr(&out), vectors[i][1]);
        CHECK(wr_base64_bytes_max(strlen(vectors[i][1])) <= sizeof bytes);
        CHECK(wr_base64_parse(weir_slice_of(vectors[i][1]), bytes, &size));
        CHECK_EQ(size, strlen(vectors[i][0]));
        CHECK(memcmp(bytes, vectors[i][0], size) == 0);
        wr_buf_fini(&out);
    }
}

TEST(what_is_not_base64_is_refused)
{
    static const char *const bad[] = {"=",    "==",   "====", "A===",     "Zg",     "Zg=",  "Zm9",
                                      "Z g=", "Zm-v", "Zm_v", "Zg==Zg==", "Zm9v\n", "=m9v", "Zm\xc3v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[8];
        size_t size = 77;
        CHECK(!wr_base64_parse(weir_slice_of(bad[i]), bytes, &size));
        CHECK_EQ(size, 77);
    }
    uint8_t bytes[3];
    size_t size;
    CHECK(!wr_base64_parse((weir_slice){(const uint8_t *)"Zm\0v", 4}, bytes, &size));
}
