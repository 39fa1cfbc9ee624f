"""How the shape of spines follows their weights: the values of `[structure]`."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOOPS = ("shut", "open")
"""Whether the shape follows the weights, or stays while they are computed."""

FORMS = ("linear", "exponential", "power")
"""Laws by name: 1 + g (w - w0), exp(g (w - w0)) and (w / w0)^g times the size at w0."""

MOLECULES = ("carried", "fresh")
"""What an epoch begins with: what the one before ended with, or what the scenario puts in."""


@dataclass(frozen=True)
class Growth:
    """How one size of a spine follows its weight.

    Attributes
    ----------
    gain : float
        Its relative change for a change of the weight by 1; the exponent of a power [1].
    least, most : float
        The limits that it stays within [um^3 or um].
    """

    gain: float
    least: float
    most: float


@dataclass(frozen=True)
class Structure:
    """Epochs of a scenario, and the law by which the shape follows the weights from one to the next.

    Attributes
    ----------
    epochs : int
        How often the scenario runs.
    rule : str
        The rule of plasticity whose weights the spines follow.
    loop : str
        One of `LOOPS`.
    form : str
        One of `FORMS`.
    reference : float or None
        The weight at which a spine has the size that the geometry gives; its weight at the very start where None.
    molecules : str
        One of `MOLECULES`.
    head_volume, neck_radius, neck_length : Growth
    """

    epochs: int
    rule: str
    loop: str = "shut"
    form: str = "linear"
    reference: float | None = None
    molecules: str = "carried"
    head_volume: Growth = Growth(0.75, 0.004, 0.8)
    neck_radius: Growth = Growth(0.25, 0.02, 0.25)
    neck_length: Growth = Growth(-0.25, 0.08, 1.6)

    @property
    def growths(self) -> dict[str, Growth]:
        """By the size that follows."""
        return {key: getattr(self, key) for key in SIZES}


MOST = 100.0
"""An exponent beyond which every size is at its limit."""

SIZES = {"head_volume": "volume", "neck_radius": "length", "neck_length": "length"}
"""The sizes that follow a weight, and what each measures."""


def factor(form: str, gain: float, weight: float, reference: float) -> float:
    """What a size is multiplied by at a weight, before its limits.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    gain : float
        [1]
    weight, reference : float
        The weight, and that at which the size is as the geometry gives it [1].

    Returns
    -------
    float
        [1]; 0 or below means that the law leads below every size.
    """
    if form == "power":
        return float((weight / reference) ** gain)
    change = gain * (weight - reference)
    return math.exp(min(change, MOST)) if form == "exponential" else 1.0 + change
