/* Where somebody listens or connects to, as people type it and clients take it: "host:port". */
#ifndef WR_ADDRESS_H
#define WR_ADDRESS_H

#include <stddef.h>

/* An IPv6 address stands in brackets: "[::1]:9092". Cut to `size` bytes with the NUL. */
void wr_address_print(char *ret_text, size_t size, const char *host, int port);

#endif
