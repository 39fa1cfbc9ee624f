"""How many ions of a followed species each population carries, and what becomes of them in each reaction.

A molecule of the followed species is one ion, wherever it is. What its partners carry follows from the reactions: ions
are neither made nor lost where molecules join or come apart. Where the equations leave it open, a change of one
molecule into another, such as that of a conformation, keeps the ions; a partner that no equation tells of has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from spinemc.errors import ScenarioError

if TYPE_CHECKING:
    from spinemc.chemistry.network import Network, Step
    from spinemc.scenario import Scenario

_GONE = -1


class Way(NamedTuple):
    """A one-way step by names of species at home, and whether there is a step back."""

    label: str
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    returns: bool


def carried(scenario: Scenario, network: Network) -> np.ndarray:
    """How many ions a molecule of each population carries.

    Returns
    -------
    (species,) int64
        The same for a species in all spaces; 0 throughout where the scenario follows no ions.

    Raises
    ------
    ScenarioError
        The reactions contradict each other, and `carriers` of the record does not say which is right.
    """
    record = scenario.ions
    if record is None:
        return np.zeros(len(network.species), np.int64)
    home = [network.species[s] for s in network.home]
    steps = [
        Way(t.label, tuple(home[s] for s in t.reactants), tuple(home[s] for s in t.products), t.reverse >= 0)
        for t in network.steps
    ]
    try:
        found = loads(home, steps, record.species, record.carriers)
    except ScenarioError as fault:
        file = scenario.path.name if scenario.path else "scenario"
        raise ScenarioError(f"{file}: record.ions 1: {fault}") from None
    return np.array([found[name] for name in home], np.int64)


def loads(species: Iterable[str], steps: Iterable[Way], followed: str, said: Mapping[str, int]) -> dict[str, int]:
    """How many ions a molecule of each species carries.

    Parameters
    ----------
    species : iterable of str
    steps : iterable of Way
    followed : str
        The species whose molecules are the ions.
    said : mapping of str to int
        What is known beforehand.

    Raises
    ------
    ScenarioError
        As `carried`.
    """
    return _Solver(species, steps, followed, said).solve()


def new_products(step: Step) -> list[int]:
    """The products of a step that are not reactants that stay, in the order of the equation."""
    stay = Counter(step.reactants) & Counter(step.products)
    left = []
    for s in step.products:
        if stay[s] > 0:
            stay[s] -= 1
        else:
            left.append(s)
    return left


def given(step: Step, carries: np.ndarray) -> int:
    """How many ions the reactants that a step uses up bring."""
    used = Counter(step.reactants) - Counter(step.products)
    return sum(int(carries[s]) * number for s, number in used.items())


def holders(network: Network, carries: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Who holds the ions after a reaction, in the order in which the log tells of them.

    Parameters
    ----------
    network : Network
    carries : (species,) int64
        From `carried`.

    Returns
    -------
    tuple of tuple of int
        For each step one entry for each ion that takes part in an event of it: an index into `Network.species`, or -1
        where the ion is taken away.
    """
    found = []
    for step in network.steps:
        after = [s for s in new_products(step) for _ in range(carries[s])]
        found.append((*after, *(_GONE,) * (given(step, carries) - len(after))))
    return tuple(found)


def ways(network: Network, carries: np.ndarray) -> tuple[str, ...]:
    """What each step does to ions: `makes` some, `takes` some away, `hands on` all, or `nothing`."""
    found = []
    for step, after in zip(network.steps, holders(network, carries), strict=True):
        before = given(step, carries)
        made = sum(s != _GONE for s in after)
        found.append("makes" if made > before else "takes" if made < before else "hands on" if after else "nothing")
    return tuple(found)


class _Solver:
    """The numbers of ions as unknowns: one for each species, and one for all that change into each other and back."""

    def __init__(self, species: Iterable[str], steps: Iterable[Way], followed: str, said: Mapping[str, int]) -> None:
        self.said = said
        self.known = {followed: 1, **said}
        ways = [(t.reactants, t.products, t) for t in steps]
        turns = [(a[0], b[0], t) for a, b, t in ways if len(a) == len(b) == 1 and a != b]
        self.one = {s: s for s in species}
        for x, y, step in turns:
            if step.returns and not {x, y} & self.known.keys():
                here, there = self.one[x], self.one[y]
                self.one |= {s: here for s, mine in self.one.items() if mine == there}
        self.turns = [(self.one[x], self.one[y], t) for x, y, t in turns if self.one[x] != self.one[y]]
        joins = [(a, b, t) for a, b, t in ways if a and b and min(len(a), len(b)) == 1 < max(len(a), len(b))]
        self.joins = [(self._balance(a, b), t) for a, b, t in joins if not set(a) & set(b)]
        wholes = {self.one[(a if len(a) == 1 else b)[0]] for a, b, _ in joins if not set(a) & set(b)}
        self.partners = {s for balance, _ in self.joins for s in balance} - wholes

    def _balance(self, before: Iterable[str], after: Iterable[str]) -> Counter[str]:
        """How often each unknown is gained and lost."""
        balance = Counter(self.one[s] for s in after)
        balance.subtract(self.one[s] for s in before)
        return balance

    def solve(self) -> dict[str, int]:
        """The number of each species."""
        changing = {s for x, y, _ in self.turns for s in (x, y)}
        while True:
            if self._join() or self._turn(forward=True) or self._turn(forward=False):
                continue
            free = self.partners - self.known.keys()
            bare = free - changing or free or set(self.one.values()) - self.known.keys()
            if not bare:
                break
            self.known |= dict.fromkeys(bare, 0)
        for balance, step in self.joins:
            if sum(n * self.known[s] for s, n in balance.items()) and not self._is_said(step):
                self._refuse(step)
        return {s: self.known[one] for s, one in self.one.items()}

    def _join(self) -> bool:
        """Find the one number that is missing in some joining or coming apart; whether there was one."""
        for balance, step in self.joins:
            open_ = [s for s, n in balance.items() if n and s not in self.known]
            if len(open_) != 1:
                continue
            rest = -sum(n * self.known[s] for s, n in balance.items() if s in self.known)
            number, left = divmod(rest, balance[open_[0]])
            if left or number < 0:
                if not self._is_said(step):
                    self._refuse(step)
                continue
            self.known[open_[0]] = number
            return True
        return False

    def _turn(self, forward: bool) -> bool:
        """Hand numbers on along changes of one molecule into another, or back; whether there was something to do."""
        found: dict[str, int] = {}
        for x, y, step in self.turns:
            source, target = (x, y) if forward else (y, x)
            if source not in self.known or target in self.known:
                continue
            if found.setdefault(target, self.known[source]) != self.known[source]:
                self._refuse(step)
        self.known |= found
        return bool(found)

    def _is_said(self, step: Way) -> bool:
        """Whether the user has said what some molecule of a step carries: it may make ions then, or take some away."""
        return any(s in self.said for s in (*step.reactants, *step.products))

    @staticmethod
    def _refuse(step: Way) -> NoReturn:
        raise ScenarioError(
            f"by {step.label} its molecules carry other numbers of ions than by the other reactions; "
            "say how many each of them carries, as in carriers = { CaB = 1 }."
        )
