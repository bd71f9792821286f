#!/usr/bin/python3
"""Tests of what stands around the code: the installed library, the gates, data of earlier versions. Ends with one line:
N passed, N failed.

    tests/gates/run.py BUILD [NAME...]      only the files whose name contains NAME

BUILD is a build folder; WEIR_BUILD and WEIR_E2E_WEIR tell it to the files.
"""
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import run_file  # noqa: E402


def main():
    build = Path(sys.argv[1]).resolve()
    environment = dict(os.environ, WEIR_BUILD=str(build), WEIR_E2E_WEIR=str(build / "bin/weir"),
                       PYTHONPATH=str(HERE.parent / "e2e"))
    environment.pop("WEIR_E2E_BOOTSTRAP", None)
    passed = failed = 0
    for path in sorted(HERE.glob("*_test.py")):
        if sys.argv[2:] and not any(name in path.stem for name in sys.argv[2:]):
            continue
        counts = run_file(path, environment)
        passed += counts[0]
        failed += counts[1]
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
