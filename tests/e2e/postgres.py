"""A PostgreSQL server of a test's own, with its socket in a folder and no TCP port (tests/postgres/server)."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness import HERE, eventually

SERVER = HERE.parent / "postgres/server"


class Postgres:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-pg-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.url = f"postgres://weir@/postgres?host={self.folder}"
        self.process = None
        self.start()

    def start(self):
        with open(Path(self.folder) / "log", "ab") as log:
            self.process = subprocess.Popen([SERVER, "run", self.folder], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self.is_ready, 40)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"PostgreSQL has not started: {(Path(self.folder) / 'log').read_text()[-2000:]}")
        return subprocess.run(["psql", "-qc", "SELECT 1", self.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def rows(self, sql, schema="public"):
        done = subprocess.run(["psql", "-qAtF\t", "-c", f'SET search_path = "{schema}"', "-c", sql, self.url], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{sql}: {done.stderr}")
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def kill(self):
        """SIGKILL, until nothing of it is left."""
        self.process.kill()
        self.process.wait()
        subprocess.run([SERVER, "gone", self.folder], check=True)

    def backends(self, name):
        """Process ids of the connections of the service whose schema is `name`."""
        return [int(row[0]) for row in self.rows(f"SELECT pid FROM pg_stat_activity WHERE application_name = 'weir {name}'")]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
