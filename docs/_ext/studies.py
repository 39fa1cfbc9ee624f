"""The gallery: `studies` shows studies of analysis/ by name, with figure, title and first paragraph."""

import re
from pathlib import Path

from docutils.nodes import Node, container
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CARD = """::::{{container}} study
[![]({figure})]({page})

**[{title}]({page})**

{opening}
::::
"""


def card(folder: Path, way: str) -> str:
    """A study as MyST: `way` leads from the gallery to the folder of studies."""
    title, opening, *_ = re.sub(r"^# ", "", (folder / "README.md").read_text()).split("\n\n")
    page, figure = (f"{way}/{folder.name}/{name}" for name in ("README.md", f"{folder.name}.png"))
    return CARD.format(title=title, opening=opening, page=page, figure=figure)


class Studies(SphinxDirective):
    """Studies, one name a line."""

    has_content = True

    def run(self) -> list[Node]:
        root = Path(self.env.srcdir)
        shown = container(classes=["studies"])
        for name in self.content:
            lines = card(root / "analysis" / name, "../analysis").splitlines()
            self.state.nested_parse(StringList(lines, self.get_source_info()[0]), self.content_offset, shown)
            self.env.note_dependency(str(root / "analysis" / name / "README.md"))
        return [shown]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("studies", Studies)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
