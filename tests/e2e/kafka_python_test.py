"""python3-kafka 2.0.2: groups, offsets, admin, large messages."""
import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError

from harness import bootstrap, check, equal, eventually, fresh, main, test


def admin():
    return KafkaAdminClient(bootstrap_servers=bootstrap())


def producer(**more):
    # A partition that was made this moment may not have its leader everywhere yet.
    return KafkaProducer(bootstrap_servers=bootstrap(), acks="all", retries=10, **more)


def create(topic, partitions=1, **configs):
    client = admin()
    client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
    client.close()


def member(topic, group, **more):
    return KafkaConsumer(topic, bootstrap_servers=bootstrap(), group_id=group, auto_offset_reset="earliest",
                         session_timeout_ms=6000, heartbeat_interval_ms=300, **more)


@test
def a_topic_is_created_described_and_deleted():
    topic = fresh("admin")
    create(topic, 3, **{"retention.ms": "3600000"})
    client = admin()
    try:
        client.create_topics([NewTopic(topic, 1, 1)])
        check(False, "created twice")
    except TopicAlreadyExistsError:
        pass
    equal(len(client.describe_topics([topic])[0]["partitions"]), 3)
    described = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    entries = {entry[0]: entry[1] for entry in described[0].resources[0][4]}
    equal(entries["retention.ms"], "3600000")
    client.delete_topics([topic])
    eventually(lambda: topic not in client.list_topics())
    client.close()


@test
def a_large_message_comes_back_whole_and_a_too_large_one_is_refused():
    topic = fresh("large")
    create(topic, 1, **{"max.message.bytes": "2097152"})
    sender = producer(max_request_size=8 << 20)
    payload = bytes(range(256)) * 4096
    sender.send(topic, payload + b"end").get(20)
    try:
        sender.send(topic, b"x" * (3 << 20)).get(20)
        check(False, "three megabytes were taken")
    except MessageSizeTooLargeError:
        pass
    reader = KafkaConsumer(topic, bootstrap_servers=bootstrap(), auto_offset_reset="earliest", consumer_timeout_ms=10000)
    equal(next(reader).value, payload + b"end")
    reader.close()
    sender.close()


@test
def records_spread_over_many_partitions_by_key_as_java_does():
    topic = fresh("many")
    create(topic, 32)
    sender = producer()
    sent = {}
    for i in range(500):
        sent[i] = sender.send(topic, key=f"key-{i % 50}".encode(), value=str(i).encode()).get(20)
    sender.close()
    by_key = {}
    for i, metadata in sent.items():
        equal(by_key.setdefault(i % 50, metadata.partition), metadata.partition)
    reader = KafkaConsumer(topic, bootstrap_servers=bootstrap(), auto_offset_reset="earliest", consumer_timeout_ms=10000)
    seen = {}
    for record in reader:
        seen.setdefault(record.partition, []).append(int(record.value))
        if sum(map(len, seen.values())) == 500:
            break
    reader.close()
    for partition, values in seen.items():
        equal(values, sorted(values))
        for value in values:
            equal(sent[value].partition, partition)


@test
def offsets_are_found_by_time_and_at_both_ends():
    topic = fresh("time")
    create(topic)
    sender = producer()
    for i in range(10):
        sender.send(topic, value=str(i).encode(), timestamp_ms=1700000000000 + i * 1000).get(20)
    sender.close()
    reader = KafkaConsumer(bootstrap_servers=bootstrap())
    at = TopicPartition(topic, 0)
    found = reader.offsets_for_times({at: 1700000003500})[at]
    equal((found.offset, found.timestamp), (4, 1700000004000))
    equal(reader.offsets_for_times({at: 1800000000000})[at], None)
    equal(reader.beginning_offsets([at])[at], 0)
    equal(reader.end_offsets([at])[at], 10)
    reader.close()


@test
def committed_offsets_let_the_next_member_resume():
    topic, group = fresh("resume"), fresh("g")
    create(topic)
    sender = producer()
    for i in range(20):
        sender.send(topic, value=str(i).encode())
    sender.flush()
    first = member(topic, group, enable_auto_commit=False, max_poll_records=1, consumer_timeout_ms=15000)
    for record in first:
        if record.value == b"11":
            first.commit({TopicPartition(topic, 0): OffsetAndMetadata(12, "so far")})
            break
    equal(first.committed(TopicPartition(topic, 0)), 12)
    first.close(autocommit=False)
    second = member(topic, group, consumer_timeout_ms=15000)
    equal(next(second).value, b"12")
    second.close()
    sender.close()
    client = admin()
    check((group, "consumer") in client.list_consumer_groups(), "the group is not listed")
    offsets = client.list_consumer_group_offsets(group)
    check(TopicPartition(topic, 0) in offsets, "its offsets are not listed")
    client.close()


class Member(threading.Thread):
    """A consumer on its own thread that notes what it holds and what it saw."""

    def __init__(self, topic, group):
        super().__init__(daemon=True)
        self.consumer = member(topic, group)
        self.assigned, self.seen, self.wrong = set(), [], None
        self.stopping = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                for records in self.consumer.poll(timeout_ms=100).values():
                    self.seen += [record.value for record in records]
                self.assigned = {each.partition for each in self.consumer.assignment()}
            self.consumer.close()
        except KafkaError as wrong:
            self.wrong = wrong

    def stop(self):
        self.stopping.set()
        self.join(20)
        check(self.wrong is None, f"a member failed: {self.wrong}")


@test
def two_members_share_the_partitions_and_one_takes_over_what_the_other_leaves():
    topic, group = fresh("share"), fresh("g")
    create(topic, 4)
    first = Member(topic, group)
    eventually(lambda: first.assigned == {0, 1, 2, 3}, 30)
    second = Member(topic, group)
    eventually(lambda: len(first.assigned) == 2 and len(second.assigned) == 2 and not first.assigned & second.assigned, 30)
    sender = producer()
    for i in range(200):
        sender.send(topic, value=str(i).encode(), partition=i % 4)
    sender.flush()
    eventually(lambda: len(first.seen) + len(second.seen) == 200)
    check(len(first.seen) == 100 and len(second.seen) == 100, "not half each")
    second.stop()
    eventually(lambda: first.assigned == {0, 1, 2, 3}, 30)
    sender.send(topic, value=b"last", partition=3)
    sender.flush()
    eventually(lambda: b"last" in first.seen)
    first.stop()
    sender.close()


main()
