"""What the libraries and the program contain: no simulator leaves the tests."""
import os
import re
import subprocess
from pathlib import Path

from harness import check, equal, main, test

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ["WEIR_BUILD"])


def symbols(path):
    done = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines() if re.match(r"[0-9a-f]+ [a-zA-Z] ", line)}


def defined_in_testing_rooms():
    """The functions that the rooms of src/testing define, by their sources."""
    found = set()
    for path in (ROOT / "src/testing").rglob("*.c"):
        if not path.stem.endswith("_test"):
            found |= set(re.findall(r"^(?!static)[a-z_][\w *]*?\b(wr_\w+)\(", path.read_text(), re.M))
    check(len(found) > 50, f"only {len(found)} functions in src/testing")
    return found


@test
def the_simulators_are_a_library_of_their_own():
    here = symbols(BUILD / "libweir-testing.a")
    for name in ["wr_sim_new", "wr_sim_cluster_new", "wr_rig_new"]:
        check(name in here, f"{name} is not in libweir-testing.a")


@test
def neither_libweir_nor_the_program_contains_a_simulator():
    testing = defined_in_testing_rooms() & symbols(BUILD / "libweir-testing.a")
    for path in ["libweir.so", "libweir.a", "bin/weir"]:
        equal((path, sorted(symbols(BUILD / path) & testing)), (path, []))


main(needs_broker=False)
