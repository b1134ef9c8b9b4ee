"""The contract of an engine, held against every engine that is installed."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Block, Page
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Engine, Options, Parsed
from docbatch.providers.local.ocr import tesseract_data
from tests.providers.local import specimens

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PDF = "application/pdf"
NO_OCR = Options(ocr="off")

GENERAL: dict[str, Callable[[], bytes]] = {
    WORD: specimens.docx,
    SHEET: specimens.xlsx,
    SLIDES: specimens.pptx,
    "application/vnd.oasis.opendocument.text": specimens.odt,
    "application/epub+zip": specimens.epub,
    "text/html": specimens.html,
    "message/rfc822": specimens.eml,
    "text/csv": specimens.csv,
    "text/markdown": specimens.markdown,
}
TABLES = (WORD, SHEET, "text/html", "text/csv")
HEADINGS = (
    WORD,
    "application/vnd.oasis.opendocument.text",
    "application/epub+zip",
    "text/html",
    "text/markdown",
)


def installed(name: str) -> bool:
    return name == "plain" or importlib.util.find_spec(name) is not None


@pytest.fixture(scope="module", params=["xberg", "kreuzberg"])
def general(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    with contextlib.closing(engines.load(request.param)) as engine:
        yield engine


@pytest.fixture(scope="module", params=["liteparse", "xberg"])
def for_pdf(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with contextlib.closing(engines.load(request.param)) as engine:
        yield engine


def parsed(outcome: Parsed | Failure) -> Parsed:
    assert isinstance(outcome, Parsed), outcome
    for page in outcome.pages:
        Page.model_validate(page)
    for table in outcome.tables:
        Block.model_validate(table)
    return outcome


def failure(outcome: Parsed | Failure) -> FailureClass:
    assert isinstance(outcome, Failure), outcome
    assert outcome.message
    return outcome.kind


def tables(document: Parsed) -> list[list[str]]:
    blocks = [*document.tables, *(block for page in document.pages for block in page["blocks"])]
    return [[cell["text"] for cell in block["cells"]] for block in blocks if block["kind"] == "table"]


@pytest.mark.parametrize("media_type", GENERAL)
def test_every_document_gives_its_words_in_both_forms(general: Engine, media_type: str) -> None:
    document = parsed(general.extract(GENERAL[media_type](), media_type, NO_OCR))
    assert document.markdown is not None
    assert document.text is not None
    assert specimens.SENTENCE in document.markdown
    assert specimens.SENTENCE in document.text
    assert "#" not in document.text
    assert document.has_text()
    assert not document.unread


@pytest.mark.parametrize("media_type", HEADINGS)
def test_headings_are_headings(general: Engine, media_type: str) -> None:
    document = parsed(general.extract(GENERAL[media_type](), media_type, NO_OCR))
    assert document.markdown is not None
    assert document.markdown.lstrip("-\n").startswith("#")


@pytest.mark.parametrize("media_type", TABLES)
def test_tables_have_cells(general: Engine, media_type: str) -> None:
    document = parsed(general.extract(GENERAL[media_type](), media_type, NO_OCR))
    assert [cells[0] for cells in tables(document)] == ["item"]
    assert len(tables(document)[0]) == 4


def test_the_same_document_gives_the_same_answer(general: Engine) -> None:
    for media_type, make in GENERAL.items():
        first, second = (general.extract(make(), media_type, NO_OCR) for _ in range(2))
        assert first == second


def test_a_picture_without_reading_gives_no_word_and_says_so(general: Engine) -> None:
    document = parsed(general.extract(specimens.png(), "image/png", NO_OCR))
    assert not document.has_text()
    assert list(document.unread) == [1]


def test_titles_are_kept(general: Engine) -> None:
    assert parsed(general.extract(specimens.html(), "text/html", NO_OCR)).metadata["title"] == "Report"
    assert (
        parsed(general.extract(specimens.epub(), "application/epub+zip", NO_OCR)).metadata["title"] == "Book"
    )


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_truncated_document_is_corrupt(general: Engine, cut: float) -> None:
    whole = specimens.docx()
    assert failure(general.extract(whole[: int(len(whole) * cut)], WORD, NO_OCR)) is FailureClass.CORRUPT


def test_a_document_that_would_inflate_is_too_large(general: Engine) -> None:
    assert failure(general.extract(specimens.bomb_docx(), WORD, NO_OCR)) is FailureClass.TOO_LARGE


def test_a_type_an_engine_does_not_know_is_unsupported(general: Engine) -> None:
    assert failure(general.extract(b"x", "application/x-nothing", NO_OCR)) is FailureClass.UNSUPPORTED


def test_a_pdf_gives_pages_with_words_and_a_table(for_pdf: Engine) -> None:
    document = parsed(for_pdf.extract(specimens.pdf(), PDF, NO_OCR))
    assert [page["number"] for page in document.pages] == [1, 2]
    assert specimens.SENTENCE in document.pages[0]["text"]
    assert specimens.SENTENCE in document.pages[0]["markdown"]
    assert "Second page" in document.pages[1]["text"]
    assert tables(document) == [["item", "price", "apple", "3"]]


def test_liteparse_says_where_things_are_from_the_top_left() -> None:
    document = parsed(engines.load("liteparse").extract(specimens.pdf(), PDF, NO_OCR))
    first = document.pages[0]["blocks"][0]
    assert (first["text"], document.pages[0]["height"]) == ("Report", 792)
    left, top, right, bottom = first["bbox"]
    assert 99 < left < right < 180
    assert 40 < top < bottom < 80


def test_scanned_pages_are_named(for_pdf: Engine) -> None:
    assert list(parsed(for_pdf.extract(specimens.pdf(scanned=(2,)), PDF, NO_OCR)).unread) == [2]
    both = parsed(for_pdf.extract(specimens.pdf(scanned=(1, 2)), PDF, NO_OCR))
    assert list(both.unread) == [1, 2]
    assert not both.has_text()


def test_a_pdf_that_needs_a_password_is_encrypted(for_pdf: Engine) -> None:
    assert failure(for_pdf.extract(specimens.encrypted_pdf(), PDF, NO_OCR)) is FailureClass.ENCRYPTED


def test_a_broken_pdf_is_corrupt(for_pdf: Engine) -> None:
    assert failure(for_pdf.extract(b"%PDF-1.4 and nothing else", PDF, NO_OCR)) is FailureClass.CORRUPT


@pytest.mark.parametrize(
    ("data", "text", "warned"),
    [
        (b"caf\xc3\xa9\r\nx\ry", "café\nx\ny", False),
        ("\ufeffcafé".encode(), "café", False),
        ("café".encode("utf-16"), "café", False),
        (b"caf\xe9", "café", True),
        (b"\xff\xfec\x00a", "c\ufffd", True),
    ],
)
def test_plain_text_is_decoded_and_left_alone(data: bytes, text: str, warned: bool) -> None:
    document = parsed(engines.load("plain").extract(data, "text/plain", NO_OCR))
    assert document.text == text
    assert bool(document.warnings or document.lost) is warned


def test_engines_are_asked_in_order_and_only_about_documents() -> None:
    assert engines.route(PDF, NO_OCR) == ("liteparse", "xberg")
    assert engines.route(PDF, Options(ocr="force")) == ("liteparse", "xberg")
    assert engines.route("image/svg+xml", NO_OCR) == ("vector",)
    assert engines.route(WORD, NO_OCR) == ("word", "xberg")
    assert engines.route("application/vnd.oasis.opendocument.text", NO_OCR) == ("opendocument", "xberg")
    assert engines.route("text/plain", NO_OCR) == ("plain",)
    assert engines.route("application/zip", NO_OCR) == ()
    assert engines.route("audio/mpeg", NO_OCR) == ()


def test_versions_are_those_installed() -> None:
    assert set(engines.versions()) == {"liteparse", "pypdfium2", "xberg", "steps"}


@pytest.mark.skipif(
    tesseract_data.folder(["eng"]) is None, reason="Tesseract's English data is not installed"
)
def test_a_scanned_page_without_letters_is_read_without_complaint(for_pdf: Engine) -> None:
    options = Options(tessdata=tesseract_data.folder(["eng"]))
    assert not parsed(for_pdf.extract(specimens.pdf(scanned=(2,)), PDF, options)).unread
