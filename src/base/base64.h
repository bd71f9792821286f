/* Base64 with padding, as RFC 4648 section 4 has it. The form without padding that ids have is in uuid.h. */
#ifndef WR_BASE64_H
#define WR_BASE64_H

#include <base/buf.h>

/* The most bytes that so many digits stand for. */
static inline size_t wr_base64_bytes_max(size_t digit_count)
{
    return digit_count / 4 * 3;
}

void wr_base64_print(wr_buf *out, weir_slice bytes);
/* The bytes of a text: no whitespace, its length a multiple of 4. `ret_bytes` has room for wr_base64_bytes_max(text.size).
 * Bits of the last digit that belong to no byte are passed over. False for what is not base64. */
bool wr_base64_parse(weir_slice text, uint8_t *ret_bytes, size_t *ret_size);

#endif
