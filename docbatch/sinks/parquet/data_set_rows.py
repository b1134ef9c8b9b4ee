"""The rows of one job in a data set, looked at and cleared apart from runs: each part that holds some is written anew without them.

What is kept of a document is a stream of Arrow with its rows and the digest of its result, so that it can be put back as it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from docbatch.core.errors import SinkError
from docbatch.naming.pathtext import escape, unescape
from docbatch.naming.state_folders import project_root
from docbatch.sinks.base import Difference
from docbatch.sinks.faults import SAFE, sink_error
from docbatch.sinks.kind import Opening
from docbatch.sinks.objects.object_outputs import store_error
from docbatch.sinks.parquet.arrow_rows import is_alike
from docbatch.sinks.parquet.files_as_left import folder_of
from docbatch.sinks.parquet.folders import LocalFolder, PartsFolder, StoredFolder
from docbatch.sinks.parquet.part_changes import PartChanges
from docbatch.sinks.parquet.part_file import UNREADABLE
from docbatch.sinks.parquet.part_names import part_name, part_of
from docbatch.sinks.parquet.rewritten_part import AllBut, rewritten
from docbatch.sinks.parquet.standing_parts import StandingParts
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.row_place import Keep, RowPlace, RowsFound
from docbatch.sinks.trash import Trash
from docbatch.stores.faults import StoreFault

_WINDOW = 1 << 16
ANOTHER_PROJECT = "rows of a job of this name in another project stand there"
_DIGEST = b"result"


class DataSetRows(RowPlace):
    """Kill-safe: what is removed is kept before its part is replaced, and a part says itself whether it is whole."""

    window = _WINDOW

    def __init__(self, folder: PartsFolder, whose: tuple[str, str], shown: str, named: bytes) -> None:
        self._folder = folder
        self._job, self._project = whose
        self._owner = {self._job: self._project} if self._project else {}
        self._named = named
        self.shown = shown

    @classmethod
    def of(cls, at: Opening, stamp: str) -> "DataSetRows":
        """Open the data set that a sink's stamp names."""
        folder = folder_of(stamp)
        if at.bucket is not None:
            opened: PartsFolder = StoredFolder(at.bucket, folder, at.trash.parent)
            return cls(opened, (at.job, at.project), opened.place, folder)
        local = LocalFolder(at.root, folder, Trash(at.trash))
        project = f"{project_root(at.trash.parent)}/"
        return cls(local, (at.job, at.project), local.place.removeprefix(project), folder)

    def is_shared(self, jobs: Collection[str]) -> bool:
        with self._guarded(looks=True):
            return StandingParts.of(self._folder).is_shared(jobs, self._project)

    def known_as(self) -> str:
        return self._folder.place

    def check(self, written: Sequence[tuple[bytes, str]]) -> Iterator[tuple[bytes, Difference]]:  # noqa: ARG002 - documents have no stamps
        return iter(())

    def strangers(self) -> Iterator[bytes]:
        return iter(())

    def judge(self, paths: Sequence[bytes]) -> Mapping[bytes, RowsFound]:
        """Say it of documents in the order of their parts: each part is written once where these are taken in that order."""
        with self._guarded(looks=True):
            standing = StandingParts.of(self._folder)
            if standing.is_another_s(self._job, self._project):
                return dict.fromkeys(paths, RowsFound(ANOTHER_PROJECT))
            found: dict[bytes, RowsFound] = {}
            for name, these in _by_part(standing, paths):
                found |= self._judged(standing, name, these)
            return found

    def standing(self, paths: Sequence[bytes]) -> set[bytes]:
        return {path for path, found in self.judge(paths).items() if found.keeps is None}

    def take(self, paths: Sequence[bytes], keep: Keep) -> Mapping[bytes, str]:
        stay: dict[bytes, str] = {}
        with self._guarded():
            changes = PartChanges(StandingParts.of(self._folder))
            if changes.standing.is_another_s(self._job, self._project):
                return dict.fromkeys(paths, ANOTHER_PROJECT)
            for name, these in _by_part(changes.standing, paths):
                found = self._judged(changes.standing, name, these)
                stay |= {path: each.keeps for path, each in found.items() if each.keeps is not None}
                going = frozenset(escape(path) for path, each in found.items() if each.keeps is None)
                if going:
                    keep(self._contents(changes.standing, name, going))
                    changes.add(self._without(changes.standing, name, going))
            self._publish(changes)
        return stay

    def put_back(self, kept: Sequence[tuple[bytes, Callable[[], bytes]]]) -> Mapping[bytes, str]:
        stay: dict[bytes, str] = {}
        contents = dict(kept)
        with self._guarded():
            changes = PartChanges(StandingParts.of(self._folder))
            if changes.standing.manifest is None:
                return dict.fromkeys(contents, "its data set is no longer there")
            if changes.standing.is_another_s(self._job, self._project):
                return dict.fromkeys(contents, ANOTHER_PROJECT)
            for name, these in _by_part(changes.standing, list(contents)):
                self._put_back(changes, name, {path: contents[path] for path in these}, stay)
            self._publish(changes)
        return stay

    def stamp(self) -> str | None:
        with self._guarded(looks=True):
            stamp = StandingParts.of(self._folder).stamp(self._job)
        return None if stamp is None else f"{stamp} {escape(self._named)}"

    def _judged(self, standing: StandingParts, name: str, paths: Sequence[bytes]) -> dict[bytes, RowsFound]:
        condition = standing.condition(name)
        if condition == "missing":
            return {}
        if condition == "changed":
            return dict.fromkeys(
                paths, RowsFound(f"its part {name} changed since docbatch wrote it", is_edited=True)
            )
        if standing.manifest is None:
            return dict.fromkeys(paths, RowsFound("the manifest of its data set is missing"))
        held = self._held(standing, name)
        return {path: RowsFound() for path in paths if escape(path) in held}

    def _held(self, standing: StandingParts, name: str) -> dict[str, str]:
        """Return the documents that the job has in a part, and the results that they are of."""
        with standing.reading(name) as part:
            assert part is not None
            return {path: digest for job, path, digest in part.documents() if job == self._job}

    def _contents(
        self, standing: StandingParts, name: str, going: frozenset[str]
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield what a part has of documents. Rows of one document lie after each other, not always in one group."""
        held = self._held(standing, name)
        with standing.reading(name) as part:
            assert part is not None
            left = set(going)
            for path, pieces in groupby(_pieces(part.tables(), self._job, going), key=itemgetter(0)):
                left.discard(path)
                yield unescape(path), _stream(pa.concat_tables([rows for _, rows in pieces]), held[path])
            for path in sorted(left):
                yield unescape(path), _stream(part.schema.empty_table(), held[path])

    def _without(self, standing: StandingParts, name: str, going: frozenset[str]) -> Any:
        with standing.reading(name) as part:
            assert part is not None
            schema = part.schema
        return rewritten(standing, name, AllBut(self._job, going), schema=schema, owner=self._owner)

    def _put_back(
        self,
        changes: PartChanges,
        name: str,
        contents: Mapping[bytes, Callable[[], bytes]],
        stay: dict[bytes, str],
    ) -> None:
        standing = changes.standing
        if standing.condition(name) != "whole":
            stay.update(dict.fromkeys(contents, f"its part {name} is not as docbatch wrote it"))
            return
        held = self._held(standing, name)
        with standing.reading(name) as part:
            assert part is not None
            schema = part.schema
        tables, empty = [], []
        for path, load in contents.items():
            try:
                rows, digest = _read(load())
            except UNREADABLE:
                stay[path] = "what is in the trash cannot be read"
                continue
            text = escape(path)
            if text in held:
                if held[text] != digest:
                    stay[path] = "something else stands in its place"
            elif not is_alike(schema, rows.schema):
                stay[path] = "its data set has other columns by now"
            elif len(rows):
                tables.append(_of_job(rows, self._job))
            else:
                empty.append((self._job, text, digest))
        if tables or empty:
            nobody = AllBut(self._job, frozenset())
            written = {"schema": schema, "owner": self._owner}
            changes.add(rewritten(standing, name, nobody, tables=tables, empty=empty, **written))

    def _publish(self, changes: PartChanges) -> None:
        manifest = changes.standing.manifest
        if changes.written and manifest is not None:
            changes.publish(manifest.model_copy(update={"files": tuple(changes.entries())}))

    @contextmanager
    def _guarded(self, *, looks: bool = False) -> Iterator[None]:
        """Let what hinders be a SinkError. What is kept beside may raise an OSError of its own, where anything is."""
        place = f"the data set {self.shown}"
        try:
            yield
        except UnsafeOutput as error:
            raise SinkError(
                str(error), hint=f"{SAFE}; move it away and run the same command again"
            ) from error
        except StoreFault as error:
            raise store_error(place, error) from error
        except OSError as error:
            if not looks:
                raise
            raise sink_error(place, error) from error
        except pa.ArrowException as error:
            raise SinkError(f"{place} cannot be written: {error}", hint=SAFE) from error


def _by_part(standing: StandingParts, paths: Iterable[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    parts = standing.parts
    if parts is None:
        return
    by_number: dict[int, list[bytes]] = {}
    for path in paths:
        by_number.setdefault(part_of(path, parts), []).append(path)
    for number in sorted(by_number):
        yield part_name(number, parts), by_number[number]


def _pieces(tables: Iterable[Any], job: str, going: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield (path, rows) of each stretch of rows of one document."""
    wanted = pa.array(sorted(going), pa.string())
    for table in tables:
        named = pc.is_in(table.column("path"), value_set=wanted)
        rows = table.filter(pc.and_(pc.equal(table.column("job"), job), named))
        start = 0
        for path, stretch in groupby(rows.column("path").to_pylist()):
            length = sum(1 for _ in stretch)
            yield path, rows.slice(start, length)
            start += length


def _stream(rows: Any, digest: str) -> bytes:
    sink = pa.BufferOutputStream()
    schema = rows.schema.with_metadata({_DIGEST: digest})
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(rows.cast(schema))
    return bytes(sink.getvalue().to_pybytes())


def _read(content: bytes) -> tuple[Any, str]:
    with pa.ipc.open_stream(content) as reader:
        rows = reader.read_all()
    digest = rows.schema.metadata[_DIGEST].decode()
    return rows.replace_schema_metadata(None), digest


def _of_job(rows: Any, job: str) -> Any:
    """Return rows as a job's that may be called otherwise by now."""
    field = rows.schema.field("job")
    return rows.set_column(0, field, pa.array([job] * len(rows), field.type))
