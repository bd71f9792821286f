"""python3-confluent-kafka on librdkafka 2.0.2: idempotence, groups of every assignor, admin, offsets."""
import threading

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from harness import bootstrap, check, equal, eventually, fresh, main, test


def admin():
    """The caller keeps it until it has its results: a client that is dropped drops them."""
    return AdminClient({"bootstrap.servers": bootstrap()})


def create(topic, partitions=1, **config):
    client = admin()
    client.create_topics([NewTopic(topic, partitions, 1, config=config)], operation_timeout=10)[topic].result(20)


def produce(topic, values, config=None, partition=0):
    wrong = []
    producer = Producer({"bootstrap.servers": bootstrap(), **(config or {})})
    for value in values:
        producer.produce(topic, value, partition=partition, on_delivery=lambda err, _: wrong.append(err) if err else None)
        producer.poll(0)
    check(producer.flush(30) == 0 and not wrong, f"not delivered: {wrong[:3]}")


def consumer(group, **config):
    return Consumer({"bootstrap.servers": bootstrap(), "group.id": group, "auto.offset.reset": "earliest",
                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 300, **config})


def read(member, count):
    values = []
    while len(values) < count:
        message = member.poll(15)
        check(message is not None and not message.error(), f"after {len(values)}: {message and message.error()}")
        values.append(message.value())
    return values


@test
def an_idempotent_producer_writes_each_record_once_and_in_order():
    topic = fresh("idempotent")
    create(topic)
    values = [str(i).encode() for i in range(20000)]
    produce(topic, values, {"enable.idempotence": True, "linger.ms": 1, "batch.num.messages": 200})
    member = consumer(fresh("g"))
    member.subscribe([topic])
    equal(read(member, len(values)), values)
    low, high = member.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    equal((low, high), (0, len(values)))
    member.close()


@test
def a_topic_appears_when_it_is_first_written_to():
    topic = fresh("auto")
    produce(topic, [b"a"])
    check(topic in admin().list_topics(timeout=10).topics, "it is not listed")


@test
def a_topic_that_nobody_made_cannot_be_read_and_is_not_made_by_asking_the_admin():
    topic, client = fresh("absent"), admin()
    try:
        client.delete_topics([topic], operation_timeout=5)[topic].result(10)
        check(False, "deleted what does not exist")
    except KafkaException as refused:
        equal(refused.args[0].name(), "UNKNOWN_TOPIC_OR_PART")


@test
def a_topic_is_created_described_and_deleted():
    topic = fresh("admin")
    client = admin()
    create(topic, 5, **{"retention.ms": "7200000"})
    try:
        create(topic)
        check(False, "created twice")
    except KafkaException as refused:
        equal(refused.args[0].name(), "TOPIC_ALREADY_EXISTS")
    equal(len(client.list_topics(topic, timeout=10).topics[topic].partitions), 5)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    equal(client.describe_configs([resource])[resource].result(10)["retention.ms"].value, "7200000")
    client.delete_topics([topic], operation_timeout=10)[topic].result(20)
    eventually(lambda: topic not in client.list_topics(timeout=10).topics)


@test
def a_wrong_partition_count_or_configuration_is_refused_with_a_code():
    for partitions, config, name in [(0, {}, "INVALID_PARTITIONS"), (1, {"retention.ms": "soon"}, "INVALID_CONFIG")]:
        try:
            create(fresh("wrong"), partitions, **config)
            check(False, f"took what should be {name}")
        except KafkaException as refused:
            equal(refused.args[0].name(), name)


def holds(assignor):
    topic, group = fresh("share"), fresh("g")
    create(topic, 4)
    stop = threading.Event()
    held, seen, threads = [set(), set()], [[], []], []

    def run(index):
        member = consumer(group, **{"partition.assignment.strategy": assignor})
        member.subscribe([topic])
        while not stop.is_set():
            message = member.poll(0.1)
            if message is not None and not message.error():
                seen[index].append(message.value())
            held[index] = {each.partition for each in member.assignment()}
        member.close()

    def start(index):
        thread = threading.Thread(target=run, args=[index], daemon=True)
        thread.start()
        threads.append(thread)

    start(0)
    eventually(lambda: held[0] == {0, 1, 2, 3}, 30)
    start(1)
    eventually(lambda: len(held[0]) == len(held[1]) == 2 and held[0] | held[1] == {0, 1, 2, 3}, 30)
    for partition in range(4):
        produce(topic, [f"{partition}-{i}".encode() for i in range(25)], partition=partition)
    eventually(lambda: len(seen[0]) + len(seen[1]) >= 100)
    equal(sorted(seen[0] + seen[1]), sorted(f"{p}-{i}".encode() for p in range(4) for i in range(25)))
    stop.set()
    for thread in threads:
        thread.join(20)


@test
def two_members_share_by_range():
    holds("range")


@test
def two_members_share_by_round_robin():
    holds("roundrobin")


@test
def two_members_share_by_cooperative_rebalancing():
    holds("cooperative-sticky")


@test
def committed_offsets_and_their_metadata_resume():
    topic, group = fresh("resume"), fresh("g")
    create(topic)
    produce(topic, [str(i).encode() for i in range(10)])
    first = consumer(group, **{"enable.auto.commit": False})
    first.subscribe([topic])
    read(first, 4)
    first.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    equal(first.committed([TopicPartition(topic, 0)], timeout=10)[0].offset, 4)
    first.close()
    second = consumer(group)
    second.subscribe([topic])
    equal(read(second, 1), [b"4"])
    second.close()
    check(group in {each.id for each in admin().list_groups(timeout=10)}, "the group is not listed")


@test
def a_static_member_comes_back_to_its_partitions_without_a_rebalance():
    topic, group = fresh("static"), fresh("g")
    create(topic, 2)
    revoked = []
    steady = consumer(group, **{"group.instance.id": "steady"})
    steady.subscribe([topic], on_revoke=lambda _, parts: revoked.append(parts))
    other = consumer(group, **{"group.instance.id": "other"})
    other.subscribe([topic])

    def balanced():
        steady.poll(0.1)
        other.poll(0.1)
        return len(steady.assignment()) == 1 and len(other.assignment()) == 1

    eventually(balanced, 30)
    before = {each.partition for each in other.assignment()}
    revoked.clear()
    other.close()
    back = consumer(group, **{"group.instance.id": "other"})
    back.subscribe([topic])

    def returned():
        steady.poll(0.1)
        back.poll(0.1)
        return back.assignment()

    equal({each.partition for each in eventually(returned, 30)}, before)
    equal(revoked, [])
    steady.close()
    back.close()


@test
def offsets_are_found_by_time():
    topic = fresh("time")
    create(topic)
    producer = Producer({"bootstrap.servers": bootstrap()})
    for i in range(10):
        producer.produce(topic, str(i), partition=0, timestamp=1700000000000 + i * 1000)
    equal(producer.flush(20), 0)
    member = consumer(fresh("g"))
    found = member.offsets_for_times([TopicPartition(topic, 0, 1700000003500)], timeout=10)
    equal(found[0].offset, 4)
    member.close()


@test
def acks_0_and_1_arrive_too():
    topic = fresh("acks")
    create(topic)
    produce(topic, [b"one"], {"acks": 1})
    produce(topic, [b"zero"], {"acks": 0})
    member = consumer(fresh("g"))
    member.subscribe([topic])
    equal(read(member, 2), [b"one", b"zero"])
    member.close()


main()
