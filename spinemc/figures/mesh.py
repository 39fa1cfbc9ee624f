"""The surface of a spine in 3-D."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.figures.style import INK, QUIET, blank, points, written
from spinemc.geometry.mesh import Geometry
from spinemc.scenario.values import FAR

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from mpl_toolkits.mplot3d import Axes3D

PATCHES = {
    "membrane": "#b9c4cf",
    "head": "#9cc3e0",
    "neck": "#c5d3bf",
    "shaft": "#c9bfae",
    "psd": "#d1495b",
    "perisynapse": "#e8a25c",
    "shaft_start": "#a08f74",
    "shaft_end": "#a08f74",
}
OTHER_PATCHES = ("#444f5a", "#8d5a97", "#c98b2b", "#2a9d8f")
IN_A_ROW = 9  # names in a legend as wide as the page
GLASS = 0.22  # how much of what lies behind the cell's surface it hides
LIGHT = np.array([-0.35, -0.6, 0.72])  # for an eye that looks along y


def draw_mesh(
    ax: Axes3D,
    geometry: Geometry,
    azimuth: float = -60.0,
    elevation: float = 14.0,
    bar: bool = True,
    legend: bool = True,
) -> Axes3D:
    """The surfaces in 3-D, shaded, their regions in colours, with a scale bar.

    Where there are others, the cell's own is like glass; the far side of the outside is not drawn.

    Parameters
    ----------
    ax : Axes3D
    geometry : Geometry
    azimuth, elevation : float
        Where the eye is, around the z axis and above the horizon [degrees]; the light turns with the azimuth.
    bar, legend : bool
        Whether to draw the scale bar, and to name the regions.
    """
    from matplotlib.colors import to_rgb
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    drawn = seen(geometry.face_surface, geometry.surfaces)
    colour = _colours(geometry)
    rgb = {name: to_rgb(value) for name, value in colour.items()}
    called = [kind_of(name) for name in geometry.regions]
    facing = (_smooth_normals(geometry) @ (_turn(azimuth) @ LIGHT))[drawn]
    base = np.array([rgb[called[i]] for i in geometry.face_region[drawn]])
    shaded = base * (0.62 + 0.38 * facing)[:, None] + 0.13 * np.clip(facing, 0, 1)[:, None] ** 10
    shaded = edges = np.clip(shaded, 0, 1)
    cell = geometry.face_surface[drawn] == 0
    if not cell.all():
        shaded = np.column_stack([shaded, np.where(cell, GLASS, 1.0)])
        edges = np.column_stack([edges, np.where(cell, 0.0, 1.0)])
    surface = Poly3DCollection(geometry.triangles[drawn], facecolors=shaded, edgecolors=edges, linewidths=points(0.25))
    surface.set_clip_on(False)
    ax.add_collection3d(surface)

    shown = geometry.triangles[drawn].reshape(-1, 3)
    low, high = shown.min(axis=0), shown.max(axis=0)
    size = high - low
    below = 0.07 * size.max()
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2] - below, high[2]))
    ax.set_proj_type("ortho")
    ax.view_init(elev=elevation, azim=azimuth)
    box = np.array([size[0], size[1], size[2] + below])
    middle = 0.5 * (low + high) - [0.0, 0.0, 0.5 * below]
    span = 2.0 * np.abs((shown - middle) @ _across(azimuth, elevation)).max()
    ax.set_box_aspect(box, zoom=np.linalg.norm(box) / span)  # as large as fits, for a tall spine and a flat one
    ax.set_axis_off()
    if bar:
        _draw_bar(ax, low, high, below, azimuth)
    if legend:
        ax.legend(handles=_handles(colour), loc="upper center", bbox_to_anchor=(0.5, -0.04), **_legend(len(colour), 3))
    return ax


def kind_of(region: str) -> str:
    """What a region is of, whichever spine it belongs to: all heads of a dendrite look alike."""
    return region.rpartition(".")[2]


def seen(face_surface: np.ndarray, surfaces: Sequence[str]) -> np.ndarray:
    """Numbers of the faces that are drawn: all but those of the far side of the outside.

    Parameters
    ----------
    face_surface : (f,) int
        An index into `surfaces` for each face.
    surfaces : sequence of str
    """
    return np.flatnonzero(face_surface != (surfaces.index(FAR) if FAR in surfaces else -1))


def colours(face_region: np.ndarray, regions: Sequence[str]) -> dict[str, str]:
    """The colour of each kind of region among faces, in the order of the regions.

    Parameters
    ----------
    face_region : (f,) int
        An index into `regions` for each face.
    regions : sequence of str
    """
    names = dict.fromkeys(kind_of(regions[i]) for i in np.unique(face_region))
    spare = iter(OTHER_PATCHES * len(names))
    return {name: PATCHES.get(name) or next(spare) for name in names}


def _colours(geometry: Geometry) -> dict[str, str]:
    """The colours of what is drawn of a geometry."""
    return colours(geometry.face_region[seen(geometry.face_surface, geometry.surfaces)], geometry.regions)


def _handles(colour: dict[str, str]) -> list[Patch]:
    from matplotlib.patches import Patch

    return [Patch(color=value, label=name) for name, value in colour.items()]


def _legend(number: int, most: int) -> dict[str, Any]:
    """How a legend of some names looks, with at most so many columns where there are more than four."""
    return {
        "ncols": number if number <= 4 else most,
        "frameon": False,
        "fontsize": points(8),
        "labelcolor": INK,
        "handlelength": 0.9,
        "handleheight": 0.9,
        "columnspacing": 1.2,
        "handletextpad": 0.5,
    }


def _draw_bar(ax: Axes3D, low: np.ndarray, high: np.ndarray, below: float, azimuth: float) -> None:
    """A scale bar across the view, below what is shown."""
    length = _round_length(0.6 * (high - low)[:2].max())
    across = _turn(azimuth) @ np.array([1.0, 0.0, 0.0])
    middle = np.array([*(0.5 * (low + high))[:2], low[2] - below])
    ends = np.stack([middle - 0.5 * length * across, middle + 0.5 * length * across])
    ax.plot(*ends.T, color=INK, linewidth=points(2.2), solid_capstyle="butt", clip_on=False)
    label = f"{length * 1000:g} nm" if length < 0.1 else f"{length:g} µm"
    ax.text(*(middle - [0, 0, 0.4 * below]), label, color=INK, fontsize=points(8), ha="center", va="top")


def plot_geometry(geometry: Geometry, path: str | Path | None = None) -> Figure:
    """The surface of a geometry from two sides: beside each other, or one below the other where it lies."""
    size = np.ptp(geometry.triangles.reshape(-1, 3), axis=0)
    if size[:2].max() > 1.5 * size[2]:
        figure = _lying(geometry, size / size[:2].max())
    else:
        figure = blank(7.0, 5.0)
        colour = _colours(geometry)
        few = len(colour) <= IN_A_ROW
        for left, eye in ((0.03, (-60.0, 14.0)), (0.53, (30.0, -35.0))):
            draw_mesh(figure.add_axes((left, 0.1, 0.44, 0.78), projection="3d"), geometry, *eye, legend=few)
        if not few:
            figure.legend(handles=_handles(colour), loc="lower center", **_legend(len(colour), IN_A_ROW))
    top = 1.0 - 0.35 / figure.get_figheight()
    figure.text(0.04, top, geometry.name, fontsize=points(13), fontweight="bold", color=INK)
    said = f"{geometry.volume:.3g} µm³, {geometry.area:.3g} µm², {np.count_nonzero(geometry.face_surface == 0)} faces"
    figure.text(0.96, top, said, ha="right", fontsize=points(9), color=QUIET)
    return written(figure, path)


def _lying(geometry: Geometry, size: np.ndarray) -> Figure:
    """A view from the front and one from above, one below the other; the size is relative to the length."""
    eyes = (-80.0, 12.0), (-80.0, 65.0)
    width, side = 7.0, 6.3  # inches; panels are square, whatever they show
    tilt = [np.radians(elevation) for _, elevation in eyes]
    shown = [side * float(size[2] * np.cos(t) + size[:2].min() * np.sin(t) + 0.25) for t in tilt]
    height = sum(shown) + 1.0
    figure = blank(width, height)
    middle = height - 0.6
    for (azimuth, elevation), room in zip(eyes, shown, strict=True):
        middle -= 0.5 * room
        place = (0.5 * (1.0 - side / width), (middle - 0.5 * side) / height, side / width, side / height)
        ax = figure.add_axes(place, projection="3d", facecolor="none")
        draw_mesh(ax, geometry, azimuth, elevation, bar=elevation < 45.0, legend=False)
        middle -= 0.5 * room
    colour = _colours(geometry)
    figure.legend(handles=_handles(colour), loc="lower center", **_legend(len(colour), min(len(colour), IN_A_ROW)))
    return figure


def _across(azimuth: float, elevation: float) -> np.ndarray:
    """(3, 2): as columns, the directions to the right and upwards in a picture."""
    a, e = np.radians(azimuth), np.radians(elevation)
    up = -np.cos(a) * np.sin(e), -np.sin(a) * np.sin(e), np.cos(e)
    return np.array([(-np.sin(a), np.cos(a), 0.0), up]).T


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
