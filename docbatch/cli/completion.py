"""What a shell offers where the Tab key is pressed.

Nothing here loads specs, since a key press must not wait for them, and nothing is made ready before it is pressed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

MOST_FILES = 200
MOST_CHARACTERS = 1 << 20
# As jobs are written by people; one that is written in another way works all the same, and is not offered.
NAME = r"""(?m)^name:[ \t]+(['"]?)([a-z0-9][a-z0-9_-]*)\1[ \t]*(?:#.*)?$"""
ENVIRONMENTS = r"(?m)^environments:[^\n]*\n((?: [^\n]*\n|#[^\n]*\n|\n)*)"


def folders(_context: click.Context, _option: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Leave folders to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def documents(_context: click.Context, _option: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Leave documents, which are files as a rule, to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def jobs(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the project's jobs; none where they cannot be read."""
    try:
        return sorted({name for name in _jobs(_root()) if name.startswith(incomplete)})
    except OSError:
        return []


def environments(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments of docbatch.yaml, as far as it is written as people write it."""
    import re

    try:
        with (_root() / "docbatch.yaml").open(encoding="utf-8", errors="replace") as stream:
            below = re.search(ENVIRONMENTS, f"{stream.read(MOST_CHARACTERS)}\n")
    except OSError:
        return []
    lines = below[1] if below else ""
    first = re.search(r"(?m)^( +)[a-z0-9]", lines)
    named = re.findall(rf"(?m)^{first[1]}([a-z0-9][a-z0-9_-]*):", lines) if first else []
    return [name for name in named if name.startswith(incomplete)]


def classes(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return what documents that are not well are sorted by."""
    from docbatch.core.models import FailureClass

    return [each for each in (*map(str, FailureClass), "held") if each.startswith(incomplete)]


def states(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return how documents may stand."""
    from docbatch.core.selectors import DocumentState

    return [str(each) for each in DocumentState if each.startswith(incomplete)]


def facets(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return what costs are told by."""
    return [each for each in ("job", "month", "day", "connection", "label.") if each.startswith(incomplete)]


def _root() -> "Path":
    from pathlib import Path

    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "docbatch.yaml").exists()), here)


def _jobs(root: "Path") -> Iterator[str]:
    import itertools
    import re

    specs = (path for path in (root / "jobs").rglob("*.y*ml") if path.is_file())
    for path in itertools.islice(specs, MOST_FILES):
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from (match[2] for match in re.finditer(NAME, stream.read(MOST_CHARACTERS)))
