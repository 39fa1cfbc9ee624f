"""Quick forms of the studies of neighbours: two spines of which one is stimulated, and two inputs with a delay."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import mannwhitneyu, ttest_1samp
from studies import study

from spinemc.errors import GeometryError, ScenarioError
from spinemc.plans import prepare
from spinemc.scenario import override
from spinemc.twins import ode

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
SHARED, LEVELS = study("neighbours", None), study("levels", None)
PAIR, TIMING = study("two_spines"), study("timing_windows")
THREE, BESIDE, CLUSTER = study("three_experiments"), study("three_experiments", "beside"), study("cluster")
COARSE = "geometry.shape.edge=0.2 um"


def pair(law, distance=1.0):
    return PAIR.kernel_at(distance, law, COARSE)


@pytest.mark.parametrize("law", ["literal", "consistent"])
def test_inputs_add_up(law):
    """Ten inputs at 50 Hz in one run, and by adding up one input's answer: the same to 1e-5 of the peak."""
    settings = f"run.exchange={law}", LEVELS.PIECES, COARSE
    scenario = override(PAIR.loaded(), *settings, *PAIR.settings_of(50.0, 40.0))
    system = prepare(scenario)
    where = SHARED.heads(system)
    whole = ode.solve(system.scenario, system.geometry, system.network).count[:, where, 0].T
    level = whole / system.geometry.compartment_volume[where][:, None] / 602.214076
    added = pair(law).of(SHARED.train(0, 50.0, 10, 40.0), PAIR.TAIL)
    np.testing.assert_allclose(added, level, rtol=0.0, atol=1e-5 * level.max())


@pytest.mark.parametrize("law, influx", [("literal", 10.0), ("consistent", 40.0)])
def test_one_input_competes_and_a_fast_train_cooperates(law, influx):
    one = pair(law)
    assert PAIR.is_both(one, influx)
    alone = PAIR.outcome(one, 0.0, influx)
    assert alone[0] > -3.0 * alone[1] / 2.0 > 0.0  # the neighbour weakens slightly
    slow = SHARED.sign(PAIR.outcome(one, 5.0, influx))
    assert slow.tolist() == [1, -1]


def test_the_literal_form_spreads_four_times_as_much():
    """At the literal form's influx the consistent one has a neighbour that hears nothing, and the reverse too much."""
    literal, consistent = pair("literal"), pair("consistent")
    ratio = literal.answer[0, 1].max() / consistent.answer[0, 1].max()
    assert 3.5 < ratio < 5.5
    assert SHARED.sign(PAIR.outcome(consistent, 0.0, 10.0)).tolist() == [1, 0]
    assert SHARED.sign(PAIR.outcome(literal, 0.0, 40.0)).tolist() == [1, 1]


def test_distance_takes_the_neighbour_away():
    """One input: the neighbour weakens less with distance, and not at all at 4 um; the map has a column a frequency."""
    found = PAIR.mapped({d: pair("consistent", d) for d in (0.6, 2.0, 4.0)}, 40.0, (0.0, 100.0))
    neighbour = found.sel(frequency=0.0).isel(spine=1).values
    assert neighbour[0] < neighbour[1] < -SHARED.LEAST < neighbour[2] <= 0.0
    assert (found.isel(spine=0) > 0.0).all() and found.sizes["frequency"] == 2


def test_claims_hold_in_a_band_of_thresholds_only():
    found = PAIR.scan(pair("consistent"), PAIR.INFLUXES[::4], PAIR.RATIOS[::4])
    assert 0.02 < float(found.mean()) < 0.5
    assert not found.isel(influx=0).any() and not found.isel(ratio=0).any()


def test_noise_leaves_both_claims_in_the_mean(tmp_path):
    """12 trials of well-mixed parts: one input weakens the neighbour and ten at 100 Hz strengthen it (t, p < 0.01)."""
    table = PAIR.levels(tmp_path, 40.0, 12, names=("consistent", "consistent, trials"))
    trials = table["trials"].sel(level="consistent, trials")
    for frequency, signs in ((0.0, (1, -1)), (100.0, (1, 1))):
        for spine, way in enumerate(signs):
            values = way * trials.sel(frequency=frequency).isel(spine=spine).values
            assert ttest_1samp(values, 0.0, alternative="greater").pvalue < 0.01
    assert SHARED.sign(table["change"].sel(level="consistent").values).tolist() == [[1, -1], [1, 1]]


def test_a_window_of_delays():
    """The weak spine strengthens where its input follows the strong one by about 10 ms, and weakens else."""
    one = SHARED.kernel(TIMING.loaded("run.exchange=consistent", LEVELS.PIECES, COARSE))
    found = TIMING.windows(one, 40.0, (1.0,), (-0.1, -0.02, 0.01, 0.06, 0.1))[0]
    assert SHARED.sign(found.isel(spine=1).values).tolist() == [-1, -1, 1, -1, -1]
    assert (found.isel(spine=0) > 5.0).all()
    early, late = float(found.sel(delay=-0.1)[1]), float(found.sel(delay=0.1)[1])
    assert early == pytest.approx(late, abs=0.1)  # far apart, each does as alone


def test_trials_follow_the_window(tmp_path):
    """40 trials at each of two delays: the weak spine ends higher within the window (Mann-Whitney, p < 0.01)."""
    found = TIMING.spread(tmp_path, "consistent, trials", 40, (-0.05, 0.01))
    weak = found["change"].isel(spine=1)
    assert mannwhitneyu(weak[1], weak[0], alternative="greater").pvalue < 0.01
    assert 0.0 <= float(found.up_low[1]) <= float(found.up[1]) <= float(found.up_high[1]) <= 1.0
    assert float(weak[1].std(ddof=1)) > 0.2  # about as much as the window is deep


def test_bad_parameters_are_refused():
    with pytest.raises(GeometryError, match="beyond an end of the shaft"):
        pair("consistent", 7.0)
    with pytest.raises(GeometryError, match="spine_1 and spine_2 collide"):
        pair("consistent", 0.0)
    with pytest.raises(ScenarioError, match="a frequency of 0 Hz"):
        SHARED.train(0, 0.0, 10, 1.0)
    with pytest.raises(ScenarioError, match="there must be one"):
        SHARED.train(0, 1.0, 0, 1.0)
    with pytest.raises(ScenarioError, match="between -100 and 100"):
        TIMING.inputs(0.2, 1.0, 1.0)


def test_who_is_stimulated_and_who_is_near():
    way = np.arange(0.0, 20.0, 0.8)
    stimulated, near, distant = THREE.grouped(way)
    assert np.diff(way[stimulated]).tolist() == pytest.approx([1.6] * 4)
    assert way[near].tolist() == pytest.approx([way[stimulated[0]] + 0.8 * k for k in (-1, 1, 3, 5, 7, 9)])
    assert len(distant) == 10 and np.abs(way[distant][:, None] - way[stimulated]).min() > 1.0
    with pytest.raises(ScenarioError, match="every other one"):
        THREE.grouped(way, 30)


def test_three_patterns_come_from_one_dendrite_in_the_literal_form():
    """One dendrite, one influx: at the free ion's D the three patterns match better than at a tenth of it."""
    one = THREE.dendrite("run.segment=0.5 um")
    match = {}
    for D in (20.0, 220.0):
        given = THREE.answer(one, D, "literal")
        match[D] = THREE.score(THREE.changes(given, 8.0), one.groups).mean()
    assert match[220.0] > 0.8 and match[220.0] > match[20.0] + 0.1


def test_the_best_diffusion_has_an_interval_over_dendrites():
    """Scores made by hand: three dendrites that peak at 10, 20 and 40; the mean peaks at 20."""
    D = [5.0, 10.0, 20.0, 40.0, 80.0]
    rows = [[0, 0.9, 0.8, 0, 0], [0, 0.5, 0.9, 0.5, 0], [0, 0, 0.8, 0.9, 0]]
    scores = xr.DataArray(np.array(rows)[:, :, None], {"D": D, "influx": [1.0]}, ("dendrite", "D", "influx"))
    best, low, high, top = THREE.best(scores)
    assert (best, top) == (pytest.approx(20.0), pytest.approx(2.5 / 3.0))
    assert (low, high) == (pytest.approx(10.0), pytest.approx(40.0))


def test_four_active_spines_weaken_the_silent_one_and_one_does_not():
    """At 5 uM: no active spine alone weakens it, all six do; 10 um away nothing changes."""
    found = CLUSTER.counted(CLUSTER.kernel_of("consistent"), (2.0, 5.0))
    shares = CLUSTER.depressed(found)
    assert (shares.sel(influx=2.0) == 0.0).all()
    assert shares.sel(influx=5.0).sel(number=[1, 6]).values.tolist() == [0.0, 1.0]
    assert (np.diff(shares.sel(influx=5.0).values) >= 0.0).all()
    assert float(np.abs(found.isel(spine=CLUSTER.FAR)).max()) < SHARED.LEAST
    active = found.sel(influx=5.0).isel(choice=-1, spine=list(CLUSTER.ACTIVE))
    assert (active > 3.0).all()
    with pytest.raises(ScenarioError, match="name some of the spines"):
        CLUSTER.inputs((), 5.0)


def test_trials_of_a_cluster_count_as_well(tmp_path):
    """Eight trials each at 6.3 uM: four active spines weaken the silent one (t), and more than one does (Mann-Whitney,
    p < 0.01 each)."""
    table = CLUSTER.levels(tmp_path, 6.32, 8, names=("consistent, trials",), choices=((3,), (1, 3, 4, 6)))
    silent = table["trials"].sel(level="consistent, trials").isel(spine=CLUSTER.SILENT)
    one, four = (silent.sel(active=n).values for n in (1, 4))
    assert ttest_1samp(four, 0.0, alternative="less").pvalue < 0.01
    assert mannwhitneyu(four, one, alternative="less").pvalue < 0.01
    assert np.abs(table["change"].isel(spine=CLUSTER.FAR)).max() < 0.5


def test_trials_of_many_spines_grow_where_the_mean_does(tmp_path):
    """The first 100 ms at 100 Hz, literal form, four trials: stimulated and near spines grow (t, p < 0.01)."""
    best = {"literal": (453.0, 6.4)}
    found = BESIDE.levels(tmp_path, best, {100.0: 0.1}, 4, 0, ("literal, trials",))
    table = BESIDE.grouped_changes(found, THREE.grouped(THREE.ways()))
    values = found["trials"].sel(level="literal, trials", case=100.0)
    for group, of in zip(("stimulated", "near"), THREE.grouped(THREE.ways()), strict=False):
        mean = values.isel(spine=of).mean("spine").values
        assert ttest_1samp(mean, 0.0, alternative="greater").pvalue < 0.01
        assert float(table["change"].sel(group=group).squeeze()) == pytest.approx(mean.mean())
    assert table["match"].shape == (1, 4, 1)
