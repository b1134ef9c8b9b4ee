"""A source that is one file elsewhere and is registered: everything else takes it as it is."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from docbatch.core.errors import UsageError
from docbatch.engine.planning import plan_session
from docbatch.engine.planning.record_changes import record_changes
from docbatch.fields import SpecModel
from docbatch.sources import KINDS
from docbatch.sources.base import Source
from docbatch.sources.kind import SourceKind
from tests.cli.project import Project
from tests.sources.outside_zip import KIND, ZipSource

JOB = """
apiVersion: docbatch/v1
name: job
source: {type: zip, archive: all.zip}
provider: local
sink:
  - type: files
    path: "out/{{ doc.path }}.md"
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    made.job(JOB)
    archive(made, {"a.txt": "one", "deep/b.html": "<h1>Two</h1>"})
    with KINDS.added(KIND):
        yield made


def archive(project: Project, members: dict[str, str]) -> None:
    with zipfile.ZipFile(project.root / "all.zip", "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def test_its_documents_are_read_and_delivered_and_nothing_is_due_then(project: Project) -> None:
    first = project.applied()

    assert first.processed == 2
    assert project.outputs() == {"a.txt.md": b"one\n", "deep/b.html.md": b"# Two\n"}
    assert "Nothing is due." in project.call("plan").out
    assert project.applied().processed == 0
    assert "the state is sound" in project.call("state", "check").out
    assert list((project.root / ".docbatch/spool/incoming").iterdir()) == []


def test_a_changed_a_new_and_a_removed_document_are_each_noticed(project: Project) -> None:
    project.applied()
    archive(project, {"a.txt": "another", "c.txt": "three"})

    plan = project.call("plan", "--format", "json").lines[0]
    assert {(line["kind"], line["reason"]) for line in plan["lines"]} == {
        ("send", "its bytes changed"),
        ("send", "new document"),
        ("remove", "no longer found; its outputs stay"),
    }
    assert project.applied().processed == 2
    assert project.outputs()["a.txt.md"] == b"another\n"


def test_the_same_bytes_from_a_folder_are_not_read_again(project: Project) -> None:
    project.applied()
    project.job(
        JOB.replace("name: job", "name: files")
        .replace("{type: zip, archive: all.zip}", "{root: in, include: '*'}")
        .replace("out/", "more/"),
        "files",
    )
    project.write({"in/same.txt": "one"})

    assert project.applied().processed == 0
    assert project.outputs("more") == {"same.txt.md": b"one\n"}


def test_a_document_is_explained(project: Project) -> None:
    project.applied()

    assert "is done; it will not be sent" in project.call("explain", "deep/b.html").out


def test_a_document_that_changes_between_plan_and_read_is_planned_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record_and_change(*arguments: Any, **options: Any) -> None:
        record_changes(*arguments, **options)
        archive(project, {"a.txt": "changed meanwhile"})

    monkeypatch.setattr(plan_session, "record_changes", record_and_change)
    ended = project.call("apply")

    assert ended.code == 3
    assert "deep/b.html: unreadable" in ended.out
    assert project.outputs() == {"a.txt.md": b"changed meanwhile\n"}


def test_an_archive_that_cannot_be_listed_is_refused_and_nothing_is_removed(project: Project) -> None:
    project.applied()
    project.write({"all.zip": "no archive any more"})

    ended = project.call("apply")

    assert ended.code == 6
    assert "all.zip cannot be listed" in ended.err
    assert len(project.outputs()) == 2


def test_a_misspelt_option_is_told_with_what_was_meant(project: Project) -> None:
    project.job(JOB.replace("archive: all.zip", "archiv: all.zip"))

    ended = project.call("validate")

    assert ended.code == 64
    assert "source.archiv: the key archiv is not known (did you mean archive?)" in ended.out + ended.err


def test_its_options_are_in_the_schema_only_while_it_is_registered(project: Project) -> None:
    assert "ZipOptions" in project.call("schema", "job").out


def test_without_it_the_schema_is_the_one_that_is_committed(tmp_path: Path) -> None:
    assert "ZipOptions" not in Project(tmp_path).call("schema", "job").out


def test_a_kind_that_can_be_neither_told_nor_opened_is_refused() -> None:
    class Nothing(SpecModel):
        pass

    with pytest.raises(UsageError, match="can be neither told nor opened"):
        SourceKind("nothing", Nothing)


def test_a_name_that_is_taken_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="there is a source 'folder' already"),
        KINDS.added(KINDS.kind("folder")),
    ):
        pass


def test_what_may_be_said_of_any_documents_may_be_said_of_its(project: Project) -> None:
    words = "where: {size: {max: 3}}, metadata_path: '{name}.txt', sample: 50"
    path = "out/{{ doc.metadata.name | default('none') }}.md"
    project.job(JOB.replace("all.zip}", f"all.zip, {words}}}").replace("out/{{ doc.path }}.md", path))

    assert project.applied().processed == 1
    assert list(project.outputs()) == ["a.md"]
    assert "1 left out by where" in project.call("plan").out
    wrong = project.root / "jobs/job.yaml"
    wrong.write_text(wrong.read_text().replace("sample:", "smaple:"))
    assert "did you mean sample?" in project.call("validate").err


def test_it_is_opened_with_its_own_options_and_keeps_a_field_of_the_same_name(project: Project) -> None:
    given: list[SpecModel] = []

    class OwnOptions(SpecModel):
        """A source that says itself what a sample is."""

        type: Literal["own"]
        sample: Literal["ours"]

    def opened(options: SpecModel, root: Path) -> Source:
        given.append(options)
        return ZipSource(root / "all.zip")

    project.job(
        JOB.replace("{type: zip, archive: all.zip}", "{type: own, sample: ours, where: {type: html}}")
    )
    with KINDS.added(SourceKind("own", OwnOptions, open=opened)):
        assert project.applied().processed == 1

    assert [(type(each), each.model_dump()) for each in given] == [
        (OwnOptions, {"type": "own", "sample": "ours"})
    ]
    assert list(project.outputs()) == ["deep/b.html.md"]
