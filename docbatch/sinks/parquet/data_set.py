"""The sink of a data set: what is due is sorted by part, and each part that it touches is written anew and put in its place at once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa

from docbatch.core.errors import ForeignOutput, SinkError, StateError
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.faults import SAFE, fault, sink_error
from docbatch.sinks.kind import Opening
from docbatch.sinks.objects.object_outputs import store_error
from docbatch.sinks.parquet.arrow_rows import DIGEST, schema_of
from docbatch.sinks.parquet.folders import LocalFolder, PartsFolder, StoredFolder
from docbatch.sinks.parquet.manifest import DataSetManifest, ManifestColumn, PartEntry
from docbatch.sinks.parquet.part_changes import PartChanges
from docbatch.sinks.parquet.part_names import MANIFEST, beside, part_name, part_number, part_of
from docbatch.sinks.parquet.rewritten_part import AllBut, Renamed, rewritten
from docbatch.sinks.parquet.sorted_rows import RowsOfPart, SortedRows
from docbatch.sinks.parquet.standing_parts import Holdings, StandingParts
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.sinks.trash import Trash
from docbatch.stores.faults import StoreFault


@dataclass(frozen=True, slots=True)
class DataSetPlace:
    """Where a data set lies: `folder_at` opens a folder by its path below the root, `output` is the path that a spec names."""

    output: bytes
    folder_at: Callable[[bytes], PartsFolder]
    drafts: Path
    trash: Trash
    parts: int | None

    @classmethod
    def of(cls, at: Opening) -> "DataSetPlace":
        trash, bucket, drafts = Trash(at.trash), at.bucket, at.trash.parent

        def folder_at(folder: bytes) -> PartsFolder:
            if bucket is not None:
                return StoredFolder(bucket, folder, drafts)
            return LocalFolder(at.root, folder, trash)

        return cls(at.output, folder_at, drafts, trash, at.options.parts)

    def standing(self) -> tuple[bytes, StandingParts]:
        """Return the folder of the data set, and what stands there: beside the place that is named where that has another number of parts."""
        named = StandingParts.of(self.folder_at(self.output))
        if self.parts is None:
            return self.output, named
        other = beside(self.output, self.parts)
        aside = StandingParts.of(self.folder_at(other))
        if aside.parts is None and named.parts in {None, self.parts}:
            return self.output, named
        return other, aside


class _Written(TypedDict):
    """As what parts are written: their schema, and which project the job is of."""

    schema: Any
    owner: Mapping[str, str]


class ParquetSink(Sink):
    """Writes what it is handed in the end, part after part; the receipts of the last one follow the manifest."""

    def __init__(self, place: DataSetPlace, maker: RowMaker, rows: str) -> None:
        self._place = place
        self._maker = maker
        self._rows = rows
        self._schema = schema_of(maker.columns)
        owner = {maker.job: maker.project} if maker.project else {}
        self._as_ours: _Written = {"schema": self._schema, "owner": owner}

    @classmethod
    def of(cls, at: Opening) -> "ParquetSink":
        return cls(DataSetPlace.of(at), RowMaker.of(at), at.options.rows)

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        with self._guarded():
            before = self._ours()
        with self._sorting(before) as taken:
            yield from self._take(deliveries, taken)
            if taken.documents:
                yield from self._write(taken, before)

    def stamp(self, output: bytes) -> str | None:  # noqa: ARG002 - there is one
        try:
            folder, standing = self._place.standing()
            stamp = standing.stamp(self._maker.job)
        except (UnsafeOutput, OSError):
            return None
        except StoreFault as error:
            raise self._store_error(error) from error
        return None if stamp is None else f"{stamp} {escape(folder)}"

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Yield documents whose rows are missing or of another result, and those of parts that are not as they were left.

        Where the manifest does not tell of parts that are whole, one document is named: with it the manifest is written.
        """
        with self._guarded():
            standing = self._ours()
        holdings = None
        for path, digest in expected:
            untold = None
            if holdings is None:
                with self._guarded():
                    holdings = Holdings(standing, self._maker.job, self._schema).read()
                untold = (
                    "the manifest of its data set is missing or of before" if holdings.is_untold else None
                )
            why = holdings.why_not(path, digest) or untold
            if why is not None:
                yield path, why

    def take_over(self, jobs: Iterable[str]) -> None:
        """Let rows that bear former names of the job be the job's; what the job has already stays, and the former goes to the trash."""
        job = self._maker.job
        for former in jobs:
            with self._guarded():
                changes = PartChanges(self._ours())
                if changes.standing.is_another_s(former, self._maker.project):
                    continue
                for name in changes.parts_of(former):
                    own = frozenset(changes.paths_in(name, job))
                    staying = Renamed(former, job, own, self._kept_rows(name))
                    changes.add(rewritten(changes.standing, name, staying, **self._as_ours))
                self._publish(changes)

    def remove(self, output: bytes) -> None:
        """Move the rows of one document to the trash, or all the job has when `output` is empty: the files, where they are the job's alone."""
        with self._guarded():
            changes = PartChanges(self._ours())
            if output and changes.standing.parts is not None:
                number = part_of(output, changes.standing.parts)
                name = part_name(number, changes.standing.parts)
                path = escape(output)
                if path in set(changes.paths_in(name, self._maker.job)):
                    staying = AllBut(self._maker.job, frozenset([path]), self._kept_rows(name))
                    changes.add(rewritten(changes.standing, name, staying, **self._as_ours))
            elif not output and any(True for _ in changes.others(self._maker.job)):
                for name in changes.parts_of(self._maker.job):
                    staying = AllBut(self._maker.job, None, self._kept_rows(name))
                    changes.add(rewritten(changes.standing, name, staying, **self._as_ours))
            elif not output:
                self._remove_all(changes.standing)
                return
            self._publish(changes)

    def _sorting(self, standing: StandingParts) -> SortedRows:
        parts = standing.parts or self._place.parts
        try:
            return SortedRows(self._place.drafts, self._schema, self._maker.job, parts)
        except OSError as error:
            raise sink_error(f"the folder {self._place.drafts}", error) from error

    def _take(self, deliveries: Iterable[Delivery], taken: SortedRows) -> Iterator[Fault]:
        for delivery in deliveries:
            try:
                rows = self._maker.rows(delivery)
            except (ValueError, StateError) as error:
                yield fault(delivery, error)
                continue
            try:
                taken.add(delivery.path, delivery.result_digest, rows)
            except OSError as error:
                raise sink_error(f"the folder {self._place.drafts}", error) from error

    def _write(self, taken: SortedRows, before: StandingParts) -> Iterator[Receipt]:
        with self._guarded():
            changes = PartChanges(self._ours())
            if changes.standing.parts != before.parts:
                raise self._touched(changes.standing.folder.place)
            changes.parts = parts = changes.standing.parts or taken.settle()
        done: list[Receipt] = []
        for number, part in taken.parts(parts):
            name = part_name(number, parts)
            with self._guarded():
                # Other documents of a part that was touched in the meantime are not at hand.
                if before.stamps.get(name) != changes.standing.stamps.get(name):
                    raise self._touched(f"{changes.standing.folder.place}/{name}")
                changes.add(self._written(changes.standing, name, part))
            yield from done
            done = [
                Receipt(path, None, remark=self._maker.remark(has_rows=has_rows))
                for path, _, has_rows in part.documents()
            ]
        with self._guarded():
            self._publish(changes)
        yield from done

    def _written(self, standing: StandingParts, name: str, part: RowsOfPart) -> PartEntry:
        handed = frozenset(escape(path) for path, _, _ in part.documents())
        staying = AllBut(self._maker.job, handed)
        return rewritten(standing, name, staying, tables=part.tables(), empty=part.empty(), **self._as_ours)

    @staticmethod
    def _touched(place: str) -> SinkError:
        return SinkError(
            f"{place} was changed by somebody else while it was about to be written",
            hint=f"{SAFE}; run the same command again, which looks at all of its documents",
        )

    def _publish(self, changes: PartChanges) -> None:
        """Write the manifest, if any part was written."""
        if not changes.written:
            return
        columns = (
            *(
                ManifestColumn(name=each.name, type=each.type, key=each.is_key)
                for each in self._maker.columns
            ),
            ManifestColumn(name=DIGEST, type="text"),
        )
        manifest = DataSetManifest(
            parts=changes.parts or 1, rows=self._rows, columns=columns, files=tuple(changes.entries())
        )
        changes.publish(manifest)

    def _remove_all(self, standing: StandingParts) -> None:
        for name in sorted(standing.stamps):
            if name == MANIFEST or part_number(name, standing.parts or 1) is not None:
                standing.folder.keep(name, "removed")
        standing.folder.leave()

    def _kept_rows(self, name: str) -> Callable[[Any], None]:
        def keep(rows: Any) -> None:
            if not len(rows):
                return
            content = json.dumps(rows.to_pylist(), default=str).encode()
            where = f"{escape(self._place.output)}/{name}"
            first = rows.column("path")[0].as_py()
            self._place.trash.keep(content, f"{first}.json", where=where, document=first, why="removed")

        return keep

    def _ours(self) -> StandingParts:
        """Return the data set as it stands. Raises SinkError for one that is not ours to write, OSError, StoreFault, UnsafeOutput."""
        _, standing = self._place.standing()
        standing.require_ours()
        standing.require_own(self._maker.job, self._maker.project)
        if standing.manifest is not None:
            keys = [each.name for each in standing.manifest.columns if each.key]
            own = [each.name for each in self._maker.columns if each.is_key]
            other = next(iter(PartChanges(standing).others(self._maker.job)), None)
            if keys != own and other is not None:
                raise ForeignOutput(
                    f"{standing.folder.place} holds rows of job '{other}' of another kind: {standing.manifest.rows}, not {self._rows}",
                    hint=f"{SAFE}; give the sink another path, or the same `rows`, and run the same command again",
                )
        return standing

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        named = escape(self._place.output)
        try:
            yield
        except SinkError:
            raise
        except UnsafeOutput as error:
            raise SinkError(str(error), hint=f"{SAFE}; then run the same command again") from error
        except StoreFault as error:
            raise self._store_error(error) from error
        except pa.ArrowException as error:
            raise SinkError(
                f"the data set {named} cannot be written: {error}",
                hint=f"{SAFE}; take what is too large for a part out of its columns, and run the same command again",
            ) from error
        except OSError as error:
            raise sink_error(
                f"the data set {self._place.folder_at(self._place.output).place}", error
            ) from error

    def _store_error(self, error: StoreFault) -> SinkError:
        return store_error(f"the data set {escape(self._place.output)}", error)
