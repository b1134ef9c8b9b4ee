"""One-bit pictures of text: a bitmap, its glyphs, and PNG files."""

import struct
import zlib
from collections.abc import Iterator

from formats.glyphs import COLUMNS, GLYPHS, ROWS

_SHORTEST, _LONGEST = 3, 258


class Bitmap:
    """White paper that text can be stamped on. Pixels count from the top left."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.stride = (width + 7) // 8
        self._rows = [bytearray(b"\xff" * self.stride) for _ in range(height)]

    def dot(self, x: int, y: int) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            self._rows[y][x // 8] &= ~(0x80 >> x % 8) & 0xFF

    def box(self, x: int, y: int, width: int, height: int) -> None:
        for row in range(y, y + height):
            for column in range(x, x + width):
                self.dot(column, row)

    def text(self, x: int, y: int, text: str, *, scale: int) -> None:
        for character in text:
            for row, line in enumerate(GLYPHS[character]):
                for column, mark in enumerate(line):
                    if mark == "#":
                        self.box(x + column * scale, y + row * scale, scale, scale)
            x += (COLUMNS + 1) * scale

    def lines(self, x: int, y: int, text: str, *, scale: int) -> None:
        for line in text.splitlines():
            self.text(x, y, line, scale=scale)
            y += (ROWS + 5) * scale

    def packed(self) -> bytes:
        return b"".join(self._rows)

    def png(self) -> bytes:
        header = struct.pack(">IIBBBBB", self.width, self.height, 1, 0, 0, 0, 0)
        pixels = b"".join(b"\0" + row for row in self._rows)
        chunks = [(b"IHDR", header), (b"IDAT", deflate(pixels, self.stride + 1)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deflate(data: bytes, stride: int) -> bytes:
    """Return `data` as a zlib stream, copying only from one byte or one row back.

    Ours, because compressed bytes differ between builds of zlib and the samples must not.
    """
    number = size = 0
    for value, bits in _codes(data, stride):
        number |= value << size
        size += bits
    body = number.to_bytes((size + 7) // 8, "little")
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(data))


def _codes(data: bytes, stride: int) -> Iterator[tuple[int, int]]:
    yield 0b011, 3
    at = 0
    while at < len(data):
        length, distance = max((_match(data, at, back), back) for back in (1, stride))
        if length < _SHORTEST:
            yield _symbol(data[at])
            at += 1
        else:
            yield from _copy(length, distance)
            at += length
    yield _symbol(256)


def _match(data: bytes, at: int, back: int) -> int:
    if at < back:
        return 0
    end = min(len(data), at + _LONGEST)
    here = at
    while here < end and data[here] == data[here - back]:
        here += 1
    return here - at


def _symbol(value: int) -> tuple[int, int]:
    """Return the fixed Huffman code of a literal or length symbol, first bit lowest."""
    if value < 144:
        return _reversed(0x30 + value, 8)
    if value < 256:
        return _reversed(0x190 + value - 144, 9)
    if value < 280:
        return _reversed(value - 256, 7)
    return _reversed(0xC0 + value - 280, 8)


def _reversed(code: int, bits: int) -> tuple[int, int]:
    return int(f"{code:0{bits}b}"[::-1], 2), bits


def _copy(length: int, distance: int) -> Iterator[tuple[int, int]]:
    if length == _LONGEST:
        yield _symbol(285)
    else:
        code, extra, bits = _bucket(length - _SHORTEST, steps=4)
        yield _symbol(257 + code)
        yield extra, bits
    code, extra, bits = _bucket(distance - 1, steps=2)
    yield _reversed(code, 5)
    yield extra, bits


def _bucket(offset: int, *, steps: int) -> tuple[int, int, int]:
    """Split an offset as the format does: `steps` buckets to each power of two, the rest as extra bits."""
    if offset < 2 * steps:
        return offset, 0, 0
    bits = offset.bit_length() - (2 * steps).bit_length() + 1
    return steps * bits + (offset >> bits), offset & ((1 << bits) - 1), bits
