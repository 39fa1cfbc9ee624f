"""A spine by itself: the profile of its head, neck and PSD about its axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from spinemc.geometry.lathe import Span, arc, bow, line
from spinemc.geometry.parameters import Parameters, um

SPINE = ("head_radius", "neck_radius", "neck_length", "psd_radius"), ("head_height", "fillet", "cup_depth")
STUBBY = ("head_radius", "head_height", "psd_radius"), ("fillet",)
"""The parameters each needs, and those it may have."""


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


def _spine(given: Parameters) -> Form:
    head, neck, length, psd = (given[k] for k in SPINE[0])
    half = given.get("head_height", 2.0 * head) / 2.0
    given.below("neck_radius", head, "head_radius", "a neck is thinner than its head")
    given.below("psd_radius", head, "head_radius", "the PSD is a cap of the head")
    given.refuse_faults()
    low = np.arcsin(neck / head)
    high = np.pi - np.arcsin(psd / head)
    middle = length + half * np.cos(low)
    spans, junction, slim = _neck(given, neck, length, head, half, middle, low)
    begin = float(low)
    if "fillet" in given:
        begin = float(np.arccos((middle - junction) / half))
    spans.append(arc("head", head, half, middle, begin, high))
    top = middle + half
    if "cup_depth" in given:
        rim = middle - half * np.cos(high)
        depth = given["cup_depth"]
        t = np.linspace(0.0, np.pi / 2.0, 100, endpoint=False)
        bowl = (psd * np.sin(t) / head) ** 2 + ((rim - depth * np.cos(t) - middle) / half) ** 2
        given.below("cup_depth", rim - junction, "the height of the head below the rim", "a cup has a bottom")
        if bowl.max() >= 1.0:
            given.fault(f"{given.place}cup_depth is {um(depth)}: a cup of radius {um(psd)} breaks through the head.")
        given.refuse_faults()
        spans.append(arc("psd", psd, depth, rim, np.pi / 2.0, 0.0))
        top = rim
    else:
        spans.append(arc("psd", head, half, middle, high, np.pi))
    return Form(tuple(spans), neck, junction, slim, head, top)


def _neck(
    given: Parameters, neck: float, length: float, head: float, half: float, middle: float, low: float
) -> tuple[list[Span], float, float]:
    """The spans of the neck, the height at which the head begins, and the largest radius below [um].

    A fillet is the arc of a circle that touches the neck and, from outside, the ellipse of the head.
    """
    if "fillet" not in given:
        return [line("neck", (neck, 0.0), (neck, length))], length, neck
    fillet = given["fillet"]

    def normal(t: float) -> np.ndarray:
        away = np.array([np.sin(t) / head, -np.cos(t) / half])
        return away / np.linalg.norm(away)

    def excess(t: float) -> float:
        return float(head * np.sin(t) + fillet * (normal(t)[0] - 1.0) - neck)

    touch = brentq(excess, low, np.pi / 2.0)
    out = normal(touch)
    center = neck + fillet, middle - half * np.cos(touch) + fillet * out[1]
    if center[1] <= 0.0:
        given.fault(
            f"{given.place}fillet is {um(fillet)}, too large for a neck of {um(length)}: it would begin "
            f"{um(-center[1])} below the neck's foot."
        )
        given.refuse_faults()
    spans = [
        line("neck", (neck, 0.0), (neck, center[1])),
        bow("neck", center, fillet, np.pi, float(np.arctan2(-out[1], -out[0]))),
    ]
    return spans, float(middle - half * np.cos(touch)), float(head * np.sin(touch))


def _stubby(given: Parameters) -> Form:
    head, height, psd = (given[k] for k in STUBBY[0])
    given.below("psd_radius", head, "head_radius", "the PSD is a cap of the head")
    given.refuse_faults()
    high = np.pi - np.arcsin(psd / head)
    spans = (
        arc("head", head, height, 0.0, np.pi / 2.0, high),
        arc("psd", head, height, 0.0, high, np.pi),
    )
    return Form(spans, head, None, head, head, height)
