"""What is taken over of the engine's answer is what the engine's own wrapper says."""

from types import SimpleNamespace
from typing import Any

import pytest
from liteparse import LiteParse, ParsedPage, ParseError

from docbatch.providers.local.pdf.liteparse_answer import answer
from docbatch.providers.local.pdf.liteparse_engine import SETTINGS
from tests.providers.local import specimens
from tests.providers.local.drawn_pages import DrawnPage, drawn

ITEM = ("text", "x", "y", "width", "height", "font_name", "font_size", "font_weight", "rotation")
BLOCK = ("kind", "text", "level", "ordered", "marker", "lines")
REMARK = ("subtype", "contents", "title")
PAGE = ("page_num", "page_label", "width", "height", "text", "markdown")
FIELD = (
    "id",
    "type",
    "annotation_index",
    "field_flags",
    "name",
    "alternate_name",
    "value",
    "checked",
    "selected_options",
)
WIDGET = "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/Rect[60 600 200 620]/F 4/V(Ada)/DA(/regular 10 Tf 0 g)>>"

NOTE = "<</Type/Annot/Subtype/Text/Contents(Check this)/T(Ada)/Rect[60 500 80 520]>>"


def said(given: Any, names: tuple[str, ...]) -> list[Any]:
    return [getattr(given, name) for name in names]


def box(given: Any) -> list[float] | None:
    return given and said(given, ("x", "y", "width", "height"))


def rows(block: Any) -> list[Any]:
    return [
        [(cell.text, box(cell.bbox)) for cell in row] for row in [block.header or [], *(block.rows or ())]
    ]


def page(given: ParsedPage) -> list[Any]:
    about = given.complexity
    assert about is not None
    return [
        said(given, PAGE),
        [said(each, ITEM) for each in given.text_items],
        [[(word.text, *(box(word) or ())) for word in each.words] for each in given.text_items],
        [(said(each, BLOCK), rows(each), box(each.bbox)) for each in given.blocks or ()],
        [(said(each, REMARK), box(each.rect)) for each in given.annotations or ()],
        [(said(each, FIELD), box(each.rect)) for each in given.form_fields or ()],
        (about.text_length, about.is_garbled, about.full_page_image, about.reasons),
        about.layout and about.layout.ruled_table_count,
    ]


@pytest.mark.parametrize(
    "data", [specimens.pdf(), drawn(DrawnPage(annotations=[WIDGET, NOTE]).text(60, 60, "Name"))]
)
def test_everything_used_is_as_the_wrapper_gives_it(data: bytes) -> None:
    parser = LiteParse(**SETTINGS)

    own, given = answer(parser, data), parser.parse(data)

    assert list(map(page, own.pages)) == list(map(page, given.pages))
    assert own.total_pages == given.total_pages
    assert own.doc_meta
    assert given.doc_meta
    assert own.doc_meta.file_version == given.doc_meta.file_version


def test_an_engine_that_answers_otherwise_is_asked_by_its_wrapper() -> None:
    parser = LiteParse(**SETTINGS)
    told = SimpleNamespace(parse=parser.parse, _native=SimpleNamespace(parse_bytes=lambda _: object()))

    assert answer(told, specimens.pdf()).pages == parser.parse(specimens.pdf()).pages


def test_what_cannot_be_parsed_raises_what_the_wrapper_raises() -> None:
    with pytest.raises(ParseError) as wrapped:
        LiteParse(**SETTINGS).parse(b"%PDF-1.4 nothing")
    with pytest.raises(ParseError) as own:
        answer(LiteParse(**SETTINGS), b"%PDF-1.4 nothing")

    assert str(own.value) == str(wrapped.value)
