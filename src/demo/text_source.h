/* The text of a file as UTF-8, read from front to back: pipes too.
 *
 *     bytes ──▶ unpacked, if they begin as .xz does or the name says so ──▶ text
 *
 *     EF BB BF            UTF-8, the mark is taken off
 *     FF FE, or x 00 x 00 UTF-16, little endian         becomes UTF-8
 *     FE FF, or 00 x 00 x UTF-16, big endian            becomes UTF-8
 *     anything else       handed on as it is: bytes that are no UTF-8 are for the reader to judge
 *
 * .gz and .zip (so .xlsx) are told apart by their first bytes and refused by name. */
#ifndef WR_TEXT_SOURCE_H
#define WR_TEXT_SOURCE_H

#include <io/io.h>

typedef struct wr_text_source wr_text_source;

WEIR_MUST_CHECK weir_err wr_text_source_open(wr_io *io, const char *path, wr_text_source **ret_source,
                                             weir_failure *failure);
/* What comes next, at least one byte; *ret_size is 0 at the end. `size` is at least 4, so that a character fits. */
WEIR_MUST_CHECK weir_err wr_text_source_read(wr_text_source *source, char *ret_text, size_t size, size_t *ret_size,
                                             weir_failure *failure);
void wr_text_source_close(wr_text_source *source); /* accepts NULL */

#endif
