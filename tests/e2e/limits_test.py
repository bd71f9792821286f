"""The process's own limits, each tried at its edge: file size, descriptors, closed standard descriptors."""
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from confluent_kafka import Producer

from harness import Weir, check, equal, eventually, fresh, main, remove, test, weir_binary
from services import weir


class Limited:
    """A broker of its own behind a shell's ulimit and redirections."""

    def __init__(self, ulimit, redirections=""):
        self.data = tempfile.mkdtemp(prefix="weir-data-")
        self.log = Path(self.data + ".log")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.bootstrap = f"127.0.0.1:{self.port}"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", f'{ulimit}; exec "$0" server --port {self.port} --data "$1" --log-segment-bytes 10m {redirections}',
                 weir_binary(), self.data], stdout=subprocess.DEVNULL, stderr=log)

    def __enter__(self):
        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        eventually(listens)
        return self

    def __exit__(self, kind, wrong, trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            remove(self.data)
            self.log.unlink()
        check(kind is not None or self.process.returncode == 0, f"the broker ended with {self.process.returncode}")

    def said(self):
        return self.log.read_text()

    def weir(self, *words, stdin=b""):
        return subprocess.run([weir_binary(), *words, "-b", self.bootstrap], input=stdin, capture_output=True, timeout=40)


@test
def a_data_directory_that_cannot_be_used_is_said_with_the_reason():
    def nobody():
        if os.geteuid() == 0:  # who may do everything
            os.setgroups([])
            os.setuid(65534)

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as shared:
        program = shutil.copy(weir_binary(), shared)  # the checkout may lie where nobody may look, as below /root
        os.chmod(shared, 0o755)
        (Path(folder) / "file").touch()
        (Path(folder) / "locked").mkdir()
        os.chmod(folder, 0o555)
        os.chmod(Path(folder) / "locked", 0o555)
        for name, status, reason in [("file", 1, "Not a directory"), ("locked", 4, "Permission denied"),
                                     ("new", 4, "Permission denied")]:
            done = subprocess.run([program, "server", "--port", "0", "--data", f"{folder}/{name}"], preexec_fn=nobody,
                                  capture_output=True, text=True, timeout=20)
            check(done.returncode == status and f"{folder}/{name}" in done.stderr and reason in done.stderr,
                  f"{name}: {done.returncode}, {done.stderr}")
        os.chmod(folder, 0o755)


@test
def a_log_at_the_largest_file_size_is_written_again_when_there_is_room():
    with Limited("ulimit -Sf 64") as on:
        topic, acked = fresh("full"), []
        producer = Producer({"bootstrap.servers": on.bootstrap, "enable.idempotence": True, "linger.ms": 0,
                             "batch.num.messages": 1, "message.timeout.ms": 50000, "retry.backoff.ms": 100})
        for i in range(120):
            producer.produce(topic, f"{i} ".encode() + b"x" * 1000,
                             callback=lambda err, m: acked.append(m.value()) if not err else None)
            producer.poll(0)
        eventually(lambda: (producer.poll(0.1), "cannot be written now" in on.said())[1])
        check('File too large' in on.said(), on.said()[-500:])
        check(0 < len(acked) < 120, f"{len(acked)} acknowledged")
        _, hard = resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        equal(producer.flush(40), 0)
        equal(len(acked), 120)
        check("can be written again" in on.said(), on.said()[-500:])
        got = on.weir("consume", topic, "-o", "json", "--timeout", "5s")
        equal([int(n) for n in re.findall(rb'"value":\s*"(\d+) x', got.stdout)], list(range(120)))
        resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE, (8, hard))
        refused = on.weir("topic", "create", fresh("full"))
        check(refused.returncode == 6 and b"cannot be made: the disk is full" in refused.stderr, f"{refused}")
        resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@test
def a_stop_that_finds_no_room_fails_and_keeps_what_was_acknowledged():
    with tempfile.TemporaryDirectory() as folder:
        on = Weir(f"{folder}/data")
        topic = fresh("full")
        weir("produce", topic, at=on.bootstrap, stdin=b"kept\n")
        _, hard = resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(on.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        equal(on.stop(), 1)  # the log, a file too, cannot say why here
        on.start()
        equal(weir("consume", topic, "-f", "%s\\n", "--timeout", "5s", at=on.bootstrap), "kept\n")
        equal(on.close(), 0)


@test
def idle_connections_leave_descriptors_for_partitions():
    with Limited("ulimit -n 400") as on:
        check("fewer connections than max.connections" in on.said(), on.said()[-500:])
        idle = []
        for _ in range(190):
            idle.append(socket.create_connection(("127.0.0.1", on.port)))
        done = on.weir("topic", "create", "many", "-p", "40")
        equal(done.returncode, 0)
        lines = b"".join(b"%d\n" % i for i in range(400))
        done = on.weir("produce", "many", stdin=lines)
        equal(done.returncode, 0)
        equal(done.stderr, b"")
        del idle


@test
def no_log_line_lands_in_a_data_file_when_standard_descriptors_are_closed():
    with Limited(":", "<&- >&- 2>&-") as on:
        equal(on.weir("topic", "create", "t").returncode, 0)
        equal(on.weir("produce", "t", stdin=b"one\n").returncode, 0)
        files = [Path(folder) / name for folder, _, names in os.walk(on.data) for name in names]
        check(len(files) > 3, f"{files}")
        for file in files:
            check(b"level" not in file.read_bytes(), f"log lines in {file.name}")
        done = subprocess.run(["bash", "-c", f'exec "$0" produce t -b {on.bootstrap} <&-', weir_binary()],
                              capture_output=True, timeout=20)
        check(done.stdout == b"", f"{done}")


main(needs_broker=False)
