"""`weir demo` as a program: real services, real databases, a broker of its own; and its invariants must hold."""
import json
import subprocess

from harness import check, equal, main, slow, test, weir_binary

COUNT = 300
RUN_TIMEOUT_S = 150


def demo(*options):
    """What it found, after exit status 0."""
    done = subprocess.run([weir_binary(), "demo", "--count", str(COUNT), "-o", "json", *options], capture_output=True, text=True,
                          timeout=RUN_TIMEOUT_S)
    check(done.returncode == 0, f"it ended with {done.returncode}: {done.stdout[-800:]} {done.stderr[-1500:]}")
    return json.loads(done.stdout)


def holds(found):
    equal(found["violations"], 0)
    check(found["invariants"] and not any(found["invariants"].values()), f"violated: {found['invariants']}")
    equal(found["invoices"], COUNT)
    check(found["drained"], "it did not come to rest")
    check(found["completed"] > 0 and found["completed"] + found["cancelled"] == found["orders"], f"orders are missing: {found}")
    equal(found["dead_letters"], 0)


@test
@slow(160)
def three_hundred_invoices_end_and_every_invariant_holds():
    found = demo()
    holds(found)
    equal((found["kills"], found["crashes"]), (0, 0))


@test
@slow(160)
def every_invariant_holds_when_broker_and_services_are_killed():
    found = demo("--chaos", "--kills", "9")
    holds(found)
    check(found["kills"] > 0, "nobody was killed")


main()
