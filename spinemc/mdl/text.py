"""What was made of a model, for a person and for a program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from spinemc.mdl.scenario import Written
from spinemc.mdl.values import by_kind
from spinemc.summaries.told import Summary


def told(files: list[Path], made: Written) -> Summary:
    """What was written, what became of the model's counts, and what was not simply taken over.

    Parameters
    ----------
    files : list of Path
        The scenario first.
    made : Written
    """
    lines = []
    if made.counts:
        lines += ["Counts, and where they are in the store:", *(f"  {c.count}: {c.store}" for c in made.counts)]
    for heading, some in by_kind(made.notes):
        lines += [f"{heading}:", *(f"  {note}" for note in some)]
    lines += [
        str(files[0]),
        f"and {len(files) - 1} files beside it" if len(files) > 1 else "",
        f"next: spinemc check {files[0]}",
    ]
    values = {
        "scenario": str(files[0]),
        "files": [str(file) for file in files],
        "counts": [asdict(one) for one in made.counts],
        "notes": [asdict(one) for one in made.notes],
    }
    return Summary("\n".join(line for line in lines if line), values)
