/* Headers, and whole frames.
 *
 *     frame     length:4, header, body                       (length is of what follows it)
 *     request   key:2 version:2 correlation:4                v0
 *               + client id (length:2, -1 null; never compact)   v1
 *               + tagged fields                              v2, where the body is flexible
 *     response  correlation:4                                v0
 *               + tagged fields                              v1, where the body is flexible
 *
 * ApiVersions is answered with response header v0 whatever its version: the client does not know yet what we speak. */
#include <wire/message.h>

#include <assert.h>

enum { FRAME_LENGTH_SIZE = 4 };

/* Tagged fields of a header: none are known to us. */
static void skip_tags(wr_cursor *cursor)
{
    uint32_t count = wr_cursor_uvarint32(cursor);
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        wr_cursor_uvarint32(cursor);
        wr_cursor_take(cursor, wr_cursor_uvarint32(cursor));
    }
}

static bool take_client_id(wr_cursor *cursor, weir_slice *ret_client_id)
{
    int16_t size = wr_cursor_i16(cursor);
    if (cursor->failed || size < -1)
        return false;
    *ret_client_id = (weir_slice){0};
    if (size == 0)
        *ret_client_id = WEIR_SLICE("");
    if (size > 0)
        *ret_client_id = wr_cursor_take(cursor, (size_t)size);
    return !cursor->failed;
}

weir_err wr_request_header_decode(weir_slice frame, wr_request_header *ret_header, weir_slice *ret_body)
{
    wr_cursor cursor = wr_cursor_of(frame);
    wr_request_header header = {0};
    header.api_key = wr_cursor_i16(&cursor);
    header.api_version = wr_cursor_i16(&cursor);
    header.correlation_id = wr_cursor_i32(&cursor);
    if (cursor.failed)
        return WEIR_E_FORMAT;

    const wr_api *api = wr_api_find(header.api_key);
    if (!api || header.api_version < api->request->min_version || header.api_version > api->request->max_version) {
        *ret_header = header;
        return WEIR_E_UNSUPPORTED;
    }
    if (!take_client_id(&cursor, &header.client_id))
        return WEIR_E_FORMAT;
    if (header.api_version >= api->request->flexible_version)
        skip_tags(&cursor);
    if (cursor.failed)
        return WEIR_E_FORMAT;
    *ret_header = header;
    *ret_body = (weir_slice){cursor.at, wr_cursor_left(&cursor)};
    return WEIR_OK;
}

/* Write the length in front of what was appended since, or take it all back. */
static weir_err finish(wr_buf *out, size_t start, weir_err err)
{
    if (wr_buf_failed(out))
        return err == WEIR_OK ? WEIR_E_LIMIT : err;
    size_t length = out->size - start - FRAME_LENGTH_SIZE;
    if (err == WEIR_OK && length > INT32_MAX)
        err = WEIR_E_LIMIT;
    if (err == WEIR_OK)
        wr_put_i32(out->data + start, (int32_t)length);
    else
        out->size = start;
    return err;
}

weir_err wr_request_encode(const wr_api *api, int16_t version, int32_t correlation_id, const char *client_id,
                           const void *request, wr_buf *out)
{
    size_t start = out->size;
    size_t client_id_size = client_id ? strlen(client_id) : 0;
    if (client_id_size > INT16_MAX)
        return WEIR_E_LIMIT;
    wr_buf_i32(out, 0);
    wr_buf_i16(out, api->key);
    wr_buf_i16(out, version);
    wr_buf_i32(out, correlation_id);
    wr_buf_i16(out, client_id ? (int16_t)client_id_size : -1);
    if (client_id)
        wr_buf_text(out, client_id);
    if (version >= api->request->flexible_version)
        wr_buf_uvarint(out, 0);
    return finish(out, start, wr_message_encode(api->request, version, request, out));
}

weir_err wr_response_encode(const wr_api *api, int16_t version, int32_t correlation_id, const void *response,
                            wr_buf *out)
{
    size_t start = out->size;
    wr_buf_i32(out, 0);
    wr_buf_i32(out, correlation_id);
    if (version >= api->response->flexible_version && api->key != WR_API_API_VERSIONS)
        wr_buf_uvarint(out, 0);
    return finish(out, start, wr_message_encode(api->response, version, response, out));
}
