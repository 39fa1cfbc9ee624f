"""Figures with matplotlib: `draw_*` takes axes and returns them, `plot_*` makes a whole figure."""

from spinemc.figures.calibration import plot_calibration
from spinemc.figures.comparison import plot_comparison
from spinemc.figures.mesh import draw_mesh, plot_geometry
from spinemc.figures.one import WHAT, draw_fano_band, draw_lines, plot_one
from spinemc.figures.run import plot_run
from spinemc.figures.series import draw_counts, draw_fano, draw_spread, draw_weight, twin_weight
from spinemc.figures.style import SIZES, sheet

__all__ = [
    "SIZES",
    "WHAT",
    "draw_counts",
    "draw_fano",
    "draw_fano_band",
    "draw_lines",
    "draw_mesh",
    "draw_spread",
    "draw_weight",
    "plot_calibration",
    "plot_comparison",
    "plot_geometry",
    "plot_one",
    "plot_run",
    "sheet",
    "twin_weight",
]
