"""Every hint in the code: texts that name a command of docbatch, or an option of one, found in the syntax trees."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docbatch.cli import COMMANDS

PACKAGE = Path(__file__).parents[2] / "docbatch"
LEFT_OUT = frozenset({"testing"})
"""What judges providers of others: no user of docbatch reads what it says."""

_NAMED = re.compile(
    rf"\bdocbatch (?:{'|'.join(sorted(COMMANDS))})\b|(?<![\w-])--[a-z]+(?:-[a-z]+)*(?= [A-Za-z]|['`,;:.\s])"
)


def hints(package: Path = PACKAGE) -> Iterator[tuple[str, str]]:
    """Yield (module, text) of every hint, in the order of the files; what is put into a text stands as {}."""
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package)
        if module.parts[0] not in LEFT_OUT:
            for text in _texts(ast.parse(path.read_text())):
                if _NAMED.search(text):
                    yield str(module), text


def _texts(tree: ast.AST) -> Iterator[str]:
    passed = {*_docstrings(tree), *_descriptions(tree), *_pieces(tree)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _docstrings(tree: ast.AST) -> Iterator[int]:
    """Yield the texts that stand alone: docstrings, of values, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _descriptions(tree: ast.AST) -> Iterator[int]:
    """Yield the texts in descriptions of fields: they go into schemas and the page of the spec."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield from map(id, ast.walk(node.value))


def _pieces(tree: ast.AST) -> Iterator[int]:
    """Yield the parts of formatted texts, which are no texts of their own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from map(id, node.values)
