"""Old workbooks (XLS, BIFF8), written by hand, and CSV."""

import struct
from collections.abc import Iterator, Sequence

from fidelity.made.sheets import FORMATS, KINDS, STYLES, Cell, Sheet, Value, code_rows, stock_rows, truth_of
from fidelity.made.story import Teller
from fidelity.truth import Sample, Script, Truth

_SECTOR = 512
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_FIRST_FORMAT = 164


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str, length: str = "<H") -> bytes:
    return struct.pack(length, len(text)) + b"\1" + text.encode("utf-16-le")


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _style(number: int) -> bytes:
    code = _FIRST_FORMAT + number if number else 0
    return _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, code, 1, 0x20, 0, 0, 0xFC, 0, 0, 0x20C0))


def _cell(row: int, at: int, cell: Cell) -> bytes:
    match cell:
        case None:
            return b""
        case str():
            return _record(0x0204, struct.pack("<HHH", row, at, 15) + _text(cell))
        case Value(formula=formula) if formula:
            tokens = b"\x1e\x0a\x00\x1e\x14\x00\x03"  # 10+20
            head = struct.pack("<HHHdHIH", row, at, 15 + cell.style, cell.kept, 0, 0, len(tokens))
            return _record(0x0006, head + tokens)
        case Value():
            return _record(0x0203, struct.pack("<HHHd", row, at, 15 + cell.style, cell.kept))
        case _:
            return _record(0x0203, struct.pack("<HHHd", row, at, 15, cell))


def _sheet(sheet: Sheet) -> bytes:
    body = _begin(0x10)
    width = max((len(row) for row in sheet.rows), default=0)
    body += _record(0x0200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, width, 0))
    for number, row in enumerate(sheet.rows):
        body += b"".join(_cell(number, at, cell) for at, cell in enumerate(row))
    return body + _record(0x000A)


def xls(sheets: Sequence[Sheet]) -> bytes:
    head = _begin(0x05) + _record(0x0042, struct.pack("<H", 1200))
    head += b"".join(
        _record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + _text("Arial", "<B"))
        for _ in range(4)
    )
    head += b"".join(
        _record(0x041E, struct.pack("<H", _FIRST_FORMAT + at) + _text(code))
        for at, code in enumerate(STYLES)
        if at
    )
    head += b"".join(_style(0) for _ in range(15)) + b"".join(_style(at) for at in range(len(STYLES)))
    names = [_text(sheet.name, "<B") for sheet in sheets]
    size = len(head) + sum(4 + 6 + len(name) for name in names) + 4
    bodies = [_sheet(sheet) for sheet in sheets]
    for at, name in enumerate(names):
        place = size + sum(map(len, bodies[:at]))
        head += _record(0x0085, struct.pack("<IBB", place, int(sheets[at].hidden), 0) + name)
    return _compound(head + _record(0x000A) + b"".join(bodies))


def _compound(stream: bytes) -> bytes:
    """Return a compound file with the one stream that readers look for."""
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % _SECTOR)
    count = len(stream) // _SECTOR
    tables = (count + 2 + _SECTOR // 4 - 1) // (_SECTOR // 4)
    while count + 1 + tables > tables * (_SECTOR // 4):
        tables += 1
    chain = [*range(1, count), _END, _END, *([_TABLE] * tables)]
    chain += [_FREE] * (tables * (_SECTOR // 4) - len(chain))
    first = count + 1
    head = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
    )
    head += struct.pack("<IIIIIIIII", 0, tables, count, 0, 4096, _END, 0, _END, 0)
    places = [first + at for at in range(tables)]
    head += struct.pack("<109I", *(places + [_FREE] * (109 - tables)))
    root = _entry("Root Entry", 5, child=1, start=_END, size=0)
    folder = root + _entry("Workbook", 2, child=_FREE, start=0, size=len(stream))
    return head + stream + folder.ljust(_SECTOR, b"\0") + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    label = (name + "\0").encode("utf-16-le")
    body = label.ljust(64, b"\0") + struct.pack("<HBBIII", len(label), kind, 1, _FREE, _FREE, child)
    return body + b"\0" * 36 + struct.pack("<IQ", start, size)


def samples() -> Iterator[Sample]:
    books = {
        "stock": [Sheet("Bestände", _stock("de", 420)), Sheet("Prices", _stock("en", 421))],
        "languages": [
            Sheet("Склад", _stock("ru", 422)),
            Sheet("Źródła", _stock("pl", 423)),
            Sheet("Αποθήκη", _stock("el", 424)),
        ],
        "kinds": [Sheet("Kinds", KINDS)],
        "formats": [Sheet("Formats", FORMATS)],
        "long": [Sheet("Rows", code_rows(800))],
    }
    for name, sheets in books.items():
        yield Sample(f"xls/{name}.xls", xls(sheets), truth_of(sheets))
    yield from _tables_of_text()


def _stock(language: str, seed: int) -> list[list[Cell]]:
    return stock_rows(Teller(language, seed).grid(4, 9).rows)


def _tables_of_text() -> Iterator[Sample]:
    for name, language, delimiter, coding in (
        ("comma", "en", ",", "utf-8"),
        ("semicolon", "de", ";", "utf-8-sig"),
        ("cp1252", "fr", ";", "cp1252"),
        ("cp1250", "pl", ",", "cp1250"),
        ("utf16", "ru", "\t", "utf-16"),
        ("cp1251", "ru", ";", "cp1251"),
    ):
        rows = Teller(language, 430 + len(name)).grid(4, 14).rows
        text = "".join(delimiter.join(row) + "\r\n" for row in rows)
        script = Script()
        script.table(rows)
        yield Sample(f"csv/{name}.csv", text.encode(coding, "replace"), script.truth())
    quoted = [("Name", "Note", "Sum"), ('The "Lion", Ulm', "two\nlines 12", "1,250.00"), ("a|b", "", "-3")]
    text = "".join(
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) + "\n" for row in quoted
    )
    script = Script()
    script.table(quoted)
    yield Sample("csv/quoted.csv", text.encode(), script.truth())
    yield Sample("csv/tabs.tsv", "".join("\t".join(row) + "\n" for row in TABBED).encode(), _known(TABBED))


TABBED = (("Code", "Größe", "Date"), ("0017", "12,5", "2024-05-03"), ("A-2", "", "03.05.2024"))


def _known(rows: Sequence[Sequence[str]]) -> Truth:
    script = Script()
    script.table(rows)
    return script.truth()
