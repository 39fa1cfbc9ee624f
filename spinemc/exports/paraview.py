"""The mesh and the molecules of a trial for ParaView: a `.pvd` file and a folder of `.vtp` files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from spinemc.observables import array
from spinemc.observables.recorded import Recorded

if TYPE_CHECKING:
    import pyvista as pv
    import xarray as xr


def write_paraview(tree: xr.DataTree, path: Path, clouds: dict[str, Recorded]) -> None:
    """A time series: the mesh with its regions, and the molecules of each frame.

    Beside `path` comes a folder of its name. Points have `particle` and `holder`, an index into the field
    `holders`; lengths are in um, times in s.
    """
    folder = path.with_suffix("")
    folder.mkdir()
    mesh(tree).save(folder / "mesh.vtp")
    root = ElementTree.Element("VTKFile", type="Collection", version="0.1", byte_order="LittleEndian")
    listed = ElementTree.SubElement(root, "Collection")

    def add(time: float, part: int, file: str) -> None:
        said = {"timestep": f"{time:.9g}", "group": "", "part": str(part), "file": f"{folder.name}/{file}"}
        ElementTree.SubElement(listed, "DataSet", said)

    for number, (species, cloud) in enumerate(clouds.items(), 1):
        for frame, time in enumerate(cloud.time):
            if number == 1:
                add(time, 0, "mesh.vtp")
            file = f"{species}_{frame:06d}.vtp"
            points(cloud, frame).save(folder / file)
            add(time, number, file)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def mesh(tree: xr.DataTree) -> pv.PolyData:
    """The triangles [um], with `region` and `surface`, indices into the fields `regions` and `surfaces`."""
    import pyvista as pv

    vertex, face = array(tree, "geometry/vertex").values, array(tree, "geometry/face").values
    made = pv.PolyData(vertex, np.column_stack([np.full(len(face), 3), face]).ravel())
    for name in ("region", "surface"):
        made.cell_data[name] = array(tree, f"geometry/face_{name}").values
        made.add_field_data([str(one) for one in array(tree, f"geometry/{name}").values], f"{name}s")
    return made


def points(cloud: Recorded, frame: int) -> pv.PolyData:
    """The molecules of a frame [um]."""
    import pyvista as pv

    rows = cloud.rows(frame)
    made = pv.PolyData(cloud.point[rows]) if rows.stop > rows.start else pv.PolyData(np.empty((0, 3)))
    made.point_data["particle"] = cloud.particle[rows]
    made.point_data["holder"] = cloud.holder[rows]
    made.add_field_data(list(cloud.holders), "holders")
    return made
