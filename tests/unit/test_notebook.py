"""What a notebook shows of a geometry."""

import base64
import re
import sys
from io import BytesIO
from types import SimpleNamespace

from matplotlib.image import imread

import spinemc
from spinemc.geometry import build, describe
from spinemc.scenario import GeometrySpec, Shape


def test_a_geometry_shows_itself_where_there_is_a_shell(monkeypatch):
    shown = {}

    def for_type_by_name(module, name, function):
        shown[module, name] = function

    formatter = SimpleNamespace(for_type_by_name=for_type_by_name)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    spinemc._in_notebook()
    monkeypatch.undo()
    cell = build(GeometrySpec(shape=Shape("sphere", {"radius": 0.4, "edge": 0.1}, "a <ball>")))
    made = shown[type(cell).__module__, type(cell).__name__](cell)
    picture = imread(BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', made)[1])))
    assert picture.shape[0] > 300 and picture.std() > 0.02
    assert "a &lt;ball&gt;" in made and describe(cell).splitlines()[1] in made


def test_nothing_happens_without_a_shell(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert spinemc._in_notebook() is None
