"""Results of before there were packs: one gzip file for each, `ab/<digest>.gz`, read as long as there are any."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from docbatch.packed import Codec, expanded, is_of, most_packed
from docbatch.spool.pack import open_to_read

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDERS = "[0-9a-f][0-9a-f]"


class OldEntries:
    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: str) -> Path:
        return self._root / digest[:2] / f"{digest}.gz"

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

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
        return sum(path.stat().st_size for path in self._files())

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
            for path in sorted(folder.glob("*.gz")):
                if _DIGEST.fullmatch(path.stem):
                    yield path
