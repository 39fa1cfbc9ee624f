"""The studies of the folder `analysis`, as modules."""

import importlib.util
import sys
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"


def study(name, module="study"):
    """A module of a study, under a name of its own."""
    label = f"analysis_{name}_{module}"
    if label not in sys.modules:
        spec = importlib.util.spec_from_file_location(label, ANALYSIS / name / f"{module}.py")
        sys.modules[label] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[label])
    return sys.modules[label]
