"""What every end-to-end file uses: a broker to talk to, tests that register themselves, and a count at the end.

A file is a program. Its tests are functions marked @test, whose names are sentences. It talks to WEIR_E2E_BOOTSTRAP when
that is set (weir's broker started by run.py, or Apache Kafka) and else starts a broker of its own from WEIR_E2E_WEIR.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
KAFKAJS = HERE.parent.parent / "build/e2e/kafkajs"
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Apache Kafka needs up to half a minute to come back after a SIGKILL.
PATIENCE = 4 if "WEIR_E2E_KAFKA" in os.environ else 1
TEST_TIMEOUT_S = 60
FILE_TIMEOUT_S = 400
READY_TIMEOUT_S = 20

_tests = []


def test(function):
    _tests.append(function)
    return function


def slow(timeout_s):
    """Above @test: this one may take longer than the others."""
    def mark(function):
        function.timeout_s = timeout_s
        return function
    return mark


def timeout_of(function):
    return getattr(function, "timeout_s", TEST_TIMEOUT_S) * PATIENCE


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"got {str(actual)[:600]}, expected {str(expected)[:600]}")


def check(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


def eventually(look, timeout_s=20):
    """Waits until `look` returns something true, and returns that. A deadline, not a guess at how long it takes."""
    deadline = time.monotonic() + timeout_s * PATIENCE
    while True:
        found = look()
        if found:
            return found
        check(time.monotonic() < deadline, f"nothing after {timeout_s} s")
        time.sleep(0.05)


def settled(call, *refusals):
    """The answer of `call`, asked again while it raises one of `refusals`: a broker that has just come back may not lead
    its partitions yet, and says so."""
    answer = []

    def ask():
        try:
            answer.append(call())
        except refusals:
            pass
        return answer

    return eventually(ask)[0]


def fresh(prefix):
    """A name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def bootstrap():
    return os.environ["WEIR_E2E_BOOTSTRAP"]


def on_apache_kafka():
    return "WEIR_E2E_KAFKA" in os.environ


def weir_binary():
    return os.environ["WEIR_E2E_WEIR"]


class Weir:
    """A `weir test-broker` of our own, that can be killed and started again on the same port and data."""

    def __init__(self, data=None):
        self.data = data
        self.port = 0
        self.process = None
        self.ready = None
        self.log = tempfile.NamedTemporaryFile("w+", prefix="weir-broker-", suffix=".log", delete=False)
        self.start()

    def start(self):
        reader, writer = os.pipe()
        command = [weir_binary(), "test-broker", "--port", str(self.port), "--ready-fd", str(writer), *self.arguments()]
        if self.data:
            command += ["--data", self.data]
        self.process = subprocess.Popen(command, pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        os.close(writer)
        with os.fdopen(reader) as ready:
            line = ready.readline()
        if not line:
            self.process.wait(READY_TIMEOUT_S)
            raise AssertionError(f"the broker did not start: {self.said()}")
        self.ready = json.loads(line)
        self.bootstrap = self.ready["bootstrap"]
        self.port = int(self.bootstrap.rsplit(":", 1)[1])

    def arguments(self):
        """Further ones, of a broker that is to be otherwise."""
        return []

    def said(self):
        return Path(self.log.name).read_text(errors="replace")[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def stop(self):
        """SIGTERM; the exit status, or the signal as a negative number. Kills after 20 s."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def close(self):
        """stop, and forget the log when all went well; sanitizers report with another status."""
        status = self.stop()
        if status == 0:
            os.unlink(self.log.name)
        return status


class ApacheKafka:
    """The same handle for the Apache Kafka that tests/kafka/kafka started."""

    def __init__(self):
        self.folder = os.environ["WEIR_E2E_KAFKA"]
        self.script = str(HERE.parent / "kafka/kafka")
        self.bootstrap = bootstrap()

    def restart(self):
        subprocess.run([self.script, "kill", self.folder], check=True)
        subprocess.run([self.script, "start", self.folder], check=True, stdout=subprocess.DEVNULL)

    def close(self):
        return 0


def durable_broker():
    """A broker that keeps its data over a SIGKILL, and what to remove afterwards."""
    if on_apache_kafka():
        return ApacheKafka(), None
    data = tempfile.mkdtemp(prefix="weir-data-")
    return Weir(data), data


def remove(data):
    if data:
        shutil.rmtree(data, ignore_errors=True)


class TimedOut(Exception):
    pass


def _alarm(_signal, _frame):
    raise TimedOut("not done in the time it has")


def run_file(path, environment):
    """(passed, failed) of one file, which is a program that ends with its count."""
    try:
        # What client libraries say of lost connections is worth reading only after a failure.
        (HERE.parent.parent / "build/e2e").mkdir(parents=True, exist_ok=True)
        with open(HERE.parent.parent / f"build/e2e/{path.stem}.log", "w", encoding="utf-8") as said:
            done = subprocess.run([sys.executable, str(path)], env=environment, stdout=subprocess.PIPE, stderr=said, text=True,
                                  timeout=FILE_TIMEOUT_S * PATIENCE)
        out, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        out, status = (late.stdout or b"").decode(errors="replace"), -1
    print(out, end="", flush=True)
    count = re.search(rf"^{path.stem}: (\d+) passed, (\d+) failed$", out, re.M)
    if count:
        return int(count.group(1)), int(count.group(2))
    print(f"  FAIL  {path.stem}: ended with {status} before its count")
    return len(re.findall(r"^  ok  ", out, re.M)), len(re.findall(r"^  FAIL", out, re.M)) + 1


def main(needs_broker=True):
    """Runs the file's tests; an argument runs only those whose name contains it."""
    own = None
    if needs_broker and "WEIR_E2E_BOOTSTRAP" not in os.environ:
        own = Weir()
        os.environ["WEIR_E2E_BOOTSTRAP"] = own.bootstrap
    signal.signal(signal.SIGALRM, _alarm)
    passed = failed = 0
    file = Path(sys.argv[0]).stem
    for each in _tests:
        if len(sys.argv) > 1 and sys.argv[1] not in each.__name__:
            continue
        begun = time.monotonic()
        signal.alarm(timeout_of(each))
        try:
            each()
            passed += 1
            print(f"  ok    {file}: {each.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as wrong:  # pylint: disable=broad-except
            failed += 1
            where = traceback.extract_tb(wrong.__traceback__)[-1]
            print(f"  FAIL  {file}: {each.__name__}: {type(wrong).__name__}: {wrong} ({Path(where.filename).name}:{where.lineno})",
                  flush=True)
        finally:
            signal.alarm(0)
    if own and own.close() != 0:
        failed += 1
        print(f"  FAIL  {file}: the broker ended with {own.process.returncode}: {own.said()}")
    print(f"{file}: {passed} passed, {failed} failed", flush=True)
    # Client libraries keep threads; nothing of theirs is worth waiting for.
    sys.stdout.flush()
    os._exit(1 if failed or not passed else 0)
