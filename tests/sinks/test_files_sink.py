import errno
import hashlib
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.errors import SinkError
from docbatch.durability import Flusher, Place
from docbatch.sinks.base import Delivery, Fault, Receipt

from .arrangement import DELIVERED, Arrangement, delivery, failing


def _index(at: Arrangement) -> list[dict[str, str]]:
    return [json.loads(line) for line in (at.trash / "index.jsonl").read_text().splitlines()]


def _fault(at: Arrangement, output: bytes) -> str:
    """Deliver to an output that cannot be written and to one that can, and return the fault of the first."""
    outcomes = at.deliver([replace(delivery("bad.pdf"), output=output), delivery("good.pdf")])
    (fault,) = (outcome for outcome in outcomes if isinstance(outcome, Fault))
    assert fault.path == b"bad.pdf"
    assert (at.root / "good.pdf.md").exists()
    assert at.hidden() == []
    return fault.message


def test_a_folder_in_an_output_s_place_concerns_one_document(files: Arrangement) -> None:
    (files.root / "x.md").mkdir(parents=True)

    assert "x.md is a folder; move it away" in _fault(files, b"x.md")


def test_a_pipe_in_an_output_s_place_concerns_one_document(files: Arrangement) -> None:
    files.root.mkdir()
    os.mkfifo(files.root / "x.md")

    assert "x.md is a special file; move it away" in _fault(files, b"x.md")


def test_a_file_in_a_folder_s_place_concerns_one_document(files: Arrangement) -> None:
    files.root.mkdir()
    (files.root / "x").write_text("a file")

    assert "x is not a folder; move it away" in _fault(files, b"x/y.md")


@pytest.mark.parametrize("output", [b"n" * 300, b"/".join([b"n"] * 5000)], ids=["name", "path"])
def test_a_path_that_is_too_long_concerns_one_document(files: Arrangement, output: bytes) -> None:
    assert "cannot be written" in _fault(files, output)


@pytest.mark.parametrize("output", [b"../x.md", b"a/../../x.md", b"/x.md", b"a//x.md", b"./x.md", b""])
def test_a_path_that_leaves_the_root_is_refused_whoever_made_it(files: Arrangement, output: bytes) -> None:
    assert "cannot be written below" in _fault(files, output)
    assert sorted(path.name for path in files.folder.iterdir()) == ["out"]


def test_a_deep_path_is_written(files: Arrangement) -> None:
    output = b"/".join([b"n"] * 300)

    (outcome,) = files.deliver([replace(delivery("a.pdf"), output=output)])

    written = Path(os.fsdecode(os.fsencode(files.root) + b"/" + output)).read_bytes()
    digest = hashlib.sha256(written).hexdigest()
    assert outcome == Receipt(b"a.pdf", files.open().stamp(output), len(written), digest)


def test_a_name_that_is_not_utf8_is_written(files: Arrangement) -> None:
    files.deliver([replace(delivery("a.pdf"), output=b"caf\xe9.md")])

    assert [os.fsencode(path.name) for path in files.root.iterdir()] == [b"caf\xe9.md"]


def test_someone_else_s_file_is_moved_to_the_trash_and_named_in_its_index(files: Arrangement) -> None:
    files.root.mkdir()
    files.output.write_text("mine")

    files.deliver_all()

    (entry,) = _index(files)
    assert (files.trash / entry.pop("name")).read_text() == "mine"
    assert entry == {"output": str(files.output), "document": "a.pdf", "why": "not written by docbatch"}


def test_two_edited_copies_of_one_name_are_both_kept(files: Arrangement) -> None:
    for edit in ("first", "second"):
        files.deliver_all()
        files.output.write_text(edit)
    files.deliver_all()

    assert sorted(files.trashed()) == ["first", "second"]


def test_a_trash_on_another_file_system_is_filled_by_copying(
    files: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def far(source: bytes, target: bytes | Path, **folders: int) -> None:
        if isinstance(target, Path):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", far)
    files.root.mkdir()
    files.output.write_text("mine")

    files.deliver_all()

    assert files.trashed() == ["mine"]
    assert files.content() == DELIVERED


def test_a_trash_that_cannot_be_written_keeps_the_edited_file_in_place(files: Arrangement) -> None:
    files.root.mkdir()
    files.output.write_text("mine")
    files.trash.write_text("a file")

    with pytest.raises(SinkError, match="the trash"):
        files.deliver_all()

    assert files.output.read_text() == "mine"
    assert files.hidden() == []


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Flushes, with the names flushed, and renames, with the name given."""
    seen: list[str] = []
    rename = os.rename

    def renaming(source: bytes, target: bytes, **folders: int) -> None:
        seen.append(f"rename to {target.decode()}")
        rename(source, target, **folders)

    def flush(_: Flusher, places: list[Place], _within: Collection[int] = ()) -> None:
        seen.extend(f"flush {os.fsdecode(place.name)[:10]}" for place in places)

    monkeypatch.setattr(os, "rename", renaming)
    monkeypatch.setattr(Flusher, "flush", flush)
    return seen


def test_a_receipt_comes_only_after_file_and_folder_are_durable(
    files: Arrangement, events: list[str]
) -> None:
    files.root.mkdir()

    events.extend(type(outcome).__name__ for outcome in files.open().deliver([delivery("a.pdf")]))

    assert events == ["flush .docbatch-", "rename to a.pdf.md", "flush .", "Receipt"]


def test_new_folders_are_made_durable_with_the_folders_they_stand_in(
    files: Arrangement, events: list[str]
) -> None:
    list(files.open().deliver([delivery("x/y/a.pdf")]))

    assert sorted(events[2:]) == ["flush .", "flush x", "flush x/y"]


def test_windows_of_documents_and_folders_are_all_delivered(files: Arrangement) -> None:
    paths = [f"{index % 300}/{index}.pdf" for index in range(1200)]

    outcomes = files.deliver(delivery(path) for path in paths)

    assert [outcome.path.decode() for outcome in outcomes] == paths
    assert files.content() == {path: f"# {path}\n" for path in paths}


def test_receipts_come_while_documents_are_still_to_be_read(files: Arrangement) -> None:
    waiting = iter([delivery(f"{index}.pdf") for index in range(1000)])

    next(files.open().deliver(waiting))

    assert next(waiting, None) is not None


def test_only_leftovers_of_other_runs_are_swept(files: Arrangement) -> None:
    files.root.mkdir()
    for name in (".docbatch-0123abcd-0123456789ab.tmp", ".docbatch-notes", ".hidden", "seen.tmp"):
        (files.root / name).write_text("x")

    files.deliver_all()

    assert sorted(files.hidden()) == [".docbatch-notes", ".hidden"]
    assert (files.root / "seen.tmp").exists()


def test_leftovers_are_swept_from_a_folder_that_was_passed_through_first(files: Arrangement) -> None:
    files.root.mkdir()
    (files.root / ".docbatch-0123abcd-0123456789ab.tmp").write_text("x")

    files.deliver([delivery("below/a.pdf"), delivery("b.pdf")])

    assert files.hidden() == []


def test_a_sink_leaves_alone_what_another_is_writing_in_the_same_folder(files: Arrangement) -> None:
    writing = files.open().deliver(
        [delivery("a.pdf"), failing("b.pdf", ValueError("bad")), delivery("c.pdf")]
    )
    assert isinstance(next(writing), Fault)

    files.deliver([delivery("other.pdf")])

    assert [outcome.path for outcome in writing if isinstance(outcome, Receipt)] == [b"a.pdf", b"c.pdf"]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files cannot be counted here")
def test_open_files_do_not_grow_with_the_number_of_folders(files: Arrangement) -> None:
    def deliveries() -> Iterator[Delivery]:
        for index in range(600):
            yield delivery(f"{index}/{index}.pdf")
            open_files.append(len(list(Path("/dev/fd").iterdir())))

    open_files: list[int] = []
    files.deliver(deliveries())

    assert max(open_files) < min(open_files) + 200


def test_an_index_of_the_trash_that_is_a_link_is_not_written_through(files: Arrangement) -> None:
    files.root.mkdir()
    files.output.write_text("mine")
    files.trash.mkdir()
    (files.folder / "elsewhere").write_text("")
    (files.trash / "index.jsonl").symlink_to(files.folder / "elsewhere")

    with pytest.raises(SinkError, match="the trash"):
        files.deliver_all()

    assert (files.folder / "elsewhere").read_text() == ""
    assert files.output.read_text() == "mine"
