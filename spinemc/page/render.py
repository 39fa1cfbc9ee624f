"""A page as HTML: one file, with its styles, its code and its data in it."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from spinemc.page.gather import Page

SCRIPTS = "arrays.js", "scene.js", "player.js", "charts.js", "page.js"


def render(page: Page, connect: str = "'none'") -> str:
    """The file of a page.

    Parameters
    ----------
    page : Page
    connect : str
        Where its code may fetch from, as a Content-Security-Policy says it.

    Returns
    -------
    str
        HTML that runs no code and takes no style but its own.
    """
    script, style = "\n".join(map(_asset, SCRIPTS)), _asset("page.css")
    allowed = f"script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; connect-src {connect}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    filled = {
        "POLICY": escape(policy),
        "TITLE": escape(page.told["title"]),
        "STYLE": style,
        "TOLD": inert(page.told),
        "ARRAYS": page.arrays,
        "SCRIPT": script,
    }
    parts = _asset("page.html").split("%%")  # text and names in turns: what is filled in is never looked at again
    return "".join(filled[part] if k % 2 else part for k, part in enumerate(parts))


def inert(told: dict[str, Any]) -> str:
    """JSON that ends no script and begins no comment, whatever is in it."""
    text = json.dumps(told, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _asset(name: str) -> str:
    return (files("spinemc.page") / "assets" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
