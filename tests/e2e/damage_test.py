"""Damaged files of a broker that was stopped well: what `consume` and `topic show` say, and what is served all the same."""
import gzip
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from unittest import mock

import lz4.frame
from kafka import KafkaConsumer, KafkaProducer
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

from harness import Weir, check, equal, eventually, main, remove, test, weir_binary


class Stored:
    """A broker of its own with a topic of five batches in one partition; stopped."""

    def __enter__(self):
        self.data = tempfile.mkdtemp(prefix="weir-data-")
        self.broker = Weir(self.data)
        equal(self.weir("topic", "create", "orders").returncode, 0)
        for i in range(5):
            lines = b"".join(b"%d %s\n" % (i, b"x" * 100) for _ in range(20))
            equal(self.weir("produce", "orders", stdin=lines).returncode, 0)
        return self

    def __exit__(self, kind, wrong, trace):
        status = self.broker.close()
        remove(self.data)
        check(kind is not None or status == 0, f"the broker ended with {status}")

    def weir(self, *words, stdin=b""):
        return subprocess.run([weir_binary(), *words, "-b", self.broker.bootstrap], input=stdin, capture_output=True, timeout=40)

    def flip(self, pattern, part, kill=False):
        if kill:
            self.broker.kill()
        else:
            equal(self.broker.stop(), 0)
        file = next(Path(self.data).glob(pattern))
        raw = bytearray(file.read_bytes())
        raw[int(len(raw) * part)] ^= 1
        file.write_bytes(raw)
        self.broker.start()


class TwoMembers(Stored):
    """And with five records more, in a gzip of two members, as Java and Kafka read it."""

    def __enter__(self):
        super().__enter__()
        with mock.patch("kafka.record.default_records.gzip_encode",
                        lambda text: gzip.compress(text[:len(text) // 2]) + gzip.compress(text[len(text) // 2:])):
            producer = KafkaProducer(bootstrap_servers=self.broker.bootstrap, compression_type="gzip", acks="all", linger_ms=200)
            equal([sent.get(10).offset for sent in [producer.send("orders", b"v%d" % i * 20) for i in range(5)]],
                  [100, 101, 102, 103, 104])
            producer.close()
        return self


@test
def a_damaged_batch_is_said_by_consume_and_broker_and_the_rest_is_served():
    with Stored() as on:
        on.flip("orders-0/*.log", 0.5)
        got = on.weir("consume", "orders", "-o", "json", "--timeout", "5s")
        equal(got.returncode, 1)
        equal(got.stdout.count(b"\n"), 40)
        said = got.stderr.decode()
        check("orders-0" in said and "offset 40" in said and "damaged" in said and "weir consume" in said, said)
        log = on.broker.said()
        check("records are damaged" in log and '"next_offset":60' in log and '"file":"00000000000000000000.log"' in log, log)
        rest = on.weir("consume", "orders", "-p", "0", "--offset", "60", "-o", "json", "--timeout", "5s")
        equal((rest.returncode, rest.stdout.count(b"\n")), (0, 40))
        equal(on.weir("produce", "orders", stdin=b"one more\n").returncode, 0)


@test
def all_that_is_whole_before_the_damage_is_shown_however_far_ahead_of_us_it_was_fetched():
    with Stored() as on:
        for i in range(5):
            lines = b"".join(b"%d\n" % i for _ in range(2077))
            equal(on.weir("produce", "orders", stdin=lines).returncode, 0)
        equal(on.weir("produce", "orders", stdin=b"x" * 3000).returncode, 0)
        on.flip("orders-0/*.log", 0.9999)
        reader = subprocess.Popen([weir_binary(), "consume", "orders", "-o", "json", "-b", on.broker.bootstrap],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        eventually(lambda: "records are damaged" in on.broker.said())  # nobody has read from the pipe yet
        out, said = reader.communicate(timeout=40)
        equal((reader.returncode, out.count(b"\n")), (1, 100 + 5 * 2077))
        check(b"damaged" in said, said.decode())


@test
def a_partition_that_stays_closed_is_shown_as_closed():
    with Stored() as on:
        on.flip("orders-0/*.log", 0.5, kill=True)
        shown = on.weir("topic", "show", "orders", "-o", "json")
        equal(shown.returncode, 0)
        partition = json.loads(shown.stdout)["partitions"][0]
        equal((partition["leader"], partition["open"]), (-1, False))
        check(b"closed" in on.weir("topic", "show", "orders", "-o", "table").stdout
              or b"closed" in on.weir("topic", "show", "orders").stdout, shown.stdout.decode())
        check("partition stays closed" in on.broker.said(), on.broker.said())


def batch_of_two_frames(count):
    """A record batch whose lz4 is two frames one behind the other: the broker and Java read it, librdkafka does not."""
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1,
                                        base_sequence=-1, batch_size=1 << 20)
    for offset in range(count):
        builder.append(offset, int(time.time() * 1000), b"k", b"value", [])
    plain = bytes(builder.build())
    records = lz4.frame.compress(plain[61:100]) + lz4.frame.compress(plain[100:])
    counted = struct.pack(">h", 3) + plain[23:61] + records
    head = plain[:8] + struct.pack(">i", len(counted) + 9) + plain[12:17]
    return head + struct.pack(">I", calc_crc32c(counted)) + counted


def produce_raw(port, topic, batch):
    name = struct.pack(">h", len(topic)) + topic.encode()
    body = struct.pack(">hhi", -1, -1, 10000) + struct.pack(">i", 1) + name + struct.pack(">iii", 1, 0, len(batch)) + batch
    request = struct.pack(">hhih", 0, 7, 1, 1) + b"t" + body
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb").read(4 + 4 + 4 + 2 + len(topic) + 4 + 4 + 2)
    equal(struct.unpack(">h", answer[-2:])[0], 0)


@test
def what_librdkafka_cannot_read_is_said_with_its_place():
    with Stored() as on:
        produce_raw(on.broker.port, "orders", batch_of_two_frames(5))
        got = on.weir("consume", "orders", "-o", "json", "--timeout", "5s")
        equal(got.stdout.count(b"\n"), 100)
        check(got.returncode != 0 and b"orders-0 cannot be read at offset 100: " in got.stderr, got.stderr.decode())


@test
def a_gzip_of_two_members_is_kept_as_kafka_keeps_it_and_consume_says_where_librdkafka_cannot_go_on():
    with TwoMembers() as stored:
        reader = KafkaConsumer("orders", bootstrap_servers=stored.broker.bootstrap, auto_offset_reset="earliest",
                               consumer_timeout_ms=2000)
        equal([record.offset for record in reader], list(range(105)))
        reader.close()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
            process = subprocess.Popen([weir_binary(), "consume", "orders", "-b", stored.broker.bootstrap], stdout=out, stderr=said)
            try:
                eventually(lambda: b"a gzip of several members" in os.pread(said.fileno(), 10000, 0))
                text = os.pread(said.fileno(), 10000, 0).decode()
                check(re.search(r"orders-0: nothing has come for 5 s from offset 10[0-4] on, though it ends at 105", text), text)
            finally:
                process.terminate()
                process.wait(20)


main(needs_broker=False)
