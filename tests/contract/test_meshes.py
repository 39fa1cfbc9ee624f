"""Meshes as they come: the worst of them each get one clear sentence, status 2, and nothing is written."""

import json

import numpy as np
import pytest

from spinemc import cli
from spinemc.geometry import build, load_geometry, mend
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


def torn():
    """All at once: a hole, faces turned, there twice, without area, with corners apart, and a crumb."""
    vertex, face = ball()
    face = face[12:].copy()
    face[::9] = face[::9, ::-1]
    apart = vertex[face].reshape(-1, 3)
    alone = np.arange(len(apart)).reshape(-1, 3)
    crumb = 0.01 * vertex[face[:3]].reshape(-1, 3)
    return np.concatenate([apart, crumb]), np.concatenate(
        [alone, alone[5:8], alone[3:4, [0, 0, 1]], len(apart) + np.arange(9).reshape(3, 3)]
    )


MENDED = [
    (hole, ["closed a hole of "]),
    (flipped, ["faces to agree with their neighbours"]),
    (inside_out, ["turned the whole surface round: it was inside out"]),
    (repeated, ["removed 5 faces that were there more than once"]),
    (two_shells, ["faces of 1 smaller piece"]),
    (torn, ["removed 3 faces that were", "removed 1 face without area", "corners that lay where", "smaller piece",
            "to agree with", "closed a hole of"]),
]  # fmt: skip


@pytest.mark.parametrize("make, said", MENDED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_mesh_is_mended_on_request_and_told_how(make, said, tmp_path, capsys):
    path = tmp_path / "cell.obj"
    write(path, *make())
    assert cli.main(["geometry", str(path), "--repair", "--export", str(tmp_path / "mended.obj")]) == cli.DONE
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("repaired: ")]
    for change in said:
        assert sum(change in line for line in told) == 1, (change, told)
    mended, whole = load_geometry(tmp_path / "mended.obj"), 4 / 3 * np.pi * 0.064
    assert mended.genus == 0 and mended.volume == pytest.approx(whole, rel=0.05)


def test_a_sound_mesh_needs_no_repair_and_a_hopeless_one_is_refused(tmp_path, capsys):
    write(tmp_path / "cell.obj", *ball())
    assert cli.main(["geometry", str(tmp_path / "cell.obj"), "--repair"]) == cli.DONE
    assert capsys.readouterr().out.startswith("repaired: nothing was wrong.\n")
    write(tmp_path / "cell.obj", *through_itself())
    assert "passes through itself" in answer(capsys, "geometry", tmp_path / "cell.obj", "--repair")
    vertex, face = ball()
    write(tmp_path / "cell.obj", vertex * np.nan, face)
    assert "the surface is empty" in answer(capsys, "geometry", tmp_path / "cell.obj", "--repair")
    assert "not a mesh file" in answer(capsys, "geometry", tmp_path / "cell.toml", "--repair")


def test_its_unit_is_told_on_the_command_line(tmp_path, capsys):
    """A ball of 0.4 um in nm: its volume, mended or not, and what is exported, are in um."""
    write(tmp_path / "cell.obj", *in_nanometres())
    plain = load_geometry(tmp_path / "cell.obj", unit="nm").volume
    assert plain == pytest.approx(8.0 * 4 / 3 * np.pi * 0.064, rel=0.03)
    asked = ["geometry", str(tmp_path / "cell.obj"), "--unit", "nm"]
    for more in ([], ["--repair"]):
        assert cli.main([*asked, *more, "--export", str(tmp_path / "out.stl")]) == cli.DONE
        assert load_geometry(tmp_path / "out.stl").volume == pytest.approx(plain, rel=1e-5)
        capsys.readouterr()
    assert answer(capsys, "geometry", tmp_path / "cell.obj", "--unit", "mM").startswith(
        'unit = "mM": a length is given'
    )
    (tmp_path / "cell.toml").write_text('schema = 1\n[geometry]\nmesh = "cell.obj"\nunit = "nm"\n')
    assert "cell.toml: --unit is for a mesh" in answer(capsys, "geometry", tmp_path / "cell.toml", "--unit", "nm")


def test_where_a_reconstruction_was_cut_there_is_a_region(tmp_path):
    """A ball cut open at z = 0.2: the cap is flat, lies there, and has the area of the circle."""
    vertex, face = ball()
    tall = vertex[face][..., 2].max(axis=1) > 0.2
    keep = face[~tall]
    write(tmp_path / "cell.obj", vertex, keep)
    mended, changes = mend(tmp_path / "cell.obj")
    (said,) = changes
    assert said.endswith("region cut_1") and mended.regions == ("membrane", "cut_1")
    centre = mended.triangles[mended.faces_of(1)].mean(axis=1)
    rim = vertex[np.intersect1d(keep, face[tall])]
    assert np.abs(centre[:, 2] - rim[:, 2].mean()).max() < 0.06
    across = np.pi * np.hypot(rim[:, 0], rim[:, 1]).mean() ** 2
    assert mended.region_area[1] == pytest.approx(across, rel=0.1)


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


POSED = """schema = 1
[geometry]
mesh  = "ball.obj"
unit  = "nm"
scale = 1.25
turn  = { axis = [0, 0, 1], angle = "90 deg" }
move  = ["0 um", "0 um", "2 um"]
[[geometry.region]]
name = "east"
within = { box = { low = ["0.3 um", "-1 um", "1 um"], high = ["1 um", "1 um", "3 um"] } }
"""


def test_a_mesh_is_scaled_turned_and_moved(tmp_path):
    """A ball whose lowest y was marked: it comes to lie in the east, 1.25 times as far out, 2 um further up."""
    vertex, face = ball()
    marked = vertex[:, 1] < -0.35
    vertex[marked, 1] -= 0.1
    write(tmp_path / "ball.obj", 1e3 * vertex, face)
    (tmp_path / "posed.toml").write_text(POSED)
    made = load_geometry(tmp_path / "posed.toml")
    plain = build(GeometrySpec(mesh=tmp_path / "ball.obj", unit=1e-3))
    assert made.volume == pytest.approx(1.25**3 * plain.volume, rel=1e-6)
    turned = np.stack([-vertex[:, 1], vertex[:, 0], vertex[:, 2]], axis=1) * 1.25 + (0.0, 0.0, 2.0)
    np.testing.assert_allclose(np.sort(made.vertex, axis=0), np.sort(turned, axis=0), atol=1e-6)
    assert "east" in made.regions
    again = load_geometry(tmp_path / "posed.toml", ["geometry.scale=1"])
    assert again.volume == pytest.approx(plain.volume, rel=1e-6)


@pytest.mark.parametrize(
    "line, said",
    [
        ("scale = 0", "geometry.scale = 0: it must be above 0"),
        ("turn = { axis = [0, 0, 0], angle = 1.0 }", "geometry.turn.axis"),
        ('head_radius = "1 um"', "geometry.head_radius is not a key"),
    ],
)
def test_a_pose_that_cannot_be(tmp_path, capsys, line, said):
    write(tmp_path / "ball.obj", *ball())
    (tmp_path / "posed.toml").write_text(f'schema = 1\n[geometry]\nmesh = "ball.obj"\n{line}\n')
    assert cli.main(["geometry", str(tmp_path / "posed.toml")]) == 2
    assert said in capsys.readouterr().err


def test_only_a_mesh_has_a_pose(tmp_path, capsys):
    (tmp_path / "g.toml").write_text('schema = 1\n[geometry]\nkind = "sphere"\nradius = "0.3 um"\nscale = 2\n')
    assert cli.main(["geometry", str(tmp_path / "g.toml")]) == 2
    assert "geometry.scale = 2: only a mesh is scaled, turned and moved" in capsys.readouterr().err


def dendrite():
    """A mushroom and a stubby spine on a shaft."""
    mushroom = {"at": 1.0, "head_radius": 0.25, "neck_radius": 0.08, "neck_length": 0.4, "psd_radius": 0.1}
    stubby = {"kind": "stubby", "at": 2.2, "angle": 2.0, "head_radius": 0.2, "head_height": 0.35, "psd_radius": 0.1}
    shape = Shape("dendrite", {"length": 3.0, "radius": 0.3, "edge": 0.08, "spine": [mushroom, stubby]})
    made = build(GeometrySpec(shape=shape))
    return made.vertex, made.face


def test_spines_are_found_and_are_regions(tmp_path, capsys):
    write(tmp_path / "cell.obj", *dendrite())
    files = "--export", str(tmp_path / "out.ply"), "--plot", str(tmp_path / "out.png")
    assert cli.main(["geometry", str(tmp_path / "cell.obj"), "--find-spines", *files]) == cli.DONE
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "spines: 2 spines are seen. That is a suggestion: look at each, and correct it."
    assert [line.split()[0] for line in told[3:5]] == ["spine_1", "spine_2"]
    assert told[5] == "cell.obj"
    described = [line.split() for line in told[6:] if line.startswith("  spine_")]
    regions = json.loads((tmp_path / "out.regions.json").read_text())
    assert {name: len(faces) for name, faces in regions.items()} == {row[0]: int(row[-1]) for row in described}
    assert list(regions) == ["spine_1", "spine_2"] and (tmp_path / "out.png").stat().st_size > 10_000
    read = load_geometry(tmp_path / "out.ply")
    mushroom = read.face_area[regions["spine_1"]].sum(), read.face_area[regions["spine_2"]].sum()
    ball_on_neck = 4.0 * np.pi * 0.25**2 + 2.0 * np.pi * 0.08 * 0.4
    assert max(mushroom) == pytest.approx(ball_on_neck, rel=0.06)


def test_spines_are_looked_for_in_a_mesh_that_shows_a_shaft_and_has_no_names(tmp_path, capsys):
    write(tmp_path / "cell.obj", *ball())
    told = answer(capsys, "geometry", tmp_path / "cell.obj", "--find-spines")
    assert told.startswith("cell.obj: no shaft is seen that spines could stand on: ")
    spine = 'schema = 1\ntitle = "t"\nsource = "s"\n[geometry]\nkind = "dendrite"\nlength = "3 um"\nradius = "0.3 um"\n'
    (tmp_path / "cell.toml").write_text(spine + "spine = []\n")
    told = answer(capsys, "geometry", tmp_path / "cell.toml", "--find-spines", "--plot", tmp_path / "out.png")
    assert "cell.toml: its surface has names already, shaft, " in told
    assert not (tmp_path / "out.png").exists()


def test_a_cut_that_was_closed_keeps_its_region_beside_the_spines(tmp_path, capsys):
    vertex, face = dendrite()
    write(tmp_path / "cell.obj", vertex, face[vertex[face][..., 0].max(axis=1) < 2.8])
    assert cli.main(["geometry", str(tmp_path / "cell.obj"), "--repair", "--find-spines"]) == cli.DONE
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    number = {
        row[0]: int(row[-1]) for row in rows if row and row[0] in ("cut_1", "spine_1", "spine_2") and len(row) == 4
    }
    assert set(number) == {"cut_1", "spine_1", "spine_2"} and min(number.values()) > 0
