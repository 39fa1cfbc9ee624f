"""The whole figure of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.figures.mesh import draw_mesh
from spinemc.figures.series import draw_counts, draw_fano, draw_spread, draw_weight, said, specs
from spinemc.figures.style import INK, MEAN, QUIET, TRIALS, TWIN, blank, key, written
from spinemc.geometry.mesh import Geometry
from spinemc.observables import array, totals

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def plot_run(tree: xr.DataTree, path: str | Path | None = None, twin: xr.DataTree | xr.Dataset | None = None) -> Figure:
    """The one figure that shows a run: spine, calcium, what opens and what binds, noise, weight and its spread.

    Parameters
    ----------
    tree : DataTree
        A store.
    path : str or Path, optional
        Where to write it; the suffix says how.
    twin : DataTree or Dataset, optional
        The same scenario without particles.

    Returns
    -------
    matplotlib.figure.Figure
    """
    species, bound, channels = _roles(tree)
    rules = list(tree["plasticity"].children) if "plasticity" in tree.children else []
    rule = rules[0] if rules else None
    panels: list[tuple[str, Any]] = [
        (f"Free {species}, every trial", lambda ax: draw_counts(ax, tree, species, twin)),
    ]
    if channels:
        panels.append(("Open channels", lambda ax: draw_counts(ax, tree, channels, twin, band=True)))
    if bound:
        panels.append((f"Bound {species}", lambda ax: draw_counts(ax, tree, bound, twin, change=True, band=True)))
    if rule:
        panels.append(("Synaptic weight", lambda ax: draw_weight(ax, tree, rule, twin)))
    if tree["counts"].sizes["trial"] > 1:
        panels.append(("Noise, variance / mean", lambda ax: draw_fano(ax, tree, species)))
    panels.append(("Spread over trials", lambda ax: draw_spread(ax, tree, species, rule, twin)))

    columns = (len(panels) + 1) // 2
    figure = blank(3.2 + 3.1 * columns, 6.2)
    grid = figure.add_gridspec(
        2,
        columns + 1,
        width_ratios=[1.05] + [1] * columns,
        left=0.01,
        right=0.985,
        bottom=0.085,
        top=0.84,
        wspace=0.36,
        hspace=0.48,
    )
    draw_mesh(figure.add_axes((0.0, 0.13, 0.92 / (columns + 1), 0.72), projection="3d"), geometry_of(tree))
    for i, (title, draw) in enumerate(panels):
        ax = draw(figure.add_subplot(grid[i // columns, 1 + i % columns]))
        ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK)
    _headline(figure, tree, twin is not None)
    return written(figure, path)


def geometry_of(tree: xr.DataTree) -> Geometry:
    """The mesh that a store holds, without its compartments."""
    made = Geometry.of_one_surface(
        name=tree.name or "store",
        vertex=array(tree, "geometry/vertex").values,
        face=array(tree, "geometry/face").values,
        face_region=array(tree, "geometry/face_region").values,
        regions=tuple(str(name) for name in array(tree, "geometry/region").values),
    )
    return replace(
        made,
        surfaces=tuple(str(name) for name in array(tree, "geometry/surface").values),
        face_surface=array(tree, "geometry/face_surface").values,
        region_surface=array(tree, "geometry/region_surface").values,
    )


def ion_of(tree: xr.DataTree) -> str:
    """The species that a run is about: what its rules of plasticity read, else Ca, else the first."""
    names = [str(name) for name in totals(tree)["species"].values]
    inside = [str(name) for name in array(tree, "counts/species").values]
    return next((spec.species for spec in specs(tree)), "Ca" if "Ca" in inside else (inside or names)[0])


def _roles(tree: xr.DataTree) -> tuple[str, list[str], list[str]]:
    """The ion, up to three species that bind it, and up to three gates that let it in, by the reactions' labels."""
    total = totals(tree)
    names = [str(name) for name in total["species"].values]
    ion = ion_of(tree)
    mean = total.mean("trial")
    swing = dict(zip(names, np.ptp(mean.transpose("species", "time").values, axis=1), strict=True))
    ways = [
        tuple(side.split(" + ") for side in str(label).partition(" (")[0].split(" -> "))
        for label in array(tree, "events/reaction").values
    ]
    bound = {p for left, right in ways if ion in left and ion not in right for p in right if p in names}
    binds = {s for left, _ in ways if ion in left for s in left}  # a pump that leaks is no gate
    gates = {s for left, right in ways if sorted(right) == sorted([*left, ion]) for s in left} - binds

    def most(found: set[str]) -> list[str]:
        return sorted((s for s in found if swing.get(s, 0) > 0), key=lambda s: -swing[s])[:3]

    return ion, most(bound), most(gates - bound)


def _headline(figure: Figure, tree: xr.DataTree, twin: bool) -> None:
    """Title, what was run, and what the lines are."""
    title = str(said(tree).get("title") or tree.name or "")
    trials, stop = tree["counts"].sizes["trial"], 1e3 * float(array(tree, "counts/time")[-1])
    figure.text(0.025, 0.95, title[:200], fontsize=13, fontweight="bold", color=INK, parse_math=False)
    figure.text(0.025, 0.912, f"{trials} trial{'s' * (trials != 1)} of {stop:g} ms", fontsize=9, color=QUIET)
    keys = [("thin: trials, shaded: ± SD", TRIALS), ("thick: their mean", MEAN), ("dashed: rate equations", TWIN)]
    key(figure, 0.912, keys if twin else keys[:2])
