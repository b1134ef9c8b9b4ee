"""Ctrl-C and SIGTERM in a run: the first asks it to end well, the second ends it at once. Either may be resumed."""

import os
import select
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

from docbatch.core.report import plural, visible

if TYPE_CHECKING:
    from docbatch import Interruption

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
PATIENCE: Final = 4.5
"""Seconds after which a run that was asked to end is ended, whatever it hangs in: a state is as good after a kill."""
AT_ONCE: Final = 1.0
"""Seconds that a run ended at once has to close what it has open."""
ASKED, AGAIN, OVER = b"1", b"2", b""


@contextmanager
def interruptible() -> Iterator["Interruption"]:
    """Yield what the first signal asks to stop, once a run looks at it; before that, nothing was sent, and it ends at once."""
    from docbatch import Interruption

    stop = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    heard, told = os.pipe()
    guard = threading.Thread(target=_guard, args=(heard, stop), daemon=True)
    guard.start()
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each, handler in before.items():
        # Who starts a command in the background of a script has it ignore Ctrl-C.
        if handler is not signal.SIG_IGN:
            signal.signal(each, _Heeding(stop, told))
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(told)
        guard.join()
        os.close(heard)


class _Heeding:
    """What a signal does. It holds no lock, since it may come while any of this thread's is held."""

    def __init__(self, stop: "Interruption", told: int) -> None:
        self._stop = stop
        self._told = told

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        is_first = self._stop.is_heeded and not self._stop.is_asked
        os.write(self._told, ASKED if is_first else AGAIN)
        if is_first:
            self._stop.ask_without_waking()
        else:
            raise KeyboardInterrupt


def _guard(heard: int, stop: "Interruption") -> None:
    """Pass the wish on, and see to it that the process ends in its time."""
    patience: float | None = None
    while True:
        ready, _, _ = select.select([heard], [], [], patience)
        if not ready:
            _leave()
        news = os.read(heard, 1)
        if news == OVER:
            return
        patience = PATIENCE if news == ASKED else AT_ONCE
        if news == ASKED:
            stop.ask()


def _leave() -> None:
    shown = "\x1b[?25h" if sys.stderr.isatty() else ""
    text = f"{shown}interrupted; what was sent is recorded or looked for; run '{resuming()}' to resume\n"
    os.write(2, text.encode("utf-8", "backslashreplace"))
    os._exit(130)


def resuming() -> str:
    """Return the command that goes on with this run: it itself."""
    return visible(shlex.join(["docbatch", *sys.argv[1:]]))


def interrupted_text(remaining: Mapping[str, int]) -> str:
    """Return the last line of a run that was asked to end."""
    if not remaining:
        return f"interrupted: nothing is left with a vendor; run '{resuming()}' to resume"
    with_whom = ", ".join(f"{count:,} at {name}" for name, count in sorted(remaining.items()))
    total = sum(remaining.values())
    stays = "is with a vendor and" if total == 1 else "are with vendors and"
    return (
        f"interrupted: {plural(total, 'document')} {stays} not sent again ({with_whom});"
        f" run '{resuming()}' to resume"
    )
