"""Run a Smoldyn model and write what that cost and its table of molecules: smoldyn_run.py MODEL RESULT.

The Python that Smoldyn is installed for runs this; it has nothing of this project.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

from smoldyn._smoldyn import Simulation


def main(model, result):
    """Reading the model and laying its boxes is not counted."""
    simulation = Simulation(model, "")
    cpu, wall = process_time(), perf_counter()
    simulation.runSim()
    told = {"cpu": process_time() - cpu, "wall": perf_counter() - wall}
    told["molecules"] = simulation.getOutputData("molecules", False)
    Path(result).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
