/* A service's configuration: the client's keys, weir's keys for services, and the service's own, in one table each. */
#ifndef WR_SETTINGS_H
#define WR_SETTINGS_H

#include <base/buf.h>
#include <base/config.h>
#include <io/io.h>
#include <weir/service.h>

enum { WR_SETTING_COUNT_MAX = 100 }; /* of a service's own */

typedef struct wr_settings {
    wr_config *config;
    wr_config_key *known;         /* rows of every service, with the defaults of this one */
    wr_config_key *own;           /* rows of service->settings */
    char port[8], directory[128]; /* those defaults */
    const wr_config_key *tables[4];
    bool wants_help, wants_version;
} wr_settings;

/* Reads flags, environment and file. Errors are the user's: an unknown key (with the nearest one), a bad value. */
WEIR_MUST_CHECK weir_err wr_settings_read(wr_settings *settings, const weir_service *service, int argc, char **argv,
                                          char *const *environment, wr_io *io, weir_failure *failure);
/* What only shows when names are put together or somebody is called: topics with their prefix, where routes forward to.
 * Changes nothing and connects to nobody. Errors are the user's. */
WEIR_MUST_CHECK weir_err wr_settings_check(const wr_settings *settings, const weir_service *service,
                                           weir_failure *failure);
/* Whether two keys are one variable of the environment, or one flag: a.b, a-b and a_b. */
bool wr_settings_is_same(const char *a, const char *b);
/* weir's own key, or one that is the same variable of the environment or the same flag; NULL: nobody's. */
const wr_config_key *wr_settings_find_known(const char *key);
void wr_settings_help(const wr_settings *settings, const weir_service *service, wr_buf *out);
void wr_settings_fini(wr_settings *settings);

#endif
