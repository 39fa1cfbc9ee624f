"""A model of MCell, brought over and run, beside exact results."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import gammaln

import spinemc as smc
from spinemc import mdl
from spinemc.units import MICROMOLAR

SIDE, D, TRIALS = 0.5, 2.2e-6, 24
ON, OFF, PUMP_ON, PUMP_OFF = 8e8, 4e3, 8e8, 6e3
DECAY, PAIR = 400.0, 5e8
CALCIUM, BUFFER, PUMPS, TRACER, GUEST, PAIRS = 90, 60, 50, 200, 300, 60

MODEL = f"""
/* The head of a spine as a box: calcium with a buffer and a pump that holds it, a tracer that decays, a guest that the
   neck's mouth takes, and molecules that meet in pairs and are gone. */
TIME_STEP = 1e-6
ITERATIONS = 2000
side = {SIDE}   dc = {D}
DEFINE_MOLECULES {{
  Ca {{ DIFFUSION_CONSTANT_3D = dc }}   B {{ DIFFUSION_CONSTANT_3D = dc/2 }}   CaB {{ DIFFUSION_CONSTANT_3D = dc/2 }}
  pump {{ DIFFUSION_CONSTANT_2D = 0 }}  held {{ DIFFUSION_CONSTANT_2D = 0 }}
  tracer {{ DIFFUSION_CONSTANT_3D = dc }}  guest {{ DIFFUSION_CONSTANT_3D = dc }}  pair {{ DIFFUSION_CONSTANT_3D = dc }}
}}
DEFINE_SURFACE_CLASSES {{ mouth {{ ABSORPTIVE = guest; }} }}
DEFINE_REACTIONS {{
  Ca + B <-> CaB [>{ON}, <{OFF}]
  Ca, + pump' <-> held' [>{PUMP_ON}, <{PUMP_OFF}]
  tracer -> NULL [{DECAY}] : decay
  pair + pair -> NULL [{PAIR}]
}}
head BOX {{ CORNERS = [-side/2, -side/2, -side/2], [side/2, side/2, side/2]
  DEFINE_SURFACE_REGIONS {{ neck {{ ELEMENT_LIST = [BOTTOM] SURFACE_CLASS = mouth }}
    psd {{ ELEMENT_LIST = [TOP] }} }} }}
INSTANTIATE Spine OBJECT {{
  head OBJECT head {{}}
  r1 RELEASE_SITE {{ SHAPE = Spine.head MOLECULE = Ca NUMBER_TO_RELEASE = {CALCIUM} }}
  r2 RELEASE_SITE {{ SHAPE = Spine.head[ALL] MOLECULE = B CONCENTRATION = {BUFFER / SIDE**3 / MICROMOLAR * 1e-6:.17g} }}
  r3 RELEASE_SITE {{ SHAPE = Spine.head[psd] MOLECULE = pump' DENSITY = {PUMPS} / side^2 }}
  r4 RELEASE_SITE {{ SHAPE = Spine.head MOLECULE = tracer NUMBER_TO_RELEASE = {TRACER} }}
  r5 RELEASE_SITE {{ SHAPE = Spine.head MOLECULE = guest NUMBER_TO_RELEASE = {GUEST} }}
  r6 RELEASE_SITE {{ SHAPE = Spine.head MOLECULE = pair NUMBER_TO_RELEASE = {PAIRS} }}
}}
REACTION_DATA_OUTPUT {{ STEP = 2e-5
  {{ COUNT[Ca, Spine.head], COUNT[held, Spine.head[psd]], COUNT[guest, Spine.head[neck], ALL_HITS] }} => "all.dat" }}
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Twenty-four trials of the model."""
    folder = tmp_path_factory.mktemp("mdl")
    (folder / "spine.mdl").write_text(MODEL)
    files, made = mdl.bring(folder / "spine.mdl", folder / "spine")
    assert not [note for note in made.notes if note.kind == "left out"]
    assert [one.store.partition(":")[0] for one in made.counts] == [
        "counts/count", "surface/count", "events/absorbed, summed over time"
    ]  # fmt: skip
    return smc.run(smc.load_scenario(files[0]), folder / "run.zarr", trials=TRIALS, seed=5, threads=1, progress=False)


def count(tree, species):
    return tree["counts/count"].sel(compartment="cytosol", species=species).values.astype(float)


def z(values, exact):
    """How many standard errors the mean over trials is off; 4 is passed by chance once in 16 000."""
    values = np.asarray(values, dtype=float)
    return float((values.mean() - exact) / (values.std(ddof=1) / np.sqrt(len(values))))


def test_buffer_and_pump_come_to_the_exact_equilibrium(tree):
    """Detailed balance makes the distribution of (CaB, held) a product of Poisson terms, cut by what there is."""
    volume = SIDE**3
    bind, grab = (k / (1e6 * MICROMOLAR) / volume for k in (ON, PUMP_ON))
    b, h = np.meshgrid(np.arange(BUFFER + 1), np.arange(PUMPS + 1), indexing="ij")
    free = CALCIUM - b - h
    with np.errstate(invalid="ignore"):
        log = b * np.log(bind / OFF) + h * np.log(grab / PUMP_OFF) - gammaln(b + 1) - gammaln(h + 1)
        log -= gammaln(BUFFER - b + 1) + gammaln(PUMPS - h + 1) + gammaln(np.maximum(free, 0) + 1)
    weight = np.where(free >= 0, np.exp(log - log[free >= 0].max()), 0.0)
    weight /= weight.sum()
    late = tree["counts/time"].values > 1.2e-3  # six times what a change takes to be forgotten, or more
    held = tree["surface/count"].sel(region="psd", species="held").values[:, late].mean(axis=1)
    assert abs(z(count(tree, "CaB")[:, late].mean(axis=1), (weight * b).sum())) < 4.0
    assert abs(z(held, (weight * h).sum())) < 4.0
    total = count(tree, "Ca") + count(tree, "CaB") + tree["surface/count"].sel(region="psd", species="held").values
    assert (total == CALCIUM).all()


def test_the_tracer_decays_exponentially(tree):
    n = count(tree, "tracer")
    for at in (25, 50, 100):
        assert abs(z(n[:, at], TRACER * np.exp(-DECAY * tree["counts/time"].values[at]))) < 4.0


def test_the_mouth_takes_as_the_heat_equation_says(tree):
    """A slab that is closed on one side: sum over odd m of 8 / (m pi)^2 exp(-m^2 pi^2 D t / 4 L^2)."""
    n, m = count(tree, "guest"), np.arange(1, 400, 2)
    for at in (5, 20, 60):
        t = tree["counts/time"].values[at]
        left = (8.0 / (m * np.pi) ** 2 * np.exp(-((m * np.pi) ** 2) * D * 1e8 * t / (4.0 * SIDE**2))).sum()
        assert abs(z(n[:, at], GUEST * left)) < 4.0
    gone = tree["events/absorbed"].sel(boundary="guest at neck").values.sum(axis=1)
    assert (gone + n[:, -1] == GUEST).all()


def test_pairs_go_at_the_rate_of_a_pair(tree):
    """The master equation: N to N - 2 at k N (N - 1) / 2 V, MDL's rate being that of each pair."""
    size = np.arange(PAIRS + 1)
    rate = PAIR / (1e6 * MICROMOLAR) / SIDE**3 * size * (size - 1) / 2.0
    flow = np.diag(-rate) + np.diag(rate[2:], -2).T
    for at in (20, 100):
        left = np.eye(PAIRS + 1)[-1] @ expm(flow.T * tree["counts/time"].values[at])
        assert abs(z(count(tree, "pair")[:, at], (left * size).sum())) < 4.0
