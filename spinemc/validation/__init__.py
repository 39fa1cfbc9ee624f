"""The engine against exact results: one table of what is exact, what was measured, and how far apart they are."""

from spinemc.validation.check import Check, Effort, Subject
from spinemc.validation.subjects import SUBJECTS
from spinemc.validation.table import validate

__all__ = ["SUBJECTS", "Check", "Effort", "Subject", "validate"]
