"""A spine by itself: the profile of its head, neck and PSD about its axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spinemc.geometry.shapes.lathe import Span, arc, bow, line, surface_area
from spinemc.geometry.shapes.parameters import Parameters, um

SPINE = (
    ("head_radius", "neck_radius", "neck_length", "psd_radius"),
    ("head_height", "fillet", "cup_depth", "ring_width", "resistivity"),
)
STUBBY = ("head_radius", "head_height", "psd_radius"), ("fillet", "ring_width")
"""The parameters each needs, and those it may have."""

RING = "perisynapse"
"""The region around the PSD."""

RESISTIVITY = 1.5  # Mohm um, 150 ohm cm, of cytoplasm
WIDEST = 100.0  # times the neck's radius that a head is looked for up to


@dataclass(frozen=True)
class Form:
    """A spine that stands on z = 0 with its axis along z.

    Attributes
    ----------
    spans : tuple of Span
        Its profile from z = 0 to the axis at its top.
    foot : float
        Radius where it stands [um].
    junction : float or None
        Height at which neck and head meet [um]; None for a spine without a neck.
    slim : float
        Radius within which all lies that is not head [um].
    widest : float
        Radius within which all lies [um].
    top : float
        Its height [um].
    """

    spans: tuple[Span, ...]
    foot: float
    junction: float | None
    slim: float
    widest: float
    top: float


def upright(kind: str, given: Parameters) -> Form:
    """The profile of a spine.

    Faults are noted in `given`, and raised as GeometryError.
    """
    return (_stubby if kind == "stubby" else _spine)(given)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a spine with a neck [um]: radii, half the head's height, and the neck up to the head."""

    head: float
    half: float
    neck: float
    length: float
    psd: float
    fillet: float
    cup: float

    @property
    def touch(self) -> float:
        """Where the head's ellipse is met from below, an angle from its lowest point: by the neck or its fillet."""
        from scipy.optimize import brentq

        low = float(np.arcsin(self.neck / self.head))
        if self.fillet == 0.0:
            return low

        def excess(t: float) -> float:
            return float(self.head * np.sin(t) + self.fillet * (self.normal(t)[0] - 1.0) - self.neck)

        return float(brentq(excess, low, np.pi / 2.0))

    def normal(self, t: float) -> np.ndarray:
        """The outward normal of the head's ellipse at an angle from its lowest point."""
        away = np.array([np.sin(t) / self.head, -np.cos(t) / self.half])
        return np.asarray(away / np.linalg.norm(away))

    @property
    def high(self) -> float:
        """Where the PSD begins, the angle from the ellipse's lowest point."""
        return float(np.pi - np.arcsin(self.psd / self.head))

    @property
    def volume(self) -> float:
        """Of the head above where it is met, without the hollow of a cup [um^3]."""
        whole = self._below(np.cos(self.touch)) + 2.0 / 3.0 * np.pi * self.head**2 * self.half
        if self.cup == 0.0:
            return float(whole)
        above = 2.0 / 3.0 * np.pi * self.head**2 * self.half - self._below(-np.cos(self.high))
        return float(whole - above - 2.0 / 3.0 * np.pi * self.psd**2 * self.cup)

    def _below(self, part: float) -> float:
        """Of the ellipsoid between its middle and some part of half its height away from it [um^3]."""
        return float(np.pi * self.head**2 * self.half * (part - part**3 / 3.0))

    @property
    def middle(self) -> float:
        """Height of the head's middle [um]."""
        return float(self.length + self.half * np.cos(np.arcsin(self.neck / self.head)))

    @property
    def psd_span(self) -> Span:
        """The PSD's profile: the cap of the head, or the hollow of a cup."""
        if self.cup:
            rim = self.middle - self.half * np.cos(self.high)
            return arc("psd", self.psd, self.cup, rim, np.pi / 2.0, 0.0)
        return arc("psd", self.head, self.half, self.middle, self.high, np.pi)


def sizes(given: Parameters) -> Sizes:
    """The sizes that a spine with a neck is asked for; radii that are not given are solved for on the smooth shape.

    Faults are noted in `given`, and raised as GeometryError.
    """
    length = given["neck_length"]
    neck = given.get("neck_radius")
    if neck is None:
        neck = float(np.sqrt(given.get("resistivity", RESISTIVITY) * length / (np.pi * given["neck_resistance"])))

    def with_psd(head: float, strict: bool = True) -> Sizes:
        half = given.get("head_height", 2.0 * head) / 2.0
        made = Sizes(
            head,
            half,
            neck,
            length,
            given.get("psd_radius", 0.0),
            given.get("fillet", 0.0),
            given.get("cup_depth", 0.0),
        )
        if "psd_radius" in given:
            return made

        def excess(psd: float) -> float:
            return surface_area([replace(made, psd=psd).psd_span]) - given["psd_area"]

        if not strict and excess((1.0 - 1e-9) * head) < 0.0:  # a head on the way to the one that is wanted
            return replace(made, psd=(1.0 - 1e-9) * head)
        return replace(made, psd=_solved(excess, 1e-6 * head, (1.0 - 1e-9) * head, "psd_area", "um^2", given))

    if "head_radius" in given:
        given.below("neck_radius", given["head_radius"], "head_radius", "a neck is thinner than its head", neck)
        given.refuse_faults()
        return with_psd(given["head_radius"])
    return with_psd(
        _solved(
            lambda head: with_psd(head, strict=False).volume - given["head_volume"],
            1.001 * max(neck, given.get("psd_radius", 0.0)),
            WIDEST * neck,
            "head_volume",
            "um^3",
            given,
        )
    )


def _solved(excess: Callable[[float], float], low: float, high: float, key: str, unit: str, given: Parameters) -> float:
    """The radius at which nothing is missing or too much; a fault where a quantity can be had by none."""
    from scipy.optimize import brentq

    least, most = excess(low) + given[key], excess(high) + given[key]
    if not least < given[key] < most:
        given.fault(
            f"{given.place}{key} is {given[key]:.4g} {unit}: with the other sizes it can be {least:.2g} to {most:.2g} "
            f"{unit}."
        )
        given.refuse_faults()
    return float(brentq(excess, low, high, xtol=1e-12))


def _spine(given: Parameters) -> Form:
    size = sizes(given)
    given.below("psd_radius", size.head, "head_radius", "the PSD is a cap of the head", size.psd)
    given.refuse_faults()
    touch, middle = size.touch, size.middle
    out = size.normal(touch)
    junction = middle - size.half * np.cos(touch)
    begin = junction + size.fillet * out[1] if size.fillet else junction
    if begin <= 0.0:
        given.fault(
            f"{given.place}fillet is {um(size.fillet)}, too large for a neck of {um(size.length)}: it would begin "
            f"{um(-begin)} below the neck's foot."
        )
    if size.cup:
        _check_cup(given, size, middle - size.half * np.cos(size.high) - junction)
    given.refuse_faults()
    spans = [line("neck", (size.neck, 0.0), (size.neck, begin))]
    if size.fillet:
        center = size.neck + size.fillet, begin
        spans.append(bow("neck", center, size.fillet, np.pi, float(np.arctan2(-out[1], -out[0]))))
    spans += [*_flank(given, size.head, size.half, middle, touch, size.high), size.psd_span]
    top = middle - size.half * np.cos(size.high) if size.cup else middle + size.half
    slim = max(size.neck, size.head * float(np.sin(touch)))
    return Form(tuple(spans), size.neck, float(junction), slim, size.head, float(top))


def _flank(given: Parameters, head: float, half: float, middle: float, low: float, high: float) -> list[Span]:
    """The head's profile between two angles from the lowest point of its ellipse, the last of it the ring, if any."""
    if "ring_width" not in given:
        return [arc("head", head, half, middle, low, high)]
    t = np.linspace(low, high, 2001)
    speed = np.hypot(head * np.cos(t), half * np.sin(t))
    way = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(t))])
    given.below("ring_width", float(way[-1]), "the way from the PSD down the head", "a ring lies on the head")
    given.refuse_faults()
    begin = float(np.interp(way[-1] - given["ring_width"], way, t))
    return [arc("head", head, half, middle, low, begin), arc(RING, head, half, middle, begin, high)]


def _check_cup(given: Parameters, size: Sizes, height: float) -> None:
    """Note a cup that is deeper than the head below its rim, or breaks through the head's side."""
    given.below("cup_depth", height, "the height of the head below the rim", "a cup has a bottom")
    t = np.linspace(0.0, np.pi / 2.0, 100, endpoint=False)
    below = np.cos(size.high) + size.cup * np.cos(t) / size.half  # of the middle, over half the head's height
    if ((size.psd * np.sin(t) / size.head) ** 2 + below**2).max() >= 1.0:
        given.fault(
            f"{given.place}cup_depth is {um(size.cup)}: a cup of radius {um(size.psd)} breaks through the head."
        )


def _stubby(given: Parameters) -> Form:
    head, height, psd = (given[k] for k in STUBBY[0])
    given.below("psd_radius", head, "head_radius", "the PSD is a cap of the head")
    given.refuse_faults()
    high = np.pi - np.arcsin(psd / head)
    spans = (
        *_flank(given, head, height, 0.0, np.pi / 2.0, high),
        arc("psd", head, height, 0.0, high, np.pi),
    )
    return Form(spans, head, None, head, head, height)
