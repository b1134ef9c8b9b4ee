"""Opening an item's bytes at its source: what is handed over is what was planned, or nothing."""

import contextlib
import hashlib
import io
import os
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from docbatch.core.changes import another
from docbatch.core.models import WorkItem
from docbatch.naming.references import LONGEST
from docbatch.owner_only import make_folder, opener
from docbatch.providers.base import ContentChanged
from docbatch.sources.base import Source, seekable
from docbatch.sources.content import ContentError, reading
from docbatch.sources.kept_content import KeptContent

CHUNK = 1 << 20
AT_ONCE = 8


class ItemContent:
    """Finds the source of an item by its place. Copies of what no file holds are made in `incoming`.

    What was `kept` when it was measured is not asked for again.
    """

    def __init__(self, sources: Iterable[Source], incoming: Path, kept: KeptContent | None = None) -> None:
        self._sources: dict[bytes, list[Source]] = {}
        for source in sources:
            self._sources.setdefault(source.identity, []).append(source)
        self._incoming = incoming
        self._kept = kept

    def __call__(self, item: WorkItem) -> BinaryIO:
        """Open the item's bytes after making sure of them. Raises ContentChanged.

        Two sources of one identity may mean different documents by a path: one of them opens containers.
        """
        if (stream := self._as_kept(item)) is not None:
            return stream
        *others, last = self._found(item)
        for source, path in others:
            with contextlib.suppress(ContentChanged):
                return _made_sure_of(item, source, path)
        return _made_sure_of(item, *last)

    def files(self, items: Sequence[WorkItem]) -> dict[str, bytes]:
        """Return by key what `file` returns of each; stores are asked for several at a time."""
        found = {item.key: self._at_hand(item) for item in items}
        absent = [item for item in items if found[item.key] is None]
        far = [item for item in absent if all(source.unwrapped.is_far for source, _ in self._found(item))]
        copied = {item.key: self._copied(item) for item in absent if item not in far}
        if far:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="docbatch-copies") as pool:
                copied |= zip([item.key for item in far], pool.map(self._copied, far), strict=True)
        return {key: copied[key] if file is None else file for key, file in found.items()}

    def file(self, item: WorkItem) -> bytes:
        """Return a file for who reads in a process of its own and checks what it reads; it may be gone already."""
        return self._at_hand(item) or self._copied(item)

    def _at_hand(self, item: WorkItem) -> bytes | None:
        """Return the file that is there already, None where there is none."""
        try:
            found = self._found(item)
        except ContentChanged:
            # Where the source was a folder, its files may still be there although no selected job has it now.
            return item.place
        files = {source.file(path) for source, path in found}
        only = files.pop() if len(files) == 1 else None
        if only is None and self._kept is not None:
            place = self._new_place()
            if self._kept.hand_over(item.digest, place, times=len(found)):
                return os.fsencode(place)
        return only

    def _copied(self, item: WorkItem) -> bytes:
        make_folder(self._incoming)
        place = self._new_place()
        with contextlib.suppress(ContentChanged), self(item) as stream, _new(place) as copy:
            while chunk := stream.read(CHUNK):
                copy.write(chunk)
        return os.fsencode(place)

    def _new_place(self) -> Path:
        """Return a place for a file that is its reader's own, and removed once it is read."""
        return self._incoming.absolute() / f"{secrets.token_hex(16)}.copy"

    def _as_kept(self, item: WorkItem) -> BinaryIO | None:
        stream = None if self._kept is None else self._kept.open(item.digest)
        if stream is None or self._kept is None:
            return None
        try:
            checked = _checked(item, stream)
            if item.size >= CHUNK:
                return checked
            with checked:
                return BytesIO(checked.read())
        except (ContentChanged, OSError):
            # It was damaged; its source has it.
            stream.close()
            self._kept.drop(item.digest)
            return None

    def _found(self, item: WorkItem) -> list[tuple[Source, bytes]]:
        end = len(item.place)
        while (end := item.place.rfind(b"/", 0, end)) >= 0:
            if sources := self._sources.get(item.place[:end]):
                return [(source, item.place[end + 1 :]) for source in sources]
        raise ContentChanged(item.key, "no selected job has its source any more")


def _made_sure_of(item: WorkItem, source: Source, path: bytes) -> BinaryIO:
    return _checked(item, _opened(item, source, path))


def _checked(item: WorkItem, stream: BinaryIO) -> BinaryIO:
    most = _most(item)
    digest, size = hashlib.sha256(), 0
    while size <= most and (chunk := stream.read(CHUNK)):
        digest.update(chunk)
        size += len(chunk)
    if size > most or digest.hexdigest() != item.digest:
        stream.close()
        raise ContentChanged(item.key, f"{another(item.media_type)} after it was planned")
    stream.seek(0)
    return stream


def _opened(item: WorkItem, source: Source, path: bytes) -> BinaryIO:
    most = _most(item)
    try:
        with reading():
            stream = seekable(source.open(path), most)
            if most >= CHUNK:
                if source.file(path) is not None:
                    return stream
                return cast("BinaryIO", io.BufferedReader(_HeldContent(stream, item), CHUNK))
            with stream:
                return BytesIO(_whole(stream, most))
    except ContentError as error:
        raise ContentChanged(item.key, error.failure.message) from error


class _HeldContent(io.RawIOBase):
    """Bytes that are read once more as they are handed over. What cannot be read any more is no longer what was planned."""

    def __init__(self, stream: BinaryIO, item: WorkItem) -> None:
        super().__init__()
        self._stream = stream
        self._item = item

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            piece = self._stream.read(len(buffer))
        except OSError as error:
            raise ContentChanged(self._item.key, f"it cannot be read any more: {error}") from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _new(place: Path) -> BinaryIO:
    return open(place, "xb", opener=opener)


def _most(item: WorkItem) -> int:
    """Return how many bytes are read at most. How large a document is that is only named says nothing about its name."""
    return LONGEST if item.is_reference else item.size


def _whole(stream: BinaryIO, size: int) -> bytes:
    """Read what was planned and one byte more, if there is one; a stream may give less at a time than it is asked for."""
    content = b""
    while len(content) <= size and (piece := stream.read(size + 1 - len(content))):
        content += piece
    return content
