/* Lines of "key=value" or "key: value", as in Java's properties and Kafka's small files; '#' starts a comment line. */
#ifndef WR_PROPERTIES_H
#define WR_PROPERTIES_H

#include <io/io.h>
#include <weir/bytes.h>

/* for (size_t at = 0; wr_properties_next(text, &at, &key, &value);) */
bool wr_properties_next(weir_slice text, size_t *at, weir_slice *ret_key, weir_slice *ret_value);
/* False when it is not there or does not fit. */
bool wr_properties_get(weir_slice text, const char *key, char *ret_value, size_t size);

/* Small files of ours begin with a line "# crc32c=<8 hex digits>" of all that follows it, which is a comment for everybody
 * else, so that a flipped bit is not taken for another setting, id or count.
 *
 * hold: false when the line is there and does not fit. A file without it is an older one, or Kafka's, or was written by
 * hand: true. write: wr_path_write with that line in front. */
bool wr_properties_hold(weir_slice text);
WEIR_MUST_CHECK weir_err wr_properties_write(wr_io *io, const char *path, weir_slice text);
/* wr_path_replace with that line in front. */
WEIR_MUST_CHECK weir_err wr_properties_replace(wr_io *io, const char *path, weir_slice text, bool *ret_replaced);

#endif
