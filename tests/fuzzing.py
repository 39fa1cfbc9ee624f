"""What hostile inputs are made with, and what watches the program while it reads them."""

import contextlib
import io
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from spinemc import cli

LIMIT = 20
"""Seconds of computing that a command may take; on a busy machine they are longer by the clock."""

WAITING = 10
"""How many times longer it may take by the clock."""

MEMORY = 6 << 30
"""Bytes of address space that a command may take beyond what the process has."""

LONGEST = 41_000
"""Characters of a message."""

TOKEN = "fuzz_canary"
"""A word that stands in every text which would do something if it were run."""

CODE = (
    f"__import__('os').system('touch {TOKEN}')",
    f"{{__import__('os').system('touch {TOKEN}')}}",
    f"$(touch {TOKEN})",
    f"`touch {TOKEN}`",
    f"; touch {TOKEN} #",
    f"!!python/object/apply:os.system ['touch {TOKEN}']",
    f"exec(\"open('{TOKEN}', 'w')\")",
    f"%({TOKEN})s {{0.__class__.__mro__}}",
    f"cos\nsystem\n(S'touch {TOKEN}'\ntR.",
)
"""Texts that run where a file's text is taken for code."""

HOSTILE = (
    0, -1, 1, 2, 255, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, -(2**63), 10**400, 0.0, -0.0, 1e-300, 1e300, 1e308,
    5e-324, float("nan"), float("inf"), float("-inf"), True, False, "", " ", "0", "nan", "inf um", "nan s", "-1 um",
    "0 um", "1e308 um", "1e-308 um", "1e400 um", "-1e308 um", "1 um^99999", "1 um^9", "1 um^-9", "1 um/s/s/s",
    "9" * 400 + " um",
    "1e9 um", "1e-9 um", "1e6 um", "1e-6 um", "1e30 s", "1e-30 s", "1e-12 s", "1e12 /s", "1e30 /M/s", "1e20 uM",
    "1 M", "1e9 um^2/s",
    "1e-5 um", "2147483647", "1 kg", "1 um um um um", "1 ()", "1 um" + "/um" * 200, "1 " + "(" * 3000,
    "1" + "0" * 5000, "µ" * 50,
    "../../etc/passwd", "/etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", "/proc/self/environ", "..", ".",
    "/", "~",
    "https://localhost:1/x.toml", "file:///etc/passwd", "s3://nowhere/x", "a\x00b", "\x1b[2J\x07\x08",
    "\u202e\u200b\ufeff",
    "\U0001f9e0" * 20, "é" * 30, "x" * 100_000, "Ca", "Ca + Ca -> Ca", "0 -> 0", "2 Ca -> 9 Ca",
    "a -> " + " + ".join("a" * 300),
    "Ca@lumen", "Ca@", "@", "*", "*.*", "**", "head.*", "membrane", "cytosol", "outside", "far", "tiny.toml",
    "a.toml", "mesh.stl",
    "mesh.ply", "mesh.obj", "faces.json", "cell.swc", "net.net", "flux.csv", "folder", "link",
    [], [[]], [0], [""], ["1 um"] * 3, ["0 um", "0 um", "0 um"], [1, 2, 3], [[1, 2], [3, 4]], ["1 um"] * 1000,
    list(range(2000)),
    {}, {"": ""}, {"a": {"b": {"c": {}}}}, {"kind": "box"}, {"table": "flux.csv"}, {"table": "/dev/zero"}, [{}], [{},
    {}, {}],
    *CODE,
)  # fmt: skip
"""Values that a key may be given and that are hard to take."""

RAW = (
    b"\x00", b"\xff\xfe", b"\x80\x04\x95", b"\n", b"\r", b"[", b"]", b"{", b"}", b'"""', b"'", b"=", b"[[", b"#",
    b",", b".",
    b"1979-05-27T07:32:00Z", b"99:99:99", b"0x" + b"f" * 300, b"1e999999", b"9" * 5000, b"-", b"nan", b"inf",
    b"\xf0\x9f\xa7\xa0",
    b"\\u0000", b"\\ud800", b"[" * 10_000, b"{a=" * 3000, b"a." * 3000, b"k" * 50_000, b"cos\nsystem\n", b"../" * 50,
    b"\x1b]0;x\x07",
)  # fmt: skip
"""Bytes that readers stumble over."""


class Hang(BaseException):
    """A command took too long."""


def _too_long(*_):
    raise Hang


class Watch:
    """An audit hook: what the interpreter is asked to run, to write and to reach while it is on.

    It sees every call of os.system, subprocess, fork, exec and spawn, pickle's look-up of a class, sockets, `exec` and
    `eval` (with the code), and every file opened to write, removed, renamed, linked or made, by any thread.
    """

    RUNS = (
        "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
        "subprocess.Popen",
        "pty.spawn", "pickle.find_class", "socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request",
        "webbrowser.open", "ftplib.connect", "http.client.connect", "smtplib.connect",
    )  # fmt: skip
    WRITES = (
        "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
        "os.chown",
        "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile",
    )  # fmt: skip
    NET = "spinemc.twins.compartments"  # whose arrays a kernel takes as one
    KNOWN = ("numba", "numpy", "dask", "_operator", "copyreg", "spinemc.engine.kernels", NET, "llvmlite")

    def __init__(self):
        self.on, self.seen, self.inside, self._busy = False, [], (), False
        sys.addaudithook(self._hook)

    def _hook(self, event, given):
        if not self.on or self._busy:
            return
        if event in self.RUNS:
            if not self._is_known(event, given):
                self.seen.append(f"{event} {str(given)[:200]}")
        elif event == "exec":
            code = given[0]
            if any(TOKEN in str(part) for part in (*code.co_names, *code.co_consts)):
                self.seen.append(f"exec {code}")
        elif event == "open":
            path, _, flags = given
            if isinstance(path, str | bytes | os.PathLike) and flags & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
            ):
                self._written(event, path)
        elif event in self.WRITES:
            by_handle = [x for x in given if isinstance(x, int) and x >= 0] and not os.path.isabs(os.fsdecode(given[0]))
            if not by_handle or event == "shutil.rmtree":
                for path in given[: 2 if event in ("os.rename", "os.link", "shutil.move") else 1]:
                    self._written(event, path)

    def _is_known(self, event, given):
        """Whether it is what numba's own cache is read with, or how the version is told."""
        if event == "pickle.find_class":
            return given == ("builtins", "object") or given[0].startswith(self.KNOWN)
        return event in ("subprocess.Popen", "os.posix_spawn", "os.exec") and os.path.basename(str(given[0])) in (
            "git",
            "uname",
        )

    def _written(self, event, path):
        self._busy = True
        try:
            path = os.fsdecode(path)
            parent, name = os.path.split(os.path.abspath(path))
            real = os.path.join(os.path.realpath(parent), name) if event != "open" else os.path.realpath(path)
            if not any(real == place or real.startswith(place + os.sep) for place in self.inside):
                self.seen.append(f"{event} {real}")
        except (TypeError, ValueError):
            pass
        finally:
            self._busy = False

    @contextlib.contextmanager
    def watching(self, *inside):
        """What is written outside these folders, or run at all, is in `seen` afterwards."""
        self.seen, self.inside = [], tuple(os.path.realpath(place) for place in inside)
        self.on = True
        try:
            yield self
        finally:
            self.on = False


WATCH = Watch()


@dataclass
class Outcome:
    """What a command came to."""

    status: int | str
    out: str
    err: str
    seen: list

    def fault(self, allowed=(0, 2)):
        """What should not be; None where all is well."""
        if self.status not in allowed:
            return f"status {self.status}"
        if self.seen:
            return f"did {self.seen[:3]}"
        if "Traceback" in self.err or "fault of the program" in self.err:
            return "a traceback"
        if self.status == 2 and not self.err.strip():
            return "no message"
        if max(map(len, (self.err, *self.err.splitlines()))) > LONGEST:
            return f"a message of {len(self.err)} characters"
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", self.err):
            return "control characters in a message"
        return None


def command(argv, folder, limit=LIMIT):
    """Run a command of the program in a folder, and watch it; it may write there, and temporary files."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    clocks = {signal.SIGALRM: (signal.ITIMER_REAL, WAITING * limit), signal.SIGPROF: (signal.ITIMER_PROF, limit)}
    kept = {number: signal.signal(number, _too_long) for number in clocks}
    old = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    caches = [
        os.environ.get("NUMBA_CACHE_DIR", os.path.expanduser("~/.cache")),
        os.path.expanduser("~/.config/matplotlib"),
    ]
    aside, tempfile.tempdir = tempfile.tempdir, str(Path(folder).parent / "temporary")
    os.makedirs(tempfile.tempdir, exist_ok=True)
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, old[1]))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("default")
            with WATCH.watching(folder, tempfile.tempdir, *caches, "/dev/null"):
                for clock, most in clocks.values():
                    signal.setitimer(clock, most)
                try:
                    status = cli.main(argv)
                except SystemExit as end:
                    status = end.code
                except Hang:
                    status = "a hang"
                finally:
                    for clock, _ in clocks.values():
                        signal.setitimer(clock, 0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)
        for number, handler in kept.items():
            signal.signal(number, handler)
        os.chdir(before)
        tempfile.tempdir = aside
    return Outcome(status, out.getvalue(), err.getvalue(), list(WATCH.seen))


def picture(folder, but=()):
    """All that is in a folder: kinds, sizes, times and, of small files, contents; some names at its top left out."""
    found = {}
    for at, folders, files in os.walk(folder):
        if at == str(folder):
            folders[:] = [name for name in folders if name not in but]
        for name in (*folders, *files):
            path = os.path.join(at, name)
            told = os.lstat(path)
            is_file = os.path.isfile(path) and not os.path.islink(path)
            found[path] = (
                told.st_mode,
                told.st_size,
                Path(path).read_bytes() if is_file and told.st_size < 1e5 else None,
            )
    return {path: told for path, told in found.items() if os.path.basename(path) not in but}


def mangled(data, chance, number):
    """Bytes with some of them flipped, removed, repeated, replaced, moved, or put in."""
    data = bytearray(data)
    for _ in range(number):
        size = len(data)
        at = chance.randrange(size + 1)
        end = min(size, at + chance.choice((1, 1, 2, 5, 20, 200)))
        match chance.randrange(8):
            case 0 if at < size:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 3:
                data[at:at] = chance.choice(RAW)
            case 4:
                data[at:end] = chance.choice(RAW)
            case 5:
                data[at:end] = chance.randbytes(end - at)
            case 6:
                del data[at:]
            case _:
                part = data[at:end]
                del data[at:end]
                there = chance.randrange(len(data) + 1)
                data[there:there] = part
    return bytes(data)


def reworded(text, chance, number):
    """A text of which some words stand in place of others, and hostile ones in place of some."""
    words = re.split(r"(\s+|[=,\[\]{}\"'])", text)
    solid = [i for i, word in enumerate(words) if word.strip()]
    for _ in range(number if solid else 0):
        one, other = chance.choice(solid), chance.choice(solid)
        if chance.random() < 0.5:
            words[one], words[other] = words[other], words[one]
        else:
            words[one] = str(chance.choice(HOSTILE))[:5000]
    return "".join(words)


def _ways(value, way=()):
    """The places of all that stands in tables and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield (*way, key)
        yield from _ways(held, (*way, key))


def _at(value, way):
    for key in way:
        value = value[key]
    return value


def changed(tables, chance, number, hostile=HOSTILE, other=()):
    """Tables of which some values are hostile, elsewhere, of another file, repeated or gone."""
    for _ in range(number):
        ways = list(_ways(tables))
        if not ways:
            return tables
        *way, key = chance.choice(ways)
        holder = _at(tables, way)
        match chance.randrange(9):
            case 0 | 1 | 2:
                holder[key] = chance.choice(hostile)
            case 3:
                del holder[key]
            case 4:
                *there, name = chance.choice(ways)
                try:
                    _at(tables, there)[name] = json.loads(json.dumps(holder[key], default=str))
                except (LookupError, TypeError):
                    continue
            case 5 if isinstance(holder, list):
                holder += [holder[key]] * chance.choice((1, 2, 100))
            case 6 if isinstance(holder, dict):
                holder[chance.choice(("x" * 5000, "", "name", "\x00", "é", "a.b", TOKEN, "kind", "of", "in"))] = (
                    holder.pop(key)
                )
            case 7 if isinstance(holder[key], list):
                chance.shuffle(holder[key])
            case _ if other:
                source = chance.choice(other)
                found = chance.choice(list(_ways(source)) or [()])
                holder[key] = json.loads(json.dumps(_at(source, found), default=str))
    return tables


def deep(chance):
    """A text of TOML that stands in itself more often than readers can go."""
    n = chance.choice((50, 500, 10_000))
    return chance.choice(
        (f"x = {'[' * n}{']' * n}\n", f"x = {'{a=' * n}1{'}' * n}\n", "[" + "a." * n + "b]\n", "a." * n + "b = 1\n")
    )


def hostile_toml(text, chance, number, other=()):
    """A file made of a valid one: its bytes, its words or its tables changed."""
    kind = chance.random()
    if kind < 0.2:
        return mangled(text.encode(), chance, number)
    if kind < 0.35:
        return reworded(text, chance, number).encode(errors="replace")
    if kind < 0.38:
        return (text + deep(chance)).encode() if chance.random() < 0.5 else (deep(chance) + text).encode()
    if kind < 0.42:
        lines = text.splitlines(keepends=True)
        at = chance.randrange(len(lines))
        return "".join(lines[:at] + lines[at : at + 6] * chance.choice((2, 3, 300)) + lines[at + 6 :]).encode()
    tables = changed(tomllib.loads(text), chance, number, other=other)
    try:
        return tomli_w.dumps(tables).encode(errors="replace")
    except (TypeError, ValueError, RecursionError):
        return mangled(text.encode(), chance, number)


def at_random(texts, chance):
    """A file of tables and keys that the valid ones have, put together at random."""
    sources = [tomllib.loads(text) for text in texts]
    top = {}
    for _ in range(chance.randrange(3, 14)):
        source = chance.choice(sources)
        key = chance.choice(list(source))
        held = json.loads(json.dumps(source[key], default=str))
        if isinstance(held, list) and isinstance(top.get(key), list):
            top[key] += held
        else:
            top[key] = held
    return tomli_w.dumps(changed(top, chance, chance.randrange(4))).encode(errors="replace")


def chance_of(seed):
    """A generator of its own for each case."""
    return random.Random(seed)
