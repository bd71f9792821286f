/* The list of brokers to begin with, as a person writes it. */
#ifndef WR_SERVERS_H
#define WR_SERVERS_H

#include <weir/error.h>

/* `key` is the setting's name, for the sentence. The list is HOST, HOST:PORT, [IPV6]:PORT or PROTOCOL://HOST:PORT,
 * separated by commas; librdkafka takes a port that is no number for 0 and cuts one that is too large, and then tries
 * for ever. Errors: WEIR_E_USAGE. */
WEIR_MUST_CHECK weir_err wr_servers_check(const char *key, const char *servers, weir_failure *failure);

#endif
