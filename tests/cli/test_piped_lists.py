"""Lists of links that come by standard input."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Ended, Project
from tests.cli.site import Site

JOB = """
apiVersion: docbatch/v1
name: job
source: {urls_from: "-", allow_private: true, allow_empty: true}
sink: [{type: files, path: "out/{{ doc.metadata.team | default('none') }}/{{ doc.name }}.md"}]
"""
OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: in, include: "**"}
sink: [{type: files, path: "other/{{ doc.path }}.md"}]
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made
        assert made.errors == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job(JOB)
    return made


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class Endless(io.TextIOWrapper):
    """Nobody may read it: it would be waited for."""

    @property
    def buffer(self) -> object:  # type: ignore[override]
        raise AssertionError("standard input is read")


def piped(project: Project, monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> Ended:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return project.call(*arguments)


def test_links_are_read_a_line_each_or_as_json_lines(
    project: Project, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = site.put("/a.txt", "apple", '"1"'), site.put("/b.txt", "berry", '"2"')

    assert piped(project, monkeypatch, f"# mine\n{one}\n", "apply").code == 0
    assert sorted(project.outputs()) == ["none/a.txt.md"]
    lines = f'\n{{"url": "{one}", "team": "red"}}\n{{"url": "{two}"}}\n'
    ended = piped(project, monkeypatch, lines, "apply", "--json")
    assert (ended.code, ended.processed) == (0, 1)
    assert sorted(project.outputs()) == ["none/a.txt.md", "none/b.txt.md", "red/a.txt.md"]


def test_what_the_next_list_lacks_is_let_go_and_comes_back_for_nothing(
    project: Project, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = site.put("/a.txt", "apple", '"1"'), site.put("/b.txt", "berry", '"2"')
    piped(project, monkeypatch, f"{one}\n{two}\n", "apply")

    assert "orphaned: 1 no longer found" in piped(project, monkeypatch, f"{one}\n", "plan").out
    assert piped(project, monkeypatch, f"{one}\n", "apply").code == 0
    assert sorted(project.outputs()) == ["none/a.txt.md", "none/b.txt.md"]
    assert piped(project, monkeypatch, f"{one}\n{two}\n", "apply", "--json").processed == 0


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing new\n"])
def test_an_empty_list_never_means_that_all_is_gone(
    project: Project, site: Site, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    piped(project, monkeypatch, site.put("/a.txt", "apple", '"1"') + "\n", "apply")

    for command in ("plan", "apply"):
        ended = piped(project, monkeypatch, text, command)
        assert (ended.code, "the list on standard input names no document" in ended.err) == (6, True)
    assert sorted(project.outputs()) == ["none/a.txt.md"]


def test_without_a_pipe_it_is_said_what_is_missing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO()))

    for command in ("plan", "apply"):
        ended = project.call(command)
        assert (ended.code, "standard input: no list is piped in" in ended.err) == (64, True)


def test_what_is_wrong_is_told_with_its_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = piped(project, monkeypatch, "https://example.com/a.pdf\nhttp://example.com/b.pdf\n", "plan")

    assert (ended.code, "standard input:2:" in ended.err) == (64, True)


def test_commands_that_ask_for_no_document_leave_it_alone(
    project: Project, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(project, monkeypatch, site.put("/a.txt", "apple", '"1"') + "\n", "apply")
    project.job(OTHER, "other")
    project.write({"in/a.txt": "one"})
    monkeypatch.setattr(sys, "stdin", Endless(io.BytesIO()))

    for command in (
        ["validate"],
        ["status"],
        ["failures"],
        ["drift"],
        ["prune", "--dry-run"],
        ["apply", "jobs/other.yaml"],
    ):
        ended = project.call(*command)
        assert ended.code == 0, (command, ended.err)
    assert sorted(project.outputs()) == ["none/a.txt.md"]


def test_it_is_no_list_of_a_repository_of_others(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = piped(project, monkeypatch, "https://example.com/a.pdf\n", "plan", "--untrusted")

    assert (ended.code, "what is piped in is no part of the project" in ended.err) == (64, True)


def test_the_real_command_reads_its_pipe_and_a_plan_is_applied_with_the_same_list(
    project: Project, site: Site, tmp_path: Path
) -> None:
    links = tmp_path / "links.txt"
    links.write_text(site.put("/a.txt", "apple", '"1"') + "\n")
    with links.open() as stream:
        assert project.run("apply", "--max-new", "0", stdin=stream).returncode == 4
    with links.open() as stream:
        assert project.run("plan", "--out", "saved", stdin=stream).returncode == 0
    assert project.run("apply", "--plan", "saved").returncode == 6
    with links.open() as stream:
        done = project.run("apply", "--plan", "saved", stdin=stream)
    assert done.returncode == 0, done.stderr
    assert sorted(project.outputs()) == ["none/a.txt.md"]
