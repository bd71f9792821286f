/* Reading lines of "key=value", and the line in front that guards them (properties.h). */
#include "properties.h"

#include <base/buf.h>
#include <base/hash.h>

#include <stdio.h>

static const char guard[] = "# crc32c=";
enum { GUARD_SIZE = sizeof guard - 1, LINE_SIZE = GUARD_SIZE + 9 /* digits and \n */ };

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

static void print_guard(weir_slice text, char ret_line[LINE_SIZE + 1])
{
    snprintf(ret_line, LINE_SIZE + 1, "%s%08x\n", guard, (unsigned)wr_crc32c(0, text.data, text.size));
}

bool wr_properties_hold(weir_slice text)
{
    if (text.size < GUARD_SIZE || memcmp(text.data, guard, GUARD_SIZE) != 0)
        return true;
    char line[LINE_SIZE + 1];
    if (text.size < LINE_SIZE)
        return false;
    print_guard((weir_slice){text.data + LINE_SIZE, text.size - LINE_SIZE}, line);
    return memcmp(text.data, line, LINE_SIZE) == 0;
}

weir_err wr_properties_replace(wr_io *io, const char *path, weir_slice text, bool *ret_replaced)
{
    *ret_replaced = false;
    char line[LINE_SIZE + 1];
    wr_buf buf;
    wr_buf_init(&buf, text.size + LINE_SIZE);
    print_guard(text, line);
    wr_buf_append(&buf, line, LINE_SIZE);
    wr_buf_slice(&buf, text);
    weir_err err = wr_buf_failed(&buf) ? WEIR_E_MEMORY : wr_path_replace(io, path, wr_buf_view(&buf), ret_replaced);
    wr_buf_fini(&buf);
    return err;
}

weir_err wr_properties_write(wr_io *io, const char *path, weir_slice text)
{
    bool replaced;
    return wr_properties_replace(io, path, text, &replaced);
}
