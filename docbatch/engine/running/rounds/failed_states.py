"""What a state or a disk that fails means for what is paid."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from docbatch.core.errors import StateError, StateLocked
from docbatch.state.files import complaint

SENT = "what was sent is recorded or looked for, and is not sent again"


@contextmanager
def telling_what_was_sent(sending: threading.Event) -> Iterator[None]:
    """Say of a state or a disk that fails what it means for what is paid: before anything could be sent, and after."""
    try:
        yield
    except Exception as error:
        failed = complaint(error) or error
        if not isinstance(failed, StateError):
            raise
        if not isinstance(failed, StateLocked) and "nothing was" not in (failed.hint or ""):
            known = SENT if sending.is_set() else "nothing was sent"
            failed.hint = f"{known}; {failed.hint}" if failed.hint else known
        if failed is error:
            raise
        raise failed from error
