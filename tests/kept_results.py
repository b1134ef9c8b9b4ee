"""Results in the spool of a state folder, to be looked at, lost and spoilt behind docbatch's back."""

import contextlib
import gzip
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docbatch.packed import unpacked


@dataclass(frozen=True)
class KeptResult:
    folder: Path
    digest: str

    @property
    def place(self) -> tuple[Path, int, int]:
        """Where it lies: its pack, where it begins there, and how long it is."""
        (row,) = _rows(
            self.folder,
            "SELECT name, start, length FROM result JOIN pack ON pack.id = result.pack WHERE digest = ?",
            self.digest,
        )
        name, start, length = row
        return self.folder / "spool" / "packs" / f"{name}.pack", start, length

    def read_bytes(self) -> bytes:
        pack, start, length = self.place
        return pack.read_bytes()[start : start + length]

    def write_bytes(self, data: bytes) -> None:
        """Let something else lie there; what is longer is cut off, what is shorter is followed by nothing but zeros."""
        pack, start, length = self.place
        content = bytearray(pack.read_bytes())
        content[start : start + length] = data[:length].ljust(length, b"\0")
        pack.write_bytes(content)

    def remove(self) -> None:
        """Let nobody know where it lies."""
        _rows(self.folder, "DELETE FROM result WHERE digest = ?", self.digest)


def kept_results(folder: Path) -> list[KeptResult]:
    """Return all results of a state folder by digest."""
    return [
        KeptResult(folder, digest.hex())
        for (digest,) in _rows(folder, "SELECT digest FROM result ORDER BY digest")
    ]


def unpack_all(folder: Path) -> list[Path]:
    """Put the results of a state folder there as versions of before did, and return their files."""
    made = []
    for kept in kept_results(folder):
        path = folder / "spool" / kept.digest[:2] / f"{kept.digest}.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(unpacked(kept.read_bytes(), kept.digest)))
        made.append(path)
    shutil.rmtree(folder / "spool" / "packs")
    for table in ("result", "pack"):
        _rows(folder, f"DELETE FROM {table}")
    return made


def packs(folder: Path) -> list[Path]:
    return sorted((folder / "spool" / "packs").glob("*.pack"))


def _rows(folder: Path, statement: str, *digests: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as database, database:
        return database.execute(statement, tuple(map(bytes.fromhex, digests))).fetchall()
