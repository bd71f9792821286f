// The same in C++17, which has no designated initialisers.
#include <weir/weir.h>

static weir_status on_made(weir_tx *tx, const weir_event *event, void *)
{
    weir_exec(tx, "DELETE FROM things");
    weir_rows *rows = weir_query(tx, "SELECT name FROM things WHERE name = ?1", WEIR_TEXT(event->subject));
    while (weir_rows_next(rows))
        weir_exec_values(tx, "SELECT ?1, ?2", WEIR_VALUES(WEIR_BLOB(weir_rows_blob(rows, 0)), WEIR_NULL));
    const weir_slice data = WEIR_SLICE("{}");
    weir_event seen = {};
    seen.type = "thing.seen";
    seen.data = data;
    return weir_emit(tx, &seen);
}

int main(int argc, char **argv)
{
    weir_handler handlers[2] = {};
    handlers[0].type = "thing.made";
    handlers[0].run = on_made;
    weir_service service = {};
    service.name = "outside";
    service.consumes = "things";
    service.produces = "seen";
    service.handlers = handlers;
    return weir_main(argc, argv, &service);
}
