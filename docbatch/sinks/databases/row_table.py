"""One job's rows in a table of an open database, and what is noted of each document they are of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import itemgetter

from docbatch.sinks.databases.row_database import RowDatabase, Values, listed, quoted
from docbatch.sinks.databases.table_form import DOCUMENTS, TableForm
from docbatch.sinks.rows.row_maker import Row, rows_digest

_NOTED = ("table_name", "job", "path", "result_digest", "rows_digest", "row_count")
_NOTE_KEY = _NOTED[:3]


@dataclass(frozen=True, slots=True)
class DeliveredNote:
    """What is noted of a document that is delivered: of which result its rows are, their digest, and how many there are."""

    result: str
    rows: str
    count: int


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """All rows of one document as the table is to have them, without job and path."""

    path: str
    rows: tuple[Values, ...]
    note: DeliveredNote


@dataclass(frozen=True, slots=True)
class StoredRows:
    """What the table has of one document; `parts` tell its rows apart."""

    digest: str = rows_digest(())
    parts: tuple[Values, ...] = ()


class RowTable:
    """The rows of one job. `left` are columns that it had once and declares no more: they are emptied as rows are written."""

    def __init__(
        self, database: RowDatabase, name: str, job: str, form: TableForm, left: Sequence[str] = ()
    ) -> None:
        self._database = database
        self._name = name
        self._quoted = quoted(name)
        self.job = job
        self.form = form
        self._own = tuple(form.types)[2:]
        self._left = tuple(left)
        self._encoders = tuple(database.encoder(kind) for kind in form.types.values())[2:]

    def document(self, path: str, result: str, rows: Iterable[Row]) -> DocumentRows:
        """Return a document's rows as the table keeps them, given the digest of its result. Raises ValueError."""
        encoded = tuple(
            tuple(
                value if value is None or encoder is None else encoder(value)
                for value, encoder in zip(row[2:], self._encoders, strict=True)
            )
            for row in rows
        )
        return DocumentRows(path, encoded, DeliveredNote(result, _digest(self._own, encoded), len(encoded)))

    def stored(self, paths: Sequence[str]) -> dict[str, StoredRows]:
        """Return what the table has of these documents, those without rows left out."""
        width = len(self.form.parts)
        found: dict[str, StoredRows] = {}
        for path, rows in groupby(self._stream(paths), itemgetter(0)):
            parts: list[Values] = []
            digest = _digest((*self._own, *self._left), _passed(rows, parts, width))
            found[str(path)] = StoredRows(digest, tuple(parts))
        return found

    def notes(self, paths: Sequence[str]) -> dict[str, DeliveredNote]:
        condition, value = self._database.among(paths)
        rows = self._database.run(
            f"SELECT path, result_digest, rows_digest, row_count FROM {DOCUMENTS}"  # noqa: S608
            f" WHERE table_name = ? AND job = ? AND {condition}",
            [self._name.lower(), self.job, value],
        )
        return {
            str(path): DeliveredNote(str(result), str(digest), _number(count))
            for path, result, digest, count in rows
        }

    def whole(self, path: str) -> list[dict[str, object]]:
        """Return a document's rows with all columns, those of the user's among them."""
        names = [column.name for column in self._database.columns(self._name)]
        rows = self._database.run(
            f"SELECT {listed(names)} FROM {self._quoted} WHERE job = ? AND path = ?{self._order}",  # noqa: S608
            [self.job, path],
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def paths(self) -> list[str]:
        """Return the paths of all documents that have rows, or of which there is a note."""
        rows = self._database.run(
            f"SELECT path FROM {self._quoted} WHERE job = ?"  # noqa: S608
            f" UNION SELECT path FROM {DOCUMENTS} WHERE table_name = ? AND job = ? ORDER BY 1",
            [self.job, self._name.lower(), self.job],
        )
        return [str(path) for (path,) in rows]

    def has_others(self) -> bool:
        """Whether there are rows or notes of other jobs."""
        query = (
            f"SELECT EXISTS (SELECT 1 FROM {self._quoted} WHERE job <> ?)"  # noqa: S608
            f" OR EXISTS (SELECT 1 FROM {DOCUMENTS} WHERE table_name = ? AND job <> ?)"
        )
        ((found,),) = self._database.run(query, [self.job, self._name.lower(), self.job])
        return bool(found)

    def count(self) -> int:
        ((rows,),) = self._database.run(f"SELECT count(*) FROM {self._quoted}")  # noqa: S608
        return _number(rows)

    def put(
        self,
        documents: Sequence[DocumentRows],
        stored: Mapping[str, StoredRows],
        known: Mapping[str, DeliveredNote],
    ) -> int:
        """Let the table have these documents' rows and no others of theirs; return by how many rows it grew. Raises RowsRefused."""
        new: list[Values] = []
        changed: list[Values] = []
        gone: list[Values] = []
        width = len(self.form.parts)
        for each in documents:
            there = stored.get(each.path, StoredRows())
            if there.digest == each.note.rows:
                continue
            parts = set(there.parts)
            for row in each.rows:
                (changed if row[:width] in parts else new).append((self.job, each.path, *row))
            gone += [(self.job, each.path, *part) for part in parts - {row[:width] for row in each.rows}]
        self._write(new, changed, gone)
        self._note({each.path: each.note for each in documents}, known)
        return len(new) - len(gone)

    def forget(self, path: str) -> None:
        """Remove a document's rows, and what is noted of it."""
        self._database.run(f"DELETE FROM {self._quoted} WHERE job = ? AND path = ?", [self.job, path])  # noqa: S608
        self._database.delete(DOCUMENTS, _NOTE_KEY, [(self._name.lower(), self.job, path)])

    def rename_job(self, former: str) -> None:
        """Let all rows and notes of a job that is called otherwise now be the job's; it must have none at their paths."""
        self._database.run(f"UPDATE {self._quoted} SET job = ? WHERE job = ?", [self.job, former])  # noqa: S608
        self._database.run(
            f"UPDATE {DOCUMENTS} SET job = ? WHERE table_name = ? AND job = ?",  # noqa: S608
            [self.job, self._name.lower(), former],
        )

    def _stream(self, paths: Sequence[str]) -> Iterator[Values]:
        condition, value = self._database.among(paths)
        # The bounds let a database pass over the parts of a table that lie elsewhere.
        query = (
            f"SELECT path, {listed((*self._own, *self._left))} FROM {self._quoted}"  # noqa: S608
            f" WHERE job = ? AND path >= ? AND path <= ? AND {condition}{self._order}"
        )
        if not paths:
            return iter(())
        return self._database.stream(query, [self.job, min(paths), max(paths), value])

    @property
    def _order(self) -> str:
        return f" ORDER BY {listed(('path', *self.form.parts))}"

    def _write(self, new: list[Values], changed: list[Values], gone: list[Values]) -> None:
        keys = self.form.keys
        columns = tuple(self.form.columns)
        empty = (None,) * len(self._left)
        if gone:
            self._database.delete(self._name, keys, gone)
        if changed and (columns or self._left):
            rows = [(*row, *empty) for row in changed] if empty else changed
            self._database.update(self._name, keys, (*columns, *self._left), rows)
        if new:
            self._database.insert(self._name, (*keys, *columns), new)

    def _note(self, notes: Mapping[str, DeliveredNote], known: Mapping[str, DeliveredNote]) -> None:
        due = {path: note for path, note in notes.items() if known.get(path) != note}
        before = [(self._name.lower(), self.job, path) for path in due if path in known]
        if before:
            self._database.delete(DOCUMENTS, _NOTE_KEY, before)
        if due:
            rows = [
                (self._name.lower(), self.job, path, note.result, note.rows, note.count)
                for path, note in due.items()
            ]
            self._database.insert(DOCUMENTS, _NOTED, rows)


def _digest(names: tuple[str, ...], rows: Iterable[Values]) -> str:
    """Return a digest of rows by the names of what is not null: a column that is added or emptied makes no other rows of them."""
    places = _by_name(names)
    return rows_digest(
        [said for name, place in places if row[place] is not None for said in (name, row[place])]
        for row in rows
    )


@cache
def _by_name(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Return columns and their places in order of their names. There are few forms of tables, and documents by the million."""
    return tuple(sorted((name, place) for place, name in enumerate(names)))


def _passed(rows: Iterable[Values], parts: list[Values], width: int) -> Iterator[Values]:
    """Yield rows without their paths, and keep what tells them apart."""
    for _, *row in rows:
        parts.append(tuple(row[:width]))
        yield tuple(row)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def is_edited(rows: StoredRows, known: DeliveredNote | None) -> bool:
    """Whether a document's rows are others than is noted of them."""
    return known is None or rows.digest != known.rows
