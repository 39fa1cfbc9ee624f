"""Geometries and figures show themselves in a notebook: a geometry as its picture, with its table under it."""

from __future__ import annotations

from html import escape
from io import BytesIO
from typing import Any


def html(geometry: Any) -> str:
    """A geometry as a notebook shows it: its two views, and what `spinemc geometry` says of it."""
    from base64 import b64encode

    from spinemc.figures import plot_geometry
    from spinemc.geometry import describe

    shown = b64encode(png(plot_geometry(geometry))).decode()
    return f'<img src="data:image/png;base64,{shown}"/><pre>{escape(describe(geometry))}</pre>'


def png(figure: Any) -> bytes:
    """A figure as a notebook shows it."""
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def register(shell: Any) -> None:
    """Let an IPython shell show geometries so, and figures where nothing else shows them.

    Figures are made without pyplot, which would otherwise have to be used once before a notebook shows any.
    """
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name("spinemc.geometry.mesh", "Geometry", html)
    try:
        formatters["image/png"].lookup_by_type("matplotlib.figure.Figure")
    except KeyError:
        formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", png)
