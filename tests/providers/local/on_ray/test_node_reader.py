"""What runs on a node, without Ray around it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Answer, Task, Written
from docbatch.providers.local.on_ray.loaned_bytes import LoanedBytes
from docbatch.providers.local.on_ray.node_parts import difference, parts
from docbatch.providers.local.on_ray.node_reader import NodeReader, SentDocument
from tests.providers.local.harness import ROOT


@pytest.fixture
def reader() -> Iterator[NodeReader]:
    made = NodeReader("tests.providers.local.wicked", [ROOT])
    yield made
    made._pool.close()


def sent(folder: Path, name: str, content: bytes) -> SentDocument:
    """Return a document as it travels: its path is one of another machine."""
    digest = hashlib.sha256(content).hexdigest()
    out = bytes(folder / name)
    return SentDocument(
        Task(name, b"/elsewhere", digest, len(content), "application/one", out, 30.0, 10**9), content
    )


def until(reader: NodeReader, count: int) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    while len(answers) < count:
        answers |= reader.read([], [])
    return answers


def test_documents_are_read_from_their_bytes_and_answers_carried_however_large(
    reader: NodeReader, tmp_path: Path
) -> None:
    large = os.urandom(400_000).hex().encode()
    answers = dict(reader.read([sent(tmp_path, "a", b"fine"), sent(tmp_path, "large", large)], []))
    answers |= until(reader, 2 - len(answers))
    written = [answer for answer in answers.values() if isinstance(answer, Written)]
    assert len(written) == 2
    assert max(len(answer.entry or b"") for answer in written) > 300_000
    assert list(tmp_path.iterdir()) == []
    assert reader._loans._files == {}


def test_a_call_comes_back_although_a_document_hangs(reader: NodeReader, tmp_path: Path) -> None:
    assert reader.read([sent(tmp_path, "hangs", b"hang")], []) == []
    [(name, answer)] = until_some(reader, ["hangs"])
    assert isinstance(answer, Failure)
    assert (name, answer.kind) == ("hangs", FailureClass.CANCELLED)


def until_some(reader: NodeReader, cancelled: list[str]) -> list[tuple[str, Answer]]:
    while not (answers := reader.read([], cancelled)):
        pass
    return answers


def test_nothing_is_asked_for_where_nothing_is_held(reader: NodeReader) -> None:
    assert reader.read([], []) == []


def test_bytes_are_lent_as_files_where_memory_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    loans = LoanedBytes()
    place = Path(os.fsdecode(loans.lend("a", b"hello")))
    assert place.read_bytes() == b"hello"
    loans.take_back("a")
    assert list(tmp_path.iterdir()) == []


def test_machines_are_compared_by_name_and_version() -> None:
    assert difference({"xberg": "2", "steps": "1"}, {"xberg": "2", "steps": "1"}) == ""
    assert difference({"xberg": "2", "steps": "1"}, {"xberg": "1", "tesseract-data": "eng:5"}) == (
        "xberg 1 instead of 2, steps missing instead of 1, tesseract-data eng:5 instead of none"
    )
    assert {"Python", "docbatch", "xberg", "steps"} <= parts(Options()).keys()
