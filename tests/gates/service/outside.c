/* A service that is built outside the tree: each kind of call once. */
#include <stdio.h>
#include <weir/weir.h>

typedef struct part {
    int64_t n;
} part;
typedef struct thing {
    const char *name;
    part *parts;
    size_t part_count;
} thing;

static const weir_json_field part_fields[] = {{"n", WEIR_JSON_INT, offsetof(part, n), .item_size = 0}, {0}};
static const weir_json_field thing_fields[] = {
    {"name", WEIR_JSON_TEXT, offsetof(thing, name), .item_size = 0},
    {"parts", WEIR_JSON_ARRAY, offsetof(thing, parts), .count_offset = offsetof(thing, part_count),
     .item_size = sizeof(part), .fields = part_fields},
    {0},
};

static const char *const migrations[] = {"CREATE TABLE things (name TEXT PRIMARY KEY, total INTEGER NOT NULL)", NULL};

static weir_status on_made(weir_tx *tx, const weir_event *event, void *user)
{
    thing it = {0};
    int64_t total = 0;
    (void)user;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    for (size_t i = 0; i < it.part_count; i++)
        total += it.parts[i].n;
    weir_exec_values(tx, "DELETE FROM things WHERE name IS NULL", WEIR_VALUES());
    return weir_exec(tx, "INSERT INTO things VALUES (?1, ?2)", WEIR_TEXT(it.name), WEIR_INT(total));
}

static weir_status make(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    response->status = 202;
    return weir_emit(tx, &(weir_event){.type = "thing.made", .subject = "a", .data = request->body});
}

static weir_status list(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)request, (void)user;
    weir_rows *rows = weir_query(tx, "SELECT total FROM things");
    int64_t total = weir_rows_next(rows) ? weir_rows_int(rows, 0) : -1;
    part sum = {total};
    response->body = weir_encode(tx, part_fields, &sum);
    return weir_tx_status(tx);
}

static const weir_handler handlers[] = {{.type = "thing.made", .version = 1, .run = on_made}, {0}};
static const weir_route routes[] = {
    {.method = "POST", .path = "/things", .run = make},
    {.method = "GET", .path = "/total", .run = list, .read_only = true},
    {0},
};

int main(int argc, char **argv)
{
    if (WEIR_VERSION_NUMBER > weir_version_number())
        return 3;
    return weir_main(argc, argv,
                     &(weir_service){.name = "outside",
                                     .about = "built outside the tree",
                                     .consumes = "things",
                                     .produces = "things",
                                     .migrations = migrations,
                                     .handlers = handlers,
                                     .routes = routes});
}
