"""Code of others, such as that of plug-ins, failing in ways that no contract knows."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from docbatch.core.errors import DocbatchError, SinkError
from docbatch.sinks.faults import SAFE, reason
from docbatch.sinks.kind import SinkKind
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


@contextmanager
def looking_into(sink: SinkKind) -> Iterator[None]:
    """Let what keeps a sink from being looked into be a SinkError. What SQLite raises stays as it is: it may be the state's."""
    try:
        with blamed(partial(_sink_failed, sink.name)):
            yield
    except OSError as error:
        raise SinkError(
            f"the sink {sink.name} cannot be looked into: {reason(error)}",
            hint=f"{SAFE}; restore access to its outputs, and run the same command again",
        ) from error


def _sink_failed(kind: str, what: str) -> SinkError:
    return SinkError(
        f"the sink {kind} cannot be looked into: its code raised {what}",
        hint=f"{SAFE}; mend it, and run the same command again",
    )
