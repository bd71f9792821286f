/* What a letter is called, and its parts. */
#include "letters.h"

#include <base/text.h>

#include <stdio.h>

const char *wr_letter_state_name(wr_letter_state state)
{
    static const char *const names[] = {"open", "unfinished", "redriven", "dropped"};
    return names[state];
}

weir_err wr_letter_name_parse(const char *text, wr_letter_name *ret_name)
{
    const char *slash = strrchr(text, '/'), *at = slash ? strchr(slash, '@') : NULL;
    wr_letter_name name;
    char partition[12];
    int64_t number, offset;
    if (!at || (size_t)(slash - text) >= sizeof name.topic || (size_t)(at - slash - 1) >= sizeof partition)
        return WEIR_E_FORMAT;
    snprintf(name.topic, sizeof name.topic, "%.*s", (int)(slash - text), text);
    snprintf(partition, sizeof partition, "%.*s", (int)(at - slash - 1), slash + 1);
    if (!wr_topic_name_valid(name.topic) || wr_number_parse(partition, 0, INT32_MAX, &number) != WEIR_OK ||
        wr_number_parse(at + 1, 0, INT64_MAX - 1, &offset) != WEIR_OK)
        return WEIR_E_FORMAT;
    name.partition = (int32_t)number;
    name.offset = offset;
    *ret_name = name;
    return WEIR_OK;
}

weir_slice wr_letter_data(const wr_letter_item *item)
{
    return item->is_event ? item->event.data : item->record.value;
}
