"""Topics that are deleted and made anew: a service and `weir consume --follow` read the new one from its start, also when it
has grown past where they were in the old one."""
import shutil
import subprocess

from harness import check, equal, eventually, main, test, weir_binary
from services import Broker, Service, weir


def greet(on, *names):
    for name in names:
        weir("produce", "greetings", "-k", name, "--ce-type", "person.greeted", at=on.bootstrap, stdin=b"{}\n")


def make_anew(on, partitions):
    weir("topic", "rm", "greetings", "--yes", at=on.bootstrap)
    weir("topic", "create", "greetings", "--partitions", str(partitions), at=on.bootstrap)


def times(service):
    return dict(service.rows("counter", "SELECT name, times FROM seen"))


def a_service_reads_it_from_the_start(partitions_then, new_names, while_running):
    with Broker() as on:
        weir("topic", "create", "greetings", "--partitions", "1", at=on.bootstrap)
        service = Service("first/counter", on.bootstrap, "--drain-timeout", "2s")
        try:
            service.start().ready()
            greet(on, "ada", "ben", "cleo")
            eventually(lambda: times(service) == {"ada": 1, "ben": 1, "cleo": 1})
            if not while_running:
                equal(service.end(), 0)
            make_anew(on, partitions_then)
            greet(on, *new_names)
            if not while_running:
                service.start().ready()
            expected = {"ada": 1, "ben": 1, "cleo": 1, **{name: 1 for name in new_names}}
            eventually(lambda: times(service) == expected)
            check(service.said("made anew"), f"it does not say so: {service.tail()}")
            greet(on, "last")
            eventually(lambda: times(service) == {**expected, "last": 1})
            equal(service.end(), 0)
        finally:
            service.close()


@test
def a_service_that_was_away_reads_a_short_one_from_the_start():
    a_service_reads_it_from_the_start(1, ["dora"], False)


@test
def a_service_that_was_away_reads_one_that_has_grown_past_its_position_from_the_start():
    a_service_reads_it_from_the_start(1, ["dora", "emil", "fay", "gus", "hal"], False)


@test
def a_running_service_reads_a_short_one_from_the_start():
    a_service_reads_it_from_the_start(1, ["dora"], True)


@test
def a_running_service_reads_one_that_has_grown_past_its_position_from_the_start():
    a_service_reads_it_from_the_start(1, ["dora", "emil", "fay", "gus", "hal"], True)


@test
def a_running_service_reads_one_with_more_partitions_from_the_start():
    a_service_reads_it_from_the_start(3, ["dora", "emil", "fay"], True)


@test
def a_service_whose_broker_came_back_empty_reads_what_comes():
    with Broker() as on:
        service = Service("first/counter", on.bootstrap, "--drain-timeout", "2s")
        try:
            service.start().ready()
            greet(on, "ada", "ben")
            eventually(lambda: times(service) == {"ada": 1, "ben": 1})
            on.kill()
            shutil.rmtree(on.data)
            on.start()
            greet(on, "cleo", "dora", "emil")
            eventually(lambda: times(service) == {name: 1 for name in ("ada", "ben", "cleo", "dora", "emil")}, 40)
            equal(service.end(), 0)
        finally:
            service.close()


def follow(new_values):
    with Broker() as on:
        weir("topic", "create", "greetings", "--partitions", "1", at=on.bootstrap)
        weir("produce", "greetings", at=on.bootstrap, stdin=b"one\ntwo\n")
        reader = subprocess.Popen([weir_binary(), "consume", "greetings", "--follow", "-f", "%v\\n", "-b", on.bootstrap],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            equal([reader.stdout.readline(), reader.stdout.readline()], [b"one\n", b"two\n"])
            make_anew(on, 1)
            weir("produce", "greetings", at=on.bootstrap, stdin=b"".join(new_values))
            # One that is past where the reader was may come before the reader knows, and then comes again.
            missing = list(new_values)
            while missing:
                line = reader.stdout.readline()
                check(line in new_values, f"{line} is not of the new topic")
                if line in missing:
                    missing.remove(line)
            check(b"made anew" in reader.stderr.readline(), "it does not say so")
            weir("produce", "greetings", at=on.bootstrap, stdin=b"last\n")
            line = reader.stdout.readline()
            while line in new_values:
                line = reader.stdout.readline()
            equal(line, b"last\n")
        finally:
            reader.kill()
            reader.wait()
            reader.stdout.close()
            reader.stderr.close()


@test
def who_follows_reads_a_short_one_from_the_start():
    follow([b"three\n"])


@test
def who_follows_reads_one_that_has_grown_past_its_position_from_the_start():
    follow([b"three\n", b"four\n", b"five\n", b"six\n"])


main()
