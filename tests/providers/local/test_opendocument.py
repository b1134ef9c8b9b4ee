"""OpenDocument texts, presentations and sheets: what a reader sees is in text, Markdown and blocks."""

import pytest

from docbatch.core.models import FailureClass
from docbatch.providers.local.engines import Options
from docbatch.providers.local.office.opendocument import tables
from tests.providers.local.office_specimens import (
    ODF,
    cells,
    failed,
    lines,
    markdown,
    opendocument,
    read,
    roles,
    rows,
    unzipped,
)

ODT, ODP, ODS = (f"{ODF}.{kind}" for kind in ("text", "presentation", "spreadsheet"))


def p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{p(text) if text else ''}</table:table-cell>"


def row(*parts: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(parts)}</table:table-row>"


def slide(*shapes: str, attributes: str = "") -> str:
    return f"<draw:page {attributes}>{''.join(shapes)}</draw:page>"


def frame(text: str, kind: str = "") -> str:
    return f'<draw:frame presentation:class="{kind}"><draw:text-box>{p(text)}</draw:text-box></draw:frame>'


def test_spaces_tabs_and_breaks_are_kept() -> None:
    body = p('a<text:s text:c="3"/>b\n  <text:tab/>c<text:line-break/>d') + p(
        "<text:span>Part</text:span><text:span>ner</text:span> x"
    )
    assert lines(read(opendocument(body), ODT)) == ["a   b \tc", "d", "Partner x"]


def test_a_text_box_is_said_once_and_notes_where_they_are_marked() -> None:
    note = "<text:note><text:note-citation>{0}</text:note-citation><text:note-body>{1}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>Ada</dc:creator>{p('why')}</office:annotation>"
    body = p(f"Box{frame('gate 7')} said{note.format(1, p('below'))}{comment}.") + p(
        "After" + note.format(1, p("again"))
    )
    document = read(opendocument(body), ODT)
    assert markdown(document).split("\n\n") == [
        "Box said[^1][^comment-1].", "gate 7", "[^1]: below", "[^comment-1]: Ada: why", "After[^1-2]", "[^1-2]: again",
    ]  # fmt: skip
    assert roles(document)[0] == ("note", "[1] below")


def test_deleted_text_is_not_shown_and_changes_are_said() -> None:
    changes = f"<text:tracked-changes><text:changed-region><text:deletion>{p('struck')}</text:deletion></text:changed-region></text:tracked-changes>"
    moved = p("<text:change-start text:change-id='a'/>moved here<text:change-end text:change-id='a'/>")
    document = read(opendocument(changes + p("kept<text:change/>") + moved), ODT)
    assert lines(document) == ["kept", "moved here"]
    assert "tracked changes" in " ".join(document.warnings)


def test_repeated_cells_rows_and_columns_are_written_out() -> None:
    twice = 'table:number-columns-repeated="2"'
    low = row(cell("c"), cell("", twice), attributes='table:number-rows-repeated="2"')
    body = f"<table:table><table:table-header-rows>{row(cell('a'), cell('b', twice))}</table:table-header-rows>{low}</table:table>"
    document = read(opendocument(body), ODT)
    assert rows(document) == [[["a", "b", "b"], ["c", "", ""], ["c", "", ""]]]
    assert markdown(document).count("| c |  |  |") == 2


def test_spans_are_kept() -> None:
    wide = cell("wide", 'table:number-columns-spanned="2"') + "<table:covered-table-cell/>"
    document = read(opendocument(f"<table:table>{row(wide)}{row(cell('1'), cell('2'))}</table:table>"), ODT)
    assert cells(document)[0] == {"row": 0, "column": 0, "text": "wide", "column_span": 2}


def test_headers_and_footers_of_the_pages_used_stand_once_around_the_body() -> None:
    masters = (
        f'<style:master-page style:name="Standard"><style:header>{p("ACME")}</style:header><style:header-left>{p("ACME")}'
        f'</style:header-left><style:footer>{p("Page 1")}</style:footer><style:footer-left style:display="false">{p("no")}'
        f'</style:footer-left></style:master-page><style:master-page style:name="Unused"><style:header>{p("unused")}</style:header>'
        "</style:master-page>"
    )
    document = read(opendocument(p("body"), masters=masters), ODT)
    assert lines(document) == ["ACME", "body", "Page 1"]
    assert roles(document) == [("header", "ACME"), ("footer", "Page 1")]


def test_lists_have_their_depth_and_numbers() -> None:
    style = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
        '<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")" text:display-levels="2"/></text:list-style>'
    )
    item = "<text:list-item>{}</text:list-item>"
    inner = f"<text:list>{item.format(p('x'))}{item.format(p('y'))}</text:list>"
    body = (
        f'<text:list text:style-name="L">{item.format(p("one") + inner)}{item.format(p("two"))}</text:list>{p("between")}'
        f'<text:list text:style-name="L" text:continue-numbering="true">{item.format(p("three"))}</text:list>'
        f"<text:list>{item.format(p('dot'))}</text:list>"
    )
    document = read(opendocument(body, automatic=style), ODT)
    assert lines(document) == ["1. one", "  1.a) x", "  1.b) y", "2. two", "between", "3. three", "- dot"]
    assert markdown(document).startswith("1. one\n   - 1.a) x\n   - 1.b) y\n2. two")


def test_hidden_text_and_sections_are_marked() -> None:
    style = '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
    body = (
        p('seen<text:span text:style-name="H">unseen</text:span>')
        + f'<text:section text:display="none">{p("secret")}</text:section>'
    )
    document = read(opendocument(body, automatic=style), ODT)
    assert roles(document) == [("hidden", "[hidden] unseen"), ("hidden", "secret")]
    assert "hidden" in " ".join(document.warnings)


def test_a_formula_and_a_chart_inside_are_said() -> None:
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><annotation>a over b</annotation></math>'
    chart = opendocument_chart()
    body = p(
        '<draw:frame><draw:object xlink:href="./M"/></draw:frame><draw:frame><draw:object xlink:href="./C"/></draw:frame>'
    )
    document = read(opendocument(body, M_content=math, C_content=chart), ODT)
    assert lines(document) == ["a over b", "Sales", "2022\t310", "2023\t355"]


def opendocument_chart() -> str:
    table = f"<table:table table:name='local-table'>{row(cell('2022'), cell('310'))}{row(cell('2023'), cell('355'))}</table:table>"
    names = 'xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0"'
    inner = f"<office:chart><chart:chart {names}><chart:title>{p('Sales')}</chart:title>{table}</chart:chart></office:chart>"
    whole = opendocument(inner, kind="body")
    return unzipped(whole)["content.xml"].decode()


def test_a_document_type_does_no_harm_and_entities_are_refused() -> None:
    assert lines(
        read(opendocument(p("said"), before='<!DOCTYPE office:document SYSTEM "office.dtd">'), ODT)
    ) == ["said"]
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert failed(opendocument(p("&b;"), before=bomb), ODT) is FailureClass.CORRUPT


def test_locked_documents_are_encrypted() -> None:
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        'manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    )
    assert failed(opendocument(p("x"), **{"META-INF_manifest": manifest}), ODT) is FailureClass.ENCRYPTED


def test_slides_are_pages_in_their_order_with_shapes_and_notes() -> None:
    shape = f"<draw:custom-shape>{p('Dock 8')}</draw:custom-shape>"
    notes = f"<presentation:notes>{frame('say it', 'notes')}</presentation:notes>"
    hidden = '<style:style style:name="dp" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    body = slide(shape, frame("Traffic", "title"), notes) + slide(
        frame("Spare"), attributes='draw:style-name="dp"'
    )
    document = read(opendocument(body, kind="presentation", automatic=hidden), ODP)
    assert [page["text"] for page in document.pages] == ["Traffic\n\nDock 8\n\nsay it", "Spare"]
    assert document.pages[0]["markdown"].startswith("## Traffic")
    assert roles(document) == [("speaker_notes", "say it"), ("hidden", "Spare")]


def test_sheets_show_what_their_cells_show() -> None:
    price = '<table:table-cell office:value-type="float" office:value="1234.5"><text:p>1.234,50 €</text:p></table:table-cell>'
    bare = '<table:table-cell office:value-type="float" office:value="7"/>'
    fill = row(
        cell("", 'table:number-columns-repeated="16384"'), attributes='table:number-rows-repeated="1048000"'
    )
    hidden = '<style:style style:name="t" style:family="table"><style:table-properties table:display="false"/></style:style>'
    body = (
        f'<table:table table:name="Shown">{row(cell("sum"), price)}{fill}{row(cell("far"), bare)}</table:table>'
        f'<table:table table:name="Kept" table:style-name="t">{row(cell("x"), cell("y"))}</table:table>'
    )
    document = read(opendocument(body, kind="spreadsheet", automatic=hidden), ODS)
    assert rows(document) == [[["sum", "1.234,50 €"], ["far", "7"]], [["x", "y"]]]
    assert {role for role, _ in roles(document)} == {"hidden"}
    assert document.pages[1]["text"].startswith("Kept (hidden)")


def test_repeats_beyond_all_use_are_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_REPEATED", 1000)
    attributes = 'table:number-rows-repeated="1000000"'
    document = read(
        opendocument(
            f'<table:table table:name="T">{row(cell("x"), cell("y"), attributes=attributes)}</table:table>'
        ),
        ODT,
    )
    assert "table T: only its first" in document.lost[0]


@pytest.mark.parametrize(
    "tag",
    ["text:list><text:list-item", "table:table><table:table-row><table:table-cell", "text:section", "draw:g"],
)
def test_what_is_nested_without_end_is_read_without_its_form(tag: str) -> None:
    names = tag.split("><")
    opening, closing = f"<{tag}>", "".join(f"</{name}>" for name in reversed(names))
    document = read(opendocument(opening * 10_000 + p("core") + closing * 10_000), ODT)
    assert [line.strip("- ") for line in lines(document)] == ["core"]


def test_a_flat_document_is_read() -> None:
    picture = "<draw:frame><draw:image><office:binary-data>iVBORw0KGgo=</office:binary-data></draw:image></draw:frame>"
    whole = unzipped(opendocument(p(f"flat{picture}")))["content.xml"]
    assert lines(read(whole, ODT)) == ["flat"]
    alone = unzipped(opendocument(p(picture)))["content.xml"]
    assert read(alone, ODT, Options(tessdata="/")).unread == [1]


def test_spaces_of_the_file_are_one_and_those_at_the_end_of_rows_are_no_cells() -> None:
    assert lines(read(opendocument(p("a <text:span> b</text:span>\n c")), ODT)) == ["a b c"]
    body = f"<table:table>{row(cell('x'), cell(''), cell('y'), cell(''), cell(''))}</table:table>"
    assert rows(read(opendocument(body, kind="spreadsheet"), ODS)) == [[["x", "", "y"]]]


def test_form_fields_of_word_show_what_was_chosen() -> None:
    def field(kind: str, *said: tuple[str, str]) -> str:
        inner = "".join(f'<f:param f:name="{name}" f:value="{value}"/>' for name, value in said)
        return f'<f:fieldmark f:type="vnd.oasis.opendocument.field.{kind}">{inner}</f:fieldmark>'

    entries = [("Dropdown_ListEntry", "Red"), ("Dropdown_ListEntry", "Green"), ("Dropdown_Selected", "1")]
    space = "urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0"
    body = (
        f'<text:p xmlns:f="{space}">a {field("FORMCHECKBOX", ("Checkbox_Checked", "true"))} b '
        f"{field('FORMCHECKBOX')} c {field('FORMDROPDOWN', *entries)}{field('FORMTEXT')} d</text:p>"
    )
    assert lines(read(opendocument(body), f"{ODF}.text")) == ["a ☒ b ☐ c Green d"]


def test_an_exponent_of_open_document_is_raised() -> None:
    style = '<style:style style:name="U" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style>'
    body = '<text:p>10<text:span text:style-name="U">6</text:span></text:p>'
    assert lines(read(opendocument(body, automatic=style), f"{ODF}.text")) == ["10⁶"]
