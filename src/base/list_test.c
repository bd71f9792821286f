#include "base/list.h"

#include "test.h"

typedef struct item {
    int number;
    wr_link link;
} item;

TEST(a_list_keeps_its_order_through_removal_anywhere)
{
    item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    wr_list list;
    wr_list_init(&list);
    CHECK(wr_list_empty(&list) && !wr_list_first(&list) && !wr_list_pop(&list));
    for (int i = 0; i < 4; i++)
        wr_list_append(&list, &items[i].link);
    wr_link_remove(&items[2].link);
    CHECK(!wr_link_linked(&items[2].link));
    wr_link_remove(&items[2].link);

    static const int expected[] = {0, 1, 3};
    int seen = 0;
    for (wr_link *each = wr_list_first(&list); each; each = wr_list_next(&list, each))
        CHECK_EQ(WR_LIST_ITEM(each, item, link)->number, expected[seen++]);
    CHECK_EQ(seen, 3);

    for (int i = 0; i < 3; i++)
        CHECK_EQ(WR_LIST_ITEM(wr_list_pop(&list), item, link)->number, expected[i]);
    CHECK(wr_list_empty(&list));
}

TEST(moving_puts_all_of_one_list_behind_another)
{
    item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    wr_list to, from;
    wr_list_init(&to);
    wr_list_init(&from);
    wr_list_move(&to, &from);
    CHECK(wr_list_empty(&to) && wr_list_empty(&from));
    for (int i = 0; i < 4; i++)
        wr_list_append(i < 2 ? &to : &from, &items[i].link);
    wr_list_move(&to, &from);
    CHECK(wr_list_empty(&from));
    wr_list_move(&from, &to); /* into an empty one */
    wr_list_move(&to, &from);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(WR_LIST_ITEM(wr_list_pop(&to), item, link)->number, i);
    CHECK(wr_list_empty(&to));
}
