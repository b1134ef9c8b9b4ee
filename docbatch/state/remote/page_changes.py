"""The body of a record: which pages of the database changed since the record before, or of which chunks all of it is.

One line of JSON, then the pages in the order of their numbers, deflated. A record without a body changed nothing.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docbatch.core.errors import AlteredState
from docbatch.state.remote.log_records import LogRecord
from docbatch.state.remote.object_names import chunk_epoch, log_name
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm

FORM = 1
"""Of bodies. Another is refused: the objects around them have a version, so this one changes with it."""
_LARGEST = 2**28
"""Bytes of the pages of one record, inflated."""


@dataclass(frozen=True, slots=True)
class PageChanges:
    """The last version of each page that changed, and of how many pages the database is then."""

    page_size: int
    size: int
    pages: Mapping[int, bytes]

    def written(self) -> bytes:
        if not self.pages:
            return b""
        numbers = sorted(self.pages)
        content = b"".join(self.pages[number] for number in numbers)
        head = {
            "form": FORM,
            "page_size": self.page_size,
            "size": self.size,
            "pages": numbers,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return _line(head) + zlib.compress(content)

    def apply(self, descriptor: int) -> None:
        """Write the pages to a database that nobody has open. Doing it again, or after a part of it, comes to the same."""
        for number, page in self.pages.items():
            write_all(descriptor, page, (number - 1) * self.page_size)
        os.ftruncate(descriptor, self.size * self.page_size)


@dataclass(frozen=True, slots=True)
class WholeState:
    """The names of chunks that are the database after a record, whatever was before."""

    chunks: tuple[str, ...]

    def written(self) -> bytes:
        return _line({"form": FORM, "chunks": list(self.chunks)})


def read_changes(record: LogRecord, form: ChunkForm = PLAIN) -> PageChanges | WholeState | None:
    """Return what a record changed; None where it changed nothing. Raises AlteredState."""
    if not record.body:
        return None
    head, packed = _taken_apart(record, form)
    try:
        changes = _whole(head) if "chunks" in head else _pages(head, packed)
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error):
        raise _strange(record) from None
    return changes


def read_whole(record: LogRecord, form: ChunkForm = PLAIN) -> WholeState | None:
    """Return of which chunks all of the database is after a record, None where it says no such thing; pages are not inflated. Raises AlteredState."""
    if not record.body or "chunks" not in _taken_apart(record, form)[0]:
        return None
    changes = read_changes(record, form)
    return changes if isinstance(changes, WholeState) else None


def write_all(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of it, however little the system takes at once. Raises OSError."""
    left = memoryview(content)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written


def inflated(packed: bytes, length: int) -> bytes:
    """Return what was deflated, if it is just as long as that. Raises ValueError, zlib.error; takes no more memory than that."""
    inflater = zlib.decompressobj()
    content = inflater.decompress(packed, length + 1)
    if len(content) != length or not inflater.eof or inflater.unused_data:
        raise ValueError
    return content


def _taken_apart(record: LogRecord, form: ChunkForm) -> tuple[Mapping[str, Any], bytes]:
    line, _, packed = form.decrypted(log_name(record.position), record.body).partition(b"\n")
    try:
        head = json.loads(line)
        if head["form"] != FORM:
            raise _strange(record)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _strange(record) from None
    return head, packed


def _whole(head: Mapping[str, Any]) -> WholeState:
    names = tuple(map(str, head["chunks"]))
    if None in map(chunk_epoch, names):
        raise ValueError
    return WholeState(names)


def _pages(head: Mapping[str, Any], packed: bytes) -> PageChanges:
    numbers, page_size, size = (
        [int(each) for each in head["pages"]],
        int(head["page_size"]),
        int(head["size"]),
    )
    if numbers != sorted(set(numbers)) or not numbers or not 1 <= numbers[0] <= numbers[-1] <= size:
        raise ValueError
    if page_size not in {2**power for power in range(9, 17)} or len(numbers) * page_size > _LARGEST:
        raise ValueError
    content = inflated(packed, len(numbers) * page_size)
    if hashlib.sha256(content).hexdigest() != head["sha256"]:
        raise ValueError
    pages = {
        number: content[place * page_size : (place + 1) * page_size] for place, number in enumerate(numbers)
    }
    return PageChanges(page_size, size, pages)


def _strange(record: LogRecord) -> AlteredState:
    return altered(log_name(record.position), "its pages are not what docbatch writes")


def _line(head: Mapping[str, object]) -> bytes:
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n"
