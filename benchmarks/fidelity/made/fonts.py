"""Fonts for made PDFs: widths of the built-in Helvetica, and TrueType files cut down to what is shown."""

import struct
import unicodedata
from functools import cache
from pathlib import Path

FOLDER = Path("/usr/share/fonts/truetype/dejavu")

_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_HELVETICA = {32 + at: int(width) for at, width in enumerate(_WIDTHS.split())}
_WIDE = {"—": 1000, "…": 1000, "™": 1000, "Œ": 1000, "œ": 944, "‘": 222, "’": 222, "“": 333, "”": 333, "„": 333, "•": 350, "Æ": 1000, "‰": 1000,
         "½": 834, "¼": 834, "¾": 834, "©": 737, "®": 737, "°": 400, "¹": 333, "²": 333, "³": 333, "ß": 611, "ø": 611, "æ": 889,
         "±": 584, "×": 584, "÷": 584, "¬": 584, "¿": 611, "¡": 333, "‹": 333, "›": 333, "·": 278, "¶": 537, "ª": 370, "º": 365}  # fmt: skip


def helvetica(text: str) -> float:
    """Return the width in em of a text in the built-in font."""
    return sum(_letter(character) for character in text) / 1000


def _letter(character: str) -> int:
    if character in _WIDE:
        return _WIDE[character]
    return _HELVETICA.get(ord(unicodedata.normalize("NFD", character)[0]), 556)


class TrueType:
    """A font file, as far as a PDF asks: glyphs, widths, and the file cut down to some glyphs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        count = struct.unpack_from(">H", data, 4)[0]
        rows = (struct.unpack_from(">4sIII", data, 12 + 16 * at) for at in range(count))
        self._tables = {tag: data[start : start + size] for tag, _, start, size in rows}
        self.unit: int = struct.unpack_from(">H", self._tables[b"head"], 18)[0]
        self._metrics = struct.unpack_from(">H", self._tables[b"hhea"], 34)[0]
        self._glyphs = self._characters()

    def glyph(self, character: str) -> int:
        return self._glyphs.get(ord(character), 0)

    def advance(self, glyph: int) -> int:
        """Return a glyph's width in thousandths of an em."""
        at = min(glyph, self._metrics - 1)
        wide: int = struct.unpack_from(">H", self._tables[b"hmtx"], 4 * at)[0]
        return round(wide * 1000 / self.unit)

    def width(self, text: str) -> float:
        return sum(self.advance(self.glyph(character)) for character in text) / 1000

    def _characters(self) -> dict[int, int]:
        cmap = self._tables[b"cmap"]
        for at in range(struct.unpack_from(">H", cmap, 2)[0]):
            start = struct.unpack_from(">I", cmap, 8 + 8 * at)[0]
            if struct.unpack_from(">H", cmap, start)[0] == 4:
                return _segments(cmap[start:])
        return {}

    def cut(self, glyphs: set[int]) -> bytes:
        """Return the file with the outlines of `glyphs` only; numbers of glyphs stay."""
        wide = struct.unpack_from(">h", self._tables[b"head"], 50)[0]
        loca, glyf = self._tables[b"loca"], self._tables[b"glyf"]
        number = len(loca) // (4 if wide else 2) - 1
        places = struct.unpack(f">{number + 1}{'I' if wide else 'H'}", loca)
        places = places if wide else tuple(2 * place for place in places)
        kept = self._with_parts(glyphs | {0}, places, glyf)
        body, starts = bytearray(), []
        for glyph in range(number):
            starts.append(len(body))
            if glyph in kept:
                body += glyf[places[glyph] : places[glyph + 1]]
                body += b"\0" * (-len(body) % 4)
        head = bytearray(self._tables[b"head"])
        struct.pack_into(">h", head, 50, 1)
        tables = {
            tag: self._tables[tag]
            for tag in (b"hhea", b"maxp", b"hmtx", b"cvt ", b"fpgm", b"prep")
            if tag in self._tables
        }
        tables |= {
            b"head": bytes(head),
            b"glyf": bytes(body),
            b"loca": struct.pack(f">{number + 1}I", *starts, len(body)),
        }
        return _font_file(tables)

    def _with_parts(self, glyphs: set[int], places: tuple[int, ...], glyf: bytes) -> set[int]:
        kept, waiting = set(), list(glyphs)
        while waiting:
            glyph = waiting.pop()
            if glyph not in kept:
                kept.add(glyph)
                waiting += _parts(glyf[places[glyph] : places[glyph + 1]])
        return kept


def _segments(table: bytes) -> dict[int, int]:
    count = struct.unpack_from(">H", table, 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}h", table, 16 + 4 * count)
    ranges = struct.unpack_from(f">{count}H", table, 16 + 6 * count)
    found = {}
    for at, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                place = 16 + 6 * count + 2 * at + offset + 2 * (code - start)
                glyph = struct.unpack_from(">H", table, place)[0]
                if not glyph:
                    continue
            found[code] = (glyph + delta) & 0xFFFF
    return found


def _parts(outline: bytes) -> list[int]:
    if not outline or struct.unpack_from(">h", outline)[0] >= 0:
        return []
    found, at, more = [], 10, True
    while more:
        flags, glyph = struct.unpack_from(">HH", outline, at)
        found.append(glyph)
        at += (
            4
            + (4 if flags & 1 else 2)
            + (2 if flags & 8 else 4 if flags & 0x40 else 8 if flags & 0x80 else 0)
        )
        more = bool(flags & 0x20)
    return found


def _font_file(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = count.bit_length() - 1
    head = struct.pack(">IHHHH", 0x00010000, count, 16 << power, power, 16 * count - (16 << power))
    place, rows, body = 12 + 16 * count, b"", b""
    for tag, data in sorted(tables.items()):
        padded = data + b"\0" * (-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        rows += struct.pack(">4sIII", tag, total, place + len(body), len(data))
        body += padded
    return head + rows + body


@cache
def dejavu(name: str = "DejaVuSans") -> TrueType:
    """Return a font of Debian's fonts-dejavu-core; the bench says how to install it where it is missing."""
    return TrueType((FOLDER / f"{name}.ttf").read_bytes())


def is_there() -> bool:
    return (FOLDER / "DejaVuSans.ttf").exists()
