"""Containers read by another process, which may die, hang or be handed the bytes."""

import hashlib
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from docbatch.containers import reader as reading
from docbatch.containers.inside import ContainerMember, NotOpened, UnfitMember
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.reader import ContainerReader, ContainerSource, OpeningEnded
from docbatch.core.models import FailureClass
from tests.containers.boxes import mail, tarred, zipped
from tests.containers.fragile_worker import DEADLY

INNER = zipped({"x.txt": b"deep", "y.txt": b"y" * 3_000_000})
MEMBERS = {"a.txt": b"first", "b.zip": INNER, "m.eml": mail("text", c_txt=b"attached")}
SAMPLES = {
    ContainerKind.ZIP: zipped(MEMBERS),
    ContainerKind.TAR_XZ: tarred(dict(MEMBERS), "w:xz"),
}


@pytest.fixture
def reader() -> Iterator[ContainerReader]:
    made = ContainerReader()
    yield made
    made.close()


def source(
    content: bytes, kind: ContainerKind = ContainerKind.ZIP, file: Path | None = None
) -> ContainerSource:
    if file is not None:
        file.write_bytes(content)
    place = None if file is None else os.fsencode(file)
    return ContainerSource(hashlib.sha256(content).hexdigest(), kind, place, lambda: io.BytesIO(content))


def contents(reader: ContainerReader, container: ContainerSource) -> dict[str, bytes]:
    found = {}
    for member in reader.members(container):
        assert isinstance(member, ContainerMember)
        with reader.content(container, member.place) as stream:
            found[member.name] = stream.read()
        assert hashlib.sha256(found[member.name]).hexdigest() == member.digest
    return found


def worker(reader: ContainerReader) -> int:
    assert reader._child is not None
    return reader._child.pid


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("at_home", [True, False])
def test_every_member_is_read_as_it_was_listed(
    reader: ContainerReader, kind: ContainerKind, at_home: bool, tmp_path: Path
) -> None:
    container = source(SAMPLES[kind], kind, tmp_path / "box" if at_home else None)
    found = contents(reader, container)

    assert contents(reader, container) == found
    assert found["a.txt"] == b"first"
    assert found["b.zip!y.txt"] == b"y" * 3_000_000
    assert found["m.eml!c.txt"] == b"attached"
    assert list(tmp_path.iterdir()) == ([tmp_path / "box"] if at_home else [])


def test_another_container_of_the_same_name_is_another(reader: ContainerReader, tmp_path: Path) -> None:
    before = source(zipped({"a.txt": b"before"}), file=tmp_path / "box")
    contents(reader, before)
    after = source(zipped({"a.txt": b"after"}), file=tmp_path / "box")

    assert contents(reader, after) == {"a.txt": b"after"}
    with pytest.raises(NotOpened, match="changed while it was read"):
        reader.members(before)


def test_a_container_that_is_gone_or_no_file_cannot_be_read(reader: ContainerReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe"):
        container = ContainerSource("", ContainerKind.ZIP, os.fsencode(tmp_path / name), io.BytesIO)
        with pytest.raises(NotOpened) as told:
            reader.members(container)
        assert told.value.failure.kind is FailureClass.UNREADABLE


def test_a_process_that_was_killed_from_outside_is_started_again(reader: ContainerReader) -> None:
    container = source(SAMPLES[ContainerKind.ZIP])
    before = contents(reader, container)
    os.kill(worker(reader), signal.SIGKILL)

    assert contents(reader, container) == before


def test_a_container_that_ends_the_process_each_time_is_told_so_and_others_go_on(
    reader: ContainerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MODULE", "tests.containers.dying_worker")
    with pytest.raises(OpeningEnded) as told:
        reader.members(source(b"die"))
    assert told.value.failure.kind is FailureClass.CRASHED
    monkeypatch.undo()

    assert contents(reader, source(zipped({"a.txt": b"x"}))) == {"a.txt": b"x"}


def test_one_file_that_ends_the_process_hides_nothing_else_of_its_container(
    reader: ContainerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MODULE", "tests.containers.fragile_worker")
    box = source(zipped({"a.txt": b"a", "evil.pdf": DEADLY, "m/evil.pdf": DEADLY + b"2", "z.txt": b"z"}))
    listed = {row.name: row for row in reader.members(box)}

    assert [name for name, row in listed.items() if isinstance(row, ContainerMember)] == [
        "a.txt",
        "evil.pdf",
        "m/evil.pdf",
        "z.txt",
    ]
    for name in ("evil.pdf!files", "m/evil.pdf!files"):
        row = listed[name]
        assert isinstance(row, UnfitMember)
        assert row.failure.kind is FailureClass.CRASHED


def test_more_files_that_end_the_process_than_are_passed_over_end_with_their_container(
    reader: ContainerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MODULE", "tests.containers.fragile_worker")
    monkeypatch.setattr(reading, "_MOST_PASSED_OVER", 1)
    with pytest.raises(OpeningEnded):
        reader.members(source(zipped({"a.pdf": DEADLY, "b.pdf": DEADLY + b"2"})))


def test_a_container_is_opened_no_longer_than_until_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MODULE", "tests.containers.hanging_worker")
    patient = ContainerReader()
    with pytest.raises(OpeningEnded) as told:
        patient.members(source(b"hang"), until=0.0)

    assert told.value.failure.kind is FailureClass.TIMEOUT
    patient.close()


def test_a_container_of_which_nothing_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MODULE", "tests.containers.hanging_worker")
    hasty = ContainerReader(patience=0.2)
    with pytest.raises(OpeningEnded) as told:
        hasty.members(source(b"hang"))

    assert told.value.failure.kind is FailureClass.TIMEOUT
    hasty.close()


def test_bytes_that_cannot_be_had_raise_what_their_source_raises(reader: ContainerReader) -> None:
    def refuse() -> BinaryIO:
        raise PermissionError

    with pytest.raises(PermissionError):
        reader.members(ContainerSource("x", ContainerKind.ZIP, None, refuse))
    assert contents(reader, source(zipped({"a.txt": b"x"}))) == {"a.txt": b"x"}


def test_its_process_ends_with_it() -> None:
    made = ContainerReader()
    contents(made, source(zipped({"a.txt": b"x"})))
    pid = worker(made)
    del made

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
