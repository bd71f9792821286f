"""What the tools say when a broker answers one of their questions with an error: not that there is nothing."""
import socket
import struct
import subprocess
import threading

from harness import Weir, check, equal, main, test, weir_binary

DESCRIBE_GROUPS, LIST_GROUPS = 15, 16
LOADING, DENIED = 14, 30


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def read_frame(stream):
    return read_exactly(stream, struct.unpack(">i", read_exactly(stream, 4))[0])


def write_frame(stream, frame):
    stream.sendall(struct.pack(">i", len(frame)) + frame)


class Between:
    """Stands before a broker, which tells clients to come to it, and puts an error into the answers of one kind. The error
    is that of the whole answer for ListGroups, and that of the first group for DescribeGroups."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.upstream = None
        self.errors = {}  # by API key
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client, socket.create_connection(("127.0.0.1", self.upstream)) as broker:
                while True:  # a broker answers in order, and tools do not ask before they have heard
                    request = read_frame(client)
                    key, version = struct.unpack(">hh", request[:4])
                    write_frame(broker, request)
                    write_frame(client, self.change(key, version, bytearray(read_frame(broker))))
        except (ConnectionError, OSError):
            pass

    def change(self, key, version, answer):
        error = self.errors.get(key)
        if error is None:
            return answer
        if key == LIST_GROUPS:  # correlation, tags from version 3 on, throttle from version 1 on
            at = 4 + (version >= 3) + 4 * (version >= 1)
        else:  # correlation, throttle from version 1 on, how many groups
            check(version < 5, "a version with other places")
            at = 4 + 4 * (version >= 1) + 4
        answer[at:at + 2] = struct.pack(">h", error)
        return answer


def weir(on, *words):
    return subprocess.run([weir_binary(), *words, "-b", on.bootstrap, "--timeout", "3s"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30)


class Behind(Weir):
    def __init__(self, between):
        self.between = between
        super().__init__()

    def arguments(self):
        return ["--advertised-listeners", self.between.bootstrap]


@test
def groups_that_cannot_be_listed_or_read_are_said():
    between = Between()
    broker = Behind(between)
    between.upstream = broker.port
    try:
        equal(weir(between, "topic", "create", "orders").returncode, 0)
        equal(weir(between, "group", "reset", "readers", "--to", "start", "--topic", "orders", "--yes").returncode, 0)
        equal(weir(between, "group", "ls", "-o", "name").stdout, "readers\n")
        equal(weir(between, "group", "lag", "--fail-above", "0").returncode, 0)

        between.errors = {LIST_GROUPS: LOADING}
        for words in ("group", "ls"), ("group", "lag", "--fail-above", "0"):
            got = weir(between, *words)
            check(got.returncode != 0 and "listing groups" in got.stderr, got)

        between.errors = {DESCRIBE_GROUPS: DENIED}
        got = weir(between, "group", "lag", "--fail-above", "0")
        check(got.returncode == 4 and "authorization failed" in got.stderr, got)
    finally:
        equal(broker.close(), 0)


main(needs_broker=False)
