/* The one exchange that librdkafka 2.0.2 cannot make: which ids topics have. Pure; see topic_ids.c for the bytes. */
#ifndef WR_TOPIC_IDS_H
#define WR_TOPIC_IDS_H

#include <base/buf.h>
#include <client/client.h>

/* Appends a Metadata request for these topics, with its length. */
void wr_topic_ids_encode(int32_t correlation_id, const char *const *topics, size_t count, wr_buf *out);
/* Reads the answer (without its length): ret_ids[i] for topics[i], all zero for one that does not exist. WEIR_E_FORMAT:
 * it is none; then ret_ids is untouched. */
WEIR_MUST_CHECK weir_err wr_topic_ids_decode(weir_slice answer, int32_t correlation_id, const char *const *topics,
                                             size_t count, wr_topic_id *ret_ids);

#endif
