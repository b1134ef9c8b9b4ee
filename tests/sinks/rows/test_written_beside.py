"""Writing rows in a thread while the next are made: what is told when, and what is begun no more."""

import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest

from docbatch.processes.daemon_pool import AtOnce
from docbatch.sinks.base import Fault, Receipt
from docbatch.sinks.rows import written_beside as beside
from docbatch.sinks.rows.written_beside import written_beside, written_in_turn

PATIENCE = 60.0


def receipt(name: str) -> list[Receipt | Fault]:
    return [Receipt(name.encode(), name)]


def test_the_next_window_is_made_while_one_is_written() -> None:
    is_made = threading.Event()
    seen = []

    def windows() -> Iterator[str | Fault]:
        yield "a"
        is_made.set()
        yield "b"

    def write(window: str) -> list[Receipt | Fault]:
        seen.append((window, is_made.wait(PATIENCE), threading.current_thread() is threading.main_thread()))
        return receipt(window)

    told = [each.path for each in written_beside(windows(), write)]

    assert told == [b"a", b"b"]
    assert seen == [("a", True, False), ("b", True, False)]


def test_receipts_are_told_when_they_are_known_and_faults_before_the_next_window_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So that what is handed over has begun when anything is told.
    monkeypatch.setattr(beside, "DaemonPool", lambda _width, _name: AtOnce())
    begun: list[str] = []

    def write(window: str) -> list[Receipt | Fault]:
        begun.append(window)
        return [Fault(b"b", "odd")] if window == "b" else receipt(window)

    windows: list[str | Fault] = ["a", "b", Fault(b"x", "none"), "c"]
    told = {each.path: list(begun) for each in written_beside(windows, write)}

    assert list(told) == [b"a", b"x", b"b", b"c"]
    assert told[b"a"] == ["a", "b"]
    assert told[b"b"] == ["a", "b"]
    assert told[b"c"] == ["a", "b", "c"]


def test_after_an_error_nothing_is_begun_and_what_was_written_before_is_told() -> None:
    begun: list[str] = []

    def write(window: str) -> list[Receipt | Fault]:
        begun.append(window)
        if window == "b":
            raise ValueError(window)
        return receipt(window)

    outcomes = written_beside(iter("abc"), write)
    first = next(outcomes)
    with pytest.raises(ValueError, match="b"):
        next(outcomes)

    assert first.path == b"a"
    assert begun == ["a", "b"]
    assert list(outcomes) == []


def test_whoever_asks_for_no_more_waits_for_what_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    is_begun, is_waited_for = threading.Event(), threading.Event()
    wait = futures.wait
    done: list[str] = []

    def waited(begun: list[futures.Future[Any]]) -> object:
        is_waited_for.set()
        return wait(begun)

    def write(window: str) -> list[Receipt | Fault]:
        if window == "b":
            is_begun.set()
            is_waited_for.wait(PATIENCE)
        done.append(window)
        return receipt(window)

    monkeypatch.setattr(beside, "wait", waited)
    outcomes = written_beside(iter("abc"), write)
    next(outcomes)
    assert is_begun.wait(PATIENCE)
    outcomes.close()  # type: ignore[attr-defined]

    assert done == ["a", "b"]


def test_where_nothing_goes_on_beside_a_window_is_told_before_the_next_is_made() -> None:
    steps = []

    def windows() -> Iterator[str | Fault]:
        for name in "ab":
            steps.append(f"made {name}")
            yield name
        yield Fault(b"x", "none")

    def tell(outcome: Receipt | Fault) -> None:
        steps.append(f"told {outcome.path.decode()}")

    for each in written_in_turn(windows(), receipt):
        tell(each)

    assert steps == ["made a", "told a", "made b", "told b", "told x"]
