#include "base/uuid.h"

#include "test.h"

static const wr_uuid sample = {
    {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}};

TEST(an_id_prints_in_hex_and_as_kafka_prints_topic_ids)
{
    char text[WR_UUID_TEXT_SIZE], base64[WR_UUID_BASE64_SIZE];
    wr_uuid_print(&sample, text);
    CHECK_STR(text, "01234567-89ab-cdef-fedc-ba9876543210");
    wr_uuid_print_base64(&sample, base64);
    CHECK_STR(base64, "ASNFZ4mrze_-3LqYdlQyEA");
}

TEST(any_id_is_read_back_from_both_of_its_texts)
{
    uint64_t chance = 5;
    for (int i = 0; i < 2000; i++) {
        wr_uuid id, back;
        for (int k = 0; k < 16; k++)
            id.bytes[k] = (uint8_t)test_random(&chance);
        char text[WR_UUID_TEXT_SIZE], base64[WR_UUID_BASE64_SIZE];
        wr_uuid_print(&id, text);
        wr_uuid_print_base64(&id, base64);
        CHECK_OK(wr_uuid_parse(text, &back));
        CHECK(wr_uuid_equal(&id, &back));
        back = (wr_uuid){{0}};
        CHECK_OK(wr_uuid_parse(base64, &back));
        CHECK(wr_uuid_equal(&id, &back));
    }
}

TEST(capital_hex_digits_are_read)
{
    wr_uuid id;
    CHECK_OK(wr_uuid_parse("01234567-89AB-CDEF-FEDC-BA9876543210", &id));
    CHECK(wr_uuid_equal(&id, &sample));
}

TEST(what_is_not_an_id_is_refused_and_changes_nothing)
{
    static const char *const wrong[] = {
        "",
        "01234567-89ab-cdef-fedc-ba987654321",
        "01234567-89ab-cdef-fedc-ba98765432100",
        "01234567-89ab-cdef-fedc-ba987654321g",
        "01234567x89ab-cdef-fedc-ba9876543210",
        "012345678-9ab-cdef-fedc-ba9876543210",
        "ASNFZ4mrze_-3LqYdlQyEB", /* bits that belong to no byte */
        "ASNFZ4mrze_-3LqYdlQyE=",
        "ASNFZ4mrze/-3LqYdlQyEA",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wr_uuid id = sample;
        CHECK_EQ(wr_uuid_parse(wrong[i], &id), WEIR_E_FORMAT);
        CHECK(wr_uuid_equal(&id, &sample));
    }
}

TEST(made_ids_carry_their_version_and_variant)
{
    uint8_t ones[16];
    memset(ones, 0xFF, sizeof ones);
    char text[WR_UUID_TEXT_SIZE];
    wr_uuid id = wr_uuid_v4(ones);
    wr_uuid_print(&id, text);
    CHECK_STR(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    id = wr_uuid_v7(0x0123456789AB, ones);
    wr_uuid_print(&id, text);
    CHECK_STR(text, "01234567-89ab-7fff-bfff-ffffffffffff");
}

TEST(a_derived_id_is_the_same_for_ever_and_differs_by_name)
{
    wr_uuid id = wr_uuid_derive(weir_slice_of("inventory/order-17/0"));
    wr_uuid other = wr_uuid_derive(weir_slice_of("inventory/order-17/1"));
    char text[WR_UUID_TEXT_SIZE];
    wr_uuid_print(&id, text);
    CHECK_STR(text, "ea3a817f-f3bb-8d9e-ae2f-20b97e442046");
    CHECK(!wr_uuid_equal(&id, &other));
    wr_uuid empty = wr_uuid_derive((weir_slice){0});
    CHECK(!wr_uuid_is_zero(&empty));
    CHECK(wr_uuid_is_zero(&(wr_uuid){{0}}));
}
