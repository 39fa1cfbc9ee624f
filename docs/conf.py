"""How the site is built: `scripts/docs`. The source folder is the repository's root, so that links between the pages of
docs/, the studies of analysis/ and the README lead to the same places in the site as in the checkout."""

import os
import sys
from pathlib import Path

import spinemc

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # `spinemc` in cells

project = "spinemc"
author = "The spinemc authors"
version = release = spinemc.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "streams", "studies"]
root_doc = "docs/index"
include_patterns = ["docs/**", "analysis/*/README.md", "README.md", "CHANGELOG.md"]
exclude_patterns = ["docs/_build", "docs/conf.py", "docs/_ext"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
default_role = "code"

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"spinemc {version}"
html_static_path = ["_static"]
html_css_files = ["studies.css"]
html_copy_source = False
html_show_copyright = False
html_additional_pages = {"index": "begin.html"}
templates_path = ["_templates"]
