"""The documents that differ, in the database of differences: asked for in windows, and left out of it again."""

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from docbatch.core.changes import ChangeKind, Reason

WINDOW = 500


class TouchedDocument(NamedTuple):
    """A document for which something is due or stands; `kind` and `reason` are None where that is an output of its alone.

    `adopt` says whether the state has to learn about it.
    """

    path: bytes
    kind: ChangeKind | None
    reason: Reason | None
    adopt: bool


class TouchedDocuments:
    def __init__(self, execute: Callable[..., Any], executemany: Callable[..., Any]) -> None:
        self._execute = execute
        self._executemany = executemany

    def of(self, job: str) -> Iterator[list[TouchedDocument]]:
        """Yield windows of a job's documents in path order. Those of windows that were yielded may be left out meanwhile."""
        after = b""
        while window := self._after(job, after):
            after = window[-1].path
            yield window

    def _after(self, job: str, path: bytes) -> list[TouchedDocument]:
        rows = self._execute(_TOUCHED, (job, path, WINDOW))
        return [
            TouchedDocument(path, kind and ChangeKind(kind), reason and Reason(reason), bool(adopt))
            for path, kind, reason, adopt in rows.fetchall()
        ]

    def leave_out(self, job: str, paths: Collection[bytes]) -> None:
        """Forget what is due for documents of a job."""
        rows = [(job, path) for path in paths]
        self._executemany("DELETE FROM change WHERE job = ? AND path = ?", rows)
        self._executemany("DELETE FROM output WHERE job = ? AND path = ?", rows)

    def sends(self, keys: Collection[str]) -> set[str]:
        """Return which of these items are still to be sent."""
        if not keys:
            return set()
        rows = self._execute(
            "SELECT DISTINCT key FROM change WHERE kind = 'send' AND key IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
        return {key for (key,) in rows}


_TOUCHED = """
    SELECT path, kind, reason, adopt FROM (
        SELECT path, kind, reason, adopt FROM (
            SELECT path, kind, reason, adopt FROM change WHERE job = ?1 AND path > ?2 ORDER BY path LIMIT ?3)
        UNION ALL
        SELECT DISTINCT path, NULL, NULL, 0 FROM (SELECT path FROM output WHERE job = ?1 AND path > ?2
            AND NOT EXISTS (SELECT 1 FROM change WHERE change.job = ?1 AND change.path = output.path) ORDER BY path LIMIT ?3)
    ) ORDER BY path LIMIT ?3
"""
