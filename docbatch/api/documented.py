"""Errors as they are documented."""

import contextlib
from collections.abc import Iterator

from docbatch.state.files import complaint


@contextlib.contextmanager
def documented() -> Iterator[None]:
    """Raise what SQLite complains of as StateError."""
    try:
        yield
    except Exception as error:
        told = complaint(error)
        if told is None:
            raise
        raise told from error
