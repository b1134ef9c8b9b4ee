"""Writing one part anew: what of it stays as it was, and what comes to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from docbatch.core.errors import SinkError
from docbatch.sinks.faults import SAFE
from docbatch.sinks.parquet.arrow_rows import adapted, is_alike, lost_columns
from docbatch.sinks.parquet.manifest import PartEntry
from docbatch.sinks.parquet.part_file import Held, PartReader, PartWriter
from docbatch.sinks.parquet.standing_parts import StandingParts

_NOT_OURS = ""
"""No file bears this stamp: what stands in the place goes to the trash."""


class Staying(Protocol):
    """What of a part stays when it is written anew."""

    def rows(self, table: Any) -> Any:
        """Return which of these rows stay, and as what."""

    def empty(self, held: Held) -> Held | None:
        """Return a document without rows if it stays, and as what."""


@dataclass(frozen=True, slots=True)
class AllBut:
    """Everything but documents of one job; `taken` is handed their rows."""

    job: str
    paths: frozenset[str] | None
    taken: Callable[[Any], None] = lambda _rows: None

    def rows(self, table: Any) -> Any:
        going = pc.equal(table.column("job"), self.job)
        if self.paths is not None:
            named = pc.is_in(table.column("path"), value_set=pa.array(self.paths, pa.string()))
            going = pc.and_(going, named)
        self.taken(table.filter(going))
        return table.filter(pc.invert(going))

    def empty(self, held: Held) -> Held | None:
        is_going = held[0] == self.job and (self.paths is None or held[1] in self.paths)
        return None if is_going else held


@dataclass(frozen=True, slots=True)
class Renamed:
    """Everything, rows of a job's former name as the job's own; where it has a document itself, `taken` is handed the former rows."""

    former: str
    job: str
    own: frozenset[str]
    taken: Callable[[Any], None]

    def rows(self, table: Any) -> Any:
        table = AllBut(self.former, self.own, self.taken).rows(table)
        jobs = table.column("job")
        renamed = pc.if_else(pc.equal(jobs, self.former), self.job, jobs)
        return table.set_column(0, table.schema.field("job"), renamed.cast(pa.string()))

    def empty(self, held: Held) -> Held | None:
        if held[0] != self.former:
            return held
        return None if held[1] in self.own else (self.job, held[1], held[2])


def rewritten(
    standing: StandingParts,
    name: str,
    staying: Staying,
    *,
    schema: Any,
    owner: Mapping[str, str],
    tables: Iterable[Any] = (),
    empty: Iterable[Held] = (),
) -> PartEntry:
    """Put a part in its place, and return what it is. What is lost of the one before goes to the trash with it.

    `owner` says of jobs that are written which project they are of.

    Raises SinkError, OSError, StoreFault, UnsafeOutput, and pyarrow's errors.
    """
    is_whole = name in standing.stamps and standing.condition(name) == "whole"
    expected = standing.stamps.get(name) if is_whole else _NOT_OURS if name in standing.stamps else None
    with standing.folder.draft(name) as draft:
        writer = PartWriter(draft.file, schema)
        if is_whole:
            with standing.reading(name) as part:
                assert part is not None
                if _carry(part, staying, writer, schema):
                    expected = _NOT_OURS
        writer.projects.update(owner)
        for table in tables:
            writer.add(table)
        for held in empty:
            writer.add_empty(held)
        written = writer.finish()
        stamp = draft.publish(expected)
    return PartEntry(
        name=name,
        rows=written.rows,
        size=written.size,
        sha256=written.sha256,
        stamp=stamp,
        jobs=written.jobs,
    )


def _carry(part: PartReader, staying: Staying, writer: PartWriter, schema: Any) -> bool:
    """Add what stays of a part; say whether some of that is lost, since the part has other columns."""
    is_other = not is_alike(schema, part.schema)
    are_rows = False
    writer.projects.update(part.projects)
    for table in part.tables():
        kept = staying.rows(table)
        if is_other and len(kept):
            _require_keys(part.schema, schema, kept)
            are_rows = True
        writer.add(adapted(kept, schema))
    for held in part.empty():
        stays = staying.empty(held)
        if stays is not None:
            writer.add_empty(stays)
    return are_rows and bool(lost_columns(schema, part.schema))


def _require_keys(found: Any, schema: Any, rows: Any) -> None:
    if keys_of(found) != keys_of(schema):
        (job, *_) = rows.column("job").to_pylist()
        raise SinkError(
            f"its parts hold rows of job '{job}' that are another kind of rows, with the keys {', '.join(keys_of(found))}",
            hint=f"{SAFE}; give the sink another path, or declare the same rows in both jobs, and run the same command again",
        )


def keys_of(schema: Any) -> Sequence[str]:
    """Return the columns of the key: those that are never null, but for the digest at the end."""
    return [each.name for each in schema if not each.nullable][:-1]
