"""Several calls of apply with one `Settling`: what may still be written is left for a later one, at every moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import docbatch
from tests.cli.project import Project
from tests.time_in_hand import Hands

SETTLE = 5.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def settling(hands: Hands) -> Iterator[docbatch.Settling]:
    with docbatch.Settling(SETTLE, monotonic=hands.monotonic) as made:
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    made.write({"in/a.txt": "one", "in/b.txt": "two"})
    return made


def applied(files: Project, settling: docbatch.Settling) -> docbatch.ApplyOutcome:
    return docbatch.open_project(files.root).apply(settling=settling)


def test_a_source_of_which_nothing_settled_is_no_empty_one(
    files: Project, settling: docbatch.Settling
) -> None:
    assert applied(files, settling).exit_code == 0
    assert files.outputs() == {}


def test_the_plan_says_what_is_left(files: Project, settling: docbatch.Settling) -> None:
    seen: list[docbatch.PlanReport] = []

    def see(plan: docbatch.PlanReport) -> bool:
        seen.append(plan)
        return True

    docbatch.open_project(files.root).apply(settling=settling, agree=see)

    assert any("2 files may still be written, such as a.txt" in note for note in seen[0].notes)
    assert seen[0].send_items == 0


def test_what_settled_is_sent(files: Project, settling: docbatch.Settling, hands: Hands) -> None:
    applied(files, settling)
    hands.now += SETTLE
    assert applied(files, settling).exit_code == 0

    assert files.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}


def test_a_document_that_is_being_written_anew_stays_what_it_was(
    files: Project, settling: docbatch.Settling, hands: Hands
) -> None:
    applied(files, settling)
    hands.now += SETTLE
    applied(files, settling)
    files.write({"in/a.txt": "half"})
    (outcome,) = applied(files, settling).jobs
    assert (outcome.documents, outcome.standing) == (2, {})
    assert files.outputs()["a.txt.md"] == b"one\n"

    hands.now += SETTLE
    applied(files, settling)
    assert files.outputs()["a.txt.md"] == b"half\n"


def test_what_changes_between_plan_and_sending_is_left_as_well(
    files: Project, settling: docbatch.Settling, hands: Hands
) -> None:
    applied(files, settling)
    hands.now += SETTLE

    def write(_plan: docbatch.PlanReport) -> bool:
        files.write({"in/a.txt": "half of another"})
        return True

    outcome = docbatch.open_project(files.root).apply(settling=settling, agree=write)
    ((_, _, kind, message),) = outcome.jobs[0].failures
    assert (kind, "may still be written" in message) == ("unreadable", True)
    assert files.outputs() == {"b.txt.md": b"two\n"}

    files.write({"in/a.txt": "all of another"})
    applied(files, settling)
    assert files.outputs() == {"b.txt.md": b"two\n"}
    hands.now += SETTLE
    assert applied(files, settling).exit_code == 0
    assert files.outputs()["a.txt.md"] == b"all of another\n"


def test_what_changes_while_it_is_given_the_result_of_another_is_left_as_well(
    files: Project, settling: docbatch.Settling, hands: Hands
) -> None:
    applied(files, settling)
    hands.now += SETTLE
    applied(files, settling)
    files.write({"in/c.txt": "one"})
    applied(files, settling)
    hands.now += SETTLE

    def write(_plan: docbatch.PlanReport) -> bool:
        files.write({"in/c.txt": "half of another"})
        return True

    outcome = docbatch.open_project(files.root).apply(settling=settling, agree=write)
    assert outcome.exit_code == 3
    assert "c.txt.md" not in files.outputs()


def test_a_document_that_is_removed_is_gone_at_the_next_look(
    files: Project, settling: docbatch.Settling, hands: Hands
) -> None:
    applied(files, settling)
    hands.now += SETTLE
    applied(files, settling)
    (files.root / "in/a.txt").unlink()

    assert applied(files, settling).jobs[0].documents == 1
