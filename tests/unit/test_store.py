"""The store: what is written comes back through plain xarray, and nothing is lost or overwritten."""

import json
import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr

from spinemc import store
from spinemc.errors import StoreError
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.parts import box
from spinemc.layout import positions
from spinemc.store import Block, Layout, Spool, places

TIME = np.linspace(0, 1e-3, 11)
FRAMES = np.array([0.0, 5e-4, 1e-3])


def tetrahedron() -> Geometry:
    return Geometry.of_one_surface(
        name="tetrahedron",
        vertex=np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64),
        face=np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32),
        face_region=np.array([0, 0, 0, 1], dtype=np.int16),
        regions=("membrane", "psd"),
        parts={"head": box((-np.inf, -np.inf, 0.0), (np.inf,) * 3)},
    )


LAYOUT = Layout(
    trials=8,
    time=TIME,
    compartments=("cytosol", "head"),
    volumes=np.array([0.3, 0.2]),
    volume_species=("Ca", "Bm", "CaBm"),
    regions=("membrane", "psd"),
    areas=np.array([2.5, 0.2]),
    surface_species=("PMCA",),
    reactions=("Ca -> 0", "Ca -> 0", "Ca + Bm -> CaBm"),
    boundaries=("Ca at base",),
    block=3,
    ragged=(positions("Ca", FRAMES, (0, 2, 4, 11)),),
    plasticity=(("bell2022", ("Ca in head",), (("weight", "synaptic weight", "1"),)),),
)


class Rows(NamedTuple):
    """What is recorded of a trial."""

    row_size: np.ndarray
    position: np.ndarray
    particle: np.ndarray


def rows(trial: int) -> Rows:
    """Positions of a trial: a different number of molecules in each frame, one frame empty."""
    rng = np.random.default_rng(100 + trial)
    sizes = np.array([trial + 2, 0, 3])
    return Rows(sizes, rng.normal(size=(sizes.sum(), 3)), rng.integers(0, 9, sizes.sum()))


def block(first: int, n: int = 3, layout: Layout = LAYOUT) -> Block:
    """Counts that name their trial, so that a shifted trial would show."""
    t = len(layout.time)

    def numbers(*tail):
        shape = (n, t, *tail)
        trial = np.arange(first, first + n).reshape(n, *[1] * (len(shape) - 1))
        return (np.arange(np.prod(shape[1:])).reshape(shape[1:])[None] + 1000 * trial).astype(np.int64)

    return Block(
        first,
        numbers(len(layout.compartments), len(layout.volume_species)),
        numbers(len(layout.regions), len(layout.surface_species)),
        numbers(len(layout.reactions)),
        numbers(len(layout.boundaries)) - 500,
    )


def weights(first: int, n: int = 3) -> dict:
    return {"bell2022": {"weight": block(first, n).count[:, :, 1:, 0] * 1e-6}}


ATTRIBUTES = {"scenario": "schema = 1\n", "scenario_path": "/somewhere/thin.toml", "provenance": {"seed": 5}}


def frames(path, trial: int) -> None:
    """What a trial leaves while it runs."""
    spool, made = Spool(store.place(path), trial, None, ["positions/Ca"]), rows(trial)
    ends = np.cumsum(made.row_size)
    for end, n in zip(ends, made.row_size, strict=True):
        spool.frame("Ca", made.position[end - n : end], made.particle[end - n : end])
    spool.close()


def add(path, number: int) -> None:
    """Run a block of trials, as it were."""
    trials = LAYOUT.jobs_of(number)
    for trial in trials:
        if trial in (0, 2, 4):
            frames(path, trial)
    n = len(trials)
    store.write(path, LAYOUT, number, block(trials.start, n), weights(trials.start, n))
    store.gather(path, LAYOUT)


def write(path, blocks=(0, 1, 2)):
    store.create(path, LAYOUT, (tetrahedron(),), ATTRIBUTES)
    for number in blocks:
        add(path, number)
    return path


def go_on(path) -> None:
    """What is done after a run has ended before its time."""
    store.place(path).tidy()
    damages = store.verify(path)
    store.repair(path, LAYOUT, lambda: (LAYOUT, (tetrahedron(),)), damages)
    for number in store.missing(path, LAYOUT):
        add(path, number)
    store.gather(path, LAYOUT)


def assert_same(tree, other) -> None:
    for node in other.subtree:
        for name, values in node.variables.items():
            np.testing.assert_array_equal(tree[node.path].variables[name], values, err_msg=name)


def plain(path) -> xr.DataTree:
    """The tree as anybody reads it; a warning of any kind is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xr.open_datatree(path, engine="zarr").load()


def test_round_trip_through_plain_xarray(tmp_path):
    path = write(tmp_path / "run.zarr")
    store.finish(path, {"seed": 5, "wall_time": 1.5})
    tree = plain(path)
    whole = block(0, 8)
    count = tree["counts/count"]
    assert count.dims == ("trial", "time", "compartment", "species")
    assert count.dtype == np.int32
    np.testing.assert_array_equal(count, whole.count)
    np.testing.assert_array_equal(count.sel(compartment="head", species="CaBm").isel(trial=5), whole.count[5, :, 1, 2])
    np.testing.assert_array_equal(count.sel(trial=7, time=1e-3).squeeze(), whole.count[7, -1])
    surface = tree["surface/count"]
    assert surface.dims == ("trial", "time", "region", "species")
    assert surface.dtype == np.int32
    np.testing.assert_array_equal(surface.sel(region="psd"), whole.surface[:, :, 1])
    events = tree["events/count"]
    assert events.dims == ("trial", "time", "reaction")
    assert events.dtype == np.int64
    assert list(events.reaction.values) == ["Ca -> 0", "Ca -> 0 (2)", "Ca + Bm -> CaBm"]
    np.testing.assert_array_equal(events, whole.events)
    np.testing.assert_array_equal(tree["events/absorbed"].sel(boundary="Ca at base"), whole.absorbed[..., 0])
    weight = tree["plasticity/bell2022/weight"]
    assert weight.dims == ("trial", "time", "synapse")
    np.testing.assert_array_equal(weight, weights(0, 8)["bell2022"]["weight"])
    np.testing.assert_array_equal(tree["counts/volume"], [0.3, 0.2])
    np.testing.assert_array_equal(tree["surface/area"], [2.5, 0.2])
    for group in ("counts", "surface", "events", "plasticity/bell2022"):
        np.testing.assert_array_equal(tree[f"{group}/time"], TIME)
        assert tree[f"{group}/time"].attrs["units"] == "s"
        np.testing.assert_array_equal(tree[f"{group}/trial"], np.arange(8))
    np.testing.assert_array_equal(tree["geometry/vertex"], tetrahedron().vertex)
    np.testing.assert_array_equal(tree["geometry/face"], tetrahedron().face)
    np.testing.assert_array_equal(tree["geometry/face_region"], tetrahedron().face_region)
    assert list(tree["geometry/region"].values) == ["membrane", "psd"]
    assert tree.attrs["scenario"] == "schema = 1\n"
    assert tree.attrs["conventions"] == "CF-1.11"
    assert json.loads(tree.attrs["provenance"]) == {"seed": 5, "wall_time": 1.5}
    assert tree.attrs["complete"] is True


def test_positions_are_ragged_and_kept_to_half_a_nanometre(tmp_path):
    tree = plain(write(tmp_path / "run.zarr"))
    kept = tree["positions/Ca"]
    assert list(kept["trial"].values) == [0, 2, 4]
    np.testing.assert_array_equal(kept["frame"], FRAMES)
    np.testing.assert_array_equal(kept["row_size"], [rows(k).row_size for k in (0, 2, 4)])
    position = np.concatenate([rows(k).position for k in (0, 2, 4)])
    assert kept["position"].dims == ("row", "xyz")
    assert kept["position"].encoding["dtype"] == np.int32
    assert kept["position"].attrs["units"] == "um"
    np.testing.assert_allclose(kept["position"], position, rtol=0, atol=0.5001e-3)
    np.testing.assert_array_equal(kept["particle"], np.concatenate([rows(k).particle for k in (0, 2, 4)]))


def test_open_gives_concentration_of_each_part_that_is_looked_at(tmp_path):
    tree = store.open(write(tmp_path / "run.zarr"))
    expected = block(0, 8).count / np.array([0.3, 0.2])[:, None] / 602.214076
    concentration = tree["counts/concentration"]
    assert concentration.dims == ("trial", "time", "compartment", "species")
    assert concentration.attrs["units"] == "umol L^-1"
    assert not concentration.variable._in_memory
    part = concentration.sel(compartment="head", species="Ca").isel(trial=[6, 1], time=slice(2, None, 3))
    np.testing.assert_allclose(part, expected[[6, 1], 2::3, 1, 0], rtol=1e-14)
    np.testing.assert_allclose(concentration, expected, rtol=1e-14)
    assert "concentration" not in plain(tmp_path / "run.zarr")["counts"]


def test_open_is_cut_to_the_finished_trials(tmp_path):
    path = tmp_path / "run.zarr"
    for blocks, trials, kept in ([(), 0, []], [(0,), 3, [0, 2]], [(0, 1), 6, [0, 2, 4]]):
        target = write(path.with_name(f"{trials}.zarr"), blocks)
        assert store.finished(target) == trials
        tree = store.open(target)
        assert tree["counts/count"].shape[0] == trials
        np.testing.assert_array_equal(tree["counts/count"], block(0, trials).count)
        assert tree["counts/concentration"].shape[0] == trials
        assert tree["plasticity/bell2022/weight"].shape[0] == trials
        assert list(tree["positions/Ca/trial"].values) == kept
        assert tree["positions/Ca"].sizes["row"] == sum(rows(k).row_size.sum() for k in kept)
        assert tree.attrs["complete"] is False
        plain(target)


class Killed(BaseException):
    """As a process that is killed: nothing after it happens."""


def count_down(monkeypatch, last: float) -> list[int]:
    """Let no more than so many writes happen, whoever makes them; how many there were."""
    from zarr.storage import LocalStore

    made = [0]

    def counted(write):
        def one(*arguments, **named):
            if made[0] >= last:
                raise Killed
            made[0] += 1
            return write(*arguments, **named)

        return one

    for name in ("set", "set_if_not_exists"):
        monkeypatch.setattr(LocalStore, name, counted(getattr(LocalStore, name)))
    for name in ("write", "remove"):
        monkeypatch.setattr(places.Folder, name, counted(getattr(places.Folder, name)))
    return made


def test_a_run_killed_before_any_write_goes_on_to_the_same_arrays(tmp_path, monkeypatch):
    """Killed before each single write of a run, one after another: all that was said to be finished is there."""
    whole = plain(write(tmp_path / "whole.zarr"))
    with monkeypatch.context() as patch:
        begun = write(tmp_path / "begun.zarr", ())
        made = count_down(patch, np.inf)
        for number in range(3):
            add(begun, number)
    total = made[0]
    assert total > 50
    for last in range(0, total):
        path = write(tmp_path / f"{last}.zarr", ())
        told = 0
        with monkeypatch.context() as patch, pytest.raises(Killed):
            count_down(patch, last)
            for number in range(3):
                add(path, number)
                told = store.finished(path)
        assert store.finished(path) >= told
        cut = store.open(path)
        np.testing.assert_array_equal(cut["counts/count"], block(0, store.finished(path)).count)
        go_on(path)
        assert store.finished(path) == 8
        assert store.verify(path) == []
        assert_same(plain(path), whole)


def test_blocks_may_be_written_in_any_order(tmp_path):
    whole = plain(write(tmp_path / "whole.zarr"))
    path = write(tmp_path / "other.zarr", (2, 1))
    assert store.finished(path) == 0 and store.missing(path, LAYOUT) == [0]
    add(path, 0)
    assert store.finished(path) == 8
    assert_same(plain(path), whole)


def test_every_flipped_bit_is_found_and_mended(tmp_path):
    """Two hundred single bits, anywhere in any file: each is told of by its file; of some, all is made again."""
    path = write(tmp_path / "run.zarr")
    whole, rng = plain(path), np.random.default_rng(11)
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and file.stat().st_size]
    size = np.array([file.stat().st_size for file in files])
    for n in range(200):
        file = files[rng.choice(len(files), p=size / size.sum() if rng.random() < 0.5 else None)]
        data = bytearray(file.read_bytes())
        place, bit = int(rng.integers(len(data))), int(rng.integers(8))
        data[place] ^= 1 << bit
        file.write_bytes(data)
        found = store.verify(path)
        assert [damage.key for damage in found] == [file.relative_to(path).as_posix()]
        if n % 10:
            data[place] ^= 1 << bit
            file.write_bytes(data)
        else:
            go_on(path)
            assert_same(plain(path), whole)
        assert store.verify(path) == []


def test_a_file_that_is_lost_is_found_and_made_again(tmp_path):
    path = write(tmp_path / "run.zarr")
    whole = plain(path)
    for file in sorted(path.rglob("*")):
        if not file.is_file() or not file.stat().st_size:
            continue
        key, data = file.relative_to(path).as_posix(), file.read_bytes()
        file.unlink()
        (damage,) = store.verify(path)
        assert damage.key == key and (damage.what == "is missing" or key == "zarr.json")
        if key.startswith(("counts", ".spinemc", "positions/Ca/p", "positions/Ca/r", "zarr.json")):
            go_on(path)
            assert store.verify(path) == []
        else:
            file.write_bytes(data)
    assert_same(plain(path), whole)


def test_only_the_damaged_block_is_run_again(tmp_path):
    path = write(tmp_path / "run.zarr")
    chunk = path / "counts/count/c.1.0.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"x")
    (damage,) = store.verify(path)
    assert str(damage) == "counts/count/c.1.0.0.0: is not as it was written, of block 1"
    assert store.repair(path, LAYOUT, lambda: (LAYOUT, (tetrahedron(),)), [damage]) == [1]
    assert store.missing(path, LAYOUT) == [1]


def test_a_store_that_is_being_written_is_left_to_who_writes_it(tmp_path):
    path = write(tmp_path / "run.zarr", ())
    with store.place(path).hold():
        again = store.place(path).hold()
        with pytest.raises(StoreError, match=r"run.zarr is being written by process \d+ on .*, since .*: wait"), again:
            pass
        with pytest.raises(StoreError, match="is being written"):
            store.create(path, LAYOUT, (tetrahedron(),), ATTRIBUTES, overwrite=True)
    with store.place(path).hold():
        pass


def test_an_existing_store_is_not_overwritten_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("run.zarr", (0,))
    before = {p: p.read_bytes() for p in (tmp_path / "run.zarr").rglob("*") if p.is_file()}
    with pytest.raises(StoreError) as error:
        store.create("run.zarr", LAYOUT, (tetrahedron(),), ATTRIBUTES)
    assert str(error.value) == (
        "run.zarr exists and holds 3 of 8 trials: `spinemc resume run.zarr` goes on, --overwrite starts again."
    )
    assert {p: p.read_bytes() for p in (tmp_path / "run.zarr").rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.zarr"]
    store.create("run.zarr", LAYOUT, (tetrahedron(),), ATTRIBUTES, overwrite=True)
    assert store.finished("run.zarr") == 0
    assert np.all(plain("run.zarr")["counts/count"] == -1)
    assert [p.name for p in tmp_path.iterdir()] == ["run.zarr"]


def test_a_complete_store_says_so(tmp_path):
    path = write(tmp_path / "run.zarr")
    store.finish(path, {})
    with pytest.raises(StoreError, match=r"exists and is complete: --overwrite starts again"):
        store.create(path, LAYOUT, (tetrahedron(),), ATTRIBUTES)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_store_of_ours_is_never_overwritten(tmp_path, overwrite):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    other = tmp_path / "other.zarr"
    xr.Dataset({"x": ("i", [1, 2])}).to_zarr(other, zarr_format=3, consolidated=False)
    for path in (folder, other, folder / "chapter.txt"):
        with pytest.raises(StoreError, match="is not a store of spinemc: it is left alone"):
            store.create(path, LAYOUT, (tetrahedron(),), ATTRIBUTES, overwrite=overwrite)
    assert (folder / "chapter.txt").read_text() == "years of work"
    assert xr.open_zarr(other, consolidated=False)["x"].values.tolist() == [1, 2]


def test_a_place_where_nothing_can_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"there is no folder .*nowhere: make it first"):
        store.create(tmp_path / "nowhere" / "run.zarr", LAYOUT, (tetrahedron(),), ATTRIBUTES)
    with pytest.raises(StoreError, match="there is no such store"):
        store.open(tmp_path / "run.zarr")
    with pytest.raises(StoreError, match=r"is not a store of spinemc\."):
        store.finished(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_create_that_fails_leaves_nothing(tmp_path):
    broken = replace(LAYOUT, volumes=np.array([["no", "number"]]))
    with pytest.raises(ValueError, match="could not convert"):
        store.create(tmp_path / "run.zarr", broken, (tetrahedron(),), ATTRIBUTES)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_one_sentence_and_loses_nothing(tmp_path, monkeypatch):
    import zarr

    path = write(tmp_path / "run.zarr", (0,))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="No space left on device"):
        patch.setattr(zarr.Array, "__setitem__", full)
        add(path, 1)
    assert store.finished(path) == 3


def test_a_block_is_the_trials_it_says_it_is(tmp_path):
    path = write(tmp_path / "run.zarr", (0,))
    for number, first, n in ((1, 0, 3), (2, 6, 3), (1, 3, 2)):
        with pytest.raises(ValueError, match=f"trials from {first} on are not block {number}"):
            store.write(path, LAYOUT, number, block(first, n), weights(first, n))
    assert store.finished(path) == 3


def test_a_block_is_one_chunk_until_it_is_large(tmp_path):
    import zarr

    path = write(tmp_path / "small.zarr", ())
    assert zarr.open_array(path, path="counts/count").chunks == (3, 11, 2, 3)
    long = replace(LAYOUT, time=np.linspace(0, 1, 100_001), ragged=())
    store.create(tmp_path / "long.zarr", long, (tetrahedron(),), ATTRIBUTES)
    chunks = zarr.open_array(tmp_path / "long.zarr", path="counts/count").chunks
    assert chunks[0] == 3
    assert chunks[1] < 100_001
    assert 3_000_000 < np.prod(chunks) * 4 <= 4_000_000


def test_a_scenario_with_nothing_but_volume_species_and_real_numbers(tmp_path):
    bare = Layout(
        trials=1,
        time=TIME,
        compartments=("cytosol",),
        volumes=np.array([0.3]),
        volume_species=("Ca",),
        regions=("membrane",),
        areas=np.array([2.5]),
        surface_species=(),
        block=1,
        integer=False,
    )
    path = tmp_path / "ode.zarr"
    store.create(path, bare, (tetrahedron(),), {"scenario": "schema = 1"})
    count = np.linspace(0, 1.5, 11).reshape(1, 11, 1, 1)
    empty = np.empty((1, 11, 1, 0))
    store.write(path, bare, 0, Block(0, count, empty, empty[:, :, 0], empty[:, :, 0]))
    store.gather(path, bare)
    tree = plain(path)
    assert tree["counts/count"].dtype == np.float64
    np.testing.assert_array_equal(tree["counts/count"], count)
    assert tree["surface/count"].shape == (1, 11, 1, 0)
    assert store.open(path)["counts/concentration"].shape == (1, 11, 1, 1)


def test_read_scenario(tmp_path):
    path = write(tmp_path / "run.zarr", ())
    assert store.read_scenario(path) == ("schema = 1\n", "/somewhere/thin.toml")
    store.create(tmp_path / "code.zarr", LAYOUT, (tetrahedron(),), {"scenario": "schema = 1\n"})
    assert store.read_scenario(tmp_path / "code.zarr") == ("schema = 1\n", None)
