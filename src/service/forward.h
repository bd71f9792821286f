/* GET requests that are passed on to other services, for routes with `forward`. */
#ifndef WR_FORWARD_H
#define WR_FORWARD_H

#include <base/buf.h>
#include <base/config.h>
#include <http/http.h>
#include <io/io.h>
#include <weir/service.h>

typedef struct wr_forward wr_forward; /* all targets of one service */

/* One target for each setting that a route names. config and io are borrowed for life. Without routes that forward
 * there are no targets, and config and io may be NULL. */
WEIR_MUST_CHECK weir_err wr_forward_new(const weir_service *service, const wr_config *config, wr_io *io,
                                        wr_forward **ret_forward, weir_failure *failure);
void wr_forward_free(wr_forward *forward); /* what is under way is answered 502; accepts NULL */
/* Passes the exchange on and answers it, now or later; does not wait. */
void wr_forward_pass(wr_forward *forward, const char *setting, wr_exchange *exchange);
void wr_forward_metrics(wr_forward *forward, const char *service, wr_buf *out);

#endif
