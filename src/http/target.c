/* Where a client sends to: "http://host[:port][/prefix]", and the names of methods as libevent has them. */
#include "http_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

weir_err wr_http_target_parse(const char *base_url, wr_http_target *ret_target, weir_failure *failure)
{
    wr_http_target target = {.port = 80};
    struct evhttp_uri *uri = base_url ? evhttp_uri_parse(base_url) : NULL;
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    bool good = scheme && host && *host && strcasecmp(scheme, "http") == 0 && !evhttp_uri_get_query(uri) &&
                strlen(host) < sizeof target.host && (!path || strlen(path) < sizeof target.prefix);
    if (good) {
        if (evhttp_uri_get_port(uri) > 0)
            target.port = evhttp_uri_get_port(uri);
        snprintf(target.host, sizeof target.host, "%s", host);
        snprintf(target.prefix, sizeof target.prefix, "%s", path ? path : "");
        for (size_t size = strlen(target.prefix); size && target.prefix[size - 1] == '/'; size--)
            target.prefix[size - 1] = 0;
        snprintf(target.authority, sizeof target.authority, "%s:%d", target.host, target.port);
        /* In a URL an IPv6 address stands in brackets; the socket calls want it without them. */
        size_t size = strlen(target.host);
        if (target.host[0] == '[' && target.host[size - 1] == ']') {
            memmove(target.host, target.host + 1, size - 2);
            target.host[size - 2] = 0;
        }
    }
    if (uri)
        evhttp_uri_free(uri);
    if (!good)
        return weir_fail(failure, WEIR_E_USAGE, "%s is not a base URL like http://host:port",
                         base_url ? base_url : "nothing");
    *ret_target = target;
    return WEIR_OK;
}

weir_err wr_http_base_url_check(const char *base_url, weir_failure *failure)
{
    wr_http_target target;
    return wr_http_target_parse(base_url, &target, failure);
}

static const struct {
    const char *name;
    enum evhttp_cmd_type type;
} methods[] = {
    {"GET", EVHTTP_REQ_GET},         {"POST", EVHTTP_REQ_POST},     {"HEAD", EVHTTP_REQ_HEAD},
    {"PUT", EVHTTP_REQ_PUT},         {"DELETE", EVHTTP_REQ_DELETE}, {"PATCH", EVHTTP_REQ_PATCH},
    {"OPTIONS", EVHTTP_REQ_OPTIONS},
};

bool wr_http_method_find(const char *name, enum evhttp_cmd_type *ret_method)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0) {
            *ret_method = methods[i].type;
            return true;
        }
    return false;
}
