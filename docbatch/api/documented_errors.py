"""What SQLite complains of, as the error that the methods of a project promise."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def documented() -> Iterator[None]:
    """Raise what SQLite complains of as StateError."""
    try:
        yield
    except Exception as error:
        from docbatch.state.files import complaint

        told = complaint(error)
        if told is None:
            raise
        raise told from error
