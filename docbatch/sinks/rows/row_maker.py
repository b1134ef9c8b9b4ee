"""The rows of one document, as a sink was told to make them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docbatch.core.results import Answer, Result
from docbatch.naming.column_values import ColumnValue
from docbatch.naming.expressions import Context
from docbatch.naming.pathtext import escape
from docbatch.naming.templates import doc_fields
from docbatch.sinks.base import Delivery
from docbatch.sinks.kind import Opening
from docbatch.sinks.rows.casts import Value, cast
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.fields import KEYS, STANDARD
from docbatch.sinks.rows.options import ChunkSpec, RowOptions
from docbatch.sinks.rows.packed_rows import PackedRows
from docbatch.sinks.rows.records import Record, document_fields, failed_record, records, whole_result

NO_PAGES = "it has no pages, and rows: page writes no row of it; rows: document writes one of each document"
"""Said of documents such as texts: that one without tables has no rows of them is what it was asked."""

Taken = Callable[[str], Any]
"""Gives the value of a column by its name, before it is cast."""

Row = tuple[Value, ...]
"""A row's values, in the order of its columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as a sink makes it. Those that are part of the `is_key` are never null."""

    name: str
    type: str
    is_key: bool = False


class RowMaker:
    """Makes rows of results. `columns` are those of every row, the key's first: `job`, `path`, and what tells a document's rows apart."""

    def __init__(self, options: RowOptions, facts: RowFacts, context: Context) -> None:
        self._rows = options.rows
        self._chunks = options.chunks
        self._facts = facts
        self._context = context
        declared = options.columns
        self._values: Mapping[str, ColumnValue] | None = (
            None
            if declared is None
            else {name: value.bind(context) for name, value in options.column_values().items()}
        )
        keys = [
            Column(name, "integer" if name == "row" else "text", is_key=True) for name in KEYS[self._rows]
        ]
        own = (
            STANDARD[self._rows]
            if declared is None
            else [(name, column.type) for name, column in declared.items()]
        )
        self.columns: tuple[Column, ...] = (*keys, *(Column(name, kind) for name, kind in own))
        self._packed = PackedRows(self.columns)

    @classmethod
    def of(cls, at: Opening) -> "RowMaker":
        """Return what makes the rows of a sink whose options are RowOptions."""
        return cls(at.options, RowFacts.of(at), at.context)

    @property
    def job(self) -> str:
        return self._facts.job

    @property
    def project(self) -> str:
        """The id of the job's project, empty for one without."""
        return self._facts.project

    def rows(self, delivery: Delivery) -> list[Row]:
        """Return a document's rows, those that were made elsewhere where they are there; none where it has nothing of the kind.

        Raises ValueError for what cannot be cast or read, StateError for a result that is gone.
        """
        made = delivery.made()
        return self.made_here(delivery) if made is None else self._packed.unpacked(made)

    def remark(self, *, has_rows: bool) -> str | None:
        """Return what a receipt says of a document that should have rows and has none."""
        return NO_PAGES if self._rows == "page" and not has_rows else None

    def made_here(self, delivery: Delivery) -> list[Row]:
        """Make a document's rows in this process. Raises the same."""
        key: dict[str, Value] = {"job": self._facts.job, "path": escape(delivery.path)}
        taken = self._standard(delivery) if self._values is None else self._declared(delivery, self._values)
        return [
            self._row({**key, "row": number, "chunk": record.get("chunk")}, taken(record))
            for number, record in enumerate(self._records(delivery), 1)
        ]

    def _records(self, delivery: Delivery) -> Iterator[Record]:
        if delivery.failure is not None:
            yield failed_record(delivery.document, delivery.failure)
            return
        answer = delivery.load()
        result = answer.result(delivery.document)
        of_all = document_fields(result)
        if self._values is None and self._rows == "document":
            of_all |= {"pages": of_all["page_count"], "result": whole_result(result)}
        for record in self._own(delivery, answer, result):
            yield {**of_all, **record}

    def _own(self, delivery: Delivery, answer: Answer, result: Result) -> Iterator[Record]:
        if self._rows != "chunk":
            return records(self._rows, answer, result)
        from docbatch.sinks.rows.chunks import chunk_records  # noqa: PLC0415 - a library of its own

        return chunk_records(result, self._chunks or ChunkSpec(), self._facts.job, escape(delivery.path))

    def _row(self, key: Mapping[str, Value], taken: Taken) -> Row:
        return tuple(
            key[column.name] if column.is_key else _cast(taken(column.name), column)
            for column in self.columns
        )

    def _standard(self, delivery: Delivery) -> Callable[[Record], Taken]:
        said = {
            "labels": dict(self._facts.labels),
            "columns": dict(self._facts.columns(delivery.path)),
        }
        return lambda record: {**record, **said}.get

    def _declared(self, delivery: Delivery, values: Mapping[str, ColumnValue]) -> Callable[[Record], Taken]:
        document = delivery.document
        # As the column `path` has it: a cell is text.
        doc = doc_fields(
            escape(delivery.path).encode(),
            sha256=document.sha256,
            size=document.size,
            metadata=self._facts.columns(delivery.path),
        )

        def taken(record: Record) -> Taken:
            context = {**self._context, "row": record, "doc": doc}
            return lambda name: values[name].value(context)

        return taken


_encoded = json.JSONEncoder(default=str, ensure_ascii=False).encode


def rows_digest(rows: Iterable[Sequence[object]]) -> str:
    """Return a digest of rows in their order, equal for equal values: JSON of each, times in UTC."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        digest.update(_encoded(list(row)).encode(errors="surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _cast(value: Any, column: Column) -> Value:
    try:
        return cast(value, column.type)
    except ValueError as error:
        raise ValueError(f"column {column.name}: {error}") from error
