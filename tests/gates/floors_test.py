"""tools/check_floors finds each kind of mistake in a copy of the tree that has it, and none in the tree."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import check, equal, main, test

ROOT = Path(__file__).resolve().parent.parent.parent


def floors(root):
    done = subprocess.run([sys.executable, str(ROOT / "tools/check_floors"), str(root)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


class Tree:
    """A copy of all that the check reads, to be damaged."""

    def __enter__(self):
        self.root = Path(tempfile.mkdtemp(prefix="weir-floors-"))
        for folder in ["src", "include", "fuzz", "bench", "examples", "tests/harness"]:
            shutil.copytree(ROOT / folder, self.root / folder, ignore=shutil.ignore_patterns("corpus"))
        return self

    def __exit__(self, *_wrong):
        shutil.rmtree(self.root)

    def add(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        with open(self.root / path, "a", encoding="utf-8") as file:
            file.write("\n" + text)

    def edit_line(self, room, change):
        path = self.root / "src/FLOORS"
        path.write_text("\n".join(change(line) if line.split(":")[0].strip() == room else line for line in path.read_text().split("\n")))


def is_found(path, text, sentence):
    with Tree() as tree:
        tree.add(path, text)
        status, said = floors(tree.root)
        equal(status, 1)
        check(re.search(sentence, said), f"expected {sentence}, got {said[-600:]}")


@test
def the_tree_is_clean():
    equal(floors(ROOT)[0], 0)


@test
def an_include_of_a_room_above_is_found():
    is_found("src/base/map.c", "#include <io/io.h>\n", r"src/base/map.c:\d+: \"io/io.h\": base may not open io")


@test
def a_private_header_of_another_room_is_found():
    is_found("src/journal/log.c", "#include <io/io_int.h>\n", "io/io_int.h\" is private to io")


@test
def a_simulator_in_a_program_is_found_and_in_a_test_it_is_not():
    is_found("src/journal/log.c", "#include <testing/io/sim.h>\n", "journal may not open testing/io")
    is_found("src/wire/frame_test.c", "#include <testing/io/sim.h>\n", "wire may not open testing/io")
    with Tree() as tree:
        tree.add("src/journal/new_test.c", "#include <testing/io/sim.h>\n")
        equal(floors(tree.root)[0], 0)


@test
def a_public_header_that_the_line_does_not_have_is_found():
    is_found("src/wire/frame.c", "#include <weir/service.h>\n", "<weir/service.h> does not stand in the line of wire")


@test
def a_public_function_in_another_room_is_found():
    is_found("src/wire/frame.c", "const char *weir_version(void)\n{\n    return 0;\n}\n", "weir_version is defined outside the room of version.h")
    is_found("src/wire/frame.c", "int weir_undeclared(void)\n{\n    return 0;\n}\n", "no public header declares weir_undeclared")
    is_found("include/weir/error.h", "WEIR_API int weir_nowhere(void);\n", "weir_nowhere is defined nowhere")


@test
def a_library_of_another_room_is_found():
    is_found("src/service/core.c", "#include <sqlite3.h>\n", "<sqlite3.h> belongs to another room")


@test
def system_calls_outside_of_io_are_found():
    is_found("src/journal/log.c", "#include <unistd.h>\n", "system calls, which are made in src/io only")


@test
def declarations_of_others_definitions_are_found():
    is_found("src/wire/frame.c", "extern int other;\n", "declares what another file defines, which wire may not")
    is_found("src/wire/frame.c", "int fsync(int fd);\n", "declares what another file defines, which wire may not")


@test
def printing_is_found_and_comments_do_not_print():
    for text in ['    printf("x");\n', '    fprintf(stderr,\n            "x");\n', '    perror("x");\n', '    fputs("x", stdout);\n']:
        is_found("src/wire/frame.c", f"static void f(void)\n{{\n{text}}}\n", "writes to stdout or stderr, which wire may not")
    with Tree() as tree:
        tree.add("src/wire/frame.c", '/* printf("x") */\nstatic const char text[] = "puts(1)";\n')
        equal(floors(tree.root)[0], 0)


@test
def a_permission_that_nobody_uses_is_found():
    with Tree() as tree:
        tree.edit_line("store", lambda line: line.replace(": base io", ": base io event").replace("|", "| json", 1).replace("sqlite3", "sqlite3 liblzma") + " prints calls")
        said = floors(tree.root)[1]
        for what in ["opens event", "includes json.h", "uses liblzma", "prints", "calls"]:
            check(f"store need not be allowed: {what}" in said, f"{what}: {said[-600:]}")


@test
def rooms_in_a_circle_are_impossible():
    with Tree() as tree:
        tree.edit_line("base", lambda line: line.replace(":", ": io", 1))
        check("base opens io, which does not stand below it" in floors(tree.root)[1], "not found")


@test
def a_room_without_a_line_is_found():
    is_found("src/attic/old.c", "int x;\n", "src/attic/old.c:1: its folder has no line")


@test
def five_files_in_a_circle_are_found():
    with Tree() as tree:
        for i in range(5):
            tree.add(f"src/wire/circle_{i}.h", f'#include "circle_{(i + 1) % 5}.h"\n')
        check("5 files include each other in a circle" in floors(tree.root)[1], "not found")


@test
def a_room_of_more_than_a_sixth_is_found():
    is_found("src/wire/long.c", "int x;\n" * 20000, "src/wire: holds .* more than a sixth")


@test
def what_stands_beside_src_keeps_to_its_own():
    is_found("examples/first/counter.c", "#include <unistd.h>\n", "unistd.h is not for examples")
    is_found("examples/first/counter.c", "#include <base/map.h>\n", "examples may not open base")
    is_found("fuzz/batch_fuzz.c", "#include <cli/command.h>\n", "fuzz may not open cli")
    is_found("fuzz/batch_fuzz.c", "#include <journal/log_int.h>\n", "private to journal")
    is_found("bench/service_batch.c", "#include <wire/batch.h>\n", "bench may not open wire")
    is_found("tests/harness/test.c", "#include <base/map.h>\n", "must know nothing of weir")
    is_found("include/weir/bytes.h", "#include <unistd.h>\n", "a public header includes unistd.h")


main(needs_broker=False)
