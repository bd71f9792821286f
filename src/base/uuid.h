/* UUIDs, 16 bytes: printed in hex, or as Kafka prints topic ids (base64url without padding, 22 characters). */
#ifndef WR_UUID_H
#define WR_UUID_H

#include <weir/bytes.h>

typedef struct wr_uuid {
    uint8_t bytes[16];
} wr_uuid;

enum { WR_UUID_TEXT_SIZE = 37, WR_UUID_BASE64_SIZE = 23 }; /* with the NUL */

bool wr_uuid_is_zero(const wr_uuid *uuid);
bool wr_uuid_equal(const wr_uuid *a, const wr_uuid *b);
/* Version 4 from 16 random bytes; version 7 from Unix milliseconds and 10 random bytes (RFC 9562). */
wr_uuid wr_uuid_v4(const uint8_t random[16]);
wr_uuid wr_uuid_v7(int64_t time_ms, const uint8_t random[10]);
/* Version 8 from any bytes: the same bytes give the same id. */
wr_uuid wr_uuid_derive(weir_slice name);
void wr_uuid_print(const wr_uuid *uuid, char ret_text[WR_UUID_TEXT_SIZE]);
void wr_uuid_print_base64(const wr_uuid *uuid, char ret_text[WR_UUID_BASE64_SIZE]);
WEIR_MUST_CHECK weir_err wr_uuid_parse(const char *text, wr_uuid *ret_uuid); /* either form */

#endif
