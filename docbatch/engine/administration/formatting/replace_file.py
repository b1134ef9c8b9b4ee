"""Giving a user's file new content: whole or not at all, and only where it is what was read."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.durability import Flusher, Place


class FileUnwritten(DocbatchError):
    """A file could not be given its new content: it is as it was."""


def replace_file(file: Path, shown: str, before: bytes, after: bytes) -> None:
    """Put `after` in the place of a file that holds `before`, with its owner and mode; where a link leads, that is replaced.

    It is durable when this returns. Raises FileUnwritten: the file is as it was, or as somebody else wrote it meanwhile.
    """
    try:
        place = file.resolve(strict=True)
        if not os.access(place, os.W_OK):
            raise _unwritten(
                shown, "it is write-protected", "make it writable, and run the same command again"
            )
        _replace(place, shown, before, after)
    except OSError as error:
        why = error.strerror or str(error)
        raise _unwritten(shown, why, "mend that, and run the same command again") from error


def _replace(place: Path, shown: str, before: bytes, after: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent)
    os.close(descriptor)
    draft = Path(name)
    try:
        with draft.open("wb") as stream:
            stream.write(after)
            stream.flush()
            _take_after(place.stat(), stream.fileno())
            os.fsync(stream.fileno())
        _require_content(place, shown, before)
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    Flusher().flush([Place(place.parent)])


def _require_content(place: Path, shown: str, before: bytes) -> None:
    if place.read_bytes() != before:
        hint = "run the same command again once they are done"
        raise _unwritten(shown, "somebody else wrote it at the same time", hint)


def _take_after(status: os.stat_result, descriptor: int) -> None:
    # Who may not give a file away writes it as their own, as an editor would.
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _unwritten(shown: str, why: str, hint: str) -> FileUnwritten:
    return FileUnwritten(f"{shown}: not formatted: {why}; the file is as it was", hint=hint)
