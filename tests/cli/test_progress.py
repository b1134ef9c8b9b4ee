"""What a run shows of itself: a bar on a terminal that is gone at the end, calm lines elsewhere."""

import io
import os
import pty
import sys
import time
from collections.abc import Iterator
from unittest import mock

import pytest
from rich.console import Console

from docbatch import open_project
from docbatch.cli.counting_status import CountingStatus
from docbatch.cli.job_progress import ExpectedDocuments, RunProgress, expected_documents
from docbatch.cli.notice_words import trouble
from docbatch.cli.progress import Bar, Causes, Lines
from docbatch.engine.progress_notices import (
    Answered,
    Counting,
    Delivered,
    Ended,
    Fetched,
    Hindered,
    Intended,
    ReadObjects,
    Relieved,
    Replanned,
    ResultsLost,
    Spent,
    Trouble,
    Uploaded,
    Waiting,
)
from tests.cli.project import JOB, Project


def shown_on_a_terminal(project: Project) -> tuple[str, str]:
    """Run apply with a terminal as its stderr; return its stdout and what the terminal received."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    process = project.start("apply", stderr=theirs, env=environment)
    os.close(theirs)
    received = b""
    try:
        while piece := os.read(ours, 65536):
            received += piece
    except OSError:  # how a terminal says that its last writer has gone
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out, received.decode()


def test_a_terminal_sees_a_bar_and_gets_its_cursor_back(project: Project) -> None:
    project.write({f"in/{number}.txt": str(number) for number in range(70)})

    out, terminal = shown_on_a_terminal(project)

    assert "of 70 documents" in terminal
    assert terminal.rstrip().endswith(("\x1b[?25h", "\x1b[2K"))
    assert terminal.rindex("\x1b[?25h") > terminal.rindex("\x1b[?25l")
    assert "\x1b" not in out
    assert out.endswith("job: 70 of 70 documents done\n")


def test_a_terminal_sees_no_bar_when_nothing_is_sent(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()

    assert shown_on_a_terminal(project)[1] == ""


def test_without_a_terminal_a_short_run_says_nothing(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    assert project.call("apply").err == ""


class Hands:
    """A clock that a test holds in its hands."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Iterator[Hands]:
    clock = Hands()
    with mock.patch.object(time, "monotonic", clock):
        yield clock


def test_without_a_terminal_a_long_run_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], hands: Hands
) -> None:
    lines = Lines()
    lines.expect(ExpectedDocuments(3000, {"job": 3000}))
    hands.now += 15
    lines(Ended("s1", 1000, 0, by_job={"job": 1000}))
    hands.now += 15
    lines(Ended("s1", 1000, 2, by_job={"job": 1000}, failed_by_job={"job": 2}))
    lines(Delivered("job", 1500))

    assert capsys.readouterr().err == (
        "2,000 of 3,000 documents ended, 2 of them failed, 0 outputs written, less than a minute left\n"
    )


def test_a_run_of_two_days_says_a_few_hundred_lines(capsys: pytest.CaptureFixture[str], hands: Hands) -> None:
    lines = Lines()
    lines.expect(ExpectedDocuments(172_800, {"job": 172_800}))
    for second in range(172_800):
        hands.now += 1
        if second % 10 == 0:
            lines(Ended(f"s{second}", 10, 0, by_job={"job": 10}))
            lines(Waiting(10 + second % 7, f"{second} documents are with the vendor"))

    said = capsys.readouterr().err.splitlines()
    assert 500 < len(said) < 800
    assert said[-1].startswith("172,510 of 172,800 documents ended")
    assert "about 5 min left" in said[-1] or "about 6 min left" in said[-1]


def test_a_long_wait_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.expect(ExpectedDocuments(5))
    lines(Waiting(60, "5 documents are with the vendor"))

    said = capsys.readouterr().err
    assert (
        said
        == "0 of 5 documents ended, 0 outputs written; next look in 60 s: 5 documents are with the vendor\n"
    )


def test_what_matters_is_said_at_once() -> None:
    assert (
        trouble(Trouble("connection 'a'", "no answer", "try later"))
        == "connection 'a': no answer (try later)"
    )
    assert trouble(Replanned("a\x1b.txt", "it changed")) == "a\\x1b.txt: it changed; planned again"
    assert trouble(Answered("s1", "unanswered", "lost")) is not None
    held = "submission s1 is held: nobody knows; 'docbatch status' names what to decide"
    assert trouble(Answered("s1", "held", "nobody knows")) == held


def test_what_is_asked_for_again_is_not_told_as_if_it_had_come() -> None:
    assert trouble(ResultsLost("job", 4, read_again=0, fetched_again=3)) == (
        "job 'job': 4 stored results are missing or damaged; 3 asked for again, free of charge, as far as the provider has them;"
        " 1 document can only be had again by paying"
    )
    assert trouble(ResultsLost("job", 1, read_again=1, fetched_again=0)) == (
        "job 'job': a stored result is missing or damaged; 1 to be read again, free of charge"
    )


def test_what_goes_as_planned_is_not() -> None:
    for notice in (Answered("s1", "accepted"), Intended("s1", "a", 5), Ended("s1", 5, 1)):
        assert trouble(notice) is None


def test_counts_name_failures_only_when_there_are_some() -> None:
    progress = RunProgress()
    progress.expect(ExpectedDocuments(2))
    progress.add(Ended("s1", 1, 0))
    assert str(progress) == "1 of 2 documents ended, 0 outputs written"


def test_counts_of_several_jobs_are_told_apart() -> None:
    progress = RunProgress()
    progress.expect(ExpectedDocuments(9))
    progress.add(Ended("s1", 4, 0, ("invoices",), by_job={"invoices": 4}))
    assert str(progress) == "4 of 9 documents ended, 0 outputs written"

    shared = {"invoices": 1, "letters": 2}
    progress.add(Ended("s2", 3, 1, ("invoices", "letters"), by_job=shared, failed_by_job={"letters": 1}))
    assert str(progress) == (
        "7 of 9 documents ended (5 of invoices; 2 of letters), 1 of them failed, 0 outputs written"
    )
    assert str(progress.jobs["letters"]) == "1 failed"


def test_a_job_is_told_by_what_its_documents_are_at() -> None:
    progress = RunProgress()
    progress.expect(ExpectedDocuments(6, {"a": 6}, {"a": 2}))
    told = [str(progress.jobs["a"])]
    for notice in (
        Uploaded("s1", 4, {"a": 4}),
        Intended("s1", "x", 4, {"a": 4}),
        Answered("s1", "accepted"),
        Answered("s1", "accepted"),
        Ended("s1", 3, 1, ("a",), by_job={"a": 3}, failed_by_job={"a": 1}),
        Fetched("s1", 2, ("a",), {"a": 2}),
    ):
        progress.add(notice)
        told.append(str(progress.jobs["a"]))

    assert told == [
        "2 running",
        "4 uploaded, 2 running",
        "4 uploaded, 2 running",
        "4 uploaded, 4 submitted, 6 running",
        "4 uploaded, 4 submitted, 6 running",
        "4 uploaded, 4 submitted, 3 running, 1 failed",
        "4 uploaded, 4 submitted, 3 running, 2 collected, 1 failed",
    ]


def test_what_was_refused_has_failed_and_counts_once() -> None:
    progress = RunProgress()
    progress.expect(ExpectedDocuments(2, {"a": 2}))
    progress.add(Intended("s1", "x", 2, {"a": 2}))
    progress.add(Answered("s1", "refused", "no"))
    progress.add(Ended("s1", 2, 2, ("a",), by_job={"a": 2}, failed_by_job={"a": 2}))

    assert (progress.ended, progress.failed) == (2, 2)


def test_what_is_known_of_a_run_is_said_and_the_rest_is_not(hands: Hands) -> None:
    progress = RunProgress()
    progress.expect(ExpectedDocuments(100, {"a": 100}))
    assert progress.facts() == []

    for number in range(10):
        hands.now += 6
        progress.add(
            Ended(f"s{number}", 1, 0, by_job={"a": 1}, timed=1, seconds=42, slowest=("in/a\x1b.pdf", 42.0))
        )
    progress.add(Spent("x", 10, 20.0, 0.25, exact=True))
    progress.add(Spent("y", 10, 20.0, 1.0, exact=False))

    assert progress.facts() == [
        "10.0/min",
        "slowest 42 s: in/a\\x1b.pdf",
        "at most 1.25 USD so far",
        "about 9 min left",
    ]


def test_credits_are_told_where_nobody_says_what_they_cost() -> None:
    progress = RunProgress()
    assert progress.money() == ""
    progress.add(Spent("x", 10, 1234.0, 0.0, exact=True, unknown=10))
    assert progress.money() == "1,234 credits so far"


def test_a_terminal_shows_a_line_for_each_job_and_for_as_many_as_have_room(hands: Hands) -> None:
    bar = Bar()
    jobs = {f"job{number:02}": 3 for number in range(12)}
    bar.expect(ExpectedDocuments(0, jobs))
    bar(Ended("s1", 3, 0, ("job00",), by_job={"job00": 3}))
    bar(Hindered("x", "create", "answered 503", "no", seconds=4.0))

    shown = on_a_screen(bar)

    assert "job00" not in shown, "it is through"
    assert shown.count("0 of 3") == 8
    assert "and 4 more jobs" in shown
    assert "3 of 3 documents" in shown
    assert "x: create answered 503" in shown


def on_a_screen(bar: Bar) -> str:
    text = io.StringIO()
    Console(file=text, width=100).print(bar.shown())
    return text.getvalue()


def test_with_quiet_nothing_is_said_but_errors(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.pdf": b"%PDF-1.4 nothing"})

    ended = project.call("apply", "--quiet")

    assert (ended.code, ended.out, ended.err) == (3, "", "")
    (project.root / "out/a.txt.md").unlink()
    (project.root / "out/a.txt.md").mkdir()
    again = project.call("apply", "-q")
    assert again.code == 1
    assert again.out == ""
    assert again.err.startswith("error: ")


def test_with_quiet_and_json_the_last_line_alone_is_said(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    ended = project.call("apply", "--quiet", "--json")

    assert [line["type"] for line in ended.lines] == ["outcome"]


def test_jobs_that_share_submissions_are_counted_apart(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    project.job(JOB)
    project.write({"in/a.txt": "one", "in/b.txt": "two"})

    ended = [line for line in project.applied().lines if line["type"] == "ended"]

    assert sum(line["by_job"]["job"] for line in ended) == 2
    assert sum(line["by_job"]["other"] for line in ended) == 2


def test_what_is_expected_is_told_by_job_as_long_as_all_of_it_is_sent(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    plan = open_project(project.root).plan()

    assert expected_documents(plan, None) == ExpectedDocuments(2, {"job": 2}, {})
    assert expected_documents(plan, 1) == ExpectedDocuments(1, None, {})


def test_a_wait_names_the_jobs_that_wait(capsys: pytest.CaptureFixture[str]) -> None:
    Lines()(Waiting(60, "5 documents with the vendor", ("invoices", "letters")))

    assert capsys.readouterr().err.endswith("5 documents with the vendor (job invoices, letters)\n")


def test_a_cause_that_another_took_the_place_of_stands_below_the_bar_no_more_and_is_not_told_as_over() -> (
    None
):
    causes = Causes()
    causes.add(Hindered("x", "", "connection refused (host)", "no", seconds=4.0))
    replaced = Relieved("x", "", "connection refused (host)", seconds=30.0, answered=False)

    causes.add(replaced)
    causes.add(Hindered("x", "create", "answered 503", "no", seconds=4.0))

    assert list(causes.lines()) == ["x: create answered 503"]
    assert trouble(replaced) is None


def test_counting_is_told_now_and_then_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines(Counting(5, 20_000))
    with mock.patch.object(time, "monotonic", return_value=time.monotonic() + 60):
        lines(Counting(1_500, 20_000))

    assert capsys.readouterr().err == "counting pages: 1,500 of 20,000 documents\n"


def test_reading_objects_is_told_now_and_then_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines(ReadObjects(5))
    with mock.patch.object(time, "monotonic", return_value=time.monotonic() + 60):
        lines(ReadObjects(1_500))

    assert capsys.readouterr().err == "reading new objects: 1,500 so far\n"


def test_a_terminal_sees_how_far_counting_came_and_nothing_of_it_afterwards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = CountingStatus()
    status(Counting(5, 20_000))
    assert capsys.readouterr().err == ""

    with mock.patch.object(sys.stderr, "isatty", return_value=True):
        status(Counting(1_500, 20_000))
        shown = status._status
        assert shown is not None
        assert shown.status == "counting pages: 1,500 of 20,000 documents"
        status.close()
        assert status._status is None
        bar = Bar()
        bar(Counting(5, 20_000))
        bar.expect(ExpectedDocuments())
        bar.close()


def test_what_holds_a_plan_up_is_said_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    status = CountingStatus()
    status(Trouble("store 'lake'", "has given no list for 5 s"))
    status(Counting(1, 2))

    assert capsys.readouterr() == ("", "store 'lake': has given no list for 5 s\n")
