"""Every client behind the same two calls, so that each can be put on either end of a topic.

A record is {"key": text or None, "value": text or None, "headers": {name: text}}.
"""
import json
import subprocess

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition

from harness import KAFKAJS, bootstrap, check, fresh, weir_binary

RUN_TIMEOUT_S = 40


def run(command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
    check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-1500:]}{done.stdout[-500:]}")
    return done.stdout


def encoded(text):
    return None if text is None else text.encode()


def decoded(data):
    return None if data is None else data.decode()


class Kcat:
    """One call a record, since kcat takes one set of headers a call; -Z makes what is empty null."""
    name = "kcat"
    one_call_a_record = True

    def produce(self, topic, records, codec="none"):
        for record in records:
            command = ["kcat", "-P", "-b", bootstrap(), "-t", topic, "-z", codec, "-Z", "-c", "1", "-D", "\x1e", "-K", "\x1f"]
            for name, value in record["headers"].items():
                command += ["-H", f"{name}={value}"]
            run(command, f"{record['key'] or ''}\x1f{record['value'] or ''}\x1e")

    def consume(self, topic, count):
        out = run(["kcat", "-C", "-b", bootstrap(), "-t", topic, "-o", "beginning", "-c", str(count), "-J", "-q"])
        records = []
        for line in out.splitlines():
            seen = json.loads(line)
            headers = seen.get("headers", [])
            records.append({"key": seen.get("key"), "value": seen.get("payload"), "headers": dict(zip(headers[::2], headers[1::2]))})
        return records


class KafkaPython:
    name = "kafka-python"

    def produce(self, topic, records, codec="none"):
        producer = KafkaProducer(bootstrap_servers=bootstrap(), acks="all", compression_type=None if codec == "none" else codec, linger_ms=20)
        sent = [
            producer.send(topic, key=encoded(r["key"]), value=encoded(r["value"]), partition=0,
                          headers=[(name, value.encode()) for name, value in r["headers"].items()])
            for r in records
        ]
        for each in sent:
            each.get(20)
        producer.close()

    def consume(self, topic, count):
        consumer = KafkaConsumer(bootstrap_servers=bootstrap(), auto_offset_reset="earliest", consumer_timeout_ms=15000)
        consumer.assign([KafkaTopicPartition(topic, 0)])
        records = []
        for seen in consumer:
            records.append({"key": decoded(seen.key), "value": decoded(seen.value), "headers": {k: decoded(v) for k, v in seen.headers}})
            if len(records) == count:
                break
        consumer.close()
        return records


class Confluent:
    name = "confluent-kafka"

    def produce(self, topic, records, codec="none"):
        wrong = []
        producer = Producer({"bootstrap.servers": bootstrap(), "compression.type": codec, "linger.ms": 20, "acks": "all"})
        for r in records:
            producer.produce(topic, key=encoded(r["key"]), value=encoded(r["value"]), headers=list(r["headers"].items()), partition=0,
                             on_delivery=lambda err, _: wrong.append(err) if err else None)
        check(producer.flush(20) == 0 and not wrong, f"not delivered: {wrong}")

    def consume(self, topic, count):
        consumer = Consumer({"bootstrap.servers": bootstrap(), "group.id": fresh("g"), "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        records = []
        while len(records) < count:
            seen = consumer.poll(15)
            check(seen is not None and not seen.error(), f"after {len(records)} records: {seen and seen.error()}")
            records.append({"key": decoded(seen.key()), "value": decoded(seen.value()),
                            "headers": {k: decoded(v) for k, v in seen.headers() or []}})
        consumer.close()
        return records


def kafkajs(request):
    return json.loads(run(["node", str(KAFKAJS / "client.js"), bootstrap()], json.dumps(request)))


class KafkaJs:
    name = "kafkajs"

    def produce(self, topic, records, codec="none"):
        kafkajs({"op": "produce", "topic": topic, "codec": codec, "records": [dict(r, partition=0) for r in records]})

    def consume(self, topic, count):
        seen = kafkajs({"op": "consume", "topic": topic, "count": count, "group": fresh("g")})["records"]
        return [{name: r[name] for name in ("key", "value", "headers")} for r in seen]


class Weir:
    name = "weir"

    def produce(self, topic, records, codec="none"):
        lines = [json.dumps({"key": r["key"], "value": r["value"], "headers": [{"name": k, "value": v} for k, v in r["headers"].items()]})
                 for r in records]
        run([weir_binary(), "produce", topic, "-b", bootstrap(), "-f", "json", "-p", "0", "-z", codec], "\n".join(lines) + "\n")

    def consume(self, topic, count):
        out = run([weir_binary(), "consume", topic, "-b", bootstrap(), "-n", str(count), "-o", "json"])
        return [{"key": r["key"], "value": r["value"], "headers": {h["name"]: h["value"] for h in r["headers"]}}
                for r in map(json.loads, out.splitlines())]


ALL = [Kcat(), KafkaPython(), Confluent(), KafkaJs(), Weir()]
