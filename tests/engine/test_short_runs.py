"""Runs that never wait settle what one that waits would: their looks are kept, and count by the vendor's clock."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import Recovery
from docbatch.engine.administration.check_state import check
from docbatch.engine.progress_notices import Looking
from docbatch.providers.base import Intent, Progress, Survey
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.project import Project

ONE = {"a.txt": "apple"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "p", Recovery.FINDABLE)
    made.write(ONE)
    return made


def runs(project: Project, gap: float, most: int = 20) -> int:
    """Run without waiting until nothing is open; return how many runs it took."""
    for number in range(1, most + 1):
        project.apply(wait=False)
        with Store.readable(project.folder) as store:
            if not any(True for _ in store.submissions.open()) and project.statuses() == {"succeeded": 1}:
                return number
        project.cloud.pass_time(gap)
    raise AssertionError(f"not settled after {most} runs: {project.statuses()}")


def looked(project: Project) -> tuple[int, int]:
    """Return how many looks count for what is open, of how many."""
    with Store.readable(project.folder) as store:
        return next(((each.looks.count, each.needed) for each in store.looks.open().values()), (0, 0))


def copied(project: Project, name: str) -> Project:
    """Go on with a copy of the project's folder, at the same vendor."""
    shutil.copytree(project.root, project.root.with_name(name))
    return replace(project, root=project.root.with_name(name), notices=[])


@pytest.mark.parametrize(("gap", "most"), [(5.0, 16), (10.0, 10), (15.0, 8), (20.0, 8), (100.0, 8)])
@pytest.mark.parametrize("fault", ["uncertain", "after uncertain"])
def test_a_lost_answer_is_settled(project: Project, gap: float, most: int, fault: str) -> None:
    project.cloud.expect("create", 1, fault)

    assert runs(project, gap) <= most
    assert project.paid() == {"apple": 1}


def test_until_then_it_is_told_how_long_it_is_looked_for(project: Project) -> None:
    project.cloud.expect("create", 1, "uncertain")
    project.apply(wait=False)
    project.notices.clear()
    project.cloud.pass_time(20)
    project.apply(wait=False)

    (told,) = [each for each in project.notices if isinstance(each, Looking)]
    assert (told.count, told.needed) == looked(project) == (2, 4)
    assert told.until == 60.0


def test_looks_that_a_copy_of_the_state_remembers_do_not_count_there(project: Project) -> None:
    project.cloud.expect("create", 1, "uncertain")
    for _ in range(3):
        project.apply(wait=False)
        project.cloud.pass_time(20)
    assert looked(project) == (3, 4)

    copy = copied(project, "copy")
    copy.apply(wait=False)

    assert looked(copy) == (1, 4)
    assert copied(copy, "copy of the copy").statuses() == {"live": 1}


def test_nor_do_those_of_a_state_that_was_put_back(project: Project) -> None:
    project.cloud.expect("create", 1, "uncertain")
    for _ in range(3):
        project.apply(wait=False)
        project.cloud.pass_time(20)
    backup = project.root / "backup.db"
    with Store.readable(project.folder) as store:
        store.copy(backup)
    project.apply(wait=False)
    assert project.paid() == {"apple": 1}
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (project.folder / name).unlink(missing_ok=True)
    shutil.copy2(backup, project.folder / "state.db")

    with Store.writable(project.folder) as store:
        assert list(store.looks.all()) == []


def test_a_damaged_record_of_looks_is_no_proof(project: Project) -> None:
    project.cloud.expect("create", 1, "uncertain")
    project.apply(wait=False)
    with closing(sqlite3.connect(project.folder / "state.db")) as database, database:
        database.execute("UPDATE look SET count = 4, last = 1000")

    with pytest.raises(StateError, match="table look: row"):
        project.apply(wait=False)
    assert any("looks for" in each.sentence for each in check(project.folder))


def test_looks_end_with_their_question(project: Project) -> None:
    project.cloud.expect("create", 1, "uncertain")
    runs(project, 20.0)

    assert looked(project) == (0, 0)


def test_a_copied_state_is_watched_over_several_runs(project: Project) -> None:
    project.apply()
    copy = copied(project, "copy")
    copy.write({"b.txt": "berry"})
    spent: list[int] = []
    for _ in range(5):
        copy.apply(wait=False)
        spent.append(len(copy.paid()))
        copy.cloud.pass_time(20)

    assert spent == [1, 1, 1, 2, 2]
    with Store.readable(copy.folder) as store:
        assert list(store.looks.all()) == []


def test_a_vendor_that_tells_no_time_is_not_waited_for_without_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Timeless(FakeProvider):
        def survey(self, prefix: str) -> Survey:
            return replace(super().survey(prefix), date=None)

    project.apply()
    copy = copied(project, "copy")
    copy.write({"b.txt": "berry"})
    monkeypatch.setattr("tests.fake.project.FakeProvider", Timeless)

    run = copy.apply()

    assert "does not tell the time" in run.connections["fake"].trouble.message  # type: ignore[union-attr]
    assert copy.paid() == {"apple": 1}


def test_a_document_without_a_trace_is_held_by_short_runs_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hiding(FakeProvider):
        def poll(self, intent: Intent, remote_id: str | None) -> Progress:
            seen = super().poll(intent, remote_id)
            return replace(seen, ended=[], unseen=frozenset(item.key for item in intent.batch.items))

    monkeypatch.setattr("tests.fake.project.FakeProvider", Hiding)
    project.cloud.expect("create", 1, "after uncertain")
    for _ in range(6):
        project.apply(wait=False)
        project.cloud.pass_time(20)

    assert project.statuses() == {"held": 1}
