"""Kafka out of reach, and reached again: services and tools know it within a second or so, and say host and cause."""
import subprocess
import time

from harness import check, equal, eventually, main, test, weir_binary
from services import Broker, Service, free_port, weir


@test
def a_service_knows_that_the_broker_died_and_that_it_is_back():
    for program in ("first/counter", "marketplace/gateway"):  # one reads, the other only publishes
        with Broker() as on, Service(program, on.bootstrap) as service:
            service.start().ready()
            equal(service.health()["broker"], "ok")
            for _ in range(2):
                on.kill()
                eventually(lambda: service.health()["broker"] == "unreachable", 4)
                equal(service.health()["ready"], True)
                on.start()
                eventually(lambda: service.health()["broker"] == "ok", 4)
            lost, back = service.said("cannot be reached"), service.said("reached again")
            equal((len(lost), len(back)), (2, 2))
            check(on.bootstrap in lost[0]["error"], f"no host in {lost[0]}")
            equal(service.end(), 0)


@test
def a_service_that_waits_for_kafka_says_where_and_why_and_goes_on_when_it_comes():
    with Broker() as on, Service("first/counter", on.bootstrap) as service:
        on.kill()
        begun = time.monotonic()
        service.start()
        eventually(lambda: service.said("waiting for Kafka"))
        check(time.monotonic() - begun < 3, "it took its time to say so")
        waits = service.said("waiting for Kafka")[0]
        check(on.bootstrap in waits["error"] and "refused" in waits["error"], f"no host or cause in {waits}")
        on.start()
        service.ready()
        equal(len(service.said("Kafka is reached")), 1)
        equal(service.end(), 0)


@test
def tools_say_within_a_second_or_so_that_kafka_is_out_of_reach():
    at = f"127.0.0.1:{free_port()}"
    for words in (["topic", "ls"], ["consume", "x"], ["consume", "x", "--group", "g"], ["produce", "x"], ["group", "lag", "g"]):
        begun = time.monotonic()
        done = subprocess.run([weir_binary(), *words, "-b", at], input=b"x\n", capture_output=True, timeout=30)
        said = done.stderr.decode()
        equal(done.returncode, 5)
        check(at in said and "refused" in said, f"{words}: no host or cause in {said}")
        check(time.monotonic() - begun < 4, f"{words}: it took its time")


@test
def consume_says_that_kafka_went_away_and_came_back_and_reads_on():
    with Broker() as on:
        weir("produce", "x", at=on.bootstrap, stdin=b"one\n")
        reader = subprocess.Popen([weir_binary(), "consume", "x", "--follow", "-f", "%v\\n", "-b", on.bootstrap],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            equal(reader.stdout.readline(), b"one\n")
            on.kill()
            line = reader.stderr.readline().decode()
            check(on.bootstrap in line and "cannot be reached" in line, line)
            on.start()
            equal(reader.stderr.readline(), b"Kafka is reached again\n")
            weir("produce", "x", at=on.bootstrap, stdin=b"two\n")
            equal(reader.stdout.readline(), b"two\n")
        finally:
            reader.kill()
            reader.wait()
            reader.stdout.close()
            reader.stderr.close()


main()
