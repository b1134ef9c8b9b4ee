import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from docbatch.core.results import Attachment, Block, Cell, Picture, Result
from docbatch.sinks.formats import encoded
from docbatch.sinks.formats.docling_document import docling_document

from .made_results import Answered, page, result, spanning, table

if TYPE_CHECKING:
    from docling_core.types.doc.document import DoclingDocument

PIXEL = b"\x89PNG\r\n\x1a\n"


def read(of: Result, *pictures: Picture) -> "DoclingDocument":
    from docling_core.types.doc.document import DoclingDocument

    return DoclingDocument.model_validate_json(encoded(Answered(of, pictures), of.document, "docling-json"))


def shown(of: "DoclingDocument") -> str:
    from docling_core.types.doc.common.content_layer import ContentLayer

    return of.export_to_markdown(
        included_content_layers=set(ContentLayer), escape_html=False, escape_underscores=False
    )


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def test_blocks_are_items_with_their_places() -> None:
    blocks = (
        Block(kind="text", text="Acme", role="header", bbox=(1, 2, 3, 4)),
        Block(kind="heading", text="Report", level=2),
        Block(kind="text", text="All is well.", bbox=(50, 60, 70, 80)),
        Block(kind="code", text="x = 1"),
        Block(kind="formula", text="a^2"),
        Block(kind="text", text="1", role="page_number"),
        Block(kind="text", text="see above", role="note"),
        Block(kind="text", text="unseen", role="hidden"),
    )

    made = read(result("x", pages=(page(4, *blocks),), text=""))

    assert [(item.label.value, item.content_layer.value, item.text) for item in made.texts] == [
        ("page_header", "furniture", "Acme"),
        ("section_header", "body", "Report"),
        ("text", "body", "All is well."),
        ("code", "body", "x = 1"),
        ("formula", "body", "a^2"),
        ("page_footer", "furniture", "1"),
        ("footnote", "body", "see above"),
        ("text", "invisible", "unseen"),
    ]
    place = made.texts[2].prov[0]
    assert (
        place.page_no,
        (place.bbox.l, place.bbox.t, place.bbox.r, place.bbox.b),
        place.bbox.coord_origin.value,
    ) == (
        4,
        (50, 60, 70, 80),
        "TOPLEFT",
    )
    whole = made.texts[1].prov[0].bbox
    assert (whole.l, whole.t, whole.r, whole.b) == (0, 0, 595, 842)
    assert (made.pages[4].size.width, made.pages[4].size.height) == (595, 842)
    assert "## Report" in made.export_to_markdown()
    assert "Acme" not in made.export_to_markdown()


def test_a_table_keeps_cells_and_spans() -> None:
    spans = spanning(
        Cell(row=0, column=0, text="both", column_span=2), Cell(row=1, column=1, text="b", bbox=(1, 2, 3, 4))
    )

    made = read(result("both b", pages=(page(1, spans),))).tables[0].data

    assert (made.num_rows, made.num_cols, [cell.text for cell in made.grid[0]]) == (2, 2, ["both", "both"])
    assert made.table_cells[1].bbox is not None


def test_lists_lie_in_each_other() -> None:
    lines = ("- a", "  1. b", "  2. c", "- d")

    made = read(result("", blocks=tuple(Block(kind="list", text=line) for line in lines), text=""))

    assert made.export_to_markdown() == "- a\n    1. b\n    2. c\n- d"
    assert len(made.groups) == 2


def test_a_picture_has_what_the_answer_holds_of_it() -> None:
    blocks = (Block(kind="image", text=""), Block(kind="image", text="A chart"))

    made = read(
        result("", pages=(page(1, *blocks),)),
        Picture(1, 1, "image/png", PIXEL, 1, 1),
        Picture(1, 0, "image/png", PIXEL),
    )

    assert [item.image is not None for item in made.pictures] == [False, True]
    assert made.pictures[1].caption_text(made) == "A chart"


def test_no_word_of_the_text_is_missing() -> None:
    inner = Attachment(name="b.txt", text="deep words")
    outer = Attachment(
        name="a.eml", text="outer words\n\nAttachment: b.txt\n\ndeep words", attachments=(inner,)
    )
    pages = (page(1, Block(kind="text", text="one two")), page(2, text="no blocks\nhere"))
    pages = (pages[0].model_copy(update={"text": "one two\n\nthree one"}), pages[1])
    of = result(
        "x",
        pages=pages,
        attachments=(outer,),
        text="one two three one no blocks here\n\nAttachment: a.eml\n\n" + str(outer.text),
    )

    made = read(of)

    assert not words(of.text) - words(shown(made))
    assert [item.prov[0].page_no for item in made.texts if item.text == "three one"] == [1]
    assert [group.name for group in made.groups] == ["a.eml", "b.txt"]


def test_a_text_without_blocks_is_its_paragraphs() -> None:
    assert [item.text for item in read(result("", text="a\nb\n\n\nc c")).texts] == ["a\nb", "c c"]


@pytest.mark.parametrize("kind", ["application/pdf", "application/x-unheard-of", "text/plain"])
def test_where_it_comes_from_is_said(kind: str) -> None:
    origin = read(result("a", media_type=kind)).origin

    assert origin is not None
    assert (origin.filename, origin.binary_hash) == ("a.pdf", 2**64 - 1)


@pytest.mark.parametrize(
    "block",
    [
        spanning(Cell(row=10**9, column=10**9, text="far")),
        spanning(Cell(row=-3, column=-3, text="far", row_span=0, column_span=-1)),
        Block(kind="text", text="far", bbox=(float("nan"), 0, float("inf"), 1)),
        Block(kind="table", text="far\taway"),
        Block(kind="heading", text="far", level=-7),
        Block(kind="list", text="\n\nfar"),
        Block(kind="list", text="\n".join(" " * depth + "- far" for depth in range(2000))),
        table(tuple("far" if number else "" for number in range(10_000))),
        Block(kind="text", text="far \ud800 \0"),
    ],
)
def test_odd_blocks_can_be_read(block: Block) -> None:
    assert "far" in shown(read(result("far", pages=(page(1, block),))))


def test_equal_results_give_equal_documents() -> None:
    of: Any = result("a", pages=(page(1, table(("a", "b"))),))

    assert json.dumps(docling_document(of)) == json.dumps(docling_document(of.model_copy(deep=True)))
