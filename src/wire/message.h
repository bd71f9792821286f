/* Kafka's messages as tables, and the one interpreter that decodes and encodes them.
 *
 * Each API has one file, wire/<api>.h and .c (produce.h, join_group.h, …): the C structs of request and response, and
 * for each a table whose rows are in the order of the protocol's bytes. A field that a version lacks keeps its default.
 * Facts: the message definitions of Apache Kafka's protocol guide, 4.2.
 *
 * Compact and tagged encodings follow from the message's first flexible version; the tables do not repeat it. Decoded
 * texts, bytes and arrays borrow from the frame or live in the arena. Limits: an array may not claim more items than
 * the bytes that are left could hold; nesting is bounded by the tables.
 *
 * Who builds a message: wr_message_init sets the defaults of the outermost struct. Items of arrays begin as zeroes, so
 * a member that the header marks with another default must be set; optional structs are absent while they are NULL. */
#ifndef WR_MESSAGE_H
#define WR_MESSAGE_H

#include <base/buf.h>
#include <base/uuid.h>
#include <wire/kafka.h>

typedef enum wr_kind {
    WR_END = 0,
    WR_BOOL,    /* bool */
    WR_INT8,    /* int8_t */
    WR_INT16,   /* int16_t */
    WR_INT32,   /* int32_t */
    WR_INT64,   /* int64_t */
    WR_UINT16,  /* uint16_t */
    WR_FLOAT64, /* double */
    WR_UUID,    /* wr_uuid */
    WR_STRING,  /* weir_slice; null is data NULL */
    WR_BYTES,   /* weir_slice */
    WR_RECORDS, /* weir_slice: bytes whose content is record batches */
    WR_ARRAY,   /* pointer to items, followed directly by its int32_t count (-1: null) */
    WR_STRUCT,  /* as a field: pointer to a struct, NULL when null or when the tag is absent */
} wr_kind;

enum { WR_VERSION_NEVER = 0x7fff };

typedef struct wr_field wr_field;
typedef struct wr_items {
    size_t size;            /* of one C item */
    wr_kind kind;           /* of the items; WR_STRUCT for structs */
    const wr_field *fields; /* of a struct */
} wr_items;

struct wr_field {
    const char *name;
    size_t offset;
    wr_kind kind;
    int16_t first;         /* first version that has the field */
    int16_t last;          /* last version that has it; 0: still there */
    int16_t nullable;      /* 1 + first version in which it may be null; 0: never */
    int16_t tag;           /* 1 + tag number; 0: an ordinary field. Tagged in every version that has it */
    const wr_items *items; /* arrays and structs */
    int64_t fallback;      /* the default: a number, or for texts, bytes and arrays WR_NULL_DEFAULT */
};
enum { WR_NULL_DEFAULT = 1 };

typedef struct wr_message {
    const char *name; /* "ProduceRequest" */
    int16_t api_key;
    int16_t min_version, max_version; /* that this build serves */
    int16_t flexible_version;         /* first flexible one, or WR_VERSION_NEVER */
    size_t size;                      /* of the C struct */
    const wr_field *fields;
} wr_message;

/* One row per API that has tables. The broker advertises those that it has a handler for. */
typedef struct wr_api {
    int16_t key;
    const char *name;       /* "Produce" */
    int16_t min_advertised; /* may be below what is served, for clients that test for it */
    const wr_message *request, *response;
} wr_api;

/* All APIs, by key ascending; *ret_count rows. */
const wr_api *wr_apis(size_t *ret_count);
const wr_api *wr_api_find(int16_t key); /* NULL if not served */

/* Decode a whole body. ret_message points to message->size bytes, whose content is undefined after a failure. A text or
 * bytes that are empty have data that is not NULL.
 * Errors: WEIR_E_FORMAT (with the field's path in failure), WEIR_E_UNSUPPORTED version, WEIR_E_LIMIT when the arena has
 * no more. Bytes after the last field are ignored, as Kafka ignores them: librdkafka 2.0 sends one to three after
 * ListGroups 4 and OffsetFetch 7. */
WEIR_MUST_CHECK weir_err wr_message_decode(const wr_message *message, int16_t version, weir_slice body,
                                           weir_arena *arena, void *ret_message, weir_failure *failure);
/* Append the encoding. Fields that the version lacks are left out. Errors: WEIR_E_LIMIT (out failed, or a text is
 * longer than 32,767 bytes), WEIR_E_USAGE when null stands where the version has no null, WEIR_E_UNSUPPORTED version.
 * On failure nothing is appended. */
WEIR_MUST_CHECK weir_err wr_message_encode(const wr_message *message, int16_t version, const void *from, wr_buf *out);
/* Set every field to its default. */
void wr_message_init(const wr_message *message, void *ret_message);
/* One line of text for diagnostics and tests; payloads are shown by size. */
void wr_message_print(const wr_message *message, int16_t version, const void *from, wr_buf *out);

/* ---- the header in front of a body (request header v0, v1 and v2; response header v0 and v1) */
typedef struct wr_request_header {
    int16_t api_key;
    int16_t api_version;
    int32_t correlation_id;
    weir_slice client_id; /* data NULL when null */
} wr_request_header;

/* Decode the header of a frame (without the 4 bytes of length) and say where the body starts. Works for unknown APIs
 * and versions as far as key, version and correlation id, which are then set even when it answers WEIR_E_UNSUPPORTED.
 */
WEIR_MUST_CHECK weir_err wr_request_header_decode(weir_slice frame, wr_request_header *ret_header,
                                                  weir_slice *ret_body);
WEIR_MUST_CHECK weir_err wr_request_encode(const wr_api *api, int16_t version, int32_t correlation_id,
                                           const char *client_id, const void *request,
                                           wr_buf *out); /* with length; for tests and fuzzing */
/* Append a whole response frame: length, header, body. ApiVersions always has header v0. */
WEIR_MUST_CHECK weir_err wr_response_encode(const wr_api *api, int16_t version, int32_t correlation_id,
                                            const void *response, wr_buf *out);

#endif
