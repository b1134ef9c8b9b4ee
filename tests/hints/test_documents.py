"""Hints about documents that the engine of this machine did not read, or not whole."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import MORE_MEMORY, MORE_TIME, Answer, Task
from docbatch.providers.local.ocr import tesseract_data, ways
from docbatch.providers.local.worker import DocumentReader
from tests.cli.project import JOB, Project
from tests.hints.table import Hints, helps
from tests.providers.local import mails, scans, specimens
from tests.providers.local.locked import locked_pdf

NEEDS_MODELS = pytest.mark.skipif(not ways.has_paddle(), reason="the extra ocr is not installed")
LIMITED = JOB + "config: {timeout: 20, max_memory: 300MB}\n"
OPENED = JOB + "passwords: {file: words.txt}\n"


@contextmanager
def starving() -> Iterator[None]:
    """Let the engine need more than the job of LIMITED allows."""
    answer = DocumentReader.answer

    def starved(self: DocumentReader, task: Task) -> Answer:
        if task.timeout <= 20:
            return Failure(FailureClass.TIMEOUT, f"not read within {task.timeout:g} seconds; {MORE_TIME}")
        if task.max_memory <= 300_000_000:
            return Failure(FailureClass.MEMORY, f"needs more; {MORE_MEMORY}")
        return answer(self, task)

    with mock.patch.object(DocumentReader, "answer", starved):
        yield


@helps(
    "raise config.timeout and run 'docbatch retry'",
    "raise config.max_memory and run 'docbatch retry'",
    "Failed documents are not sent again by themselves; 'docbatch retry' queues them.",
    "queued; run 'docbatch apply'",
    "will not be sent by itself; 'docbatch retry' queues it",
)
def test_documents_that_reached_a_limit(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    project.job(LIMITED)
    with starving():
        late = project.call("apply")
        project.job(LIMITED.replace("20", "60"))
        hints.follow(project, late, "config.timeout")
        large = project.call("apply")
        explained = project.call("explain", "in/a.txt")
        project.job(LIMITED.replace("20", "60").replace("300MB", "1GB"))
        hints.see(large, "max_memory")
        hints.see(large, "Failed documents")
        queued = hints.follow(project, explained, "by itself; 'docbatch retry' queues it")
        ended = hints.follow(project, queued, "queued; run")

    assert (late.code, large.code, ended.code) == (3, 3, 0)
    assert project.outputs() == {"a.txt.md": b"one\n"}


@helps("needs a password; set passwords: {file: …} in the job, then run 'docbatch retry'")
def test_a_document_without_its_password(project: Project, hints: Hints) -> None:
    project.write({"in/a.pdf": locked_pdf("sesame"), "words.txt": "sesame"})
    told = project.call("apply")
    project.job(OPENED)

    assert told.code == 3
    assert "1 document queued" in hints.follow(project, told).out
    assert project.call("apply").code == 0


@helps("needs a password, and {}; add it where passwords: says, then run 'docbatch retry'")
def test_a_document_with_a_wrong_password(project: Project, hints: Hints) -> None:
    project.write({"in/a.pdf": locked_pdf("sesame"), "words.txt": "abracadabra"})
    project.job(OPENED)
    told = project.call("apply")
    project.write({"words.txt": "abracadabra\nsesame"})

    assert told.code == 3
    assert "1 document queued" in hints.follow(project, told).out
    assert project.call("apply").code == 0


@contextmanager
def without_ocr() -> Iterator[None]:
    with (
        mock.patch.object(ways, "has_paddle", return_value=False),
        mock.patch.object(tesseract_data, "folder", return_value=None),
    ):
        yield


def letter() -> bytes:
    """Return a mail with a picture of text in its text."""
    picture = base64.encodebytes(scans.saved(scans.picture(), "PNG"))
    head = "Content-ID: <p>\r\nContent-Disposition: inline; filename=p.png\r\nContent-Transfer-Encoding: base64\r\n"
    page = mails.part("text/html", '<p>words</p><img src="cid:p">')
    return mails.multipart("multipart/related", page, mails.part("image/png", picture, head))


@NEEDS_MODELS
@helps("docbatch retry", "docbatch retry --class {}", "docbatch apply --upgrade JOB")
def test_pictures_that_nothing_reads(project: Project, hints: Hints) -> None:
    project.write(
        {
            "in/scan.pdf": scans.scan(scans.picture()),
            "in/half.pdf": specimens.pdf(scanned=(2,)),
            "in/letter.eml": letter(),
        }
    )
    with without_ocr():
        told = project.call("apply")
    failed, partial, remark = (
        next(line for line in told.out.splitlines() if f"{name}: " in line)
        for name in ("scan.pdf", "half.pdf", "letter.eml")
    )

    queued = hints.follow(project, partial, "docbatch retry --class {}")
    hints.follow(project, failed, "docbatch retry")
    again = project.call("apply")
    upgraded = hints.follow(project, remark, "docbatch apply --upgrade JOB", JOB="job")

    assert (told.code, again.code, upgraded.code) == (3, 0, 0)
    assert "1 document queued" in queued.out
    assert "page 2" not in project.call("status").out.replace(
        "no letters were found in the picture on page 2", ""
    )
    for output in ("scan.pdf.md", "letter.eml.md"):
        assert b"Delivery note 2207" in project.outputs()[output]


@helps("where its file is there, 'docbatch apply' takes it up again")
def test_a_document_that_was_forgotten_by_mistake(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    forgotten = project.call("state", "rm", "job", "a.txt")

    ended = hints.follow(project, forgotten)

    assert "1 of 1 document" in ended.out
    assert "a.txt" in project.call("state", "list").out
