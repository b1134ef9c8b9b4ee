"""What an emulator remembers over its own end: every request that had an effect, in order, and every document read."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from docbatch.emulators.exchange import Request

PURE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at a time: a request, or the end of reading what has this name."""

    at: float
    event: Request | str


class Journal:
    """A file of lines, and the bodies of requests beside it. What a kill cut off at the end never happened.

    Of a request's headers only those named are kept: a key is never written down, and any is taken for the one that did it.
    """

    def __init__(self, folder: Path, headers: Collection[str]) -> None:
        self.folder = folder
        self._headers = headers
        self._path = folder / "journal.jsonl"
        self._bodies = folder / "bodies"
        self._bodies.mkdir(parents=True, exist_ok=True)
        self._stream: TextIO | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield what happened so far. Raises OSError, ValueError when the folder was tampered with."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as stream:
            for line in stream:
                if line.endswith("\n"):
                    yield self._entry(json.loads(line))

    def add_request(self, at: float, request: Request) -> None:
        """Note a request; one that only asks changes nothing and is left out."""
        if request.method in PURE:
            return
        digest = hashlib.sha256(request.body).hexdigest()
        body = self._bodies / digest
        if not body.exists():
            write_whole(body, request.body)
        headers = {name: text for name, text in request.headers.items() if name in self._headers}
        shown = [request.host, request.method, request.path, request.query, headers, digest]
        self._write({"at": at, "request": shown})

    def add_reading(self, at: float, name: str) -> None:
        self._write({"at": at, "read": name})

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._stream is None:
            self._stream = self._opened()
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()

    def _opened(self) -> TextIO:
        """Open the file for more, without what was cut off."""
        if self._path.exists():
            content = self._path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                self._path.write_bytes(content[:whole])
        return self._path.open("a", encoding="utf-8")

    def _entry(self, line: Mapping[str, Any]) -> Entry:
        if "read" in line:
            return Entry(line["at"], line["read"])
        host, method, path, query, headers, digest = line["request"]
        body = (self._bodies / digest).read_bytes()
        return Entry(line["at"], Request(0, method, path, headers, body, query, host))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, should this process be killed."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(content)
    draft.replace(path)
