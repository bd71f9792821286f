/* JSON as YAML: the same values, in lines. JSON's scalars are YAML's, so only objects and arrays are laid out anew:
 *
 *     {"a":1,"b":[{"c":"x"},[]],"d":{}}      a: 1
 *                                            b:
 *                                              - c: "x"
 *                                              - []
 *                                            d: {} */
#ifndef WR_YAML_H
#define WR_YAML_H

#include <base/buf.h>

/* `json` is one value. What is no JSON, or nested beyond 64, marks the buffer failed. */
void wr_yaml_of_json(weir_slice json, wr_buf *out);

/* ---- walking over JSON that has been checked, without blanks between its tokens */
const uint8_t *wr_json_past_string(const uint8_t *at); /* behind the string that begins here */
const uint8_t *wr_json_past_value(const uint8_t *at);  /* behind the value that begins here: at , } ] or the end */

#endif
