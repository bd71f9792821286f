/* Percent escapes, as in URLs and in CloudEvents' HTTP headers: '%' and two hex digits for a byte. Which bytes are escaped,
 * and whether a '%' that is none may stand there, is said by who reads and writes. */
#ifndef WR_PERCENT_H
#define WR_PERCENT_H

#include <stddef.h>
#include <stdint.h>

enum { WR_PERCENT_SIZE = 3 };

/* The byte that the escape at the front of `text` stands for; -1: there is none within `size` bytes. */
int wr_percent_byte(const void *text, size_t size);
/* The escape of a byte, in upper case as RFC 3986 wants it, without a NUL. */
void wr_percent_print(uint8_t byte, char ret_escape[WR_PERCENT_SIZE]);

#endif
