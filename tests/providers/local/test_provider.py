"""The local engine seen through the contract every provider keeps."""

import hashlib
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import Gone, NotSent, ProviderError, Refused
from docbatch.core.models import FailureClass, Operation, Recovery, WorkItem
from docbatch.core.result_warnings import NOTHING_TO_SEE
from docbatch.core.results import DocumentInfo
from docbatch.media import HEAD_SIZE, detect
from docbatch.packed import unpacked
from docbatch.providers.base import Batch, Changed, Failed, Intent, Provider, Ready
from docbatch.providers.local.messages import Differs, Task
from docbatch.providers.local.ocr import tesseract_data
from docbatch.providers.local.provider import LocalProvider
from docbatch.providers.local.reading_pool import TaskOutcome
from tests.providers.local import specimens
from tests.providers.local.blank import bare_docx, blank_pdf
from tests.providers.local.harness import PATIENCE, ROOT, Ear

LARGE = os.urandom(400_000).hex().encode()
"""A text that is large however it is compressed, so that its result lies in a file."""
DOCUMENT = DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="x/y")
# Greek is read by Tesseract alone.
WITHOUT_OCR = pytest.mark.skipif(
    tesseract_data.folder(["ell"]) is not None, reason="Tesseract's Greek data is installed"
)

Ended = Ready | Failed | Changed


class Office:
    """A provider on a folder, its results fetched and read as the engine does."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self._ended = threading.Event()
        self.provider = LocalProvider(
            folder / "incoming", workers=1, wake=self._ended.set, search=(ROOT,), **options
        )

    def item(self, name: str, content: bytes, media_type: str | None = None) -> WorkItem:
        path = self.folder / name
        path.write_bytes(content)
        kind = media_type or detect(content[:HEAD_SIZE], os.fsencode(name))
        digest = hashlib.sha256(content).hexdigest()
        return WorkItem(name, "", digest, len(content), kind, name, os.fsencode(path))

    def intent(self, *items: WorkItem, name: str = "s1", **config: Any) -> Intent:
        files = {item.key: item.place for item in items}
        batch = Batch(name, f"project/{name}", Operation.PARSE, items, config, files=files)
        return Intent(name, batch.marker, self.provider.render(batch, {}), batch)

    def follow(self, intent: Intent) -> dict[str, Ended]:
        accepted = self.provider.create(intent)
        ended: dict[str, Ended] = {}
        while len(ended) < len(intent.batch.items):
            ended |= {one.key: one for one in self.provider.poll(intent, accepted.remote_id).ended}
            assert len(ended) == len(intent.batch.items) or self._ended.wait(PATIENCE)
            self._ended.clear()
        return ended

    def payload(self, intent: Intent, ready: Ended) -> bytes:
        assert isinstance(ready, Ready), ready
        draft = self.provider.fetch(intent, ready)
        entry = draft.entry.read_bytes() if isinstance(draft.entry, Path) else draft.entry
        content = unpacked(entry, draft.digest)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (draft.digest, draft.size)
        return content


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    place = Office(tmp_path)
    yield place
    place.provider.close()


@pytest.fixture
def wicked(tmp_path: Path) -> Iterator[Office]:
    place = Office(tmp_path, catalogue="tests.providers.local.wicked")
    yield place
    place.provider.close()


def kind(ended: Ended) -> FailureClass:
    assert isinstance(ended, Failed), ended
    assert ended.failure.message
    return ended.failure.kind


def test_it_is_a_provider_whose_creates_may_be_repeated(office: Office) -> None:
    provider: Provider = office.provider
    assert (provider.type, provider.account) == ("local", "local")
    assert provider.traits.recovery is Recovery.KEYED
    assert provider.traits.free
    assert provider.traits.max_items == 512


def test_once_closed_it_takes_no_work_and_starts_no_process(office: Office) -> None:
    intent = office.intent(office.item("a.txt", specimens.text()))
    office.provider.close()

    with pytest.raises(NotSent):
        office.provider.create(intent)

    assert office.provider._pool is None


def test_documents_of_all_kinds_become_results(office: Office) -> None:
    office_files = [specimens.docx(), specimens.xlsx(), specimens.pptx(), specimens.odt(), specimens.epub()]
    others = [specimens.html(), specimens.eml(), specimens.pdf(), specimens.text()]
    intent = office.intent(*(office.item(f"{n}", made) for n, made in enumerate(office_files + others)))
    for ended in office.follow(intent).values():
        answer = office.provider.read(office.payload(intent, ended))
        result = answer.result(DOCUMENT)
        assert specimens.SENTENCE in answer.markdown() == result.markdown
        assert specimens.SENTENCE in answer.text() == result.text
        assert (result.outcome, result.document, result.provider.type) == ("succeeded", DOCUMENT, "local")


def test_a_pdf_result_has_pages_blocks_and_boxes(office: Office) -> None:
    intent = office.intent(office.item("a.pdf", specimens.pdf()))
    result = office.provider.read(office.payload(intent, office.follow(intent)["a.pdf"])).result(DOCUMENT)
    assert [page.number for page in result.pages] == [1, 2]
    assert result.usage.pages == 2
    assert {"heading", "text", "table"} == {block.kind for block in result.pages[0].blocks}
    assert all(block.bbox for block in result.pages[0].blocks)
    assert result.text.index(specimens.SENTENCE) < result.text.index("Second page")
    assert result.provider.engine
    assert result.provider.engine.startswith("liteparse ")


def test_the_same_document_gives_the_same_bytes(office: Office) -> None:
    digests = set()
    for name in ("s1", "s2"):
        intent = office.intent(office.item("a.pdf", specimens.pdf()), name=name)
        digests.add(hashlib.sha256(office.payload(intent, office.follow(intent)["a.pdf"])).hexdigest())
    assert len(digests) == 1


@WITHOUT_OCR
def test_a_pdf_with_a_scanned_page_is_partial_and_names_the_package(office: Office) -> None:
    intent = office.intent(office.item("a.pdf", specimens.pdf(scanned=(2,))), languages=["ell"])
    ended = office.follow(intent)["a.pdf"]
    assert isinstance(ended, Ready)
    assert ended.partial
    result = office.provider.read(office.payload(intent, ended)).result(DOCUMENT)
    assert result.outcome == "partial"
    assert "page 2" in result.warnings[0]
    assert "tesseract-ocr-ell" in result.warnings[0]


@WITHOUT_OCR
def test_a_document_of_pictures_fails_and_names_the_package(office: Office) -> None:
    items = office.item("a.pdf", specimens.pdf(scanned=(1, 2))), office.item("a.png", specimens.png())
    for ended in office.follow(office.intent(*items, languages=["ell", "chi_sim"])).values():
        assert kind(ended) is FailureClass.NEEDS_OCR
        assert isinstance(ended, Failed)
        assert "tesseract-ocr-ell tesseract-ocr-chi-sim" in ended.failure.message


@WITHOUT_OCR
def test_forced_reading_without_data_fails_even_where_there_is_text(office: Office) -> None:
    ended = office.follow(
        office.intent(office.item("a.pdf", specimens.pdf()), ocr="force", languages=["ell"])
    )
    assert kind(ended["a.pdf"]) is FailureClass.NEEDS_OCR


def test_hostile_documents_end_with_the_right_class(office: Office) -> None:
    expected = {
        "locked.pdf": (specimens.encrypted_pdf(), FailureClass.ENCRYPTED),
        "locked.docx": (specimens.ole("EncryptedPackage"), FailureClass.ENCRYPTED),
        "cut.docx": (specimens.docx()[:500], FailureClass.CORRUPT),
        "cut.pdf": (specimens.pdf()[:700], FailureClass.CORRUPT),
        "bomb.docx": (specimens.bomb_docx(), FailureClass.TOO_LARGE),
        "a.zip": (specimens.zipped({"a.txt": "text"}), FailureClass.UNSUPPORTED),
        "noise.pdf": (bytes(range(256)), FailureClass.UNSUPPORTED),
    }
    items = [office.item(name, content) for name, (content, _) in expected.items()]
    ended = office.follow(office.intent(*items))
    assert {name: kind(one) for name, one in ended.items()} == {
        name: want for name, (_, want) in expected.items()
    }


def test_a_document_that_shows_nothing_succeeds_and_says_so(office: Office) -> None:
    blank = {
        "blank.txt": b" \n\t\n",
        "blank.html": b"<html><body> </body></html>",
        "blank.docx": bare_docx(""),
        "blank.pdf": blank_pdf(pages=2, blank=(1, 2)),
    }
    intent = office.intent(*(office.item(name, content) for name, content in blank.items()))
    for ended in office.follow(intent).values():
        assert isinstance(ended, Ready)
        result = office.provider.read(office.payload(intent, ended)).result(DOCUMENT)
        assert (result.outcome, result.warnings) == ("succeeded", (NOTHING_TO_SEE,))


def test_pages_that_show_nothing_are_named_in_one_line(office: Office) -> None:
    intent = office.intent(office.item("a.pdf", blank_pdf(pages=9, blank=(2, 4, 5))))
    (ended,) = office.follow(intent).values()
    assert isinstance(ended, Ready)
    assert not ended.partial
    draft = office.provider.fetch(intent, ended)
    assert draft.warnings == ("empty: pages 2, 4 and 5 show nothing",)


@WITHOUT_OCR
def test_what_shows_something_is_never_empty(office: Office) -> None:
    picture = b"<html><body><img src='a.png'></body></html>"
    items = (
        office.item("a.html", picture),
        office.item("a.png", specimens.png()),
        office.item("a.docx", bare_docx("", {"word/media/a.png": specimens.png()})),
    )
    ended = office.follow(office.intent(*items, languages=["ell"])).values()
    assert {kind(one) for one in ended} == {FailureClass.NEEDS_OCR}


def test_wrongly_named_documents_are_read_as_what_they_are(office: Office) -> None:
    items = (
        office.item("a.txt", specimens.pdf()),
        office.item("a.pdf", specimens.docx()),
        office.item("a.docx", specimens.html()),
        office.item("a.xlsx", specimens.text()),
        office.item("b.pdf", b"\0junk\n" * 100 + specimens.pdf()),
    )
    intent = office.intent(*items)
    for ended in office.follow(intent).values():
        assert specimens.SENTENCE in office.provider.read(office.payload(intent, ended)).text()


def test_a_repeated_create_is_the_same_submission(wicked: Office) -> None:
    intent = wicked.intent(wicked.item("a", b"fine"))
    first = wicked.follow(intent)
    assert wicked.provider.create(intent) == wicked.provider.create(intent)
    assert wicked.provider.poll(intent, "s1").ended == []
    assert wicked.payload(intent, first["a"]) == wicked.payload(intent, first["a"])


def test_work_of_another_process_is_gone(wicked: Office) -> None:
    intent = wicked.intent(wicked.item("a", b"fine"))
    with pytest.raises(Gone):
        wicked.provider.poll(intent, "s1")
    with pytest.raises(Gone):
        wicked.provider.fetch(intent, Ready("a", "r"))
    sighting = wicked.provider.look(intent)
    assert sighting.found is None
    assert sighting.witness


def test_changed_bytes_are_told_apart_from_failures(wicked: Office, tmp_path: Path) -> None:
    intent = wicked.intent(wicked.item("a", b"fine"))
    (tmp_path / "a").write_bytes(b"other")
    assert isinstance(wicked.follow(intent)["a"], Changed)


def test_the_jobs_time_limit_counts(wicked: Office) -> None:
    intent = wicked.intent(wicked.item("a", b"hang", "text/plain"), timeout=0.3)
    assert kind(wicked.follow(intent)["a"]) is FailureClass.TIMEOUT


def test_cancelled_work_ends(wicked: Office, tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    intent = wicked.intent(wicked.item("a", f"{ear.word} hang".encode()))
    wicked.provider.create(intent)
    ear.pid()
    wicked.provider.cancel(intent, "s1")
    assert kind(wicked.follow(intent)["a"]) is FailureClass.CANCELLED


def test_what_the_engine_cannot_do_is_refused(wicked: Office) -> None:
    batch = Batch("s1", "m", Operation.EXTRACT, (wicked.item("a", b"fine"),))
    with pytest.raises(Refused):
        wicked.provider.create(Intent("s1", "m", b"", batch))


def test_the_request_is_the_same_for_the_same_batch(wicked: Office) -> None:
    item = wicked.item("a", b"fine")
    assert wicked.intent(item, ocr="off", timeout=3).body == wicked.intent(item, timeout=3, ocr="off").body
    assert wicked.intent(item, ocr="off").body != wicked.intent(item).body


def test_batches_long_ended_are_forgotten(wicked: Office) -> None:
    for number in range(70):
        wicked.follow(wicked.intent(wicked.item("a", b"fine"), name=f"s{number}"))
    assert len(wicked.provider._works) <= 66
    assert len(list((wicked.folder / "incoming").iterdir())) <= 66


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b"not json", b'{"format":"docbatch/local/v1","engine":"x","partial":1}']
)
def test_a_payload_of_the_wrong_shape_is_refused(wicked: Office, payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the type is the contract
        wicked.provider.read(payload)


def test_tessdata_is_found_only_when_every_language_is_there(tmp_path: Path) -> None:
    env = {"TESSDATA_PREFIX": str(tmp_path)}
    (tmp_path / "xxa.traineddata").touch()
    assert tesseract_data.folder(["xxa"], env) == str(tmp_path)
    assert tesseract_data.folder(["xxa", "xxb"], env) is None


def test_a_result_that_cannot_be_written_is_no_verdict_on_its_document(office: Office) -> None:
    first = office.intent(office.item("a.txt", b"a first note\n"))
    assert isinstance(office.follow(first)["a.txt"], Ready)
    shutil.rmtree(office.folder / "incoming")

    second = office.intent(office.item("b.txt", LARGE), name="s2")

    with pytest.raises(ProviderError, match="cannot be written") as raised:
        office.follow(second)
    assert "nothing is lost" in str(raised.value.hint)


class Readers:
    """A pool of many readers elsewhere, which says what a person should know."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.tasks: list[Task] = []

    def submit(self, tasks: Iterable[Task]) -> None:
        self.tasks += tasks

    def drain(self) -> list[TaskOutcome]:
        ended = [TaskOutcome(task, Differs("it moved")) for task in self.tasks]
        self.tasks.clear()
        return ended

    def remark(self) -> str:
        return "a node is gone"

    def cancel(self, ids: Collection[str]) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is open."""


def test_as_much_is_taken_at_once_as_the_readers_that_are_found_can_read(tmp_path: Path) -> None:
    place = Office(tmp_path, make_pool=lambda _wake: Readers(9))
    intent = place.intent(place.item("a.txt", b"one"))
    before = place.provider.traits

    assert place.provider.create(intent).remote_id == "s1"
    progress = place.provider.poll(intent, "s1")

    assert (before.max_in_flight, place.provider.traits.max_in_flight) == (4, 11)
    assert place.provider.traits.max_items == before.max_items
    assert progress.note == "a node is gone"
    assert [type(each) for each in progress.ended] == [Changed]
