"""The documentation as a site: nothing is left out of it, it builds without a warning, and it needs no network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
STUDIES = {page.parent.name for page in ROOT.glob("analysis/*/README.md")}
PAGES = {page for page in DOCS.rglob("*.md") if "_build" not in page.parts}


def listed(page):
    """The pages in the tables of contents of a page."""
    for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.S):
        for entry in filter(None, (line for line in block.splitlines() if not line.startswith(":"))):
            target = re.sub(r"^.*<(.*)>$", r"\1", entry)
            found = list(page.parent.glob(f"{target}.md"))
            assert found, f"{page}: {entry}"
            yield from (one.resolve() for one in found)


def test_every_page_and_every_study_is_reached_from_the_first():
    reached, ahead = set(), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached:
            reached.add(page)
            ahead.extend(listed(page))
    assert reached >= PAGES and len(PAGES) > 25
    assert {page.parent.name for page in reached if "analysis" in page.parts} == STUDIES


def test_every_study_is_in_the_gallery_with_what_a_card_shows():
    blocks = re.findall(r":::\{studies\}\n(.*?):::", (DOCS / "gallery.md").read_text(), re.S)
    named = "".join(blocks).split()
    assert sorted(named) == sorted(STUDIES) and len(STUDIES) > 15
    for study in named:
        page = (ROOT / "analysis" / study / "README.md").read_text()
        assert (ROOT / "analysis" / study / f"{study}.png").exists(), study
        assert re.match(r"# [^\n]+\n\n\w", page), f"{study}: a title and a paragraph"


@pytest.mark.long
def test_the_site_builds_without_a_warning_and_needs_no_network(tmp_path):
    site = tmp_path / "html"
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", str(DOCS)]
    command = [sys.executable, "-m", "sphinx", *options, "--doctree-dir", str(tmp_path / "doctrees"), str(ROOT), site]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {page.relative_to(site).as_posix(): page.read_text() for page in site.rglob("*.html")}
    assert len(pages) > len(PAGES) + len(STUDIES)
    for name, text in pages.items():
        drawn = re.sub(r'<iframe srcdoc=".*?"', "", text)
        assert not re.findall(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*', drawn), name
        for picture in re.findall(r'<img\b[^>]*\bsrc="([^"]*_images/[^"]+)"', drawn):
            assert (site / name).parent.joinpath(picture).resolve().stat().st_size > 5_000, f"{name}: {picture}"
    shown = {name: len(re.findall(r"<img\b", text)) for name, text in pages.items()}
    assert shown["docs/tutorial.html"] >= 4 and shown["docs/gallery.html"] == len(STUDIES)
    assert all(shown[f"analysis/{study}/README.html"] for study in STUDIES)
    assert "<iframe srcdoc=" in pages["docs/tutorial.html"]
    assert "<math" in pages["docs/api/plasticity.html"]
