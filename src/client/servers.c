/* See servers.h. */
#include "servers.h"

#include <string.h>

enum { PORT_MAX = 65535 };

static bool is_port(const char *at, size_t size)
{
    int port = 0;
    for (size_t i = 0; i < size; i++) {
        if (at[i] < '0' || at[i] > '9' || port > PORT_MAX)
            return false;
        port = port * 10 + (at[i] - '0');
    }
    return port >= 1 && port <= PORT_MAX;
}

/* One entry without the blanks around it. A name with several colons and no brackets is an IPv6 address alone. */
static bool is_server(const char *at, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++)
        if (memcmp(at + i, "://", 3) == 0) {
            at += i + 3;
            size -= i + 3;
            break;
        }
    const char *bracket = size && at[0] == '[' ? memchr(at, ']', size) : NULL;
    if (size && at[0] == '[' && (!bracket || bracket == at + 1))
        return false;
    size_t host = bracket ? (size_t)(bracket - at) + 1 : 0;
    const char *colon = memchr(at + host, ':', size - host);
    if (!bracket)
        host = colon ? (size_t)(colon - at) : size;
    if (host == 0 || memchr(at, ' ', size))
        return false;
    if (!colon)
        return host == size;
    bool is_address = !bracket && memchr(colon + 1, ':', size - host - 1);
    return is_address || (colon == at + host && is_port(colon + 1, size - host - 1));
}

weir_err wr_servers_check(const char *key, const char *servers, weir_failure *failure)
{
    for (const char *at = servers;; at++) {
        at += strspn(at, " ");
        size_t whole = strcspn(at, ","), size = whole;
        while (size && at[size - 1] == ' ')
            size--;
        if (!is_server(at, size))
            return weir_fail(failure, WEIR_E_USAGE, "%s: '%.*s' is not HOST:PORT, the port from 1 to %d", key,
                             size < 80 ? (int)size : 80, at, PORT_MAX);
        at += whole;
        if (!*at)
            return WEIR_OK;
    }
}
