"""Reading a manifest, which may come from anybody: it is bounded, and names no place outside of the project."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from pydantic import ValidationError

from docbatch.core.manifest import (
    LONGEST_LINE,
    MOST_HEAD,
    JobManifest,
    ManifestDocument,
    ManifestHead,
    ManifestReader,
    NoManifest,
)
from docbatch.naming.filenames import GIT, STATE, reserved
from docbatch.naming.pathtext import unescape
from docbatch.sinks.tree import Tree

READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""How what may be no file at all is opened."""


def place_within(text: str) -> bytes:
    """Return a path below the project's root. Raises NoManifest for one that leads elsewhere."""
    place = unescape(text)
    parts = place.split(b"/")
    if b"\0" in place or any(part in {b"", b".", b".."} for part in parts):
        raise NoManifest(
            f"it names {text!r}, which is no path within the project; nothing there was looked at"
        )
    if any(reserved(os.fsdecode(part)) in {STATE, GIT} for part in parts):
        raise NoManifest(f"it names {text!r}, where no output ever lies; nothing there was looked at")
    return place


def opened_below(tree: Tree, place: bytes) -> AbstractContextManager[TextIO]:
    """Open a file of a project to be read, through no link. Raises NoManifest, UnsafeOutput, SinkError, OSError."""
    folder, name = tree.locate(place, create=False)
    return opened(os.open(name, READING | os.O_NOFOLLOW, dir_fd=folder))


@contextmanager
def opened(descriptor: int) -> Iterator[TextIO]:
    """Take over an open file to be read. Raises NoManifest where it is none that can be."""
    with open(descriptor, encoding="utf-8", newline="\n") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoManifest("it is not a plain file")
        try:
            yield file
        except UnicodeDecodeError as error:
            raise NoManifest("it is not text in UTF-8") from error


def read(file: TextIO) -> tuple[ManifestHead, Iterable[ManifestDocument]]:
    """Read a manifest line by line, or at once where a tool laid it out anew and it is small."""
    try:
        reader = ManifestReader(_lines(file))
    except NoManifest:
        file.seek(0)
        text = file.read(MOST_HEAD + 1)
        if len(text) > MOST_HEAD:
            raise
        try:
            whole = JobManifest.model_validate_json(text)
        except ValidationError:
            whole = None
        if whole is None:
            raise
        return whole, whole.documents
    return reader.head, reader.documents()


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise NoManifest(f"a line has more than {LONGEST_LINE:,} characters")
        yield line
