/* Lines of "key=value" or "key: value", as in Java's properties and Kafka's small files; '#' starts a comment line. */
#ifndef WR_PROPERTIES_H
#define WR_PROPERTIES_H

#include <weir/bytes.h>

/* for (size_t at = 0; wr_properties_next(text, &at, &key, &value);) */
bool wr_properties_next(weir_slice text, size_t *at, weir_slice *ret_key, weir_slice *ret_value);
/* False when it is not there or does not fit. */
bool wr_properties_get(weir_slice text, const char *key, char *ret_value, size_t size);

#endif
