"""Code of sinks, sources and answers that fails in ways no contract knows concerns its own job, and says where it failed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch import sinks, sources
from docbatch.providers import REGISTRY
from tests.cli.project import Ended, Project
from tests.fake import outside
from tests.fake.held import Held, Hold, held
from tests.sinks import outside_rows
from tests.sources import outside_zip

OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: other, include: "**/*"}
provider: shout
sink: [{type: files, path: "out/other/{{ doc.path }}.md"}]
"""
WRITTEN = {"x.txt.md": b"# XENIA!\n"}


def fault(*_: object, **__: object) -> Any:
    raise KeyError("a secret")


def nothing(*_: object, **__: object) -> Any:
    return None


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    made.job(OTHER, "other")
    made.write({"other/x.txt": "xenia", "in/a.txt": "apple"})
    with (
        REGISTRY.added(outside.KIND, held(Hold())),
        sinks.KINDS.added(outside_rows.KIND),
        sources.KINDS.added(outside_zip.KIND),
    ):
        yield made


def job(project: Project, provider: str = "shout", sink: str = "", source: str = "") -> None:
    sink = sink or '{type: files, path: "out/own/{{ doc.path }}.md"}'
    source = source or '{root: in, include: "**/*"}'
    project.job(
        f"apiVersion: docbatch/v1\nname: own\nsource: {source}\nprovider: {provider}\nsink: [{sink}]\n", "own"
    )


def told(ended: Ended) -> str:
    assert ended.code == 1, ended.err
    assert "Traceback" not in ended.err
    assert "secret" not in ended.err
    return ended.err


@pytest.mark.parametrize("act", [fault, nothing])
def test_an_answer_that_cannot_be_rendered(
    project: Project, monkeypatch: pytest.MonkeyPatch, act: Callable[..., Any]
) -> None:
    class Mute(outside.Shouted):
        markdown = act

    monkeypatch.setattr(Held, "read", lambda _self, payload: Mute(payload))
    job(project, "held")
    with REGISTRY.added(replace(held(Hold()), read=Mute), replacing=True):
        ended = project.call("apply")

    assert "job 'own': its outputs could not be made: the code of its sink or its provider raised" in told(
        ended
    )
    assert project.outputs("out/other") == WRITTEN


@pytest.mark.parametrize("act", [fault, nothing])
@pytest.mark.parametrize("method", ["deliver", "open"])
def test_a_sink_that_fails(
    project: Project, monkeypatch: pytest.MonkeyPatch, method: str, act: Callable[..., Any]
) -> None:
    job(project, sink="{type: rows, database: kept.db}")
    kind = outside_rows.KIND
    if method == "deliver":
        monkeypatch.setattr(outside_rows.RowsSink, "deliver", act)
    else:
        kind = replace(kind, open=act)
    with sinks.KINDS.added(kind, replacing=True):
        ended = project.call("apply")

    assert "job 'own'" in told(ended)
    assert project.outputs("out/other") == WRITTEN


def test_a_source_that_fails_is_named_and_the_others_go_on_when_they_are(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(project, source="{type: zip, archive: all.zip}")
    monkeypatch.setattr(outside_zip.ZipSource, "entries", fault)

    assert "job 'own': the code of its source raised KeyError (test_code_of_others.py" in told(
        project.call("apply")
    )
    assert project.call("apply", "jobs/other.yaml").code == 0
    assert project.outputs("out/other") == WRITTEN


def test_an_answer_that_tells_nonsense_of_its_price(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dear(outside.Shouted):
        credits = "lots"  # type: ignore[assignment]

    monkeypatch.setattr(Held, "read", lambda _self, payload: Dear(payload))
    job(project, "held")

    assert "read a result and returned a Dear without is_partial, credits or warnings" in told(
        project.call("apply")
    )
    assert project.outputs("out/other") == WRITTEN


def test_what_is_no_provider_says_what_it_lacks(project: Project) -> None:
    job(project, "held")
    with REGISTRY.added(replace(held(Hold()), connect=lambda *_: object()), replacing=True):  # type: ignore[arg-type]
        ended = project.call("apply")

    assert "it was opened as a object, which lacks cancel, close, create" in told(ended)
    assert project.outputs("out/other") == WRITTEN


def test_steps_that_are_none_are_named_by_their_method(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Held, "steps", lambda _self, _batch: ["first"])
    job(project, "held")

    assert "its provider broke its contract in 'steps': it returned a str among what is to be Step" in told(
        project.call("apply")
    )
