"""The surface of a spine in 3-D."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc.figures.style import INK, QUIET, blank, written
from spinemc.geometry.mesh import Geometry
from spinemc.scenario.values import FAR

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D

PATCHES = {"membrane": "#b9c4cf", "head": "#9cc3e0", "neck": "#c5d3bf", "shaft": "#c9bfae", "psd": "#d1495b"}
OTHER_PATCHES = ("#444f5a", "#8d5a97", "#c98b2b", "#2a9d8f")
GLASS = 0.22  # how much of what lies behind the cell's surface it hides
LIGHT = np.array([-0.35, -0.6, 0.72])  # for an eye that looks along y


def draw_mesh(ax: Axes3D, geometry: Geometry, azimuth: float = -60.0, elevation: float = 14.0) -> Axes3D:
    """The surfaces in 3-D, shaded, their regions in colours, with a scale bar.

    Where there are others, the cell's own is like glass; the far side of the outside is not drawn.

    Parameters
    ----------
    ax : Axes3D
    geometry : Geometry
    azimuth, elevation : float
        Where the eye is, around the z axis and above the horizon [degrees]; the light turns with the azimuth.
    """
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    seen = np.flatnonzero(geometry.face_surface != (geometry.surfaces.index(FAR) if FAR in geometry.surfaces else -1))
    names = [geometry.regions[i] for i in np.unique(geometry.face_region[seen])]
    spare = iter(OTHER_PATCHES * len(names))
    colour = {name: np.array(to_rgb(PATCHES.get(name) or next(spare))) for name in names}
    facing = (_smooth_normals(geometry) @ (_turn(azimuth) @ LIGHT))[seen]
    base = np.array([colour[geometry.regions[i]] for i in geometry.face_region[seen]])
    shaded = base * (0.62 + 0.38 * facing)[:, None] + 0.13 * np.clip(facing, 0, 1)[:, None] ** 10
    shaded = edges = np.clip(shaded, 0, 1)
    cell = geometry.face_surface[seen] == 0
    if not cell.all():
        shaded = np.column_stack([shaded, np.where(cell, GLASS, 1.0)])
        edges = np.column_stack([edges, np.where(cell, 0.0, 1.0)])
    surface = Poly3DCollection(geometry.triangles[seen], facecolors=shaded, edgecolors=edges, linewidths=0.25)
    surface.set_clip_on(False)
    ax.add_collection3d(surface)

    shown = geometry.triangles[seen].reshape(-1, 3)
    low, high = shown.min(axis=0), shown.max(axis=0)
    size = high - low
    below = 0.07 * size.max()
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2] - below, high[2]))
    ax.set_proj_type("ortho")
    ax.view_init(elev=elevation, azim=azimuth)
    box = np.array([size[0], size[1], size[2] + below])
    tilt = np.radians(abs(elevation))
    span = max(box[:2].max(), box[2] * np.cos(tilt) + box[:2].max() * np.sin(tilt))
    ax.set_box_aspect(box, zoom=np.linalg.norm(box) / span)  # as large as fits, for a tall spine and a flat one
    ax.set_axis_off()
    bar = _round_length(0.6 * max(size[0], size[1]))
    across = _turn(azimuth) @ np.array([1.0, 0.0, 0.0])
    middle = np.array([*(0.5 * (low + high))[:2], low[2] - below])
    ends = np.stack([middle - 0.5 * bar * across, middle + 0.5 * bar * across])
    ax.plot(*ends.T, color=INK, linewidth=2.2, solid_capstyle="butt", clip_on=False)
    label = f"{bar * 1000:g} nm" if bar < 0.1 else f"{bar:g} µm"
    ax.text(*(middle - [0, 0, 0.4 * below]), label, color=INK, fontsize=8, ha="center", va="top")
    ax.legend(
        handles=[Patch(color=tuple(colour[name]), label=name) for name in names],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.04),
        ncols=len(names) if len(names) <= 4 else 3,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.2,
        handletextpad=0.5,
    )
    return ax


def plot_geometry(geometry: Geometry, path: str | Path | None = None) -> Figure:
    """The surface of a geometry from above and from below."""
    figure = blank(7.0, 5.0)
    for i, eye in enumerate(((-60.0, 14.0), (30.0, -35.0))):
        draw_mesh(figure.add_axes((0.03 + 0.5 * i, 0.1, 0.44, 0.78), projection="3d"), geometry, *eye)
    figure.text(0.04, 0.93, geometry.name, fontsize=13, fontweight="bold", color=INK)
    said = f"{geometry.volume:.3g} µm³, {geometry.area:.3g} µm², {np.count_nonzero(geometry.face_surface == 0)} faces"
    figure.text(0.96, 0.93, said, ha="right", fontsize=9, color=QUIET)
    return written(figure, path)


def _turn(azimuth: float) -> np.ndarray:
    """(3, 3): the turn around z that takes an eye at -90 degrees to `azimuth`."""
    angle = np.radians(azimuth + 90.0)
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def _smooth_normals(geometry: Geometry) -> np.ndarray:
    """(f, 3): unit normals of the faces, each averaged with those around it."""
    normal = geometry.face_normal * geometry.face_area[:, None]
    around = np.zeros_like(geometry.vertex)
    for k in range(3):
        np.add.at(around, geometry.face[:, k], normal)
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-300)
    smooth = around[geometry.face].sum(axis=1)
    return smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-300)


def _round_length(length: float) -> float:
    """The longest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * max(m for m in (1, 2, 5) if m * power <= length * (1 + 1e-9)))
