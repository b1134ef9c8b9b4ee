"""How Sphinx makes the site of the documentation; script/site runs it. The source is the whole checkout, so that links lead where they do in it."""  # noqa: INP001

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "docbatch"
html_title = "docbatch"
root_doc = "docs/index"
extensions = ["myst_parser"]
_FOLDERS = ("docs", "benchmarks", "examples")
include_patterns = ["*.md", *(f"{each}/{pages}" for each in _FOLDERS for pages in ("*.md", "**/*.md"))]
# Nothing there is a page, and most of it is large.
exclude_patterns = [
    ".*",
    "build",
    "dist",
    "docbatch",
    "node_modules",
    "out",
    "samples",
    "schemas",
    "script",
    "tests",
]
source_suffix = {".md": "markdown"}
# A comment in front of a session is for its test.
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_additional_pages = {"index": "first.html"}
templates_path = ["_templates"]
html_theme_options = {"light_css_variables": {"font-stack": "system-ui, sans-serif"}}


def setup(app: Sphinx) -> None:
    # What draws it would come from elsewhere; the page has the same as a table.
    app.add_lexer("mermaid", TextLexer)
