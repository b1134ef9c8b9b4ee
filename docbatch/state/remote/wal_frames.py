"""What SQLite committed to a write-ahead log behind a position in it.

The layout is that of "The Write-Ahead Log" in https://www.sqlite.org/fileformat2.html#walformat: a header of 32 bytes, then
frames of 24 bytes and a page. A frame counts when its salts are those of the header, its sums go on from the frame before,
and a frame that commits, itself or a later one, does so as well.
"""

import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from docbatch.core.errors import StateError

HEADER, FRAME = 32, 24
_MAGIC, _FORMAT = 0x377F0682, 3007000
_MASK = 0xFFFFFFFF
_PAGE_SIZES = frozenset(2**power for power in range(9, 17))


class WalPosition(NamedTuple):
    """Up to where a log was read: how many frames, what they bear, and the running sums behind the last of them."""

    page_size: int
    salts: tuple[int, int]
    frames: int
    sums: tuple[int, int]

    @property
    def offset(self) -> int:
        """Where the next frame begins, in bytes."""
        return HEADER + self.frames * (FRAME + self.page_size)


@dataclass(frozen=True, slots=True)
class CommittedPages:
    """The last version of each page, and of how many pages the database is then; both are empty where nothing was committed.

    `is_clear` says that nothing follows but what a former log left. What else follows SQLite may have taken back, or it is
    damaged: only SQLite knows how many frames count.
    """

    pages: Mapping[int, bytes]
    size: int
    end: WalPosition | None
    is_clear: bool


def read_committed(stream: BinaryIO, after: WalPosition | None = None) -> CommittedPages:
    """Return what was committed behind a position, or in the whole log. Raises StateError where it is not that log any more."""
    begin = _begin(stream)
    if after is not None and (begin is None or not _reaches(stream, begin, after)):
        raise unexplained("it was begun anew, or cut, while it was followed")
    if begin is None:
        return CommittedPages({}, 0, after, is_clear=True)
    return _read(stream, begin if after is None else after)


def reaches(stream: BinaryIO, position: WalPosition) -> bool:
    """Say whether a log still has the last frame that a position counts, with the sums that it had."""
    begin = _begin(stream)
    return begin is not None and _reaches(stream, begin, position)


def frames_behind(size: int, after: WalPosition | None, page_size: int) -> int:
    """Return how many frames a log of so many bytes has at most behind a position."""
    offset = HEADER if after is None else after.offset
    return max(size - offset, 0) // (FRAME + page_size)


def unexplained(why: str) -> StateError:
    """Return the error of a log of which it cannot be told what was committed."""
    return StateError(
        f"what SQLite wrote on this machine cannot be told from its log: {why}",
        hint="what was recorded in the store stands, and nothing more is sent; run the same command again: it takes the state from there",
    )


def _begin(stream: BinaryIO) -> WalPosition | None:
    """Return the position before the first frame; None where SQLite did not write any header yet."""
    stream.seek(0)
    header = stream.read(HEADER)
    if not header:
        return None
    if len(header) < HEADER:
        raise unexplained("its header is cut off")
    magic, form, page_size, _, *rest = struct.unpack(">8I", header)
    if magic not in (_MAGIC, _MAGIC + 1) or form != _FORMAT or page_size not in _PAGE_SIZES:
        raise unexplained("its header is none that SQLite writes")
    sums = _summed(header[:24], (0, 0), is_big=magic != _MAGIC)
    if sums != (rest[2], rest[3]):
        raise unexplained("the sums of its header do not match")
    return WalPosition(page_size, (rest[0], rest[1]), 0, sums)


def _is_big(stream: BinaryIO) -> bool:
    stream.seek(3)
    return stream.read(1)[0] & 1 == 1


def _reaches(stream: BinaryIO, begin: WalPosition, position: WalPosition) -> bool:
    if (begin.page_size, begin.salts) != (position.page_size, position.salts):
        return False
    if not position.frames:
        return begin.sums == position.sums
    stream.seek(position.offset - FRAME - position.page_size)
    frame = stream.read(FRAME + position.page_size)
    if len(frame) < FRAME + position.page_size:
        return False
    _, _, *salts_and_sums = struct.unpack_from(">6I", frame)
    return salts_and_sums == [*position.salts, *position.sums]


def _read(stream: BinaryIO, end: WalPosition) -> CommittedPages:
    is_big = _is_big(stream)
    stream.seek(end.offset)
    pages: dict[int, bytes] = {}
    open_pages: dict[int, bytes] = {}
    size, frames, sums, is_clear = 0, end.frames, end.sums, True
    while frame := stream.read(FRAME + end.page_size):
        if len(frame) < FRAME + end.page_size:
            is_clear = False
            break
        number, committed, *salts, one, two = struct.unpack_from(">6I", frame)
        if tuple(salts) != end.salts:
            break
        sums = _summed(frame[FRAME:], _summed(frame[:8], sums, is_big=is_big), is_big=is_big)
        if sums != (one, two) or not number:
            is_clear = False
            break
        frames += 1
        open_pages[number] = frame[FRAME:]
        if committed:
            pages |= open_pages
            open_pages = {}
            size, end = committed, end._replace(frames=frames, sums=sums)
    kept = {number: page for number, page in pages.items() if number <= size}
    return CommittedPages(kept, size, end, is_clear and not open_pages)


def _summed(content: bytes, sums: tuple[int, int], *, is_big: bool) -> tuple[int, int]:
    words = array("I", content)
    if is_big != (sys.byteorder == "big"):
        words.byteswap()
    one, two = sums
    pairs = iter(words)
    for first, second in zip(pairs, pairs, strict=True):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two
