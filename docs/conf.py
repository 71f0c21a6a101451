"""Settings of the documentation's site: `make docs` builds it, and every warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import pipeline

# Quotes stay as they are typed; napoleon writes dashes.
smartquotes_action = "D"

project = "Mandelbrot zoom pipeline"
release = pipeline.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "docstrings",
    "mathml",
]
# Loaded from `_ext`, so it is no part of the site.
exclude_patterns = ["_build", "_ext"]


myst_enable_extensions = ["dollarmath", "attrs_block"]
# Headings that other pages may link to: `page.md#a-heading`.
myst_heading_anchors = 3

# `maxiter` in a docstring is code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#9a3412", "color-brand-content": "#1d5fa8"},
    "dark_css_variables": {"color-brand-primary": "#f7b34a", "color-brand-content": "#8ec5ff"},
}
# A shell line is copied without its comment's prompt; there are no prompts.
copybutton_selector = "div.highlight pre"
pygments_style = "friendly"
pygments_dark_style = "github-dark"
