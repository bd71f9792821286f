/* Commands that are done once however often they are sent: the header Idempotency-Key. */
#ifndef WR_IDEMPOTENCY_H
#define WR_IDEMPOTENCY_H

#include <http/http.h>
#include <weir/service.h>

typedef struct wr_idempotency {
    const char *key; /* NULL: the request has none */
    uint8_t fingerprint[16];
} wr_idempotency;

/* The key of a request, in its arena. WEIR_E_NOT_FOUND: it has none; WEIR_E_FORMAT: it is none, and the sentence says why
 * not; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_idempotency_read(wr_exchange *exchange, wr_idempotency *ret_of, weir_failure *failure);

/* Within the command's transaction, before its route runs. *ret_known: it was done before, and *ret_response is what was
 * answered then, in the transaction's arena. WEIR_REJECT with a status in the response: the key stands for another
 * request. */
weir_status wr_idempotency_begin(weir_tx *tx, const wr_idempotency *of, weir_http_response *ret_response,
                                 bool *ret_known);
/* And after it, when it did not fail: the answer is kept. */
weir_status wr_idempotency_end(weir_tx *tx, const wr_idempotency *of, const weir_http_response *response);

struct wr_core;
/* Within a transaction: answers beyond the window go. */
WEIR_MUST_CHECK weir_err wr_idempotency_prune(struct wr_core *core, weir_failure *failure);

#endif
