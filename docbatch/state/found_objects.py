"""What was learned of objects in stores: which bytes they had, as what, and how much there is of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes, as_text

ExtentRow = tuple[str, str, int | None, int | None, int | None]
"""Digest, media type, pages, sheets, cells."""


class FoundObject(NamedTuple):
    """An object as it was read: by its place, the status that its store described it with, digest and media type."""

    place: bytes
    status: bytes
    digest: str
    media_type: str


class MemberStretch(NamedTuple):
    """A stretch of what lies in one container, packed: the last name in it, and the members."""

    last: bytes
    members: bytes


class FoundObjects:
    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, first: bytes, last: bytes, version: int) -> list[FoundObject]:
        """Return what is recorded from one place to another, both included, by this version of telling media types."""
        rows = self._database.execute(
            f"SELECT place, status, {as_text('digest')}, media_type FROM found_object"
            " WHERE place >= ? AND place <= ? AND version = ?",
            (first, last, version),
        )
        return [FoundObject._make(row) for row in rows]

    def wanted(self, job: str, first: bytes, behind: bytes) -> list[bytes]:
        """Return the paths of a job's documents from one to another that is not among them."""
        rows = self._database.execute(
            "SELECT path FROM document WHERE job = ? AND wanted = 1 AND path >= ? AND path < ? ORDER BY path",
            (job, first, behind),
        )
        return [path for (path,) in rows]

    def said(self, first: bytes, last: bytes) -> list[tuple[bytes, str]]:
        """Return place and packed metadata from one place to another, both included, of objects whose writers said something."""
        return self._database.execute(
            "SELECT place, said FROM object_metadata WHERE place >= ? AND place <= ?", (first, last)
        ).fetchall()

    def keep(self, objects: Sequence[FoundObject], version: int, said: Mapping[bytes, str]) -> None:
        """Record objects as they were read, inside the current transaction; `said` has packed metadata by place, where there are any."""
        self._database.executemany(
            "DELETE FROM object_metadata WHERE place = ?", ((each.place,) for each in objects)
        )
        self._database.executemany("INSERT INTO object_metadata (place, said) VALUES (?, ?)", said.items())
        self._database.executemany(
            "INSERT OR REPLACE INTO found_object (place, status, digest, media_type, version) VALUES (?, ?, ?, ?, ?)",
            ((each.place, each.status, as_bytes(each.digest), each.media_type, version) for each in objects),
        )

    def forget(self, places: Sequence[bytes]) -> None:
        """Forget objects that are gone, inside the current transaction."""
        for table in ("found_object", "object_metadata"):
            self._database.executemany(f"DELETE FROM {table} WHERE place = ?", ((place,) for place in places))

    def documents(
        self, job: str
    ) -> Iterator[tuple[bytes, str | None, str | None, int, str | None, str | None]]:
        """Yield what is recorded of a job's documents in path order: path, digest, media type, size, problem class and message."""
        return iter(
            self._database.execute(
                f"SELECT document.path, {as_text('item.digest')}, item.media_type, coalesce(item.size, 0),"
                " document.problem_class, document.problem_message"
                " FROM document LEFT JOIN item ON item.id = document.item"
                " WHERE document.job = ? AND document.wanted = 1 ORDER BY document.path",
                (job,),
            )
        )

    def members(self, digest: str, kind: str, version: int) -> list[MemberStretch]:
        """Return what lies in a container of one kind, by the container's bytes, as this version lists it; nothing where it is not known."""
        rows = self._database.execute(
            "SELECT last, members FROM opened_container WHERE digest = ? AND kind = ? AND version = ? ORDER BY number",
            (as_bytes(digest), kind, version),
        )
        return [MemberStretch._make(row) for row in rows]

    def opened(self, digests: Collection[str], version: int) -> set[tuple[str, str]]:
        """Return digest and kind of those containers of which this version's list is recorded."""
        found: set[tuple[str, str]] = set()
        for window in windows([as_bytes(digest) for digest in digests]):
            found.update(
                self._database.execute(
                    f"SELECT {as_text('digest')}, kind FROM opened_container"
                    f" WHERE version = ? AND number = 0 AND {marked('digest', window)}",
                    (version, *window),
                )
            )
        return found

    def keep_members(self, digest: str, kind: str, stretches: Sequence[MemberStretch], version: int) -> None:
        """Record what lies in a container, inside the current transaction."""
        of = (as_bytes(digest), kind)
        self._database.execute("DELETE FROM opened_container WHERE digest = ? AND kind = ?", of)
        self._database.executemany(
            "INSERT INTO opened_container (digest, kind, number, version, last, members) VALUES (?, ?, ?, ?, ?, ?)",
            ((*of, number, version, *each) for number, each in enumerate(stretches)),
        )

    def extents(self, digests: Collection[str], version: int) -> Iterator[ExtentRow]:
        """Yield what was counted of bytes by this version of counting."""
        for window in windows([as_bytes(digest) for digest in digests]):
            yield from self._database.execute(
                f"SELECT {as_text('digest')}, media_type, pages, sheets, cells FROM counted_extent"
                f" WHERE version = ? AND {marked('digest', window)}",
                (version, *window),
            )

    def keep_extents(self, extents: Sequence[ExtentRow], version: int) -> None:
        """Record what was counted, inside the current transaction."""
        self._database.executemany(
            "INSERT OR REPLACE INTO counted_extent (digest, media_type, version, pages, sheets, cells) VALUES (?, ?, ?, ?, ?, ?)",
            ((as_bytes(digest), media_type, version, *numbers) for digest, media_type, *numbers in extents),
        )
