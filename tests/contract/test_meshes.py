"""Meshes as they come: the worst of them each get one clear sentence, status 2, and nothing is written."""

import numpy as np
import pytest

from spinemc import cli
from spinemc.geometry import build, load_geometry
from spinemc.scenario import GeometrySpec, Shape


def ball():
    made = build(GeometrySpec(shape=Shape("sphere", {"radius": 0.4, "edge": 0.1})))
    return made.vertex.copy(), made.face.copy()


def hole():
    vertex, face = ball()
    return vertex, face[10:]


def flipped():
    vertex, face = ball()
    face[::7] = face[::7, ::-1]
    return vertex, face


def inside_out():
    vertex, face = ball()
    return vertex, face[:, ::-1]


def repeated():
    vertex, face = ball()
    return vertex, np.concatenate([face, face[:5]])


def through_itself():
    vertex, face = ball()
    vertex[np.argmax(vertex[:, 2])] = (0.05, 0.02, -0.6)
    return vertex, face


def moebius():
    turn = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    across = np.array([np.cos(turn / 2.0) * np.cos(turn), np.cos(turn / 2.0) * np.sin(turn), np.sin(turn / 2.0)]).T
    middle = np.array([np.cos(turn), np.sin(turn), 0.0 * turn]).T
    vertex = np.concatenate([middle - 0.3 * across, middle + 0.3 * across])
    low, high = np.arange(40), np.arange(40, 80)
    after = np.append(low[1:], 40), np.append(high[1:], 0)
    return vertex, np.concatenate([np.stack([low, after[0], high], 1), np.stack([high, after[0], after[1]], 1)])


def two_shells():
    vertex, face = ball()
    return np.concatenate([vertex, 0.5 * vertex]), np.concatenate([face, face[:, ::-1] + len(vertex)])


def sliver():
    vertex, face = ball()
    vertex[face[4, 1]] = vertex[face[4, [0, 2]]].mean(axis=0)
    return vertex, face


def not_a_number():
    vertex, face = ball()
    vertex[3, 1] = np.nan
    return vertex, face


def in_nanometres():
    vertex, face = ball()
    return 2000.0 * vertex, face


def in_metres():
    vertex, face = ball()
    return 1e-6 * vertex, face


def touching():
    vertex, face = ball()
    vertex[np.argmin(vertex[:, 2])] = vertex[np.argmax(vertex[:, 2])]
    points, corner = np.unique(vertex, axis=0, return_inverse=True)
    return points, corner.reshape(-1)[face]


WORST = [
    (hole, "not closed: 10 open edges"),
    (flipped, "inconsistent winding"),
    (inside_out, "inside out"),
    (repeated, "5 faces there more than once"),
    (through_itself, "passes through itself: "),
    (moebius, "not closed: 80 open edges"),
    (two_shells, "in 2 pieces, must be one"),
    (sliver, "1 degenerate face (no area)"),
    (not_a_number, "1 corner not finite"),
    (in_nanometres, '1.6e+03 um across, where 0.01 to 1000 um can be simulated: say in which unit the file is, '
                    'unit = "nm"'),
    (in_metres, 'unit = "mm" or "m"'),
    (touching, "separate sheets touch at 1 corner"),
]  # fmt: skip


def write(path, vertex, face):
    corners = "".join(f"v {x} {y} {z}\n" for x, y, z in vertex)
    path.write_text(corners + "".join(f"f {a} {b} {c}\n" for a, b, c in face + 1))


def answer(capsys, *arguments):
    """What a command says on standard error, its only line; and that it is an input's fault and writes nothing."""
    assert cli.main([str(word) for word in arguments]) == cli.INPUT_FAULT
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    return err.strip()


@pytest.mark.parametrize("make, said", WORST, ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_mesh_gets_one_sentence(make, said, tmp_path, capsys):
    path = tmp_path / "cell.obj"
    write(path, *make())
    told = answer(capsys, "geometry", path, "--export", tmp_path / "out.stl", "--plot", tmp_path / "out.png")
    assert told.startswith("cell.obj: ") and told.endswith(".") and said in told
    assert [p.name for p in tmp_path.iterdir()] == ["cell.obj"]


@pytest.mark.parametrize("name", ["cell.stl", "cell.obj", "cell.ply"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\x13 garbage \xfe", b"solid x\nendsolid x\n"])
def test_a_file_that_holds_no_surface_gets_one_sentence(name, content, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(content)
    assert answer(capsys, "geometry", path).startswith(f"{name}: ")


def test_a_good_mesh_in_another_unit_is_read(tmp_path):
    write(tmp_path / "cell.obj", *in_nanometres())
    made = build(GeometrySpec(mesh=tmp_path / "cell.obj", unit=1e-3))
    write(tmp_path / "cell.obj", *ball())
    plain = load_geometry(tmp_path / "cell.obj")
    assert made.volume == pytest.approx(8.0 * plain.volume, rel=1e-6)
    assert plain.volume == pytest.approx(4 / 3 * np.pi * 0.064, rel=0.03)
