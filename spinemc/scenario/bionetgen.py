"""Files of BioNetGen (.net): the species, reactions and parameters of a network, as numbers without units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spinemc.errors import ScenarioError
from spinemc.scenario import expressions

READ = ("parameters", "species", "reactions", "functions")
"""The blocks that are looked at."""


@dataclass(frozen=True)
class NetSpecies:
    """A species of a file: its line, its pattern, and how much of it is there at first."""

    line: int
    pattern: str
    amount: float


@dataclass(frozen=True)
class NetReaction:
    """A one-way reaction of a file: its line, species by place in the file, from 0, and its rate.

    It fires at the rate times the product of its reactants' amounts, the same twice where it takes two of a kind.
    """

    line: int
    reactants: tuple[int, ...]
    products: tuple[int, ...]
    rate: float


@dataclass(frozen=True)
class Net:
    """What a file says."""

    species: tuple[NetSpecies, ...]
    reactions: tuple[NetReaction, ...]


Lines = list[tuple[int, str]]


def read_net(path: Path, faults: list[str]) -> Net:
    """Read a file that BioNetGen wrote.

    Parameters
    ----------
    path : Path
    faults : list of str
        Where faults are noted, each with its line; blocks other than those of `READ` are passed over.

    Returns
    -------
    Net
        Without the lines that have faults.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        faults.append(f"{path.name} is not a text in UTF-8.")
        return Net((), ())
    except OSError as error:
        faults.append(f"{path.name} cannot be read: {error.strerror}.")
        return Net((), ())
    blocks = _blocks(text, path.name, faults)
    for needed in ("species", "reactions"):
        if needed not in blocks and not faults:
            faults.append(f"{path.name} has no block of {needed}: a network as BioNetGen writes it is needed.")
    functions = {f for _, entry in blocks.get("functions", []) for f in re.findall(r"([^\W\d]\w*)\s*\(", entry)[:1]}
    known = _parameters(blocks.get("parameters", []), path.name, faults)
    species: list[NetSpecies] = []
    place: dict[str, int] = {}
    for line, entry in blocks.get("species", []):
        with _Told(f"{path.name}, line {line}", faults):
            number, one = _species(line, entry, known)
            place[number] = len(species)
            species.append(one)
    reactions = []
    for line, entry in blocks.get("reactions", []):
        with _Told(f"{path.name}, line {line}", faults):
            reactions.append(_reaction(line, entry, place, known, functions))
    return Net(tuple(species), tuple(reactions))


class _Told:
    """Notes what is refused within it, and goes on."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.where, self.faults = where, faults

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> bool:
        if isinstance(fault, ScenarioError):
            self.faults.append(f"{self.where}: {fault}")
        return isinstance(fault, ScenarioError)


def _blocks(text: str, file: str, faults: list[str]) -> dict[str, Lines]:
    """The lines of each block, numbered, without comments."""
    blocks: dict[str, Lines] = {}
    inside: str | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        words = line.split()
        if len(words) >= 2 and words[0] == "begin" and inside is None:
            inside = " ".join(words[1:])
            if inside in blocks:
                faults.append(f"{file}, line {number}: there are {inside} already: a network has one block of them.")
            blocks.setdefault(inside, [])
        elif words and words[0] == "end" and inside is not None:
            inside = None
        elif line and inside is not None:
            blocks[inside].append((number, line))
    if inside is not None:
        faults.append(f'{file}: the block of {inside} has no "end {inside}".')
    return blocks


def _parameters(lines: Lines, file: str, faults: list[str]) -> dict[str, float]:
    """The numbers that parameters stand for, in whatever order they are written; those with faults are left out."""
    trees: dict[str, tuple[int, expressions.Expression]] = {}
    for line, entry in lines:
        with _Told(f"{file}, line {line}", faults):
            match = re.fullmatch(r"(?:\d+\s+)?([^\W\d]\w*)[\s=]+(.+)", entry)
            if match is None:
                raise ScenarioError(f'"{entry[:60]}" is not a parameter and its value.')
            trees[match[1]] = line, expressions.parse(match[2])
    known: dict[str, float] = {}
    while True:
        ready = [n for n, (_, tree) in trees.items() if not tree.names & (trees.keys() - {n})]
        if not ready:
            break
        for name in ready:
            line, tree = trees.pop(name)
            with _Told(f"{file}, line {line}", faults):
                known[name] = expressions.value(tree, known)
    faults += [f"{file}, line {line}: {name} depends on itself." for name, (line, _) in trees.items()]
    return known


def _species(line: int, entry: str, known: Mapping[str, float]) -> tuple[str, NetSpecies]:
    """A species and its number in the file."""
    match = re.fullmatch(r"(\d+)\s+(\S+)\s+(\S.*)", entry)
    if match is None:
        raise ScenarioError(f'"{entry[:60]}" is not a number, a species and its amount.')
    number, pattern, amount = match.groups()
    if pattern.startswith("$"):
        raise ScenarioError(f"{pattern} is held constant, which only a [[boundary]] of kind clamp does here.")
    if "@" in pattern:
        raise ScenarioError(f"{pattern} is in a compartment of BioNetGen's own: write one network for each space.")
    found = expressions.value(expressions.parse(amount), known)
    if found < 0.0:
        raise ScenarioError(f"the amount of {pattern}, {found:g}, is negative.")
    return number, NetSpecies(line, pattern, found)


def _reaction(
    line: int, entry: str, place: Mapping[str, int], known: Mapping[str, float], functions: set[str]
) -> NetReaction:
    """A reaction and its rate."""
    words = entry.split(maxsplit=3)
    if len(words) < 4:
        raise ScenarioError(f'"{entry[:60]}" is not a number, reactants, products and a rate.')
    reactants, products = (tuple(_numbers(side, place)) for side in words[1:3])
    law = words[3]
    if re.fullmatch(r"\w+(\s+\w+)+", law):
        raise ScenarioError(f'"{law[:60]}" is a rate law of its own: only reactions of mass action can be taken.')
    tree = expressions.parse(law)
    functional = sorted(tree.names & functions)
    if functional:
        raise ScenarioError(f"its rate is the function {functional[0]}: only reactions of mass action can be taken.")
    rate = expressions.value(tree, known)
    if rate < 0.0:
        raise ScenarioError(f"its rate, {rate:g}, is negative.")
    if len(reactants) > 2:
        raise ScenarioError(f"{len(reactants)} molecules react at once: at most two can.")
    return NetReaction(line, reactants, products, rate)


def _numbers(side: str, place: Mapping[str, int]) -> Iterator[int]:
    for number in side.split(","):
        if number != "0":
            if number not in place:
                raise ScenarioError(f"there is no species {number}, or its line is wrong.")
            yield place[number]


def identifiers(patterns: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """A name for each pattern, unlike all others: "CaM(c~0,n~0)" is CaM_c0_n0, "A(b!1).B(a!1)" is A_b1_B_a1.

    Sites without a state that are free are left out; what then is alike gets a number.

    Parameters
    ----------
    patterns : sequence of str
    renamed : mapping
        Names of patterns that are chosen otherwise.
    """
    taken = dict.fromkeys(renamed.values(), 1)
    made = []
    for pattern in patterns:
        if pattern in renamed:
            made.append(renamed[pattern])
            continue
        name = "_".join(word for molecule in pattern.split(".") for word in _words(molecule))
        name = name if name.isidentifier() else f"s_{name}"
        while name in taken:
            taken[name] += 1
            name = f"{name}_{taken[name]}"
        taken[name] = 1
        made.append(name)
    return made


def _words(molecule: str) -> Iterator[str]:
    """The name of a molecule of a pattern, then its sites that have a state or a bond."""
    name, _, rest = molecule.partition("(")
    yield re.sub(r"\W", "_", name)
    for site in rest.rstrip(")").split(","):
        if "~" in site or "!" in site:
            yield re.sub(r"\W", "", site)
