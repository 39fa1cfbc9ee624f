"""`spinemc report`: what is in the file, and what of a store it is."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pages
import pytest

import spinemc as smc
from spinemc import cli, contrast, observables, remodelling
from spinemc.observables.comparison import Twin
from spinemc.page import charts, gather, scene
from spinemc.page.pack import Arrays
from spinemc.page.states import states
from spinemc.twins import levels


class Read(HTMLParser):
    """The elements of a page with their attributes, and the text of those that hold raw text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.raw: list[str] = []
        self._within = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._within = tag in ("script", "style", "title")
        self.raw += [""] * self._within

    def handle_endtag(self, tag):
        self._within = False

    def handle_data(self, data):
        if self._within:
            self.raw[-1] += data

    def called(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def store(page_store):
    return page_store


@pytest.fixture(scope="module")
def page(store):
    assert cli.main(["report", str(store), "--with", "ode", "--quiet"]) == 0
    return store.with_suffix(".html")


@pytest.fixture(scope="module")
def told(page):
    return json.loads(re.search(r'id="told">(.*?)</script>', page.read_text(), re.S)[1])


@pytest.fixture(scope="module")
def at(page):
    """What gives an array of the page."""
    packed = re.search(r'id="arrays">(.*?)</script>', page.read_text(), re.S)[1]
    data = gzip.decompress(b64decode(packed))
    return lambda one: np.frombuffer(data, f"<{one['type']}", one["length"], one["at"])


def test_it_is_one_file_that_fetches_nothing(page):
    read = Read(page.read_text())
    assert [a.get("type") for a in read.called("script")] == ["application/json", "text/plain", "module"]
    assert not [a for _, a in read.elements if "src" in a]
    assert [a["href"] for a in read.called("link")] == ["data:,"]
    policy = next(a["content"] for a in read.called("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style, script = next(s for s in read.raw if "--ink" in s), read.raw[-1]
    for kind, text in (("script", script), ("style", style)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script + style)


def test_texts_of_a_scenario_stay_texts(page, told):
    assert told["title"] == pages.TITLE and pages.TITLE not in page.read_text()
    read = Read(page.read_text())
    assert len(read.called("script")) == 3 and read.called("img") == []
    assert read.raw[0] == pages.TITLE


def test_molecules_are_those_of_the_store(store, told, at):
    """Each ion of each frame where the store has it, to the nanometre, on what holds it, and in its compartment."""
    tree = smc.open(store)
    node = tree["positions/Ca"].to_dataset()
    (cloud,) = told["scene"]["clouds"]
    rows = slice(0, int(node["row_size"][0].sum()))
    place = np.array(told["scene"]["low"]) + cloud["step"] * np.stack([at(axis) for axis in cloud["xyz"]], 1)
    np.testing.assert_allclose(place, node["position"].values[rows], atol=1e-9)
    np.testing.assert_array_equal(at(cloud["size"]), node["row_size"].values[0])
    np.testing.assert_allclose(at(cloud["frame"]), 1e3 * node["frame"].values, rtol=1e-6)
    names = np.array([one["name"] for one in cloud["holders"]])[at(cloud["holder"])]
    population = np.array(list(map(str, node["population"].values)))
    np.testing.assert_array_equal(names, population[node["carrier"].values[rows]])
    where = np.array(cloud["places"])[at(cloud["place"])]
    clear = abs(place[:, 2] - pages.NECK) > 1e-6  # rounding to the nanometre may put one on the plane
    np.testing.assert_array_equal((where == "head")[clear], (place[:, 2] > pages.NECK)[clear])
    free = np.bincount(np.repeat(np.arange(len(at(cloud["size"]))), at(cloud["size"]))[names == "Ca"])
    counted = tree["counts/count"].sel(species="Ca", compartment="cytosol", trial=0).values
    np.testing.assert_array_equal(free, counted[:: pages.SAMPLES])


def test_an_ion_is_free_bound_or_in_a_pump(store):
    """The pump takes ions out; the buffer and the gate's own site hold them."""
    found = states(contrast.system_of(smc.open(store)))
    assert found == {"Ca": "free", "CaB": "bound", "PMCA_Ca": "in a pump", "Site_Ca": "bound"}


def view(told, key, name, quantity):
    chart = next(one for one in told["charts"] if one["key"] == key)
    return next(one for one in chart["views"] if (one["name"], one["quantity"]) == (name, quantity))


def line(view, role, number=0):
    return [one for one in view["lines"] if one["role"] == role][number]


def test_charts_are_the_trials_and_what_theory_says_of_them(store, told, at):
    tree = smc.open(store)
    count = tree["counts/count"].sel(species="Ca", compartment="head").values
    shown = view(told, "counts", "Ca in head", "concentration")
    np.testing.assert_array_equal(at(line(shown, "trials")["y"]).reshape(count.shape), count)
    mean = tree["counts/concentration"].sel(species="Ca", compartment="head").mean("trial").values
    np.testing.assert_allclose(shown["factor"] * at(line(shown, "mean")["y"]), mean, rtol=1e-5)
    band = line(shown, "band")
    np.testing.assert_allclose(at(band["high"]) - at(band["low"]), 2 * count.std(axis=0, ddof=1), rtol=1e-4, atol=1e-3)
    rates = contrast.twin(tree)
    ode = rates["counts/count"].sel(species="Ca", compartment="head").values
    np.testing.assert_allclose(at(line(shown, "twin")["y"]), ode, rtol=1e-4, atol=1e-4)
    noise = view(told, "noise", "Ca in head", "Fano factor")
    fano = count.var(axis=0, ddof=1) / count.mean(axis=0)
    np.testing.assert_allclose(at(line(noise, "mean")["y"]), fano, rtol=1e-4)
    weight = view(told, "weight", "bell2022, Ca in head", "weight")
    ours = tree["plasticity/bell2022/weight"].values[..., 0]
    np.testing.assert_allclose(at(line(weight, "trials")["y"]).reshape(ours.shape), ours, rtol=1e-6)
    assert line(weight, "twin")["name"] == "rate equations (ode)"
    fired = view(told, "events", "PMCA_Ca -> PMCA", "events")
    np.testing.assert_array_equal(
        at(line(fired, "trials")["y"]), tree["events/count"].sel(reaction="PMCA_Ca -> PMCA").values.ravel()
    )
    assert told["compared"]["verdict"].startswith(("ode is safe here", "ode is not safe here"))


def test_theory_stands_beside_the_noise(store):
    """Of a theory that expects the mean as variance: a Fano factor of 1, and the root of the mean."""
    tree, arrays = smc.open(store), Arrays()
    rates = contrast.twin(tree)
    found = observables.comparison(tree, {"lna": Twin(rates, variance=rates)})
    told = {"charts": charts.charts(tree, found, None, arrays)}
    data = gzip.decompress(b64decode(arrays.text()))
    mean = rates["counts/count"].sel(species="Ca", compartment="head").values
    for quantity, expected in (("Fano factor", np.ones_like(mean)), ("standard deviation", np.sqrt(mean))):
        y = line(view(told, "noise", "Ca in head", quantity), "twin")["y"]
        np.testing.assert_allclose(np.frombuffer(data, "<f4", y["length"], y["at"]), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], "u1"),
        ([0, 256], "u2"),
        ([0, 65536], "u4"),
        ([-1, 3], "i4"),
        ([0.5], "f4"),
        ([2**40], "f4"),
        ([], "f4"),
    ],
)
def test_arrays_come_back(values, kind):
    arrays = Arrays()
    arrays.add(np.array([7], np.uint8))
    told = arrays.add(np.array(values))
    data = gzip.decompress(b64decode(arrays.text()))
    assert told["type"] == kind and told["at"] % 4 == 0
    np.testing.assert_array_equal(np.frombuffer(data, f"<{kind}", told["length"], told["at"]), values)


def test_what_is_refused(store, page, tmp_path, capsys):
    def says(*arguments):
        assert cli.main(["report", *map(str, arguments)]) == 2
        return capsys.readouterr().err

    before = page.read_bytes()
    assert says(store, "--with", "none") == f"{page} exists: --overwrite replaces it, or choose another --out.\n"
    assert page.read_bytes() == before
    assert '--with "lnb" is not a level' in says(store, "--with", "ode,lnb", "--out", tmp_path / "a.html")
    told = says(store, "--trial", 1, "--with", "none", "--out", tmp_path / "a.html", "--quiet")
    assert told == "page.zarr: no positions of trial 1 are in it; there are those of 0.\n"
    assert "there is no folder" in says(store, "--with", "none", "--out", tmp_path / "no" / "a.html", "--quiet")
    assert "there is no such store" in says(tmp_path / "no.zarr")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_told(store, tmp_path, monkeypatch):
    """A level without molecules says so as the engine does; a scenario that cannot be read leaves the rest."""
    scenario = smc.load_scenario(store.with_suffix(".toml"))
    smc.run(levels.at(scenario, "ode"), tmp_path / "means.zarr")
    told = gather(tmp_path / "means.zarr", ("none",)).told
    why = "ode has mean numbers in well-mixed parts and no single molecules: run it with particles."
    assert told["scene"]["why"] == why and told["scene"]["clouds"] == []
    assert {chart["key"] for chart in told["charts"]} == {"counts", "weight", "events"}

    def changed(tree):
        raise smc.SpinemcError("a file has changed.")

    monkeypatch.setattr(contrast, "system_of", changed)
    told = gather(store, ("ode",)).told
    assert told["notes"] == ["Compartments, pumps and other levels are not shown: a file has changed."]
    assert told["scene"]["states"] == ["free", "bound"] and "places" not in told["scene"]["clouds"][0]
    assert not told["compared"]["verdict"]


def test_much_is_thinned_and_told(store, monkeypatch):
    """Of many rows every k-th frame, whole; of many trials the first; means and bands are of all."""
    monkeypatch.setattr(scene, "MOST_ROWS", 700)
    monkeypatch.setattr(charts, "MOST_TRIALS", 2)
    tree, page = smc.open(store), gather(store, ("none",))
    data = gzip.decompress(b64decode(page.arrays))
    sizes = tree["positions/Ca/row_size"].values[0]
    shown, (cloud,) = page.told["scene"], page.told["scene"]["clouds"]
    assert shown["left_out"] == -(-sizes.sum() // 700) > 1
    size = cloud["size"]
    kept = np.frombuffer(data, f"<{size['type']}", size["length"], size["at"])
    np.testing.assert_array_equal(kept, sizes[:: shown["left_out"]])
    assert cloud["holder"]["length"] == kept.sum()
    lines = view(page.told, "counts", "Ca in head", "number")["lines"]
    assert [one["name"] for one in lines] == ["mean ± SD", "the first 2 trials", "mean of 6 trials"]
    assert lines[1]["y"]["length"] == 2 * tree["counts"].sizes["time"]


# linear RGB as seen without one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1
SIGHTS = {
    "usual": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(linear):
    """CIELAB of linear sRGB under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(linear, 0.001, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
def test_states_differ_for_every_eye(sight):
    """Colours of the three states are 20 of CIELAB apart, ten times what can just be told, and 10 in lightness."""
    text = (files("spinemc.page") / "assets" / "scene.js").read_text()
    hexes = re.findall(r"#[0-9a-f]{6}", re.search(r"PALETTE = \[(.*?)\]", text)[1])
    rgb = np.array([[int(one[i : i + 2], 16) / 255 for i in (1, 3, 5)] for one in hexes[:3]])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = [lab(np.array(SIGHTS[sight]) @ one) for one in linear]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.linalg.norm(seen[a] - seen[b]) > 20 and abs(seen[a][0] - seen[b][0]) > 10
    assert len(set(hexes)) == 8


def test_a_folder_of_epochs_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(remodelling, "is_course", lambda path: True)
    monkeypatch.setattr(remodelling, "stores", lambda path: ["a.epochs/0.zarr", "a.epochs/1.zarr"])
    assert cli.main(["report", str(tmp_path / "a.epochs")]) == 2
    said = (
        "a.epochs: holds epochs, and a page shows one run: give one of its stores, a.epochs/0.zarr, a.epochs/1.zarr.\n"
    )
    assert capsys.readouterr().err.endswith(said)
