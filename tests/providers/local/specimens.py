"""Small documents of every kind, made from nothing; each carries the sentence in `SENTENCE` unless it says otherwise."""

import email.message
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

SENTENCE = "The quick brown fox signed invoice 4711"

_CT = "http://schemas.openxmlformats.org/package/2006/content-types"
_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAW = "http://schemas.openxmlformats.org/drawingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(members: Mapping[str, str | bytes], stored: tuple[str, ...] = ()) -> bytes:
    """Return a zip of the members in the given order; those in `stored` are not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def _package(main: str, kind: str, rest: Mapping[str, str]) -> bytes:
    overrides = f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
    types = (
        f'<Types xmlns="{_CT}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
    rels = (
        f'<Relationships xmlns="{_REL}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="{main}"/></Relationships>'
    )
    return zipped({"[Content_Types].xml": types, "_rels/.rels": rels, **rest})


def docx(text: str = SENTENCE) -> bytes:
    def cell(value: str) -> str:
        return f"<w:tc><w:p><w:r><w:t>{value}</w:t></w:r></w:p></w:tc>"

    table = "".join(f"<w:tr>{cell(a)}{cell(b)}</w:tr>" for a, b in (("item", "price"), ("apple", "3")))
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Report</w:t></w:r></w:p>'
        f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p><w:tbl>{table}</w:tbl>"
    )
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return _package("word/document.xml", "wordprocessingml.document.main", {"word/document.xml": document})


def xlsx() -> bytes:
    def row(number: int, a: str, b: str) -> str:
        cells = "".join(
            f'<c r="{column}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
            for column, value in (("A", a), ("B", b))
        )
        return f'<row r="{number}">{cells}</row>'

    sheet = (
        f'<worksheet xmlns="{_SHEET}"><sheetData>'
        f"{row(1, 'item', 'note')}{row(2, 'apple', SENTENCE)}</sheetData></worksheet>"
    )
    workbook = (
        f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="First" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    rels = (
        f'<Relationships xmlns="{_REL}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    )
    members = {
        "xl/workbook.xml": workbook,
        "xl/_rels/workbook.xml.rels": rels,
        "xl/worksheets/sheet1.xml": sheet,
    }
    return _package("xl/workbook.xml", "spreadsheetml.sheet.main", members)


def pptx() -> bytes:
    paragraph = f"<a:p><a:r><a:t>{SENTENCE}</a:t></a:r></a:p>"
    slide = (
        f'<p:sld xmlns:p="{_SLIDE}" xmlns:a="{_DRAW}"><p:cSld><p:spTree><p:nvGrpSpPr>'
        '<p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Text"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/>{paragraph}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    )
    presentation = (
        f'<p:presentation xmlns:p="{_SLIDE}" xmlns:r="{_OFFICE}"><p:sldIdLst>'
        '<p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>'
    )
    rels = (
        f'<Relationships xmlns="{_REL}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/slide" Target="slides/slide1.xml"/></Relationships>'
    )
    members = {
        "ppt/presentation.xml": presentation,
        "ppt/_rels/presentation.xml.rels": rels,
        "ppt/slides/slide1.xml": slide,
    }
    return _package("ppt/presentation.xml", "presentationml.presentation.main", members)


def odt() -> bytes:
    content = (
        f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0" '
        'office:version="1.2"><office:body><office:text><text:h text:outline-level="1">Report</text:h>'
        f"<text:p>{SENTENCE}</text:p></office:text></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": kind,
        "content.xml": content,
        "META-INF/manifest.xml": manifest,
    }
    return zipped(members, stored=("mimetype",))


def epub() -> bytes:
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">1</dc:identifier>'
        "<dc:title>Book</dc:title><dc:language>en</dc:language></metadata>"
        '<manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>'
    )
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head>'
        f"<body><h1>One</h1><p>{SENTENCE}</p></body></html>"
    )
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "book.opf": book,
        "c.xhtml": chapter,
    }
    return zipped(members, stored=("mimetype",))


def html() -> bytes:
    return (
        "<!DOCTYPE html><html><head><title>Report</title></head><body><h1>Report</h1>"
        f"<p>{SENTENCE}</p><table><tr><th>item</th><th>price</th></tr>"
        "<tr><td>apple</td><td>3</td></tr></table></body></html>"
    ).encode()


def eml() -> bytes:
    message = email.message.EmailMessage()
    message["From"] = "ada@example.org"
    message["To"] = "bob@example.org"
    message["Subject"] = "Invoice"
    message["Date"] = "Thu, 01 Jan 2026 10:00:00 +0000"
    message.set_content(SENTENCE)
    return message.as_bytes()


def csv() -> bytes:
    return f"item,note\r\napple,{SENTENCE}\r\n".encode()


def markdown() -> bytes:
    return f"# Report\n\n{SENTENCE}\n\n- one\n- two\n".encode()


def text() -> bytes:
    return f"{SENTENCE}\nand a second line\n".encode()


def png(width: int = 60, height: int = 40) -> bytes:
    """A picture without text."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    pixels = (b"\x00" + b"\xff" * (width // 2) + b"\x80" * (width - width // 2)) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


def pdf_of(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF with these numbered objects (the first is the catalog) and a correct cross-reference table."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<</Size %d /Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(out)


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), extra, content)


def _line(x: int, y: int, words: str, size: int = 12) -> bytes:
    return b"BT /F1 %d Tf %d %d Td (%s) Tj ET\n" % (size, x, y, words.encode("latin-1"))


def _ruled_table() -> bytes:
    rules = b"".join(b"100 %d m 400 %d l S\n" % (y, y) for y in (640, 610, 580))
    rules += b"".join(b"%d 580 m %d 640 l S\n" % (x, x) for x in (100, 250, 400))
    cells = (("item", 110, 620), ("price", 260, 620), ("apple", 110, 590), ("3", 260, 590))
    return rules + b"".join(_line(x, y, words) for words, x, y in cells)


_GREY = stream(
    bytes(range(0, 256, 4)),
    b" /Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8",
)
_SCAN = b"q 612 0 0 792 0 0 cm /I Do Q\n"


def pdf(*, scanned: tuple[int, ...] = ()) -> bytes:
    """Two pages: a heading, the sentence and a ruled table; then a second text. `scanned` pages are one picture."""
    first = _line(100, 720, "Report", 24) + _line(100, 680, SENTENCE) + _ruled_table()
    second = _line(100, 720, "Second page with words of its own")
    drawn = [_SCAN if number in scanned else page for number, page in enumerate((first, second), start=1)]
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 7 0 R>>/XObject<</I 8 0 R>>>>>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>",
            page % 5,
            page % 6,
            stream(drawn[0]),
            stream(drawn[1]),
            font,
            _GREY,
        ]
    )


def encrypted_pdf() -> bytes:
    """A PDF whose standard security handler accepts no empty password."""
    encrypt = b"<</Filter/Standard/V 2/R 3/Length 128/P -44/O<%s>/U<%s>>>" % (b"5a" * 32, b"a5" * 32)
    content = stream(_line(100, 700, "secret"))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
        content,
        encrypt,
    ]
    return pdf_of(
        objects, b" /Encrypt 5 0 R /ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
    )


def bomb_docx(megabytes: int = 101) -> bytes:
    """A small file whose document part inflates to `megabytes` of spaces."""
    filler = f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>' + " " * (megabytes << 20)
    tail = "</w:t></w:r></w:p></w:body></w:document>"
    return _package(
        "word/document.xml", "wordprocessingml.document.main", {"word/document.xml": filler + tail}
    )


OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def ole(stream_name: str) -> bytes:
    """A compound file with an empty stream of this name: enough to be recognised, not enough to be read."""
    header = bytearray(512)
    header[:8] = OLE
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<III", header, 56, 4096, 0xFFFFFFFE, 0)
    struct.pack_into("<II", header, 68, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *([0xFFFFFFFF] * 108))
    fat = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *([0xFFFFFFFF] * 126))
    return bytes(header) + fat + _entry("Root Entry", 5, child=1) + _entry(stream_name, 2) + bytes(256)


def _entry(name: str, kind: int, child: int = 0xFFFFFFFF) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    entry += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
    return (entry + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)).ljust(128, b"\0")
