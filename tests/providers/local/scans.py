"""Pages of text as pictures, drawn by PDFium, and PDFs of such pages."""

import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pypdfium2

from tests.providers.local.specimens import pdf_of, stream

if TYPE_CHECKING:
    from PIL import Image

LINES = ("Delivery note 2207", "", "Three coils of hemp rope, 12 mm", "Price: 1.204,50 EUR")
_WIDTH, _HEIGHT = 400, 200
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def text_page(lines: Sequence[str] = LINES, size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> bytes:
    """Return a PDF of one page with these lines as text."""
    drawn = b"".join(
        b"BT /F1 14 Tf 40 %d Td (%s) Tj ET\n" % (size[1] - 40 - 24 * number, line.encode("cp1252"))
        for number, line in enumerate(lines)
    )
    return _document(drawn, size, (b"/Font<</F1 5 0 R>>", _FONT))


def picture(lines: Sequence[str] = LINES, dpi: int = 150) -> "Image.Image":
    document = pypdfium2.PdfDocument(text_page(lines))
    try:
        drawn: Image.Image = document[0].render(scale=dpi / 72).to_pil()
    finally:
        document.close()
    return drawn.convert("L")


def scan(
    page: "Image.Image", *, rotate: int = 0, on_top: bytes = b"", place: tuple[int, ...] | None = None
) -> bytes:
    """Return a PDF whose page is this picture, with drawing `on_top`; `place` is x, y, width and height in points."""
    size = (page.width * 72 // 150, page.height * 72 // 150)
    x, y, width, height = place or (0, 0, *size)
    drawn = b"q %d 0 0 %d %d %d cm /I Do Q\n" % (width, height, x, y) + on_top
    packed = zlib.compress(page.convert("L").tobytes())
    image = stream(
        packed,
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"
        % page.size,
    )
    resources = b"/XObject<</I 5 0 R>>/Font<</F1 6 0 R>>"
    return _document(drawn, size, (resources, image, _FONT), b"/Rotate %d" % rotate)


def saved(page: "Image.Image", kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    page.save(content, kind, **options)
    return content.getvalue()


def _document(drawn: bytes, size: tuple[int, ...], resources: tuple[bytes, ...], extra: bytes = b"") -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R/Resources<<%s>>%s>>"
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            page % (*size, resources[0], extra),
            stream(drawn),
            *resources[1:],
        ]
    )
