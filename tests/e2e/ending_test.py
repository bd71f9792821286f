"""Every process ends when it is asked to: services, `weir consume` and the broker, whatever has become of their topics and
of the broker; and at once when it is asked twice.

Topics that go away under a consumer are what made librdkafka hang in its end. Each way of going away is tried on each
process that reads.
"""
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import Weir, check, equal, eventually, main, slow, test, weir_binary
from services import AGAIN_S, Service, end, http, patience, takes_signals, weir


@contextlib.contextmanager
def broker():
    data = tempfile.mkdtemp(prefix="weir-data-")
    on = Weir(data)
    try:
        yield on
    finally:
        on.kill()
        os.unlink(on.log.name)
        shutil.rmtree(data, ignore_errors=True)


def greet(on, name):
    weir("produce", "greetings", "-k", name, "--ce-type", "person.greeted", at=on.bootstrap, stdin=b"{}\n")


# ---- what becomes of the topic that somebody reads


def nothing(_on):
    pass


def topic_deleted(on):
    weir("topic", "rm", "greetings", "--yes", at=on.bootstrap)


def topic_made_anew(on):
    topic_deleted(on)
    weir("topic", "create", "greetings", "--partitions", "2", at=on.bootstrap)
    greet(on, "late")


def broker_gone(on):
    on.kill()


def broker_back_empty(on):
    on.kill()
    shutil.rmtree(on.data)
    on.start()


WAYS = [nothing, topic_deleted, topic_made_anew, broker_gone, broker_back_empty]


def hear_of_it(process, seconds=2.5):
    """Gives the process the time in which it hears of what has happened, as far as it ever does: a refresh of metadata a
    second, and a rebalance. It must not end of itself meanwhile."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"ended of itself with {process.returncode}")


def a_service_ends_after(way):
    with broker() as on:
        service = Service("first/counter", on.bootstrap, "--drain-timeout", "2s")
        try:
            service.start().ready()
            greet(on, "ada")
            eventually(lambda: service.rows("counter", "SELECT times FROM seen WHERE name = 'ada'") == [(1,)])
            way(on)
            hear_of_it(service.process)
            status = service.end()
            check(status == 0, f"ended with {status}: {service.tail()}")
            equal(service.said("left behind"), [])
            check(service.said("stopped"), "it does not say that it has stopped")
        finally:
            service.close()


def consume_ends_after(way, *options):
    with broker() as on:
        greet(on, "ada")
        reader = subprocess.Popen([weir_binary(), "consume", "greetings", "-b", on.bootstrap, "-f", "%k\\n", *options],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            equal(reader.stdout.readline(), b"ada\n")
            way(on)
            hear_of_it(reader)
            equal(end(reader), 128 + signal.SIGTERM)
        finally:
            reader.kill()
            reader.wait()
            reader.stdout.close()
            reader.stderr.close()


def register():
    readers = [("a_service_ends", a_service_ends_after, []),
               ("consume_of_a_group_ends", consume_ends_after, ["--group", "g"]),
               ("consume_that_follows_ends", consume_ends_after, ["--follow"])]
    for name, try_it, options in readers:
        for way in WAYS:
            def each(try_it=try_it, options=options, way=way):
                try_it(way, *options)
            each.__name__ = f"{name}_after_{way.__name__}"
            slow(90)(test(each))


register()


# ---- the second signal, and the broker


def order(service):
    body = b'{"customer":"ada","lines":[{"sku":"1","name":"tea","quantity":1,"price_pence":100}]}'
    return http("POST", service.url("/orders"), body)


@test
def a_service_that_is_asked_twice_ends_at_once_and_keeps_what_was_committed():
    with broker() as on:
        service = Service("marketplace/gateway", on.bootstrap, "--drain-timeout", "60s")
        try:
            service.start().ready()
            on.kill()
            status, text = order(service)
            check(status == 202, f"{status} {text}")
            service.process.send_signal(signal.SIGTERM)
            eventually(lambda: service.said("draining"))
            check(patience(service.process, AGAIN_S) is None, "it has ended though the broker is away")
            begun = time.monotonic()
            equal(service.end(), 128 + signal.SIGTERM)
            check(time.monotonic() - begun < 5, "it took its time")
            equal(service.rows("gateway", "SELECT count(*) FROM weir_outbox"), [(1,)])
            check(service.said("asked to stop twice"), "it does not say why it has ended")
        finally:
            service.close()


@test
def a_service_that_waits_for_kafka_ends_when_asked():
    service = Service("first/counter", "127.0.0.1:1")
    try:
        service.start()
        eventually(lambda: service.said("waiting for Kafka"))
        equal(service.end(), 0)
    finally:
        service.close()


@test
def tools_end_when_asked_whatever_they_wait_for():
    with broker() as on:
        greet(on, "ada")
        asked = itertools.cycle((signal.SIGTERM, signal.SIGHUP, signal.SIGINT))  # SIGHUP: the terminal was closed
        tools = (["produce", "greetings"], ["group", "lag", "--watch"], ["consume", "greetings", "--follow"])
        for words, by in zip(tools + tools[::-1], asked):
            # A terminal that nobody types into, for `produce`.
            # Tests that were begun under nohup pass their deaf ear for SIGHUP on, which tools respect.
            tool = subprocess.Popen([weir_binary(), *words, "-b", on.bootstrap], stdin=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
            try:
                eventually(lambda: takes_signals(tool.pid))
                equal(end(tool, first=by), 128 + by)
            finally:
                tool.kill()
                tool.wait()
                tool.stdin.close()


@test
@slow(120)
def a_demo_that_is_asked_twice_ends_at_once_and_takes_its_children():
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen([weir_binary(), "demo", "--count", "100000", "--rate", "5", "--data", folder],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: len(children_of(demo.pid)) == 9, 60)
            children = children_of(demo.pid)
            demo.send_signal(signal.SIGTERM)
            in_order = patience(demo, 0.2)  # a quick machine may have ended it in order by then
            status = in_order if in_order is not None else end(demo, within_s=5)
            check(status in (0, 130, 128 + signal.SIGTERM), f"ended with {status}")
            eventually(lambda: not any(is_alive(child) for child in children))
        finally:
            demo.kill()
            demo.wait()


def children_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            found += file.read().split()
    return found


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def idle_client(on):
    """A connection that stays open, as those of clients do."""
    return subprocess.Popen([weir_binary(), "consume", "greetings", "-b", on.bootstrap, "--group", "idle"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@test
def a_broker_ends_while_clients_are_connected():
    with broker() as on:
        greet(on, "ada")
        reader = idle_client(on)
        try:
            eventually(lambda: "idle" in weir("group", "ls", at=on.bootstrap))
            equal(end(on.process), 0)
        finally:
            reader.kill()
            reader.wait()


@test
def a_broker_that_is_asked_twice_ends_at_once_and_loses_nothing():
    with broker() as on:
        for round in range(5):
            for name in ("ada", "ben"):
                greet(on, f"{name}{round}")
            begun = time.monotonic()
            status = end(on.process, signals=2)
            # The second may find it with all closed and the signals given back: then the signal itself ends the process.
            check(status in (0, 128 + signal.SIGTERM, -signal.SIGTERM), f"ended with {status}: {on.said()}")
            check(time.monotonic() - begun < 5, "it took its time")
            on.start()
        names = weir("consume", "greetings", "-f", "%k\\n", at=on.bootstrap).split()
        equal(sorted(names), sorted(f"{name}{round}" for round in range(5) for name in ("ada", "ben")))


@test
def a_broker_for_tests_runs_as_a_child_of_process_1():
    """As under `docker run --init`, where process 1 starts it."""
    with tempfile.TemporaryDirectory() as folder:
        pid_file, ready = f"{folder}/pid", f"{folder}/ready"
        # The shell in the middle has ended when weir starts, so that weir's parent is whoever adopts orphans.
        script = f"(while kill -0 {{parent}} 2>/dev/null; do sleep 0.05; done; exec '{weir_binary()}' test-broker > {ready}) & echo $! > {pid_file}"
        shell = f"({script.format(parent='$$')})"
        subprocess.run(["sh", "-c", shell], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        try:
            eventually(lambda: os.path.exists(ready) and "bootstrap" in open(ready, encoding="ascii").read())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        eventually(lambda: not os.path.exists(f"/proc/{pid}/exe") or open(f"/proc/{pid}/stat").read().split(")")[1].split()[0] == "Z")


main()
