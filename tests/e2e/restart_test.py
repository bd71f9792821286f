"""A broker that is killed with SIGKILL in the middle of producing and consuming, and started again on the same data.

Nothing acknowledged is lost, nothing is doubled by the idempotent producer, nothing is reordered, and groups go on from
what they committed.
"""
import subprocess
import threading

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaProducer
from kafka.errors import KafkaError

from harness import PATIENCE, check, durable_broker, equal, eventually, fresh, main, remove, settled, test, weir_binary

KILLS = 3 if PATIENCE == 1 else 1
IN_FLIGHT = 3000  # what the producer holds back while the broker is away


class Durable:
    """The broker of one test."""

    def __enter__(self):
        self.broker, self.data = durable_broker()
        self.bootstrap = self.broker.bootstrap
        return self

    def __exit__(self, kind, wrong, trace):
        status = self.broker.close()
        remove(self.data)
        check(kind is not None or status == 0, f"the broker ended with {status}")

    def create(self, topic, partitions=1):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.create_topics([NewTopic(topic, partitions, 1)], operation_timeout=10)[topic].result(20)


def read_partition(bootstrap, topic, partition=0):
    """Everything up to the high watermark of now."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": fresh("g"), "enable.auto.commit": False})
    at = TopicPartition(topic, partition, 0)
    _, end = settled(lambda: consumer.get_watermark_offsets(at, timeout=10), KafkaException)
    consumer.assign([at])
    values, next_offset = [], 0
    while next_offset < end:
        message = consumer.poll(20)
        check(message is not None and not message.error(), f"after {len(values)} of {end}: {message and message.error()}")
        check(message.offset() >= next_offset, "offsets went back")
        next_offset = message.offset() + 1
        values.append(message.value())
    consumer.close()
    return values


@test
def an_idempotent_producer_loses_doubles_and_reorders_nothing_over_kills():
    with Durable() as on:
        topic = fresh("killed")
        on.create(topic)
        wrong, acked = [], []
        producer = Producer({"bootstrap.servers": on.bootstrap, "enable.idempotence": True, "linger.ms": 2,
                             "batch.num.messages": 50, "reconnect.backoff.max.ms": 200, "message.timeout.ms": 50000 * PATIENCE})

        def delivered(err, message):
            if err:
                wrong.append(str(err))
            else:
                acked.append(message.value())

        count, kill_at = 0, 0
        for kill in range(KILLS):
            kill_at += 2000
            while len(acked) < kill_at:
                if count - len(acked) < IN_FLIGHT:
                    producer.produce(topic, str(count).encode(), partition=0, on_delivery=delivered)
                    count += 1
                producer.poll(0 if count % 10 else 0.001)
                check(not wrong, f"not delivered: {wrong[:2]}")
            on.broker.restart()
        left = producer.flush(40 * PATIENCE)
        check(left == 0 and not wrong, f"{left} left, not delivered: {wrong[:2]}")
        equal(len(acked), count)
        equal(read_partition(on.bootstrap, topic), [str(i).encode() for i in range(count)])


@test
def what_a_plain_producer_got_acknowledged_is_there_after_kills():
    """Without idempotence a retry may double a record; none may be lost."""
    with Durable() as on:
        topic = fresh("plain")
        on.create(topic, 2)
        producer = KafkaProducer(bootstrap_servers=on.bootstrap, acks="all", retries=100, retry_backoff_ms=50, linger_ms=1,
                                 request_timeout_ms=15000, max_block_ms=30000 * PATIENCE)
        acked = [set(), set()]
        stop = threading.Event()
        wrong = []

        def produce():
            i = 0
            while not stop.is_set():
                value = str(i).encode()
                try:
                    producer.send(topic, value, partition=i % 2).get(30 * PATIENCE)
                    acked[i % 2].add(value)
                except KafkaError as refused:
                    wrong.append(refused)
                i += 1

        thread = threading.Thread(target=produce, daemon=True)
        thread.start()
        for kill in range(1, KILLS + 1):
            eventually(lambda: len(acked[0]) > 100 * kill)
            on.broker.restart()
        eventually(lambda: len(acked[0]) > 100 * (KILLS + 1), 30)
        stop.set()
        thread.join(30)
        producer.close(5)
        for partition in range(2):
            missing = acked[partition] - set(read_partition(on.bootstrap, topic, partition))
            check(not missing, f"{len(missing)} acknowledged records are gone")


@test
def a_consumer_group_goes_on_over_a_kill_from_what_it_committed():
    with Durable() as on:
        topic, group = fresh("consumed"), fresh("g")
        on.create(topic, 3)
        producer = Producer({"bootstrap.servers": on.bootstrap, "enable.idempotence": True})
        for i in range(900):
            producer.produce(topic, str(i).encode(), partition=i % 3)
        equal(producer.flush(20), 0)
        consumer = Consumer({"bootstrap.servers": on.bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                             "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 300,
                             "reconnect.backoff.max.ms": 200})
        consumer.subscribe([topic])
        seen, committed = [], 0
        while len(seen) < 900:
            message = consumer.poll(30 * PATIENCE)
            check(message is not None, f"nothing more after {len(seen)}")
            if message.error():
                continue
            seen.append(int(message.value()))
            if len(seen) in (300, 600):
                consumer.commit(asynchronous=False)
                committed = len(seen)
                on.broker.restart()
        equal(committed, 600)
        for partition in range(3):
            own = [value for value in seen if value % 3 == partition]
            equal(own, list(range(partition, 900, 3)))
        consumer.commit(asynchronous=False)
        consumer.close()
        on.broker.restart()
        again = Consumer({"bootstrap.servers": on.bootstrap, "group.id": group, "enable.auto.commit": False})
        positions = settled(lambda: again.committed([TopicPartition(topic, p) for p in range(3)], timeout=20), KafkaException)
        equal([each.offset for each in positions], [300, 300, 300])
        again.close()


@test
def topics_and_their_configuration_are_there_after_a_kill():
    with Durable() as on:
        topic, gone = fresh("kept"), fresh("gone")
        on.create(topic, 7)
        on.create(gone, 2)
        admin = AdminClient({"bootstrap.servers": on.bootstrap})
        admin.delete_topics([gone], operation_timeout=10)[gone].result(20)
        on.broker.restart()
        topics = settled(lambda: admin.list_topics(timeout=20).topics, KafkaException)
        equal(len(topics[topic].partitions), 7)
        check(gone not in topics, "a deleted topic is back")


@test
def weirs_own_producer_and_consumer_survive_a_kill():
    with Durable() as on:
        topic, count = fresh("own"), 4000
        on.create(topic)
        producer = subprocess.Popen([weir_binary(), "produce", topic, "-b", on.bootstrap, "-p", "0", "--rate", "2000", "-q",
                                     "--timeout", f"{40 * PATIENCE}s"],
                                    stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        feeder = threading.Thread(target=lambda: (producer.stdin.writelines(f"{i}\n" for i in range(count)), producer.stdin.close()))
        feeder.start()
        watcher = Consumer({"bootstrap.servers": on.bootstrap, "group.id": fresh("g")})
        at = TopicPartition(topic, 0)
        eventually(lambda: settled(lambda: watcher.get_watermark_offsets(at, timeout=10), KafkaException)[1] > 500)
        on.broker.restart()
        feeder.join(40 * PATIENCE)
        equal(producer.wait(40 * PATIENCE), 0)
        watcher.close()
        equal(read_partition(on.bootstrap, topic), [str(i).encode() for i in range(count)])


main()
