"""A weir service as a process, for the files that look at what happens to it when its broker or its topics go away."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from harness import Weir, check, eventually, weir_binary


def weir(*words, at, stdin=b"", timeout=30):
    """One run of the weir tool; its output. Fails when it does."""
    done = subprocess.run([weir_binary(), *words, "-b", at], input=stdin, capture_output=True, timeout=timeout)
    check(done.returncode == 0, f"weir {' '.join(words)}: exit {done.returncode}: {done.stderr.decode()[-600:]}")
    return done.stdout.decode()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def http(method, url, body=None):
    """Status and text; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


AGAIN_S = 0.15  # signals within 100 ms of the first are the same request to stop


def patience(process, seconds):
    """The exit status, if it ends within so many seconds; else None."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def end(process, signals=1, within_s=25, first=signal.SIGTERM):
    """Sends SIGTERM so many times; the exit status. A process that does not end is killed, and fails the test."""
    for number in range(signals):
        if number == 0 or patience(process, AGAIN_S) is None:
            process.send_signal(first if number == 0 else signal.SIGTERM)
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"still there {within_s} s after SIGTERM") from None


def takes_signals(pid):
    """Whether a thread of the process waits for the signals: then they are blocked, and others are not, which librdkafka
    blocks all together while it starts."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("SigBlk:"))
    blocked = int(line.split()[1], 16)
    return blocked >> (signal.SIGTERM - 1) & 1 and not blocked >> (signal.SIGUSR1 - 1) & 1


class Broker:
    """A broker with data of its own, which are gone with it."""

    def __enter__(self):
        self.data = tempfile.mkdtemp(prefix="weir-data-")
        self.on = Weir(self.data)
        return self.on

    def __exit__(self, kind, wrong, trace):
        self.on.kill()
        os.unlink(self.on.log.name)
        shutil.rmtree(self.data, ignore_errors=True)


class Service:
    """One of the example programs, with a folder of its own. Its lines of the log are JSON. Behind a `with` both are gone."""

    def __init__(self, program, at, *options):
        self.folder = tempfile.mkdtemp(prefix="weir-service-")
        self.at = at
        self.port = free_port()
        self.command = [str(Path(weir_binary()).parent / program), "--bootstrap-servers", at, "--http-port", str(self.port),
                        "--data-dir", self.folder, "--log-format", "json", *options]
        self.log = open(Path(self.folder) / "log", "ab")
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, kind, wrong, trace):
        self.close()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ready(self):
        eventually(lambda: http("GET", self.url("/readyz"))[0] == 200)
        return self

    def health(self):
        return json.loads(http("GET", self.url("/readyz"))[1] or "{}")

    def lines(self):
        text = (Path(self.folder) / "log").read_text(errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def tail(self):
        return (Path(self.folder) / "log").read_text(errors="replace")[-1500:]

    def said(self, words):
        return [line for line in self.lines() if words in line["msg"]]

    def rows(self, name, sql):
        with sqlite3.connect(f"file:{self.folder}/{name}.db?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()

    def end(self, **how):
        try:
            return end(self.process, **how)
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}: {self.lines()[-6:]}") from None

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
