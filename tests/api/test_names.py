"""What `import docbatch` offers, and that it costs nothing before it is used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import docbatch

LOADED = """
import json, sys
before = {*sys.modules}
import docbatch
{more}
print(json.dumps([name for name in sys.modules if name not in before]))
"""


def loaded(more: str = "") -> set[str]:
    """Return the modules that the import, and what is done then, load in a new process."""
    script = [sys.executable, "-c", LOADED.replace("{more}", more)]
    return set(json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout))


def test_importing_loads_nothing_else() -> None:
    assert loaded() == {"docbatch"}
    assert loaded("docbatch.__version__, dir(docbatch)") == {"docbatch"}


def test_an_error_can_be_named_without_what_raises_it() -> None:
    ours = {name for name in loaded("docbatch.StateLocked") if name.startswith("docbatch")}
    assert ours == {"docbatch", "docbatch.core", "docbatch.core.errors", "docbatch.core.outside_text"}


def test_every_name_is_there() -> None:
    for name in docbatch.__all__:
        assert getattr(docbatch, name) is getattr(docbatch, name)
    assert set(docbatch.__all__) <= set(dir(docbatch))
    with pytest.raises(AttributeError, match="module 'docbatch' has no attribute 'none'"):
        docbatch.none  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_see_the_same_names_from_the_same_places() -> None:
    tree = ast.parse(Path(docbatch.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: home for home, names in docbatch._HOMES.items() for name in names.split()}  # type: ignore[attr-defined]

    assert seen == homes
    assert sorted([*seen, "__version__"]) == sorted(docbatch.__all__)
