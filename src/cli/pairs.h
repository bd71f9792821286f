/* Pairs as one text, the form of --header, --set and the headers of `-f hkv` and `%h`:
 *
 *     pairs := "" | pair *( "," pair )
 *     pair  := NAME "=" VALUE            NAME is not empty and holds neither "," nor "="
 *
 * In a VALUE, "\," is a comma and "\\" a backslash; a backslash before anything else is itself. What is printed here is
 * read back here byte for byte, as long as the names are as above. */
#ifndef WR_PAIRS_H
#define WR_PAIRS_H

#include <base/buf.h>
#include <client/client.h>

/* Names and values in the arena. WEIR_E_FORMAT: no pair, or more than pairs_max. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_pairs_parse(weir_arena *arena, weir_slice text, wr_client_header *ret_pairs,
                                        size_t pairs_max, size_t *ret_count, weir_failure *failure);
void wr_pairs_print(const wr_client_header *pairs, size_t count, wr_buf *out);

#endif
