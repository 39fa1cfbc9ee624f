"""Reaction and diffusion of a network at the corners of tetrahedra: what the integrator asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spinemc.errors import EngineError

RTOL = 1e-5  # of a population's root mean square, a step
ATOL = 1e-4  # molecules of a population
_TINY = np.finfo(float).tiny
_STEPS_KEPT = 4  # sizes of steps whose factors are kept
_DIRECT = 6000  # points above which factors cost more than iterations
_EXACT = 1e-11  # residual of what is iterated, relative
_MOST_ITERATIONS = 2000


@dataclass(frozen=True, eq=False)
class Term:
    """One event that happens at sites: rate per weight k times the densities of its reactants.

    Attributes
    ----------
    rate : int
        Index into the rates.
    reactants : tuple of int
        Populations, at most two.
    change : dict of int to float
        Molecules of each population that one event makes.
    weight : (n,) float64
        Volume [um^3] or area [um^2] that each site stands for in it.
    """

    rate: int
    reactants: tuple[int, ...]
    change: dict[int, float]
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Diffusion:
    """Populations that diffuse alike: with one coefficient in one domain, held at the same sites.

    Attributes
    ----------
    population : list of int
    D : float
        [um^2 s^-1]
    stiffness : (n, n) csr_array
        Integrals of the products of the hats' gradients over the domain.
    """

    population: list[int]
    D: float
    stiffness: Any


@dataclass(frozen=True, eq=False)
class Fields:
    """The equations of a network at sites.

    The state is, by site and population, the density [um^-3 or um^-2], followed by the events of each rate. Where
    a site is held, the density stands in `held` and the state is what was taken there, as a density.

    Attributes
    ----------
    weight : (n, s) float64
        Volume or area that a site stands for in each population; 0 where it is not.
    held : (n, s) float64
        The densities at which sites are held; NaN where they are not.
    terms : list of Term
    diffusion : list of Diffusion
    rates : callable
        (r,) float64: the rates at a time.
    events : int
        Number of rates.
    """

    weight: np.ndarray
    held: np.ndarray
    terms: list[Term]
    diffusion: list[Diffusion]
    rates: Callable[[float], np.ndarray]
    events: int
    _groups: list[_Group] = field(init=False)
    _factors: dict[float, list[Callable[[np.ndarray], np.ndarray]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        there = self.weight > 0.0
        kind = there + 2 * (there & np.isfinite(self.held))
        patterns, of = np.unique(kind, axis=0, return_inverse=True)
        of = of.ravel()
        groups = [_grouped(self, np.flatnonzero(of == i), pattern) for i, pattern in enumerate(patterns)]
        object.__setattr__(self, "_groups", [group for group in groups if len(group.rate)])

    def initial(self) -> np.ndarray:
        """The state where no molecule is but those of held sites, which are let in."""
        return np.concatenate([-np.nan_to_num(self.held).ravel(), np.zeros(self.events)])

    def split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, s) and (events,) views of a state."""
        return y[: self.weight.size].reshape(self.weight.shape), y[self.weight.size :]

    def density(self, y: np.ndarray) -> np.ndarray:
        """(n, s) float64: the densities in a state."""
        return np.where(np.isnan(self.held), self.split(y)[0], self.held)

    def taken(self, y: np.ndarray) -> np.ndarray:
        """(n, s) float64: molecules taken out at held sites, less those let in."""
        return np.where(np.isnan(self.held), 0.0, self.split(y)[0] * self.weight)

    def error(self, error: np.ndarray, y: np.ndarray) -> float:
        """Root mean square of the error of the worst population, over what is allowed."""
        whole = np.maximum(self.weight.sum(axis=0), np.finfo(float).tiny)
        free = np.isnan(self.held)
        wrong, size = (np.sqrt((self.weight * free * self.split(x)[0] ** 2).sum(axis=0) / whole) for x in (error, y))
        return float((wrong / (RTOL * size + ATOL / whole)).max(initial=0.0))

    def slope(self, t: float, y: np.ndarray) -> np.ndarray:
        """dy/dt."""
        out = np.zeros_like(y)
        slope, events = self.split(out)
        density, k = self.density(y), self.rates(t)
        for one in self.diffusion:
            slope[:, one.population] -= one.D * (one.stiffness @ density[:, one.population])
        for group in self._groups:
            rate = group.weight * k[group.rate] * group.at(density, 0) * group.at(density, 1)
            slope[np.ix_(group.site, group.population)] += rate @ group.change
            np.add.at(events, group.rate, rate.sum(axis=0))
        np.divide(slope, self.weight, out=slope, where=self.weight > 0.0)
        return out

    def solver(self, t: float, y: np.ndarray, h: float) -> Callable[[np.ndarray], np.ndarray]:
        """What solves (I - h J_D) (I - h J_R) x = r: diffusion of each population, then the reactions of each site."""
        if h not in self._factors:
            while len(self._factors) >= _STEPS_KEPT:
                del self._factors[next(iter(self._factors))]
            self._factors[h] = [self._diffused(one, h) for one in self.diffusion]
        diffused = self._factors[h]
        density, k = self.density(y), self.rates(t)
        reacted = [group.solver(density, k, h) for group in self._groups]

        def solve(right: np.ndarray) -> np.ndarray:
            x = right.copy()
            values, events = self.split(x)
            for one, apply in zip(self.diffusion, diffused, strict=True):
                values[:, one.population] = apply(values[:, one.population])
            for apply_at in reacted:
                apply_at(values, events)
            return x

        return solve

    def _diffused(self, one: Diffusion, h: float) -> Callable[[np.ndarray], np.ndarray]:
        """(I - h J_D)^-1 for the populations of one diffusion."""
        from scipy.sparse import diags_array
        from scipy.sparse.linalg import splu

        weight, held = self.weight[:, one.population[0]], ~np.isnan(self.held[:, one.population[0]])
        free, fixed = np.flatnonzero((weight > 0.0) & ~held), np.flatnonzero((weight > 0.0) & held)
        if len(free) == 0:
            return np.copy
        pull = h * one.D * one.stiffness[:, free]
        matrix = (diags_array(weight[free]) + pull[free]).tocsc()
        if len(free) > _DIRECT:
            closed = len(fixed) == 0

            def found(right: np.ndarray) -> np.ndarray:
                return _conjugate(matrix, right, closed)
        else:
            options = {"SymmetricMode": True}
            found = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve

        def apply(right: np.ndarray) -> np.ndarray:
            out = right.copy()
            out[free] = found(weight[free, None] * right[free])
            out[fixed] -= (pull[fixed] @ out[free]) / weight[fixed, None]
            return out

        return apply


def _conjugate(matrix: Any, right: np.ndarray, closed: bool) -> np.ndarray:
    """Solve a symmetric positive system for some columns by conjugate gradients, scaled by the diagonal.

    Where nothing leaves the domain, what the residual lacks is spread over all of it, so that the sums are exact.
    """
    scale = 1.0 / matrix.diagonal()[:, None]
    x = scale * right
    residual = right - matrix @ x
    toward = scale * residual
    length = (residual * toward).sum(axis=0)
    least = _EXACT**2 * (right * scale * right).sum(axis=0)
    for _ in range(_MOST_ITERATIONS):
        if (length <= least).all():
            break
        image = matrix @ toward
        far = length / np.maximum((toward * image).sum(axis=0), _TINY)
        x += far * toward
        residual -= far * image
        before, length = length, (residual * scale * residual).sum(axis=0)
        toward = scale * residual + length / np.maximum(before, _TINY) * toward
    else:
        raise EngineError(f"diffusion on {len(right)} points is not solved in {_MOST_ITERATIONS} iterations.")
    return x + (right - matrix @ x).sum(axis=0) / matrix.sum() if closed else x


@dataclass(frozen=True, eq=False)
class _Group:
    """Sites where the same populations are: a small dense system at each.

    Arrays over terms (t) and the group's populations (p); reactants are places in `population`, p for none.
    """

    site: np.ndarray
    population: np.ndarray
    held: np.ndarray
    rate: np.ndarray
    reactant: np.ndarray
    change: np.ndarray
    weight: np.ndarray
    stands_for: np.ndarray

    def at(self, density: np.ndarray, which: int) -> np.ndarray:
        """(site, t) Density of the first or second reactant of each term, 1 where it has none."""
        here = density[np.ix_(self.site, self.population)]
        return np.column_stack([here, np.ones(len(here))])[:, self.reactant[which]]

    def solver(self, density: np.ndarray, k: np.ndarray, h: float) -> Callable[[np.ndarray, np.ndarray], None]:
        """What solves (I - h J_R) x = r at the sites in place, and adds to the events what goes with it."""
        sites, p = len(self.site), len(self.population)
        terms = np.arange(len(self.rate))
        pull = np.zeros((sites, len(terms), p + 1))
        for which in (0, 1):
            pull[:, terms, self.reactant[which]] += self.weight * k[self.rate] * self.at(density, 1 - which)
        pull = h * pull[:, :, :p] * ~self.held
        inverse = np.linalg.inv(np.eye(p) - (self.change.T @ pull) / self.stands_for[:, :, None])
        where = np.ix_(self.site, self.population)

        def solve(values: np.ndarray, events: np.ndarray) -> None:
            x = np.einsum("mij,mj->mi", inverse, values[where])
            values[where] = x
            np.add.at(events, self.rate, np.einsum("mti,mi->t", pull, x))

        return solve


def _grouped(fields: Fields, site: np.ndarray, pattern: np.ndarray) -> _Group:
    """The terms that happen at sites of one pattern of populations."""
    here = set(np.flatnonzero(pattern).tolist())
    terms = [
        term
        for term in fields.terms
        if set(term.reactants) <= here and set(term.change) <= here and term.weight[site].any()
    ]
    population = np.array(sorted({s for term in terms for s in (*term.reactants, *term.change)}), np.int64)
    place = {int(s): i for i, s in enumerate(population)}
    change = np.zeros((len(terms), len(population)))
    for i, term in enumerate(terms):
        for s, amount in term.change.items():
            change[i, place[s]] = amount
    reactant = [[place[s] for s in term.reactants] + [len(population)] * (2 - len(term.reactants)) for term in terms]
    return _Group(
        site=site,
        population=population,
        held=pattern[population] > 1,
        rate=np.array([term.rate for term in terms], np.int64),
        reactant=np.array(reactant, np.int64).reshape(-1, 2).T,
        change=change,
        weight=np.array([term.weight[site] for term in terms]).reshape(len(terms), len(site)).T,
        stands_for=fields.weight[np.ix_(site, population)],
    )
