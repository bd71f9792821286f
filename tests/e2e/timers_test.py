"""The example of timers: orders that are not paid in time are cancelled, once, while the service is killed; `weir timers`
beside it."""
import json
import subprocess

from harness import check, equal, eventually, main, test, weir_binary
from services import Broker, Service, weir


def place(at, order, kind):
    weir("produce", "orders", "-k", order, "-H", "ce_specversion=1.0", "-H", f"ce_id={kind}-{order}", "-H", "ce_source=test",
         "-H", f"ce_type=order.{kind}", "-H", f"ce_subject={order}", at=at, stdin=b"{}\n")


def cancelled(at):
    """Subjects of order.cancelled as a reader that is a weir service would handle them: repetitions have known numbers."""
    found = {}
    for line in weir("consume", "checkout", "-o", "json", at=at).splitlines():
        headers = {header["name"]: header["value"] for header in json.loads(line)["headers"]}
        if headers["ce_type"] == "order.cancelled":
            found[headers["weir-outbox-sequence"]] = headers["ce_subject"]
    return sorted(found.values())


def timers(verb, service, *words, status=0):
    done = subprocess.run([weir_binary(), "timers", verb, f"{service.folder}/checkout.db", *words], capture_output=True, timeout=30)
    equal((done.returncode, done.stderr if done.returncode != status else b""), (status, b""))
    return done.stdout.decode()


@test
def orders_that_are_not_paid_in_time_are_cancelled_once_while_the_service_is_killed():
    with Broker() as on:
        for topic in ("orders", "checkout"):
            weir("topic", "create", topic, at=on.bootstrap)
        service = Service("timers/checkout", on.bootstrap, "--checkout-patience", "3600000")
        try:
            service.start().ready()
            for n in range(6):
                place(on.bootstrap, f"o{n}", "placed")
            for n in (1, 3, 5):
                place(on.bootstrap, f"o{n}", "paid")
            states = "SELECT state, count(*) FROM orders GROUP BY state ORDER BY state"
            eventually(lambda: service.rows("checkout", states) == [("open", 3), ("paid", 3)])
            equal(service.rows("checkout", "SELECT id FROM weir_timers WHERE kind = 0 ORDER BY id"), [("o0",), ("o2",), ("o4",)])
            equal(service.rows("checkout", "SELECT id FROM weir_timers WHERE kind = 1"), [("count",)])

            place(on.bootstrap, "taken-back", "placed")
            eventually(lambda: "taken-back" in timers("ls", service, "-o", "name"))
            equal(sorted(timers("ls", service, "-o", "name").split()), ["count", "o0", "o2", "o4", "taken-back"])
            listed = json.loads(timers("ls", service, "-o", "json"))
            equal([(row["kind"], row["cron"], row["type"]) for row in listed if row["id"] in ("count", "o2")],
                  [("schedule", "@hourly", None), ("timer", None, "payment.overdue")])
            equal(len(timers("ls", service, "-n", "2", "-o", "name").split()), 2)
            one = json.loads(timers("show", service, "taken-back"))
            equal((one["kind"], one["attempts"], one["record"]["key"]), ("timer", 0, "taken-back"))
            equal(json.loads(timers("show", service, "count", "--schedule"))["record"], None)
            timers("cancel", service, "taken-back", status=2)
            timers("cancel", service, "taken-back", "--dry-run")
            timers("cancel", service, "taken-back", "--yes")
            timers("cancel", service, "taken-back", "--yes", status=3)
            timers("cancel", service, "count", "--yes", status=3)
            timers("show", service, "never", status=3)
            service.process.kill()
            service.process.wait()

            # Orders of a service with less patience, which dies again and again; those that wait an hour go on waiting.
            service.command[-1] = "300"
            service.start().ready()
            place(on.bootstrap, "o6", "placed")
            eventually(lambda: service.rows("checkout", "SELECT state FROM orders WHERE id = 'o6'") == [("cancelled",)])
            eventually(lambda: cancelled(on.bootstrap) == ["o6"])
            for n in range(7, 12):
                place(on.bootstrap, f"o{n}", "placed")
                service.process.kill()
                service.process.wait()
                service.start().ready()
            wanted = sorted(f"o{n}" for n in range(6, 12))
            eventually(lambda: cancelled(on.bootstrap) == wanted)
            equal(service.rows("checkout", states), [("cancelled", 6), ("open", 4), ("paid", 3)])
            equal(service.end(), 0)
            check(cancelled(on.bootstrap) == wanted, f"{cancelled(on.bootstrap)}")
        finally:
            service.close()


main()
