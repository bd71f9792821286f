/* File names as Kafka makes them: 20 decimal digits and a suffix. */
#include "log_int.h"

#include <base/text.h>
#include <inttypes.h>
#include <stdio.h>

enum { DIGITS = 20 };

weir_err wr_log_path(const wr_log *log, int64_t base_offset, const char *suffix, char ret_path[WR_LOG_PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof name, "%0*" PRId64 "%s", DIGITS, base_offset, suffix);
    return wr_log_path_named(log, name, ret_path);
}

weir_err wr_log_path_named(const wr_log *log, const char *name, char ret_path[WR_LOG_PATH_MAX])
{
    int size = snprintf(ret_path, WR_LOG_PATH_MAX, "%s/%s", log->directory, name);
    return size < 0 || size >= WR_LOG_PATH_MAX ? WEIR_E_LIMIT : WEIR_OK;
}

bool wr_log_name_read(const char *name, int64_t *ret_offset, const char **ret_suffix)
{
    int64_t offset;
    const char *rest;
    if (wr_digits_parse(name, &offset, &rest) != WEIR_OK || rest != name + DIGITS || *rest != '.')
        return false;
    *ret_offset = offset;
    *ret_suffix = rest;
    return true;
}
