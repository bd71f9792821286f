/* The header Idempotency-Key, as draft-ietf-httpapi-idempotency-key-header has it.
 *
 *   POST /orders                        → the route runs; what it did, the key and the answer are committed together
 *   Idempotency-Key: "8e03978e-40d5"
 *
 *   the same again, within the window   → the answer of then, with Idempotency-Replayed: true; nothing is done
 *   the key with another request        → 422; nothing is done
 *   no key where one is required, or a key that is none, or two → 400
 *
 * A key is a string of the structured fields of HTTP (RFC 9651): in quotes, with \" and \\; one without quotes is taken,
 * too, since most clients send that. It has 1 to 255 printable ASCII characters and belongs to the whole service.
 * "Another request" is another method, path, query or body: a fingerprint of 128 bits (XXH3) is kept for that, which
 * guards against mistakes of a client and not against malice.
 *
 * Commands run one after the other, so there is no second one while the first is under way: it waits for it, and is
 * answered like it (no 409). What was refused or failed leaves nothing behind, and is tried anew when it comes again with
 * its key. After a commit whose outcome nobody knows (500, "it may have been done or not") the same key finds it out.
 *
 *   weir_answers   key, fingerprint, status, content_type, location, headers (as in weir_outbox), body, answered_ms of
 *                  the service's own clock. A claim, status 0, is written first: of two processes that work on one
 *                  server the second waits there for the commit of the first. */
#include "idempotency.h"

#include "core_int.h"

#include <base/hash.h>

#include <strings.h>

enum {
    KEY_SIZE_MAX = 255,
    PRUNE_EVERY_MS = 1000,
    PRUNE_COUNT = 1000,
    HEADERS_SIZE_MAX = 64 * 1024,
};

/* ---- the request */

static bool is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

/* What stands between quotes into `ret_key`, which is as long as the text; false: it does not end, or goes on behind. */
static bool unquote(const char *text, char *ret_key)
{
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1] != '"' && text[1] != '\\')
            return false;
        text += *text == '\\';
        *ret_key++ = *text;
    }
    *ret_key = 0;
    return text[0] == '"' && text[1] == 0;
}

static weir_err check_key(const char *key, weir_failure *failure)
{
    size_t size = strlen(key);
    if (size == 0 || size > KEY_SIZE_MAX)
        return weir_fail(failure, WEIR_E_FORMAT, "the Idempotency-Key has %zu characters, not 1 to %d", size,
                         KEY_SIZE_MAX);
    for (size_t i = 0; i < size; i++)
        if (!is_printable(key[i]))
            return weir_fail(failure, WEIR_E_FORMAT, "the Idempotency-Key has characters that are not printable ASCII");
    return WEIR_OK;
}

static weir_err read_key(wr_exchange *exchange, const char **ret_key, weir_failure *failure)
{
    size_t count, keys = 0;
    const weir_attribute *headers = wr_exchange_headers(exchange, &count);
    const char *text = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(headers[i].name, "Idempotency-Key") != 0)
            continue;
        text = headers[i].value;
        keys++;
    }
    if (keys == 0)
        return WEIR_E_NOT_FOUND;
    if (keys > 1)
        return weir_fail(failure, WEIR_E_FORMAT, "the request has more than one Idempotency-Key");
    char *key = weir_arena_dup_text(wr_exchange_arena(exchange), weir_slice_of(text));
    if (!key)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    if (text[0] == '"' && !unquote(text, key))
        return weir_fail(failure, WEIR_E_FORMAT,
                         "the Idempotency-Key is no string in quotes: \"…\" with \\\" and \\\\");
    *ret_key = key;
    return check_key(key, failure);
}

weir_err wr_idempotency_read(wr_exchange *exchange, wr_idempotency *ret_of, weir_failure *failure)
{
    *ret_of = (wr_idempotency){0};
    const char *key = NULL;
    weir_err err = read_key(exchange, &key, failure);
    if (err != WEIR_OK)
        return err;
    const weir_slice parts[] = {weir_slice_of(wr_exchange_method(exchange)),
                                weir_slice_of(wr_exchange_target(exchange)), wr_exchange_body(exchange)};
    wr_hash128(parts, sizeof parts / sizeof *parts, ret_of->fingerprint);
    ret_of->key = key;
    return WEIR_OK;
}

/* ---- within its transaction */

static weir_slice fingerprint_of(const wr_idempotency *of)
{
    return (weir_slice){of->fingerprint, sizeof of->fingerprint};
}

static const char *keep_text(weir_tx *tx, wr_statement *row, int column, bool *ret_failed)
{
    if (wr_statement_kind(row, column) == WEIR_VALUE_NULL)
        return NULL;
    const char *copy = weir_arena_dup_text(tx->arena, weir_slice_of(wr_statement_text(row, column)));
    *ret_failed = *ret_failed || !copy;
    return copy;
}

/* The headers that were sent, and one that says that this is a repetition. */
static weir_err replay_headers(weir_tx *tx, weir_slice blob, weir_http_response *ret_response)
{
    wr_client_header *stored = NULL;
    size_t count = 0;
    weir_slice copy = weir_arena_dup(tx->arena, blob); /* names and values stay in it */
    if (blob.size && !copy.data)
        return WEIR_E_MEMORY;
    weir_err err = blob.size ? wr_headers_decode(copy, tx->arena, &stored, &count) : WEIR_OK;
    weir_attribute *headers = weir_arena_array(tx->arena, count + 1, sizeof *headers);
    if (err != WEIR_OK || !headers)
        return err != WEIR_OK ? err : WEIR_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        headers[i] = (weir_attribute){stored[i].name, weir_arena_dup_text(tx->arena, stored[i].value)};
    headers[count] = (weir_attribute){"Idempotency-Replayed", "true"};
    ret_response->headers = headers;
    ret_response->header_count = count + 1;
    return WEIR_OK;
}

static weir_err read_answer(weir_tx *tx, wr_statement *row, weir_http_response *ret_response, weir_failure *failure)
{
    bool failed = false;
    weir_slice body = wr_statement_blob(row, 5);
    *ret_response = (weir_http_response){.status = (int)wr_statement_int(row, 1),
                                         .content_type = keep_text(tx, row, 2, &failed),
                                         .location = keep_text(tx, row, 3, &failed),
                                         .body = body.data ? weir_arena_dup(tx->arena, body) : body};
    weir_err err = replay_headers(tx, wr_statement_blob(row, 4), ret_response);
    if (err == WEIR_OK && (failed || (body.data && !ret_response->body.data)))
        err = WEIR_E_MEMORY;
    return err == WEIR_OK ? err : weir_fail(failure, err, "the stored answer of a command cannot be read");
}

/* The key was there before. */
static weir_status replay(weir_tx *tx, const wr_idempotency *of, weir_http_response *ret_response)
{
    weir_failure failure = {0};
    wr_statement *row;
    weir_err err = wr_store_select(tx->store, WR_SQL_ANSWER_GET, WEIR_VALUES(WEIR_TEXT(of->key)), &row, &failure);
    if (err != WEIR_OK)
        return wr_tx_call_failed(tx, err, &failure);
    err = wr_statement_next(row, &failure);
    bool is_other = err == WEIR_OK && !weir_slice_equal(wr_statement_blob(row, 0), fingerprint_of(of));
    if (err == WEIR_OK && !is_other)
        err = read_answer(tx, row, ret_response, &failure);
    wr_statement_done(row);
    if (err != WEIR_OK)
        return wr_tx_call_failed(tx, err, &failure);
    if (is_other)
        return wr_tx_fail(tx, WEIR_REJECT, "this Idempotency-Key stands for another request");
    count_up(&tx->core->numbers.replayed, 1);
    return WEIR_DONE;
}

weir_status wr_idempotency_begin(weir_tx *tx, const wr_idempotency *of, weir_http_response *ret_response,
                                 bool *ret_known)
{
    weir_failure failure = {0};
    *ret_known = false;
    weir_err err = wr_store_run(
        tx->store, WR_SQL_ANSWER_CLAIM,
        WEIR_VALUES(WEIR_TEXT(of->key), WEIR_BLOB(fingerprint_of(of)), WEIR_INT(wr_clock_ms(tx->core))), &failure);
    if (err != WEIR_OK)
        return wr_tx_call_failed(tx, err, &failure);
    *ret_known = wr_store_changes(tx->store) == 0;
    return *ret_known ? replay(tx, of, ret_response) : WEIR_DONE;
}

weir_status wr_idempotency_end(weir_tx *tx, const wr_idempotency *of, const weir_http_response *response)
{
    weir_failure failure = {0};
    wr_buf blob;
    wr_client_header *headers = weir_arena_array(tx->arena, response->header_count + 1, sizeof *headers);
    if (!headers)
        return wr_tx_call_failed(tx, weir_fail(&failure, WEIR_E_MEMORY, "no memory for an answer"), &failure);
    for (size_t i = 0; i < response->header_count; i++)
        headers[i] = (wr_client_header){response->headers[i].name, weir_slice_of(response->headers[i].value)};
    wr_buf_init(&blob, HEADERS_SIZE_MAX);
    weir_slice stored = wr_headers_encode(headers, response->header_count, &blob);
    weir_err err = wr_buf_failed(&blob) ? weir_fail(&failure, WEIR_E_MEMORY, "no memory for an answer") : WEIR_OK;
    if (err == WEIR_OK)
        err = wr_store_run(tx->store, WR_SQL_ANSWER_SET,
                           WEIR_VALUES(WEIR_TEXT(of->key), WEIR_INT(response->status ? response->status : 200),
                                       WEIR_TEXT(response->content_type), WEIR_TEXT(response->location),
                                       WEIR_BLOB(stored), WEIR_BLOB(response->body)),
                           &failure);
    wr_buf_fini(&blob);
    return err == WEIR_OK ? WEIR_DONE : wr_tx_call_failed(tx, err, &failure);
}

/* As many at a time as come in a second of a busy service, and at once again when there were more. */
weir_err wr_idempotency_prune(wr_core *core, weir_failure *failure)
{
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms - core->answers_pruned_at_ms < PRUNE_EVERY_MS)
        return WEIR_OK;
    weir_err err =
        wr_store_run(core->store, WR_SQL_ANSWER_PRUNE,
                     WEIR_VALUES(WEIR_INT(now_ms - core->options.answer_window_ms), WEIR_INT(PRUNE_COUNT)), failure);
    if (err == WEIR_OK && wr_store_changes(core->store) < PRUNE_COUNT)
        core->answers_pruned_at_ms = now_ms;
    return err;
}
