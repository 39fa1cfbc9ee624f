"""The studies of the folder `analysis`, as modules."""

import importlib
import sys
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"


def study(name, module="study"):
    """A module of a study: each study is a package for what is beside it; where there is none, one that they share."""
    if str(ANALYSIS) not in sys.path:
        sys.path.insert(0, str(ANALYSIS))
    return importlib.import_module(f"{name}.{module}" if module else name)
