"""The look of the figures: the style sheet and the sizes, colours, axes, the canvas and the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import SpinemcError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHEET: dict[Any, Any] = {
    "font.size": 10.0,  # what `points` takes for its own
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,  # text stays text in files for journals
    "svg.fonttype": "none",
}
"""The style sheet, as matplotlib's rcParams."""

MM = 1.0 / 25.4
"""Inches in a millimetre."""


@dataclass(frozen=True)
class Size:
    """The size of a figure.

    Attributes
    ----------
    width, height : float
        [mm]
    text : float
        How large text and lines are, beside those of a figure in print.
    """

    width: float
    height: float
    text: float = 1.0

    @property
    def is_wide(self) -> bool:
        """Whether two panels fit beside each other."""
        return self.width > 1.5 * self.height


SIZES = {"single": Size(85.0, 68.0), "double": Size(180.0, 80.0), "slide": Size(338.7, 190.5, 2.4)}
"""By name: a journal's column, its whole width, and a slide of 16 to 9."""


def sheet(size: str = "single") -> dict[Any, Any]:
    """The style sheet at a size, as rcParams: `with matplotlib.rc_context(sheet("slide")): ...`.

    Raises
    ------
    SpinemcError
        There is no such size.
    """
    if size not in SIZES:
        raise SpinemcError(f"{size} is no size of a figure: there are {', '.join(SIZES)}.")
    text = SIZES[size].text
    own = {
        "font.size": 10.0 * text,
        "axes.labelpad": 4.0 * text,
        "xtick.major.pad": 3.5 * text,
        "ytick.major.pad": 3.5 * text,
    }
    return SHEET | own


def points(size: float) -> float:
    """The size [pt] of text or of a line in the style sheet that is in use, from what it is in print."""
    import matplotlib

    return size * float(matplotlib.rcParams["font.size"]) / float(SHEET["font.size"])


INK, QUIET, TWIN = "#22303c", "#8a949e", "#d1495b"
TRIALS, MEAN = "#7fb2d9", "#12507b"
SERIES = ("#12507b", "#2a9d8f", "#8d5a97", "#c98b2b", "#5f6f52")


def blank(width: float, height: float) -> Figure:
    """An empty figure [inch] that no window and no global state knows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def written(figure: Figure, path: str | Path | None) -> Figure:
    """The figure, written to `path` where one is given."""
    if path is None:
        return figure
    path = Path(path)
    kinds = sorted(figure.canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in kinds:
        raise SpinemcError(f"{path}: a figure is written as one of {', '.join(kinds)}, named by the suffix.")
    try:
        figure.savefig(path, dpi=200)
    except OSError as error:
        raise SpinemcError(f"{path} cannot be written: {error.strerror or error}.") from error
    return figure


def tidy(ax: Axes) -> Axes:
    """The house's look of an axis."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)
    ax.tick_params(which="minor", color=QUIET, length=points(1.5))
    ax.tick_params(labelsize=points(7.5), color=QUIET, labelcolor=INK, length=points(3))
    ax.xaxis.label.set(size=points(8), color=INK)
    ax.yaxis.label.set(size=points(8), color=INK)
    ax.yaxis.get_offset_text().set(size=points(7), color=INK)
    return ax


def key(figure: Figure, height: float, said: Sequence[tuple[str, str]]) -> None:
    """Coloured words in a line that ends at the right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    right, canvas = 0.985, FigureCanvasAgg(figure)
    for words, colour in reversed(said):
        text = figure.text(right, height, words, fontsize=points(9), color=colour, ha="right")
        right -= text.get_window_extent(canvas.get_renderer()).width / figure.bbox.width + 0.015


def draw_twin(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """The twin's line: dashed, on top."""
    ax.plot(x, y, color=TWIN, linewidth=points(1.4), linestyle=(0, (4, 2)), zorder=6)


def alpha(trials: int) -> float:
    """How opaque one of many thin lines is."""
    return float(np.clip(20.0 / max(trials, 1), 0.25, 0.9))


def scale(values: np.ndarray) -> tuple[float, str]:
    """What to multiply small values by, and how an axis says it."""
    largest = np.abs(values).max()
    power = 3 * int(np.floor(np.log10(largest) / 3)) if 0 < largest < 0.1 else 0
    return 10.0**-power, rf" ($\times 10^{{{power}}}$)" if power else ""


def names_above(ax: Axes) -> None:
    """The names of several lines, in their colours, above the axes at the right."""
    handles, names = ax.get_legend_handles_labels()
    ax.legend(
        handles,
        names,
        loc="lower right",
        bbox_to_anchor=(1.02, 0.985),
        ncols=len(names),
        frameon=False,
        fontsize=points(7),
        labelcolor="linecolor",
        handlelength=0,
        handletextpad=0,
        columnspacing=0.9,
        borderpad=0.2,
    )


def names_beside(ax: Axes, names: Sequence[str], ends: np.ndarray, colours: Sequence[str]) -> None:
    """The names of lines where they end, at the right of the axes, moved apart where they would overlap."""
    to = ax.transAxes.inverted()
    low, high = ax.get_ylim()
    inside = np.clip(ends, min(low, high), max(low, high))
    at = [float(to.transform(ax.transData.transform((0.0, y)))[1]) for y in inside]
    height = points(9.5) / 72.0 / (ax.get_position().height * ax.figure.bbox.height / ax.figure.dpi)
    order = np.argsort(at, kind="stable")
    placed = np.array(at)[order]
    for _ in range(50):
        for k in range(1, len(placed)):
            lacks = height - (placed[k] - placed[k - 1])
            if lacks > 0:
                placed[k] += lacks / 2.0
                placed[k - 1] -= lacks / 2.0
    for y, k in zip(placed, order, strict=True):
        ax.text(1.015, y, names[k], transform=ax.transAxes, va="center", fontsize=points(7), color=colours[k])


def with_spread(mean: float, deviation: float) -> str:
    """A mean and its standard deviation, to two digits of the latter."""
    size = abs(deviation) or abs(mean) or 1.0
    decimals = max(0, 1 - int(np.floor(np.log10(size))))
    return f"{mean:.{decimals}f} ± {deviation:.{decimals}f}"
