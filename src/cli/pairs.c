/* Pairs are parsed in a copy, whose escapes are taken out in place; pairs.h has the grammar. */
#include <cli/pairs.h>

/* One value up to its comma, without its escapes; *at is left behind the comma. */
static weir_slice take_value(uint8_t *copy, size_t size, size_t *at)
{
    uint8_t *start = copy + *at, *out = start;
    for (; *at < size && copy[*at] != ','; (*at)++) {
        bool escaped = copy[*at] == '\\' && *at + 1 < size && (copy[*at + 1] == ',' || copy[*at + 1] == '\\');
        *at += escaped;
        *out++ = copy[*at];
    }
    if (*at < size)
        (*at)++;
    return (weir_slice){start, (size_t)(out - start)};
}

weir_err wr_pairs_parse(weir_arena *arena, weir_slice text, wr_client_header *ret_pairs, size_t pairs_max,
                        size_t *ret_count, weir_failure *failure)
{
    uint8_t *copy = weir_arena_alloc(arena, text.size + 1);
    size_t count = 0, at = 0;
    if (!copy)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    while (at < text.size) {
        size_t start = at;
        while (at < text.size && copy[at] != '=' && copy[at] != ',')
            at++;
        bool named = at > start && at < text.size && copy[at] == '=' && !memchr(copy + start, 0, at - start);
        if (!named)
            return weir_fail(failure, WEIR_E_FORMAT, "NAME=VALUE,... is expected, not '%.80s'", (char *)copy + start);
        if (count == pairs_max)
            return weir_fail(failure, WEIR_E_FORMAT, "more than %zu pairs", pairs_max);
        copy[at++] = '\0';
        ret_pairs[count].name = (char *)copy + start;
        ret_pairs[count++].value = take_value(copy, text.size, &at);
    }
    *ret_count = count;
    return WEIR_OK;
}

void wr_pairs_print(const wr_client_header *pairs, size_t count, wr_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        wr_buf_printf(out, "%s%s=", i ? "," : "", pairs[i].name);
        for (size_t k = 0; k < pairs[i].value.size; k++) {
            uint8_t byte = pairs[i].value.data[k];
            if (byte == ',' || byte == '\\')
                wr_buf_text(out, "\\");
            wr_buf_append(out, &byte, 1);
        }
    }
}
