#!/usr/bin/python3
"""Runs the end-to-end files, each against a fresh `weir test-broker`, and ends with one line: N passed, N failed.

    tests/e2e/run.py --weir build/asan/bin/weir [NAME...]      only the files whose name contains NAME

With WEIR_E2E_BOOTSTRAP set they talk to that Kafka instead; tests/kafka/run does so with Apache Kafka. Needs Debian's
/usr/bin/python3, whose packages the clients are, and node with npm.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from harness import KAFKAJS, Weir, run_file  # noqa: E402

# Files that look inside weir's broker, or need one of their own.
WEIR_ONLY = {"damage_test", "protocol_test", "broker_test", "demo_test", "ending_test", "limits_test", "reach_test", "remade_test", "start_test"}


def prepare_kafkajs():
    """npm ci into build/, again only when the lock file changed."""
    KAFKAJS.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "kafkajs/package-lock.json").read_bytes()
    stamp = KAFKAJS / ".lock"
    for name in ("package.json", "package-lock.json", "client.js"):
        shutil.copy(HERE / "kafkajs" / name, KAFKAJS / name)
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=KAFKAJS, capture_output=True, text=True)
    if done.returncode == 0:
        stamp.write_bytes(lock)
    else:
        print(f"npm ci failed: {done.stderr[-1500:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    os.environ["WEIR_E2E_WEIR"] = str(Path(arguments.weir).resolve())
    given = os.environ.get("WEIR_E2E_BOOTSTRAP")
    prepare_kafkajs()

    passed = failed = 0
    for path in sorted(HERE.glob("*_test.py")):
        if arguments.names and not any(name in path.stem for name in arguments.names):
            continue
        if given and path.stem in WEIR_ONLY:
            continue
        broker = None
        environment = dict(os.environ)
        if not given:
            try:
                broker = Weir()
            except (AssertionError, OSError) as wrong:
                print(f"  FAIL  {path.stem}: {wrong}")
                failed += 1
                continue
            environment["WEIR_E2E_BOOTSTRAP"] = broker.bootstrap
        counts = run_file(path, environment)
        passed += counts[0]
        failed += counts[1]
        if broker and broker.close() != 0:
            failed += 1
            print(f"  FAIL  {path.stem}: the broker ended with {broker.process.returncode}: {broker.said()}")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
