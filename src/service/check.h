/* What a service says of itself, checked before anything starts. See check.c. */
#ifndef WR_CHECK_H
#define WR_CHECK_H

#include <weir/service.h>

/* WEIR_E_USAGE with a sentence that names the table and the entry. */
WEIR_MUST_CHECK weir_err wr_check_service(const weir_service *service, weir_failure *failure);
/* A service's name, which is also that of its database, its consumer group and its dead letter topic. */
WEIR_MUST_CHECK weir_err wr_check_name(const char *name, weir_failure *failure);

#endif
