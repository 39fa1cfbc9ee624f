"""What a cell prints as one block. It arrives in pieces cut anywhere; `nb_merge_streams` ends a line at each cut."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class WholeStreams(SphinxTransform):
    """Join neighbouring blocks of one stream."""

    default_priority = 100

    def apply(self, **options: object) -> None:
        blocks = list(self.document.findall(nodes.literal_block))
        for block in [one for one in blocks if not {"stream", "stderr"}.isdisjoint(one["classes"])]:
            parent, at = block.parent, block.parent.index(block)
            before = parent[at - 1] if at else None
            if isinstance(before, nodes.literal_block) and before["classes"] == block["classes"]:
                text = before.rawsource + block.rawsource
                parent[at - 1 : at + 1] = [nodes.literal_block(text, text, **before.attributes)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(WholeStreams)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
