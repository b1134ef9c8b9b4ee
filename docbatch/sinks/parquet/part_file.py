"""One part of a data set: a Parquet file that says itself whether it is as it was written.

Its footer holds, under the key `docbatch`, the SHA-256 of all that stands before the footer, the documents that have no
rows, and the ids of the projects whose jobs have some. That is how a part is known as whole that a killed run put in its place before anything else could say so.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from docbatch.sinks.parquet.arrow_rows import DIGEST
from docbatch.sinks.parquet.folders import Writable
from docbatch.sinks.parquet.manifest import JobInPart

MARK = b"docbatch"
UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, zlib.error)
"""What a file that is no part of ours, or is no longer, may raise when it is read."""
_GROUP_BYTES = 32 << 20
_GROUP_ROWS = 1 << 20
_PIECE = 1 << 20
_TAIL = 8
"""Length of the footer, and the magic word, at the end of the file."""
_SPACE = 1 << 128
_LARGEST_LIST = 256 << 20

Held = tuple[str, str, str]
"""Job, path and result digest of a document in a part."""


@dataclass(slots=True)
class _Sum:
    """Documents of one job, and a digest of them that is the same in any order."""

    documents: int = 0
    total: int = 0

    def add(self, path: str, digest: str) -> None:
        self.documents += 1
        said = f"{path}\0{digest}".encode(errors="surrogatepass")
        self.total = (self.total + int.from_bytes(hashlib.blake2b(said, digest_size=16).digest())) % _SPACE

    def told(self, project: str) -> JobInPart:
        return JobInPart(documents=self.documents, digest=f"{self.total:032x}", project=project)


@dataclass(frozen=True, slots=True)
class WrittenPart:
    rows: int
    size: int
    sha256: str
    jobs: dict[str, JobInPart]


class _Counted:
    """A file that is written once from its beginning to its end, digested on the way."""

    def __init__(self, file: Writable) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, content: Any) -> int:
        with memoryview(content) as piece:
            self._file.write(piece)
            self.digest.update(piece)
            self.size += piece.nbytes
            return piece.nbytes

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


@dataclass(slots=True)
class _Documents:
    """Counts the documents of rows that pass, each document's after each other."""

    sums: dict[str, _Sum] = field(default_factory=dict)
    last: Held | None = None

    def add(self, held: Held) -> None:
        if held != self.last:
            self.last = held
            job, path, digest = held
            self.sums.setdefault(job, _Sum()).add(path, digest)

    def told(self, projects: Mapping[str, str]) -> dict[str, JobInPart]:
        return {job: each.told(projects.get(job, "")) for job, each in self.sums.items()}


class PartWriter:
    """Writes a part into an open file; all rows of a document are added after each other. `projects` says of jobs whose they are."""

    def __init__(self, file: Writable, schema: Any) -> None:
        self.projects: dict[str, str] = {}
        self._counted = _Counted(file)
        self._schema = schema
        self._writer = pq.ParquetWriter(self._counted, schema, compression="zstd")
        self._waiting: list[Any] = []
        self._bytes = 0
        self._rows = 0
        self._documents = _Documents()
        self._empty: list[Held] = []

    def add(self, table: Any) -> None:
        """Add rows of the part's schema."""
        if not len(table):
            return
        for held in documents_in(table):
            self._documents.add(held)
        self._rows += len(table)
        self._waiting.append(table)
        self._bytes += table.nbytes
        if self._bytes >= _GROUP_BYTES or sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._flush()

    def add_empty(self, held: Held) -> None:
        """Add a document that has no rows."""
        self._documents.add(held)
        self._empty.append(held)

    def finish(self) -> WrittenPart:
        """Write the footer, and tell what the part is."""
        self._flush()
        before, size = self._counted.digest.copy().hexdigest(), self._counted.size
        jobs = self._documents.told(self.projects)
        said = {"version": 1, "data": size, "sha256": before, "empty": _packed(self._empty)}
        said["projects"] = {job: each.project for job, each in jobs.items() if each.project}
        self._writer.add_key_value_metadata({MARK.decode(): json.dumps(said)})
        self._writer.close()
        return WrittenPart(self._rows, self._counted.size, self._counted.digest.hexdigest(), jobs)

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table, row_group_size=len(table))
            self._waiting, self._bytes = [], 0


class NoPart(ValueError):
    """A Parquet file that docbatch did not write."""


class PartReader:
    """Reads a part. Raises one of UNREADABLE for what is none, such as NoPart."""

    def __init__(self, file: BinaryIO) -> None:
        self._bytes = file
        self._file = pq.ParquetFile(file, pre_buffer=False)
        said = (self._file.metadata.metadata or {}).get(MARK)
        if said is None:
            raise NoPart("it does not say that it is a part")
        self._said = json.loads(said)

    @property
    def schema(self) -> Any:
        return self._file.schema_arrow.remove_metadata()

    @property
    def projects(self) -> dict[str, str]:
        """The ids of the projects whose jobs have rows in it, by job."""
        said = self._said.get("projects")
        return {str(job): str(project) for job, project in said.items()} if isinstance(said, dict) else {}

    def is_intact(self) -> bool:
        """Say whether all before the footer is as it was written. Reads the whole file."""
        end = self._bytes.seek(0, 2)
        self._bytes.seek(end - _TAIL)
        length = int.from_bytes(self._bytes.read(4), "little")
        if end - _TAIL - length != self._said["data"]:
            return False
        digest, left = hashlib.sha256(), self._said["data"]
        self._bytes.seek(0)
        while left and (piece := self._bytes.read(min(_PIECE, left))):
            digest.update(piece)
            left -= len(piece)
        return not left and digest.hexdigest() == self._said["sha256"]

    def found(self) -> WrittenPart:
        """Return what the part is. Reads the whole file."""
        documents = _Documents()
        for held in self.documents():
            documents.add(held)
        jobs = documents.told(self.projects)
        digest = hashlib.sha256()
        self._bytes.seek(0)
        while piece := self._bytes.read(_PIECE):
            digest.update(piece)
        return WrittenPart(self._file.metadata.num_rows, self._bytes.tell(), digest.hexdigest(), jobs)

    def tables(self) -> Iterator[Any]:
        """Yield the rows, group by group."""
        for number in range(self._file.num_row_groups):
            yield self._file.read_row_group(number).replace_schema_metadata(None)

    def empty(self) -> list[Held]:
        """Return the documents that have no rows."""
        return _unpacked(self._said["empty"])

    def documents(self) -> Iterator[Held]:
        """Yield the documents, those with several rows more than once."""
        for number in range(self._file.num_row_groups):
            yield from documents_in(self._file.read_row_group(number, columns=["job", "path", DIGEST]))
        yield from self.empty()


def documents_in(table: Any) -> Iterator[Held]:
    """Yield job, path and digest of each row."""
    return zip(*(table.column(name).to_pylist() for name in ("job", "path", DIGEST)), strict=True)


def _packed(held: list[Held]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(held).encode())).decode() if held else ""


def _unpacked(text: str) -> list[Held]:
    if not text:
        return []
    found = json.loads(zlib.decompressobj().decompress(base64.b64decode(text), _LARGEST_LIST))
    return [(str(job), str(path), str(digest)) for job, path, digest in found]
