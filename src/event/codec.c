/* The table of codecs; the first is the default. */
#include "codec.h"

#include "event.h"

static const wr_codec codecs[] = {
    {.name = "JSON",
     .content_type = "application/json",
     .takes = wr_event_is_json,
     .decode = weir_json_decode_sized,
     .encode = weir_json_encode_sized},
};
enum { CODEC_COUNT = sizeof(codecs) / sizeof(codecs[0]) };

const wr_codec *wr_codec_default(void)
{
    return &codecs[0];
}

const wr_codec *wr_codec_of(const char *content_type)
{
    for (size_t i = 0; i < CODEC_COUNT; i++)
        if (codecs[i].takes(content_type))
            return &codecs[i];
    return wr_codec_default();
}
