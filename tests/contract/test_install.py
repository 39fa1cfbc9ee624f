"""What is installed: a wheel that holds the package and nothing else, and works by itself."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", out, ROOT], check=True, timeout=300)
    (made,) = out.glob("spinemc-*.whl")
    return made


def test_it_holds_the_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "spinemc").rglob("*") if path.is_file()}
    assert names == {name for name in sources if "__pycache__" not in name}
    assert "spinemc/templates/spine.toml" in names


@pytest.mark.long
def test_it_works_in_an_empty_environment(wheel, tmp_path):
    """Installed by pip alone: a new scenario, the demo's scenario, its figure."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "v"], check=True, timeout=300)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL"))}
    clean["SPINEMC_CACHE"] = str(tmp_path / "cache")

    def call(name, *given):
        ended = subprocess.run(
            [tmp_path / "v" / "bin" / name, *given],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            timeout=1800,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    call("pip", "install", "--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wheel)
    call("spinemc", "new", "mine")
    assert "mine.zarr" in call("spinemc", "run", "mine.toml", "--trials", "1", "--set", "run.t_stop=20 ms", "--quiet")
    call("spinemc", "run", ROOT / "analysis/one_spine/scenario.toml", "--trials", "2", "--out", "demo.zarr", "--quiet")
    call("spinemc", "plot", "demo.zarr")
    assert (tmp_path / "demo.png").stat().st_size > 10_000
    assert "spinemc" in call("python", "-c", "import spinemc; print(spinemc.__file__)")
