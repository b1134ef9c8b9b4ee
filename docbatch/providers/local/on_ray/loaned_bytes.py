"""Documents that came as bytes, as files that a process of the same machine can open. No disk has them where the system can do without."""

import os
import tempfile
from pathlib import Path


class LoanedBytes:
    """Bytes under a path for as long as they are not returned."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._places: dict[str, str] = {}

    def lend(self, name: str, content: bytes) -> bytes:
        """Return the path at which the bytes are found. Raises OSError."""
        if hasattr(os, "memfd_create"):
            self._files[name] = file = os.memfd_create("docbatch")
            _write(file, content)
            return f"/proc/{os.getpid()}/fd/{file}".encode()
        file, place = tempfile.mkstemp(prefix="docbatch-")
        self._places[name] = place
        try:
            _write(file, content)
        finally:
            os.close(file)
        return os.fsencode(place)

    def take_back(self, name: str) -> None:
        file = self._files.pop(name, None)
        if file is not None:
            os.close(file)
        place = self._places.pop(name, None)
        if place is not None:
            Path(place).unlink(missing_ok=True)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
