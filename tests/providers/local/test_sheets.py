"""Workbooks: every sheet in its order, values as they are shown, and what lies beside them."""

import contextlib

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Page
from docbatch.providers.local import attachments, blocks, engines
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.office.sheets import number_format
from docbatch.providers.local.office.sheets.sheet import running_lines
from tests.providers.local.sheet_specimens import Made, cell, row, text, xlsx
from tests.providers.local.slide_specimens import chart, paragraph, relations

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPTIONS = Options(ocr="off")


def extract(data: bytes, media_type: str = SHEET, options: Options = OPTIONS) -> Parsed | Failure:
    with contextlib.closing(engines.load("sheets")) as engine:
        return engine.extract(data, media_type, options)


def read(data: bytes, media_type: str = SHEET, options: Options = OPTIONS) -> Parsed:
    found = extract(data, media_type, options)
    assert isinstance(found, Parsed), found
    for page in found.pages:
        Page.model_validate(page)
    return found


def grid(found: Parsed, page: int = 0) -> list[list[str]]:
    table = next(block for block in found.pages[page]["blocks"] if block["kind"] == "table")
    return [line.split("\t") for line in table["text"].split("\n")]


def said(found: Parsed) -> str:
    return "\n\n".join(blocks.markdown(page["blocks"]) for page in found.pages)


SHOWN = [
    (1234.5, "#,##0.00", "1,234.50"),
    (0.1256, "0.0%", "12.6%"),
    (-1234, "#,##0_);[Red](#,##0)", "(1,234)"),
    (0, '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', "-"),
    (1234.5, r"#,##0.00\ [$€-407]", "1,234.50 €"),
    (12345.678, "0.00E+00", "1.23E+04"),
    (12345.678, "##0.0E+0", "12.3E+3"),
    (1.5, "# ?/?", "1 1/2"),
    (5.25, "# ?/8", "5 2/8"),
    (7, "00000", "00007"),
    (5551234, "000-0000", "555-1234"),
    (150, '[>=100]"big" 0;"small" 0', "big 150"),
    (50, '[>=100]"big" 0;"small" 0', "small 50"),
    (1500000, '0.0,,"M"', "1.5M"),
    (1.005, "0.00", "1.01"),
    (2.5, "0", "3"),
    (0, "0;-0;;@", ""),
    (3, ";;;", "3"),
    (45000, "yyyy-mm-dd", "2023-03-15"),
    (45000.75, "d.m.yy h:mm AM/PM", "15.3.23 6:00 PM"),
    (45000, "dddd, mmmm d, yyyy", "Wednesday, March 15, 2023"),
    (45000, "[$-407]dddd, d. mmmm yyyy;@", "Mittwoch, 15. März 2023"),
    (45000, "[$-40C]ddd d mmm yyyy", "mer. 15 mars 2023"),
    (45000, "[$-es-ES]d mmm mmmmm", "15 mar m"),
    (45000, "[$-419]mmmm", "March"),
    (45000, 'yyyy"年"m"月"d"日"', "2023年3月15日"),
    (1.5, "[h]:mm:ss", "36:00:00"),
    (0.5000057, "mm:ss.00", "00:00.49"),
    (45000.999999, "yyyy-mm-dd hh:mm:ss", "2023-03-16 00:00:00"),
    (60, "yyyy-mm-dd", "1900-02-29"),
    (-1, "yyyy-mm-dd", "-1"),
    (0.1 + 0.2, "General", "0.3"),
    (1 / 7, "General", "0.142857142857143"),
    (1e-12, "General", "1E-12"),
]


@pytest.mark.parametrize(("value", "code", "shown"), SHOWN)
def test_a_number_is_shown_as_its_code_says(value: float, code: str, shown: str) -> None:
    assert number_format.number(value, code) == shown


def test_cells_are_shown_by_their_styles_and_kinds() -> None:
    made = Made(
        row(
            1,
            cell("A1", "45000", style=1),
            cell("B1", "0.5", style=2),
            cell("C1", "1", "b"),
            cell("D1", "#N/A", "e"),
        )
        + row(
            2,
            cell("A2", "123456789012345678"),
            text("B2", "007"),
            cell("C2", "a", "str"),
            cell("D2", "2024-01-05", "d"),
        )
    )
    assert grid(read(xlsx(made, codes=["yyyy-mm-dd", "0%"]))) == [
        ["2023-03-15", "50%", "TRUE", "#N/A"],
        ["123456789012345678", "007", "a", "2024-01-05"],
    ]


def test_dates_of_the_other_calendar_begin_in_1904() -> None:
    data = xlsx(
        Made(row(1, cell("A1", "0", style=1))), codes=["yyyy-mm-dd"], properties='<workbookPr date1904="1"/>'
    )
    assert grid(read(data)) == [["1904-01-01"]]


def test_a_missing_sheet_is_lost_by_its_name_and_the_rest_is_read() -> None:
    sheets = [Made(row(1, text("A1", name)), name=name) for name in ("S1", "S2", "S3")]
    found = read(xlsx(*sheets, more={"xl/worksheets/sheet2.xml": None}))
    assert found.lost == ['sheet "S2": the part is missing']
    assert said(found) == "## S1\n\n| S1 |\n| --- |\n\n## S3\n\n| S3 |\n| --- |"
    assert [page["number"] for page in found.pages] == [1, 3]


def test_a_sheet_that_breaks_off_keeps_what_was_read() -> None:
    broken = Made(row(1, text("A1", "kept"))).part()[:-20]
    found = read(xlsx(Made(""), more={"xl/worksheets/sheet1.xml": broken}))
    assert grid(found) == [["kept"]]
    assert "after 1 cells" in found.lost[0]


def test_a_text_that_is_not_among_the_shared_is_lost_by_its_place() -> None:
    made = Made(row(1, cell("A1", "0", "s"), cell("B1", "1", "s"), cell("C1", "-1", "s")))
    found = read(xlsx(made, texts="<si><t>one</t></si>"))
    assert grid(found) == [["one"]]
    assert "the texts of B1, C1" in found.lost[0]


def test_shared_texts_join_their_runs_and_leave_out_how_they_are_spoken() -> None:
    rich = (
        "<si><r><t>東</t></r><r><t xml:space='preserve'>京 1</t></r><rPh sb='0' eb='1'><t>トウ</t></rPh></si>"
    )
    escaped = "<si><t>a_x000D_b_x0041_</t></si>"
    inline = '<c r="C1" t="inlineStr"><is><t>大阪</t><rPh sb="0" eb="1"><t>オオ</t></rPh></is></c>'
    made = Made(row(1, cell("A1", "0", "s"), cell("B1", "1", "s"), inline))
    assert grid(read(xlsx(made, texts=rich + escaped))) == [["東京 1", "abA", "大阪"]]


def test_a_formula_without_a_value_is_shown_and_said() -> None:
    made = Made(row(1, cell("A1", "5", formula="2+3"), cell("B3", formula="SUM(A1:A2)")))
    found = read(xlsx(made))
    assert grid(found) == [["5"], ["", "=SUM(A1:A2)"]]
    assert found.warnings == ['sheet "S": formula without a value in B3']


def test_what_is_hidden_is_read_and_marked() -> None:
    made = Made(
        row(1, text("A1", "x"), text("B1", "y")) + row(2, text("A2", "z"), attributes='hidden="1"'),
        before='<cols><col min="2" max="16384" hidden="1"/></cols>',
    )
    found = read(xlsx(made, Made(row(1, text("A1", "s")), name="Secret", state='state="veryHidden"')))
    assert [block["role"] for block in found.pages[1]["blocks"]] == ["hidden", "hidden"]
    assert found.pages[1]["text"].startswith("Secret (hidden)")
    assert found.warnings == [
        'sheet "S": hidden and read: rows 2',
        'sheet "S": hidden and read: columns B:XFD',
    ]


def test_merged_cells_span_as_far_as_the_table_goes() -> None:
    rows = row(1, text("A1", "wide"), text("C1", "c")) + row(2, text("B2", "b"))
    found = read(xlsx(Made(rows, after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')))
    table = found.pages[0]["blocks"][1]
    assert table["cells"][0] == {"row": 0, "column": 0, "text": "wide", "row_span": 2, "column_span": 3}


def test_cells_far_apart_make_a_small_table() -> None:
    far = Made(row(1, text("A1", "first")) + row(1048576, text("XFD1048576", "last")))
    assert grid(read(xlsx(far))) == [["first"], ["", "", "", "", "last"]]


def test_a_sparse_sheet_is_said_cell_by_cell() -> None:
    diagonal = "".join(
        row(
            at,
            cell(
                f"{'ABCDEFGH'[at // 100 % 8]}{'ABCDEFGHIJ'[at // 10 % 10]}{'ABCDEFGHIJ'[at % 10]}{at}",
                str(at),
            ),
        )
        for at in range(1, 301)
    )
    found = read(xlsx(Made(diagonal)))
    assert grid(found)[:2] == [["Cell", "Value"], ["AAB1", "1"]]
    assert len(grid(found)) == 301


def test_places_beyond_any_sheet_follow_what_stands_before_them() -> None:
    made = Made('<row r="99999999999"><c r="ZZZZZZ9"><v>1</v></c><c><v>2</v></c></row>')
    assert grid(read(xlsx(made))) == [["1", "2"]]


def test_headers_and_footers_stand_around_the_table() -> None:
    after = (
        '<headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Report 7&amp;C&amp;A&amp;RR&amp;&amp;D</oddHeader>'
        "<oddFooter>&amp;CPage &amp;P of &amp;N</oddFooter></headerFooter>"
    )
    data = xlsx(Made(row(1, text("A1", "x")), after=after))
    assert [(block.get("role"), block["text"]) for block in read(data).pages[0]["blocks"]] == [
        (None, "S"),
        ("header", "Report 7\nR&D"),
        (None, "x"),
    ]
    assert "Report" not in said(read(data, options=Options(ocr="off", running_lines="drop")))


def test_what_lies_on_the_cells_is_read_in_its_order() -> None:
    def anchor(at: int, content: str) -> str:
        return f"<twoCellAnchor><from><col>0</col><row>{at}</row></from>{content}</twoCellAnchor>"

    box = f"<sp><txBody>{paragraph('In a box 12').replace('a:', '')}</txBody></sp>"
    spaces = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    graph = '<graphicFrame><chart r:id="c1"/></graphicFrame>'
    made = Made(
        row(1, text("A1", "x")),
        after='<drawing r:id="d1"/>',
        related={
            "d1": ("drawing", "../drawings/d.xml"),
            "n1": ("comments", "../comments1.xml"),
            "t1": ("threadedComment", "../threads.xml"),
        },
    )
    more: dict[str, str | bytes | None] = {
        "xl/drawings/d.xml": f"<wsDr {spaces}>{anchor(20, graph)}{anchor(5, box)}</wsDr>",
        "xl/drawings/_rels/d.xml.rels": relations({"c1": ("chart", "../charts/c.xml")}),
        "xl/charts/c.xml": chart(["2023"], {"Sales": ["7.5"]}),
        "xl/comments1.xml": (
            "<comments><authors><author>Ann</author></authors><commentList>"
            '<comment ref="B2" authorId="0"><text><t>See 14</t></text></comment>'
            '<comment ref="A9" authorId="0"><text><t>[Threaded comment] old words</t></text></comment>'
            "</commentList></comments>"
        ),
        "xl/threads.xml": '<ThreadedComments><threadedComment ref="A9"><text>New words</text></threadedComment></ThreadedComments>',
    }
    found = read(xlsx(made, more=more))
    assert found.pages[0]["text"] == (
        "S\n\nx\n\nIn a box 12\n\n\tSales\n2023\t7.5\n\nB2 (Ann): See 14\n\nA9: New words"
    )


def test_a_file_inside_is_read_and_files_in_files_have_an_end() -> None:
    data = xlsx(Made(row(1, text("A1", "innermost 7"))))
    for level in range(7):
        made = Made(row(1, text("A1", f"level {level}")), related={"e1": ("package", "../embeddings/a.xlsx")})
        data = xlsx(made, more={"xl/embeddings/a.xlsx": data})
    said = attachments.markdown(read(data).attachments)
    assert [f"level {level}" in said for level in range(7)] == [False, *[True] * 5, False]
    assert "5 files deep" in read(data).lost[0]


def test_without_its_relations_sheets_are_taken_by_custom_and_that_is_said() -> None:
    found = read(xlsx(Made(row(1, text("A1", "x"))), more={"xl/_rels/workbook.xml.rels": "<broken"}))
    assert grid(found) == [["x"]]
    assert "where the sheets are cannot be read" in found.warnings[0]


def test_a_sheet_with_entities_is_lost_and_the_others_are_read() -> None:
    attack = '<!DOCTYPE x [<!ENTITY a "ha">]><worksheet><sheetData/></worksheet>'
    found = read(
        xlsx(Made(""), Made(row(1, text("A1", "x")), name="T"), more={"xl/worksheets/sheet1.xml": attack})
    )
    assert found.lost == ['sheet "S": it declares a document type']
    assert grid(found) == [["x"]]


def test_more_cells_than_other_engines_take_are_read() -> None:
    rows = "".join(row(at, cell(f"A{at}", str(at)), cell(f"B{at}", "1")) for at in range(1, 50_002))
    assert len(grid(read(xlsx(Made(rows))))) == 50_001


def test_bytes_that_are_no_workbook_are_a_failure() -> None:
    found = extract(b"PK\x03\x04 and no more")
    assert isinstance(found, Failure)
    assert found.kind is FailureClass.CORRUPT


def test_the_same_workbook_gives_the_same_answer() -> None:
    data = xlsx(Made(row(1, cell("A1", "45000.5", style=1))), codes=["h:mm"])
    assert read(data) == read(data)


def test_words_beside_the_number_of_a_page_are_said() -> None:
    codes = {
        "&LSecret &P": "Secret",
        "Page &P of &N": "",
        "&LSeite &P": "",
        "&CReport 7 - page &P": "Report 7 - page",
    }
    for code, shown in codes.items():
        assert running_lines(code, "Sheet") == shown


def test_a_sheet_of_pictures_alone_is_unread() -> None:
    picture = "<xdr:twoCellAnchor><xdr:pic><xdr:nvPicPr/></xdr:pic></xdr:twoCellAnchor>"
    drawing = f'<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">{picture}</xdr:wsDr>'
    related = {"d1": ("drawing", "../drawings/drawing1.xml")}
    shown = Made("", "Scan", after='<drawing r:id="d1"/>', related=related)
    parts: dict[str, str | bytes | None] = {"xl/drawings/drawing1.xml": drawing}
    alone = read(xlsx(shown, more=parts))
    assert (alone.unread, alone.pages) == ([1], [])
    both = read(xlsx(Made(row(1, cell("A1", "1"))), shown, more=parts))
    assert (both.unread, len(both.pages)) == ([2], 2)


def test_an_exponent_in_a_cell_is_raised() -> None:
    up = '<r><rPr><vertAlign val="superscript"/></rPr><t>2</t></r>'
    made = Made(row(1, cell("A1", "0", "s"), cell("B1", "1", "s")))
    assert grid(read(xlsx(made, texts=f"<si><r><t>m</t></r>{up}<r><t> 2</t></r></si><si><t>2</t></si>"))) == [
        ["m² 2", "2"]
    ]
