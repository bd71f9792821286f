"""`weir dlq`: dead letters of any Kafka are counted, shown, changed, dropped, and put back once for the group that failed,
also when a run is killed, stopped, or not alone."""
import base64
import json
import os
import pty
import select
import signal
import subprocess
import uuid

import confluent_kafka

from harness import bootstrap, check, equal, eventually, fresh, main, on_apache_kafka, slow, test, weir_binary
from services import Service

OK, FAILED, USAGE, NOT_FOUND, PRECONDITION, PARTIAL = 0, 1, 2, 3, 6, 7


def weir(*words, stdin=b"", status=OK):
    """stdout and stderr as text; the exit status must be the expected one."""
    done = subprocess.run([weir_binary(), *words], input=stdin, capture_output=True, timeout=50, cwd="/",
                          env=dict(os.environ, WEIR_BOOTSTRAP_SERVERS=bootstrap()))
    said = done.stderr.decode(errors="replace")
    check(done.returncode == status, f"{' '.join(words)} ended with {done.returncode}, not {status}: {said[-600:]}")
    return done.stdout.decode(errors="replace"), said


def rows(*words):
    return json.loads(weir(*words, "-o", "json")[0])


def records(topic):
    return [json.loads(line) for line in weir("consume", topic)[0].splitlines()]


def headers(record):
    return {header["name"]: header.get("value") for header in record["headers"]}


def letter(group, number, key="k", reason="rejected", **more):
    """As a service of weir writes one."""
    texts = {"ce_specversion": "1.0", "ce_id": f"id-{number}", "ce_source": "shop", "ce_type": "order.placed",
             "weir-dlq-reason": reason, "weir-dlq-error": "no such article", "weir-dlq-group": group,
             "weir-dlq-original-topic": f"{group}.orders", "weir-dlq-original-partition": "0",
             "weir-dlq-original-offset": str(number), **more}
    return {"key": key, "value": {"n": number, "sku": "A"}, "headers": [{"name": n, "value": v} for n, v in texts.items()]}


def dead(letters, redrive=True):
    """A group whose dead letter topic has these, made by letter(group, ...); and the topic that it reads for redriven events."""
    group = fresh("g")
    topic = f"{group}.dlq"
    weir("topic", "create", topic, "-p", "2")
    if redrive:
        weir("topic", "create", f"{group}.redrive")
    weir("produce", topic, "-f", "json", stdin=b"".join(json.dumps(one).encode() + b"\n" for one in letters(group)))
    return group, topic


def once_in_order(group, count):
    """Every event is in GROUP.redrive once, and those of a key in their order."""
    seen = [(record["key"], record["value"]["n"]) for record in records(f"{group}.redrive")]
    equal(sorted(n for _, n in seen), list(range(count)))
    for key in {key for key, _ in seen}:
        numbers = [n for k, n in seen if k == key]
        equal(numbers, sorted(numbers))


def run(*words):
    return subprocess.Popen([weir_binary(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, cwd="/", env=dict(os.environ, WEIR_BOOTSTRAP_SERVERS=bootstrap()))


@test
def letters_are_counted_listed_and_shown():
    _, topic = dead(lambda g: [letter(g, 0), letter(g, 1), letter(g, 2, reason="exhausted")])
    counted = rows("dlq", "ls", topic)
    equal([(row["reason"], row["source"], row["count"], row["state"]) for row in counted],
          [("rejected", "shop", 2, "open"), ("exhausted", "shop", 1, "open")])
    check(topic in [row["topic"] for row in rows("dlq", "ls")], "it is not among all dead letter topics")
    by = rows("dlq", "ls", topic, "--by", "/sku,type", "--where", "reason = rejected and /n < 1")
    equal([(row["/sku"], row["type"], row["count"]) for row in by], [("A", "order.placed", 1)])
    listed = rows("dlq", "ls", topic, "--letters")
    equal(len(listed), 3)
    name = next(row["letter"] for row in listed if row["reason"] == "exhausted")
    shown = json.loads(weir("dlq", "show", name)[0])
    equal((shown["letter"], shown["reason"], shown["error"], shown["original_offset"]), (name, "exhausted", "no such article", 2))
    equal(shown["record"]["value"], {"n": 2, "sku": "A"})
    equal(json.loads(weir("dlq", "show", name, "-o", "value")[0]), {"n": 2, "sku": "A"})


@test
def what_is_wrong_is_said_with_what_to_do_next():
    _, topic = dead(lambda g: [letter(g, 0)])
    check("did you mean reason" in weir("dlq", "redrive", topic, "--where", "reson = x", status=USAGE)[1], "no hint")
    check("weir topic ls" in weir("dlq", "redrive", fresh("nothing"), "--yes", status=NOT_FOUND)[1], "no way on is said")
    check("--letters" in weir("dlq", "show", f"{topic}/0", status=USAGE)[1], "no way on is said")
    check("--letters" in weir("dlq", "show", f"{topic}/0@1000", status=NOT_FOUND)[1], "no way on is said")
    check("--yes" in weir("dlq", "redrive", topic, status=USAGE)[1], "nobody was asked")
    check("--yes" in weir("dlq", "drop", topic, status=USAGE)[1], "nobody was asked")
    name = rows("dlq", "ls", topic, "--letters")[0]["letter"]
    check("--data FILE" in weir("dlq", "edit", name, status=USAGE)[1], "no way on is said")
    check("there is nothing at /lines/0" in weir("dlq", "edit", name, "--set", "/lines/0=1", "--yes", status=NOT_FOUND)[1],
          "it does not say where")
    equal(len(records(topic)), 1)  # nothing was noted


@test
def a_plan_does_nothing_and_a_clause_and_a_limit_choose():
    group, topic = dead(lambda g: [letter(g, n, reason="exhausted" if n % 2 else "rejected") for n in range(6)])
    planned = rows("dlq", "redrive", topic, "--dry-run", "--where", "reason = exhausted")
    equal([(row["from"], row["to"], row["letters"]) for row in planned], [(topic, f"{group}.redrive", 3)])
    equal((len(records(topic)), records(f"{group}.redrive")), (6, []))
    weir("dlq", "redrive", topic, "--yes", "--where", "reason = exhausted", "--limit", "2")
    weir("dlq", "redrive", topic, "--yes", "--where", "reason = exhausted")
    back = records(f"{group}.redrive")
    equal(sorted(record["value"]["n"] for record in back), [1, 3, 5])
    said = headers(back[0])
    equal((said["weir-redrive-group"], said["weir-redrive-count"]), (group, "1"))
    check("weir-dlq-reason" not in said, "it still says why it failed")
    equal([row["state"] for row in rows("dlq", "ls", topic, "--all", "--by", "reason")], ["open", "redriven"])


@test
def a_letter_that_comes_back_too_often_is_left():
    group, topic = dead(lambda g: [letter(g, 0, **{"weir-redrive-count": "3"}), letter(g, 1, **{"weir-redrive-count": "2"})])
    said = weir("dlq", "redrive", topic, "--yes", status=PARTIAL)[1]
    check("put back too often already (--max-redrives, or --force)" in said, f"it does not say so: {said}")
    equal([record["value"]["n"] for record in records(f"{group}.redrive")], [1])
    weir("dlq", "redrive", topic, "--yes", "--max-redrives", "4")
    equal([headers(record)["weir-redrive-count"] for record in records(f"{group}.redrive")], ["3", "4"])


@test
@slow(120)
def a_run_that_is_killed_is_begun_again_and_doubles_nothing():
    group, topic = dead(lambda g: [letter(g, n, key=f"k{n % 7}") for n in range(200)])
    for kill in range(2):
        process = run("dlq", "redrive", topic, "--yes", "--rate", "100")
        try:
            eventually(lambda: len(records(f"{group}.redrive")) > 40 * kill + 10)
        finally:
            process.kill()
            process.communicate()
    check(len(records(f"{group}.redrive")) < 200, "it was not killed in the middle")
    weir("dlq", "redrive", topic, "--yes")
    once_in_order(group, 200)
    check("There is nothing" in weir("dlq", "redrive", topic, "--dry-run")[1], "something is left")


def hanging_transaction(topic, partition):
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap(), "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"x", partition=partition)
    producer.flush(20)
    return producer


def transactions_that_are_not_over_hide_nothing_that_was_done():
    group, topic = dead(lambda g: [letter(g, n, key=f"k{n % 7}") for n in range(100)])
    open_ones = [hanging_transaction(f"{group}.redrive", 0), hanging_transaction(topic, 0), hanging_transaction(topic, 1)]
    process = run("dlq", "redrive", topic, "--yes", "--rate", "50")
    check(process.poll() is None, "it has ended")
    watch = confluent_kafka.Consumer({"bootstrap.servers": bootstrap(), "group.id": "nobody", "isolation.level": "read_uncommitted"})
    watch.assign([confluent_kafka.TopicPartition(f"{group}.redrive", 0, 0)])
    eventually(lambda: (record := watch.poll(1)) and record.offset() > 10)
    watch.close()
    process.kill()
    process.communicate()
    weir("dlq", "redrive", topic, "--yes", "--limit", "70")
    weir("dlq", "redrive", topic, "--yes")
    for producer in open_ones:
        producer.abort_transaction(20)
    once_in_order(group, 100)


if on_apache_kafka():  # weir's own broker has none
    test(slow(120)(transactions_that_are_not_over_hide_nothing_that_was_done))


@test
def a_run_that_is_stopped_ends_in_order_and_the_next_goes_on():
    group, topic = dead(lambda g: [letter(g, n, key=f"k{n % 7}") for n in range(100)])
    process = run("dlq", "redrive", topic, "--yes", "--rate", "50")
    eventually(lambda: records(f"{group}.redrive"))
    process.send_signal(signal.SIGINT)
    equal((process.wait(20), process.communicate()[0]), (130, None))
    said = weir("dlq", "redrive", topic, "--yes")[1]
    check("killed" not in said and "waiting" not in said, f"the stopped run has left something: {said}")
    once_in_order(group, 100)


@test
@slow(120)
def runs_at_the_same_time_put_each_letter_back_once():
    group, topic = dead(lambda g: [letter(g, n, key=f"k{n % 7}") for n in range(300)])
    processes = [run("dlq", "redrive", topic, "--yes", "--rate", "300") for _ in range(3)]
    for process in processes:
        process.communicate(timeout=50)
    check(OK in [process.returncode for process in processes], f"{[p.returncode for p in processes]}")
    weir("dlq", "redrive", topic, "--yes")
    once_in_order(group, 300)


@test
def a_changed_letter_is_put_back_changed_and_stays_as_it_was():
    group, topic = dead(lambda g: [letter(g, 0)])
    name = rows("dlq", "ls", topic, "--letters")[0]["letter"]
    said = weir("dlq", "edit", name, "--set", "/sku=B,/n=5", "-s", '/lines=[1\\,2]', "-H", "tenant=acme", "--dry-run")[1]
    check('/sku: "A" -> "B"' in said and "/n: 0 -> 5" in said, f"it does not say what changes: {said}")
    equal(len(records(topic)), 1)
    weir("dlq", "edit", name, "--set", "/sku=B,/n=5", "-s", '/lines=[1\\,2]', "-H", "tenant=acme", "--yes")
    back = records(f"{group}.redrive")
    equal([record["value"] for record in back], [{"n": 5, "sku": "B", "lines": [1, 2]}])
    equal((headers(back[0])["tenant"], json.loads(headers(back[0])["weir-edit-original"])), ("acme", {"n": 0, "sku": "A"}))
    equal(next(r for r in records(topic) if headers(r).get("weir-dlq-reason"))["value"], {"n": 0, "sku": "A"})
    weir("dlq", "edit", name, "--data", "-", "--yes", stdin=b'{"n":7}', status=PRECONDITION)  # it is put back already
    weir("dlq", "edit", name, "--data", "-", "--yes", "--again", stdin=b'{"n":7}')
    equal([record["value"] for record in records(f"{group}.redrive")][1:], [{"n": 7}])


def on_a_terminal(*words, answer, editor):
    """The words on a terminal, where the name is asked for; the exit status and what was said."""
    here, there = pty.openpty()
    child = subprocess.Popen([weir_binary(), *words], stdin=there, stdout=there, stderr=there, cwd="/",
                             env=dict(os.environ, WEIR_BOOTSTRAP_SERVERS=bootstrap(), EDITOR=editor))
    os.close(there)
    said, has_answered = b"", False
    while True:
        check(select.select([here], [], [], 20)[0], f"nothing more is said: {said}")
        try:
            said += os.read(here, 4096)
        except OSError:  # the other end is closed
            break
        if not has_answered and f"Type {answer} to".encode() in said:
            os.write(here, f"{answer}\n".encode())
            has_answered = True
    os.close(here)
    return child.wait(20), said.decode(errors="replace")


@test
def a_letter_is_changed_in_an_editor_on_a_terminal():
    group, topic = dead(lambda g: [letter(g, 0)])
    name = rows("dlq", "ls", topic, "--letters")[0]["letter"]
    status, said = on_a_terminal("dlq", "edit", name, answer=topic, editor="true")
    check(status == OK and "It stays as it is" in said, said)
    status, said = on_a_terminal("dlq", "edit", name, answer=topic, editor="false")
    check(status == PRECONDITION and "nothing was done" in said, said)
    status, said = on_a_terminal("dlq", "edit", name, answer=topic, editor="sed -i s/}/x/")
    check(status == USAGE and "--force" in said, said)
    equal((len(records(topic)), records(f"{group}.redrive")), (1, []))
    status, said = on_a_terminal("dlq", "edit", name, answer=topic, editor="sed -i -e s/A/B/ -e $a\\")  # and a line's end, as editors do
    check(status == OK and '/sku: "A" -> "B"' in said, said)
    equal([record["value"] for record in records(f"{group}.redrive")], [{"n": 0, "sku": "B"}])


@test
def a_dropped_letter_is_listed_and_put_back_no_more_until_somebody_wants_it():
    group, topic = dead(lambda g: [letter(g, n) for n in range(3)])
    weir("dlq", "drop", topic, "--where", "/n = 1", "--reason", "a test", "--yes")
    weir("dlq", "redrive", topic, "--yes")
    equal([record["value"]["n"] for record in records(f"{group}.redrive")], [0, 2])
    gone = rows("dlq", "ls", topic, "--letters", "--all", "--where", "state = dropped")
    equal(json.loads(weir("dlq", "show", gone[0]["letter"])[0])["dropped"], "a test")
    weir("dlq", "redrive", gone[0]["letter"], "--again", "--yes")
    equal([record["value"]["n"] for record in records(f"{group}.redrive")], [0, 2, 1])


@test
def letters_of_other_programs_go_back_to_their_topic_for_everyone():
    topic, first = fresh("orders") + "-dlt", fresh("orders")
    weir("topic", "create", topic, first)
    binary = {"kafka_dlt-original-partition": bytes(4), "kafka_dlt-original-offset": bytes(7) + b"\x09"}
    texts = {"kafka_dlt-original-topic": first, "kafka_dlt-exception-fqcn": "java.lang.IllegalStateException",
             "kafka_dlt-exception-message": "boom", "kafka_dlt-original-consumer-group": "billing", "trace": "t"}
    record = {"key": "k", "value": "text", "headers":
              [{"name": n, "value": v} for n, v in texts.items()] +
              [{"name": n, "value_base64": base64.b64encode(v).decode()} for n, v in binary.items()]}
    weir("produce", topic, "-f", "json", stdin=json.dumps(record).encode())
    listed = rows("dlq", "ls", topic, "--by", "group,reason,original.offset,kind")[0]
    equal((listed["group"], listed["reason"], listed["original.offset"], listed["kind"]),
          ("billing", "java.lang.IllegalStateException", "9", "spring"))
    said = weir("dlq", "redrive", topic, "--yes", status=PARTIAL)[1]
    check("--for-everyone" in said and "billing.redrive" in said, f"it does not say what to do: {said}")
    weir("dlq", "redrive", topic, "--yes", "--for-everyone")
    back = headers(records(first)[0])
    equal((back["trace"], back["weir-dlq-original-offset"]), ("t", "9"))
    check("weir-redrive-group" not in back and "kafka_dlt-exception-message" not in back, f"too much: {back}")


@test
@slow(90)
def a_service_handles_what_is_mended_and_put_back_for_it_once():
    prefix = fresh("mend") + "."
    service = Service("first/counter", bootstrap(), "--topic-prefix", prefix)
    try:
        service.start().ready()
        weir("produce", prefix + "greetings", "-k", "ada", stdin=b"{}\n")
        topic = prefix + "counter.dlq"
        name = eventually(lambda: rows("dlq", "ls", topic, "--letters"))[0]["letter"]
        weir("dlq", "redrive", topic, "--yes")  # it fails again, and says so
        again = eventually(lambda: rows("dlq", "ls", topic, "--letters"))[0]
        equal(again["redrives"], 1)
        check(again["letter"] != name, "it is no new letter")
        weir("dlq", "edit", again["letter"], "--yes", "-H",
             "ce_specversion=1.0,ce_id=1,ce_source=shop,ce_type=person.greeted,ce_subject=ada")
        eventually(lambda: service.rows("counter", "SELECT name, times FROM seen") == [("ada", 1)])
        weir("dlq", "redrive", again["letter"], "--yes")
        weir("produce", prefix + "greetings", "-k", "ben", "--ce-type", "person.greeted", stdin=b"{}\n")
        eventually(lambda: service.rows("counter", "SELECT name, times FROM seen ORDER BY name") == [("ada", 1), ("ben", 1)])
        equal(service.end(), 0)
    finally:
        service.close()


if __name__ == "__main__":
    main()
