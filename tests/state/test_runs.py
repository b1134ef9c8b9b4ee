"""Runs are recorded with the first thing they write, and only where they write something."""

import sqlite3
from pathlib import Path

import pytest

from docbatch import invocation
from docbatch.core.errors import GuardRefused
from docbatch.core.lifecycle import Event
from docbatch.state import runs
from docbatch.state.runs import RecordedRun
from docbatch.state.store import Store


@pytest.fixture(autouse=True)
def _command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocation, "current", lambda: "apply")


def act(store: Store) -> None:
    with store.write():
        store.database.execute("INSERT OR REPLACE INTO meta VALUES ('mark', 'x')")


def recorded(folder: Path) -> list[RecordedRun]:
    with Store.readable(folder) as store:
        return list(store.runs.latest())


def test_what_changes_nothing_is_not_recorded(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        store.runs.note(3, {})

    assert recorded(tmp_path) == []


def test_a_run_is_recorded_once_with_its_end(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        with store.write():
            store.events.append("s1", Event.INTENDED, {})
        act(store)
        store.runs.note(3, {"jobs": []})
    (run,) = recorded(tmp_path)

    assert (run.id, run.command, run.exit_code, run.serial, run.figures) == (1, "apply", 3, 0, {"jobs": []})
    assert run.ended is not None
    assert run.ended >= run.began
    assert "@" in run.who


def test_the_next_run_begins_where_the_events_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with Store.writable(tmp_path) as store, store.write():
            store.events.append("s1", Event.INTENDED, {})
    newest, oldest = recorded(tmp_path)

    with Store.readable(tmp_path) as store:
        assert (store.runs.last_event(oldest), store.runs.last_event(newest)) == (1, None)
        assert store.runs.events(oldest.serial, 1) == {"intended": 1}
        assert store.runs.events(newest.serial, None) == {"intended": 1}


def test_a_killed_run_has_no_end(tmp_path: Path) -> None:
    store = Store.writable(tmp_path)
    act(store)
    store.database.close()

    assert [(run.ended, run.exit_code) for run in recorded(tmp_path)] == [(None, None)]


@pytest.mark.parametrize(
    ("error", "code"),
    [(GuardRefused("too much"), 6), (KeyboardInterrupt(), 130), (OSError("bad"), 1), (None, 0)],
)
def test_an_error_gives_the_exit_code_that_it_ends_with(
    tmp_path: Path, error: BaseException | None, code: int
) -> None:
    def run() -> None:
        with Store.writable(tmp_path) as store:
            act(store)
            if error is not None:
                raise error

    if error is None:
        run()
    else:
        with pytest.raises(type(error)):
            run()

    assert [each.exit_code for each in recorded(tmp_path)] == [code]


def test_a_transaction_that_comes_to_nothing_takes_its_run_along(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        with pytest.raises(ZeroDivisionError), store.write():
            raise ZeroDivisionError
        assert list(store.runs.latest()) == []
        act(store)

    assert len(recorded(tmp_path)) == 1


def test_the_oldest_make_room_and_what_is_counted_still_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_KEPT", 3)
    for _ in range(5):
        with Store.writable(tmp_path) as store:
            act(store)

    assert [run.id for run in recorded(tmp_path)] == [5, 4, 3]
    with Store.writable(tmp_path) as store:
        store.prove()


def test_a_run_whose_end_cannot_be_written_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.writable(tmp_path) as store:
        act(store)
        monkeypatch.setattr(store.database, "execute", _full)

    monkeypatch.undo()
    assert [run.ended for run in recorded(tmp_path)] == [None]


def _full(*_arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["apply", "--yes"], "apply --yes"),
        (["apply", "--var", "TOKEN=hush"], "apply --var 'TOKEN=…'"),
        (["apply", "--var=TOKEN=hush\nmore"], "apply '--var=TOKEN=…'"),
        (["explain", "https://me:hush@host/a.pdf?sig=hush#x"], "explain https://host/a.pdf"),
        (["retry", "a b"], "retry 'a b'"),
        (["retry", "\udce4"], "retry '\ufffd'"),
        (["x" * 3000], "x" * 1999 + "…"),
    ],
)
def test_a_command_is_kept_without_secrets(arguments: list[str], text: str) -> None:
    assert invocation.told(arguments) == text


def test_a_call_by_a_program_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with invocation.called("apply"), invocation.called("retry"):
        assert invocation.current() == "apply (called by a program)"
    with invocation.started(["apply"]), invocation.called("apply"):
        assert invocation.current() == "apply"
    assert invocation.current() == "a program"
