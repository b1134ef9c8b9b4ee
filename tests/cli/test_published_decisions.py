"""A command says that a decision is done once every successor can know of it."""

import pytest

from docbatch.state.home import Publication
from tests.cli.project import Project
from tests.fake.watched_home import UNREACHABLE, watched

DECISIONS = {
    "retry": ("retry", "--class", "corrupt"),
    "accept": ("accept", "--class", "corrupt", "--reason", "known"),
    "waive": ("waive", "--class", "corrupt", "--reason", "known", "--until", "2999-12-31"),
    "state rm": ("state", "rm", "job", "a.txt"),
    "state mv": ("state", "mv", "job", "job", "other"),
    "recover": ("recover", "--yes"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("decisions"))
    project.job()
    project.write({"in/a.txt": "one", "in/b.pdf": "%PDF-1.4 no document"})
    assert project.call("apply").code == 3
    return project.kept()


@pytest.fixture
def project(kept: Project) -> Project:
    return kept.put_back()


@pytest.mark.parametrize("name", DECISIONS)
def test_each_command_publishes_what_it_says(project: Project, name: str) -> None:
    with watched() as journal:
        ended = project.call(*DECISIONS[name], "--json")

    assert (ended.code, journal.entries) == (0, ["decision"]), ended
    assert "error" not in {line["type"] for line in ended.lines}


@pytest.mark.parametrize("name", DECISIONS)
def test_one_that_cannot_be_published_is_not_said_to_be_done(project: Project, name: str) -> None:
    with watched(Publication.DECISION):
        ended = project.call(*DECISIONS[name], "--json")

    assert [(line["type"], line.get("message", UNREACHABLE)) for line in ended.lines] == [
        ("error", UNREACHABLE)
    ]
    assert ended.code == 1


@pytest.mark.parametrize("name", DECISIONS)
def test_a_dry_run_publishes_nothing(project: Project, name: str) -> None:
    arguments = [each for each in DECISIONS[name] if each != "--yes"]

    with watched() as journal:
        ended = project.call(*arguments, "--dry-run")

    assert (ended.code, journal.entries) == (0, []), ended
