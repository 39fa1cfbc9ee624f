"""The 3-D scene of a trial, off screen: a picture, or a film."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.exports.paraview import mesh
from spinemc.figures.mesh import colours, kind_of, seen
from spinemc.figures.style import INK, SERIES
from spinemc.observables.recorded import Recorded

if TYPE_CHECKING:
    import pyvista as pv
    import xarray as xr

SIZE = (1280, 960)  # pixels
RATE = 25  # frames of a film in a second
GLASS = 0.25  # opacity of a surface


def write_picture(tree: xr.DataTree, path: Path, clouds: dict[str, Recorded], time: float) -> None:
    """The scene at the last frame that is not later than a time [s]."""
    with _scene(tree, clouds) as scene:
        _show(scene, clouds, _at(clouds, time))
        scene.screenshot(path)


def write_film(tree: xr.DataTree, path: Path, clouds: dict[str, Recorded]) -> None:
    """All frames, 25 a second."""
    with _scene(tree, clouds) as scene:
        scene.open_movie(path, framerate=RATE, macro_block_size=16)
        for frame in range(len(next(iter(clouds.values())).time)):
            _show(scene, clouds, frame)
            scene.write_frame()


def _at(clouds: dict[str, Recorded], time: float) -> int:
    times = next(iter(clouds.values())).time
    return max(0, int(np.searchsorted(times, time, side="right")) - 1)


@contextmanager
def _scene(tree: xr.DataTree, clouds: dict[str, Recorded]) -> Iterator[Any]:
    """The mesh like glass, its regions in colours, seen from the side."""
    import pyvista as pv

    with pv.vtk_verbosity("error"):  # without a display VTK goes on, and need not warn of it
        scene = pv.Plotter(off_screen=True, window_size=list(SIZE))
        try:
            yield _furnished(scene, mesh(tree), _names(clouds))
        finally:
            scene.close()


def _furnished(scene: Any, whole: pv.PolyData, names: list[str]) -> Any:
    """The scene with the surface and the legend, its camera in place."""
    scene.set_background("white")
    surfaces, regions = ([str(name) for name in whole.field_data[key]] for key in ("surfaces", "regions"))
    drawn = seen(np.asarray(whole.cell_data["surface"]), surfaces)
    region = np.asarray(whole.cell_data["region"])[drawn]
    colour = colours(region, regions)
    for number in np.unique(region):
        part = whole.extract_cells(drawn[region == number].tolist())
        scene.add_mesh(part, color=colour[kind_of(regions[number])], opacity=GLASS, smooth_shading=True)
    for k, name in enumerate(names):
        scene.add_points(
            np.zeros((1, 3)), color=SERIES[k % len(SERIES)], opacity=0.0, name=f"legend {name}", label=name
        )
    if names:
        scene.add_legend(bcolor=None, size=(0.22, 0.03 * len(names)), loc="upper right", face="circle")
    scene.view_xz()
    scene.reset_camera(bounds=whole.bounds)
    scene.camera.azimuth = 20.0
    scene.camera.elevation = 12.0
    return scene


def _names(clouds: dict[str, Recorded]) -> list[str]:
    return sorted({name for cloud in clouds.values() for name in cloud.holders})


def _show(scene: Any, clouds: dict[str, Recorded], frame: int) -> None:
    """Put the molecules of a frame in the place of those before, and the time."""
    names = _names(clouds)
    where: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for cloud in clouds.values():
        rows = cloud.rows(frame)
        for k, name in enumerate(cloud.holders):
            where[name].append(cloud.point[rows][cloud.holder[rows] == k])
    for k, name in enumerate(names):
        point = np.concatenate(where[name])
        if len(point):
            scene.add_points(
                point, color=SERIES[k % len(SERIES)], point_size=9, render_points_as_spheres=True, name=name,
                reset_camera=False,
            )  # fmt: skip
        else:
            scene.remove_actor(name)
    time = next(iter(clouds.values())).time[frame] if clouds else 0.0
    scene.add_text(f"{1e3 * time:.2f} ms", color=INK, font_size=14, position="lower_left", name="time")
