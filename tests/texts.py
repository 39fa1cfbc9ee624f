"""Pieces of scenarios that many tests share."""

BUFFERED = """[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "B"
D = "20 um^2/s"
[[species]]
name = "CaB"
D = "20 um^2/s"
"""
"""Calcium, a mobile buffer, and what they make."""
