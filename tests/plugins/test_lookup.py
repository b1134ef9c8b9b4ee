"""Packages are looked for only by those who need more than docbatch has, and imported only by those who name one."""

from collections.abc import Sequence

import pytest

from docbatch.providers import REGISTRY
from tests.cli.project import Project
from tests.plugins.packages import SHOUT, Packages, job

WATCHED = """
import atexit, importlib.metadata, sys
from pathlib import Path

found = importlib.metadata.distributions

def looked(*arguments, **named):
    # Pydantic looks for plug-ins of its own.
    if sys._getframe(1).f_globals["__name__"].startswith("docbatch"):
        Path("looked").touch()
    return found(*arguments, **named)

importlib.metadata.distributions = looked
atexit.register(lambda: "shout_parser" in sys.modules and Path("imported").touch())
"""
DECLARED = """
project: {id: pabcdef012345}
providers:
  eu: {type: extend, api_key: {env: NONE}}
defaults: {sink: [{type: jsonl, path: out/all.jsonl}]}
"""


@pytest.fixture
def watched(packages: Packages, project: Project) -> Packages:
    """Packages of which it is seen whether they are looked for, in a project that has work for docbatch's own."""
    packages.install("shout-parser", SHOUT, "providers: shout = shout_parser:KIND")
    packages.folder.joinpath("sitecustomize.py").write_text(WATCHED)
    project.write({"docbatch.yaml": DECLARED})
    project.job(job())
    return packages


def seen(project: Project) -> set[str]:
    return {name for name in ("looked", "imported") if (project.root / name).exists()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["validate"],
        ["plan"],
        ["apply", "jobs/job.yaml"],
        ["schema", "result"],
        ["apply", "--help"],
    ],
)
def test_who_names_none_does_not_look(watched: Packages, project: Project, arguments: Sequence[str]) -> None:
    assert watched.start(project, *arguments).code == 0
    assert seen(project) == set()


def test_status_does_not_look(watched: Packages, project: Project) -> None:
    watched.start(project, "apply", "jobs/job.yaml")

    assert watched.start(project, "status").code == 0
    assert seen(project) == set()


def test_who_needs_all_names_looks_and_imports_nothing(watched: Packages, project: Project) -> None:
    assert watched.start(project, "apply").code == 0
    assert seen(project) == {"looked"}


def test_who_names_one_imports_it(watched: Packages, project: Project) -> None:
    project.job(job(provider="shout"))

    assert watched.start(project, "validate").code == 0
    assert seen(project) == {"looked", "imported"}


def test_the_names_of_those_that_are_shipped_are_no_names_of_plug_ins() -> None:
    assert REGISTRY.names() == REGISTRY.at_hand() == ("local", "extend", "llamacloud", "extractpage")
