"""A run as a page: one HTML file that needs no network, or the same served while the run goes on."""

from spinemc.page.gather import Page, gather
from spinemc.page.render import render
from spinemc.page.serve import view
from spinemc.page.write import report

__all__ = ["Page", "gather", "render", "report", "view"]
