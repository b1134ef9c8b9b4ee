"""What tables of rows ask of a database that is open: an engine each answers it, with names quoted and values bound."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from docbatch.sinks.rows.casts import Value

Values = tuple[object, ...]

Encoder = Callable[[Value], object]
"""Makes what a database keeps of a value that is not null. Raises ValueError."""


class RowsRefused(Exception):
    """Rows that the database does not take, such as for a constraint of the user's; others it may take."""


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column as the database has it; `is_key` says that it is part of the primary key."""

    name: str
    type: str
    is_key: bool


class RowsWatched(Protocol):
    """Looks after what is written while triggers of the user's run."""

    def is_about(self, paths: set[str], growth: int) -> bool:
        """Whether only rows of these paths of the job were written, and the table grew by so many rows."""


class RowDatabase(Protocol):
    """One open database. What concerns single rows raises RowsRefused, everything else what the opener makes a SinkError."""

    types: Mapping[str, str]
    """What a column of each type of ours is declared as, and told as."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Values]: ...

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[Values]: ...

    def encoder(self, kind: str) -> Encoder | None:
        """Return what makes a value of a type what the database keeps; None where it keeps it as it is."""

    def among(self, paths: Sequence[str]) -> tuple[str, object]:
        """Return a condition on the column `path` with one value to bind, and that value."""

    def columns(self, table: str) -> list[FoundColumn]:
        """Return the columns of a table or view; none where there is nothing of that name."""

    def is_view(self, table: str) -> bool: ...

    def has_company(self, table: str) -> bool:
        """Whether something of the user's hangs on a table: an index, a trigger, or a view that may name it."""

    def holds_nothing_but(self, tables: Sequence[str]) -> bool: ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None: ...

    def update(
        self, table: str, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Set columns of rows; each value is in the order of the keys, then of the columns."""

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[object]]) -> None: ...

    def transaction(self) -> AbstractContextManager[None]:
        """Let what is done be durable at the end of the block, and undone when it raises."""

    def mark(self) -> None:
        """Say in the file that it is ours, inside a transaction."""

    def watch(self, table: str, job: str) -> RowsWatched | None:
        """Begin to watch what is written, inside a transaction; None where nothing of the user's runs beside it."""

    def edited_undeclared(self, table: str, job: str) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield path and row of what somebody edited in a table that the same kind of sink made when no rows were declared."""


class DatabaseFile(Protocol):
    """The file that a database lies in. What is done in a block that is `guarded` raises SinkError, and so does closing it."""

    shown: str
    drop_command: str
    """A command that runs one statement in it; `{}` stands for the statement."""
    is_written_beside: bool = False
    """Whether another thread may write what this one makes: only where its library lets others go on meanwhile."""

    def guarded(self) -> AbstractContextManager[None]:
        """Let what hinders be a SinkError that says what is safe to do next."""

    def writing(self) -> AbstractContextManager[RowDatabase]:
        """Open it, made where it is not there."""

    def reading(self) -> AbstractContextManager[RowDatabase | None]:
        """Open it and write nothing; None where it is not there."""

    def is_unfinished(self) -> bool:
        """Whether a killed run left a transaction that only a writer may undo."""

    def stamp(self) -> str | None: ...

    def remove(self) -> None:
        """Move the file to the trash."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
