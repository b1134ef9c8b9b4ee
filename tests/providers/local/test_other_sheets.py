"""Binary workbooks of both kinds, OpenDocument sheets and delimited tables."""

import contextlib
import struct

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Options, Parsed
from tests.providers.local.office_specimens import unzipped
from tests.providers.local.sheet_specimens import ods, record, short_text, xls, xlsb
from tests.providers.local.specimens import zipped
from tests.providers.local.test_packed_object import packed
from tests.providers.local.test_sheets import extract, grid, read

XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
XLS = "application/vnd.ms-excel"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
A1, B1, C1, D1, E1, F1 = (struct.pack("<HHH", 0, at, 0) for at in range(6))
DATE = struct.pack("<HHH", 0, 0, 1)


def delimited(data: bytes, media_type: str = "text/csv") -> list[list[str]]:
    with contextlib.closing(engines.load("delimited")) as engine:
        found = engine.extract(data, media_type, Options(ocr="off"))
    assert isinstance(found, Parsed), found
    return [line.split("\t") for block in found.blocks for line in block["text"].split("\n")]


def test_cells_of_a_binary_workbook_are_shown_by_kind_and_style() -> None:
    cells = [
        (5, struct.pack("<d", 45000)),
        (2, struct.pack("<I", 5 << 2 | 2)),
        (2, struct.pack("<I", 1234 << 2 | 3)),
        (2, struct.pack("<I", (-7 & 0x3FFFFFFF) << 2 | 2)),
        (4, b"\1"),
        (3, b"\x2a"),
        (7, struct.pack("<I", 0)),
        (6, struct.pack("<I", 2) + "ré".encode("utf-16-le")),
    ]
    found = read(xlsb(cells, texts=["kept once"]), XLSB)
    assert grid(found) == [["2023-03-15", "5", "12.34", "-7", "TRUE", "#N/A", "kept once", "ré"]]


def test_a_binary_workbook_that_breaks_off_keeps_what_was_read() -> None:
    cells = [(7, struct.pack("<I", 0)), (7, struct.pack("<I", 9)), (2, b"")]
    found = read(xlsb(cells, texts=["one"]), XLSB)
    assert grid(found) == [["one"]]
    assert [lost for lost in found.lost if "B1" in lost]
    assert [lost for lost in found.lost if "after 1 cells" in lost]


def test_cells_of_an_older_workbook_are_shown_by_kind_and_style() -> None:
    cells = (
        record(0x203, DATE + struct.pack("<d", 45000))
        + record(0x27E, B1 + struct.pack("<I", 5 << 2 | 2))
        + record(0x205, C1 + b"\7\1")
        + record(0x204, D1 + short_text("naïve"))
        + record(0x06, E1 + b"\0" * 6 + b"\xff\xff")
        + record(0x207, short_text("made"))
        + record(0xBD, struct.pack("<HHHIHIH", 1, 0, 0, 4 << 2 | 2, 0, 6 << 2 | 2, 1))
    )
    assert grid(read(xls(cells), XLS)) == [
        ["2023-03-15", "5", "#DIV/0!", "naïve", "made"],
        ["4", "6"],
    ]


def test_shared_texts_go_on_in_the_next_record_however_wide_they_were() -> None:
    first = struct.pack("<II", 2, 2) + struct.pack("<H", 6) + b"\1" + "Größ".encode("utf-16-le")
    texts = record(0xFC, first) + record(0x3C, b"\0" + b"e!" + struct.pack("<HB", 3, 0) + b"two")
    cells = record(0xFD, A1 + struct.pack("<I", 0)) + record(0xFD, B1 + struct.pack("<I", 1))
    cells += record(0xFD, C1 + struct.pack("<I", 2))
    found = read(xls(cells, texts=texts), XLS)
    assert grid(found) == [["Größe!", "two"]]
    assert "the texts of C1" in found.lost[0]


def test_notes_and_text_boxes_of_an_older_workbook_are_read() -> None:
    def box(kind: int, number: int, text: str) -> bytes:
        about = record(0x5D, struct.pack("<HHHH", 0x15, 18, kind, number))
        length = record(0x1B6, struct.pack("<10xH", len(text)))
        return about + length + record(0x3C, b"\0" + text.encode("latin-1"))

    note = record(0x1C, struct.pack("<HHHH", 4, 1, 0, 7) + short_text("Ann"))
    found = read(
        xls(record(0x204, A1 + short_text("x")) + box(6, 3, "In a box") + box(0x19, 7, "See 14") + note), XLS
    )
    assert found.pages[0]["text"] == "S\n\nx\n\nIn a box\n\nB5 (Ann): See 14"


def test_an_older_workbook_that_breaks_off_is_partial() -> None:
    cells = record(0x204, A1 + short_text("kept")) + record(0x204, B1 + short_text("gone"))
    found = read(xls(cells, cut=10), XLS)
    assert grid(found)[0][0] == "kept"
    assert found.lost


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (xls(b"", before=record(0x2F, b"\0" * 6)), XLS),
        (ods("<table:table/>"), XLS),
    ],
)
def test_what_is_locked_or_no_workbook_is_a_failure(data: bytes, media_type: str) -> None:
    found = extract(data, media_type)
    assert isinstance(found, Failure)
    assert found.kind in {FailureClass.ENCRYPTED, FailureClass.CORRUPT}


def ods_cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_open_document_cells_are_shown_repeated_spanned_and_marked() -> None:
    style = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    rows = (
        '<table:table-row table:number-rows-repeated="2">'
        + ods_cell(
            "8 h", 'office:value-type="time" office:time-value="PT8H" table:number-columns-repeated="3"'
        )
        + '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        + '<table:table-row table:visibility="collapse">'
        + ods_cell("a<text:s text:c='2'/>b<text:line-break/>c", 'table:number-columns-spanned="2"')
        + "<table:covered-table-cell/><table:table-cell><office:annotation><dc:creator>Ann</dc:creator>"
        "<text:p>See 14</text:p></office:annotation></table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
    )
    data = ods(f'<table:table table:name="T" table:style-name="h">{rows}</table:table>', style)
    found = read(data, ODS)
    table = found.pages[0]["blocks"][1]
    assert [(cell["text"], cell["row"]) for cell in table["cells"]] == [
        *[("8 h", 0)] * 3,
        *[("8 h", 1)] * 3,
        ("a  b\nc", 2),
    ]
    assert table["cells"][-1]["column_span"] == 2
    assert found.pages[0]["text"].startswith("T (hidden)")
    assert found.pages[0]["text"].endswith("C3 (Ann): See 14")
    assert {block["role"] for block in found.pages[0]["blocks"]} == {"hidden", "comment"}
    assert found.warnings == ['sheet "T": hidden and read: rows 3']


def test_cells_repeated_without_end_are_bounded_and_said() -> None:
    repeated = ods_cell("x", 'table:number-columns-repeated="16384"')
    row = f'<table:table-row table:number-rows-repeated="1048576">{repeated}</table:table-row>'
    found = read(ods(f'<table:table table:name="T">{row}</table:table>'), ODS)
    assert len(grid(found)) < 10
    assert "row 1 repeats 1048576 times" in found.lost[-1]


def test_a_flat_document_of_sheets_is_read_and_files_packed_into_one_are_attachments() -> None:
    table = f'<table:table table:name="T"><table:table-row>{ods_cell("x")}</table:table-row><table:shapes>{{}}</table:shapes></table:table>'
    picture = "<draw:image><office:binary-data>iVBORw0KGgo=</office:binary-data></draw:image>"
    flat = unzipped(ods(table.format("").replace("x<", f"x{picture}<")))["content.xml"]
    assert grid(read(b"\n" + flat, ODS)) == [["x"]]
    linked = '<draw:object-ole xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"/>'
    members = unzipped(ods(table.format(linked))) | {"Object 1": packed("list.csv", b"a,b")}
    attached = read(zipped(members), ODS).attachments
    assert [(each["name"], each["text"]) for each in attached] == [("list.csv", "a\tb")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_what_parts_fields_is_found(separator: str) -> None:
    lines = [["item", "note"], ["apple", "1,5 kg; fresh"], ["", "x"]]
    text = "\r\n".join(separator.join(f'"{field}"' if field else "" for field in line) for line in lines)
    assert delimited(text.encode()) == lines


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"\xef\xbb\xbfa,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a;b\nÄ;2\n".encode("utf-16"), [["a", "b"], ["Ä", "2"]]),
        (b"sep=;\r\na;b,c\r\n", [["a", "b,c"]]),
        (b'a,b\n5" pipe,2\n"open,3\nlast,4\n', [["a", "b"], ['5" pipe', "2"], ['"open', "3"], ["last", "4"]]),
        (b'a,"say ""hi"""\n007,1e5\n', [["a", 'say "hi"'], ["007", "1e5"]]),
        (b"one\ntwo\n", [["one"], ["two"]]),
        (b"1,50;2,75\n3,10;4,20\n", [["1,50", "2,75"], ["3,10", "4,20"]]),
    ],
    ids=["mark", "utf-16", "declared", "open quote", "quotes", "one column", "decimal commas"],
)
def test_no_field_of_a_delimited_table_is_lost(data: bytes, rows: list[list[str]]) -> None:
    assert delimited(data) == rows


def test_a_delimited_table_in_another_charset_is_read_and_the_guess_is_said() -> None:
    assert engines.route("text/csv", Options())[0] == "delimited"
    with contextlib.closing(engines.load("delimited")) as engine:
        found = engine.extract("a,é\n".encode("cp1252"), "text/csv", Options())
    assert isinstance(found, Parsed)
    assert [cell["text"] for cell in found.blocks[0]["cells"]] == ["a", "é"]
    assert found.warnings[0].startswith("guessed: ")


def test_breaks_in_fields_stay_in_their_cell() -> None:
    with contextlib.closing(engines.load("delimited")) as engine:
        found = engine.extract(b'a,b\n"x\r\ny",2\n', "text/csv", Options())
    assert isinstance(found, Parsed)
    assert found.tables == found.blocks
    assert blocks.markdown(found.blocks) == "| a | b |\n| --- | --- |\n| x<br>y | 2 |"


def test_a_formula_of_an_older_workbook_whose_text_is_not_kept_is_lost_by_its_place() -> None:
    formula = record(0x06, struct.pack("<HHH", 1, 0, 0) + b"\0" * 6 + b"\xff\xff")
    kept = record(0x06, struct.pack("<HHH", 2, 0, 0) + b"\0" * 6 + b"\xff\xff") + record(
        0x207, short_text("kept")
    )
    found = read(xls(record(0x204, A1 + short_text("x")) + formula + kept), XLS)
    assert grid(found)[-1] == ["kept"]
    assert [each.partition(": ")[2] for each in found.lost] == ["formula without a value in A2"]


def test_a_chart_of_open_document_shows_its_figures_without_where_they_are_from() -> None:
    held = (
        '<chart xmlns:t="urn:table" xmlns:x="urn:text"><t:table><t:table-row><t:table-cell><x:p>10</x:p>'
        "<g><desc>Data.B2:Data.B4</desc></g></t:table-cell><t:table-cell><x:p>NaN</x:p></t:table-cell>"
        "</t:table-row></t:table></chart>"
    )
    sheet = '<table:table table:name="S"><table:shapes><draw:object xmlns:l="http://www.w3.org/1999/xlink" l:href="./Object 1"/></table:shapes></table:table>'
    found = read(ods(sheet, members={"Object 1/content.xml": held}), ODS)
    assert [block["text"] for block in found.pages[0]["blocks"]][1:] == ["10\t"]
