"""What earlier versions of weir wrote is opened by today's programs, and everything is there.

tests/upgrade/make wrote the data sets, and a description of what was in them when the earlier programs stopped."""
import atexit
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from harness import Weir, check, equal, eventually, main, test

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "upgrade"))
import common  # noqa: E402
from kafka.admin import KafkaAdminClient  # noqa: E402

ROOT = HERE.parent.parent
BUILD = Path(os.environ["WEIR_BUILD"])
FOLDER = Path(tempfile.mkdtemp(prefix="weir-upgrade-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
EXPECTED = json.loads((HERE.parent / "upgrade/first-light.json").read_text())


def unpacked(name):
    with tarfile.open(HERE.parent / "upgrade/first-light.tar.xz") as tar:
        tar.extractall(FOLDER, [entry for entry in tar.getmembers() if entry.name.split("/")[0] == name])
    return FOLDER / name


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def producers_heard_now(data):
    """A producer that was not heard for a day is forgotten, as it should be: the data are older than that."""
    for path in data.glob("*/*.snapshot"):
        content = bytearray(path.read_bytes())
        for at in range(struct.unpack_from(">i", content, 6)[0]):
            struct.pack_into(">q", content, 10 + 46 * at + 26, int(time.time() * 1000))
        struct.pack_into(">I", content, 2, crc32c(content[6:]))
        path.write_bytes(content)


def everything_is_there(name):
    """Also after the broker was stopped and started again, with the files that it wrote itself by then."""
    expected, data = EXPECTED[name], unpacked(name)
    producers_heard_now(data)
    broker = Weir(str(data))
    try:
        for turn in range(2):
            for topic, partitions in expected["topics"].items():
                equal(common.read_all(broker.bootstrap, topic), partitions)
            for group, offsets in expected["groups"].items():
                admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
                found = admin.list_consumer_group_offsets(group)
                admin.close()
                equal(sorted([at.topic, at.partition, offset.offset, offset.metadata] for at, offset in found.items()), offsets)
            shown = subprocess.run([os.environ["WEIR_E2E_WEIR"], "topic", "show", "empty", "-b", broker.bootstrap, "-o", "json"],
                                   capture_output=True, text=True, timeout=20, check=True).stdout
            check("4321" in shown, f"the topic's configuration is lost: {shown[:400]}")
            # Two segments of deleted records, which the earlier broker had still to remove, and a part of the third.
            eventually(lambda: not list(data.glob("cut-0/*.deleted")))
            equal(expected["topics"]["cut"]["0"]["low"], 222)
            if turn == 0:
                equal(broker.stop(), 0)
                broker.start()
        # The earlier broker answered this batch with offset 5; a producer that did not hear it sends it again.
        equal(common.produce(broker.bootstrap, "idempotent", expected["producer_id"], 5, 3), (0, 5))
        equal(common.produce(broker.bootstrap, "idempotent", expected["producer_id"], 8, 2), (0, 8))
        check(common.producer_id(broker.bootstrap) != expected["producer_id"], "a producer id was given twice")
    finally:
        equal(broker.close(), 0)


@test
def a_data_directory_of_first_light_that_was_closed():
    everything_is_there("clean")


@test
def a_data_directory_of_first_light_whose_broker_was_killed():
    everything_is_there("killed")


def program():
    path = FOLDER / "keeper"
    sanitizers = [line.split("=", 1)[1] for line in (BUILD / "CMakeCache.txt").read_text().splitlines() if line.startswith("WEIR_SANITIZE:")]
    subprocess.run(["cc", "-std=gnu17", *[f"-fsanitize={each}" for each in sanitizers if each], str(common.HERE / "service.c"),
                    "-I", str(ROOT / "include"), "-L", str(BUILD), "-lweir", f"-Wl,-rpath,{BUILD}", "-o", str(path)], check=True)
    return path


@test
def a_database_of_a_service_of_first_light_goes_on_where_it_was():
    expected, folder = EXPECTED["service"], unpacked("service")
    broker = Weir(str(unpacked("service-broker")))
    equal(common.read_all(broker.bootstrap, "told"), expected["told"])
    equal(len(common.rows(folder, "SELECT * FROM weir_outbox")), expected["outbox"])
    service = common.Keeper(program(), broker.bootstrap, folder)
    try:
        # The outbox is published; what was parked stays parked, in its order; nothing is handled twice.
        eventually(lambda: not common.rows(folder, "SELECT * FROM weir_outbox"))
        equal(len(common.rows(folder, "SELECT * FROM weir_parked")), expected["parked"])
        equal(service.end(), 0)
        equal(sorted(common.rows(folder, "SELECT name, kind FROM things")), expected["things"])
        service = common.Keeper(program(), broker.bootstrap, folder, "--release", "1")
        released = [["p", "parked"], ["p", "kept"], ["q", "parked"]]
        eventually(lambda: len(common.rows(folder, "SELECT * FROM things")) == len(expected["things"]) + len(released))
        equal(sorted(common.rows(folder, "SELECT name, kind FROM things")), sorted(expected["things"] + released))
        kinds = [kind for name, kind in common.rows(folder, "SELECT name, kind FROM things ORDER BY rowid") if name == "p"]
        equal(kinds, ["parked", "kept"])
        eventually(lambda: not common.rows(folder, "SELECT * FROM weir_outbox"))
        told = common.read_all(broker.bootstrap, "told")
        for partition, before in expected["told"].items():
            equal(told[partition]["records"][:before["high"]], before["records"])
        count_before = sum(before["high"] for before in expected["told"].values())
        equal(sum(now["high"] for now in told.values()), count_before + expected["outbox"] + len(released))
        equal(service.end(), 0)
    except BaseException:
        print((folder / "keeper.log").read_text()[-2000:], file=sys.stderr)
        raise
    finally:
        if service.process.poll() is None:
            service.process.kill()
        broker.close()


main(needs_broker=False)
