/* A record as one line of JSON, the form that `weir consume -o json` writes and `weir produce -f json` reads:
 *
 *     {"topic":"orders","partition":3,"offset":42,"timestamp":1767225600000,
 *      "key":"17","value":{"total":5},"headers":[{"name":"ce_type","value":"order.placed"}]}
 *
 * A value that is a JSON object or array is embedded, without the blanks between its parts; other text is a string.
 * What is no text stands in base64 under "key_base64" or "value_base64", also within a header. null is null. Read back,
 * all but topic, partition and offset is as it was. */
#ifndef WR_JSON_RECORD_H
#define WR_JSON_RECORD_H

#include <base/buf.h>
#include <client/client.h>

void wr_json_record_print(const wr_client_record *record, wr_buf *out);
void wr_json_record_object(const wr_client_record *record, wr_buf *out); /* the same without the end of the line */
/* Key, value, headers and timestamp of a line; the rest of *ret_record is zero. The record is in the arena or borrows
 * from the line. A value may be any JSON: numbers and words are sent as they stand; null is a null (a tombstone). What
 * this form does not know is refused, and so is a line without a value: passed over, it would be lost without a word.
 * Errors: WEIR_E_FORMAT, WEIR_E_MEMORY, WEIR_E_LIMIT for nesting beyond 32. */
WEIR_MUST_CHECK weir_err wr_json_record_read(weir_arena *arena, weir_slice line, wr_client_record *ret_record,
                                             weir_failure *failure);

#endif
