"""The page about plug-ins: what it shows is a package that works."""

import re
import tomllib
from pathlib import Path

import pytest

from docbatch.core import errors
from docbatch.providers import kind as providers
from docbatch.sinks import kind as sinks
from docbatch.sources import kind as sources
from tests.cli.project import Project
from tests.plugins.packages import Packages, job

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
MODULES = ("my_provider", "my_source", "my_sink")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shown(packages: Packages) -> Packages:
    (declared,) = map(tomllib.loads, blocks("toml"))
    entries = declared["project"]["entry-points"]
    for module, text in zip(MODULES, blocks("python"), strict=True):
        ((group, name),) = [
            (group, name)
            for group, named in entries.items()
            for name, value in named.items()
            if value == f"{module}:KIND"
        ]
        packages.install(module, text, f"{group.removeprefix('docbatch.')}: {name} = {module}:KIND")
    return packages


def test_what_it_shows_is_used_together_and_nothing_is_due_then(shown: Packages, project: Project) -> None:
    project.write({"notes.txt": "one\ntwo\nthree\n"})
    project.job(
        job(
            source={"type": "lines", "file": "notes.txt"},
            provider="shout",
            config={"marks": 2},
            sink=[{"type": "csv", "path": "out/all.csv"}],
        )
    )

    assert shown.run(project, "validate").code == 0
    assert [shown.applied(project).processed for _ in range(2)] == [3, 0]
    assert project.outputs()["all.csv"].startswith(b'000001.txt,"# ONE!!\n"')


def test_a_source_it_shows_notices_what_changed_and_what_is_gone(shown: Packages, project: Project) -> None:
    project.write({"notes.txt": "one\ntwo\n"})
    project.job(job(source={"type": "lines", "file": "notes.txt"}))
    shown.applied(project)
    project.write({"notes.txt": "one\nanother\n"})

    assert shown.applied(project).processed == 1

    (project.root / "notes.txt").unlink()
    assert shown.run(project, "apply").code == errors.GuardRefused.exit_code


def test_it_names_the_contracts_there_are() -> None:
    numbers = {providers.CONTRACT, sources.CONTRACT, sinks.CONTRACT}

    assert f"All three are {numbers.pop()} now" in PAGE
    assert not numbers


def test_it_names_every_method_that_is_asked() -> None:
    from docbatch.providers.base import Provider
    from docbatch.sinks.base import Sink
    from docbatch.sources.base import Source

    asked = {name for contract in (Provider, Sink, Source) for name in vars(contract) if name[0] != "_"}

    assert {name for name in asked if f"`{name}`" not in PAGE} == set()


def test_what_it_says_may_be_raised_exists() -> None:
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`", PAGE.partition("## A provider")[2]))
    ours = {name for name in named if hasattr(errors, name)}

    assert ours >= {
        "Refused",
        "NotSent",
        "Uncertain",
        "Unavailable",
        "Gone",
        "Stale",
        "SinkError",
        "GuardRefused",
    }
