"""What making the kept data and opening it have in common."""
import hashlib
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from kafka.record.default_records import DefaultRecordBatchBuilder  # noqa: E402

HERE = Path(__file__).resolve().parent
PRODUCE, DELETE_RECORDS, INIT_PRODUCER_ID = 0, 21, 22


def read_all(bootstrap, topic):
    """Every record of a topic: {partition: [[offset, key, value, headers, timestamp]]}, bytes as hexadecimal()."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False,
                         "enable.partition.eof": False, "auto.offset.reset": "error"})
    found = {}
    for partition in sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions):
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        records = []
        if low < high:
            consumer.assign([TopicPartition(topic, partition, low)])
        while low + len(records) < high:
            message = consumer.poll(10)
            if message is None or message.error():
                raise AssertionError(f"{topic}-{partition} at {low + len(records)} of {high}: {message and message.error()}")
            records.append([message.offset(), hexadecimal(message.key()), hexadecimal(message.value()),
                            [[name, hexadecimal(value)] for name, value in message.headers() or []], message.timestamp()[1]])
        found[str(partition)] = {"low": low, "high": high, "records": records}
    consumer.close()
    return found


def hexadecimal(data):
    """The bytes, or, where they are many, their number and their hash."""
    if data is None or len(data) <= 40:
        return None if data is None else bytes(data).hex()
    return f"{len(data)} bytes: {hashlib.sha256(data).hexdigest()}"


# ---- an idempotent producer by hand, so that the same batch can be sent again by another process, years later
def _call(bootstrap, api, version, body):
    host, port = bootstrap.rsplit(":", 1)
    message = struct.pack(">hhih", api, version, 1, 4) + b"hand" + body
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        file = connection.makefile("rb")
        size = struct.unpack(">i", file.read(4))[0]
        return file.read(size)[4:]


def producer_id(bootstrap):
    _, error, pid, epoch = struct.unpack(">ihqh", _call(bootstrap, INIT_PRODUCER_ID, 0, struct.pack(">hi", -1, 60000)))
    if error or epoch:
        raise AssertionError(f"InitProducerId: error {error}, epoch {epoch}")
    return pid


def produce(bootstrap, topic, pid, sequence, count):
    """(error, base offset) of one batch of an idempotent producer to partition 0."""
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=0, is_transactional=False, producer_id=pid, producer_epoch=0,
                                        base_sequence=sequence, batch_size=1 << 20)
    for i in range(count):
        builder.append(i, 1700000000000 + sequence + i, b"k", f"{sequence + i}".encode(), [])
    batch = bytes(builder.build())
    name = topic.encode()
    body = struct.pack(">hhii", -1, -1, 10000, 1) + struct.pack(">h", len(name)) + name + struct.pack(">iii", 1, 0, len(batch)) + batch
    answer = _call(bootstrap, PRODUCE, 3, body)
    return struct.unpack(">hq", answer[4 + 2 + len(name) + 4 + 4:][:10])


def delete_records(bootstrap, topic, offset):
    """What is below the offset in partition 0; its new first offset."""
    name = topic.encode()
    body = struct.pack(">i", 1) + struct.pack(">h", len(name)) + name + struct.pack(">iiqi", 1, 0, offset, 10000)
    answer = _call(bootstrap, DELETE_RECORDS, 0, body)
    low, error = struct.unpack(">qh", answer[4 + 4 + 2 + len(name) + 4 + 4:][:10])
    if error:
        raise AssertionError(f"DeleteRecords: error {error}")
    return low


class Keeper:
    """The service of service.c at work."""

    def __init__(self, program, bootstrap, folder, *options, environment=None):
        reader, writer = os.pipe()
        self.log = open(Path(folder) / "keeper.log", "a", encoding="utf-8")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [str(program), "--bootstrap-servers", bootstrap, "--data-dir", str(folder), "--http-port", "0", "--ready-fd", str(writer), *options],
            pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        os.close(writer)
        with os.fdopen(reader) as ready:
            line = ready.readline()
        if not line:
            raise AssertionError(f"the service did not start: {(Path(folder) / 'keeper.log').read_text()[-1500:]}")
        self.url = json.loads(line)["http"]

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(25)


def rows(folder, sql):
    """Of the service's database."""
    with sqlite3.connect(f"file:{next(Path(folder).glob('*.db'))}?mode=ro", uri=True) as database:
        return [list(row) for row in database.execute(sql)]
