"""`weir demo` as a program: real services, real databases, a broker of its own; and its invariants must hold."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path

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
    with tempfile.TemporaryDirectory() as folder:
        found = demo("--chaos", "--kills", "9", "--data", folder)
        holds(found)
        check(found["kills"] > 0, "nobody was killed")
        # Whoever kills is whoever starts again, and had waited for an answer of the broker that it had killed: 5 s.
        lines = [json.loads(line) for file in Path(folder).glob("logs/*.log") for line in file.read_text().splitlines()
                 if "reached again" in line]
        check(lines, "the broker was never away")
        longest = max(line["after_ms"] for line in lines)
        check(longest < 4000, f"the broker was away for {longest} ms")


def run_on(data, *options):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        done = subprocess.run([weir_binary(), "demo", "--orders", file.name, "-o", "json", *options], capture_output=True, text=True,
                              timeout=RUN_TIMEOUT_S)
    return done.returncode, done.stdout, done.stderr


@test
@slow(160)
def orders_keep_their_lines():
    rows = [b'536365,85123A,"LINE ONE\nLINE TWO",6,12/1/2010 8:26,2.55,17850,United Kingdom\r\n',
            b"536366,22633,HAND WARMER \xa3 1,6,12/1/2010 8:28,1.85,17850,United Kingdom\r\n",
            b"536367,84879,ASSORTED BIRD,3,12/1/2010 8:34,1.69,13047,United Kingdom\r\n"]
    head = b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
    status, out, said = run_on(head + b"".join(rows))
    check(status == 0, said)
    found = json.loads(out)
    equal((found["orders"], found["lines"], found["recoded_lines"], found["first_malformed"]), (3, 3, 1, None))
    equal(found["refused_lines"]["malformed"], 0)


@test
@slow(160)
def a_file_without_one_order_line_is_no_success():
    for data, hint in [(b"a;b;c\nd;e;f\n", "none of the 2 lines"), (b"", "no order lines"), (b"PK\x03\x04", "save it as CSV"),
                       (b"InvoiceNo,StockCode,Quantity,CustomerID,Country\n", "unitprice")]:
        status, out, said = run_on(data)
        check(status not in (0, None) and hint in said and "holds" not in out, f"{status}: {out[-300:]} {said[-600:]}")
    done = subprocess.run([weir_binary(), "demo", "--orders", "/nonexistent.csv"], capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
    check(done.returncode == 3 and "ready" not in done.stderr, f"{done.returncode}: {done.stderr}")


@test
def a_taken_port_is_said_in_one_line_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for option, whose, variable in [("--port", "broker", "PORT"), ("--http-port", "gateway", "HTTP_PORT")]:
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([weir_binary(), "demo", "--live", "--port", "0", "--http-port", "0", option, port, "--data",
                                       folder + "/data"], capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
                check(done.returncode == 6 and len(done.stderr.splitlines()) == 1, f"{done.returncode}: {done.stderr}")
                check(port in done.stderr and whose in done.stderr and f"make run {variable}=" in done.stderr, done.stderr)
                check(not os.listdir(folder), "it made files")


@test
def a_rate_that_is_no_number_is_said_before_anything_starts():
    for rate in ["", "5x", "x", "1.2.3", "1,5", "1e3", "nan", "inf", ".5", "5.", " 5", "1000000.5", "9" * 30]:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([weir_binary(), "demo", "--count", "1", "--rate", rate, "--data", folder + "/data"],
                                  capture_output=True, text=True, timeout=30)
            check(done.returncode == 2 and "a number from 0 to 1000000" in done.stderr, f"'{rate}': {done.stderr}")
            check(not os.listdir(folder), "it made files")


@test
def one_port_for_two_and_a_kafka_that_is_not_there_are_said_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listened on: who connects is refused
        port = str(taken.getsockname()[1])
        for options, status, said in [(["--port", "19093", "--http-port", "19093"], 2, "cannot both have port 19093"),
                                      (["--kafka", f"127.0.0.1:{port}"], 5, f"127.0.0.1:{port}: Connection refused")]:
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([weir_binary(), "demo", *options, "--data", folder + "/data"], capture_output=True,
                                      text=True, timeout=30)
                check(done.returncode == status and said in done.stderr, f"{done.returncode}: {done.stderr}")
                check(not os.listdir(folder), "it made files")


@test
@slow(100)
def a_live_demo_tells_all_addresses_and_what_becomes_of_its_folder():
    for keep in (False, True):
        with subprocess.Popen([weir_binary(), "demo", "--live", "--port", "0", "--http-port", "0", "--rate", "20",
                               *(["--keep"] if keep else [])], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            said = ""
            while "curl" not in said:
                said += process.stderr.readline()
            found = dict(line.split()[:2] for line in said.splitlines() if line.startswith("  ") and len(line.split()) > 1)
            for name in ("gateway", "order", "inventory", "payment", "shipping", "notification", "fraud", "analytics"):
                with urllib.request.urlopen(found[name] + "/readyz", timeout=10) as answer:
                    equal(answer.status, 200)
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=60)
        equal(process.returncode, 0)
        equal(os.path.exists(found["data"]), keep)
        check(("are removed" in rest) != keep and ("removed at the end" in said) != keep, said + rest)
        if keep:
            shutil.rmtree(found["data"])


main()
