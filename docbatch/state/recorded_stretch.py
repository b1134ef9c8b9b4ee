"""What is recorded of many documents that follow each other, as one row: most runs find it to be what is there."""

from dataclasses import dataclass

from docbatch.core.demands import Demands
from docbatch.state.database import Database
from docbatch.state.deliveries import OutputRow
from docbatch.state.void import void_under

_READ = (
    "SELECT count(*), CAST(group_concat(document.path, x'00') AS BLOB), CAST(group_concat(item.digest, '') AS BLOB),"
    " group_concat(item.media_type, x'0a'), total(item.status IN ('succeeded', 'partial') AND NOT {void}),"
    " min(item.recipe), max(item.recipe) FROM document LEFT JOIN item ON item.id = document.item"
    # The rows come in the order of their key; in any other they would only not be found to be what is there.
    " WHERE document.job = ? AND document.wanted = 1 AND document.path > ? AND document.path <= ?"
)


@dataclass(frozen=True, slots=True)
class RecordedStretch:
    """Documents of a job between two paths: paths joined by NUL, digests one after the other, media types joined by line feeds.

    `done` are those that have a result the job takes; `recipe` is the row of the recipe of all of them, None where they have several.
    """

    count: int
    paths: bytes
    digests: str
    media_types: str
    done: int
    recipe: int | None


def recorded_stretch(
    database: Database, job: str, after: bytes, last: bytes, demands: Demands
) -> RecordedStretch:
    """Read what is wanted of a job behind one path and up to another."""
    sql = _READ.replace("{void}", void_under(demands))
    count, paths, digests, types, done, lowest, highest = database.execute(sql, (job, after, last)).fetchone()
    recipe = lowest if lowest == highest else None
    return RecordedStretch(count, paths or b"", (digests or b"").hex(), types or "", int(done), recipe)


def is_any_behind(database: Database, job: str, path: bytes) -> bool:
    """Say whether a job wants a document whose path is greater than one."""
    sql = "SELECT 1 FROM document WHERE job = ? AND wanted = 1 AND path > ? LIMIT 1"
    return database.execute(sql, (job, path)).fetchone() is not None


def recorded_outputs(
    database: Database, sink: int, after: bytes, last: bytes, *, named: bool = False
) -> list[OutputRow]:
    """Return where the outputs of a sink's documents behind one path and up to another lie, and their stamps; nothing else of them.

    Their documents' paths are empty as well, unless they are to be `named`.
    """
    path = "path" if named else "x''"
    sql = f"SELECT {path}, output, NULL, stamp, 0 FROM delivery WHERE sink = ? AND path > ? AND path <= ? ORDER BY path"
    return database.execute(sql, (sink, after, last)).fetchall()
