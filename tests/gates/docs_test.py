"""tools/check_docs finds each kind of mistake in a copy of the documentation that has it, and none in the tree."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import check, equal, main, test

ROOT = Path(__file__).resolve().parent.parent.parent


def docs(root):
    done = subprocess.run([sys.executable, str(ROOT / "tools/check_docs"), str(root)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def is_found(path, change, sentence):
    """A copy of all that pages may link to, in which one file is changed, has exactly this mistake."""
    with tempfile.TemporaryDirectory(prefix="weir-docs-") as folder:
        root = Path(folder)
        for name in ["docs", "src", "include", "examples", "tests/kafka/differential"]:
            shutil.copytree(ROOT / name, root / name)
        for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"]:
            shutil.copy(ROOT / name, root / name)
        equal(docs(root), (0, ""))
        file = root / path
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = change(before)
        check(after != before, f"{path} was not changed")
        file.write_text(after, encoding="utf-8")
        status, said = docs(root)
        equal(status, 1)
        equal(len(said.splitlines()), 1)
        check(re.search(sentence, said), f"expected {sentence}, got {said[-600:]}")


@test
def the_tree_is_clean():
    equal(docs(ROOT), (0, ""))


@test
def a_link_to_a_file_that_is_not_there_is_found():
    is_found("docs/developing/io.md", lambda text: text + "\n[gone](../../src/io/gone.c)\n", r"docs/developing/io.md: there is no ../../src/io/gone.c")


@test
def a_link_out_of_the_repository_is_found():
    is_found("README.md", lambda text: text + "\n[out](../)\n", r"README.md: there is no \.\./")


@test
def a_link_to_a_heading_that_is_not_there_is_found():
    is_found("docs/concepts.md", lambda text: text + "\n[gone](formats.md#gone)\n", r"formats.md has no heading #gone")


@test
def a_page_that_no_link_leads_to_is_found():
    is_found("docs/alone.md", lambda text: text + "# Alone\n", r"docs/alone.md: no link leads here")


@test
def a_setting_of_the_broker_that_is_not_described_is_found():
    is_found("src/broker/config.c", lambda text: text.replace("const wr_config_key wr_broker_keys[] = {", 'const wr_config_key wr_broker_keys[] = {\n    KEY_BOOL("new.thing", "true", "new"),'),
             r"operating-the-broker.md: the setting new.thing is missing")


@test
def a_setting_of_a_service_that_is_not_described_is_found():
    is_found("src/service/settings.c", lambda text: text.replace("service_keys[] = {", 'service_keys[] = {\n    {.key = "new.thing", .kind = WR_CONFIG_TEXT, .help = "new"},', 1),
             r"service-guide.md: the setting new.thing is missing")


@test
def a_setting_that_no_program_has_is_found():
    is_found("docs/service-guide.md", lambda text: text.replace("| `http.port` |", "| `http.gone` | text | – | gone |\n| `http.port` |", 1), r"there is no setting http.gone")


@test
def a_request_that_is_not_described_is_found():
    is_found("docs/protocol.md", lambda text: text.replace("| Heartbeat |", "| Heartbeats |"), r"the request Heartbeat is missing")


main(needs_broker=False)
