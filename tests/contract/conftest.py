"""Loading variations of one complete scenario."""

import pages
import pytest
from complete import FLUX, NET, VALID

from spinemc.errors import ScenarioError
from spinemc.scenario import load_scenario


@pytest.fixture(scope="session")
def page_store(tmp_path_factory):
    """The store of a small run to make pages of."""
    return pages.run(tmp_path_factory.mktemp("page"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "flux.csv").write_text(FLUX)
    (tmp_path / "cam.net").write_text(NET)
    return tmp_path


@pytest.fixture
def load(folder):
    """Loads VALID, or another base, with some text in place of other, and further text at its end."""

    def load(*changes, end="", overrides=(), base=VALID):
        toml = base
        for old, new in changes:
            assert old in toml
            toml = toml.replace(old, new, 1)
        (folder / "a.toml").write_text(toml + end)
        return load_scenario(folder / "a.toml", overrides)

    return load


@pytest.fixture
def faults(load):
    """The lines of the message that such a text is answered with."""

    def faults(*changes, **more):
        with pytest.raises(ScenarioError) as caught:
            load(*changes, **more)
        return str(caught.value).splitlines()

    return faults
