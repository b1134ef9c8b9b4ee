"""Results of before there were packs: one gzip file for each, `ab/<digest>.gz`, read as long as there are any."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from docbatch.packed import Codec, expanded, is_of, most_packed
from docbatch.spool.pack import open_to_read

_NAME = re.compile(r"[0-9a-f]{64}\.gz")
_FOLDERS = "[0-9a-f][0-9a-f]"


class OldEntries:
    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: str) -> Path:
        return self._root / digest[:2] / f"{digest}.gz"

    def has(self, digest: str) -> bool:
        """Say whether there is an entry of this name. Anything else in its place is none, as for `digests`."""
        try:
            return stat.S_ISREG(self.path(digest).lstat().st_mode)
        except OSError:
            return False

    def read(self, digest: str, limit: int) -> bytes:
        """Return a payload. Raises OSError, ValueError."""
        payload = expanded(Codec.GZIP, self.compressed(digest, limit), limit)
        if not is_of(payload, digest):
            raise ValueError("its bytes do not match its name")
        return payload

    def compressed(self, digest: str, limit: int) -> bytes:
        """Return an entry as it lies there. Raises OSError, ValueError where its payload would be over the limit."""
        with os.fdopen(open_to_read(self.path(digest)), "rb") as file:
            if os.fstat(file.fileno()).st_size > most_packed(limit):
                raise ValueError(f"it is larger than {limit} bytes")
            return file.read()

    def digests(self) -> Iterator[str]:
        """Yield the names of all entries in order."""
        for path in self._files():
            yield path.stem

    def size(self) -> int:
        """Return the bytes of all entries; who moves them meanwhile takes them away."""
        return sum(map(self.size_of, self.digests()))

    def size_of(self, digest: str) -> int:
        """Return the bytes of an entry, 0 where it is gone."""
        try:
            return self.path(digest).stat().st_size
        except OSError:
            return 0

    def remove(self, digest: str) -> None:
        """Remove an entry; its folder stays. Raises OSError."""
        self.path(digest).unlink(missing_ok=True)

    def remove_empty_folders(self) -> None:
        """Remove the folders that hold no entry any more, those of a run that was killed before it could as well."""
        for folder in self._root.glob(_FOLDERS):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self._root.glob(_FOLDERS)):
            yield from (folder / name for name in _names(folder))


def _names(folder: Path) -> list[str]:
    """Return what lies in a folder as an entry does, in order; nothing where it is gone or cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                each.name
                for each in entries
                if _NAME.fullmatch(each.name) and each.is_file(follow_symlinks=False)
            )
    except OSError:
        return []
