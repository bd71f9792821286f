#include "group_int.h"

#include <base/buf.h>

#include <stdio.h>

#include "test.h"

enum { SIZE_MAX_OF_MEMBER = 1 << 20 };

/* Writes a subscription to the topics: `names` ends with NULL. */
static weir_slice subscription(wr_buf *out, const char *const *names)
{
    int32_t count = 0;
    while (names[count])
        count++;
    wr_buf_init(out, SIZE_MAX_OF_MEMBER);
    wr_buf_i16(out, 1);
    wr_buf_i32(out, count);
    for (int32_t i = 0; i < count; i++) {
        wr_buf_i16(out, (int16_t)strlen(names[i]));
        wr_buf_text(out, names[i]);
    }
    wr_buf_text(out, "user data");
    return wr_buf_view(out);
}

static bool same(const char *const *a, const char *const *b)
{
    wr_buf x, y;
    weir_slice first = subscription(&x, a), second = subscription(&y, b);
    bool answer = wr_subscription_same_topics(first, second);
    CHECK_EQ(answer, wr_subscription_same_topics(second, first));
    wr_buf_fini(&x);
    wr_buf_fini(&y);
    return answer;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(subscriptions_are_compared_as_sets_of_topics)
{
    CHECK(same(NAMES("orders", "payments"), NAMES("payments", "orders")));
    CHECK(same(NAMES("orders", "orders"), NAMES("orders")));
    CHECK(same(NAMES(NULL), NAMES(NULL)));
    CHECK(same(NAMES("", "a"), NAMES("a", "")));
    CHECK(!same(NAMES("orders"), NAMES("orders", "payments")));
    CHECK(!same(NAMES("orders", "orders", "stock"), NAMES("orders", "payments")));
    CHECK(!same(NAMES("orders"), NAMES("order")));
    CHECK(!same(NAMES("orders"), NAMES(NULL)));
}

TEST(bytes_that_are_no_subscription_equal_only_themselves)
{
    wr_buf whole;
    weir_slice bytes = subscription(&whole, NAMES("orders", "payments")), cut = bytes;
    CHECK(wr_subscription_same_topics(bytes, bytes));
    for (cut.size = 0; cut.size < bytes.size - strlen("user data"); cut.size++) {
        CHECK(wr_subscription_same_topics(cut, cut));
        CHECK(!wr_subscription_same_topics(cut, bytes));
        CHECK(!wr_subscription_same_topics(bytes, cut));
    }
    static const uint8_t many[] = {0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0}, negative[] = {0, 1, 0xff, 0xff, 0xff, 0xff};
    CHECK(!wr_subscription_same_topics((weir_slice){many, sizeof many}, (weir_slice){negative, sizeof negative}));
    wr_buf_fini(&whole);
}

/* When every name was looked for from the start this took minutes, and a static member that comes back held everybody up
 * for as long. */
TEST(the_largest_subscriptions_are_compared_at_once)
{
    enum { COUNT = 150000 };
    wr_buf rising, falling;
    wr_buf_init(&rising, SIZE_MAX_OF_MEMBER);
    wr_buf_init(&falling, SIZE_MAX_OF_MEMBER);
    wr_buf *const both[] = {&rising, &falling};
    for (size_t k = 0; k < 2; k++) {
        wr_buf_i16(both[k], 1);
        wr_buf_i32(both[k], COUNT);
        for (int32_t i = 0; i < COUNT; i++) {
            int32_t number = k ? COUNT - 1 - i : i;
            char name[5] = {(char)('a' + number % 26), (char)('a' + number / 26 % 26), (char)('a' + number / 676 % 26),
                            (char)('a' + number / 17576), '\0'};
            wr_buf_i16(both[k], 4);
            wr_buf_text(both[k], name);
        }
        CHECK(!wr_buf_failed(both[k]));
    }
    CHECK(wr_subscription_same_topics(wr_buf_view(&rising), wr_buf_view(&falling)));
    rising.data[rising.size - 1] ^= 1;
    CHECK(!wr_subscription_same_topics(wr_buf_view(&rising), wr_buf_view(&falling)));
    wr_buf_fini(&rising);
    wr_buf_fini(&falling);
}
