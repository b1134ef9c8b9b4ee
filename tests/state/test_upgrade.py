"""A state of the version before: brought up to date whole or not at all, with a copy beside it, at no cost."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import Recovery
from docbatch.engine.administration.check_state import check
from docbatch.state.store import Store
from docbatch.state.upgrade import VERSION
from tests.cli.project import Project
from tests.fake.project import Project as FakeProject
from tests.state.older_project import put_down

ROOT = Path(__file__).parents[2]
KEPT = f"state.db.before-{VERSION}"

Content = dict[str, list[tuple[object, ...]]]


@pytest.fixture(params=["version2", "version4", "version5", "version6", "version7"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    put_down(tmp_path / "project", request.param)
    return Project(tmp_path / "project")


@pytest.fixture
def state(project: Project) -> Path:
    return project.root / ".docbatch"


def content(path: Path) -> Content:
    """Return the version and every row of a state file, without the times of its making."""
    with closing(sqlite3.connect(path)) as database:
        version = database.execute("PRAGMA user_version").fetchall()
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {
            name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in tables
            if not name.startswith(("_", "sqlite_"))
        }
    return {"version": version, **rows}


def written(project: Project) -> dict[str, tuple[int, int, bytes]]:
    folders = (project.root / name for name in ("out", "texts", "left"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes()) for path in files}


def test_a_project_of_the_version_before_goes_on_and_nothing_is_sent_or_written(project: Project) -> None:
    before, outputs = content(project.root / ".docbatch" / "state.db"), written(project)

    first = project.call("apply", "--json")
    second = project.call("apply", "--json")

    # One of its documents is empty, and failed before.
    assert (first.code, second.code) == (3, 3)
    assert (first.processed, second.processed) == (0, 0)
    assert {line["type"] for line in (*first.lines, *second.lines)} == {"plan", "outcome"}
    assert written(project) == outputs
    assert content(project.root / ".docbatch" / KEPT) == before
    assert "the state is sound" in project.call("state", "check").out


def test_who_only_reads_sees_an_older_state_as_it_will_be_and_leaves_it_as_it_is(project: Project) -> None:
    before = (project.root / ".docbatch/state.db").read_bytes()

    assert "Nothing is due." in project.call("plan").out
    assert "is done; it will not be sent" in project.call("explain", "in/a.txt").out
    assert project.call("status").code == 0

    assert (project.root / ".docbatch/state.db").read_bytes() == before
    assert not (project.root / ".docbatch" / KEPT).exists()


def test_what_was_done_to_outputs_meanwhile_is_told_apart(project: Project) -> None:
    (project.root / "out/a.txt.md").write_text("edited")
    (project.root / "out/b.md.md").unlink()
    os.utime(project.root / "out/deep/c.txt.md")
    with closing(sqlite3.connect(project.root / "out/notes.db")) as database, database:
        database.execute("UPDATE documents SET markdown = 'edited' WHERE path = 'a.txt'")
    (project.root / "out/notes.jsonl").unlink()

    plan = json.loads(project.call("apply", "--json").out.splitlines()[0])

    assert {(line["reason"], line["documents"]) for line in plan["lines"] if line["kind"] == "deliver"} == {
        ("its output was edited", 2),
        ("its output is gone", 1),
        ("the job's output: its output is gone", 1),
    }
    assert (project.root / "out/a.txt.md").read_text() == "apple\n"
    assert (project.root / "out/b.md.md").exists()


def test_the_copy_is_the_state_as_it_was_and_can_take_its_place(state: Path) -> None:
    before = content(state / "state.db")
    Store.writable(state).close()
    after = content(state / "state.db")

    assert content(state / KEPT) == before
    assert list(state.glob("*.part")) == []

    (state / KEPT).replace(state / "state.db")
    Store.writable(state).close()
    assert content(state / "state.db") == after


def test_the_room_of_what_was_replaced_is_given_back(state: Path) -> None:
    Store.writable(state).close()

    with closing(sqlite3.connect(state / "state.db")) as database:
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_a_state_up_to_date_gets_no_copy_and_a_copy_that_is_there_stays(state: Path) -> None:
    (state / KEPT).write_text("made before")

    Store.writable(state).close()
    assert (state / KEPT).read_text() == "made before"

    (state / KEPT).unlink()
    Store.writable(state).close()
    assert not (state / KEPT).exists()


def test_what_a_killed_copy_left_does_not_matter(state: Path) -> None:
    before = content(state / "state.db")
    (state / f"{KEPT}.part").write_bytes(b"half a file")
    (state / f"{KEPT}.part-journal").write_bytes(b"half a journal")

    Store.writable(state).close()

    assert content(state / KEPT) == before


def test_without_a_copy_nothing_is_changed(state: Path) -> None:
    before = content(state / "state.db")
    (state / f"{KEPT}.part").mkdir()

    with pytest.raises(StateError, match=f"{KEPT}: the copy .* cannot be written") as raised:
        Store.writable(state)

    assert "nothing was sent or changed" in str(raised.value.hint)
    assert content(state / "state.db") == before


def test_the_folder_says_what_the_copy_is(state: Path) -> None:
    (state / "README").write_text("of the version before")

    Store.writable(state).close()

    assert "state.db.before-N" in (state / "README").read_text()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE item SET digest = upper(digest) WHERE id = 1",
        "UPDATE item SET digest = 'no digest' WHERE id = 1",
        "UPDATE item SET key = substr(key, 2) WHERE id = 1",
        "UPDATE item SET key = substr(key, 2) || 'é' WHERE id = 1",
        "UPDATE item SET result = '' WHERE id = 1",
        "UPDATE item SET result = substr(result, 3) WHERE id = 1",
        "DELETE FROM item WHERE id = 1",
        "UPDATE delivery SET result = substr(result, 32) WHERE sink = 1",
        "UPDATE delivery SET result = 'f' || result WHERE sink = 1",
        "DELETE FROM delivery WHERE sink = 1",
        "UPDATE tally SET rows = rows + 1 WHERE of_table = 'item'",
    ],
)
def test_damage_of_before_is_told_afterwards(tmp_path: Path, damage: str) -> None:
    project = Project(tmp_path / "project")
    state = put_down(project.root, "version5")
    with closing(sqlite3.connect(state / "state.db", isolation_level=None)) as database:
        assert database.execute(damage).rowcount > 0

    seen_before = project.call("state", "check")
    ended = [project.call(*command) for command in (("status",), ("plan",), ("apply",), ("status",))]
    seen_after = project.call("state", "check")

    assert (seen_before.code, seen_after.code) == (1, 1)
    assert "table " in seen_before.out
    assert "table " in seen_after.out
    assert {each.code for each in ended} <= {0, 1, 3}
    assert "Traceback" not in "".join(each.out + each.err for each in ended)
    assert content(state / KEPT)["version"] == [(5,)]


def test_a_charge_that_was_lost_before_is_told_afterwards(tmp_path: Path) -> None:
    state = put_down(tmp_path / "project", "open7")
    with closing(sqlite3.connect(state / "state.db", isolation_level=None)) as database:
        assert database.execute("DELETE FROM charge WHERE item = 1").rowcount == 1

    Store.writable(state).close()

    assert any("table charge" in each.sentence for each in check(state))


@pytest.mark.parametrize("made", ["open5", "open6", "open7"])
def test_work_that_was_open_goes_on_and_is_paid_once(tmp_path: Path, made: str) -> None:
    put_down(tmp_path / "project", made)
    project = FakeProject(tmp_path / "project", Recovery.FINDABLE, trait_options={"max_items": 2})
    before = project.paid()

    project.apply()

    assert project.paid() == {**before, "asked": 1, "live": 1, "lively": 1}
    assert set(project.paid().values()) == {1}
    assert {name for name in project.outputs() if "." in name} >= {
        "asked.txt.md",
        "live.txt.md",
        "lively.txt.md",
    }
    assert list(check(project.folder)) == []


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.full), 997])
def test_killed_at_any_moment_it_is_the_old_state_or_the_new_and_the_next_command_finishes(
    state: Path, tmp_path: Path, step: int
) -> None:
    old = content(state / "state.db")
    subprocess.run(
        [sys.executable, "-m", "tests.state.killed_upgrade", str(state), str(tmp_path / "killed"), str(step)],
        cwd=ROOT,
        check=True,
    )
    Store.writable(state).close()
    new = content(state / "state.db")

    folders = sorted((tmp_path / "killed").iterdir())
    seen = [_after_a_kill(folder, old, new) for folder in folders]

    assert new["version"] == [(VERSION,)]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (False, True)


def _after_a_kill(folder: Path, old: Content, new: Content) -> bool:
    """Look what a killed upgrade left, let the next command finish it, and return whether it was the new state."""
    if (folder / KEPT).exists():
        assert content(folder / KEPT) == old
    # Who only reads sees the new state, also where it lies in the log alone or has still to come.
    with Store.readable(folder) as store:
        assert store.database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    found = content(folder / "state.db")
    assert found in (old, new)
    Store.writable(folder).close()
    assert content(folder / "state.db") == new
    assert content(folder / KEPT) == old
    return found == new
