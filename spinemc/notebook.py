"""A geometry shows itself in a notebook: the picture, and the table under it."""

from __future__ import annotations

from html import escape
from io import BytesIO
from typing import Any


def html(geometry: Any) -> str:
    """A geometry as a notebook shows it: its two views, and what `spinemc geometry` says of it."""
    from base64 import b64encode

    from spinemc.figures import plot_geometry
    from spinemc.geometry import describe

    picture = BytesIO()
    plot_geometry(geometry).savefig(picture, format="png", dpi=100)
    shown = b64encode(picture.getvalue()).decode()
    return f'<img src="data:image/png;base64,{shown}"/><pre>{escape(describe(geometry))}</pre>'


def register(shell: Any) -> None:
    """Let an IPython shell show geometries so."""
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type_by_name("spinemc.geometry.mesh", "Geometry", html)
