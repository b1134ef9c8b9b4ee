"""How large a picture says it is, in its first bytes: PNG, GIF and JPEG say so in a few of them."""

import struct

WIDEST = 100_000
"""Pixels: what says that it is wider or higher is not believed."""

_PNG, _GIF, _JPEG = b"\x89PNG\r\n\x1a\n", b"GIF8", b"\xff\xd8"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Markers behind which a JPEG says its size: ITU T.81, table B.1."""
_MOST_SEGMENTS = 1000


def pixels(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, None where they are not said, or not believed."""
    try:
        found = _said(content)
    except struct.error:
        return None
    return found if found and all(0 < side <= WIDEST for side in found) else None


def _said(content: bytes) -> tuple[int, int] | None:
    if content.startswith(_PNG) and content[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", content, 16)
        return width, height
    if content.startswith(_GIF):
        width, height = struct.unpack_from("<HH", content, 6)
        return width, height
    return _of_jpeg(content) if content.startswith(_JPEG) else None


def _of_jpeg(content: bytes) -> tuple[int, int] | None:
    at = len(_JPEG)
    for _ in range(_MOST_SEGMENTS):
        mark, kind, length = struct.unpack_from(">BBH", content, at)
        if mark != _JPEG[0]:
            return None
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 + length
    return None
