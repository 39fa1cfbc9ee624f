"""What a page tells of a run in words and tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spinemc.figures.series import said
from spinemc.figures.style import with_spread
from spinemc.observables import array

if TYPE_CHECKING:
    import xarray as xr


def title(tree: xr.DataTree) -> str:
    """What the scenario is called; the store's name where it is not."""
    return str(said(tree).get("title") or tree.name or "A run")


def facts(tree: xr.DataTree) -> list[tuple[str, str]]:
    """What was run, by which version, from which seed."""
    told = tree.attrs
    ran = json.loads(told.get("provenance") or "{}")
    time = 1e3 * array(tree, "counts/time").values
    done, asked = tree["counts"].sizes["trial"], int(told.get("trials", 0))
    versions = ran.get("versions") or {}
    took = ran.get("wall_time")
    rows = [
        ("store", str(tree.name)),
        ("level", str(told.get("engine", "particles"))),
        ("trials", f"{done} finished of {asked}"),
        ("time", f"0 to {time[-1]:g} ms, {len(time)} samples"),
        ("seed", str(ran.get("seed", "not told"))),
        ("started", str(ran.get("start", "not told"))),
        ("took", f"{took:.3g} s" if took is not None else "not over yet"),
        ("spinemc", f"{versions.get('spinemc')}, commit {(ran.get('commit') or 'unknown')[:12]}"),
        ("with", ", ".join(f"{name} {v}" for name, v in versions.items() if v and name != "spinemc")),
    ]
    return rows


def tables(tree: xr.DataTree) -> list[dict[str, Any]]:
    """Sizes of parts and patches, and totals of events, each with a heading, columns and rows."""
    trials = tree["counts"].sizes["trial"]
    volume, area = array(tree, "counts/volume"), array(tree, "surface/area")
    made = [
        _sizes("Volumes", "compartment", "µm³", volume),
        _sizes("Areas", "region", "µm²", area),
    ]
    rows = []
    for name, dim in (("count", "reaction"), ("absorbed", "boundary")) if trials else ():
        if "events" in tree.children and name in tree["events"]:
            total = array(tree, f"events/{name}").sum("time").transpose(dim, "trial").values
            for label, one in zip(map(str, array(tree, f"events/{name}")[dim].values), total, strict=True):
                told = with_spread(one.mean(), one.std(ddof=1)) if trials > 1 else f"{one.mean():g}"
                rows.append([label, told])
    mean = "mean ± SD over trials" if trials > 1 else "in the trial"
    made.append({"key": "events", "title": "Events in all", "columns": ["reaction or boundary", mean], "rows": rows})
    return [table for table in made if table["rows"]]


def _sizes(title: str, dim: str, unit: str, values: xr.DataArray) -> dict[str, Any]:
    rows = [[str(name), f"{float(size):.4g}"] for name, size in zip(values[dim].values, values.values, strict=True)]
    return {"key": "sizes", "title": title, "columns": [dim, unit], "rows": rows}
