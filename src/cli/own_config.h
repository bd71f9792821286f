/* What stands in a topic's own configuration, and what will.
 *
 * AlterConfigs replaces all of it, so whoever wants to change one key sends the others along as they are. That is only
 * right when all of them can be read: a value that the broker does not show would be taken away. */
#ifndef WR_CLI_OWN_CONFIG_H
#define WR_CLI_OWN_CONFIG_H

#include <client/client.h>

enum { WR_OWN_CONFIG_MAX = 128 };

typedef struct wr_own_config {
    weir_attribute values[WR_OWN_CONFIG_MAX]; /* borrowed; a value that is not shown is NULL */
    size_t count;
} wr_own_config;

/* WEIR_E_UNSUPPORTED: the broker does not say which are the topic's own. WEIR_E_LIMIT: too many. */
WEIR_MUST_CHECK weir_err wr_own_config_read(const wr_config_info *configs, size_t count, wr_own_config *ret_own,
                                            weir_failure *failure);
/* Whether anything changes by it. False too when there are too many. */
bool wr_own_config_set(wr_own_config *own, const char *name, const char *value);
bool wr_own_config_unset(wr_own_config *own, const char *name);
/* May it be written? WEIR_E_REFUSED: a value is not known. */
WEIR_MUST_CHECK weir_err wr_own_config_check(const wr_own_config *own, weir_failure *failure);
bool wr_own_config_equal(const wr_own_config *a, const wr_own_config *b);

#endif
