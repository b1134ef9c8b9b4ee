"""What a run shows of itself: a bar on a terminal that is gone at the end, calm lines elsewhere."""

import os
import pty
import sys
import time
from unittest import mock

import pytest

from docbatch.cli.progress import Bar, Causes, CountingStatus, Counts, Lines, trouble
from docbatch.engine.progress_notices import (
    Answered,
    Counting,
    Delivered,
    Ended,
    Hindered,
    Intended,
    Relieved,
    Replanned,
    ResultsLost,
    Trouble,
    Waiting,
)
from tests.cli.project import Project


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


def test_without_a_terminal_a_long_run_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with mock.patch.object(time, "monotonic", iter([0.0, 5.0, 11.0, 11.0, 12.0]).__next__):
        lines = Lines()
        lines.expect(3000)
        lines(Ended("s1", 1000, 0))
        lines(Ended("s1", 1000, 2))
        lines(Delivered("job", 1500))

    assert capsys.readouterr().err == "2,000 of 3,000 documents ended, 2 of them failed, 0 outputs written\n"


def test_a_long_wait_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.expect(5)
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
    counts = Counts()
    counts.expected = 2
    counts.add(Ended("s1", 1, 0))
    assert str(counts) == "1 of 2 documents ended, 0 outputs written"


def test_counts_of_several_jobs_are_told_apart() -> None:
    counts = Counts()
    counts.expected = 9
    counts.add(Ended("s1", 4, 0, ("invoices",)))
    assert str(counts) == "4 of 9 documents ended, 0 outputs written"

    counts.add(Ended("s2", 3, 1, ("invoices", "letters")))
    assert str(counts) == (
        "7 of 9 documents ended (4 of invoices; 3 of invoices, letters), 1 of them failed, 0 outputs written"
    )


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
        bar.expect(0)
        bar.close()
