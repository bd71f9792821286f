/* Programs that were compiled when the structs of weir/service.h had fewer members.
 *
 * A program hands over its weir_service with the sizes that its structs had when it was compiled (weir_layout, filled
 * by the inline weir_main). Members are only ever added at the end of a struct, and zero means what there was before;
 * so each struct is copied into today's, which was zeroed. Tables are walked by the program's row size. A program that
 * was compiled against a later weir may rely on what this one cannot do and is refused.
 *
 *     program's table   |type|version|run|type|version|run|0 ...
 *     today's table     |type|version|run|retry = 0|type|version|run|retry = 0|0 ...
 *
 * The end of a table is told by members that every layout had, not by zero bytes, since the padding of an automatic {0}
 * may hold anything. */
#include "layout_int.h"

#include <stdlib.h>

enum { ROW_COUNT_MAX = 4096 };

static bool handler_is_end(const void *row)
{
    const weir_handler *handler = row;
    return !handler->type && !handler->run;
}

static bool route_is_end(const void *row)
{
    const weir_route *route = row;
    return !route->method && !route->path && !route->run;
}

static bool setting_is_end(const void *row)
{
    const weir_setting *setting = row;
    return !setting->key && !setting->fallback;
}

/* How a table's rows look today, and which part of a row every layout had. */
typedef struct table {
    const char *name;
    size_t size, least_size;
    bool (*is_end)(const void *row);
} table;

static const table handlers = {"handlers", sizeof(weir_handler), offsetof(weir_handler, run) + sizeof(weir_handler_fn),
                               handler_is_end};
static const table routes = {"routes", sizeof(weir_route), offsetof(weir_route, run) + sizeof(weir_route_fn),
                             route_is_end};
static const table settings = {"settings", sizeof(weir_setting), offsetof(weir_setting, fallback) + sizeof(char *),
                               setting_is_end};

static weir_err check_size(const char *name, size_t size, size_t least_size, size_t today_size, weir_failure *failure)
{
    if (size > today_size)
        return weir_fail(
            failure, WEIR_E_UNSUPPORTED,
            "this program was compiled against a later weir than %s, which it runs with (%s has %zu bytes, "
            "not %zu): install that one",
            weir_version(), name, size, today_size);
    if (size < least_size)
        return weir_fail(failure, WEIR_E_USAGE, "%s has %zu bytes, which no weir ever had", name, size);
    return WEIR_OK;
}

/* Without rows *ret_rows is NULL. */
static weir_err copy_table(const table *table, const void *from, size_t row_size, void *ret_rows, weir_failure *failure)
{
    const uint8_t *at = from;
    size_t count = 0;
    weir_err err = check_size(table->name, row_size, table->least_size, table->size, failure);
    if (err != WEIR_OK || !from)
        return err;
    while (count <= ROW_COUNT_MAX && !table->is_end(at + count * row_size))
        count++;
    if (count > ROW_COUNT_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "more than %d %s, or no {0} at their end", ROW_COUNT_MAX, table->name);
    uint8_t *rows = calloc(count + 1, table->size);
    if (!rows)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the %s", table->name);
    for (size_t i = 0; i < count; i++)
        memcpy(rows + i * table->size, at + i * row_size, row_size);
    memcpy(ret_rows, &rows, sizeof(rows));
    return WEIR_OK;
}

static weir_err check_program(const weir_service *service, const weir_layout *layout, weir_failure *failure)
{
    if (!service || layout->layout_size < sizeof(*layout))
        return weir_fail(failure, WEIR_E_USAGE, "weir_main needs a weir_service");
    if (layout->layout_size > sizeof(*layout) || layout->version_number > WEIR_VERSION_NUMBER)
        return weir_fail(failure, WEIR_E_UNSUPPORTED,
                         "this program was compiled against a later weir than %s, which it runs with: install that one",
                         weir_version());
    return check_size("weir_service", layout->service_size, offsetof(weir_service, handlers), sizeof(*service),
                      failure);
}

weir_err wr_layout_read(wr_layout *ret_layout, const weir_service *service, const weir_layout *layout,
                        weir_failure *failure)
{
    static const weir_layout today = {sizeof(weir_layout),  WEIR_VERSION_NUMBER, sizeof(weir_service),
                                      sizeof(weir_handler), sizeof(weir_route),  sizeof(weir_setting)};
    wr_layout read = {0};
    layout = layout ? layout : &today;
    weir_err err = check_program(service, layout, failure);
    if (err == WEIR_OK)
        memcpy(&read.service, service, layout->service_size);
    if (err == WEIR_OK)
        err = copy_table(&handlers, read.service.handlers, layout->handler_size, &read.handlers, failure);
    if (err == WEIR_OK)
        err = copy_table(&routes, read.service.routes, layout->route_size, &read.routes, failure);
    if (err == WEIR_OK)
        err = copy_table(&settings, read.service.settings, layout->setting_size, &read.settings, failure);
    if (err != WEIR_OK) {
        wr_layout_fini(&read);
        return err;
    }
    read.service.handlers = read.handlers;
    read.service.routes = read.routes;
    read.service.settings = read.settings;
    *ret_layout = read;
    return WEIR_OK;
}

void wr_layout_fini(wr_layout *layout)
{
    free(layout->handlers);
    free(layout->routes);
    free(layout->settings);
    *layout = (wr_layout){0};
}
