"""The inbox on disk: what goes in, what is remembered, and how much there may be."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.webhooks.hints import Hint, decode
from docbatch.webhooks.inbox import ABANDONED, InboxWriter
from docbatch.webhooks.seen_deliveries import KEPT, Memory

NOW = time.time()
HINT = Hint("extend", "parse_run.processed", NOW, ("pr_1",), "project-s1")


def kept(folder: Path) -> list[Hint]:
    return [decode(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def test_a_hint_comes_out_as_it_went_in(tmp_path: Path) -> None:
    assert InboxWriter(tmp_path / "inbox").put("event_1", HINT)

    assert kept(tmp_path / "inbox") == [HINT]


def test_an_event_is_known_again_after_it_was_taken_and_the_listener_restarted(tmp_path: Path) -> None:
    InboxWriter(tmp_path).put("event_1", HINT)
    next(tmp_path.glob("*.json")).unlink()

    assert not InboxWriter(tmp_path).put("event_1", HINT)
    assert kept(tmp_path) == []
    assert InboxWriter(tmp_path).put("event_1", replace(HINT, connection="other"))


def test_the_oldest_hint_makes_room(tmp_path: Path) -> None:
    inbox = InboxWriter(tmp_path, most=3)
    for number in range(5):
        inbox.put(f"event_{number}", replace(HINT, received=NOW + number))
        for path in tmp_path.glob("*.json"):
            received = decode(path.read_bytes()).received
            os.utime(path, (received, received))

    assert sorted(each.received - NOW for each in kept(tmp_path)) == pytest.approx([2, 3, 4])


def test_a_disk_that_takes_nothing_leaves_no_trace_and_the_event_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = InboxWriter(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            inbox.put("event_1", HINT)

    assert [path.name for path in tmp_path.iterdir()] == []
    assert inbox.put("event_1", HINT)


def test_what_a_killed_listener_left_half_written_is_swept_away(tmp_path: Path) -> None:
    old, young = tmp_path / "a.json.0.part", tmp_path / "b.json.0.part"
    for path, age in ((old, ABANDONED + 1), (young, 0.0)):
        path.touch()
        os.utime(path, (time.time() - age, time.time() - age))

    InboxWriter(tmp_path)

    assert not old.exists()
    assert young.exists()


def test_the_memory_is_bounded_in_number_and_time_and_its_file_in_size(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "seen", NOW, most=10)
    for number in range(100):
        memory.add(f"{number}", NOW)

    assert len((tmp_path / "seen").read_text().splitlines()) <= 20
    again = Memory(tmp_path / "seen", NOW, most=10)
    assert [number for number in range(100) if f"{number}" in again] == list(range(90, 100))
    assert "99" not in Memory(tmp_path / "seen", NOW + KEPT + 1, most=10)


def test_a_memory_that_was_cut_short_still_serves(tmp_path: Path) -> None:
    Memory(tmp_path / "seen", NOW).add("whole", NOW)
    with (tmp_path / "seen").open("ab") as stream:
        stream.write(b"\xff\xff 17\n179")

    assert "whole" in Memory(tmp_path / "seen", NOW)
