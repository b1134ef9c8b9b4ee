"""What a changed path is to the jobs: a document, something else that asks for a look, or nothing."""

import os
from pathlib import Path

import pytest

from docbatch.core.errors import UsageError
from docbatch.engine.watching.watched_places import Meaning, WatchedPlaces, watched_places
from docbatch.specs.load import load_jobs, load_project
from tests.cli.project import JOB, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path.resolve())
    made.write({"in/a.txt": "one"})
    return made


def places(project: Project, text: str, *specs: str) -> WatchedPlaces:
    project.job(text)
    declared = load_project(project.root)
    named = tuple(map(Path, specs))
    return watched_places(declared, load_jobs(declared, named), named)


def meaning(of: WatchedPlaces, project: Project, path: str, *, may_be_folder: bool = False) -> Meaning:
    return of.meaning(os.fsencode(project.root / path), may_be_folder=may_be_folder)


EVERYWHERE = JOB.replace("root: in", "root: .").replace('"**/*"', '"inbox/**/*.pdf"')


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("inbox/a.pdf", Meaning.DOCUMENT),
        ("inbox/deep/a.pdf", Meaning.DOCUMENT),
        ("inbox/a.txt", Meaning.NOTHING),
        ("inbox/.hidden.pdf", Meaning.NOTHING),
        ("elsewhere/a.pdf", Meaning.NOTHING),
        (".docbatch/state.db", Meaning.NOTHING),
        ("out/inbox/a.pdf.md", Meaning.NOTHING),
        ("docbatch.yaml", Meaning.OTHER),
        ("jobs/other.yaml", Meaning.OTHER),
        ("jobs/deep/other.yml", Meaning.OTHER),
        ("jobs/notes.txt", Meaning.NOTHING),
        ("inbox/.docbatchignore", Meaning.OTHER),
    ],
)
def test_what_a_file_is(project: Project, path: str, expected: Meaning) -> None:
    assert meaning(places(project, EVERYWHERE), project, path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("inbox/new", Meaning.OTHER),
        ("inbox", Meaning.OTHER),
        ("elsewhere", Meaning.NOTHING),
        (".docbatch/spool", Meaning.NOTHING),
    ],
)
def test_a_folder_that_came_may_hold_documents(project: Project, path: str, expected: Meaning) -> None:
    assert meaning(places(project, EVERYWHERE), project, path, may_be_folder=True) is expected


def test_folders_of_outputs_ask_for_no_look(project: Project) -> None:
    found = places(project, EVERYWHERE.replace("inbox/**", "**"))

    assert meaning(found, project, "out/new", may_be_folder=True) is Meaning.NOTHING
    assert meaning(found, project, "new", may_be_folder=True) is Meaning.OTHER


def test_only_the_folder_is_watched_that_documents_have_in_common(project: Project) -> None:
    found = places(project, EVERYWHERE)

    assert found.deep == {os.fsencode(project.root / name) for name in ("inbox", "jobs")}
    assert found.flat == {os.fsencode(project.root), os.fsencode(project.root / "jobs")}


def test_a_folder_in_another_is_watched_with_it(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "more/"), "other")

    assert places(project, EVERYWHERE.replace("inbox/**", "**")).deep == {os.fsencode(project.root)}


def test_a_list_is_watched(project: Project) -> None:
    project.write({"lists/meta.csv": "path,customer\na.txt,acme\n"})
    text = JOB.replace('include: "**/*"', 'include: "**/*"\n  metadata_from: lists/meta.csv')

    assert meaning(places(project, text), project, "lists/meta.csv") is Meaning.OTHER


def test_what_a_job_extends_is_watched(project: Project) -> None:
    project.write({"fragments/base.yaml": "priority: 7\n"})
    found = places(project, JOB + "extends: fragments/base.yaml\n")

    assert meaning(found, project, "fragments/base.yaml") is Meaning.OTHER
    assert meaning(found, project, "fragments/others.yaml") is Meaning.NOTHING


def test_specs_that_are_named_are_watched(project: Project) -> None:
    found = places(project, JOB, "jobs/job.yaml")

    assert meaning(found, project, "jobs/job.yaml") is Meaning.OTHER
    assert meaning(found, project, "jobs/other.yaml") is Meaning.NOTHING


def test_what_tells_of_nothing_is_counted(project: Project) -> None:
    project.write({"links.txt": "https://example.com/a.pdf\n"})
    found = places(project, JOB.replace('root: in\n  include: "**/*"', "urls_from: links.txt"))

    assert found.unheard == ("list",)
    assert found.folders == ()
    assert meaning(found, project, "links.txt") is Meaning.OTHER


def test_a_list_that_is_there_once_cannot_be_watched(project: Project) -> None:
    with pytest.raises(UsageError, match="standard input, which is there once"):
        places(project, JOB.replace('root: in\n  include: "**/*"', 'urls_from: "-"'))
