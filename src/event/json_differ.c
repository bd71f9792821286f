/* Where two JSON values differ (json_pointer.h). Both are checked as a whole first, so that what follows meets sound JSON. */
#include "json_int.h"
#include "json_pointer.h"
#include "json_text.h"

#include <base/array.h>

#include <stdlib.h>

enum { DEPTH_MAX = 64, MEMBERS_MAX = 1000, SIZE_MAX_COMPARED = 64 << 20 };

typedef struct differ {
    void (*each)(void *user, const char *pointer, weir_slice before, weir_slice after);
    void *user;
    wr_buf pointer;
    bool failed;
} differ;

typedef struct member {
    wr_json_string name; /* as it stands there; an item of an array has none */
    weir_slice value;
} member;

typedef struct members {
    member *items;
    size_t count, capacity;
    bool failed; /* memory, or too many */
} members;

static void tell(differ *differ, weir_slice before, weir_slice after)
{
    const char *pointer = wr_buf_cstr(&differ->pointer);
    if (wr_buf_failed(&differ->pointer))
        differ->failed = true;
    else
        differ->each(differ->user, pointer, before, after);
}

static void read_members(weir_slice value, members *to)
{
    wr_json_reader in = wr_json_reader_of(value, DEPTH_MAX);
    bool is_object = value.data[0] == '{';
    wr_json_open(&in, is_object ? '{' : '[');
    while (!to->failed && wr_json_more(&in, is_object ? '}' : ']')) {
        member one = {0};
        if (is_object)
            wr_json_name(&in, &one.name);
        one.value = wr_json_skip(&in);
        to->failed = WR_ARRAY_RESERVE(to->items, to->capacity, to->count + 1, MEMBERS_MAX) != WEIR_OK;
        if (!to->failed)
            to->items[to->count++] = one;
    }
}

/* Names are compared as they stand there: one that is written in two ways counts as taken away and added. */
static const member *find(const members *among, weir_slice name)
{
    for (size_t i = among->count; i-- > 0;)
        if (weir_slice_equal(among->items[i].name.raw, name))
            return &among->items[i];
    return NULL;
}

static size_t step_into(differ *differ, const member *member, size_t index)
{
    size_t before = differ->pointer.size;
    wr_buf_text(&differ->pointer, "/");
    if (!member->name.raw.data) {
        wr_buf_printf(&differ->pointer, "%zu", index);
        return before;
    }
    uint8_t *text = malloc(member->name.raw.size + 1);
    size_t size = text ? wr_json_unescape(member->name, text) : 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '~' || text[i] == '/')
            wr_buf_text(&differ->pointer, text[i] == '~' ? "~0" : "~1");
        else
            wr_buf_append(&differ->pointer, &text[i], 1);
    differ->failed = differ->failed || !text;
    free(text);
    return before;
}

static void step_back(differ *differ, size_t to)
{
    if (!differ->pointer.failed)
        differ->pointer.size = to;
}

static void compare(differ *differ, weir_slice before, weir_slice after);

static void compare_members(differ *differ, const members *before, const members *after)
{
    for (size_t i = 0; i < before->count; i++) {
        const member *one = &before->items[i], *other = one->name.raw.data ? find(after, one->name.raw)
                                                        : i < after->count ? &after->items[i]
                                                                           : NULL;
        size_t back = step_into(differ, one, i);
        if (other)
            compare(differ, one->value, other->value);
        else
            tell(differ, one->value, (weir_slice){0});
        step_back(differ, back);
    }
    for (size_t i = 0; after->items && i < after->count; i++) {
        const member *one = &after->items[i];
        if (one->name.raw.data ? find(before, one->name.raw) != NULL : i < before->count)
            continue;
        size_t back = step_into(differ, one, i);
        tell(differ, (weir_slice){0}, one->value);
        step_back(differ, back);
    }
}

static bool is_same(weir_slice before, weir_slice after)
{
    wr_buf one, other;
    wr_buf_init(&one, SIZE_MAX_COMPARED);
    wr_buf_init(&other, SIZE_MAX_COMPARED);
    bool same = wr_json_compact(&one, before, NULL) == WEIR_OK && wr_json_compact(&other, after, NULL) == WEIR_OK &&
                weir_slice_equal(wr_buf_view(&one), wr_buf_view(&other));
    wr_buf_fini(&one);
    wr_buf_fini(&other);
    return same;
}

static void compare(differ *differ, weir_slice before, weir_slice after)
{
    if (is_same(before, after))
        return;
    members one = {0}, other = {0};
    bool is_deep = before.data[0] == after.data[0] && (before.data[0] == '{' || before.data[0] == '[');
    if (is_deep) {
        read_members(before, &one);
        read_members(after, &other);
    }
    if (is_deep && !one.failed && !other.failed)
        compare_members(differ, &one, &other);
    else
        tell(differ, before, after);
    free(one.items);
    free(other.items);
}

weir_err wr_json_differences(weir_slice before, weir_slice after,
                             void (*each)(void *user, const char *pointer, weir_slice before, weir_slice after),
                             void *user, weir_failure *failure)
{
    weir_slice one, other;
    differ differ = {.each = each, .user = user};
    weir_err err = wr_json_pointer_get(before, "", &one, failure);
    if (err == WEIR_OK)
        err = wr_json_pointer_get(after, "", &other, failure);
    if (err != WEIR_OK)
        return err;
    wr_buf_init(&differ.pointer, SIZE_MAX_COMPARED);
    compare(&differ, one, other);
    wr_buf_fini(&differ.pointer);
    return differ.failed ? weir_fail(failure, WEIR_E_MEMORY, "no memory to compare two values") : WEIR_OK;
}
