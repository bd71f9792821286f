"""What a service does with events that it cannot handle, on a real broker: a topic of something else is not emptied into the
dead letters at full speed, and a mistake of the program stops the service at the event, which is not lost."""
import os
import sqlite3

from harness import check, equal, eventually, main, test
from services import Broker, Service, weir


def greet(on, name):
    weir("produce", "greetings", "-k", name, "--ce-type", "person.greeted", at=on.bootstrap, stdin=b"{}\n")


def times(service):
    return dict(service.rows("counter", "SELECT name, times FROM seen"))


def position(service):
    return service.rows("counter", "SELECT next_offset FROM weir_inbox WHERE topic = 'greetings'")


@test
def a_topic_that_is_mostly_rejected_is_paused_tried_and_read_on():
    with Broker() as on:
        weir("topic", "create", "greetings", "--partitions", "1", at=on.bootstrap)
        service = Service("first/counter", on.bootstrap, "--breaker-rejections", "3", "--breaker-window", "10",
                          "--breaker-pause", "1s")
        try:
            service.start().ready()
            weir("produce", "greetings", at=on.bootstrap, stdin=b"not an event\n" * 5)
            greet(on, "ada")
            greet(on, "ben")
            eventually(lambda: service.health().get("paused") == ["greetings"])
            check(position(service)[0][0] >= 3, "nothing was read")
            eventually(lambda: times(service) == {"ada": 1, "ben": 1})  # the fourth and fifth were tried one by one
            eventually(lambda: position(service) == [(7,)])
            check("paused" not in service.health(), f"still paused: {service.health()}")
            equal(len(service.said("too much is rejected")), 3)
            eventually(lambda: weir("consume", "counter.dlq", at=on.bootstrap).count("\n") == 5)
            equal(service.end(), 0)
        finally:
            service.close()


@test
def settings_that_cannot_be_are_refused_with_status_2_before_anything_is_made_or_served():
    cases = {("--kafka-fetch-min-bytes", "many"): "fetch.min.bytes", ("--kafka-nope", "1"): "nope",
             ("--kafka-message-send-max-retries", "0"): "retries", ("--kafka-max-poll-interval-ms", "1000"): "max.poll",
             ("--topic-prefix", "a/b"): "topic.prefix"}
    for flags, words in cases.items():
        service = Service("first/counter", "127.0.0.1:1", *flags).start()
        try:
            equal(service.process.wait(20), 2)
            check(words in service.tail() and service.tail().startswith("counter: "), f"{flags}: {service.tail()}")
            equal(sorted(os.listdir(service.folder)), ["log"])
        finally:
            service.close()


@test
def wrong_sql_stops_a_service_at_the_event_which_is_handled_once_it_is_mended():
    with Broker() as on:
        weir("topic", "create", "greetings", "--partitions", "1", at=on.bootstrap)
        service = Service("first/counter", on.bootstrap)
        try:
            service.start().ready()
            greet(on, "ada")
            eventually(lambda: times(service) == {"ada": 1})
            with sqlite3.connect(f"{service.folder}/counter.db") as database:
                database.execute("ALTER TABLE seen RENAME TO gone")
            greet(on, "ben")
            equal(service.process.wait(20), 1)
            line = service.said("its program is wrong")[0]
            equal((line["topic"], line["partition"], line["offset"], line["handler"]), ("greetings", 0, 1, "person.greeted"))
            check("no such table: seen" in line["error"], f"it does not say why: {line}")
            with sqlite3.connect(f"{service.folder}/counter.db") as database:
                database.execute("ALTER TABLE gone RENAME TO seen")
            service.start().ready()
            eventually(lambda: times(service) == {"ada": 1, "ben": 1})
            equal(weir("consume", "counter.dlq", at=on.bootstrap).count("\n"), 0)
            equal(service.end(), 0)
        finally:
            service.close()


if __name__ == "__main__":
    main(needs_broker=False)
