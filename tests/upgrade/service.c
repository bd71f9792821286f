/* The service whose database the upgrade test keeps: compiled against the weir that wrote it and against today's.
 *
 * "thing.kept" is stored and answered by an event; "thing.parked" waits until the setting `release` is 1. */
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

static const char *const migrations[] = {"CREATE TABLE things (name TEXT NOT NULL, kind TEXT NOT NULL)", NULL};

static weir_status keep(weir_tx *tx, const char *name, const char *kind)
{
    weir_exec(tx, "INSERT INTO things VALUES (?1, ?2)", WEIR_TEXT(name), WEIR_TEXT(kind));
    weir_event told = {0};
    told.type = "thing.told";
    told.subject = name;
    return weir_emit(tx, &told);
}

static weir_status on_kept(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return keep(tx, event->subject, "kept");
}

static weir_status on_parked(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    if (strcmp(weir_tx_setting(tx, "release"), "1") != 0)
        return weir_retry(tx, "not yet");
    return keep(tx, event->subject, "parked");
}

static weir_status make(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    response->status = 202;
    return keep(tx, weir_request_query(request, "name"), "commanded");
}

static const weir_handler handlers[] = {
    {.type = "thing.kept", .run = on_kept},
    {.type = "thing.parked", .run = on_parked, .retry = {.max = 1000, .base_ms = 200, .max_ms = 1000}},
    {0},
};
static const weir_route routes[] = {{.method = "POST", .path = "/things", .run = make}, {0}};
static const weir_setting settings[] = {{"release", "0", "1 lets what is parked pass"}, {0}};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){.name = "keeper",
                                     .consumes = "things",
                                     .produces = "told",
                                     .migrations = migrations,
                                     .handlers = handlers,
                                     .routes = routes,
                                     .settings = settings});
}
