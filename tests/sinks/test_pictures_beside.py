"""Pictures beside outputs on a disk: there before what links to them, and in nobody's way."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.sinks import tree
from docbatch.sinks.base import Fault, Receipt

from .arrangement import PNG, Arrangement, delivery, pictured
from .links import shown


@pytest.fixture
def at(tmp_path: Path) -> Arrangement:
    return Arrangement("files pictures", tmp_path)


def beside(at: Arrangement, output: str = "a.pdf.md") -> list[Path]:
    return sorted((at.root / f"{output}.files").iterdir())


def deliver(at: Arrangement, *bodies: str) -> Receipt | Fault:
    (outcome,) = at.deliver([pictured(delivery("a.pdf", expected=at.stamps.get("a.pdf")), *bodies)])
    return outcome


def test_an_output_links_to_what_lies_beside_it(at: Arrangement) -> None:
    receipt = deliver(at, "one", "two")

    assert shown(at.output) == [PNG + b"one", PNG + b"two", PNG + b"two"]
    assert isinstance(receipt, Receipt)
    assert [os.fsdecode(each.output) for each in receipt.companions] == [
        str(path.relative_to(at.root)) for path in beside(at)
    ]
    assert [each.size for each in receipt.companions] == [len(PNG) + 3] * 2
    assert list(at.open().check((each.output, each.stamp) for each in receipt.companions)) == []


def test_what_stands_there_already_is_left_as_it_is(at: Arrangement) -> None:
    first = deliver(at, "one")
    second = deliver(at, "one", "two")

    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert first.companions[0] == second.companions[0]
    assert at.trashed() == []


def test_an_edited_picture_goes_to_the_trash(at: Arrangement) -> None:
    deliver(at, "one")
    beside(at)[0].write_text("edited by hand")

    deliver(at, "one")

    assert shown(at.output) == [PNG + b"one"] * 2
    assert at.trashed() == ["edited by hand"]
    assert "changed since docbatch wrote it" in (at.trash / "index.jsonl").read_text()


def test_what_an_output_no_longer_links_to_stays_and_is_not_in_its_receipt(at: Arrangement) -> None:
    deliver(at, "one")
    receipt = deliver(at, "two")

    assert isinstance(receipt, Receipt)
    assert shown(at.output) == [PNG + b"two"] * 2
    assert len(receipt.companions) == 1
    assert len(beside(at)) == 2


@pytest.mark.parametrize("stranger", ["file", "link"])
def test_a_folder_that_cannot_be_one_is_a_fault_of_its_document_alone(at: Arrangement, stranger: str) -> None:
    at.root.mkdir(parents=True)
    elsewhere = at.folder / "elsewhere"
    elsewhere.mkdir()
    place = at.root / "a.pdf.md.files"
    if stranger == "file":
        place.write_text("mine")
    else:
        place.symlink_to(elsewhere)

    outcomes = at.deliver([pictured(delivery("a.pdf"), "one"), pictured(delivery("b.pdf"), "one")])

    assert [type(each) for each in outcomes] == [Fault, Receipt]
    assert isinstance(outcomes[0], Fault)
    assert f"{place} is " in outcomes[0].message
    assert not at.output.exists()
    assert list(elsewhere.iterdir()) == []
    assert at.hidden() == []


@pytest.mark.parametrize("stranger", ["folder", "link"])
def test_what_is_no_file_in_the_place_of_a_picture_is_never_written_through(
    at: Arrangement, stranger: str
) -> None:
    deliver(at, "one")
    (picture,) = beside(at)
    at.output.unlink()
    picture.unlink()
    mine = at.folder / "mine"
    mine.write_text("mine")
    if stranger == "folder":
        picture.mkdir()
    else:
        picture.symlink_to(mine)

    outcome = deliver(at, "one")

    assert mine.read_text() == "mine"
    assert isinstance(outcome, Fault if stranger == "folder" else Receipt)
    assert at.output.exists() == (stranger == "link")
    assert at.hidden() == []


def test_more_folders_than_are_kept_open_are_written_all_the_same(at: Arrangement) -> None:
    outcomes = at.deliver(pictured(delivery(f"{number}/a.pdf"), "one", "two") for number in range(150))

    assert all(isinstance(each, Receipt) for each in outcomes)
    assert all(len(shown(at.root / f"{number}/a.pdf.md")) == 3 for number in range(150))


def test_a_disk_that_is_full_leaves_neither_an_output_nor_half_a_picture(
    at: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = os.write
    monkeypatch.setattr(
        os, "write", lambda to, content: written(to, content) if len(content) < 12 else 1 // 0
    )

    with pytest.raises(ZeroDivisionError):
        deliver(at, "1", "a longer one")

    assert at.hidden() == []
    assert not at.output.exists()


def test_names_of_outputs_that_are_no_text_or_too_long(at: Arrangement) -> None:
    for output in (b"\xff.md", b"n" * 255):
        (outcome,) = at.open().deliver([replace(pictured(delivery("a.pdf"), "one"), output=output)])
        assert isinstance(outcome, Receipt)
        assert shown(at.root / os.fsdecode(output)) == [PNG + b"one"] * 2


def test_what_a_kill_left_in_a_folder_of_pictures_goes_with_the_next_delivery(
    at: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = at.root / "a.pdf.md.files"
    folder.mkdir(parents=True)
    (folder / ".docbatch-00000000-000000000000.tmp").write_bytes(PNG)
    monkeypatch.setattr(tree, "_RUN", "11111111")

    deliver(at, "one")

    assert at.hidden() == []
