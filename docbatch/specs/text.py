"""Reading a spec file or a list, whatever lies at its path."""

import os
import re
import stat
from pathlib import Path
from typing import NoReturn

from docbatch.core.errors import Problem, SpecError

MAX_BYTES = 1024 * 1024

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, file: str, limit: int = MAX_BYTES) -> str:
    """Return the text of a file, called `file` in messages. Raises SpecError; never reads more than the limit."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            _refuse(file, "this is not a regular file", "name a text file")
        with os.fdopen(_open(path), "rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        _refuse(file, f"the file cannot be read: {error.strerror}", None)
    if len(content) > limit:
        _refuse(
            file,
            f"the file is too large: {max(found.st_size, len(content)):,} bytes, where {limit:,} are allowed",
            "is this a document? otherwise spread what it says over several files",
        )
    return _decode(content, file)


def _open(path: Path) -> int:
    # O_NONBLOCK: should a pipe take the file's place, opening it must not wait for a writer.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def _decode(content: bytes, file: str) -> str:
    binary = None if content.startswith(_UTF_16) else _BINARY.search(content)
    if binary:
        _refuse(
            file,
            f"this is a binary file: byte 0x{content[binary.start()]:02x} at offset {binary.start():,}",
            "specs and lists are text in UTF-8",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(file, line, None, "", "this is not UTF-8 text", "save the file as UTF-8")
    raise SpecError([problem])


def _refuse(file: str, message: str, hint: str | None) -> NoReturn:
    raise SpecError([Problem(file, None, None, "", message, hint)]) from None
