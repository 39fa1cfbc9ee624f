"""A run in the formats of other programs, by the file's suffix."""

from spinemc.exports.written import KINDS, export

__all__ = ["KINDS", "export"]
