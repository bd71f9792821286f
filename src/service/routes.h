/* HTTP in front of a core: routes, health, metrics. `handle` is what a wr_http_server calls. */
#ifndef WR_ROUTES_H
#define WR_ROUTES_H

#include <base/config.h>
#include <http/http.h>
#include <service/core.h>

typedef struct wr_routes wr_routes;

/* config and io are for routes that forward (forward.h); NULL when none does. */
WEIR_MUST_CHECK weir_err wr_routes_new(const weir_service *service, const wr_config *config, wr_io *io,
                                       wr_routes **ret_routes, weir_failure *failure);
void wr_routes_free(wr_routes *routes); /* accepts NULL */
/* Until it is given one, only /livez answers; NULL takes it away again, and waits until nobody is inside of it. */
void wr_routes_set_core(wr_routes *routes, wr_core *core);
/* What a start waits for, for /readyz; NULL: nothing in particular. Any thread. */
void wr_routes_say(wr_routes *routes, const char *sentence);
void wr_routes_handle(void *routes, wr_exchange *exchange);
extern const char *const wr_routes_urgent_paths[]; /* of a wr_http_server: /livez, /readyz, /metrics */

#endif
