"""What a person, or a program, is told of a scenario or a run."""

from spinemc.summaries.after import info, remodelled, summary
from spinemc.summaries.before import check
from spinemc.summaries.beside import calibrate, compare
from spinemc.summaries.told import Summary

__all__ = ["Summary", "calibrate", "check", "compare", "info", "remodelled", "summary"]
