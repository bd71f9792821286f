"""Bytes that no client sends: weir answers cleanly or closes the connection, and goes on serving the others."""
import random
import socket
import struct

from confluent_kafka.admin import AdminClient

from harness import bootstrap, check, equal, main, test

API_VERSIONS, METADATA = 18, 3
UNSUPPORTED_VERSION = 35


def connect():
    host, port = bootstrap().rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.settimeout(10)
    return connection


def framed(body):
    return struct.pack(">i", len(body)) + body


def request(api, version, correlation, body=b"", client=b"e2e"):
    return framed(struct.pack(">hhih", api, version, correlation, len(client)) + client + body)


def receive(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        check(chunk, f"closed after {len(data)} of {size} bytes")
        data += chunk
    return data


def answer(connection):
    return receive(connection, struct.unpack(">i", receive(connection, 4))[0])


def closed(connection):
    """The other side ends the connection, by FIN or by RST, without more than an answer before."""
    try:
        while connection.recv(4096):
            pass
        return True
    except ConnectionResetError:
        return True


def still_serving():
    with connect() as connection:
        connection.sendall(request(API_VERSIONS, 0, 7))
        equal(struct.unpack(">ih", answer(connection)[:6]), (7, 0))


@test
def an_api_versions_request_of_the_future_is_answered_with_version_0():
    with connect() as connection:
        connection.sendall(request(API_VERSIONS, 99, 5))
        correlation, error, count = struct.unpack(">ihi", answer(connection)[:10])
        equal((correlation, error), (5, UNSUPPORTED_VERSION))
        check(count > 0, "it does not say what it speaks")
        connection.sendall(request(API_VERSIONS, 0, 6))
        equal(struct.unpack(">ih", answer(connection)[:6]), (6, 0))


@test
def a_frame_that_is_too_large_or_negative_closes_the_connection():
    for size in (0x7FFFFFFF, -1, -0x80000000, 0):
        with connect() as connection:
            connection.sendall(struct.pack(">i", size) + b"x" * 100)
            check(closed(connection), f"a frame of {size} bytes was waited for")
    # The four bytes of an HTTP or TLS client read as a size of more than a gigabyte.
    with connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(closed(connection), "HTTP was taken for a frame")
    still_serving()


@test
def an_unknown_api_closes_the_connection():
    for api in (999, -1, 32767):
        with connect() as connection:
            connection.sendall(request(api, 0, 1))
            check(closed(connection), f"api {api} was waited for")
    still_serving()


@test
def requests_sent_in_one_go_are_answered_in_order():
    with connect() as connection:
        connection.sendall(b"".join(request(API_VERSIONS, 0, i) for i in range(200)))
        for i in range(200):
            equal(struct.unpack(">i", answer(connection)[:4])[0], i)


@test
def a_request_may_come_byte_by_byte():
    with connect() as connection:
        for byte in request(API_VERSIONS, 0, 3):
            connection.sendall(bytes([byte]))
        equal(struct.unpack(">i", answer(connection)[:4])[0], 3)


@test
def a_count_larger_than_its_frame_is_no_reason_to_reserve_memory():
    with connect() as connection:
        connection.sendall(request(METADATA, 1, 1, struct.pack(">i", 0x7FFFFFF0)))
        check(closed(connection), "an array of two thousand million topics was accepted")
    still_serving()


@test
def random_bytes_in_well_sized_frames_never_hurt():
    chance = random.Random(1)
    for _ in range(1500):
        with connect() as connection:
            api, version = chance.randrange(0, 70), chance.randrange(0, 14)
            try:
                connection.sendall(request(api, version, 1, chance.randbytes(chance.randrange(0, 200))))
                connection.shutdown(socket.SHUT_WR)
                closed(connection)
            except (BrokenPipeError, ConnectionResetError):
                pass
    still_serving()


@test
def a_cut_request_and_many_idle_connections_cost_nobody_else():
    idle = [connect() for _ in range(200)]
    for connection in idle[::2]:
        connection.sendall(request(API_VERSIONS, 0, 1)[:7])
    still_serving()
    for connection in idle:
        connection.close()
    client = AdminClient({"bootstrap.servers": bootstrap()})
    check(client.list_topics(timeout=10).brokers, "no broker in its own metadata")


main()
