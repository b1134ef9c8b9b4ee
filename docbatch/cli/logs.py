"""Logs of a command, by the standard library's logging: to stderr with -v and -vv, and into a file that rotates.

Only what docbatch itself logs is taken, and warnings of others. Whatever is written has its secrets cut out.
"""

import contextlib
import logging
import re
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.cli.output import say
from docbatch.cli.own_file import require_own, require_unread

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "docbatch"
MOST_BYTES = 10_000_000
MOST_FILES = 5
"""A file of logs is begun anew when it is full; so many of before are kept beside it."""
_handlers: list[logging.Handler] = []
_BEGINNING = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ ")


class RedactingFormatter(logging.Formatter):
    """A line a message, with its moment (UTC); the lines of a traceback follow. Keys, passwords and signed URLs are cut."""

    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self) -> None:
        import time

        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        from docbatch.core.outside_text import escaped

        record.message = escaped(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        from docbatch.core.outside_text import printed
        from docbatch.providers.remembered_secrets import without_secrets

        return printed(without_secrets(super().format(record)))


class _Stderr(logging.Handler):
    """Whatever stderr is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):
            say(self.format(record), err=True)


class _PrivateFile(RotatingFileHandler):
    """A file that its owner alone may read. Where it cannot be written that is said once, and the command goes on."""

    _is_broken = False

    def _open(self) -> TextIOWrapper:
        from docbatch.owner_only import opener

        raw = open(self.baseFilename, "ab", opener=opener)  # noqa: SIM115 - the handler closes it
        return TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's signature
        if not self._is_broken:
            self._is_broken = True
            say(f"warning: {self.baseFilename}: the log cannot be written", err=True)


def begin(level: int) -> None:
    """Show on stderr what has at least this level."""
    _add(_Stderr(), level)


def begin_file(path: Path, level: int, *, untrusted: bool = False) -> None:
    """Write into a file what has at least this level.

    Raises OSError, and UsageError where something else stands there, or a source would read it.
    """
    require_own(path, _BEGINNING, "a log", may_be_stream=True)
    # A full one is kept beside it.
    require_unread(path, path.with_name(f"{path.name}.1"), untrusted=untrusted)
    _add(_PrivateFile(path, maxBytes=MOST_BYTES, backupCount=MOST_FILES), level)


def end() -> None:
    """Show and write nothing any more."""
    for handler in _handlers:
        for logger in _loggers():
            logger.removeHandler(handler)
        handler.close()
    _handlers.clear()
    logging.getLogger(OURS).setLevel(logging.NOTSET)
    logging.getLogger(OURS).propagate = True


def log_error(error: BaseException) -> None:
    """Log an error with its traceback, if anything is logged at the moment."""
    if _handlers:
        logging.getLogger(f"{OURS}.cli").error("what was not expected", exc_info=error)


def is_shown() -> bool:
    """Say whether lines come to stderr at any moment, so that nothing can be drawn there."""
    return any(isinstance(each, _Stderr) for each in _handlers)


def _loggers() -> "Iterator[logging.Logger]":
    yield logging.getLogger(OURS)
    yield logging.getLogger()


def _add(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(RedactingFormatter())
    handler.setLevel(level)
    ours = logging.getLogger(OURS)
    ours.addHandler(handler)
    # Others have warnings at most: what they log below that may be anything.
    logging.getLogger().addHandler(handler)
    ours.propagate = False
    ours.setLevel(min(each.level for each in (*_handlers, handler)))
    _handlers.append(handler)
