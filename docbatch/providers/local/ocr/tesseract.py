"""Pictures through Tesseract, which liteparse brings along; its data is the system's."""

import zlib
from functools import cache

from liteparse import LiteParse

from docbatch.processes import confine
from docbatch.providers.local.engines import Options
from docbatch.providers.local.ocr.text_lines import TextLine, found, joined

_DPI = 200
_POINTS = 72 / _DPI


def read(grey: bytes, width: int, height: int, options: Options) -> list[TextLine]:
    """Return the lines of a grey picture of so many pixels, a byte each. Raises RuntimeError."""
    document = _as_pdf(grey, width, height)
    parser = _parser(options.tessdata, options.languages)
    with confine.unlimited_memory():
        pages = parser.parse(document).pages
    words = [
        found(
            item.text.strip(),
            1.0 if item.confidence is None else item.confidence,
            (
                item.x / _POINTS,
                item.y / _POINTS,
                (item.x + item.width) / _POINTS,
                (item.y + item.height) / _POINTS,
            ),
        )
        for page in pages
        for item in page.text_items
        if item.text.strip()
    ]
    return joined(words)


@cache
def _parser(tessdata: str | None, languages: tuple[str, ...]) -> LiteParse:
    # Without both switches the engine would fetch Tesseract's data from a network.
    return LiteParse(
        ocr_enabled=True,
        ocr_language="+".join(languages),
        tessdata_path=tessdata,
        ocr_failure_fatal=True,
        dpi=_DPI,
        num_workers=1,
        quiet=True,
        image_mode="off",
    )


def _as_pdf(grey: bytes, width: int, height: int) -> bytes:
    """Return a PDF of one page that shows the picture, the only thing this engine reads."""
    box = b"%.2f %.2f" % (width * _POINTS, height * _POINTS)
    content = b"q %.2f 0 0 %.2f 0 0 cm /I Do Q" % (width * _POINTS, height * _POINTS)
    picture = zlib.compress(grey, 1)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>"
        % box,
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (width, height, len(picture), picture),
    )
    document = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(document)
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, start)
    )
