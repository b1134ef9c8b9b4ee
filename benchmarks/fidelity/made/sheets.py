"""Workbooks in XLSX: kinds of values, merged and hidden parts, and parts that are not there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from fidelity.made.package import OFFICE, relations, types, xml, zipped
from fidelity.made.story import Teller
from fidelity.truth import PARTIAL, SUCCEEDED, Sample, Script, Truth

_NS = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"'

# Number formats by the index of a cell's style; 0 is plain.
STYLES = ("General", "yyyy\\-mm\\-dd", "0.0%", '#,##0.00\\ "€"', "hh:mm", '"$"#,##0.00', "0.00E+00")


@dataclass(frozen=True, slots=True)
class Value:
    """A number as it is kept, with its style, and as it is seen."""

    kept: float
    style: int
    seen: str
    formula: str = ""


Cell = str | int | float | Value | None


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    rows: Sequence[Sequence[Cell]]
    hidden: bool = False
    merged: Sequence[str] = ()
    missing: bool = False
    extra: str = ""


def seen(cell: Cell) -> str:
    if isinstance(cell, Value):
        return cell.seen
    return "" if cell is None else str(cell)


def column(at: int) -> str:
    return (chr(64 + at // 26) if at >= 26 else "") + chr(65 + at % 26)


def workbook(sheets: Sequence[Sheet], *, shared: bool = True, bad_index: bool = False) -> bytes:
    strings: list[str] = []
    kinds = {"xl/workbook.xml": "spreadsheetml.sheet.main", "xl/styles.xml": "spreadsheetml.styles"}
    members: dict[str, str | bytes] = {}
    for at, sheet in enumerate(sheets, 1):
        if not sheet.missing:
            kinds[f"xl/worksheets/sheet{at}.xml"] = "spreadsheetml.worksheet"
            members[f"xl/worksheets/sheet{at}.xml"] = _sheet(sheet, strings if shared else None)
    related = {f"r{at}": ("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(sheets) + 1)}
    related["s"] = ("styles", "styles.xml")
    if shared:
        kinds["xl/sharedStrings.xml"] = "spreadsheetml.sharedStrings"
        related["t"] = ("sharedStrings", "sharedStrings.xml")
        kept = strings[:-1] if bad_index else strings
        rows = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in kept)
        members["xl/sharedStrings.xml"] = xml(
            f'<sst {_NS} count="{len(kept)}" uniqueCount="{len(kept)}">{rows}</sst>'
        )
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{at}"{" state=" + chr(34) + "hidden" + chr(34) if sheet.hidden else ""} r:id="r{at}"/>'
        for at, sheet in enumerate(sheets, 1)
    )
    head = {
        "[Content_Types].xml": types(kinds),
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": xml(f"<workbook {_NS}><sheets>{listed}</sheets></workbook>"),
        "xl/_rels/workbook.xml.rels": relations(related),
        "xl/styles.xml": _styles(),
    }
    return zipped(head | members)


def _styles() -> str:
    formats = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode={quoteattr(code)}/>'
        for at, code in enumerate(STYLES)
        if at
    )
    styles = "".join(
        f'<xf numFmtId="{164 + at if at else 0}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for at in range(len(STYLES))
    )
    plain = (
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/>'
        '</fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/>'
        '<diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    )
    return xml(
        f'<styleSheet {_NS}><numFmts count="{len(STYLES) - 1}">{formats}</numFmts>{plain}<cellXfs count="{len(STYLES)}">{styles}</cellXfs></styleSheet>'
    )


def _sheet(sheet: Sheet, strings: list[str] | None) -> str:
    body = ""
    for number, row in enumerate(sheet.rows, 1):
        cells = "".join(_cell(f"{column(at)}{number}", cell, strings) for at, cell in enumerate(row))
        body += f'<row r="{number}">{cells}</row>'
    merged = "".join(f'<mergeCell ref="{each}"/>' for each in sheet.merged)
    merged = f'<mergeCells count="{len(sheet.merged)}">{merged}</mergeCells>' if merged else ""
    return xml(f"<worksheet {_NS}><sheetData>{body}</sheetData>{merged}{sheet.extra}</worksheet>")


def _cell(place: str, cell: Cell, strings: list[str] | None) -> str:
    match cell:
        case None:
            return ""
        case Value():
            formula = f"<f>{escape(cell.formula)}</f>" if cell.formula else ""
            value = "" if cell.formula and cell.seen == "" else f"<v>{cell.kept!r}</v>"
            return f'<c r="{place}" s="{cell.style}">{formula}{value}</c>'
        case str() if strings is None:
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        case str():
            assert strings is not None
            strings.append(cell)
            return f'<c r="{place}" t="s"><v>{len(strings) - 1}</v></c>'
        case _:
            return f'<c r="{place}"><v>{cell!r}</v></c>'


def samples() -> Iterator[Sample]:
    yield _book("stock", [Sheet("Bestände", _stock("de", 400)), Sheet("Prices", _stock("en", 401))])
    yield _book(
        "inline", [Sheet("Ledger", _stock("fr", 402)), Sheet("Books", _stock("pl", 403))], shared=False
    )
    yield _book("kinds", [Sheet("Kinds", KINDS)])
    yield _book("formats", [Sheet("Formats", FORMATS)])
    yield _book("wide", [Sheet("Wide", WIDE)])
    yield _book("two-areas", [Sheet("Areas", AREAS)])
    yield _book(
        "long",
        [Sheet("Rows", code_rows(1200))],
    )
    yield _book(
        "line-breaks",
        [Sheet("Notes", [["Key", "Text"], ["a|b", "first 11\nsecond 12"], ["c", " spaced 13 "]])],
    )
    yield _hidden()
    yield _merged()
    yield _without_values()
    yield _missing_sheet()
    yield _bad_index()


def _stock(language: str, seed: int) -> list[list[Cell]]:
    teller = Teller(language, seed)
    return stock_rows(teller.grid(5, 12).rows)


def stock_rows(rows: Sequence[Sequence[str]]) -> list[list[Cell]]:
    """Return rows whose figures are numbers, below a first row of words."""
    found: list[list[Cell]] = [list(rows[0])]
    for word, *figures in rows[1:]:
        found.append([word, *map(float, figures)])
    return found


def code_rows(count: int) -> list[list[Cell]]:
    found: list[list[Cell]] = [["No", "Code"]]
    found.extend([at, f"K-{at * 7919 % 100003:06}"] for at in range(1, count + 1))
    return found


KINDS: list[list[Cell]] = [
    ["What", "Shown"],
    ["Day", Value(45415, 1, "2024-05-03")],
    ["Big", 12345678901],
    ["Small", 0.000125],
    ["Minus", -17],
    ["Leading", "007"],
    ["Sum", Value(30.0, 0, "30", "10+20")],
]
# What is kept is not what is seen.
FORMATS: list[list[Cell]] = [
    ["What", "Shown"],
    ["Share", Value(0.125, 2, "12.5%")],
    ["Price", Value(1234.5, 3, "1,234.50 €")],
    ["Dollars", Value(99.9, 5, "$99.90")],
    ["Hour", Value(0.5625, 4, "13:30")],
]
WIDE: list[list[Cell]] = [[f"c{at}" for at in range(30)]]
WIDE += [[row * 100 + at for at in range(30)] for row in range(1, 6)]
AREAS: list[list[Cell]] = [
    ["Name", "Age", None, None, "City", "Size"],
    ["Ada", 36, None, None, "Ulm", 120],
    ["Bo", 41, None, None, "Gent", 260],
    [],
    ["Total", 77],
]


def truth_of(sheets: Sequence[Sheet], **more: str) -> Truth:
    script = Script()
    for sheet in sheets:
        script.heading(sheet.name)
        script.table([[seen(cell) for cell in row] for row in sheet.rows])
    return script.truth(**more)


def _book(name: str, sheets: Sequence[Sheet], *, shared: bool = True) -> Sample:
    return Sample(f"xlsx/{name}.xlsx", workbook(sheets, shared=shared), truth_of(sheets))


def _hidden() -> Sample:
    """Nobody sees a hidden sheet before showing it; to read it is no fault."""
    sheets = [
        Sheet("Open", [["Year", "Cost"], [2024, 512]]),
        Sheet("Secret", [["Margin", "Rate"], [77, 88]], hidden=True),
    ]
    return Sample(
        "xlsx/hidden.xlsx", workbook(sheets), truth_of(sheets[:1], allowed="Secret Margin Rate 77 88")
    )


def _merged() -> Sample:
    rows: list[list[Cell]] = [
        ["Region", "Sales 2024", None],
        [None, "First half", "Second half"],
        ["North", 1200, 1350],
        [None, 980, 1010],
    ]
    sheet = Sheet("Sales", rows, merged=("A1:A2", "B1:C1", "A3:A4"))
    return Sample("xlsx/merged.xlsx", workbook([sheet]), truth_of([sheet], allowed="Region North Sales 2024"))


def _without_values() -> Sample:
    """A formula whose value the file does not hold: the formula or its value is shown."""
    sheet = Sheet("Sum", [["A", 10], ["B", 20], ["Total", Value(0, 0, "", "SUM(B1:B2)")]])
    known = Truth(
        "Sum\nA 10\nB 20\nTotal",
        ("Sum",),
        allowed="SUM(B1:B2 =SUM(B1:B2 30",
        patterns=(r"SUM\(|\b30\b",),
        outcomes=(SUCCEEDED, PARTIAL),
    )
    return Sample("xlsx/formula-without-value.xlsx", workbook([sheet]), known)


def _missing_sheet() -> Sample:
    sheets = [Sheet("First", [["Item", "Price"], ["apple", 3]]), Sheet("Second", [["x", 1]], missing=True)]
    script = Script()
    script.heading("First")
    script.table([("Item", "Price"), ("apple", "3")])
    known = script.truth(outcomes=(PARTIAL,), named=("Second",), allowed="Second")
    return Sample("xlsx/missing-sheet.xlsx", workbook(sheets), known)


def _bad_index() -> Sample:
    """A cell points to a text that the file does not hold."""
    sheet = Sheet("First", [["Item", "Price"], ["apple", 3], ["pear", 4], ["plum", 5], [6, "lost words"]])
    known = Truth(
        "First\nItem Price\napple 3\npear 4\nplum 5\n6", ("First",), outcomes=(PARTIAL,), named=("First",)
    )
    return Sample("xlsx/missing-text.xlsx", workbook([sheet], bad_index=True), known)
