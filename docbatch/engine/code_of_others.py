"""Code of others, such as that of plug-ins, failing in ways that no contract knows."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.state.files import complaint


def raised(error: BaseException) -> str:
    """Say what was raised and where, and nothing of what it says: that may quote what must not be shown."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} ({Path(frame.filename).name}, line {frame.lineno})"


@contextmanager
def blamed(blame: Callable[[str], DocbatchError]) -> Iterator[None]:
    """Raise what `blame` makes of an unexpected error. Errors of docbatch, of the disk and of the state stay as they are."""
    try:
        yield
    except (DocbatchError, OSError):
        raise
    except Exception as error:
        if complaint(error) is not None:
            raise
        raise blame(raised(error)) from error
