"""States that cannot be used: a clear error, exit code 1, and the file is left as it is."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.kept_results import kept_results

COMMANDS = (("plan",), ("apply",), ("status",), ("explain", "in/a.txt"), ("retry",), ("state", "list"),
            ("state", "check"), ("state", "backup", "copy.db"))  # fmt: skip


@pytest.fixture
def state(project: Project) -> Path:
    """The state file of a project with one finished document, whole in itself."""
    project.write({"in/a.txt": "one"})
    project.applied()
    file = project.root / ".docbatch/state.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for companion in ("-wal", "-shm"):
        file.with_name(file.name + companion).unlink(missing_ok=True)
    return file


def newer(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")
    file.write_bytes(content)


def another_programs(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE mail (subject TEXT)")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (newer, "was written by a newer docbatch"),
        (another_programs, "is a database of another program"),
        (lambda file: file.write_bytes(file.read_bytes()[:-5000]), "is truncated"),
        (lambda file: file.write_bytes(file.read_bytes()[:50]), "is not a state file"),
        (lambda file: file.write_bytes(b"garbage " * 5000), "is not a state file"),
        (lambda file: file.write_bytes(b""), "is not a state file"),
    ],
    ids=["newer", "foreign", "truncated", "cut in its header", "garbage", "empty"],
)
def test_a_file_that_is_no_state_is_left_alone(
    project: Project, state: Path, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(state)
    before = state.read_bytes()

    for command in COMMANDS:
        refused = project.call(*command)
        assert (refused.code, says in refused.err) == (1, True), command
        assert str(state) in refused.err
        assert len(refused.err.splitlines()) == 2
    assert state.read_bytes() == before
    assert not (project.root / "copy.db").exists()


def test_a_folder_in_the_states_place_is_left_alone(project: Project, state: Path) -> None:
    state.unlink()
    state.mkdir()

    for command in COMMANDS:
        refused = project.call(*command)
        assert (refused.code, "is a folder" in refused.err) == (1, True), command
    assert state.is_dir()


def test_damage_inside_is_told_without_a_traceback(project: Project, state: Path) -> None:
    content = bytearray(state.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    state.write_bytes(content)

    for command in COMMANDS:
        if command[1:2] != ("backup",):
            refused = project.call(*command)
            assert (refused.code, "the state cannot be used" in refused.err) == (1, True), command
    assert state.read_bytes() == content


def test_damage_that_other_commands_do_not_meet_is_found_by_the_check(project: Project, state: Path) -> None:
    content = bytearray(state.read_bytes())
    content[4096:9000] = b"\xa5" * (9000 - 4096)
    state.write_bytes(content)

    checked = project.call("state", "check")

    assert checked.code == 1
    assert "the state cannot be used: database disk image is malformed" in checked.err
    assert state.read_bytes() == content


def test_a_lost_result_is_found_by_the_check(project: Project, state: Path) -> None:
    (result,) = kept_results(state.parent)
    result.write_bytes(b"not what it was")

    checked = project.call("state", "check")

    assert checked.code == 1
    assert "1 fault found\n" in checked.out
    assert "'docbatch state check --repair'" in checked.out


@pytest.mark.parametrize("value", ["x''", "x'61'", "zeroblob(31)", "zeroblob(33)", "zeroblob(5000)"])
@pytest.mark.parametrize("column", ["item.key", "item.digest", "item.result", "delivery.result"])
def test_what_is_no_digest_is_told_as_damage(project: Project, state: Path, column: str, value: str) -> None:
    table, name = column.split(".")
    with closing(sqlite3.connect(state)) as database, database:
        assert database.execute(f"UPDATE {table} SET {name} = {value}").rowcount == 1

    checked = project.call("state", "check")
    ended = [project.call(*command) for command in COMMANDS if command != ("state", "check")]

    assert checked.code == 1
    # One that still counts in the same of 64 cells is told without its key.
    assert re.search(rf"table {table}: rows? ", checked.out)
    for each in ended:
        assert each.code in {0, 1}
        assert "Traceback" not in each.out + each.err
