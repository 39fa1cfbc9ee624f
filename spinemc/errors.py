"""What can go wrong: every error a user can cause is a `SpinemcError` with one clear sentence a fault."""

LONGEST = 2000
"""Characters of a line that is shown."""


def printable(text: str) -> str:
    """A text from a file as it may be shown: what steers a terminal or cannot be seen escaped, endless lines cut."""
    text = "\n".join(line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..." for line in text.split("\n"))
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


class SpinemcError(Exception):
    """A fault of the input. The message says where, what was given, what is allowed and what to do.

    Several faults found at once are several lines of one message.
    """


class ScenarioError(SpinemcError):
    """The scenario file, or a file it names, says something that cannot be run."""


class GeometryError(SpinemcError):
    """A surface is not closed, not one piece, inside out or degenerate, or a shape cannot be built."""


class EngineError(SpinemcError):
    """The engine cannot advance: the time step is too long, or a molecule has no valid place."""


class ClusterError(SpinemcError):
    """The cluster cannot be reached, or does not get a block done."""


class StoreError(SpinemcError):
    """A store exists already, is not one of ours, or is not complete."""


class ObservableError(SpinemcError):
    """What is asked of a run is not in it, or cannot be computed from it."""


class SpinemcWarning(UserWarning):
    """What is allowed but doubtful, such as a time step that is a bit long."""
