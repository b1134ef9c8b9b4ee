"""Reading a spec file or a list, whatever lies at its path."""

import io
import os
import re
import stat
from pathlib import Path
from typing import NoReturn

from docbatch.core.errors import Problem, SpecError
from docbatch.specs.checkout import Checkout

MAX_BYTES = 1024 * 1024

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, file: str, checkout: Checkout, limit: int = MAX_BYTES) -> str:
    """Return the text of a file, called `file` in messages. Raises SpecError; never reads more than the limit."""
    return decoded(read_bytes(path, file, checkout, limit), file)


def read_bytes(path: Path, file: str, checkout: Checkout, limit: int) -> bytes:
    """Return what is in a regular file that the project may name. Raises SpecError."""
    if fault := checkout.fault(path):
        _refuse(file, *fault)
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
    return content


def _open(path: Path) -> int:
    # O_NONBLOCK: should a pipe take the file's place, opening it must not wait for a writer.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def check_text(content: bytes, file: str) -> None:
    """Raise SpecError for what is no text, a line at a time: decoded as a whole it may take four times its size."""
    _refuse_binary(content, file)
    for number, line in enumerate(io.BytesIO(content), start=1):
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                raise SpecError([_not_utf_8(file, number)]) from None


def decoded(content: bytes, file: str) -> str:
    """Return the text of a spec or a list, without a byte order mark. Raises SpecError for what is no text in UTF-8."""
    _refuse_binary(content, file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise SpecError([_not_utf_8(file, line)])


def _not_utf_8(file: str, line: int) -> Problem:
    return Problem(file, line, None, "", "this is not UTF-8 text", "save the file as UTF-8")


def _refuse_binary(content: bytes, file: str) -> None:
    binary = None if content.startswith(_UTF_16) else _BINARY.search(content)
    if binary:
        _refuse(
            file,
            f"this is a binary file: byte 0x{content[binary.start()]:02x} at offset {binary.start():,}",
            "specs and lists are text in UTF-8",
        )


def _refuse(file: str, message: str, hint: str | None) -> NoReturn:
    raise SpecError([Problem(file, None, None, "", message, hint)]) from None
