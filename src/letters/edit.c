/* What a change makes of a value, and its mark (edit.h). */
#include "edit.h"

#include <event/json_pointer.h>
#include <letters/writer.h>

enum { VALUE_SIZE_MAX = 64 << 20, CHANGES_MAX = 2000, SHOWN_MAX = 100, ARENA_MAX = 1 << 20 };

/* ---- the value */

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory to change a dead letter");
}

static bool is_json(weir_slice data)
{
    weir_slice found;
    return data.data && wr_json_pointer_get(data, "", &found, NULL) == WEIR_OK;
}

/* The data with all that is changed of it. */
static weir_err change_data(const wr_edit *edit, weir_slice before, wr_buf *out, weir_failure *failure)
{
    weir_slice now = edit->data.data ? edit->data : before;
    weir_err err = WEIR_OK;
    if (edit->data.data && !edit->is_raw && is_json(before) && !is_json(edit->data))
        return weir_fail(failure, WEIR_E_FORMAT, "what it holds is JSON, and what it is to hold is not (--force)");
    if (!now.data && edit->place_count)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "it has no data to set anything in");
    wr_buf last;
    wr_buf_init(&last, VALUE_SIZE_MAX);
    wr_buf_slice(&last, now);
    for (size_t i = 0; i < edit->place_count && err == WEIR_OK; i++) {
        wr_buf next;
        wr_buf_init(&next, VALUE_SIZE_MAX);
        err = wr_json_pointer_set(wr_buf_view(&last), edit->places[i], edit->values[i], &next, failure);
        wr_buf_fini(&last);
        last = next;
    }
    if (err == WEIR_OK)
        wr_buf_slice(out, wr_buf_view(&last));
    if (err == WEIR_OK && (wr_buf_failed(&last) || wr_buf_failed(out)))
        err = no_memory(failure);
    wr_buf_fini(&last);
    return err;
}

/* Whether `part` is a slice of `whole`. */
static bool is_within(weir_slice part, weir_slice whole)
{
    uintptr_t begin = (uintptr_t)part.data, all = (uintptr_t)whole.data;
    return part.data && whole.data && begin >= all && begin + part.size <= all + whole.size;
}

weir_err wr_edit_value(const wr_edit *edit, const wr_letter_item *item, wr_buf *out, weir_failure *failure)
{
    weir_slice value = item->record.value, data = wr_letter_data(item);
    size_t before = out->size;
    bool is_whole = !item->is_event || !data.data || (data.data == value.data && data.size == value.size);
    if (!is_whole && (!is_within(data, value) || !is_json(data)))
        return weir_fail(failure, WEIR_E_UNSUPPORTED,
                         "its data is no JSON within its envelope, and cannot be changed there");
    if (!is_whole && edit->data.data && !is_json(edit->data))
        return weir_fail(failure, WEIR_E_FORMAT, "its data stands within JSON, and what it is to hold is none");
    if (item->is_event && !data.data && value.data)
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "its envelope has no data that could be changed");
    if (!is_whole)
        wr_buf_append(out, value.data, (size_t)(data.data - value.data));
    weir_err err = change_data(edit, data, out, failure);
    if (err == WEIR_OK && !is_whole) {
        const uint8_t *rest = data.data + data.size;
        wr_buf_append(out, rest, (size_t)(value.data + value.size - rest));
        err = wr_buf_failed(out) ? no_memory(failure) : WEIR_OK;
    }
    if (err != WEIR_OK && !wr_buf_failed(out))
        out->size = before;
    return err;
}

/* ---- in words */

static void print_side(wr_buf *out, weir_slice json)
{
    bool is_cut = json.size > SHOWN_MAX;
    if (!json.data)
        wr_buf_text(out, "nothing");
    else
        wr_buf_append(out, json.data, is_cut ? SHOWN_MAX : json.size);
    if (is_cut)
        wr_buf_text(out, "...");
}

static void print_difference(void *user, const char *pointer, weir_slice before, weir_slice after)
{
    wr_buf *out = user;
    if (out->size > CHANGES_MAX - 2 * SHOWN_MAX)
        return;
    wr_buf_printf(out, "%s%.100s: ", out->size ? "; " : "", *pointer ? pointer : "all");
    print_side(out, before);
    wr_buf_text(out, " -> ");
    print_side(out, after);
}

void wr_edit_describe(const wr_letter_item *item, weir_slice value, wr_buf *out)
{
    wr_buf words;
    wr_buf_init(&words, (size_t)2 * CHANGES_MAX);
    weir_slice before = item->is_edited ? item->original : item->record.value;
    if (!before.data || wr_json_differences(before, value, print_difference, &words, NULL) != WEIR_OK) {
        wr_buf_clear(&words);
        wr_buf_printf(&words, "%zu bytes -> %zu bytes", before.size, value.size);
    }
    weir_slice view = wr_buf_view(&words);
    wr_buf_append(out, view.data, view.size < CHANGES_MAX ? view.size : CHANGES_MAX);
    wr_buf_fini(&words);
}

/* ---- the mark */

static const wr_client_header *find(const wr_client_header *sets, size_t count, const char *name)
{
    return wr_event_header_find(sets, count, name);
}

weir_err wr_edit_write(const wr_scan *scan, const wr_edit *edit, const wr_letter_item *item, weir_slice value,
                       const char *changes, weir_failure *failure)
{
    wr_client_header sets[WR_MARK_SETS_MAX];
    size_t count = 0;
    if (edit->set_count + item->set_count > WR_MARK_SETS_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "no more than %d headers of a dead letter can be changed",
                         WR_MARK_SETS_MAX);
    for (size_t i = 0; i < item->set_count; i++) /* what was set before holds on */
        if (!find(edit->sets, edit->set_count, item->sets[i].name))
            sets[count++] = item->sets[i];
    for (size_t i = 0; i < edit->set_count; i++)
        sets[count++] = edit->sets[i];
    const wr_mark mark = {
        .kind = WR_MARK_EDITED, .reason = changes, .has_value = true, .value = value, .sets = sets, .set_count = count};
    wr_writer *writer = NULL;
    wr_pending of = {0};
    weir_err err = wr_pending_add(&of, item->record.partition, item->record.offset);
    if (err != WEIR_OK)
        return no_memory(failure);
    err = wr_writer_new(scan, &writer, failure);
    if (err == WEIR_OK)
        err = wr_writer_mark(writer, &mark, item->record.topic, &of, failure);
    if (err == WEIR_OK)
        err = wr_writer_wait(writer, failure);
    wr_writer_free(writer);
    wr_pending_fini(&of);
    return err;
}
