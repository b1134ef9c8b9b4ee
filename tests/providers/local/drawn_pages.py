"""PDF pages drawn word by word, for tests of what stands where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.providers.local.specimens import pdf_of, stream

HEIGHT = 842
WIDTH = 595

_FONTS = {
    "regular": "Helvetica",
    "bold": "Helvetica-Bold",
    "mono": "Courier",
    "symbol": "Symbol",
    "dingbats": "ZapfDingbats",
}
_FIRST_FONT = 3
_NARROW = {**dict.fromkeys(".,:;' ilj", 0.25), **dict.fromkeys("-()rt", 0.333)}


@dataclass
class DrawnPage:
    """A page; `y` counts from the top. Annotations are written as they stand in the file."""

    drawn: list[bytes] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, *, size: float = 10, font: str = "regular") -> "DrawnPage":
        letters = words.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        self.drawn.append(
            b"BT /%s %.1f Tf %.2f %.2f Td (%s) Tj ET\n" % (font.encode(), size, x, HEIGHT - y, letters)
        )
        return self

    def right(
        self, x: float, y: float, words: str, *, size: float = 10, font: str = "regular"
    ) -> "DrawnPage":
        """Draw words that end at x."""
        return self.text(x - width(words) * size, y, words, size=size, font=font)

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> "DrawnPage":
        self.drawn.append(b"%.1f %.1f m %.1f %.1f l S\n" % (x0, HEIGHT - y0, x1, HEIGHT - y1))
        return self

    def rows(
        self,
        y: float,
        rows: Sequence[Sequence[str]],
        places: Sequence[float],
        *,
        step: float = 16,
        right: bool = False,
    ) -> float:
        """Draw rows of cells whose columns begin, or but for the first end, at these places; return where the next would stand."""
        for row in rows:
            for at, (place, cell) in enumerate(zip(places, row, strict=True)):
                if cell:
                    (self.right if right and at else self.text)(place, y, cell)
            y += step
        return y

    def lines(
        self,
        y: float,
        lines: Iterable[str],
        *,
        x: float = 60,
        step: float = 13,
        size: float = 10,
        font: str = "regular",
    ) -> "DrawnPage":
        for line in lines:
            self.text(x, y, line, size=size, font=font)
            y += step
        return self


def width(words: str) -> float:
    """Return how wide words are about, in parts of their size."""
    return sum(_NARROW.get(letter, 0.556) for letter in words)


def drawn(*pages: DrawnPage, catalog: str = "", objects: Sequence[bytes] = ()) -> bytes:
    """Return a PDF of these pages; `objects` follow with the numbers that `catalog` names, from `first_free` on."""
    fonts = " ".join(f"/{name} {_FIRST_FONT + at} 0 R" for at, name in enumerate(_FONTS))
    first = _FIRST_FONT + len(_FONTS)
    annotation = first + 2 * len(pages)
    kids: list[str] = []
    made: list[bytes] = []
    annotations: list[str] = []
    for at, page in enumerate(pages):
        kids.append(f"{first + 2 * at} 0 R")
        numbers = [f"{annotation + len(annotations) + each} 0 R" for each in range(len(page.annotations))]
        annotations += page.annotations
        made.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Contents {first + 2 * at + 1} 0 R"
            f"/Annots[{' '.join(numbers)}]/Resources<</Font<<{fonts}>>>>>>".encode("latin-1")
        )
        made.append(stream(b"".join(page.drawn)))
    fields = [f"{annotation + at} 0 R" for at, each in enumerate(annotations) if "/Widget" in each]
    form = f"/AcroForm<</Fields[{' '.join(fields)}]/DA(/regular 10 Tf 0 g)>>" if fields else ""
    head = [
        f"<</Type/Catalog/Pages 2 0 R{form}{catalog}>>".encode("latin-1"),
        f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(kids)}]>>".encode(),
    ]
    written = [each.encode("latin-1") for each in annotations]
    return pdf_of([*head, *map(_font, _FONTS.values()), *made, *written, *objects])


def first_free(*pages: DrawnPage) -> int:
    """Return the number of the first object that follows these pages."""
    return _FIRST_FONT + len(_FONTS) + 2 * len(pages) + sum(len(page.annotations) for page in pages)


def _font(name: str) -> bytes:
    encoding = "" if name in {"Symbol", "ZapfDingbats"} else "/Encoding/WinAnsiEncoding"
    return f"<</Type/Font/Subtype/Type1/BaseFont/{name}{encoding}>>".encode()
