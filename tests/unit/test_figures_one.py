"""Figures of one thing: what they draw is what the store holds, at each size, with units and the number of trials."""

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread
from test_figures import run

from spinemc import cli, figures, observables
from spinemc.errors import ObservableError, SpinemcError
from spinemc.figures.style import MM, blank, points
from spinemc.observables.comparison import Twin


def compared(tree):
    means = tree.map_over_datasets(lambda group: group.mean("trial") if "trial" in group.dims else group)
    return observables.comparison(tree, {"ode": Twin(means)})


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


@pytest.mark.parametrize(
    ("what", "size"),
    [*((what, "single") for what in figures.WHAT), ("counts", "double"), ("compare", "double"), ("compare", "slide")],
)
def test_each_figure_at_each_size(tmp_path, what, size):
    """Its size in mm, text that is neither tiny nor lost beyond the edge, units on the axes, and n."""
    tree = run(tmp_path / "run.zarr")
    path = tmp_path / "figure.png"
    figure = figures.plot_one(tree, what, path, size, compared(tree) if what == "compare" else None)
    wide, high = figure.get_size_inches() / MM
    assert wide == pytest.approx(figures.SIZES[size].width)
    assert high == pytest.approx(figures.SIZES[size].height, rel=0.6)
    assert imread(path).shape[1] == pytest.approx(200.0 * wide * MM, abs=1.0)
    said = words(figure)
    assert ("µm" if what == "geometry" else "6 trials") in said
    least = 6.0 * figures.SIZES[size].text  # pt
    figure.canvas.draw()  # extents in the pixels of the screen again
    page = figure.bbox
    for text in figure.findobj(matplotlib.text.Text):
        if text.get_text() and text.get_visible() and what != "geometry":
            assert text.get_fontsize() >= least, text.get_text()
            inside = text.get_window_extent()
            assert inside.x0 > -1 and inside.y0 > -1, text.get_text()
            assert inside.x1 < page.x1 + 1 and inside.y1 < page.y1 + 1, text.get_text()
    if what != "geometry":
        assert figure.axes[-1].get_xlabel() == "time (ms)"
        assert all(ax.get_ylabel() for ax in figure.axes)


def drawn(ax):
    return [line.get_ydata() for line in ax.lines]


def test_counts_are_those_of_the_store(tmp_path):
    tree = run(tmp_path / "run.zarr")
    figure = figures.plot_one(tree, "counts")
    total = observables.totals(tree)
    named = [text.get_text() for text in figure.axes[0].texts]
    assert named[0] == "Ca" or "Ca" in named
    lines = drawn(figure.axes[0])
    assert len(lines) == len(named) == 5
    np.testing.assert_allclose(lines[0], total.sel(species="Ca").mean("trial").values)
    for line in lines:
        assert any(np.allclose(line, total.sel(species=name).mean("trial").values) for name in named)


def test_concentrations_are_numbers_over_volumes(tmp_path):
    tree = run(tmp_path / "run.zarr")
    ax = figures.plot_one(tree, "concentration").axes[0]
    expected = tree["counts/count"].values[:, :, 1, 0].mean(axis=0) / (0.018 * 602.214076)  # in the head, umol/L
    np.testing.assert_allclose(drawn(ax)[0], expected)
    assert ax.get_ylabel() == "Ca (µmol/L)"
    assert [text.get_text() for text in ax.texts] == ["head"]


def test_noise_is_the_variance_over_the_mean(tmp_path):
    tree = run(tmp_path / "run.zarr")
    ax = figures.plot_one(tree, "noise").axes[0]
    calcium = tree["counts/count"].values[:, :, 0, 0]
    mean = calcium.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(mean > 0, calcium.var(axis=0, ddof=1) / mean, np.nan)
    np.testing.assert_allclose(drawn(ax)[0], factor, rtol=0.05)  # less the bias of a ratio, as the jackknife tells it
    assert len(ax.collections) == 1  # the band


def test_weight_and_comparison_are_those_of_the_store(tmp_path):
    tree = run(tmp_path / "run.zarr")
    weight = tree["plasticity/bell2022/weight"].values[..., 0]
    lines = drawn(figures.plot_one(tree, "weight").axes[0])
    factor = lines[-1][-1] / weight.mean(axis=0)[-1]
    np.testing.assert_allclose(lines[-1], factor * weight.mean(axis=0))
    means, noise = figures.plot_one(tree, "compare", found=compared(tree)).axes
    np.testing.assert_allclose(drawn(means)[0], tree["counts/count"].values[:, :, 0, 0].mean(axis=0))
    assert noise.get_ylabel() == "sd over trials (number)"


def test_means_far_apart_are_on_a_logarithmic_axis(tmp_path):
    tree = run(tmp_path / "run.zarr")
    total = observables.totals(tree).astype(float)
    far = total.copy(data=total.values * np.where(total["species"].values == "Ca", 1e3, 1.0))
    for values, scale in ((total, "linear"), (far, "log")):
        assert figures.draw_lines(blank(4, 3).add_subplot(), values, ["Ca", "Bf"], "molecules").get_yscale() == scale


@pytest.mark.parametrize(
    ("what", "said"), [("weight", "no rule of plasticity"), ("noise", "two or more"), ("compare", "nothing to lay")]
)
def test_what_a_run_does_not_have_is_refused(tmp_path, what, said):
    tree = run(tmp_path / "run.zarr", trials=1, rules=False)
    with pytest.raises(ObservableError, match=said):
        figures.plot_one(tree, what, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_the_sheet_scales_text(tmp_path):
    with matplotlib.rc_context(figures.sheet("slide")):
        assert points(10.0) == pytest.approx(24.0)
    assert points(10.0) == pytest.approx(10.0)
    with pytest.raises(SpinemcError, match="single, double, slide"):
        figures.sheet("poster")
    with pytest.raises(ObservableError, match="counts, concentration"):
        figures.plot_one(run(tmp_path / "run.zarr"), "everything")


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("one.zarr")
    assert cli.main(["plot", "one.zarr", "--what", "counts", "--size", "double"]) == 0
    assert capsys.readouterr().out == "one_counts.png\n"
    assert cli.main(["plot", "one.zarr", "--what", "noise", "--out", "n.svg"]) == 0
    assert cli.main(["plot", "one.zarr", "--size", "slide"]) == 2
    assert "--size goes with --what" in capsys.readouterr().err
    run("bare.zarr", rules=False)
    assert cli.main(["plot", "bare.zarr", "--what", "weight"]) == 2
    assert "no rule of plasticity" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.glob("*.[ps][nv]g")) == ["n.svg", "one_counts.png"]


def test_the_command_line_knows_all_figures_and_sizes():
    from spinemc.cli import options

    assert options._FIGURES == figures.WHAT and tuple(figures.SIZES) == options._SIZES
