"""What a notebook shows of a geometry, and of a figure."""

import base64
import re
import sys
from io import BytesIO
from types import SimpleNamespace

import pytest
from matplotlib.image import imread

import spinemc
from spinemc.figures.style import blank
from spinemc.geometry import build, describe
from spinemc.scenario import GeometrySpec, Shape


class Formatter(dict):
    """What IPython's formatters do with functions by type."""

    def for_type_by_name(self, module, name, function):
        self[f"{module}.{name}"] = function

    def lookup_by_type(self, name):
        return self[name]


@pytest.fixture
def shell(monkeypatch):
    """A shell whose formatters are there to look at, while spinemc believes to be in it."""
    formatters = {"text/html": Formatter(), "image/png": Formatter()}
    here = SimpleNamespace(display_formatter=SimpleNamespace(formatters=formatters))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: here))
    return formatters


def test_a_geometry_shows_itself_where_there_is_a_shell(shell, monkeypatch):
    spinemc._in_notebook()
    monkeypatch.undo()
    cell = build(GeometrySpec(shape=Shape("sphere", {"radius": 0.4, "edge": 0.1}, "a <ball>")))
    made = shell["text/html"][f"{type(cell).__module__}.{type(cell).__name__}"](cell)
    picture = imread(BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', made)[1])))
    assert picture.shape[0] > 300 and picture.std() > 0.02
    assert "a &lt;ball&gt;" in made and describe(cell).splitlines()[1] in made


def test_a_figure_shows_itself_without_pyplot(shell):
    spinemc._in_notebook()
    figure = blank(4, 3)
    figure.text(0.5, 0.5, "a figure", fontsize=40)
    shown = shell["image/png"][f"{type(figure).__module__}.{type(figure).__name__}"](figure)
    picture = imread(BytesIO(shown))
    assert picture.shape[:2] == (300, 400) and picture.std() > 0.02


def test_what_shows_figures_already_goes_on_to(shell):
    shell["image/png"]["matplotlib.figure.Figure"] = print
    spinemc._in_notebook()
    assert shell["image/png"]["matplotlib.figure.Figure"] is print


def test_nothing_happens_without_a_shell(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert spinemc._in_notebook() is None
