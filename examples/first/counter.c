/* The first service of the README: counts greetings. */
#include <weir/weir.h>

static const char *const migrations[] = {"CREATE TABLE seen (name TEXT PRIMARY KEY, times INTEGER NOT NULL)", NULL};

static weir_status on_greeted(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    weir_exec(tx, "INSERT INTO seen VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET times = seen.times + 1",
              WEIR_TEXT(event->subject));
    return weir_emit(tx, &(weir_event){.type = "greeting.counted", .subject = event->subject});
}

static const weir_handler handlers[] = {{.type = "person.greeted", .run = on_greeted}, {0}};

int main(int argc, char **argv)
{
    return weir_main(argc, argv,
                     &(weir_service){.name = "counter",
                                     .consumes = "greetings",
                                     .produces = "counts",
                                     .migrations = migrations,
                                     .handlers = handlers,
                                     .http_port = 8090});
}
