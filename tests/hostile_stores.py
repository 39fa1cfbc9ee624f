"""Stores as someone may make them: files damaged, exchanged and replaced, metadata rewritten, checksums forged."""

import io
import json
import os
import pickle
import shutil

import numpy as np
from fuzzing import CODE, HOSTILE, RAW, TOKEN, changed, hostile_toml, mangled

from spinemc.store import seals, tree

META = (
    0, -1, 1, 2, 10**18, 2**63, 2**31, "x", "", "int32", "float64", "object", "string", "numpy.datetime64", None,
    True, [], [0],
    [10**18], [-1], [10**9] * 3, {}, {"name": "nothere"}, {"name": "pickle"}, [{"name": "pickle"}],
    [{"name": "numcodecs.pickle", "configuration": {}}], [{"name": "bytes", "configuration": {"endian": "little"}}],
    {"name": "vlen-utf8"}, float("nan"), "NaN", "../..", "/etc/passwd", "array", "group",
    {"name": "regular", "configuration": {"chunk_shape": [0]}}, {"name": "regular",
    "configuration": {"chunk_shape": [10**18]}},
    [{"name": "gzip", "configuration": {"level": 5}}], *CODE,
)  # fmt: skip
"""Values in place of shapes, types, codecs and attributes of arrays."""

ELSEWHERE = (
    "../canary/keep", "../canary", "/nowhere/x", "positions/../../canary", "positions/../../canary/zarr.json",
    "positions/Ca/row_size/c.9.9", "positions/Ca/position/c.-1.0", "positions/Ca/x/c.a.b",
    "positions/Ca/row_size/zarr.json",
    "positions/..", "zarr.json", "", "/etc/passwd", "/dev/zero", "positions/Zz/row_size/c.0.0", "a\x00b",
    "positions/Ca/particle/c.99999999999999999999", ".spinemc/lock", "counts",
)  # fmt: skip
"""Names of files in a forged list of checksums."""

SWEEPS = (
    '{"axes": [], "beside": [], "settings": []}',
    '{"axes": [{"name":"../x","values":[1,2],"unit":"um"}], "beside": [], "settings": [["run.seed=1"],["run.seed=2"]]}',
    '{"axes": [{"name":"a","values":[1,2],"unit":""}], "beside": [], "settings": [["run.trials=100000000"],["x"]]}',
    '{"axes": [{"name":"a","values":[1,2],"unit":""}], "beside": [], "settings": [["run.seed=1"],["run.seed=2"]]}',
)
"""Sweeps that a root may say it holds."""


class Planted:
    """An object that does something when it is unpickled."""

    def __reduce__(self):
        return os.system, (f"touch {TOKEN}",)


def sealed(path, content):
    """Write a file with a checksum that fits."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(seals.crc(data).encode() + data)


def rooted(store, root):
    """Write a root and its copy, both sealed as if spinemc had done it."""
    if isinstance(root, dict) and isinstance(root.get("attributes"), dict):
        told = {key: value for key, value in root["attributes"].items() if key != "seal"}
        root = root | {"attributes": told}
        root = root | {"attributes": told | {"seal": tree._seal(root)}}
    text = json.dumps(root)
    (store / "zarr.json").write_text(text, errors="replace")
    sealed(store / ".spinemc/root", text.encode(errors="replace"))


def packed(chance):
    """What a trial may have left: arrays that hold an object, are of other sizes, or are no arrays at all."""
    file = io.BytesIO()
    object_array = np.array([Planted()], dtype=object)
    match chance.randrange(5):
        case 0:
            np.savez(file, **{"parts.table": object_array, "parts.number": np.array([1])})
        case 1:
            return pickle.dumps(Planted())
        case 2:
            np.savez(file, row_size=np.array([1, 2]), position=np.zeros((10, 3)), particle=object_array)
        case 3:
            np.savez(
                file,
                row_size=np.array([1], np.int32),
                position=np.zeros((1, 3), np.int32),
                particle=np.zeros(1, np.int32),
            )
        case _:
            np.savez(
                file,
                **{
                    "parts.table": np.array(["Ca", "../../x"]),
                    "parts.number": np.array([10**9, 1]),
                    "a": np.zeros(3),
                },
            )
    return file.getvalue()


def files_of(store):
    """All files of a store, in order."""
    return [path for path in sorted(store.rglob("*")) if path.is_file() and not path.is_symlink()]


def _root(store):
    try:
        return json.loads((store / "zarr.json").read_bytes())
    except (OSError, ValueError):
        return None


def _edit_metadata(store, chance, scenarios):
    path = chance.choice([path for path in files_of(store) if path.name == "zarr.json"])
    path.write_text(
        json.dumps(changed(json.loads(path.read_bytes()), chance, chance.choice((1, 2)), META)), errors="replace"
    )
    if chance.random() < 0.5:
        rooted(store, _root(store))


def _edit_root(store, chance, scenarios):
    root = _root(store)
    told = root["attributes"]
    key = chance.choice(
        [*told, "sweep", "scenario", "fingerprint", "trials", "blocks_finished", "scenario_path", "provenance"]
    )
    kind = chance.random()
    if kind < 0.3:
        told[key] = chance.choice(HOSTILE)
    elif kind < 0.6 and key == "scenario":
        told[key] = hostile_toml(chance.choice(scenarios), chance, 2).decode(errors="replace")
    elif key == "sweep":
        told[key] = chance.choice(SWEEPS)
    elif kind < 0.6:
        told[key] = json.dumps(chance.choice(META))
    elif str(told.get(key)).startswith("{"):
        told[key] = json.dumps(changed(json.loads(told[key]), chance, 1))
    else:
        told[key] = mangled(str(told.get(key)).encode(), chance, 2).decode(errors="replace")
    rooted(store, root)


def _edit_shapes(store, chance, scenarios):
    root = _root(store)
    shapes = root["consolidated_metadata"]["metadata"]
    changed(shapes[chance.choice(list(shapes))], chance, chance.choice((1, 2)), META)
    rooted(store, root)


def _link(store, chance, scenarios):
    path, canary = chance.choice(files_of(store)), store.parent.parent / "canary"
    path.unlink()
    places = (
        canary / "keep",
        canary,
        "/etc/passwd",
        "/dev/zero",
        "/dev/null",
        path.name,
        "..",
        "/proc/self/environ",
        "/nowhere/x",
    )
    path.symlink_to(chance.choice(places))


def _link_folder(store, chance, scenarios):
    path = chance.choice([path for path in sorted(store.rglob("*")) if path.is_dir() and not path.is_symlink()])
    shutil.rmtree(path)
    path.symlink_to(chance.choice((store.parent.parent / "canary", store.parent, "..", "/etc", "/nowhere")))


def _folder(store, chance, scenarios):
    path = chance.choice(files_of(store))
    path.unlink()
    path.mkdir()
    if chance.random() < 0.5:
        (path / "x").write_text("x")


def _pipe(store, chance, scenarios):
    path = chance.choice(files_of(store))
    path.unlink()
    os.mkfifo(path)


def _more(store, chance, scenarios):
    names = (
        "x",
        "zarr.json.bak",
        ".x.partial",
        "c.99",
        "c.0.0.0.0.0",
        "é\n",
        "state",
        "done",
        "Ca.000000",
        "000099",
        "abc",
        "-1",
    )
    (chance.choice(files_of(store)).parent / chance.choice(names)).write_bytes(
        chance.choice((b"", bytes(100), packed(chance)))
    )


def _forge(store, chance, scenarios):
    path = chance.choice([path for path in files_of(store / ".spinemc") if path.name != "lock"])
    found, kind = json.loads(path.read_bytes()[8:]), chance.random()
    if kind < 0.5 and isinstance(found.get("files"), dict):
        found["files"][chance.choice(ELSEWHERE)] = chance.choice(("00000000", 0, None, []))
    elif kind < 0.6:
        found = chance.choice(META)
    else:
        found = changed(
            found, chance, chance.choice((1, 2, 3)), [*META, *(x for x in HOSTILE if not isinstance(x, str))]
        )
    sealed(path, found)
    if path.name.startswith("rows"):
        sealed(path.with_name("rows"), found)
        sealed(path.with_name("rows.copy"), found)


def _leave(store, chance, scenarios):
    number = chance.randrange(3)
    (store / f".spinemc/blocks/{number:06d}").unlink(missing_ok=True)
    left = (
        store / ".spinemc/trials" / chance.choice((f"{number:08d}", f"{number:08d}", "x", "..", "99999999", "-0000001"))
    )
    left.mkdir(exist_ok=True, parents=True)
    for name in chance.sample(("state", "done", "Ca.000000", "Ca.000001"), 2):
        tables = {"Ca": 1}, {"Ca": 10**9}, {"../../x": 1}, {"Ca": "x"}, [], 5, {"Zz": 1}
        sealed(left / name, chance.choice((packed(chance), packed(chance), json.dumps(chance.choice(tables)).encode())))


def _damage(store, chance, scenarios):
    path, other = chance.choice(files_of(store)), chance.choice(files_of(store))
    data = path.read_bytes()
    match chance.randrange(6):
        case 0:
            path.write_bytes(mangled(data, chance, chance.choice((1, 3))))
        case 1:
            path.write_bytes(data[: chance.randrange(1 + len(data))])
        case 2:
            path.unlink()
        case 3:
            path.write_bytes(other.read_bytes())
            other.write_bytes(data)
        case 4:
            path.write_bytes(chance.choice(RAW))
        case _:
            path.chmod(0)


WAYS = _damage, _damage, _damage, _edit_metadata, _edit_root, _edit_root, _edit_shapes, _more, _forge, _forge, _leave
LAST = _link, _link_folder, _folder, _pipe
"""What is done at the end only: through a link or from a pipe the others would write and read elsewhere."""


def hostile_store(store, chance, scenarios):
    """Do to a store what its author, a bad disk or an enemy may do; `scenarios` are texts that it may say it ran."""
    ways = [chance.choice(WAYS) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if not ways or chance.random() < 0.15:
        ways.append(chance.choice(LAST))
    for way in ways:
        try:
            way(store, chance, scenarios)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue  # what was done before leaves nothing for this to be done to
