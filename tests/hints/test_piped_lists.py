"""Hints about lists on standard input."""

import io
import sys
from collections.abc import Iterator

import pytest

from tests.cli.project import Project
from tests.cli.site import Site
from tests.hints.table import Hints, helps

JOB = """
apiVersion: docbatch/v1
name: job
source: {urls_from: "-", allow_private: true}
sink: [{type: files, path: "out/{{ doc.name }}.md"}]
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made
        assert made.errors == []


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@helps(
    "pipe a list into 'docbatch apply', and the same one again where work goes on; name the specs of other jobs to go on without it"
)
def test_a_list_that_is_empty(
    project: Project, hints: Hints, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.job(JOB)
    pipe(monkeypatch, "")
    told = project.call("plan")
    pipe(monkeypatch, site.put("/a.txt", "apple", '"1"'))
    ended = hints.follow(project, told)

    assert (told.code, ended.code) == (6, 0)
    assert list(project.outputs()) == ["a.txt.md"]
