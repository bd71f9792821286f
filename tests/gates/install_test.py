"""What `cmake --install` puts into a folder is all that a program outside the tree needs, in C and in C++, by pkg-config and
by CMake, with the shared library and with the static one; and programs compiled against an earlier weir go on running."""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from harness import Weir, check, equal, eventually, main, slow, test

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["WEIR_BUILD"])
FOLDER = Path(tempfile.mkdtemp(prefix="weir-install-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
PREFIX = FOLDER / "prefix"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False, **more)
    check(done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode} {done.stdout[-800:]}{done.stderr[-1500:]}")
    return done.stdout


def install():
    if not PREFIX.exists():
        run("cmake", "--install", BUILD, "--prefix", PREFIX)
    return PREFIX


def installed(name):
    found = [path for path in install().rglob("*") if path.name == name]
    check(found, f"{name} is not installed")
    return found[0]


def sanitizers():
    """A program has to be linked with the sanitizers that the library was built with."""
    cache = (BUILD / "CMakeCache.txt").read_text()
    used = re.search(r"^WEIR_SANITIZE:STRING=(.*)$", cache, re.M).group(1)
    return [f"-fsanitize={used}"] if used else []


def environment():
    return dict(os.environ, PKG_CONFIG_PATH=str(installed("weir.pc").parent), LD_LIBRARY_PATH=str(installed("libweir.so").parent))


def by_pkg_config(compiler, standard, source, output, static=False, include=None):
    flags = run("pkg-config", "--cflags", "weir", env=environment()).split()
    libraries = run("pkg-config", "--libs", "weir-static" if static else "weir", env=environment()).split()
    if include:
        flags = ["-I", str(include)] + flags
    run(compiler, f"-std={standard}", *STRICT, *sanitizers(), *flags, source, "-o", output, *libraries)
    return output


def needed(program):
    return "libweir.so.0" in run("readelf", "-d", program)


def says_its_version(program):
    return run(program, "--version", env=environment()).startswith("outside, weir ")


def exported(library):
    """The functions that a library shows, without their symbol version."""
    lines = run("nm", "-D" if library.suffix != ".a" else "-g", "--defined-only", library).splitlines()
    found = {line.split()[-1].split("@")[0] for line in lines if re.match(r"[0-9a-f]+ [TDBRWV] ", line)}
    return {name for name in found if not name.startswith(("__asan", "__odr_asan"))}


def declared():
    text = run("gcc", "-E", "-P", "-I", install() / "include", installed("weir.h"))
    names = set(re.findall(r'visibility\("default"\)\)\)[^;{]*?[ *](weir_\w+)\(', text))
    check(len(names) > 30, f"only {sorted(names)} are declared")
    return names


class Service:
    """An installed program at work on a broker of its own."""

    def __init__(self, program, broker):
        self.data = tempfile.mkdtemp(dir=FOLDER)
        reader, writer = os.pipe()
        self.log = open(Path(self.data) / "log", "w+", encoding="utf-8")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [program, "--bootstrap-servers", broker.bootstrap, "--data-dir", self.data, "--http-port", "0", "--ready-fd", str(writer)],
            pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment())
        os.close(writer)
        with os.fdopen(reader) as ready:
            line = ready.readline()
        self.url = json.loads(line)["http"] if line else None

    def call(self, path, body=None):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data=body), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.log.seek(0)
        equal((status, self.log.read() if status else ""), (0, ""))


def works(program):
    """A command emits, the handler stores, a query answers."""
    broker = Weir()
    service = Service(program, broker)
    try:
        check(service.url, "it did not start")
        equal(service.call("/things", b'{"name":"a","parts":[{"n":3},{"n":4}]}')[0], 202)
        eventually(lambda: service.call("/total") == (200, '{"n":7}'))
    finally:
        service.stop()
        broker.close()


@test
def all_that_a_user_needs_is_installed():
    for name in ["weir", "weir.h", "libweir.so", "libweir.so.0", "libweir.a", "weir.pc", "weir-static.pc", "weirConfig.cmake",
                 "weirConfigVersion.cmake", "weir.1", "LICENSE"]:
        installed(name)
    check((PREFIX / "share/bash-completion/completions/weir").stat().st_size > 100, "no completion")
    check("SONAME" in run("readelf", "-d", installed("libweir.so")), "no SONAME")
    here = {path.name for path in (HERE.parent.parent / "include/weir").iterdir()}
    equal({path.name for path in (PREFIX / "include/weir").iterdir()}, here)


@test
def links_of_the_installed_pages_lead_to_what_is_installed():
    pages = list(install().rglob("*.md"))
    check({"README.md", "concepts.md", "protocol.md"} <= {page.name for page in pages}, f"only {pages} are installed")
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            known = re.match(r"[a-z]+:", target) or (page.parent / target).exists()
            check(known, f"{page.relative_to(PREFIX)} links to {target}, which is not installed")


@test
def the_libraries_show_what_the_headers_declare_and_nothing_else():
    equal(sorted(exported(installed("libweir.so")) ^ declared()), [])
    equal(sorted(exported(installed("libweir.a")) ^ declared()), [])


@test
def every_header_compiles_alone_in_every_standard():
    for header in sorted((install() / "include/weir").glob("*.h")):
        for compiler, language, standard in [("gcc", "c", "c11"), ("gcc", "c", "c17"), ("g++", "c++", "c++11"), ("g++", "c++", "c++17"),
                                             ("g++", "c++", "c++20")]:
            run(compiler, f"-std={standard}", *STRICT, "-fsyntax-only", "-x", language, "-I", PREFIX / "include", "-include", header,
                "/dev/null")


@test
def a_program_is_built_by_pkg_config():
    for compiler, standard, source in [("gcc", "c11", "outside.c"), ("gcc", "c17", "outside.c"), ("g++", "c++17", "outside.cc")]:
        for static in [False, True]:
            program = by_pkg_config(compiler, standard, HERE / "service" / source, FOLDER / f"{standard}-{static}", static)
            equal(needed(program), not static)
            check(says_its_version(program), "it does not run")


@slow(120)
@test
def a_program_is_built_by_cmake():
    flags = " ".join(sanitizers())
    run("cmake", "-G", "Ninja", "-S", HERE / "service", "-B", FOLDER / "cmake", f"-DCMAKE_PREFIX_PATH={install()}",
        f"-DCMAKE_C_FLAGS={flags}", f"-DCMAKE_CXX_FLAGS={flags}")
    run("cmake", "--build", FOLDER / "cmake")
    for name in ["shared_c", "static_c", "shared_cxx"]:
        equal(needed(FOLDER / "cmake" / name), not name.startswith("static"))
        check(says_its_version(FOLDER / "cmake" / name), f"{name} does not run")


@test
def the_program_works():
    works(by_pkg_config("gcc", "c17", HERE / "service/outside.c", FOLDER / "works"))


def headers_with(name, change):
    """A copy of the headers in which each struct's last member was changed."""
    include = FOLDER / name
    shutil.copytree(install() / "include", include)
    for struct, header in [("weir_service", "service.h"), ("weir_handler", "service.h"), ("weir_route", "service.h"),
                           ("weir_event", "event.h"), ("weir_json_field", "json.h")]:
        text = (include / "weir" / header).read_text()
        body = re.search(rf"struct {struct} {{\n(.*?)\n}}", text, re.S)
        check(body, f"no {struct}")
        text = text[:body.start(1)] + change(body.group(1)) + text[body.end(1):]
        (include / "weir" / header).write_text(text)
    return include


def without_last_member(body):
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S).rstrip()
    return body[:body.rstrip(";").rindex(";") + 1]


@test
def a_program_of_an_earlier_weir_whose_structs_had_fewer_members_works():
    include = headers_with("earlier", without_last_member)
    works(by_pkg_config("gcc", "c17", HERE / "service/outside.c", FOLDER / "earlier-program", include=include))


@test
def a_program_of_a_later_weir_is_refused_in_a_sentence():
    include = headers_with("later", lambda body: body + "\n    const char *more;")
    program = by_pkg_config("gcc", "c17", HERE / "service/outside.c", FOLDER / "later-program", include=include)
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False, env=environment())
    equal(done.returncode, 2)
    check("later weir" in done.stderr, done.stderr)


main(needs_broker=False)
