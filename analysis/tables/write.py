"""Write the rate tables that the scenarios of the studies read: gating, block and influx of the channels over 35 ms."""

from pathlib import Path

import numpy as np

from spinemc import mechanisms

PEAK, DECAY = 1e-3, 1.2e-3  # of the glutamate transient of analysis/one_spine [M], [s]: a choice
TIME = 1e-3 * np.concatenate([np.arange(0.0, 5.0, 0.05), np.arange(5.0, 35.01, 0.25)])  # s

if __name__ == "__main__":
    for name, (title, rate) in mechanisms.tables(TIME, PEAK, DECAY).items():
        mechanisms.write_table(Path(__file__).parent / f"{name}.csv", TIME, rate, title)
