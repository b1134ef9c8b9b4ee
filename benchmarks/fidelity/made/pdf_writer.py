"""Writes PDF files: pages with text in several manners, forms, attachments, pictures, rotation."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fidelity.made.fonts import TrueType, helvetica

WIDTH, HEIGHT = 595, 842

# How text is put on the page: whole lines, each word at its place, or words pushed apart without a space.
Manner = Literal["lines", "words", "kerned"]

# What a font says of its letters: nothing, or the wrong ones.
Letters = Literal["right", "none", "shifted"]

_EXTRA = {"ﬁ": ("fi", 1), "ﬂ": ("fl", 2), "−": ("minus", 3), "Ł": ("Lslash", 4), "ł": ("lslash", 5), "⁄": ("fraction", 6)}  # fmt: skip


class Font(Protocol):
    """A font in a file; `key` is its name in the resources of pages."""

    key: str

    def width(self, text: str) -> float: ...
    def operand(self, text: str) -> str: ...
    def add_to(self, file: "File") -> int: ...


class Builtin:
    """One of the fonts that every reader has, with what Windows-1252 has and a few more."""

    def __init__(self, key: str, name: str = "Helvetica", spread: float = 1.0) -> None:
        self.key, self._name, self._spread = key, name, spread

    def width(self, text: str) -> float:
        return helvetica(text) * self._spread

    def operand(self, text: str) -> str:
        codes = b"".join(
            bytes([_EXTRA[sign][1]]) if sign in _EXTRA else sign.encode("cp1252") for sign in text
        )
        return f"<{codes.hex()}>"

    def add_to(self, file: "File") -> int:
        names = " ".join(f"/{name}" for name, _ in sorted(_EXTRA.values(), key=lambda pair: pair[1]))
        coding = f"<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 {names}] >>"
        return file.add(f"<< /Type /Font /Subtype /Type1 /BaseFont /{self._name} /Encoding {coding} >>")


class Embedded:
    """A TrueType font inside the file. `unicode` says what its ToUnicode table is worth."""

    def __init__(self, key: str, font: TrueType, *, unicode: Letters = "right") -> None:
        self.key, self._font, self._unicode = key, font, unicode
        self._used: dict[int, str] = {}

    def width(self, text: str) -> float:
        return self._font.width(text)

    def operand(self, text: str) -> str:
        glyphs = [self._font.glyph(character) for character in text]
        self._used.update(zip(glyphs, text, strict=True))
        return f"<{''.join(f'{glyph:04x}' for glyph in glyphs)}>"

    def add_to(self, file: "File") -> int:
        body = file.stream("", self._font.cut(set(self._used)))
        name = "/AAAAAA+Made"
        about = file.add(
            f"<< /Type /FontDescriptor /FontName {name} /Flags 4 /FontBBox [-200 -250 1200 1000] /ItalicAngle 0 "
            f"/Ascent 900 /Descent -240 /CapHeight 730 /StemV 80 /FontFile2 {body} 0 R >>"
        )
        widths = " ".join(f"{glyph} [{self._font.advance(glyph)}]" for glyph in sorted(self._used))
        inner = file.add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont {name} /CIDSystemInfo << /Registry (Adobe) "
            f"/Ordering (Identity) /Supplement 0 >> /FontDescriptor {about} 0 R /W [{widths}] /CIDToGIDMap /Identity >>"
        )
        table = "" if self._unicode == "none" else f"/ToUnicode {file.stream('', self._table())} 0 R "
        return file.add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H {table}"
            f"/DescendantFonts [{inner} 0 R] >>"
        )

    def _table(self) -> bytes:
        shift = 7 if self._unicode == "shifted" else 0
        rows = [
            f"<{glyph:04x}> <{ord(sign) + shift * (sign != ' '):04x}>"
            for glyph, sign in sorted(self._used.items())
        ]
        parts = [rows[at : at + 100] for at in range(0, len(rows), 100)]
        body = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts)
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Made def /CMapType 2 def\n"
            f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{body}endcmap end end"
        ).encode()


@dataclass
class Sheet:
    """A page, drawn in points from the top left. `widgets` are whole annotations without /P."""

    width: float = WIDTH
    height: float = HEIGHT
    rotate: int = 0
    manner: Manner = "lines"
    drawing: list[str] = field(default_factory=list)
    widgets: list[str] = field(default_factory=list)
    image: tuple[int, int, bytes] | None = None

    def text(self, x: float, y: float, text: str, font: Font, size: float = 10) -> None:
        place = f"BT /{font.key} {size:g} Tf 1 0 0 1 {{x:.2f}} {self.height - y:.2f} Tm {{shown}} ET"
        if self.manner == "lines":
            self.drawing.append(place.format(x=x, shown=f"{font.operand(text)} Tj"))
            return
        words, space = text.split(" "), font.width(" ") * size
        if self.manner == "kerned":
            gap = f" -{font.width(' ') * 1000:.0f} ".join(font.operand(word) for word in words)
            self.drawing.append(place.format(x=x, shown=f"[{gap}] TJ"))
            return
        for word in words:
            self.drawing.append(place.format(x=x, shown=f"{font.operand(word)} Tj"))
            x += font.width(word) * size + space

    def turned(self, text: str, font: Font, size: float, matrix: str) -> None:
        """Write a line with a text matrix of the caller's."""
        self.drawing.append(f"BT /{font.key} {size:g} Tf {matrix} Tm {font.operand(text)} Tj ET")

    def rule(self, x0: float, y0: float, x1: float, y1: float, width: float = 0.7) -> None:
        self.drawing.append(
            f"{width} w {x0:.2f} {self.height - y0:.2f} m {x1:.2f} {self.height - y1:.2f} l S"
        )

    def picture(self, x: float, y: float, width: float, height: float, image: tuple[int, int, bytes]) -> None:
        """Place grey pixels (columns, rows, bytes) with their top left at x, y."""
        self.image = image
        self.drawing.append(f"q {width} 0 0 {height} {x} {self.height - y - height} cm /Im1 Do Q")


class File:
    """Objects in the order they are added; the catalog comes last."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def add(self, body: str | bytes) -> int:
        self._objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(self._objects)

    def stream(self, entries: str, body: bytes) -> int:
        packed = zlib.compress(body)
        head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
        return self.add(head.encode() + packed + b"\nendstream")

    def reserve(self) -> int:
        return self.add(b"")

    def put(self, number: int, body: str) -> None:
        self._objects[number - 1] = body.encode("latin-1")

    def written(self, root: int) -> bytes:
        body = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, content in enumerate(self._objects, 1):
            offsets.append(len(body))
            body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
        start, count = len(body), len(self._objects)
        body += f"xref\n0 {count + 1}\n0000000000 65535 f \n".encode()
        body += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
        return bytes(
            body + f"trailer\n<< /Size {count + 1} /Root {root} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
        )


def write(
    sheets: Sequence[Sheet],
    fonts: Sequence[Font],
    *,
    attached: Mapping[str, bytes] | None = None,
    catalog: str = "",
) -> bytes:
    """Return the file. Fonts are added once all pages are drawn, so that they know what is used."""
    file = File()
    named = " ".join(f"/{font.key} {font.add_to(file)} 0 R" for font in fonts)
    tree = file.reserve()
    leaves, fields = [], []
    for sheet in sheets:
        leaf = file.reserve()
        notes = [file.add(f"{widget[:-2]} /P {leaf} 0 R >>") for widget in sheet.widgets]
        fields += [note for note, widget in zip(notes, sheet.widgets, strict=True) if "/FT" in widget]
        file.put(leaf, _leaf(file, sheet, tree, named, notes))
        leaves.append(leaf)
    kids = " ".join(f"{leaf} 0 R" for leaf in leaves)
    file.put(tree, f"<< /Type /Pages /Kids [{kids}] /Count {len(leaves)} >>")
    if fields:
        listed = " ".join(f"{each} 0 R" for each in fields)
        catalog += f" /AcroForm << /Fields [{listed}] /DR << /Font << {named} >> >> /DA (/F1 10 Tf 0 g) >>"
    if attached:
        catalog += _attachments(file, attached)
    return file.written(file.add(f"<< /Type /Catalog /Pages {tree} 0 R {catalog} >>"))


def _leaf(file: File, sheet: Sheet, tree: int, fonts: str, notes: Sequence[int]) -> str:
    content = file.stream("", "\n".join(sheet.drawing).encode("latin-1"))
    resources = f"/Font << {fonts} >>"
    if sheet.image:
        columns, rows, pixels = sheet.image
        size = f"/Width {columns} /Height {rows} /ColorSpace /DeviceGray /BitsPerComponent 8"
        resources += (
            f" /XObject << /Im1 {file.stream(f'/Type /XObject /Subtype /Image {size}', pixels)} 0 R >>"
        )
    rotate = f"/Rotate {sheet.rotate} " if sheet.rotate else ""
    annots = f"/Annots [{' '.join(f'{note} 0 R' for note in notes)}] " if notes else ""
    return (
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {sheet.width:g} {sheet.height:g}] {rotate}{annots}"
        f"/Contents {content} 0 R /Resources << {resources} >> >>"
    )


def _attachments(file: File, attached: Mapping[str, bytes]) -> str:
    entries = []
    for name, body in sorted(attached.items()):
        stream = file.stream(f"/Type /EmbeddedFile /Params << /Size {len(body)} >>", body)
        spec = file.add(f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {stream} 0 R >> >>")
        entries.append(f"({name}) {spec} 0 R")
    return f" /Names << /EmbeddedFiles << /Names [{' '.join(entries)}] >> >>"
