"""Hostile pictures: sizes nobody has the memory for, loops, broken checksums."""

import struct
import zlib

from tests.hostile.bombs import zeros


def png(width: int, height: int, body: bytes, *, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def small(extra: bytes = b"") -> bytes:
    return png(8, 8, zlib.compress(b"\0" * 72), extra=extra)


def text_bomb() -> bytes:
    return small(chunk(b"zTXt", b"comment\0\0" + zeros(50_000_000)))


def directories_in_a_ring() -> bytes:
    """Return a TIFF whose only directory names itself as the next one."""
    tags = {256: 9, 257: 9, 258: 8, 259: 1, 262: 1, 273: 8, 278: 9, 279: 81}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 8)


def vector(body: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{body}</svg>'.encode()


MAKERS = {
    "900-megapixels.png": lambda: png(30_000, 30_000, zlib.compress(b"\0" * 1_000)),
    "900-megapixels-whole.png": lambda: png(30_000, 29_999, zeros(900_000_000)),
    "size-zero.png": lambda: png(0, 0, zlib.compress(b"")),
    "size-beyond-sense.png": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "checksum-wrong.png": lambda: small()[:-6] + b"\0\0" + small()[-4:],
    "text-bomb.png": text_bomb,
    "signature-only.png": lambda: b"\x89PNG\r\n\x1a\n",
    "65000-squared.gif": lambda: (
        b"GIF89a" + struct.pack("<HHBBB", 65_000, 65_000, 0x80, 0, 0) + b"\0" * 6 + b";"
    ),
    "65000-squared.jpg": lambda: (
        b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65_000, 65_000) + b"\x01\x01\x11\0"
    ),
    "markers-only.jpg": lambda: b"\xff\xd8" + b"\xff\xe0\0\x02" * 20_000,
    "directories-in-a-ring.tiff": directories_in_a_ring,
    "height-negative.bmp": lambda: (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 60, 0, 54, 40, 9, -(2**31), 1, 24, *[0] * 6)
    ),
    "uses-itself.svg": lambda: vector('<g id="a"><use href="#a"/><use href="#a"/></g>'),
    "calls-a-host.svg": lambda: vector(
        '<image href="http://127.0.0.1:9/"/><image href="file:///etc/passwd"/>'
    ),
}
