/* A program's tables in today's layout. See layout.c. */
#ifndef WR_LAYOUT_INT_H
#define WR_LAYOUT_INT_H

#include <weir/service.h>

typedef struct wr_layout {
    weir_service service; /* what the rooms of weir see */
    weir_handler *handlers;
    weir_route *routes;
    weir_setting *settings;
} wr_layout;

/* Copy what `service` points to; texts stay the program's. `layout` NULL: everything is as today. On failure there is
 * nothing to free. Errors: WEIR_E_UNSUPPORTED when the program was compiled against a later weir, WEIR_E_LIMIT past
 * 4,096 rows of one table, WEIR_E_USAGE for no service, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_layout_read(wr_layout *ret_layout, const weir_service *service, const weir_layout *layout,
                                        weir_failure *failure);
void wr_layout_fini(wr_layout *layout);

#endif
