"""`status --watch`: again and again until all is done, drawn anew on a terminal, told when it changed elsewhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from docbatch import JobStatus, StateStatus
from docbatch.cli import status_watch
from docbatch.cli.status_watch import is_done, keep_watching
from docbatch.emulators.exchange import Request, Response
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.reading import AtOnce, Reading
from docbatch.state.paces import DocumentPace
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project


def state(**tally: int) -> StateStatus:
    return StateStatus((JobStatus("job", "x", tally, ()),), (), 0, 0, None)


@pytest.fixture(autouse=True)
def pauses() -> Iterator[list[float]]:
    found: list[float] = []
    with mock.patch.object(status_watch, "pause", found.append):
        yield found


def reading(*states: StateStatus) -> Callable[[], StateStatus]:
    return iter(states).__next__


def test_it_is_told_when_it_changed_until_all_is_done(
    capsys: pytest.CaptureFixture[str], pauses: list[float]
) -> None:
    read = reading(state(pending=2), state(pending=2), state(pending=1, live=1), state(succeeded=2))

    assert keep_watching(read, 5.0, as_json=False) == 0

    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("job on")]
    assert told == [
        "job on x: 2 not sent yet",
        "job on x: 1 with the provider, 1 not sent yet",
        "job on x: 2 done",
    ]
    assert pauses == [5.0, 5.0, 5.0]


def test_what_is_read_as_json_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    keep_watching(reading(state(pending=1), state(succeeded=1)), 0.0, as_json=True)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["documents"] for line in lines if line["type"] == "job"] == [
        {"pending": 1},
        {"succeeded": 1},
    ]


def test_a_terminal_is_drawn_anew_and_keeps_the_last(
    capsys: pytest.CaptureFixture[str], pauses: list[float]
) -> None:
    with mock.patch("sys.stdout.isatty", return_value=True):
        code = keep_watching(reading(state(pending=1), state(succeeded=1)), 0.0, as_json=False)

    assert code == 0
    assert pauses == [status_watch.SHORTEST]
    assert capsys.readouterr().out.rstrip().endswith("spool: 0 results, 0 B")


def test_ctrl_c_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with mock.patch.object(status_watch, "pause", side_effect=KeyboardInterrupt):
        assert keep_watching(reading(state(pending=1)), 1.0, as_json=False) == 130
    assert "not sent yet" in capsys.readouterr().out


def test_a_run_that_goes_on_is_waited_for() -> None:
    assert is_done(state(succeeded=1, failed=1))
    assert not is_done(replace(state(succeeded=1), owner="somebody"))


def test_the_command_watches(project: Project, pauses: list[float]) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()

    ended = project.call("status", "--watch", "--interval", "1s")

    assert ended.code == 0
    assert "job on local: 1 done" in ended.out
    assert pauses == []
    assert project.call("status", "--watch", "--interval", "soon").code == 64


def test_status_says_how_long_documents_took(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()

    job = next(line for line in project.call("status", "--json").lines if line["type"] == "job")

    assert job["seconds"]["documents"] == 2
    assert job["seconds"]["slowest"] in {"a.txt", "b.txt"}
    assert "a document, the slowest" in project.call("status").out


def test_paces_add_up() -> None:
    both = DocumentPace(2, 3.0, "a", 2.0) + DocumentPace(1, 5.0, "b", 5.0)

    assert both == DocumentPace(3, 8.0, "b", 5.0)
    assert DocumentPace().values()["mean"] is None


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_it_ends_when_its_reader_has_left(project: Project, arguments: tuple[str, ...]) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.job(JOB)
    project.call("apply", "--max-new", "1")

    with project.start("status", "--watch", "--interval", "1s", *arguments) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.stdout.close()

        assert watching.wait(20) == 0


class OneAfterTheOther(ExtendEmulator):
    """Works on what is slow until it has told that the rest ended."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[Callable[[], None]] = []
        self.reader = self

    def read(self, content: bytes, name: str, done: Callable[[Reading], None]) -> None:
        def take() -> None:
            AtOnce().read(content, name, done)

        if "slow" in name:
            self._held.append(take)
        else:
            take()

    def route(self, request: Request) -> Response:
        answer = super().route(request)
        if b'"PROCESSED"' in answer.body.replace(b" ", b""):
            while self._held:
                self._held.pop()()
        return answer


def test_the_slowest_document_of_a_job_is_its_own_where_jobs_are_sent_together(tmp_path: Path) -> None:
    with OneAfterTheOther() as vendor:
        project = extend_project(tmp_path, vendor, documents={"in/quick.txt": "one", "later/slow.txt": "two"})
        first = (project.root / "jobs/job.yaml").read_text()
        project.job(first.replace("name: job", "name: other").replace("root: in", "root: later"), "other")
        ended = project.call("apply", "--yes", "--json")
        lines = project.call("status", "--json").lines

    assert ended.code == 0, ended.err
    assert len([line for line in ended.lines if line["type"] == "intended"]) == 1
    told = [line["slowest"][0] for line in ended.lines if line["type"] == "ended"]
    assert told == ["quick.txt", "slow.txt"]
    seconds = {line["job"]: line["seconds"] for line in lines if line["type"] == "job"}
    assert seconds["job"]["slowest"] == "quick.txt"
    assert seconds["other"]["slowest"] == "slow.txt"
    assert seconds["job"]["longest"] < seconds["other"]["longest"]
    assert [each["documents"] for each in seconds.values()] == [1, 1]
