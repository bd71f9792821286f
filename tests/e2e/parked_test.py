"""Keys of a real service that wait: seen, tried at once and rejected with `weir parked`, while it runs and when it has stopped."""
import json
import subprocess

from harness import check, equal, eventually, main, test, weir_binary
from services import Broker, Service, weir


def parked(*words):
    return subprocess.run([weir_binary(), "parked", *words], capture_output=True, text=True)


def keys(database):
    """(key, events, attempts) of each key that waits."""
    done = parked("ls", database, "-o", "json")
    equal(done.returncode, 0)
    return [(row["key"], row["events"], row["attempts"]) for row in json.loads(done.stdout)]


def number_of(database, key):
    return str(next(row["number"] for row in json.loads(parked("ls", database, "-o", "json").stdout) if row["key"] == key))


def cleared(on, key, order):
    body = {"order_id": order, "customer": "c", "lines": [{"sku": "a", "quantity": 1, "price_pence": 5}], "total_pence": 5}
    weir("produce", "fraud", "-k", key, "--ce-type", "fraud.cleared", at=on.bootstrap, stdin=json.dumps(body).encode() + b"\n")


@test
def keys_that_wait_are_seen_tried_and_rejected_while_the_service_runs_and_when_it_has_stopped():
    with Broker() as on:
        service = Service("marketplace/payment", on.bootstrap, "--payment-decline-percent", "many")
        try:
            service.start().ready()
            for key, order in (("o1", "a"), ("o2", "b"), ("o3", "c"), ("o1", "d")):
                cleared(on, key, order)
            database = f"{service.folder}/payment.db"
            eventually(lambda: sorted((key, events) for key, events, _ in keys(database)) == [("o1", 2), ("o2", 1), ("o3", 1)])
            shown = json.loads(parked("show", database, number_of(database, "o2")).stdout)
            check("payment.decline.percent" in shown["reason"], f"{shown}")
            equal(shown["record"]["key"], "o2")
            equal(len(json.loads(parked("ls", database, "--events", "-o", "json").stdout)), 4)

            equal(parked("ls", database, "-o", "name").stdout.split()[:1], [number_of(database, keys(database)[0][0])])
            check(all(word in parked("ls", database, "-o", "wide").stdout for word in ("ATTEMPTS", "SINCE", "o3")), "no table")

            # Running: one more attempt at once, which changes nothing but the count; and a dead letter.
            before = next(attempts for key, _, attempts in keys(database) if key == "o3")
            equal(parked("retry", database, number_of(database, "o3")).returncode, 0)
            eventually(lambda: next(attempts for key, _, attempts in keys(database) if key == "o3") > before)
            refused = parked("reject", database, number_of(database, "o2"))
            check(refused.returncode == 2 and "--yes" in refused.stderr, f"{refused}")
            equal(parked("reject", database, number_of(database, "o2"), "--yes").returncode, 0)
            eventually(lambda: sorted(key for key, _, _ in keys(database)) == ["o1", "o3"])
            eventually(lambda: weir("consume", "payment.dlq", at=on.bootstrap).count("\n") == 1)
            equal(service.end(), 0)

            # Stopped: the cause is removed, and all are tried when it starts, however long they had to wait.
            wrong = parked("retry", database, "77")
            check(wrong.returncode != 0 and "77" in wrong.stderr, f"{wrong}")
            equal(parked("retry", database).returncode, 2)
            done = parked("retry", database, "--all")
            check("2 keys" in done.stderr, f"{done}")
            service.command[service.command.index("many")] = "0"
            service.start().ready()
            eventually(lambda: keys(database) == [])
            eventually(lambda: weir("consume", "payments", at=on.bootstrap).count("\n") == 3)
            equal(service.end(), 0)
        finally:
            service.close()


main()
