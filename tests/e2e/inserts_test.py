"""Another program inserts rows into a service's database, with nothing but SQLite: each becomes an event, once and in order."""
import json
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from harness import check, equal, eventually, main, test, weir_binary
from services import Broker, Service, weir

ROWS, KEYS = 240, 3


class Other:
    """The other program: its own table and the event, in one transaction."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, timeout=20, isolation_level=None)
        self.database.execute("CREATE TABLE IF NOT EXISTS other_orders (n INTEGER PRIMARY KEY)")

    def order(self, numbers):
        self.database.execute("BEGIN IMMEDIATE")
        for n in numbers:
            self.database.execute("INSERT INTO other_orders VALUES (?)", (n,))
            self.database.execute(
                "INSERT INTO weir_outbox_inserts (id, aggregatetype, aggregateid, type, payload, topic, headers)"
                " VALUES (?, 'order', ?, 'order.placed', ?, 'orders', '{\"tenant\": \"t1\"}')",
                (f"order-{n}", f"k{n % KEYS}", json.dumps({"n": n})))
        self.database.execute("COMMIT")


def published(at):
    """What a reader that is a weir service would handle: repetitions have the numbers of what they repeat."""
    found, known = [], set()
    for line in weir("consume", "orders", "-o", "json", at=at).splitlines():
        record = json.loads(line)
        headers = {header["name"]: header["value"] for header in record["headers"]}
        number = int(headers["weir-outbox-sequence"])
        check(int(headers["weir-outbox-floor"]) <= number, f"{headers}")
        if number not in known:
            known.add(number)
            found.append((record["key"], record["value"]["n"], headers))
    return found


@test
def rows_of_another_program_are_events_while_the_service_runs_is_killed_and_starts_again():
    with Broker() as on, Service("first/counter", on.bootstrap) as service:
        weir("topic", "create", "orders", "-p", "2", at=on.bootstrap)
        service.start().ready()
        path = str(Path(service.folder) / "counter.db")
        other = Other(path)
        for n in range(0, ROWS, 5):
            other.order(range(n, n + 5))
            if n in (60, 120, 180):
                service.process.kill()
                service.process.wait()
                if n == 120:
                    other.order(range(1000, 1003))  # while nobody runs
                service.start()
        service.ready()
        eventually(lambda: service.rows("counter", "SELECT count(*) FROM weir_outbox_inserts") == [(0,)])
        eventually(lambda: service.rows("counter", "SELECT count(*) FROM weir_outbox") == [(0,)])
        found = published(on.bootstrap)
        equal(len(found), ROWS + 3)
        equal({headers["ce_id"] for _, _, headers in found}, {f"order-{n}" for n in [*range(ROWS), *range(1000, 1003)]})
        for key in range(KEYS):
            numbers = [n for k, n, _ in found if k == f"k{key}" and n < 1000]
            equal(numbers, sorted(numbers))
        equal(found[0][2]["tenant"], "t1")

        # A bad row holds nothing up, is said, and is taken when it was mended.
        other.database.execute("INSERT INTO weir_outbox_inserts (aggregateid, type, topic) VALUES ('k0', 'x', 'two words')")
        other.order([2000])
        eventually(lambda: service.health()["degraded"])
        eventually(lambda: len(published(on.bootstrap)) == ROWS + 4)
        shown = subprocess.run([weir_binary(), "outbox", "ls", path, "-o", "json"], capture_output=True, check=True).stdout
        bad = json.loads(shown)[0]
        equal(bad["state"], "bad")
        check("two words" in bad["reason"], f"{bad}")
        number = str(bad["number"])
        row = json.loads(subprocess.run([weir_binary(), "outbox", "inspect", path, number, "--inserted"],
                                        capture_output=True, check=True).stdout)
        equal((row["state"], row["record"]["topic"], row["record"]["key"]), ("bad", "two words", "k0"))
        other.database.execute("UPDATE weir_outbox_inserts SET topic = 'orders', payload = '{\"n\":1}' WHERE state = 1")
        subprocess.run([weir_binary(), "outbox", "requeue", path, number, "--inserted"], capture_output=True, check=True)
        eventually(lambda: len(published(on.bootstrap)) == ROWS + 5)
        eventually(lambda: not service.health()["degraded"])
        equal(service.end(), 0)


@test
def the_table_can_be_made_from_what_weir_prints():
    with tempfile.TemporaryDirectory() as folder:
        sql = subprocess.run([weir_binary(), "outbox", "init-sql"], capture_output=True, check=True).stdout.decode()
        database = sqlite3.connect(Path(folder) / "x.db")
        for _ in range(2):  # where it is already, nothing happens
            database.executescript(sql)
        database.execute("INSERT INTO weir_outbox_inserts (aggregatetype, aggregateid, type, payload) VALUES (1, 2, 3, 4)")
        equal(subprocess.run([weir_binary(), "outbox", "init-sql", "oracle"], capture_output=True).returncode, 2)


main()
