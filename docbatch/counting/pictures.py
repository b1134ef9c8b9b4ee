"""Pages of a TIFF: the directories that follow each other in it."""

import struct
from typing import BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.uncountable import Uncountable

_ORDERS = {b"II": "<", b"MM": ">"}
_SMALL, _BIG = 42, 43
_MOST_FRAMES = 100_000


def count(file: BinaryIO, size: int) -> Extent:
    """Return the frames of a TIFF. Raises Uncountable."""
    head = file.read(16)
    order = _ORDERS.get(head[:2])
    if order is None or len(head) < 16:
        raise Uncountable("it is no TIFF")
    (kind,) = struct.unpack_from(order + "H", head, 2)
    if kind == _SMALL:
        (first,) = struct.unpack_from(order + "I", head, 4)
        return Extent(pages=_frames(file, size, first, (order + "H", order + "I", 12)))
    if kind == _BIG:
        (first,) = struct.unpack_from(order + "Q", head, 8)
        return Extent(pages=_frames(file, size, first, (order + "Q", order + "Q", 20)))
    raise Uncountable("it is no TIFF")


def _frames(file: BinaryIO, size: int, at: int, shape: tuple[str, str, int]) -> int:
    number, offset, entry = shape
    seen: set[int] = set()
    while at:
        if at in seen or at >= size or len(seen) >= _MOST_FRAMES:
            raise Uncountable("its frames lead in a circle, or out of the file")
        seen.add(at)
        entries = _number(file, at, number)
        at = _number(file, at + struct.calcsize(number) + entries * entry, offset)
    if not seen:
        raise Uncountable("it has no frames")
    return len(seen)


def _number(file: BinaryIO, at: int, form: str) -> int:
    try:
        file.seek(at)
        return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])
    except (struct.error, OSError, OverflowError, ValueError) as error:
        raise Uncountable("it is cut off") from error
