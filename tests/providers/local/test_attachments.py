"""Files inside documents: read as documents of their own, or named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Attachment
from docbatch.providers.local import panics
from docbatch.providers.local.attachments import AttachedFiles, Kind, safe_name
from docbatch.providers.local.engines import Engine, Options, Parsed
from docbatch.providers.local.messages import Task
from docbatch.providers.local.worker import DocumentReader
from tests.providers.local import specimens, wicked

NO_OCR = Options(ocr="off")


class Stub:
    """An engine, and the catalogue that has only it, under one name or several."""

    label = "stub"

    def __init__(
        self, extract: Callable[[bytes], Parsed | Failure], engines: tuple[str, ...] = ("stub",)
    ) -> None:
        self._extract = extract
        self._engines = engines

    def route(self, media_type: str, _options: Options) -> tuple[str, ...]:
        return self._engines if media_type == "text/plain" else ()

    def load(self, _name: str) -> Engine:
        return self

    def warm_up(self) -> None: ...
    def close(self) -> None: ...

    def extract(self, data: bytes, _media_type: str, _options: Options, /) -> Parsed | Failure:
        return self._extract(data)


def test_a_file_is_read_by_the_engine_for_its_type() -> None:
    files = AttachedFiles(NO_OCR)
    files.add("plan.docx", specimens.docx())
    files.add("notes", b"a,b\n1,2\n", "text/csv")

    assert files.lost == []
    assert [Attachment.model_validate(each).name for each in files.attachments] == ["plan.docx", "notes"]
    assert "## Attachment: plan.docx\n\n# Report" in files.markdown()
    assert "| 1 | 2 |" in files.markdown()
    assert specimens.SENTENCE in files.text()


def test_two_files_of_one_name_are_both_there() -> None:
    files = AttachedFiles(NO_OCR)
    files.add("same.txt", b"first")
    files.add("same.txt", b"second")

    assert files.markdown() == "## Attachment: same.txt\n\nfirst\n\n## Attachment: same.txt\n\nsecond"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.zip", specimens.zipped({"a.txt": "x"}), "files of type application/zip are not read"),
        ("a.pdf", b"%PDF-1.4 and nothing else", ""),
        ("a.pdf", specimens.encrypted_pdf(), ""),
        ("a.bin", bytes(range(32)), "files of type application/octet-stream are not read"),
    ],
)
def test_what_is_not_read_is_named(name: str, data: bytes, reason: str) -> None:
    files = AttachedFiles(NO_OCR)
    files.add(name, data)

    assert files.lost[0].startswith(f"attachment {name}: {reason}")
    assert f"## Attachment: {name}\n\n(application/" in files.markdown()
    assert f"{len(data)} bytes; not read)" in files.text()


def test_signatures_and_pictures_in_the_text_are_listed_without_a_loss() -> None:
    files = AttachedFiles(NO_OCR)
    files.add("logo.png", specimens.png(), "image/png", "inline")
    files.add("smime.p7s", b"\x30\x80\x06", "application/pkcs7-signature", "signature")

    assert (len(files.attachments), files.lost) == (2, [])
    assert "attachment smime.p7s: a signature" in files.warnings


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("in\r\nvoice\u202efdp.exe", "in voice fdp.exe"),
        ("  ", "unnamed"),
        (None, "unnamed"),
        ("größe.txt", "größe.txt"),
        ("a" * 999, "a" * 200),
    ],
)
def test_names_are_shown_on_one_line_and_hide_nothing(name: str | None, shown: str) -> None:
    assert safe_name(name) == shown


def test_depth_and_number_are_bounded_for_the_whole_document() -> None:
    reads = 0

    def twice(data: bytes) -> Parsed:
        nonlocal reads
        reads += 1
        inner = AttachedFiles(NO_OCR, catalogue)
        inner.add("a", data)
        inner.add("b", data)
        return Parsed(None, "x", attachments=inner.attachments, lost=inner.lost)

    catalogue = Stub(twice)
    files = AttachedFiles(NO_OCR, catalogue)
    for _ in range(9):
        files.add("top", b"text")

    assert reads == 200
    assert any("more than 5 files deep" in each for each in files.lost)
    assert any("more than 200 files" in each for each in files.lost)


@pytest.mark.parametrize("fault", [ValueError("broken"), MemoryError(), RecursionError("deep")])
def test_an_engine_that_fails_costs_its_own_file_only(fault: Exception) -> None:
    def fails(data: bytes) -> Parsed:
        if data == b"bad":
            raise fault
        return Parsed(None, data.decode())

    files = AttachedFiles(NO_OCR, Stub(fails))
    files.add("bad", b"bad")
    files.add("good", b"good")

    assert len(files.lost) == 1
    assert "## Attachment: good\n\ngood" in files.markdown()


class Poisoned(BaseException):
    """Like the panic of a native engine."""


@pytest.mark.parametrize("fault", [Poisoned(), MemoryError()])
def test_an_engine_that_breaks_down_is_noted_for_the_process(fault: BaseException) -> None:
    def fails(data: bytes) -> Parsed:
        if data == b"bad":
            raise fault
        return Parsed(None, data.decode())

    panics.CURRENT.taken()
    files = AttachedFiles(NO_OCR, Stub(fails))
    files.add("good", b"good")
    assert not panics.CURRENT.taken()
    files.add("bad", b"bad")
    assert panics.CURRENT.taken()
    assert not panics.CURRENT.taken()


def test_a_process_is_replaced_after_a_breakdown_inside_a_document(tmp_path: Path) -> None:
    missing = Task("a", os.fsencode(tmp_path / "missing"), "0", 1, "text/plain", b"", 1.0, 10**9)
    reader = DocumentReader(wicked)
    reader.answer(missing)
    assert not reader.spent
    panics.CURRENT.note()
    reader.answer(missing)
    assert reader.spent


@pytest.mark.parametrize(
    ("kind", "command"),
    [("file", "docbatch retry --class lost"), ("inline", "docbatch apply --upgrade JOB")],
)
def test_pictures_that_nobody_reads_are_told_with_what_to_do(kind: Kind, command: str) -> None:
    catalogue = Stub(lambda _: Parsed(None, "x", unread=[3]))
    files = AttachedFiles(Options(languages=("rus",)), catalogue)
    files.add("a", b"text", kind=kind)

    advice = f"install tesseract-ocr-rus and run '{command}'"
    assert [*files.lost, *files.warnings] == [f"attachment a: pictures without text on page 3; {advice}"]


def test_a_second_engine_says_that_the_first_one_failed() -> None:
    outcomes: list[Parsed | Failure] = [Failure(FailureClass.CORRUPT, "no\nend"), Parsed(None, "x")]
    files = AttachedFiles(NO_OCR, Stub(lambda _: outcomes.pop(0), engines=("one", "other")))
    files.add("a", b"text")

    assert files.warnings == ["attachment a: one failed, and another engine read it: no end"]


def test_what_an_engine_says_bears_the_name_of_the_file() -> None:
    catalogue = Stub(lambda _: Parsed(None, "x", lost=["slide 2"], warnings=["guessed"], unread=[3]))
    files = AttachedFiles(NO_OCR, catalogue)
    files.add("a", b"text")

    assert files.lost == [
        "attachment a: pictures without text on page 3; set ocr: auto to have it read",
        "attachment a: slide 2",
    ]
    assert files.warnings == ["attachment a: guessed"]


def test_a_failure_is_said_in_its_own_words() -> None:
    files = AttachedFiles(NO_OCR, Stub(lambda _: Failure(FailureClass.CORRUPT, "no end")))
    files.add("a", b"text")

    assert files.lost == ["attachment a: no end"]
