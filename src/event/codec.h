/* How the data of an event becomes a struct and a struct data: one row a format, found by content type.
 *
 * There is JSON by table. A format with schemas is one more row; nobody who decodes or encodes asks for a format by
 * name. */
#ifndef WR_CODEC_H
#define WR_CODEC_H

#include <weir/event.h>
#include <weir/json.h>

typedef struct wr_codec {
    const char *name;         /* for sentences: "JSON" */
    const char *content_type; /* what is written with it */
    bool (*takes)(const char *content_type);
    /* Errors and lifetimes as those of weir_json_decode and weir_json_encode. */
    weir_err (*decode)(weir_arena *arena, const weir_json_field *fields, size_t field_size, weir_slice data,
                       void *ret_struct, weir_failure *failure);
    weir_slice (*encode)(weir_arena *arena, const weir_json_field *fields, size_t field_size, const void *from);
} wr_codec;

/* The codec of data of this type. NULL, and a type that no codec takes, are the default's: producers label JSON as all
 * kinds of things, and data that is something else fails with a sentence when it is decoded. Never NULL. */
const wr_codec *wr_codec_of(const char *content_type);
const wr_codec *wr_codec_default(void); /* of what is emitted without a type */

#endif
