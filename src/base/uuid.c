/* UUIDs (RFC 9562): versions 4, 7 and 8, and two texts of them.
 *
 *     hex       8-4-4-4-12 digits, lower case when printed, either case when read
 *     base64    22 digits of the URL's alphabet: 21 of six bits, and one of two bits, whose other four must be zero, so that
 *               one id has one text. As Kafka prints ids of topics
 *
 * The version stands in the high four bits of byte 6, the variant 10 in the high two of byte 8. */
#include "base/uuid.h"

#include "base/hex.h"

#include <stdio.h>
#include <xxhash.h>

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool wr_uuid_is_zero(const wr_uuid *uuid)
{
    return wr_uuid_equal(uuid, &(wr_uuid){{0}});
}

bool wr_uuid_equal(const wr_uuid *a, const wr_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static wr_uuid with_version(wr_uuid uuid, unsigned version)
{
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0F) | version << 4);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3F) | 0x80);
    return uuid;
}

wr_uuid wr_uuid_v4(const uint8_t random[16])
{
    wr_uuid uuid;
    memcpy(uuid.bytes, random, sizeof uuid.bytes);
    return with_version(uuid, 4);
}

wr_uuid wr_uuid_v7(int64_t time_ms, const uint8_t random[10])
{
    wr_uuid uuid;
    for (int i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)((uint64_t)time_ms >> (8 * (5 - i)));
    memcpy(uuid.bytes + 6, random, 10);
    return with_version(uuid, 7);
}

wr_uuid wr_uuid_derive(weir_slice name)
{
    /* XXH128's canonical form is specified, so the id is the same on every machine and in every release. */
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(name.size ? name.data : (const uint8_t *)"", name.size));
    wr_uuid uuid;
    memcpy(uuid.bytes, hash.digest, sizeof uuid.bytes);
    return with_version(uuid, 8);
}

static bool dash_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void wr_uuid_print(const wr_uuid *uuid, char ret_text[WR_UUID_TEXT_SIZE])
{
    for (int i = 0; i < 16; i++) {
        if (dash_before(i))
            *ret_text++ = '-';
        wr_hex_print(&uuid->bytes[i], 1, ret_text);
        ret_text += 2;
    }
    *ret_text = 0;
}

void wr_uuid_print_base64(const wr_uuid *uuid, char ret_text[WR_UUID_BASE64_SIZE])
{
    unsigned bits = 0;
    int bit_count = 0;
    for (int i = 0; i < 16; i++) {
        bits = bits << 8 | uuid->bytes[i];
        for (bit_count += 8; bit_count >= 6; bit_count -= 6)
            *ret_text++ = base64_digits[bits >> (bit_count - 6) & 63];
    }
    *ret_text++ = base64_digits[bits << 4 & 63]; /* 128 = 21 * 6 + 2 */
    *ret_text = 0;
}

static bool parse_hex(const char *text, wr_uuid *uuid)
{
    for (int i = 0; i < 16; i++) {
        if (dash_before(i) && *text++ != '-')
            return false;
        if (!wr_hex_parse(text, 1, &uuid->bytes[i]))
            return false;
        text += 2;
    }
    return true;
}

static bool parse_base64(const char *text, wr_uuid *uuid)
{
    unsigned bits = 0;
    int bit_count = 0;
    size_t at = 0;
    for (; *text; text++) {
        const char *digit = strchr(base64_digits, *text);
        if (!digit)
            return false;
        bits = bits << 6 | (unsigned)(digit - base64_digits);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            uuid->bytes[at++] = (uint8_t)(bits >> bit_count);
        }
    }
    return (bits & 15) == 0; /* the last digit carries two bits; one id has one text */
}

weir_err wr_uuid_parse(const char *text, wr_uuid *ret_uuid)
{
    wr_uuid uuid;
    size_t size = strlen(text);
    bool good = (size == WR_UUID_TEXT_SIZE - 1 && parse_hex(text, &uuid)) ||
                (size == WR_UUID_BASE64_SIZE - 1 && parse_base64(text, &uuid));
    if (!good)
        return WEIR_E_FORMAT;
    *ret_uuid = uuid;
    return WEIR_OK;
}
