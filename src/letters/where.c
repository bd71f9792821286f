/* What a clause means: its fields by table, and its tree walked for each letter. where.h has the grammar, where_parse.c
 * reads it.
 *
 * A field gives a value of one of five kinds. Fields of a kind are compared with literals of that kind, which are checked
 * when the clause is read. What an event's data and a record's headers say is of no kind until it is there: it is
 * compared as a number where both sides are numbers, else as text. */
#include "where_int.h"

#include <base/text.h>
#include <base/time.h>
#include <event/json_pointer.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>

/* ---- fields */

static where_value text_value(const char *text)
{
    return (where_value){.is_there = text != NULL, .text = text};
}

static where_value number_value(int64_t number)
{
    return (where_value){.is_there = number >= 0, .number = number};
}

static where_value get_topic(where_view *view)
{
    return text_value(view->item->record.topic);
}

static where_value get_partition(where_view *view)
{
    return number_value(view->item->record.partition);
}

static where_value get_offset(where_view *view)
{
    return number_value(view->item->record.offset);
}

static where_value get_state(where_view *view)
{
    return text_value(wr_letter_state_name(view->item->state));
}

static where_value get_kind(where_view *view)
{
    return text_value(wr_letter_kind_name(view->item->letter.kind));
}

static where_value get_reason(where_view *view)
{
    return text_value(view->item->letter.reason);
}

static where_value get_error(where_view *view)
{
    return text_value(view->item->letter.error);
}

static where_value get_handler(where_view *view)
{
    return text_value(view->item->letter.handler);
}

static where_value get_group(where_view *view)
{
    return text_value(view->item->letter.group);
}

static where_value get_attempts(where_view *view)
{
    return number_value(view->item->letter.attempts);
}

static where_value get_redrives(where_view *view)
{
    return number_value(view->item->letter.redrives);
}

static where_value get_failed(where_view *view)
{
    int64_t failed_ms = view->item->letter.failed_ms;
    return number_value(failed_ms >= 0 ? failed_ms : view->item->record.timestamp_ms);
}

static where_value get_age(where_view *view)
{
    where_value failed = get_failed(view);
    failed.number = failed.number < view->now_ms ? view->now_ms - failed.number : 0;
    return failed;
}

static where_value get_original_topic(where_view *view)
{
    return text_value(view->item->letter.topic);
}

static where_value get_original_partition(where_view *view)
{
    return number_value(view->item->letter.partition);
}

static where_value get_original_offset(where_view *view)
{
    return number_value(view->item->letter.offset);
}

static where_value get_original_time(where_view *view)
{
    return number_value(view->item->letter.timestamp_ms);
}

static where_value get_type(where_view *view)
{
    return text_value(view->item->is_event ? view->item->event.type : NULL);
}

static where_value get_version(where_view *view)
{
    int version = view->item->event.version;
    return (where_value){.is_there = view->item->is_event, .number = version ? version : 1};
}

static where_value get_id(where_view *view)
{
    return text_value(view->item->is_event ? view->item->event.id : NULL);
}

static where_value get_source(where_view *view)
{
    return text_value(view->item->is_event ? view->item->event.source : NULL);
}

static where_value get_subject(where_view *view)
{
    return text_value(view->item->is_event ? view->item->event.subject : NULL);
}

static where_value get_time(where_view *view)
{
    int64_t time_ms;
    const char *time = view->item->is_event ? view->item->event.time : NULL;
    if (!time || wr_time_parse(time, &time_ms) != WEIR_OK)
        return (where_value){0};
    return (where_value){.is_there = true, .number = time_ms};
}

static const char *dup_text(where_view *view, weir_slice bytes)
{
    const char *text = bytes.data ? weir_arena_dup_text(view->scratch, bytes) : NULL;
    view->failed = view->failed || (bytes.data && !text);
    return text;
}

static where_value get_key(where_view *view)
{
    return text_value(dup_text(view, view->item->record.key));
}

static where_value get_size(where_view *view)
{
    return number_value((int64_t)view->item->record.value.size);
}

static const where_field fields[] = {
    {"reason", KIND_TEXT, get_reason,
     "why it is one: rejected, undecodable, unknown-version, exhausted; an exception's class"},
    {"error", KIND_TEXT, get_error, "the sentence that says what was wrong"},
    {"handler", KIND_TEXT, get_handler, "TYPE/VERSION of the handler that failed, or the connector"},
    {"group", KIND_TEXT, get_group, "the consumer group that failed"},
    {"attempts", KIND_NUMBER, get_attempts, "how often it was tried"},
    {"redrives", KIND_NUMBER, get_redrives, "how often it was put back before"},
    {"failed", KIND_TIME, get_failed, "when it failed"},
    {"age", KIND_DURATION, get_age, "how long ago that was"},
    {"type", KIND_TEXT, get_type, "of the event"},
    {"version", KIND_NUMBER, get_version, "of the event's data"},
    {"id", KIND_TEXT, get_id, "of the event"},
    {"source", KIND_TEXT, get_source, "of the event"},
    {"subject", KIND_TEXT, get_subject, "of the event"},
    {"time", KIND_TIME, get_time, "of the event"},
    {"key", KIND_TEXT, get_key, "of the record"},
    {"size", KIND_NUMBER, get_size, "of the record's value, bytes"},
    {"original.topic", KIND_TEXT, get_original_topic, "the topic in which it stood first"},
    {"original.partition", KIND_NUMBER, get_original_partition, "and the partition"},
    {"original.offset", KIND_NUMBER, get_original_offset, "and the offset"},
    {"original.time", KIND_TIME, get_original_time, "and the record's time there"},
    {"topic", KIND_TEXT, get_topic, "the dead letter topic"},
    {"partition", KIND_NUMBER, get_partition, "in the dead letter topic"},
    {"offset", KIND_NUMBER, get_offset, "in the dead letter topic"},
    {"state", KIND_TEXT, get_state, "open, unfinished (a run that put it back was killed), redriven or dropped"},
    {"kind", KIND_TEXT, get_kind, "whose headers it has: weir, spring, connect or unknown"},
};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

const where_field *wr_where_field_find(const char *name, const char **ret_nearest)
{
    size_t least = strlen(name) / 3 + 2;
    *ret_nearest = NULL;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t distance = wr_edit_distance(name, fields[i].name);
        if (distance == 0)
            return &fields[i];
        if (distance < least) {
            least = distance;
            *ret_nearest = fields[i].name;
        }
    }
    return NULL;
}

void wr_field_each(void (*each)(void *user, const wr_field_help *field), void *user)
{
    static const char *const kinds[] = {"text", "number", "time", "duration"};
    static const wr_field_help others[] = {{"header.NAME", "any", "the first header of that name"},
                                           {"/JSON/POINTER", "any", "a place in the event's data"}};
    for (size_t i = 0; i < FIELD_COUNT; i++)
        each(user, &(wr_field_help){fields[i].name, kinds[fields[i].kind], fields[i].help});
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        each(user, &others[i]);
}

/* ---- what is of no kind before it is there */

/* Not strtod: a program may have set a locale with a decimal comma. */
static bool real_of(const char *text, double *ret_real)
{
    char *end;
    bool begins = (*text >= '0' && *text <= '9') || *text == '-' || *text == '.';
    *ret_real = strtod_l(text, &end, newlocale(LC_ALL_MASK, "C", (locale_t)0));
    return begins && end != text && !*end && isfinite(*ret_real);
}

where_value wr_where_any(const char *text)
{
    where_value any = {.is_there = text != NULL, .text = text};
    any.is_number = text && real_of(text, &any.real);
    any.is_whole = any.is_number && wr_number_parse(text, INT64_MIN, INT64_MAX, &any.number) == WEIR_OK;
    return any;
}

static where_value get_header(where_view *view, const char *name)
{
    const wr_client_record *record = &view->item->record;
    const wr_client_header *header = wr_event_header_find(record->headers, record->header_count, name);
    return wr_where_any(header ? dup_text(view, header->value) : NULL);
}

static where_value get_data(where_view *view, const char *pointer)
{
    weir_slice found;
    wr_json_scalar scalar;
    weir_err err = wr_json_pointer_get(wr_letter_data(view->item), pointer, &found, NULL);
    if (err == WEIR_OK)
        err = wr_json_scalar_read(found, view->scratch, &scalar);
    view->failed = view->failed || err == WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return (where_value){0};
    where_value any = {.is_there = true, .text = scalar.text};
    return scalar.kind == WR_JSON_NUMBER ? wr_where_any(scalar.text) : any;
}

/* ---- the tree */

static where_value field_value(where_view *view, const where_node *node)
{
    if (node->field)
        return node->field->get(view);
    return node->is_header ? get_header(view, node->name) : get_data(view, node->name);
}

/* Below 0, 0, above 0. */
static int compare(const where_node *node, const where_value *found, const where_value *literal)
{
    if (node->field && node->field->kind != KIND_TEXT)
        return (found->number > literal->number) - (found->number < literal->number);
    if (!node->field && found->is_whole && literal->is_whole) /* ids are greater than a double holds exactly */
        return (found->number > literal->number) - (found->number < literal->number);
    if (!node->field && found->is_number && literal->is_number)
        return (found->real > literal->real) - (found->real < literal->real);
    int order = strcmp(found->text, literal->text);
    return (order > 0) - (order < 0);
}

static bool holds(const where_node *node, const where_value *found)
{
    if (node->op == OP_EXISTS || !found->is_there)
        return node->op == OP_UNEQUAL || (node->op == OP_EXISTS && found->is_there);
    if (node->op == OP_CONTAINS)
        return strstr(found->text, node->values[0].text) != NULL;
    bool is_in = false;
    for (size_t i = 0; node->op == OP_IN && i < node->value_count && !is_in; i++)
        is_in = compare(node, found, &node->values[i]) == 0;
    if (node->op == OP_IN)
        return is_in;
    int order = compare(node, found, &node->values[0]);
    switch (node->op) {
    case OP_EQUAL:
        return order == 0;
    case OP_UNEQUAL:
        return order != 0;
    case OP_LESS:
        return order < 0;
    case OP_AT_MOST:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool evaluate(where_view *view, const where_node *node)
{
    if (node->op == OP_OR)
        return evaluate(view, node->left) || evaluate(view, node->right);
    if (node->op == OP_AND)
        return evaluate(view, node->left) && evaluate(view, node->right);
    if (node->op == OP_NOT)
        return !evaluate(view, node->left);
    where_value found = field_value(view, node);
    return holds(node, &found);
}

weir_err wr_where_matches(const wr_where *where, const wr_letter_item *item, weir_arena *scratch, bool *ret_matches)
{
    if (!where) {
        *ret_matches = true;
        return WEIR_OK;
    }
    where_view view = {.item = item, .scratch = scratch, .now_ms = where->now_ms};
    bool matches = evaluate(&view, where->root);
    if (view.failed)
        return WEIR_E_MEMORY;
    *ret_matches = matches;
    return WEIR_OK;
}

weir_err wr_field_print(const wr_field *field, const wr_letter_item *item, weir_arena *scratch, const char **ret_text)
{
    where_view view = {.item = item, .scratch = scratch, .now_ms = field->now_ms};
    where_value value = field_value(&view, &field->node);
    where_kind kind = field->node.field ? field->node.field->kind : KIND_ANY;
    char time[WR_TIME_TEXT_SIZE];
    const char *text = value.text;
    if (value.is_there && kind == KIND_TIME) {
        wr_time_print(value.number, time);
        text = weir_arena_dup_text(scratch, weir_slice_of(time));
    } else if (value.is_there && (kind == KIND_NUMBER || kind == KIND_DURATION)) {
        text = weir_arena_printf(scratch, "%lld%s", (long long)value.number, kind == KIND_DURATION ? "ms" : "");
    }
    if (view.failed || (value.is_there && !text))
        return WEIR_E_MEMORY;
    *ret_text = value.is_there ? text : NULL;
    return WEIR_OK;
}
