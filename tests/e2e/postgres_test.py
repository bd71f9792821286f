"""A service whose state lies on a PostgreSQL server: the same promises, while service, server and connection are killed."""
import json
import os
import signal
import subprocess
import threading
import time

from harness import bootstrap, check, equal, eventually, fresh, main, slow, test
from postgres import Postgres
from services import Service, http, weir
from shop import Shop

ONE = {}


def server():
    if "server" not in ONE:
        ONE["server"] = Postgres()
    return ONE["server"]


class Counter:
    """The first example, with topics and a schema that no other test has."""

    def __init__(self, *options, name=None, prefix=None):
        self.name = name or fresh("counter")
        self.prefix = prefix or fresh("pg") + "."
        self.service = Service("first/counter", bootstrap(), "--database", server().url, "--name", self.name,
                               "--topic-prefix", self.prefix, "--kafka-session-timeout-ms", "6000", *options)

    def greet(self, names):
        weir("produce", f"{self.prefix}greetings", "-f", "kv", "--ce-type", "person.greeted", at=bootstrap(),
             stdin="".join(f"{name}\t{{}}\n" for name in names).encode())

    def counted(self):
        return {name: int(times) for name, times in server().rows("SELECT name, times FROM seen", self.name)}

    def records(self):
        """What a reader that knows repetitions has of the topic: (key, id, value, number) of each event once, in order."""
        text = weir("consume", f"{self.prefix}counts", "-o", "json", at=bootstrap())
        seen, found = set(), []
        for line in text.splitlines():
            record = json.loads(line)
            headers = {header["name"]: header["value"] for header in record["headers"]}
            one = (headers["weir-outbox-id"], headers["weir-outbox-sequence"])
            if one not in seen:
                seen.add(one)
                found.append((record["key"], headers["ce_id"], record["value"], int(headers["weir-outbox-sequence"])))
        return found

    def published(self):
        """The same: (key, number)."""
        return [(key, number) for key, _, _, number in self.records()]

    def empty(self):
        return server().rows("SELECT count(*) FROM weir_outbox", self.name) == [("0",)]


@test
def a_service_on_a_server_counts_publishes_and_stops():
    counter = Counter()
    try:
        counter.service.start().ready()
        counter.greet(["ada", "bob", "ada"])
        eventually(lambda: counter.counted() == {"ada": 2, "bob": 1})
        eventually(counter.empty)
        equal(sorted(key for key, _ in counter.published()), ["ada", "ada", "bob"])
        equal(counter.service.end(), 0)
        check(not os.path.exists(f"{counter.service.folder}/{counter.name}.db"), "a file was made")
    finally:
        counter.service.close()


@test
@slow(120)
def kills_of_service_and_server_lose_and_double_nothing():
    counter = Counter()
    names = [f"n{i}" for i in range(40)]
    rounds = 8
    try:
        counter.service.start().ready()
        for number in range(rounds):
            counter.greet(names)
            time.sleep(0.05 * number)  # wherever it is just then
            if number % 3 == 2:
                server().kill()
                server().start()
            elif number % 3 == 1:
                counter.service.process.kill()
                counter.service.process.wait()
                counter.service.start()
            else:
                for backend in server().backends(counter.name):
                    os.kill(backend, signal.SIGTERM)
        eventually(lambda: counter.counted() == {name: rounds for name in names}, 60)
        eventually(counter.empty, 30)
        published = counter.published()
        equal(len(published), rounds * len(names))
        for name in names:
            numbers = [number for key, number in published if key == name]
            equal(numbers, sorted(numbers))
        equal(counter.service.end(), 0)
    finally:
        counter.service.close()


@test
def a_service_says_that_its_database_is_away_and_goes_on_when_it_is_back():
    own = Postgres()
    service = Service("first/counter", bootstrap(), "--database", own.url, "--name", fresh("counter"), "--topic-prefix", fresh("pg") + ".")
    try:
        own.kill()
        service.start()
        eventually(lambda: http("GET", service.url("/livez"))[0] == 200)
        eventually(lambda: any("waiting for the database" in reason for reason in service.health().get("reasons", [])))
        equal(http("GET", service.url("/livez"))[0], 200)
        own.start()
        service.ready()
        own.kill()
        eventually(lambda: http("GET", service.url("/readyz"))[0] == 503)
        equal(http("GET", service.url("/livez"))[0], 200)
        check(any(own.folder in line["error"] or "lost" in line["error"] for line in service.said("begins anew")), "nothing was said")
        own.start()
        service.ready()
        own.kill()
        eventually(lambda: http("GET", service.url("/readyz"))[0] == 503)
        equal(service.end(), 0)
    finally:
        service.close()
        own.close()


@test
def a_server_that_hangs_holds_up_neither_health_nor_a_stop():
    counter = Counter("--drain-timeout", "1s")
    try:
        counter.service.start().ready()
        frozen = server().backends(counter.name)
        check(frozen, "no connection")
        for backend in frozen:
            os.kill(backend, signal.SIGSTOP)
        counter.greet(["ada"])
        time.sleep(0.5)
        begun = time.monotonic()
        equal(http("GET", counter.service.url("/livez"))[0], 200)
        check(http("GET", counter.service.url("/readyz"))[0] in (200, 503), "no answer")
        check(time.monotonic() - begun < 2, "health had to wait")
        check(counter.service.end(within_s=20) != 0, "it says that it has drained")
        for backend in frozen:
            os.kill(backend, signal.SIGCONT)
        counter.service.start().ready()
        eventually(lambda: counter.counted() == {"ada": 1}, 30)
        equal(counter.service.end(), 0)
    finally:
        counter.service.close()


@test
def a_second_process_waits_and_takes_over_when_the_first_one_is_killed():
    first = Counter("--instance", "a")
    second = Counter("--instance", "b", name=first.name, prefix=first.prefix)
    try:
        first.service.start().ready()
        second.service.start()
        eventually(lambda: any("another process" in reason for reason in second.service.health().get("reasons", [])))
        equal(http("GET", second.service.url("/readyz"))[0], 503)
        for number in range(3):
            first.greet(["ada", "bob"])
            works, waits = (first, second) if number % 2 == 0 else (second, first)
            works.service.ready()
            if number == 1:  # not only between two batches
                first.greet(["ada"] * 50)
            works.service.process.kill()
            works.service.process.wait()
            waits.service.ready()
            works.service.start()
        eventually(lambda: first.counted() == {"ada": 53, "bob": 3})
        eventually(first.empty)
        published = [key for key, _ in first.published()]
        equal((published.count("ada"), published.count("bob")), (53, 3))
        check(len(second.service.said("another process")) + len(second.service.said("begins anew")) < 10, "it says so all the time")
        equal([each.service.end() for each in (first, second)], [0, 0])
    finally:
        first.service.close()
        second.service.close()


@test
@slow(180)
def the_marketplace_on_one_server_balances_its_books_after_kills_of_services_and_server():
    own = Postgres()
    shop = Shop(own)
    count = 120
    try:
        shop.start()
        for number in range(count):
            shop.order(number)
            if number == 30:
                for name in ("inventory", "order"):
                    shop.services[name].process.kill()
                    shop.services[name].process.wait()
                    shop.services[name].start()
            if number == 60:
                own.kill()
                own.start()
            if number == 90:
                for backend in own.backends("payment") + own.backends("gateway"):
                    os.kill(backend, signal.SIGTERM)
        wrong = []

        def at_rest():
            wrong[:] = shop.wrong(count)
            return not wrong

        try:
            eventually(at_rest, 90)
        except AssertionError:
            raise AssertionError(str(wrong)) from None
        check(int(own.rows("SELECT count(*) FROM \"order\".orders WHERE status = 'completed'")[0][0]) > count / 2, "few were completed")
        for service in shop.services.values():
            equal(service.end(), 0)
    finally:
        shop.close()
        own.close()


@test
@slow(90)
def rows_that_other_programs_insert_become_events_once_and_in_the_order_of_each_program():
    counter = Counter()
    programs, rounds = 3, 30
    try:
        counter.service.start().ready()

        def insert(program):
            for n in range(rounds):
                server().rows("INSERT INTO weir_outbox_inserts (id, aggregateid, type, payload)"
                              f" SELECT 'p{program}-{n}-' || i, 'p{program}', 'x', (1000 * {n} + i)::text"
                              " FROM generate_series(0, 9) AS i", counter.name)

        threads = [threading.Thread(target=insert, args=(program,)) for program in range(programs)]
        # Somebody leaves a psql open that has changed a row and not committed.
        left_open = subprocess.Popen(["psql", "-qAt", server().url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        left_open.stdin.write(f"SET search_path = \"{counter.name}\"; BEGIN;\n"
                              "INSERT INTO weir_outbox_inserts (aggregateid, type) VALUES ('late', 'x'); SELECT 1;\n")
        left_open.stdin.flush()
        equal(left_open.stdout.readline().strip(), "1")
        for thread in threads:
            thread.start()
        time.sleep(0.3)  # in the midst of it
        counter.service.process.kill()
        counter.service.process.wait()
        counter.service.start()
        for thread in threads:
            thread.join()
        eventually(lambda: counter.empty() and server().rows("SELECT count(*) FROM weir_outbox_inserts", counter.name) == [("0",)], 30)
        left_open.communicate("COMMIT;\n")
        eventually(lambda: len(counter.records()) == programs * rounds * 10 + 1, 30)
        events = counter.records()
        equal(events[-1][0], "late")
        equal(len({id_ for _, id_, _, _ in events}), len(events))
        for program in range(programs):
            numbers = [int(value) for key, _, value, _ in events if key == f"p{program}"]
            equal(numbers, [1000 * n + i for n in range(rounds) for i in range(10)])
        equal(counter.service.end(), 0)
    finally:
        counter.service.close()


@test
def what_is_wrong_with_a_database_is_said_at_once():
    for url, words in (("mysql://x/y", "postgres://"), ("/tmp/x.db", "data.dir"),
                       (server().url + "&schema=" + "x" * 80, "schema"), (server().url.replace("weir@", "nobody@"), "nobody")):
        service = Service("first/counter", bootstrap(), "--database", url)
        try:
            service.start()
            check(service.process.wait(10) in (1, 2), "it runs")
            check(words in service.tail(), f"{url}: {service.tail()}")
        finally:
            service.close()


try:
    main()
finally:
    if "server" in ONE:
        ONE["server"].close()
