/* Printing addresses; address.h says how. */
#include "base/address.h"

#include <stdio.h>
#include <string.h>

void wr_address_print(char *ret_text, size_t size, const char *host, int port)
{
    snprintf(ret_text, size, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
}
