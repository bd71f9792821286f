"""What programs say when what they are given, or may have, does not do; and that nothing is left of such a start."""
import os
import resource
import subprocess
import tempfile
from pathlib import Path

from harness import Weir, check, equal, eventually, main, remove, test, weir_binary
from services import Service, free_port

FAILED, USAGE, UNREACHABLE = 1, 2, 5


def run(*words, files=None, environment=None):
    """Exit status and what was said, of a program of ours that may open so many files."""
    def limit():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    done = subprocess.run([*words], capture_output=True, timeout=40, preexec_fn=limit, env=dict(os.environ, **environment or {}),
                          cwd="/", stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr.decode(errors="replace")


class Slow(Weir):
    """Its groups are not given anything for a while."""

    def arguments(self):
        return ["--group-initial-rebalance-delay-ms", "4s"]


@test
def too_few_descriptors_are_said_with_what_to_do():
    service = Service("first/counter", "127.0.0.1:1")
    try:
        for files in (12, 30, 63):
            status, said = run(*service.command, files=files)
            check(status == USAGE and f"may open {files} files" in said and "ulimit -n" in said, f"{files}: {status} {said}")
        equal(sorted(os.listdir(service.folder)), ["log"])
    finally:
        service.close()
    status, said = run(weir_binary(), "topic", "ls", "-b", "127.0.0.1:1", files=31)
    check(status == FAILED and "may open 31 files" in said and "ulimit -n" in said, f"{status} {said}")
    status, said = run(weir_binary(), "topic", "ls", "-b", "127.0.0.1:1", files=32)
    check(status == UNREACHABLE and "refused" in said, f"{status} {said}")


@test
def a_descriptor_of_readiness_is_looked_at_before_anything_is_made():
    data = tempfile.mkdtemp(prefix="weir-start-")
    service = Service("first/counter", "127.0.0.1:1", "--ready-fd", "7")
    try:
        status, said = run(weir_binary(), "server", "--port", "0", "--ready-fd", "7", "--data", f"{data}/made")
        check(status == USAGE and "--ready-fd 7" in said and "listening" not in said, f"{status} {said}")
        equal(os.listdir(data), [])
        status, said = run(*service.command)
        check(status == USAGE and "--ready-fd 7" in said, f"{status} {said}")
        equal(sorted(os.listdir(service.folder)), ["log"])
    finally:
        service.close()
        remove(data)


@test
def words_of_one_place_are_told_those_of_another():
    data = tempfile.mkdtemp(prefix="weir-start-")
    try:
        Path(data, "b.yaml").write_text("data: /tmp/nowhere\n")
        status, said = run(weir_binary(), "server", "--config", f"{data}/b.yaml", "--port", "0")
        check(status == USAGE and "did you mean 'log.dirs'?" in said, f"{status} {said}")
        status, said = run(weir_binary(), "server", "--log-dirs", "/tmp/nowhere")
        check(status == USAGE and "did you mean '--data'?" in said, f"{status} {said}")
        status, said = run(weir_binary(), "server", "--data", f"{data}/b.yaml", "--port", "0", environment={"WEIR_DATA": "x"})
        check(status != 0 and "did you mean WEIR_LOG_DIRS?" in said, f"{status} {said}")
    finally:
        remove(data)


@test
def the_port_of_a_test_brokers_listeners_is_taken():
    port = free_port()
    with subprocess.Popen([weir_binary(), "test-broker", "--listeners", f"127.0.0.1:{port}"], stdout=subprocess.PIPE) as process:
        line = process.stdout.readline().decode()
        process.terminate()
        check(f'"127.0.0.1:{port}"' in line, line)


@test
def a_demo_runs_where_it_is_told_or_says_that_it_does_not():
    with tempfile.NamedTemporaryFile(prefix="weir-start-") as file:
        status, said = run(weir_binary(), "demo", "--data", file.name, environment={"WEIR_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
        check(status == USAGE and f"{file.name} is a file" in said, f"{status} {said}")
        check("is not used" in said and "--kafka 127.0.0.1:1" in said, said)
    status, said = run(weir_binary(), "demo", "--bootstrap-servers", "127.0.0.1:1", "-n", "1")
    check(status == UNREACHABLE and "127.0.0.1:1" in said, f"{status} {said}")


@test
def a_consumer_says_that_its_group_has_given_it_nothing_yet():
    broker = Slow()
    try:
        subprocess.run([weir_binary(), "topic", "create", "t", "-b", broker.bootstrap], check=True, timeout=20)
        with tempfile.TemporaryFile() as said, subprocess.Popen([weir_binary(), "consume", "t", "-g", "g", "-b", broker.bootstrap],
                                                                stderr=said) as process:
            def text():
                return os.pread(said.fileno(), 10000, 0).decode()
            eventually(lambda: "group 'g' has given no partitions yet" in text())
            check("has given 1 partitions" not in text(), "it had them by then")
            eventually(lambda: "has given 1 partitions" in text())
            process.terminate()
    finally:
        broker.kill()
        os.unlink(broker.log.name)


main(needs_broker=False)
