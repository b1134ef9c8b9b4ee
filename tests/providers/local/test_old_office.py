"""Documents of Word and PowerPoint 97: what stands beside the body is there, what is locked is called locked."""

import struct

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Parsed
from docbatch.providers.local.office.old import engine as old_office
from docbatch.providers.local.office.old import word_pieces
from tests.providers.local.office_specimens import failed, lines, roles
from tests.providers.local.outlook_files import compound

DOC, PPT = "application/msword", "application/vnd.ms-powerpoint"


def streams(*stories: str, running: tuple[str, ...] = (), flags: int = 0x0200) -> dict[str, bytes]:
    """Return a document of these stories: body, notes, headers, macros, comments, endnotes, boxes, boxes of headers."""
    texts = [*stories, *[""] * (8 - len(stories))]
    places = [0] * 7
    for each in running:
        texts[2] += each
        places.append(len(texts[2]))
    text = "".join(texts)
    head = bytearray(0x400)
    struct.pack_into("<HH", head, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", head, 0x0A, flags)
    struct.pack_into("<8i", head, 0x4C, *map(len, texts))
    half = len(text) // 2
    narrow, wide = text[:half].encode("cp1252"), text[half:].encode("utf-16-le")
    pieces = struct.pack("<3I", 0, half, len(text))
    pieces += struct.pack("<HIH", 0, 0x40000000 | len(head) * 2, 0) + struct.pack(
        "<HIH", 0, len(head) + len(narrow), 0
    )
    table = b"\x01\x02\x00ab\x02" + struct.pack("<I", len(pieces)) + pieces
    struct.pack_into("<II", head, 0x1A2, 0, len(table))
    struct.pack_into("<II", head, 0xF2, len(table), 4 * len(places))
    return {
        "WordDocument": bytes(head) + narrow + wide,
        "1Table": table + struct.pack(f"<{len(places)}I", *places),
    }


def test_every_text_of_a_document_is_found_with_what_it_is() -> None:
    body = "Größe \x13 PAGE \x14 4 \x15 and\x07cell\rnext\r"
    found = word_pieces.read(
        streams(
            body,
            "note\r",
            "",
            "",
            "why\r",
            "end\r",
            "box\r",
            running=("", "ACME\r", "page 1\r", "", "First\r", ""),
        )
    )
    assert found is not None
    assert found.body == ("Größe 4 and cell", "next")
    assert found.beside == (
        ("note", "note"), ("header", "ACME"), ("footer", "page 1"), ("header", "First"), ("comment", "why"), ("note", "end"), ("", "box"),
    )  # fmt: skip


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> "Inner":
    inner = Inner()
    monkeypatch.setattr(engines, "load", lambda _name: inner)
    return inner


class Inner:
    """The general engine, saying what a test wants."""

    def __init__(self) -> None:
        self.said: Parsed | Failure = Parsed("Body\n", "Body", blocks=[{"kind": "text", "text": "Body"}])

    def extract(self, *_asked: object) -> Parsed | Failure:
        return self.said


def completed(inner: Inner, data: bytes) -> Parsed:
    outcome = old_office.OldOfficeEngine().extract(data, DOC, None)  # type: ignore[arg-type]
    assert isinstance(outcome, Parsed), (outcome, inner)
    return outcome


def test_what_the_engine_leaves_out_is_put_around_the_body(engine: Inner) -> None:
    data = compound(streams("Body\rlost words\r", "below\r", running=("ACME\r",)))
    document = completed(engine, data)
    assert lines(document) == ["ACME", "Body", "lost words", "below"]
    assert roles(document) == [("header", "ACME"), ("note", "below")]
    assert "at the end" in document.warnings[0]


def test_where_the_engine_fails_the_words_are_read_all_the_same(engine: Inner) -> None:
    engine.said = Failure(FailureClass.CORRUPT, "CLX extends")
    document = completed(engine, compound(streams("One\rTwo\r")))
    assert lines(document) == ["One", "Two"]
    assert "CLX extends" in document.warnings[0]


def test_locked_documents_are_encrypted_and_damaged_ones_corrupt() -> None:
    show = bytes(12) + bytes.fromhex("dfc4d1f3")
    assert failed(compound(streams("x", flags=0x0300)), DOC) is FailureClass.ENCRYPTED
    assert (
        failed(compound({"PowerPoint Document": b"x", "Current User": show}), PPT) is FailureClass.ENCRYPTED
    )
    assert failed(b"\xd0\xcf\x11\xe0", DOC) is FailureClass.CORRUPT


@pytest.mark.parametrize("cut", [0, 10, 0x60, 0x1A8])
def test_a_document_that_breaks_off_says_nothing_of_its_texts(cut: int) -> None:
    whole = streams("Body\r")
    assert word_pieces.read(whole | {"WordDocument": whole["WordDocument"][:cut]}) is None


def test_what_stands_beside_a_body_in_pages_is_put_around_them(engine: Inner) -> None:
    pages = [
        {"number": at, "text": text, "markdown": text, "blocks": [{"kind": "text", "text": text}]}
        for at, text in enumerate(("One", "Two"), 1)
    ]
    engine.said = Parsed("One\n\nTwo", "One\n\nTwo", pages=pages)
    document = completed(engine, compound(streams("One\rTwo\r", "below\r", running=("ACME\r",))))
    assert [page["text"] for page in document.pages] == ["ACME\n\nOne", "Two\n\nbelow"]
    assert document.text == "ACME\n\nOne\n\nTwo\n\nbelow"


def test_running_lines_stand_once_in_text_and_markdown(engine: Inner) -> None:
    running = [blocks.paragraph("ACME") | {"role": "header"}] * 2
    engine.said = Parsed("Body", "Body\n\nACME\n\nACME", blocks=[blocks.paragraph("Body"), *running])
    document = completed(engine, compound(streams("Body\r", running=("ACME\r",))))
    assert (document.markdown, document.text) == ("ACME\n\nBody", "ACME\n\nBody")
    assert [block["text"] for block in document.blocks] == ["ACME", "Body"]


def test_tables_whose_cells_are_not_kept_apart_make_the_document_partial(engine: Inner) -> None:
    data = compound(streams("Body\x07\x07\r"))
    assert completed(engine, data).lost == ["tables: their words are read, where each cell ends is not"]
    engine.said = Parsed("Body", "Body", blocks=[blocks.table([["Body"]])])
    assert completed(engine, data).lost == []


@pytest.mark.parametrize(
    ("code", "lost", "warnings"),
    [
        (0x0800, ["tracked changes: deleted words stand among those that are left"], []),
        (0x0801, [], ["the document has tracked changes; it is read as if all were accepted"]),
        (0x083C, [], ["the document has hidden text; it is not marked"]),
        (0x0835, [], []),
    ],
)
def test_changes_and_hidden_words_are_said(
    engine: Inner, code: int, lost: list[str], warnings: list[str]
) -> None:
    document = completed(engine, compound(with_property(streams("Body\r"), code)))
    assert (document.lost, document.warnings) == (lost, warnings)


def with_property(whole: dict[str, bytes], code: int) -> dict[str, bytes]:
    """Return a document whose only run of characters has a property switched on, after one of another size."""
    document, table = whole["WordDocument"], whole["1Table"]
    padded = document.ljust(-(-len(document) // 512) * 512, b"\0")
    properties = struct.pack("<HHHB", 0x4A43, 24, code, 1)
    page = bytearray(512)
    struct.pack_into("<IIB", page, 0, 0, 100, 50)
    page[100 : 101 + len(properties)] = bytes([len(properties)]) + properties
    page[511] = 1
    head = bytearray(padded)
    struct.pack_into("<II", head, 0xFA, len(table), 12)
    listed = struct.pack("<III", 0, 100, len(padded) // 512)
    return {"WordDocument": bytes(head + page), "1Table": table + listed}
