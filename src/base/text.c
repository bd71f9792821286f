/* Words and numbers that people type; text.h says what is read. */
#include "base/text.h"

#include <string.h>

weir_err wr_number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
    int64_t value = 0;
    bool negative = *text == '-', beyond = false;
    text += negative;
    if (!*text)
        return WEIR_E_FORMAT;
    for (; *text; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9)
            return WEIR_E_FORMAT;
        beyond = beyond || __builtin_mul_overflow(value, 10, &value) ||
                 __builtin_add_overflow(value, negative ? -digit : digit, &value);
    }
    if (beyond || value < min || value > max)
        return WEIR_E_RANGE;
    *ret_number = value;
    return WEIR_OK;
}

bool wr_text_is_choice(const char *text, const char *choices)
{
    size_t size = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (size > 0 && strcspn(at, "|") == size && memcmp(at, text, size) == 0)
            return true;
    return false;
}

weir_err wr_digits_parse(const char *text, int64_t *ret_number, const char **ret_rest)
{
    int64_t value = 0;
    if (*text < '0' || *text > '9')
        return WEIR_E_FORMAT;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
            return WEIR_E_RANGE;
    *ret_number = value;
    *ret_rest = text;
    return WEIR_OK;
}

/* The distance of optimal string alignment. A row holds the distances of a's first i bytes to each beginning of b; a swap
 * looks two rows back. */
size_t wr_edit_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size >= WR_EDIT_TEXT_SIZE || b_size >= WR_EDIT_TEXT_SIZE)
        return SIZE_MAX;
    size_t rows[3][WR_EDIT_TEXT_SIZE];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_size];
}
