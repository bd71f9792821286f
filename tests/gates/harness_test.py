"""The test harness notices what it is there for: a test that fails, a crash, a leak, a program that ends before its count, an
end-to-end file that does."""
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import harness
from harness import check, equal, main, slow, test

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {
    "good": "TEST(a) { CHECK_EQ(1, 1); }\nTEST(b) { CHECK(test_seed() == 0); }\n",
    "wrong": "TEST(a) { CHECK_EQ(1, 2); }\nTEST(b) { CHECK(1); }\n",
    "crash": "TEST(a) { CHECK(1); }\nTEST(b) { volatile int *nothing = NULL; *nothing = 1; }\n",
    "leak": "#include <stdlib.h>\nvoid *volatile kept;\nTEST(a) { kept = malloc(17); kept = NULL; }\n",
    "beyond": "#include <stdlib.h>\nTEST(a) { char *volatile few = malloc(3); few[3] = 1; free(few); }\n",
    "undefined": "TEST(a) { volatile int big = 0x7fffffff; big = big + 1; CHECK(big != 0); }\n",
    "silent": "#include <stdlib.h>\nTEST(a) { _Exit(0); }\nTEST(b) { CHECK(1); }\n",
    "empty": "static int nothing;\nint *used = &nothing;\n",
    "directories": "TEST(a) { for (int i = 0; i < 1000; i++) test_directory(); }\n",
    "allocation": '#include <allocation.h>\n#include <stdlib.h>\nTEST(a) { test_fail_allocation(1); CHECK(malloc(3) == NULL); CHECK(test_allocation_failed()); }\n',
}


def run_tests():
    """tools/run_tests as a module."""
    loader = importlib.machinery.SourceFileLoader("run_tests", str(ROOT / "tools/run_tests"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
    loader.exec_module(module)
    return module


class Programs:
    """A build folder with the programs named, built as the unit tests are."""

    def __init__(self, *names):
        self.folder = Path(tempfile.mkdtemp(prefix="weir-harness-"))
        lines = ["cmake_minimum_required(VERSION 3.25)", "project(p C)", "enable_testing()",
                 "add_compile_options(-D_GNU_SOURCE -g -fsanitize=address,undefined -fno-sanitize-recover=all)", "add_link_options(-fsanitize=address,undefined)",
                 *[f"add_link_options(-Wl,--wrap={name})" for name in ["malloc", "calloc", "realloc", "strdup", "strndup"]],
                 f"include_directories({ROOT}/tests/harness)", "link_libraries(cmocka)"]
        for name in names:
            (self.folder / f"{name}.c").write_text('#include "test.h"\n' + PROGRAMS[name])
            lines += [f"add_executable({name} {name}.c {ROOT}/tests/harness/test.c {ROOT}/tests/harness/allocation.c)", f"add_test(NAME {name} COMMAND {name})"]
        (self.folder / "CMakeLists.txt").write_text("\n".join(lines) + "\n")
        for command in [["cmake", "-G", "Ninja", "-S", self.folder, "-B", self.folder / "build"], ["cmake", "--build", self.folder / "build"]]:
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
            check(done.returncode == 0, done.stdout[-1500:] + done.stderr[-500:])

    def __enter__(self):
        return self

    def __exit__(self, *_wrong):
        shutil.rmtree(self.folder)

    def counts(self):
        """(passed, failed), and what was printed."""
        said = StringIO()
        saved = os.dup(1)
        with open(self.folder / "out", "w", encoding="utf-8") as quiet:
            os.dup2(quiet.fileno(), 1)  # ctest writes there by itself
            try:
                with redirect_stdout(said):
                    found = run_tests().run_unit(self.folder / "build")
            finally:
                os.dup2(saved, 1)
                os.close(saved)
        return found


def counted(name):
    with Programs(name) as programs:
        return programs.counts()


@test
def what_passes_is_counted_test_by_test():
    equal(counted("good"), (2, 0))
    equal(counted("allocation"), (1, 0))


@test
def a_test_that_fails_is_counted():
    equal(counted("wrong"), (1, 1))


@test
def a_crash_is_a_failure():
    check(counted("crash")[1] >= 1, "not noticed")


@test
def a_leak_is_a_failure():
    check(counted("leak")[1] >= 1, "not noticed")


@test
def what_the_sanitizers_find_is_a_failure():
    check(counted("beyond")[1] >= 1, "a write past the end is not noticed")
    check(counted("undefined")[1] >= 1, "an overflow is not noticed")


@test
def a_limit_of_the_harness_is_said():
    with Programs("directories") as programs:
        done = subprocess.run([programs.folder / "build/directories"], capture_output=True, text=True, check=False,
                              env=dict(os.environ, TMPDIR=str(programs.folder)))
        check(done.returncode != 0 and "DIRECTORY_COUNT_MAX" in done.stderr, f"{done.returncode}: {done.stderr[-500:]}")


@test
def a_program_that_ends_before_its_count_is_a_failure():
    check(counted("silent")[1] >= 1, "not noticed")


@test
def a_program_without_tests_is_a_failure():
    check(counted("empty")[1] >= 1, "not noticed")


@slow(120)
@test
def one_bad_program_spoils_neither_the_count_of_the_others_nor_hides_in_it():
    with Programs("good", "wrong", "silent") as programs:
        equal(programs.counts(), (3, 2))


@test
def an_end_to_end_file_that_ends_before_its_count_is_a_failure():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "early_test.py"
        path.write_text('print("  ok    early_test: one", flush=True)\nraise SystemExit(0)\n')
        with redirect_stdout(StringIO()) as said:
            equal(harness.run_file(path, dict(os.environ)), (1, 1))
        check("before its count" in said.getvalue(), said.getvalue())
        path.write_text('print("early_test: 3 passed, 1 failed", flush=True)\n')
        with redirect_stdout(StringIO()):
            equal(harness.run_file(path, dict(os.environ)), (3, 1))


main(needs_broker=False)
