"""The figures: what they draw is what the store holds, and what they write is a picture."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.image import imread

from spinemc import figures, observables, plasticity, store
from spinemc.errors import SpinemcError
from spinemc.figures.mesh import _round_length
from spinemc.figures.style import blank
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.parts import box
from spinemc.observables.comparison import Twin
from spinemc.scenario import PlasticitySpec

TIME = np.linspace(0, 0.02, 41)
SCENARIO = """
title = "An octahedron"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
parameters = { theta_p = 300.0 }
"""
STEPS = ("Ca + Bf -> CaBf", "CaBf -> Ca + Bf", "PMCA -> PMCA + Ca", "Ca + PMCA -> PMCA_Ca", "VSCC -> VSCC + Ca")
SPEC = PlasticitySpec("bell2022", "Ca", "head", {"theta_p": 300.0})


def octahedron() -> Geometry:
    corner = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float64)
    face = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    return Geometry.of_one_surface(
        name="octahedron",
        vertex=0.3 * corner,
        face=np.array(face, dtype=np.int32),
        face_region=np.array([1, 1, 1, 1, 0, 0, 2, 2], dtype=np.int16),
        regions=("membrane", "psd", "spot"),
        parts={"head": box((-np.inf, -np.inf, 0.0), (np.inf,) * 3)},
    )


def run(path, trials: int = 6, rules: bool = True) -> xr.DataTree:
    """A made-up run: calcium that comes and goes, a buffer that fills, a channel that flickers."""
    rng = np.random.default_rng(8)
    pulse = 450 * (np.exp(-TIME / 0.008) - np.exp(-TIME / 0.001))
    calcium = rng.poisson(np.broadcast_to(pulse, (trials, len(TIME))))
    bound = rng.poisson(2.0, (trials, len(TIME))).cumsum(axis=1)
    still = np.full_like(bound, 100)
    opened = rng.integers(0, 2, bound.shape)
    count = np.stack([calcium, calcium // 2], axis=2)[..., None]
    surface = np.stack([still - bound, bound, still, bound // 9, opened], axis=2)[:, :, None].repeat(3, axis=2)
    specs = (SPEC,) if rules else ()
    layout = store.Layout(
        trials=trials,
        time=TIME,
        compartments=("cytosol", "head"),
        volumes=np.array([0.036, 0.018]),
        volume_species=("Ca",),
        regions=("membrane", "psd", "spot"),
        areas=np.ones(3),
        surface_species=("Bf", "CaBf", "PMCA", "PMCA_Ca", "VSCC"),
        reactions=STEPS,
        block=trials,
        plasticity=plasticity.synapses(specs),
    )
    events = np.zeros((trials, len(TIME), len(STEPS)), dtype=np.int64)
    weights = plasticity.evaluate(specs, TIME, count, layout.volumes, layout.compartments, layout.volume_species)
    store.create(path, layout, (octahedron(),), {"scenario": SCENARIO if rules else "schema = 1"})
    store.write(path, layout, 0, store.Block(0, count, surface, events, events[:, :, :0]), weights)
    store.gather(path, layout)
    return store.open(path)


def twin(tree: xr.DataTree) -> xr.Dataset:
    """The mean of the trials, smooth, as rate equations would give it."""
    return tree["counts"].to_dataset()[["count"]].mean("trial")


def colours(path) -> int:
    return len(np.unique((imread(path)[..., :3] * 255).astype(np.int64) @ [65536, 256, 1]))


def axes(projection=None):
    return blank(4, 3).add_subplot(projection=projection)


def is_picture(path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and colours(path) > 100


def test_plot_run_writes_a_picture_of_every_panel(tmp_path):
    tree = run(tmp_path / "run.zarr")
    figure = figures.plot_run(tree, tmp_path / "run.png", twin(tree))
    assert isinstance(figure, Figure)
    assert is_picture(tmp_path / "run.png")
    titles = [ax.get_title(loc="left") for ax in figure.axes[1:]]
    assert [title.split(",")[0] for title in titles] == [
        "Free Ca", "Open channels", "Bound Ca", "Synaptic weight", "Noise", "Spread over trials",
    ]  # fmt: skip
    assert "An octahedron" in [text.get_text() for text in figure.texts]


def test_plot_run_does_with_one_trial_and_no_rule(tmp_path):
    figure = figures.plot_run(run(tmp_path / "run.zarr", trials=1, rules=False), tmp_path / "run.png")
    assert is_picture(tmp_path / "run.png")
    titles = [ax.get_title(loc="left").split(",")[0] for ax in figure.axes[1:]]
    assert titles == ["Free Ca", "Open channels", "Bound Ca", "Spread over trials"]


def test_draw_counts_draws_every_trial_the_mean_and_the_twin(tmp_path):
    tree = run(tmp_path / "run.zarr")
    ax = axes()
    assert figures.draw_counts(ax, tree, "Ca", twin(tree)) is ax
    calcium = tree["counts/count"].values[:, :, 0, 0]
    drawn = [line.get_ydata() for line in ax.lines]
    assert len(drawn) == 6 + 2
    np.testing.assert_array_equal(drawn[:6], calcium)
    np.testing.assert_allclose(drawn[6], calcium.mean(axis=0))
    np.testing.assert_allclose(drawn[7], calcium.mean(axis=0))
    np.testing.assert_allclose(ax.lines[6].get_xdata(), 1e3 * TIME)


def test_draw_counts_shows_changes_and_bands(tmp_path):
    tree = run(tmp_path / "run.zarr")
    bound = tree["surface/count"].sel(region="membrane", species="CaBf").values
    ax = figures.draw_counts(axes(), tree, ["CaBf", "PMCA_Ca"], change=True, band=True)
    assert len(ax.lines) == 2
    np.testing.assert_allclose(ax.lines[0].get_ydata(), bound.mean(axis=0) - bound[:, 0].mean(), atol=1e-12)
    assert len(ax.collections) == 2


def test_draw_weight_draws_the_twins_own_weight(tmp_path):
    tree = run(tmp_path / "run.zarr")
    model = twin(tree)
    calcium = model["count"].sel(compartment="head", species="Ca").values
    own = plasticity.apply("bell2022", plasticity.trace(TIME, calcium), parameters={"theta_p": 300.0})["weight"]
    time, weight = figures.twin_weight(tree, "bell2022", model)
    np.testing.assert_array_equal(time, TIME)
    np.testing.assert_allclose(weight, own, rtol=1e-12)
    ax = figures.draw_weight(axes(), tree, "bell2022", model)
    dashed = ax.lines[-1]
    np.testing.assert_allclose(dashed.get_xdata(), 1e3 * TIME)
    scale = ax.lines[1].get_ydata()[-1] / tree["plasticity/bell2022/weight"].values[0, -1, 0]
    np.testing.assert_allclose(dashed.get_ydata(), scale * own, rtol=1e-9)
    assert rf"10^{{{-round(np.log10(scale))}}}" in ax.get_ylabel()


def test_draw_spread_puts_each_trial_at_its_peak_and_weight(tmp_path):
    tree = run(tmp_path / "run.zarr")
    ax = figures.draw_spread(axes(), tree, "Ca", "bell2022")
    dots = ax.collections[0].get_offsets()
    np.testing.assert_array_equal(dots[:, 0], tree["counts/count"].values[:, :, 0, 0].max(axis=1))
    last = tree["plasticity/bell2022/weight"].values[:, -1, 0]
    np.testing.assert_allclose(dots[:, 1] / dots[0, 1], last / last[0])


def test_draw_mesh_draws_each_region_in_its_own_colour():
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    ax = axes("3d")
    assert figures.draw_mesh(ax, octahedron()) is ax
    surface = next(c for c in ax.collections if isinstance(c, Poly3DCollection))
    assert len(np.unique(surface.get_facecolor().round(6), axis=0)) >= 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["membrane", "psd", "spot"]
    assert "0.2 µm" in [text.get_text() for text in ax.texts]


def test_plot_geometry_and_plot_comparison_write_pictures(tmp_path):
    figures.plot_geometry(octahedron(), tmp_path / "mesh.png")
    assert is_picture(tmp_path / "mesh.png")
    tree = run(tmp_path / "run.zarr")
    means = tree.map_over_datasets(lambda group: group.mean("trial") if "trial" in group.dims else group)
    found = observables.comparison(tree, {"ode": Twin(means)})
    figure = figures.plot_comparison(found, tmp_path / "comparison.png", "a sentence over it")
    assert is_picture(tmp_path / "comparison.png")
    assert len(figure.axes) == 2 * 4 + 2  # means and noise of four series, the map and its bar
    assert "a sentence over it" in [text.get_text() for text in figure.texts]


def test_a_figure_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(SpinemcError, match=r"mesh\.docx: a figure is written as one of .*png"):
        figures.plot_geometry(octahedron(), tmp_path / "mesh.docx")
    with pytest.raises(SpinemcError, match=r"cannot be written: No such file"):
        figures.plot_geometry(octahedron(), tmp_path / "nowhere" / "mesh.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("length", "bar"), [(0.6, 0.5), (0.2, 0.2), (0.199, 0.1), (1.0, 1.0), (37.0, 20.0)])
def test_the_scale_bar_is_a_round_length(length, bar):
    assert _round_length(length) == pytest.approx(bar)
