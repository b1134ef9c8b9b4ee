"""A table that gives way to one of another form: where it holds rows of one job alone, and nothing of the user's hangs on it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from docbatch.sinks.databases.row_database import RowDatabase, quoted
from docbatch.sinks.databases.row_table import RowTable, is_edited
from docbatch.sinks.databases.table_form import DOCUMENTS, TABLES

_WINDOW = 512

Keep = Callable[[str, Sequence[Mapping[str, object]]], None]
"""Takes the path and the rows of a document to the trash."""


def may_give_way(database: RowDatabase, table: str, job: str, columns: Collection[str]) -> bool:
    """Whether a table has no other columns than these, which are ours, no rows of other jobs, and nothing of the user's on it."""
    if any(each.name not in columns for each in database.columns(table)):
        return False
    query = f"SELECT EXISTS (SELECT 1 FROM {quoted(table)} WHERE job <> ?)"  # noqa: S608
    ((has_others,),) = database.run(query, [job])
    return not has_others and not database.has_company(table)


def keep_edited(former: RowTable, keep: Keep) -> None:
    """Hand on what somebody edited in a table that is about to give way."""
    for path in _edited(former):
        keep(path, former.whole(path))


def take_away(database: RowDatabase, table: str) -> None:
    """Remove a table and what is noted of it, inside a transaction."""
    database.run(f"DROP TABLE {quoted(table)}")
    for notes, name in ((DOCUMENTS, "table_name"), (TABLES, "name")):
        if database.columns(notes):
            database.run(f"DELETE FROM {notes} WHERE {name} = ?", [table.lower()])  # noqa: S608


def _edited(former: RowTable) -> Iterator[str]:
    every = iter(former.paths())
    while paths := list(islice(every, _WINDOW)):
        stored, known = former.stored(paths), former.notes(paths)
        yield from (path for path, rows in stored.items() if is_edited(rows, known.get(path)))
