/* Every handler asks before it acts: an authorizer that says no to everything is put in front of each of them. */
#include <testing/broker/rig.h>

#include <stdio.h>
#include <wire/fetch.h>
#include <wire/metadata.h>

#include "api.h"
#include "test.h"

enum { QUESTION_MAX = 256 };

typedef struct gate {
    bool open;
    int count;
    wr_right asked[QUESTION_MAX];
    char names[QUESTION_MAX][32];
} gate;

static bool answer(void *user, const wr_action *action)
{
    gate *at = user;
    CHECK_STR(action->principal->type, "User");
    CHECK_STR(action->principal->name, "ANONYMOUS");
    CHECK_STR(action->host, "127.0.0.1");
    CHECK(at->count < QUESTION_MAX);
    at->asked[at->count] = (wr_right){action->operation, action->resource};
    snprintf(at->names[at->count], sizeof at->names[0], "%.*s", (int)action->name.size,
             (const char *)action->name.data);
    at->count++;
    return at->open;
}

/* ---- a message that names something wherever its table has a place for a name */

static void fill(wr_rig *rig, const wr_field *fields, void *message)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++) {
        void *at = (char *)message + field->offset;
        if (field->tag || strcmp(field->name, "transactional_id") == 0 || strstr(field->name, "_filter"))
            continue; /* transactions are refused before anybody's rights; a filter hides what there is */
        if (strcmp(field->name, "acks") == 0)
            *(int16_t *)at = WR_ACKS_ALL; /* else nothing is answered */
        if (field->kind == WR_STRING) {
            *(weir_slice *)at = WEIR_SLICE("orders");
        } else if (field->kind == WR_BYTES || field->kind == WR_RECORDS) {
            *(weir_slice *)at = WEIR_SLICE("");
        } else if (field->kind == WR_ARRAY) {
            void *item = weir_arena_alloc(rig->arena, field->items->size);
            *(void **)at = item;
            *(int32_t *)((char *)at + sizeof(void *)) = 1;
            if (field->items->kind == WR_STRUCT)
                fill(rig, field->items->fields, item);
            else if (field->items->kind == WR_STRING)
                *(weir_slice *)item = WEIR_SLICE("orders");
        }
    }
}

static const void *call(wr_rig_client *client, wr_rig *rig, const wr_api *api, int16_t version)
{
    void *in = weir_arena_alloc(rig->arena, api->request->size);
    wr_message_init(api->request, in);
    fill(rig, api->request->fields, in);
    return wr_rig_call(client, api->key, version, in);
}

/* The version before topics are asked for by id, which no answer has told this client. */
static int16_t version_of(const wr_api *api)
{
    switch (api->key) {
    case WR_API_PRODUCE:
    case WR_API_FETCH:
        return 12;
    case WR_API_OFFSET_COMMIT:
    case WR_API_OFFSET_FETCH:
        return 9;
    case WR_API_DELETE_TOPICS:
        return 5;
    case WR_API_JOIN_GROUP:
        return 3;
    default:
        return api->request->max_version;
    }
}

static bool is_right_of(const wr_handler *handler, wr_right right)
{
    for (int i = 0; i < WR_HANDLER_RIGHT_MAX; i++)
        if (handler->rights[i].operation == right.operation && handler->rights[i].resource == right.resource)
            return true;
    return false;
}

TEST(every_request_asks_for_the_rights_of_its_row_before_it_acts)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    int64_t offset;
    CHECK_EQ(wr_rig_produce(client, "orders", 0, -1, wr_rig_batch(rig, "a", 0, 3, -1, 0, 0), &offset), WR_KAFKA_NONE);
    gate at = {0};
    const wr_authorizer authorizer = {answer, &at};
    rig->broker->authorizer = &authorizer;

    int asked_count = 0;
    for (const wr_handler *handler = wr_api_handlers(); handler->run; handler++) {
        const wr_api *api = wr_api_find(handler->api_key);
        at.count = 0;
        client = wr_rig_connected(client) ? client : wr_rig_connect(rig);
        const void *out = call(client, rig, api, version_of(api));
        CHECK(out != NULL);
        if (!handler->rights[0].resource) {
            CHECK_EQ(at.count, 0);
            continue;
        }
        CHECK(at.count > 0);
        for (int i = 0; i < at.count; i++)
            CHECK(is_right_of(handler, at.asked[i]));
        asked_count++;
    }
    CHECK(asked_count >= 26);

    /* And nothing was done: the topic is there with its records, no other topic and no group was made. */
    rig->broker->authorizer = NULL;
    CHECK_EQ(wr_topics_count(rig->broker->topics), 1);
    CHECK_EQ(wr_groups_count(rig->broker->groups), 0);
    weir_slice records;
    client = wr_rig_connect(rig);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, 3);
    wr_rig_free(rig);
}

TEST(what_may_not_be_read_is_refused_by_name_and_left_out_of_lists)
{
    wr_rig *rig = wr_rig_new(2, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    gate at = {0};
    const wr_authorizer authorizer = {answer, &at};
    rig->broker->authorizer = &authorizer;

    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    CHECK_EQ(wr_rig_fetch(client, "nothing", 0, 0, NULL, NULL), WR_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, -1, wr_rig_batch(rig, "a", 0, 1, -1, 0, 0), NULL),
             WR_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    wr_metadata_request all = {.topic_count = -1};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 9, &all);
    CHECK_EQ(out->topic_count, 0);
    wr_metadata_request_topic named = {.name = WEIR_SLICE("orders")};
    wr_metadata_request one = {.topics = &named, .topic_count = 1};
    out = wr_rig_call(client, WR_API_METADATA, 9, &one);
    CHECK_EQ(out->topic_count, 1);
    CHECK_EQ(out->topics[0].error_code, WR_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    CHECK_EQ(out->topics[0].partition_count, 0);

    at.open = true;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_NONE);
    CHECK_STR(at.names[at.count - 1], "orders");
    wr_rig_free(rig);
}
