"""Answers between their end and the spool: in memory while there is room, then in files, and never lost before they are fetched."""

import hashlib
from pathlib import Path

import pytest

from docbatch.packed import packed
from docbatch.providers.local.held_answers import HeldAnswers
from docbatch.providers.local.messages import Written


def answer(content: bytes) -> Written:
    return Written(hashlib.sha256(content).hexdigest(), len(content), 0.1, entry=packed(content))


SIZE = len(packed(b"1"))


@pytest.fixture
def held(tmp_path: Path) -> HeldAnswers:
    return HeldAnswers(tmp_path, room=2 * SIZE)


def test_what_fits_is_held_in_memory_and_the_rest_in_files(held: HeldAnswers, tmp_path: Path) -> None:
    for number in ("1", "2", "3"):
        held.add(number, answer(number.encode()))
    drafts = [held.fetch(number) for number in ("1", "2", "3")]

    assert [draft and isinstance(draft.entry, bytes) for draft in drafts] == [True, True, False]
    assert (tmp_path / "3.part").read_bytes() == packed(b"3")


def test_what_was_fetched_makes_room_the_oldest_first(held: HeldAnswers, tmp_path: Path) -> None:
    held.add("1", answer(b"1"))
    held.add("2", answer(b"2"))
    held.fetch("2")
    held.fetch("1")
    held.add("3", answer(b"3"))

    assert held.fetch("2") is None
    assert all(held.fetch(name) is not None for name in ("1", "3"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_dropped_leaves_no_file_and_makes_room(held: HeldAnswers, tmp_path: Path) -> None:
    for number in ("1", "2", "3"):
        held.add(number, answer(number.encode()))
    for number in ("1", "3", "unknown"):
        held.drop(number)
    held.add("4", answer(b"4"))

    assert list(tmp_path.iterdir()) == []
    assert held.fetch("1") is None


def test_a_large_answer_that_the_worker_wrote_is_found_in_its_file(held: HeldAnswers, tmp_path: Path) -> None:
    held.add("1", Written("0" * 64, 7, 0.1, warnings=("lost: a page",)))
    draft = held.fetch("1")

    assert draft is not None
    assert (draft.entry, draft.digest, draft.warnings) == (tmp_path / "1.part", "0" * 64, ("lost: a page",))
