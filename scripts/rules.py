"""How fast the rules of plasticity are: one step of one synapse, calcium that crosses all thresholds, in one thread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from measure import now

from spinemc import plasticity

LINE = "{:<16} {:>14} {:>14}"
LEVEL = {"ions": 300.0, "uM": 0.45, "1": 2.0}
STEPS, SYNAPSES = 6_000, 64


def table(repeats: int) -> Iterator[str]:
    """Synapse-steps a second of CPU, without and with noise, the median of some calls after a first one."""
    yield LINE.format("rule", "M/s", "M/s, noisy")
    for name in plasticity.RULES:
        module = plasticity.rule(name)
        steps = STEPS if name != "camkii2007" else STEPS // 6
        level = LEVEL[module.UNIT] * np.random.default_rng(1).uniform(0.0, 2.0, (1, SYNAPSES, steps))
        trace = plasticity.trace(1e-3 * np.arange(steps), level)
        speeds = []
        for noisy in (False, True):
            if noisy and "noise" not in module.PARAMETERS:
                speeds.append("-")
                continue
            cpu = []
            for _ in range(repeats + 1):
                begin = now()
                plasticity.apply(name, trace, parameters={"noise": True} if noisy else {})
                cpu.append((now() - begin)[0])
            speeds.append(f"{steps * SYNAPSES / np.median(cpu[1:]) / 1e6:.2f}")
        yield LINE.format(name, *speeds)
