"""A small PDF writer: text in two weights, rules, one-bit images."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from formats.raster import Bitmap, deflate

WIDTH, HEIGHT = 595, 842


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


@dataclass
class Page:
    """One A4 page, drawn in points from the top left."""

    drawing: list[str] = field(default_factory=list)
    image: Bitmap | None = None

    def text(self, x: float, y: float, text: str, *, size: float = 10, bold: bool = False) -> None:
        font = "F2" if bold else "F1"
        self.drawing.append(f"BT /{font} {size} Tf {x} {HEIGHT - y} Td ({_literal(text)}) Tj ET")

    def lines(self, x: float, y: float, lines: Sequence[str], *, size: float = 10) -> float:
        """Draw lines below each other; return where the next one would start."""
        for line in lines:
            self.text(x, y, line, size=size)
            y += size * 1.4
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.drawing.append(f"0.7 w {x0} {HEIGHT - y0} m {x1} {HEIGHT - y1} l S")

    def table(self, x: float, y: float, widths: Sequence[float], rows: Sequence[Sequence[str]]) -> float:
        """Draw a ruled table whose first row is its head; return the y below it."""
        height = 18
        bottom, right = y + height * len(rows), x + sum(widths)
        for number, row in enumerate(rows):
            self.rule(x, y + number * height, right, y + number * height)
            for column, cell in enumerate(row):
                left = x + sum(widths[:column]) + 4
                self.text(left, y + number * height + 12.5, cell, size=9, bold=number == 0)
        self.rule(x, bottom, right, bottom)
        for column in range(len(widths) + 1):
            edge = x + sum(widths[:column])
            self.rule(edge, y, edge, bottom)
        return bottom

    def fill(self, image: Bitmap) -> None:
        """Cover the page with an image, as a scanner does."""
        self.image = image
        self.drawing.append(f"q {WIDTH} 0 0 {HEIGHT} 0 0 cm /Im1 Do Q")


def document(pages: Sequence[Page], title: str) -> bytes:
    """Return the file. What pages show comes first and the catalog last, so that a cut file has no page left."""
    contents = [_stream("", "\n".join(page.drawing).encode("cp1252")) for page in pages]
    images = [_image(page.image) for page in pages if page.image]
    first_page = len(contents) + len(images) + 3
    fonts = {"F1": first_page - 2, "F2": first_page - 1}
    tree = first_page + len(pages)
    leaves, next_image = [], len(contents) + 1
    for number, page in enumerate(pages, 1):
        resources = "/Font << " + " ".join(f"/{name} {at} 0 R" for name, at in fonts.items()) + " >>"
        if page.image:
            resources += f" /XObject << /Im1 {next_image} 0 R >>"
            next_image += 1
        leaves.append(
            f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
            f"/Contents {number} 0 R /Resources << {resources} >> >>".encode()
        )
    kids = " ".join(f"{first_page + offset} 0 R" for offset in range(len(pages)))
    objects = [*contents, *images, _font("Helvetica"), _font("Helvetica-Bold"), *leaves]
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(f"<< /Title ({_literal(title)}) /Producer (docbatch samples) >>".encode())
    objects.append(f"<< /Type /Catalog /Pages {tree} 0 R /Lang (en) >>".encode())
    return _file(objects)


def _stream(entries: str, body: bytes) -> bytes:
    return f"<< {entries} /Length {len(body)} >>\nstream\n".encode() + body + b"\nendstream"


def _image(bitmap: Bitmap) -> bytes:
    size = f"/Width {bitmap.width} /Height {bitmap.height}"
    entries = f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceGray /BitsPerComponent 1"
    return _stream(f"{entries} /Filter /FlateDecode", deflate(bitmap.packed(), bitmap.stride))


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _file(objects: Sequence[bytes]) -> bytes:
    body = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start, count = len(body), len(objects)
    body += f"xref\n0 {count + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    body += f"trailer\n<< /Size {count + 1} /Root {count} 0 R /Info {count - 1} 0 R >>\n".encode()
    return bytes(body + f"startxref\n{start}\n%%EOF\n".encode())
