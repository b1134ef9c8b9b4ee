"""No result counts as collected before every successor can have it: of work here, of documents in parts, and taken back from outputs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docbatch.state.outcomes import Outcomes
from tests.cli.project import Project
from tests.cli.test_rebuild import LISTED, SINKS, lose
from tests.cli.test_split_pages import JOB, SPLIT, book
from tests.fake.watched_home import Journal, watched


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Journal], None]:
    """Let a journal note, too, when results are recorded."""

    def note(journal: Journal) -> None:
        record, take_back = Outcomes.record, Outcomes.take_back

        def recorded(self: Outcomes, collected: Any, failed: Any) -> tuple[str, ...]:
            journal.entries += ["recorded"] if collected else []
            return record(self, collected, failed)

        def taken_back(self: Outcomes, found: Any) -> None:
            journal.entries.append("recorded")
            take_back(self, found)

        monkeypatch.setattr(Outcomes, "record", recorded)
        monkeypatch.setattr(Outcomes, "take_back", taken_back)

    return note


def before_records(journal: Journal) -> list[str]:
    """Return what came just before each time that results were recorded."""
    pairs = zip(journal.entries, journal.entries[1:], strict=False)
    return [before for before, entry in pairs if entry == "recorded"]


def test_packs_come_before_what_is_read_here_counts_and_before_what_is_made_of_parts(
    project: Project, noted: Callable[[Journal], None]
) -> None:
    project.write({"in/large.pdf": book(25)})
    project.job(JOB.format(config=SPLIT))

    with watched() as journal:
        noted(journal)
        project.applied()

    before = before_records(journal)
    assert len(before) >= 2
    assert set(before) == {"pack"}


def test_they_come_before_what_is_taken_back_from_outputs(
    tmp_path: Path, noted: Callable[[Journal], None]
) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "one"})
    project.job(LISTED.rstrip() + SINKS)
    project.applied()
    lose(project)

    with watched() as journal:
        noted(journal)
        assert project.call("recover", "--yes").code == 0

    assert journal.entries == ["pack", "recorded", "decision"]
