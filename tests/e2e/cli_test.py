"""The `weir` command line: what it prints, what it says when something is wrong, and what it exits with."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import yaml

from harness import CODECS, Weir, bootstrap, check, equal, eventually, fresh, main, on_apache_kafka, remove, test, weir_binary
from services import takes_signals

OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE, PRECONDITION, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 5, 6, 7, 130
BYTES = b"\xff\x00\xfe"


def environment():
    return dict(os.environ, WEIR_BOOTSTRAP_SERVERS=bootstrap())


def weir(*words, stdin=b"", status=OK):
    """stdout as bytes, and stderr as text; the exit status must be the expected one."""
    done = subprocess.run([weir_binary(), *words], input=stdin, capture_output=True, timeout=40, env=environment(), cwd="/")
    said = done.stderr.decode(errors="replace")
    check(done.returncode == status, f"{' '.join(words)} ended with {done.returncode}, not {status}: {said[-600:]}")
    return done.stdout, said


def lines(*words):
    return [json.loads(line) for line in weir(*words)[0].splitlines()]


def content(record):
    return {name: record[name] for name in record if name not in ("topic", "partition", "offset")}


def topic(partitions=1):
    name = fresh("cli")
    weir("topic", "create", name, "-p", str(partitions))
    return name


@test
def a_line_is_a_record_and_the_last_one_needs_no_end():
    name = topic()
    weir("produce", name, "-k", "key", "-H", "a=1,b=x\\,y", stdin=b"one\n\nlast")
    seen = lines("consume", name)
    equal([r["value"] for r in seen], ["one", "", "last"])
    equal(seen[0]["key"], "key")
    equal(seen[0]["headers"], [{"name": "a", "value": "1"}, {"name": "b", "value": "x,y"}])


@test
def nothing_in_is_nothing_out():
    name = topic()
    weir("produce", name)
    equal(lines("consume", name), [])


@test
def what_consume_prints_produce_reads_back():
    first, second = topic(), topic()
    values = [b"text", BYTES, b'"quoted"', b"17", b'{"a": 1.50}', b"[1,2]", b"{broken", "größer ✓".encode(), b""]
    weir("produce", first, "-k", "k", "-H", "h=v", stdin=b"\n".join(values) + b"\n")
    weir("produce", first, "-Z", stdin=b"\n")
    with tempfile.NamedTemporaryFile() as file:
        file.write(BYTES + b"\n" + BYTES)
        file.flush()
        weir("produce", first, file.name, "-f", "file")
    printed = weir("consume", first)[0]
    weir("produce", second, "-f", "json", stdin=printed)
    equal([content(r) for r in lines("consume", second)], [content(r) for r in lines("consume", first)])
    equal(lines("consume", second)[4]["value"], {"a": 1.5})
    check(lines("consume", second)[9]["value"] is None, "the tombstone came back as something else")


@test
def a_file_is_read_whole_wherever_it_comes_from():
    name = topic()
    big = os.urandom(700_000)
    weir("produce", name, "-f", "file", stdin=big)
    weir("produce", name, "-", "-f", "file", stdin=b"")
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        one.write_bytes(b"first\r\nfile\n")
        two.write_bytes(b"second\0file")
        subprocess.run(["bash", "-c", f"'{weir_binary()}' produce {name} -f file <(printf pi; printf ped)"], check=True, timeout=40,
                       env=environment())
        weir("produce", name, str(one), str(two), "-f", "file")
        weir("produce", name, str(one), str(two))
        _, said = weir("produce", name, str(one), folder + "/none", "-f", "file", status=NOT_FOUND)
        check("nothing was sent" in said, said)
    equal(weir("consume", name, "--to", "1", "-f", "%v")[0], big)
    shown = lines("consume", name, "--offset", "1")
    equal([r["value"] if "value" in r else r["value_base64"] for r in shown],
          ["", "piped", "first\r\nfile\n", "c2Vjb25kAGZpbGU=", "first", "file", "c2Vjb25kAGZpbGU="])


@test
def what_is_no_record_is_refused_with_its_line():
    name = topic()
    good = b'{"value":"one"}\n \n'
    for wrong, hint in [(b'{"nope":1}', "nope"), (b"{}", "value"), (b"[1]", "object"), (b'{"value":1', "JSON"),
                        (b'{"payload":1}', '"value"'), (b'{"value":"x","headers":{"a":1}}', "headers"), (b"text", "text")]:
        _, said = weir("produce", name, "-f", "json", stdin=good + wrong + b'\n{"value":"later"}\n', status=USAGE)
        check("stdin:3:" in said and (hint in said or hint in ("JSON", "text")), said)
        check("1 record to" in said, f"what went before is not told: {said}")
    for form, wrong in [("kv", b"no tab"), ("hkv", b"no tab"), ("hkv", b"a=1\tno second"), ("hkv", b"word\tk\tv")]:
        _, said = weir("produce", name, "-f", form, stdin=wrong + b"\n", status=USAGE)
        check("stdin:1:" in said, said)
    equal(set(r["value"] for r in lines("consume", name)), {"one"})


@test
def options_that_would_be_without_effect_are_refused():
    name = topic()
    for words in (["-f", "kv", "-k", "x"], ["-f", "hkv", "-k", "x"], ["-f", "json", "--ce-type", "a.b"], ["-f", "json", "-Z"],
                  ["-f", "xml"], ["--acks", "2"]):
        weir("produce", name, *words, stdin=b"k\tv\n", status=USAGE)
    weir("produce", name, "-f", "json", "-k", "spare", "-H", "a=1", "-H", "b=2",
         stdin=b'{"value":"x","headers":[{"name":"own","value":"0"}]}\n{"key":"k","value":"y"}\n')
    equal([(r["key"], [h["name"] for h in r["headers"]]) for r in lines("consume", name)],
          [("spare", ["own", "a", "b"]), ("k", ["a", "b"])])


@test
def headers_key_and_value_go_through_a_pipe_as_one_line():
    first, second = topic(), topic()
    weir("produce", first, "-k", "k", "-H", "a=1\\,2,b=x\\\\y", "-H", "c=", stdin=b"one\n\xff\x00\n")
    printed, _ = weir("consume", first, "-f", "%h\\t%k\\t%v\\n")
    weir("produce", second, "-f", "hkv", stdin=printed)
    equal([[r["key"], r["headers"], r.get("value"), r.get("value_base64")]
           for r in lines("consume", second)],
          [[r["key"], r["headers"], r.get("value"), r.get("value_base64")] for r in lines("consume", first)])
    equal(weir("consume", first, "-n", "1", "-f", "%h{b}|%h{none}|%K")[0], b"x\\y||1")
    weir("consume", first, "-f", "%z", status=USAGE)


@test
def lines_are_bytes():
    name = topic()
    values = [b"nul\0inside", BYTES, b"a\rb", b" blanks ", b"x" * 900_000]
    weir("produce", name, stdin=b"\r\n".join(values))
    weir("produce", name, "-f", "kv", stdin=b"\xff\tv\r\n\t\n")
    equal(weir("consume", name, "--to", "5", "-f", "%v\\n")[0].split(b"\n")[:-1], values)
    equal([(r.get("key"), r.get("key_base64"), r["value"]) for r in lines("consume", name, "--offset", "5")],
          [(None, "/w==", "v"), ("", None, "")])
    _, said = weir("produce", name, stdin=b"x" * ((16 << 20) + 10), status=USAGE)
    check("stdin:1" in said and "16777216" in said, said)


@test
def closed_descriptors_are_said_and_end_nothing_else():
    name = topic()
    for close, words, status in [("<&-", f"produce {name}", FAILED), (">&-", "topic ls", FAILED), ("2>&-", "topic ls", OK),
                                 ("<&- >&- 2>&-", f"consume {name}", OK), ("<&-", f"produce {name} -f file", FAILED)]:
        done = subprocess.run(["bash", "-c", f"exec '{weir_binary()}' {words} {close}"], env=environment(), timeout=40,
                              capture_output=True)
        equal((close, words, done.returncode), (close, words, status))
        if status == FAILED:
            check(b"Bad file descriptor" in done.stderr, done.stderr.decode())


@test
def a_configuration_may_come_from_a_pipe():
    done = subprocess.run(["bash", "-c", f"'{weir_binary()}' topic ls --config <(echo 'bootstrap.servers: {bootstrap()}')"],
                          timeout=40, capture_output=True, env={"PATH": os.environ["PATH"]})
    equal((done.returncode, done.stderr), (OK, b""))


@test
def every_codec_and_acknowledgement_works():
    name = topic()
    for codec in CODECS:
        for acks in ("all", "1"):
            weir("produce", name, "-z", codec, "--acks", acks, stdin=f"{codec} {acks}\n".encode())
    equal(len(lines("consume", name)), len(CODECS) * 2)


@test
def keys_come_before_a_tab():
    name = topic()
    _, said = weir("produce", name, "-f", "kv", stdin=b"k1\tv1\nno tab\n", status=USAGE)
    check("stdin:2" in said, said)
    equal([(r["key"], r["value"]) for r in lines("consume", name)], [("k1", "v1")])


@test
def events_have_the_attributes_of_cloudevents():
    name = topic()
    weir("produce", name, "-k", "ada", "--ce-type", "person.greeted", stdin=b"{}\n")
    weir("produce", name, stdin=b"plain\n")
    found = lines("consume", name, "--where", "type=person.greeted")
    equal(len(found), 1)
    headers = {h["name"]: h["value"] for h in found[0]["headers"]}
    equal((headers["ce_type"], headers["ce_subject"], headers["ce_specversion"]), ("person.greeted", "ada", "1.0"))


@test
def offsets_select_what_is_read():
    name = topic()
    weir("produce", name, stdin=b"".join(b"%d\n" % i for i in range(100)))
    for words, expected in [(["--offset", "98"], [98, 99]), (["--offset", "-2"], [98, 99]), (["--offset", "end"], []),
                            (["--to", "2"], [0, 1]), (["--tail", "1"], [99]), (["-n", "3"], [0, 1, 2]),
                            (["--offset", "@2100-01-01T00:00:00Z"], []), (["--offset", "@1", "-n", "1"], [0]),
                            (["--tail", "1", "-F", "--exit-when-idle", "1s"], [99])]:
        out, _ = weir("consume", name, *words, "-f", "%o\\n")
        equal(out.decode().split(), [str(offset) for offset in expected])


@test
def a_group_goes_on_where_it_was_and_its_lag_is_told():
    name, group = topic(), fresh("group")
    weir("produce", name, stdin=b"".join(b"%d\n" % i for i in range(10)))
    equal(weir("consume", name, "-g", group, "-n", "4", "-f", "%v ")[0], b"0 1 2 3 ")
    equal(json.loads(weir("group", "lag", group, "-o", "json")[0])[0]["lag"], 6)
    _, said = weir("group", "lag", group, "--fail-above", "5", status=PRECONDITION)
    check("6" in said, said)
    equal(weir("consume", name, "-g", group, "-n", "6", "-f", "%v ")[0], b"4 5 6 7 8 9 ")
    weir("group", "lag", group, "--fail-above", "0")
    check(group in weir("group", "ls", "-o", "name")[0].decode().split(), "the group is not listed")
    weir("group", "show", group)


@test
def topics_are_made_shown_and_deleted():
    name = fresh("cli")
    weir("topic", "create", name, "-p", "3", "-c", "retention.ms=60000")
    weir("topic", "create", name, status=PRECONDITION)
    weir("topic", "create", name, "--if-absent")
    weir("topic", "create", name, fresh("cli"), status=PARTIAL)
    shown = json.loads(weir("topic", "show", name, "-o", "json")[0])
    equal((len(shown["partitions"]), shown["configuration"]["retention.ms"]), (3, "60000"))
    check({"topic": name, "partitions": 3, "replicas": 1, "records": 0} in json.loads(weir("topic", "ls", "-o", "json")[0]),
          "the list does not have it")
    weir("topic", "rm", name, status=USAGE)  # nobody here to ask
    weir("topic", "rm", name, "--dry-run")
    weir("topic", "show", name)
    weir("topic", "rm", name, "-y")
    weir("topic", "show", name, status=NOT_FOUND)


@test
def a_name_that_is_too_long_does_not_hide_the_reason():
    _, said = weir("topic", "create", "a" * 250, status=6)
    # Apache Kafka repeats the name before the reason, and the sentence has an end.
    check(("Topic name is invalid" if on_apache_kafka() else "249") in said, said)


@test
def a_topic_is_altered_after_a_plan():
    name = topic(2)
    weir("topic", "alter", name, "--set", "retention.ms=60000", "-c", "segment.ms=70000", "-y")
    shown = json.loads(weir("topic", "show", name, "-o", "json")[0])["configuration"]
    equal((shown["retention.ms"], shown["segment.ms"]), ("60000", "70000"))
    words = ("topic", "alter", name, "--set", "retention.ms=90000", "--unset", "segment.ms", "--partitions", "3")
    plan = json.loads(weir(*words, "--dry-run", "-o", "json")[0])
    equal([(row["change"], row["now"], row["then"]) for row in plan],
          [("partitions", "2", "3"), ("retention.ms", "60000", "90000"), ("segment.ms", "70000", None)])
    equal(json.loads(weir("topic", "show", name, "-o", "json")[0])["configuration"], shown)
    _, said = weir(*words, status=USAGE)
    check("--yes" in said and "--dry-run" in said, said)
    weir(*words, "--yes")
    after = json.loads(weir("topic", "show", name, "-o", "json")[0])
    equal((len(after["partitions"]), after["configuration"]["retention.ms"]), (3, "90000"))
    check(after["configuration"]["segment.ms"] != "70000", "it is still set")
    _, said = weir(*words, "--yes")
    check("so already" in said, said)
    for more, status, hint in [(["--partitions", "1"], PRECONDITION, "only become more"), ([], USAGE, "--set"),
                               (["--unset", "no.such.key"], NOT_FOUND, "no.such.key"),
                               (["--set", "retention.ms=x", "--partitions", "9"], PRECONDITION, "retention.ms")]:
        _, said = weir("topic", "alter", name, *more, "-y", status=status)
        check(hint in said, f"{more}: {said}")
    equal(len(json.loads(weir("topic", "show", name, "-o", "json")[0])["partitions"]), 3)
    weir("topic", "alter", fresh("no"), "--partitions", "9", "-y", status=NOT_FOUND)


@test
def what_is_not_named_stays_when_a_topic_is_altered():
    """librdkafka's only request replaces a topic's whole configuration."""
    name = topic()
    own = {"retention.ms": "60000", "segment.ms": "70000", "max.message.bytes": "5000"}
    weir("topic", "alter", name, *[word for key in own for word in ("--set", f"{key}={own[key]}")], "-y")

    def shown():
        configs = json.loads(weir("topic", "show", name, "-o", "json")[0])["configuration"]
        return {key: configs[key] for key in own}

    equal(shown(), own)
    _, said = weir("topic", "alter", name, "--set", "segment.ms=80000", "-y")
    check("its other 2 values are sent along" in said, said)
    equal(shown(), own | {"segment.ms": "80000"})
    _, said = weir("topic", "alter", name, "--unset", "segment.ms", "--set", "retention.ms=50000", "-y")
    check("its other 1 value is sent along" in said, said)
    after = shown()
    equal((after["retention.ms"], after["max.message.bytes"]), ("50000", "5000"))
    check(after["segment.ms"] not in ("70000", "80000"), after)
    _, said = weir("topic", "alter", name, "--partitions", "2", "-y")
    check("sent along" not in said, said)
    equal(shown(), after)
    weir("topic", "alter", name, "--delete", "max.message.bytes", "-y") # as it may be called too
    check(shown()["max.message.bytes"] != "5000", "it is still set")
    equal(shown()["retention.ms"], "50000")


def asked_on_a_terminal(*words, meanwhile, answer):
    """Runs weir with a terminal for stdin and stderr. When it asks, `meanwhile` happens, then `answer` is typed. The exit
    status and what stood on the terminal."""
    here, there = pty.openpty()
    child = subprocess.Popen([weir_binary(), *words], stdin=there, stdout=subprocess.DEVNULL, stderr=there,
                             env=environment(), cwd="/")
    os.close(there)
    said = b""
    while f"Type {answer} to".encode() not in said:
        check(select.select([here], [], [], 20)[0], f"nobody asks: {said}")
        said += os.read(here, 4096)
    meanwhile()
    os.write(here, f"{answer}\n".encode())
    status = child.wait(20)
    while select.select([here], [], [], 0)[0]:
        try:
            said += os.read(here, 4096)
        except OSError: # the other end is closed
            break
    os.close(here)
    return status, said.decode(errors="replace")


@test
def what_somebody_else_changes_while_the_question_stands_is_not_taken_back():
    name = topic()
    weir("topic", "alter", name, "--set", "retention.ms=60000", "-y")
    words = ("topic", "alter", name, "--set", "retention.ms=90000")
    status, said = asked_on_a_terminal(*words, answer=name, meanwhile=lambda: weir(
        "topic", "alter", name, "--set", "segment.ms=70000", "-y"))
    equal(status, PRECONDITION)
    check("meanwhile" in said, said)
    configs = json.loads(weir("topic", "show", name, "-o", "json")[0])["configuration"]
    equal((configs["retention.ms"], configs["segment.ms"]), ("60000", "70000"))
    status, said = asked_on_a_terminal(*words, answer=name, meanwhile=lambda: None)
    equal(status, OK)
    configs = json.loads(weir("topic", "show", name, "-o", "json")[0])["configuration"]
    equal((configs["retention.ms"], configs["segment.ms"]), ("90000", "70000"))


@test
def a_group_is_reset_while_nobody_is_in_it():
    name, group = topic(), fresh("group")
    weir("produce", name, stdin=b"".join(b"%d\n" % i for i in range(10)))
    weir("consume", name, "-g", group, "-n", "4", "-f", "")

    def position():
        return json.loads(weir("group", "show", group, "-o", "json")[0])["offsets"][0]["position"]

    equal(position(), 4)
    plan = json.loads(weir("group", "reset", group, "--to", "start", "--dry-run", "-o", "json")[0])
    equal([(row["topic"], row["position"], row["new_position"], row["lag"]) for row in plan], [(name, 4, 0, 10)])
    equal(position(), 4)
    weir("group", "reset", group, "--to", "start", status=USAGE)
    for words, expected in [(["--to", "end"], 10), (["--by", "-3"], 7), (["--by", "-99"], 0), (["--to", "2"], 2), (["--to", "-1"], 9),
                            (["--to", "5m ago"], 0), (["--to", "now"], 10), (["--to-earliest"], 0), (["--to-offset", "3"], 3),
                            (["--shift-by", "1"], 4)]:
        weir("group", "reset", group, *words, "-y")
        equal((words, position()), (words, expected))
    other = fresh("group")
    weir("group", "reset", other, "--to", "start", "-y", status=NOT_FOUND)
    weir("group", "reset", other, "--to", "6", "--topic", f"{name},{name}", "--topic", name, "-y")
    equal(weir("consume", name, "-g", other, "-n", "2", "-f", "%v ")[0], b"6 7 ")
    for words in ([], ["--to", "start", "--by", "1"], ["--to", "soon"]):
        weir("group", "reset", group, *words, "-y", status=USAGE)
    with subprocess.Popen([weir_binary(), "consume", name, "-g", group], stdout=subprocess.DEVNULL, env=environment()) as process:
        eventually(lambda: json.loads(weir("group", "show", group, "-o", "json")[0])["state"] == "Stable")
        for words in (["reset", group, "--to", "start", "-y"], ["rm", group, "-y"]):
            _, said = weir("group", *words, status=PRECONDITION)
            check("active" in said, said)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    eventually(lambda: json.loads(weir("group", "show", group, "-o", "json")[0])["state"] == "Empty")
    weir("group", "rm", group, other, "--dry-run")
    weir("group", "rm", group, status=USAGE)
    weir("group", "rm", group, other, "-y")
    weir("group", "rm", group, "-y", status=NOT_FOUND)
    check(not {group, other} & set(weir("group", "ls", "-o", "name")[0].decode().split()), "it is still listed")


@test
def a_group_of_many_partitions_is_shown_on_one_screen_and_whole_when_asked():
    many, few, group = topic(30), topic(2), fresh("group")
    weir("produce", many, "-p", "3", stdin=b"x\n" * 7)
    weir("produce", few, stdin=b"x\n" * 5)
    weir("group", "reset", group, "--to", "start", "--topic", f"{many},{few}", "-y")

    def rows(*more):
        return [line.split() for line in weir("group", "show", group, *more)[0].decode().splitlines()]

    shown = rows()
    check(len(shown) < 10, shown)
    check("0 members, 32 partitions of 2 topics, lag 12" in " ".join(shown[0]), shown[0])
    check([group, many, "30", "7"] in shown and [group, few, "2", "5"] in shown, shown)
    check("--topic TOPIC shows" in " ".join(shown[-1]), shown)
    for more in (["-o", "wide"], ["--topic", f"{few},{many}"], ["-t", many, "-t", few]):
        whole = rows(*more)
        equal(sum(row[:2] == [group, many] for row in whole), 30)
        check([group, many, "3", "0", "7", "7"] in [row[:6] for row in whole], whole)
    only = rows("--topic", few)
    check("2 partitions of 1 topic, lag 5" in " ".join(only[0]) and many not in str(only), only)
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        said = read(weir("group", "show", group, "-o", form)[0])
        equal((said["topics"], said["partitions"], said["lag"], len(said["offsets"])), (2, 32, 12, 32))
        said = read(weir("group", "show", group, "-o", form, "--topic", few)[0])
        equal((said["topics"], said["partitions"], said["lag"], len(said["offsets"])), (1, 2, 5, 2))
    equal(weir("group", "show", group, "-o", "name")[0].decode(), group + "\n")
    _, said = weir("group", "show", group, "--topic", few + "x", status=NOT_FOUND)
    check(few + "x" in said, said)


@test
def the_cluster_tells_who_it_is_and_how_it_is():
    topic(3)
    found = json.loads(weir("cluster", "-o", "json")[0])
    equal((found["offline_partitions"], found["under_replicated_partitions"], len(found["brokers"])), (0, 0, 1))
    check(found["partitions"] >= 3 and found["cluster"] and found["brokers"][0]["port"] > 0, f"{found}")
    if "WEIR_E2E_KAFKA" not in os.environ:
        equal(found["version"], weir("version")[0].decode().strip())
    equal(weir("cluster", "-o", "name")[0].decode().strip(), found["cluster"])
    table, _ = weir("cluster")
    check(b"controller" in table and found["cluster"].encode() in table, table.decode())
    weir("cluster", "-b", "127.0.0.1:1", "--timeout", "1s", status=UNREACHABLE)


@test
def every_form_is_what_it_says_on_every_command_that_prints():
    name, group = topic(), fresh("forms")
    weir("produce", name, "-k", "k", "-H", "a=1", stdin=b'{"x":[1,{}]}\ntext\n')
    weir("consume", name, "-g", group, "-n", "1", "-f", "")
    dead = name + ".dlq"
    weir("topic", "create", dead)
    weir("produce", dead, "-H", "weir-dlq-reason=rejected", stdin=b"x\n")
    commands = [("dlq", "ls", dead), ("dlq", "fields"), ("dlq", "redrive", dead, "--for-everyone", "--to", name, "--dry-run"),
                ("dlq", "drop", dead, "--dry-run"),
                ("topic", "ls"), ("topic", "show", name), ("group", "ls"), ("group", "show", group), ("group", "lag", group),
                ("cluster",), ("topic", "alter", name, "--partitions", "5", "--dry-run"),
                ("group", "reset", group, "--to", "start", "--dry-run"), ("consume", name)]
    known = set(re.findall(r"^  (\w+(?: \w+)?)  ", weir("help")[0].decode(), re.M))
    printing = {" ".join(words) for words in known
                for words in [words.split()] if b"table|wide|json|yaml|name" in weir("help", *words)[0]}
    for words in commands:
        verb = words[0] if words[0] in ("consume", "cluster") else " ".join(words[:2])
        printing.discard(verb)
        out = weir(*words, "-o", "json")[0]
        data = [json.loads(line) for line in out.splitlines()] if verb == "consume" else json.loads(out)
        equal(yaml.safe_load(weir(*words, "-o", "yaml")[0]), data)
        names = weir(*words, "-o", "name")[0].decode().splitlines()
        check(names and all(" " not in line for line in names), f"{words}: {names}")
        if verb == "consume":
            equal(names, [f"{name}/0@0", f"{name}/0@1"])
            check(b"key k" in weir(*words, "-o", "pretty")[0], "no key")
            weir(*words, "-o", "table", status=USAGE)
            continue
        check(names[0] in (name, group, dead, "partitions", "reason") or verb.endswith("ls") or verb == "cluster", f"{words}: {names}")
        table, wide = (weir(*words, "-o", form)[0].decode() for form in ("table", "wide"))
        check(len(wide.split("\n")[-2]) >= len(table.split("\n")[-2]), f"{words}: wide is narrower")
        weir(*words, "-o", "xml", status=USAGE)
    equal(printing - {"outbox ls", "outbox status", "outbox lag", "parked ls", "timers ls"}, set())


@test
def what_other_tools_call_it_works_or_is_said():
    name = topic()
    weir("produce", "-P", "-t", name, "-k", "k", stdin=b"".join(b"%d\n" % i for i in range(9)))
    for words, expected in [(["-C", "-t", name, "-o", "-2", "-e"], "7 8"), (["-t", name, "-c", "2", "-o", "beginning"], "0 1"),
                            (["--topic", name, "--from-beginning", "--max-messages", "3"], "0 1 2"),
                            ([name, "-o", "5m ago"], "0 1 2 3 4 5 6 7 8"), ([name, "--offset", "-5m", "--to", "2"], "0 1"),
                            ([name, "--bootstrap-server", bootstrap(), "-o", "end"], "")]:
        equal(weir("consume", *words, "-f", "%v ")[0].decode().strip(), expected)
    for words, hint in [(["-b", "x", "-L"], "weir cluster"), (["-C", "-t", "x"], "weir consume"), (["-P", "-t", "x"], "weir produce"),
                        (["topic", "--create", "--topic", "x"], "weir topic create"), (["topic", "--list"], "weir topic ls"),
                        (["topic", "--describe"], "weir topic show"), (["group", "--describe"], "weir group show"),
                        (["consume", name, "-X", "a=b"], "--kafka.NAME"), (["produce", name, "-K", ":"], "-f kv"),
                        (["topic", "ls", "-L"], "weir cluster"), (["consume", name, "--property", "x"], "-f")]:
        _, said = weir(*words, status=USAGE)
        check(hint in said, f"{words}: {said}")
    for words in (["version"], ["--version"], ["-V"]):
        check(re.fullmatch(rb"weir \d+\.\d+\.\d+\n", weir(*words)[0]), f"{words}")


@test
def what_is_wrong_is_said_with_what_to_do_next():
    name = topic()
    for words, status, hint in [
            (["topci"], USAGE, "did you mean 'topic'"),
            (["topic", "lst"], USAGE, "did you mean 'topic ls'"),
            (["topic", "ls", "--al"], USAGE, "--all"),
            (["dev", "--prot", "1"], USAGE, "--port"),
            (["-b", "x", "topic", "ls"], USAGE, "after"),
            (["consume"], USAGE, "TOPIC"),
            (["consume", name, "-n", "x"], USAGE, "number"),
            (["consume", fresh("no")], NOT_FOUND, "weir topic ls"),
            (["group", "show", fresh("no")], NOT_FOUND, "weir group ls"),
            (["topic", "rm", fresh("no"), "-y"], NOT_FOUND, "weir topic ls"),
            (["topic", "ls", "-b", "127.0.0.1:1", "--timeout", "1s"], UNREACHABLE, "weir dev"),
            (["topic", "ls", "--config", "/nonexistent"], NOT_FOUND, "/nonexistent"),
            (["produce", name, "/nonexistent"], NOT_FOUND, "/nonexistent"),
            (["produce", name, "/"], FAILED, "cannot be read"),
            (["produce", name, "-z", "brotli"], USAGE, "zstd")]:
        _, said = weir(*words, status=status)
        check(hint in said and "This deletes" not in said, f"{words}: {said}")
    _, said = weir("produce", name, "-b", "127.0.0.1:1", "--timeout", "1s", stdin=b"x\n", status=UNREACHABLE)
    check("127.0.0.1:1" in said, said)
    _, said = weir("produce", name, stdin=b"x" * 2_000_000, status=PRECONDITION)
    check("2000000" in said, said)


@test
def a_descriptor_that_takes_no_word_of_readiness_is_said_with_its_reason():
    for redirection, status, reason in [("1>/dev/full", FAILED, "No space left"), ("", USAGE, "no descriptor that is open")]:
        fd = 1 if redirection else 99
        done = subprocess.run(["sh", "-c", f'exec {redirection}; exec "$0" test-broker --port 0 --ready-fd {fd}', weir_binary()],
                              capture_output=True, text=True, timeout=30)
        check(done.returncode == status and reason in done.stderr, f"{redirection}: {done.returncode} {done.stderr}")


@test
def help_is_no_error_and_goes_to_stdout():
    for words in (["help"], ["--help"], ["help", "topic"], ["topic", "--help"], ["help", "topic", "ls"], ["produce", "-h"],
                  ["--version"]):
        out, said = weir(*words)
        check(out and not said, f"{words}: {said}")


@test
def a_full_disk_is_noticed():
    name = topic()
    weir("produce", name, stdin=b"x\n")
    for words in (["consume", name], ["topic", "ls"], ["help"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([weir_binary(), *words], stdout=full, stderr=subprocess.PIPE, timeout=40, env=environment())
        equal((words, done.returncode), (words, FAILED))


@test
def an_interrupt_ends_what_waits():
    name = topic()
    for words in (["consume", name, "-F"], ["produce", name], ["group", "lag", "-w"]):
        with subprocess.Popen([weir_binary(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
            eventually(lambda: takes_signals(process.pid))
            process.send_signal(signal.SIGINT)
            equal((words, process.wait(20)), (words, INTERRUPTED))


@test
def a_test_broker_needs_no_options_and_leaves_nothing():
    before = {path.name for path in Path("/tmp").glob("weir-test-*-*")}
    with subprocess.Popen([weir_binary(), "test-broker"], stdout=subprocess.PIPE) as process:
        ready = json.loads(process.stdout.readline())
        equal(ready["pid"], process.pid)
        ours = f"weir-test-{process.pid}-"
        check([path for path in Path("/tmp").glob(ours + "*")], "where is its directory?")
        subprocess.run([weir_binary(), "topic", "create", "t", "-b", ready["bootstrap"]], check=True, timeout=40)
        process.terminate()
        equal(process.wait(20), OK)
    check(not [path for path in Path("/tmp").glob(ours + "*")], f"its directory is still there; before were {len(before)}")


@test
def two_brokers_do_not_share_a_directory_or_a_port():
    data = tempfile.mkdtemp(prefix="weir-cli-")
    broker = Weir(data)
    try:
        _, said = weir("server", "--data", data, "--port", "0", status=PRECONDITION)
        check("in use" in said, said)
        _, said = weir("server", "--data", data + "/other", "--port", str(broker.port), status=PRECONDITION)
        check("in use" in said and not os.path.exists(data + "/other"), said)
    finally:
        equal(broker.close(), OK)
        remove(data)


@test
def a_configuration_file_is_checked_word_by_word():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write("num.partitons: 3\n")
        file.flush()
        _, said = weir("server", "--config", file.name, status=USAGE)
        check(f"{file.name}:1" in said and "num.partitions" in said, said)


# A shell that prints its line, as it is by then, when Ctrl-T is typed.
INTERACTIVE = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], """bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
bind -x '"\\C-t": printf "line<%s>\\n" "$READLINE_LINE"'"""),
    "zsh": (["zsh", "-f", "-i"], """unsetopt beep; autoload -U compinit; compinit -u -D; unset zle_bracketed_paste
show() { print -r -- "line<$BUFFER>" }; zle -N show; bindkey '^T' show; bindkey '^I' complete-word"""),
}


def completed(shell, script, typed):
    """What a line, each of `typed`, becomes when Tab is pressed at its end, in a real shell."""
    if shell == "fish": # has a command that says it
        asked = "".join(f"complete -C '{line}' | cut -f 1 | string join ' '; " for line in typed)
        done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; {asked}"], capture_output=True, timeout=60,
                              env=shell_environment())
        words = done.stdout.decode().splitlines()
        equal((len(words), done.stderr.decode()), (len(typed), ""))
        return [line.rpartition(" ")[0] + " " + word for line, word in zip(typed, words)]
    program, prepare = INTERACTIVE[shell]
    here, there = pty.openpty()
    child = subprocess.Popen(program, stdin=there, stdout=there, stderr=there, start_new_session=True,
                             env=shell_environment())
    os.close(there)
    said, lines = "", []

    def read_until(pattern):
        nonlocal said
        while not (found := re.search(pattern, said)):
            check(select.select([here], [], [], 30)[0], f"{shell} says no more: {said[-500:]}")
            said += os.read(here, 65536).decode(errors="replace")
        said = said[found.end():]
        return found

    os.write(here, f"{prepare}\nsource {script}\necho rea''dy\n".encode())
    read_until("ready")
    for line in typed:
        os.write(here, line.encode() + b"\t\x14")
        lines.append(read_until("line<([^>]*)>")[1].rstrip())
        os.write(here, b"\x15")
    child.kill()
    child.wait()
    os.close(here)
    return lines


def shell_environment():
    """`weir` is the program under test."""
    return dict(environment(), PATH=f"{SHELL_PATH.name}:{os.environ['PATH']}", TERM="dumb", COLUMNS="400")


SHELL_PATH = tempfile.TemporaryDirectory()
os.symlink(weir_binary(), f"{SHELL_PATH.name}/weir")


def completes(shell):
    name, group = topic(), fresh("group")
    weir("group", "reset", group, "--to", "start", "--topic", name, "-y")
    script = Path(SHELL_PATH.name) / f"completion.{shell}"
    script.write_bytes(weir("gen", "completion", shell)[0])
    expected = {
        "weir clu": "weir cluster",
        "weir topic al": "weir topic alter",
        "weir help prod": "weir help produce",
        "weir topic ls --outp": "weir topic ls --output",
        "weir topic ls -o ya": "weir topic ls -o yaml",
        "weir produce t --acks a": "weir produce t --acks all",
        "weir produce t --acks=a": "weir produce t --acks=all",
        "weir server --listen": "weir server --listeners",
        "weir server --profile dev": "weir server --profile development",
        "weir topic ls --security-prot": "weir topic ls --security-protocol",
        "weir gen completion fi": "weir gen completion fish",
        f"weir consume {name[:-3]}": f"weir consume {name}",
        f"weir topic show {name[:-3]}": f"weir topic show {name}",
        f"weir group show {group[:-3]}": f"weir group show {group}",
        f"weir group reset -b {bootstrap()} {group[:-3]}": f"weir group reset -b {bootstrap()} {group}",
        f"weir group reset {group} --topic {name[:-3]}": f"weir group reset {group} --topic {name}",
        "weir consume group --off": "weir consume group --offset", # a topic that is called as a command
    }
    equal(dict(zip(expected, completed(shell, script, expected))), expected)
    lines = [f"weir group show -b 127.0.0.1:1 {group[:-3]}", "weir topic show -o js --no-such"]
    untouched = [line for line in lines if shell != "fish"] # nothing is known at another address; nor is this an option
    equal(completed(shell, script, untouched), untouched)


@test
def completion_runs_nothing_that_stands_in_a_name():
    """A group's name is whatever some client has chosen."""
    on = topic()
    with tempfile.TemporaryDirectory() as folder:
        scripts = {shell: Path(SHELL_PATH.name) / f"evil.{shell}" for shell in ("bash", "zsh", "fish")}
        for shell, script in scripts.items():
            script.write_bytes(weir("gen", "completion", shell)[0])
        for end in f"$(touch {folder}/ran)", f"`touch {folder}/ran`", f"*'\"; touch {folder}/ran":
            prefix = fresh("group")
            weir("group", "reset", prefix + end, "--to", "start", "--topic", on, "-y")
            for shell, script in scripts.items():
                line = completed(shell, script, [f"weir group show {prefix}"])[0]
                equal((shell, list(Path(folder).iterdir())), (shell, []))
                if shell == "fish":
                    continue # offers the word as it is, and quotes it when it puts it into the line
                offered = line.removeprefix("weir group show ")
                typed = subprocess.run([shell, "-c", f"printf %s {offered}"], capture_output=True, check=True) # Enter follows
                equal((shell, typed.stdout.decode(), list(Path(folder).iterdir())), (shell, prefix + end, []))
            weir("group", "rm", prefix + end, "-y")


@test
def bash_completes_commands_options_choices_topics_and_groups():
    completes("bash")


@test
def zsh_completes_commands_options_choices_topics_and_groups():
    completes("zsh")


@test
def fish_completes_commands_options_choices_topics_and_groups():
    completes("fish")


@test
def a_misspelt_variable_is_said_with_the_one_that_may_be_meant():
    for variable, hint in [("WEIR_BOOTSTRAP_SERVER", "WEIR_BOOTSTRAP_SERVERS"), ("WEIR_CLIENTID", "WEIR_CLIENT_ID")]:
        done = subprocess.run([weir_binary(), "topic", "ls", "-o", "name"], env=dict(environment(), **{variable: "x"}),
                              capture_output=True, text=True, timeout=40)
        check(done.returncode == 0 and f"did you mean {hint}?" in done.stderr, done.stderr)
    equal(weir("topic", "ls")[1], "")


@test
def completion_is_shell_and_man_pages_are_whole():
    for shell in ("bash", "zsh", "fish"):
        script, _ = weir("gen", "completion", shell)
        subprocess.run([shell, "--no-execute" if shell == "fish" else "-n"], input=script, check=True)
    weir("gen", "completion", "tcsh", status=USAGE)
    with tempfile.TemporaryDirectory() as folder:
        weir("gen", "man", folder)
        pages = {page.name for page in Path(folder).iterdir()}
        check({"weir.1", "weir-dev.1", "weir-topic-create.1"} <= pages, f"only {pages}")


@test
def what_a_service_could_not_publish_is_listed_shown_and_deleted():
    prefix, folder = fresh("aside") + ".", Path(tempfile.mkdtemp())
    counter = Path(weir_binary()).resolve().parent / "first/counter"
    weir("topic", "create", prefix + "counter.dlq", "-c", "max.message.bytes=2000")
    process = subprocess.Popen([counter, "--data-dir", folder, "--http-port", "0", "--topic-prefix", prefix],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    try:
        database = str(folder / "counter.db")
        eventually(lambda: (prefix + "greetings").encode() in weir("topic", "ls")[0])
        big = os.urandom(3000).hex().encode()  # does not compress to less than the limit
        weir("produce", prefix + "greetings", "-k", "ada", stdin=big + b"\n")
        eventually(lambda: os.path.exists(database) and b"set aside" in subprocess.run(
            [weir_binary(), "outbox", "ls", database], capture_output=True, timeout=40, cwd="/").stdout)
        letter = lines("consume", prefix + "counter.dlq")[0]
        equal(letter["key"], "ada")
        check({"name": "weir-dlq-body-reference", "value": "counter/1"} in letter["headers"], f"no reference: {letter}")
        equal(weir("outbox", "show", database, "1")[0], big)
        status = json.loads(weir("outbox", "status", database, "-o", "json", status=1)[0])[0]
        equal((status["set_aside"], status["refused"], status["bad"]), (1, 0, 0))
        line = weir("outbox", "inspect", database, "1", "--aside")[0]
        aside = json.loads(line)
        equal(line.count(b"\n"), 1)
        equal((aside["state"], aside["record"]["value"], aside["record"]["key"]), ("set aside", big.decode(), "ada"))
        weir("outbox", "inspect", database, "1000000", status=NOT_FOUND)
        weir("outbox", "lag", database)
        check("weir outbox ls" in weir("outbox", "requeue", database, "x", status=USAGE)[1], "no way on is said")
        weir("outbox", "requeue", database, "5", status=NOT_FOUND)
        weir("outbox", "rm", database, "1", status=USAGE)
        weir("outbox", "rm", database, "1", "--yes")
        equal(json.loads(weir("outbox", "ls", database, "-o", "json")[0]), [])
        weir("outbox", "ls", database + ".other", status=NOT_FOUND)
        check(not os.path.exists(database + ".other"), "looking made a database")
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


@test
def what_a_topic_does_not_take_is_said_with_its_name_and_what_to_do():
    name = fresh("cli")
    weir("topic", "create", name, "-p", "2", "-c", "max.message.bytes=1048588")  # whatever the broker's own limit is
    for words, line, status, expected in [
            (["-p", "9"], b"x", NOT_FOUND, f"1 of 1 records to {name}, partition 9, were not taken: "),
            (["-p", "9"], b"x", NOT_FOUND, f"weir topic show {name}"),
            (["--kafka.message.max.bytes", "3000000"], b"x" * 2000000, PRECONDITION,
             f"weir topic alter {name} -c max.message.bytes=N"),
            ([], b"x" * 2000000, PRECONDITION, "--kafka.message.max.bytes (1000000 unless given)"),
            ([], b"x" * (17 << 20), USAGE, "stdin:1: the line is longer than 16777216 bytes")]:
        _, said = weir("produce", name, *words, stdin=line + b"\n", status=status)
        check(expected in said, f"{words}: {said}")
    _, said = weir("produce", "a/b", stdin=b"x\n", status=PRECONDITION)
    check("records to a/b were not taken" in said, said)


@test
def a_reader_who_leaves_ends_consume_without_a_failure():
    name = topic()
    weir("produce", name, stdin=b"y" * 99 + b"\n" + b"y\n" * 100000)
    for words in (["consume", name], ["consume", name, "--follow"]):
        reader = subprocess.Popen([weir_binary(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        reader.stdout.read(1)
        reader.stdout.close()
        said = reader.communicate(timeout=40)[1]
        equal((reader.returncode, said), (OK, b""))


@test
def words_that_contradict_or_end_too_early_are_refused():
    name = topic()
    for words, hint in [(["--tail", "1", "--offset", "end"], "both say where to begin"), (["-f", "%"], "half a directive"),
                        (["-f", "%h{a"], "without its '}'")]:
        _, said = weir("consume", name, *words, status=USAGE)
        check(hint in said, f"{words}: {said}")


main()
