"""The house: layers, style, versions, and nothing in it that belongs to one machine."""

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

import spinemc
from spinemc import cache

ROOT = Path(__file__).resolve().parents[2]


def said(*command):
    """What a command says in the repository's root, once it has succeeded."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tracked():
    """The text files under version control, by path."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: which files are tracked is not known")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, names.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode()
    assert "README.md" in texts
    return texts


def test_layers_are_kept():
    said(sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())")


def test_style():
    said(sys.executable, "-m", "ruff", "check")


def test_no_machine_path(tracked):
    path = re.compile(r"(?<![\w.])/(home|root|Users|mnt|work|opt)/\w|[A-Z]:\\\\")
    lines = ((name, line) for name, text in tracked.items() for line in text.splitlines())
    assert not [f"{name}: {line}" for name, line in lines if path.search(line)]


def test_constraints_name_versions_and_nothing_else(tracked):
    lines = [line for line in tracked["constraints.txt"].splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads(tracked["pyproject.toml"])["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.match(r"[\w-]+", name)[0].lower() for name in needed} <= pinned


def test_one_version(tracked):
    assert re.search(r"^version: (.*)$", tracked["CITATION.cff"], re.M)[1] == spinemc.__version__
    assert re.search(r"^## \[(.*?)\]", tracked["CHANGELOG.md"], re.M)[1] == spinemc.__version__
    try:
        assert version("spinemc") == spinemc.__version__
    except PackageNotFoundError:
        assert spinemc.__version__  # run from the tree, nothing installed to differ


def test_scripts_can_be_executed():
    for name in ("scripts/demo", "scripts/test", "scripts/docs", "scripts/bench", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name
        said("bash", "-n", name)


def test_links_of_the_documents_lead_somewhere(tracked):
    for name, text in tracked.items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", text):
                assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


def test_compiled_kernels_are_kept_by_the_hash_of_all_sources():
    """numba by itself sees a change of a kernel's own file only, not one of a file that it calls."""
    kept = {}
    for module in pkgutil.walk_packages(spinemc.__path__, "spinemc."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Dispatcher) and value.py_func.__module__ == module.name:
                kept[f"{module.name}.{name}"] = Path(value._cache.cache_path)
                assert Path(value.py_func.__code__.co_filename) in cache.sources(), module.name
    assert len(kept) > 50
    assert {name for name, path in kept.items() if not path.is_relative_to(cache.folder())} == set()
