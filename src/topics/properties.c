/* Reading lines of "key=value" (properties.h). */
#include "properties.h"

static weir_slice trim(weir_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && strchr(" \t\r", text.data[text.size - 1]))
        text.size--;
    return text;
}

bool wr_properties_next(weir_slice text, size_t *at, weir_slice *ret_key, weir_slice *ret_value)
{
    while (*at < text.size) {
        const uint8_t *start = text.data + *at;
        const uint8_t *newline = memchr(start, '\n', text.size - *at);
        size_t size = newline ? (size_t)(newline - start) : text.size - *at;
        *at += size + 1;
        weir_slice line = trim((weir_slice){start, size});
        if (line.size == 0 || line.data[0] == '#')
            continue;
        size_t key_size = 0;
        while (key_size < line.size && line.data[key_size] != '=' && line.data[key_size] != ':')
            key_size++;
        if (key_size == line.size)
            continue;
        *ret_key = trim((weir_slice){line.data, key_size});
        *ret_value = trim((weir_slice){line.data + key_size + 1, line.size - key_size - 1});
        return true;
    }
    return false;
}

bool wr_properties_get(weir_slice text, const char *key, char *ret_value, size_t size)
{
    weir_slice found, value;
    for (size_t at = 0; wr_properties_next(text, &at, &found, &value);)
        if (weir_slice_equal(found, weir_slice_of(key)) && value.size < size) {
            memcpy(ret_value, value.data, value.size);
            ret_value[value.size] = '\0';
            return true;
        }
    return false;
}
