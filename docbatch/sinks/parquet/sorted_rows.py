"""Rows sorted by the part they lie in, through a nameless file: memory does not grow with them, and nothing is left of it."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from docbatch.naming.pathtext import escape
from docbatch.sinks.parquet.arrow_rows import batch_of
from docbatch.sinks.parquet.part_file import Held
from docbatch.sinks.parquet.part_names import MOST_CHOSEN, chosen_parts, part_of
from docbatch.sinks.rows.row_maker import Row

_WINDOW_CHARACTERS = 32 << 20
_WINDOW_DOCUMENTS = 20_000
_LENGTH = struct.Struct(">I?")
_DIGEST_LENGTH = struct.Struct(">H")

Document = tuple[bytes, str, bool]
"""Path and result digest of a document, and whether it has rows."""


@dataclass(slots=True)
class _Bucket:
    """What is to go into one part, or into several that are told apart later: rows in memory, and where others lie in the file."""

    rows: list[Row] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    stretches: list[tuple[int, int, int]] = field(default_factory=list)
    """Where rows begin, where documents do, and where these end."""


class SortedRows:
    """Takes documents with their rows, and gives them part by part. Without a number of `parts` they are spread over most at first."""

    def __init__(self, drafts: Path, schema: Any, job: str, parts: int | None) -> None:
        self._schema = schema
        self._job = job
        self._spread = parts or MOST_CHOSEN
        self._is_open = parts is None
        self._buckets: dict[int, _Bucket] = defaultdict(_Bucket)
        self._file = TemporaryFile(dir=drafts)  # noqa: SIM115 - closed when this is left
        self._held = self._waiting = 0
        self._size = 0
        self.documents = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, path: bytes, digest: str, rows: Sequence[Row]) -> None:
        """Take a document. Raises OSError."""
        bucket = self._buckets[part_of(path, self._spread)]
        bucket.rows += [(*row, digest) for row in rows]
        bucket.documents.append((path, digest, bool(rows)))
        self.documents += 1
        self._held += sum(len(value) if isinstance(value, str) else 8 for row in rows for value in row)
        self._waiting += 1
        if self._held >= _WINDOW_CHARACTERS or self._waiting >= _WINDOW_DOCUMENTS:
            self._put_aside()

    def settle(self) -> int:
        """End taking, and return the number of parts: the one that was given, or one by how much there is. Raises OSError."""
        if not self._is_open:
            return self._spread
        return chosen_parts(self._size + self._held, self.documents)

    def parts(self, number: int) -> Iterator[tuple[int, "RowsOfPart"]]:
        """Yield what was taken, part after part of so many."""
        by_part: dict[int, list[_Bucket]] = defaultdict(list)
        for spread, bucket in self._buckets.items():
            by_part[spread % number].append(bucket)
        for part in sorted(by_part):
            yield part, RowsOfPart(self, by_part[part])

    def _put_aside(self) -> None:
        for bucket in self._buckets.values():
            if not bucket.documents:
                continue
            start = self._file.tell()
            if bucket.rows:
                self._file.write(batch_of(bucket.rows, self._schema).serialize())
            middle = self._file.tell()
            self._file.write(b"".join(map(_packed, bucket.documents)))
            bucket.stretches.append((start, middle, self._file.tell()))
            bucket.rows, bucket.documents = [], []
        self._size += self._held
        self._held = self._waiting = 0
        # What does not fit onto the disk is to be told here, and not by a destructor.
        self._file.flush()

    def batches(self, bucket: _Bucket) -> Iterator[Any]:
        for start, middle, _ in bucket.stretches:
            if middle > start:
                self._file.seek(start)
                content = self._file.read(middle - start)
                yield pa.ipc.read_record_batch(pa.py_buffer(content), self._schema)
        if bucket.rows:
            yield batch_of(bucket.rows, self._schema)

    def documents_of(self, bucket: _Bucket) -> Iterator[Document]:
        for _, middle, end in bucket.stretches:
            self._file.seek(middle)
            yield from _unpacked(self._file.read(end - middle))
        yield from bucket.documents

    @property
    def job(self) -> str:
        return self._job


class RowsOfPart:
    """The documents of one part, with their rows."""

    def __init__(self, of: SortedRows, buckets: Sequence[_Bucket]) -> None:
        self._of = of
        self._buckets = buckets

    def tables(self) -> Iterator[Any]:
        for bucket in self._buckets:
            for batch in self._of.batches(bucket):
                yield pa.Table.from_batches([batch])

    def documents(self) -> Iterator[Document]:
        for bucket in self._buckets:
            yield from self._of.documents_of(bucket)

    def empty(self) -> Iterator[Held]:
        for path, digest, has_rows in self.documents():
            if not has_rows:
                yield self._of.job, escape(path), digest


def _packed(document: Document) -> bytes:
    path, digest, has_rows = document
    said = digest.encode()
    return _LENGTH.pack(len(path), has_rows) + path + _DIGEST_LENGTH.pack(len(said)) + said


def _unpacked(content: bytes) -> Iterator[Document]:
    at = 0
    while at < len(content):
        length, has_rows = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        path = content[at : at + length]
        at += length
        (size,) = _DIGEST_LENGTH.unpack_from(content, at)
        at += _DIGEST_LENGTH.size
        yield path, content[at : at + size].decode(), bool(has_rows)
        at += size
