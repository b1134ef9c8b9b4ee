"""PDFs made of lines: any characters, at any place and turn, with annotations where wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from docbatch.providers.local import engines
from docbatch.providers.local.engines import Json, Options, Parsed
from tests.providers.local.specimens import pdf_of, stream

WIDTH, HEIGHT = 612, 792
_FIRST_PAGE = 7
_LETTERS = (
    b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Helvetica/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    b"/Supplement 0>>/FontDescriptor 6 0 R/DW 500>>"
)
_SHAPE = (
    b"<</Type/FontDescriptor/FontName/Helvetica/Flags 4/FontBBox[-166 -225 1000 931]/ItalicAngle 0/Ascent 718"
    b"/Descent -207/CapHeight 718/StemV 88>>"
)


@dataclass(frozen=True)
class Line:
    """A line whose first letter stands at x, y from the bottom left; `turn` is in degrees counter-clockwise."""

    x: float
    y: float
    text: str
    size: float = 12
    turn: float = 0
    before: bytes = b""
    after: bytes = b""

    def drawn(self) -> bytes:
        across, up = cos(radians(self.turn)), sin(radians(self.turn))
        matrix = b"%.4f %.4f %.4f %.4f %.2f %.2f" % (across, up, -up, across, self.x, self.y)
        letters = self.text.encode("utf-16-be").hex().encode()
        shown = b"BT /F1 %g Tf %s Tm <%s> Tj ET" % (self.size, matrix, letters)
        return b"q %s %s %s Q\n" % (self.before, shown, self.after)


def lines(*texts: str, x: float = 72, y: float = 700, size: float = 12, step: float = 14) -> list[Line]:
    """Return lines one below the other."""
    return [Line(x, y - step * number, text, size) for number, text in enumerate(texts)]


def pdf(
    *pages: Sequence[Line | bytes],
    page_entries: bytes = b"",
    catalog: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """Return a PDF of pages drawn from lines and bytes. The font is object 3, what `more` adds follows the pages."""
    kids = b" ".join(b"%d 0 R" % (_FIRST_PAGE + 2 * number) for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),
        b"<</Type/Font/Subtype/Type0/BaseFont/Helvetica/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>",
        _LETTERS,
        stream(_every_letter()),
        _SHAPE,
    ]
    for page in pages:
        content = b"".join(each if isinstance(each, bytes) else each.drawn() for each in page)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>%s>>"
            % (WIDTH, HEIGHT, len(objects) + 2, page_entries)
        )
        objects.append(stream(content))
    return pdf_of([*objects, *more])


def form(line: Line) -> bytes:
    """Return an object that draws a line, as an annotation does."""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 50]/Resources<</Font<</F1 3 0 R>>>>"
    return stream(line.drawn(), entries)


def _every_letter() -> bytes:
    """Return a map on which each code is the character of that number."""
    ranges = [b"<%02X00> <%02XFF> <%02X00>" % (high, high, high) for high in range(256)]
    parts = b"".join(
        b"64 beginbfrange\n%s\nendbfrange\n" % b"\n".join(ranges[at : at + 64]) for at in range(0, 256, 64)
    )
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /All def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n%sendcmap end end" % parts
    )


def read(data: bytes, options: Options | None = None) -> Parsed:
    """Return what the engine for PDF makes of a document, without reading pictures."""
    outcome = engines.load("liteparse").extract(data, "application/pdf", options or Options(ocr="off"))
    assert isinstance(outcome, Parsed), outcome
    return outcome


def page_of(data: bytes) -> Json:
    """Return the only page of a document."""
    (page,) = read(data).pages
    return page


def said(page: Json) -> list[str]:
    """Return a page's Markdown, its text and the texts of its blocks, each with single spaces."""
    blocks = " ".join(block["text"] for block in page["blocks"])
    return [" ".join(form.split()) for form in (page["markdown"], page["text"], blocks)]
