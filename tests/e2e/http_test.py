"""A service's HTTP from outside: slow clients, many clients, clients that write nonsense. Health is always answered."""
import http.client
import json
import os
import resource
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import prometheus
from harness import check, equal, eventually, main, slow, test, weir_binary

COUNTER = Path(weir_binary()).parent / "first/counter"
SERVICE_DESCRIPTORS = 256  # what a service keeps for its database and for Kafka
OWN_DESCRIPTORS = 100


class Service:
    """The README's first service on the broker that all tests share."""

    def __init__(self, *flags):
        self.data = tempfile.TemporaryDirectory(prefix="weir-http-")
        self.log = open(Path(self.data.name) / "log", "w+")
        reader, writer = os.pipe()
        command = [COUNTER, "--data-dir", self.data.name, "--http-port", "0", "--bootstrap-servers", os.environ["WEIR_E2E_BOOTSTRAP"],
                   "--topic-prefix", Path(self.data.name).name + ".", "--ready-fd", str(writer), *flags]
        self.process = subprocess.Popen(command, pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        os.close(writer)
        with os.fdopen(reader) as ready:
            line = ready.readline()
        check(line, f"the service did not start: {self.said()}")
        self.port = int(json.loads(line)["http"].rsplit(":", 1)[1])

    def said(self):
        return Path(self.log.name).read_text(errors="replace")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def get(self, path, method="GET"):
        """Status, headers, body; on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return found

    def health_takes(self):
        start = time.monotonic()
        status, _, body = self.get("/livez")
        equal((status, json.loads(body)), (200, {"live": True}))
        return time.monotonic() - start

    def metric(self, name, **labels):
        status, headers, body = self.get("/metrics")
        equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4"))
        return prometheus.value(prometheus.parse(body), name, **labels)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.terminate()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        said = self.said()
        self.log.close()
        self.data.cleanup()
        if not failure[0]:
            check(status == 0, f"it ended with {status}: {said[-2000:]}")


def ask(connection, path):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def answer_of(connection):
    """The status of one answer, which is read whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        check(more, "the connection was closed")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    size = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
    while len(body) < size:
        body += connection.recv(65536)
    return int(head.split()[1])


@test
@slow(150)
def ten_thousand_connections_are_kept_alive_and_all_answered():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard - SERVICE_DESCRIPTORS - OWN_DESCRIPTORS)
    if count < 10000:
        print(f"    (a process may open {hard} files here: {count} connections instead of 10,000)")
    with Service("--http-connections-max", str(count + OWN_DESCRIPTORS)) as service:
        connections = []
        for i in range(count):
            connections.append(service.connect())
            if i % 500 == 499:
                service.health_takes()
        for _ in range(2):
            for connection in connections:
                ask(connection, "/livez")
            for connection in connections:
                equal(answer_of(connection), 200)
        check(service.health_takes() < 2, "health waits behind connections that do nothing")
        equal(service.metric("weir_http_connections"), count + 1)
        for connection in connections:
            connection.close()
        eventually(lambda: service.metric("weir_http_connections") == 1)


@test
def slow_clients_do_not_hide_the_process():
    with Service("--http-connections-max", "500", "--http-head-timeout", "2s") as service:
        slow_ones = []
        for _ in range(700):
            connection = service.connect()
            connection.sendall(b"POST /tear HTTP/1.1\r\nHost: x\r\nContent-Le")
            slow_ones.append(connection)
        for _ in range(8):  # a byte now and then
            for connection in slow_ones[200:]:
                try:
                    connection.sendall(b"x")
                except OSError:
                    pass
            check(service.health_takes() < 1, "health waits behind slow clients")
        check(service.metric("weir_http_limit_hits_total", limit="http.connections.max") >= 200, "not counted")
        eventually(lambda: service.metric("weir_http_limit_hits_total", limit="http.head.timeout") >= 490)
        said = [line for line in service.said().splitlines() if "http.connections.max" in line]
        check(1 <= len(said) <= 3, f"a limit that is hit 200 times is said at most every 10 s, not {len(said)} times")
        for connection in slow_ones:
            connection.close()


@test
def whatever_is_wrong_is_said_in_json():
    with Service("--http-body-max", "1000") as service:
        def raw(request):
            with service.connect() as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                got = b""
                while more := connection.recv(65536):
                    got += more
            head, _, body = got.partition(b"\r\n\r\n")
            check(b"Content-Type: application/json" in head, f"no JSON: {got}")
            check(json.loads(body)["error"], "no sentence")
            return int(head.split()[1])

        equal(raw(b"nonsense\r\n\r\n"), 400)
        equal(raw(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n"), 501)
        equal(raw(b"GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 400)
        equal(raw(b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 404)
        equal(raw(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + 5000 * b"x"), 413)
        equal(raw(b"PUT /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 405)
        status, headers, _ = service.get("/livez", "PUT")
        equal((status, headers["Allow"]), (405, "GET, HEAD, OPTIONS"))
        status, headers, body = service.get("/readyz", "HEAD")
        equal((status, body), (200, ""))
        check(int(headers["Content-Length"]) > 0, "HEAD tells how large the body would be")
        status, headers, body = service.get("/metrics", "OPTIONS")
        equal((status, headers["Allow"], body), (204, "GET, HEAD, OPTIONS", ""))


@test
def the_strict_reader_refuses_what_prometheus_would_not_take():
    good = '# HELP a_total A.\n# TYPE a_total counter\na_total{x="a\\\\b\\"c\\n"} 1\n'
    equal(prometheus.parse(good)["a_total"]["samples"], [("a_total", {"x": 'a\\b"c\n'}, 1.0)])
    gauge = "# HELP b B.\n# TYPE b gauge\n"
    histogram = "# HELP h H.\n# TYPE h histogram\n"
    for bad in (good[:-1], good.replace("a_total", "a"), good.replace("counter", "gauge"), good.replace("HELP", "HLP"),
                good + good, good.replace(" 1", " -1"), good.replace('\\"', '"'), gauge + "b 1\nb 2\n", gauge + "c 1\n",
                gauge + 'b{x="1",x="2"} 1\n', gauge + 'b{x="1",} 1\n', gauge + "b one\n", gauge.replace(" b", " b_ms") + "b_ms 1\n",
                gauge.replace(" b", " b_gauge") + "b_gauge 1\n", gauge + 'b{le="1"} 1\n', "b 1\n",
                histogram + 'h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', histogram + 'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n',
                histogram + 'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'):
        try:
            prometheus.parse(bad)
        except (prometheus.Wrong, ValueError, KeyError):
            continue
        raise AssertionError(f"taken: {bad}")


def greet(service, count):
    topic = Path(service.data.name).name + ".greetings"
    for i in range(count):
        subprocess.run([weir_binary(), "produce", topic, "-b", os.environ["WEIR_E2E_BOOTSTRAP"], "-k", f"ada{i}", "--ce-type",
                        "person.greeted"], input=b"{}\n", check=True, timeout=20)


@test
def metrics_are_read_by_a_strict_reader_and_tell_lag_and_the_process():
    with Service() as service:
        greet(service, 3)
        eventually(lambda: service.metric("weir_handler_events_total", type="person.greeted", outcome="done") == 3)
        families = prometheus.parse(service.get("/metrics")[2])
        equal(prometheus.value(families, "weir_build_info", service="counter"), 1)
        check(0 < prometheus.value(families, "process_cpu_seconds_total") < 60, "no processor time")
        check(prometheus.value(families, "process_resident_memory_bytes") > 1e6, "no memory")
        check(abs(prometheus.value(families, "process_start_time_seconds") - time.time()) < 60, "not started just now")
        check(0 < prometheus.value(families, "process_open_fds") < prometheus.value(families, "process_max_fds"), "descriptors")
        equal(prometheus.value(families, "process_max_fds"), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        equal((prometheus.value(families, "weir_ready"), prometheus.value(families, "weir_broker_reachable")), (1, 1))
        for name in ("weir_inbox_lag_records", "weir_inbox_lag_seconds"):
            lags = [value for _, labels, value in families[name]["samples"] if labels["topic"].endswith(".greetings")]
            equal(lags, [0, 0, 0, 0])
        for name in ("weir_outbox_rows", "weir_outbox_refused", "weir_parked_events", "weir_dead_letters_total"):
            equal(prometheus.value(families, name), 0)
        equal(prometheus.value(families, "weir_outbox_acknowledged_total"), 3)


@test
def a_taken_port_is_said_in_one_line_with_the_setting():
    with Service() as service:
        done = subprocess.run([COUNTER, "--data-dir", service.data.name + "/other", "--http-port", str(service.port)],
                              capture_output=True, text=True, timeout=20)
        equal(done.returncode, 1)
        lines = [line for line in done.stderr.splitlines() if str(service.port) in line]
        equal(len(lines), 1)
        for word in ("127.0.0.1", "http.port", "in use"):
            check(word in lines[0], f"no {word} in {lines[0]}")


main()
