"""Errors that nobody expected. Their traceback may quote anything: it is shown and logged without secrets."""

import sys
import threading
from types import TracebackType

from docbatch.cli import log_options
from docbatch.cli.output import say

AFTERWARDS = (
    "error: docbatch met what it does not expect ({}); what was sent is recorded or looked for, so that"
    " the same command may be run again; please report the lines above"
)


def show_without_secrets() -> None:
    """Let what ends the process, or one of its threads, be shown so, unless whoever runs it looks after that."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _show
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _show_of_thread


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    import traceback

    from docbatch.providers.remembered_secrets import without_secrets

    if not log_options.is_shown():
        say(without_secrets("".join(traceback.format_exception(kind, error, trace))), err=True)
    say(AFTERWARDS.format(kind.__name__), err=True)


def _show_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        log_options.log_error(ended.exc_value)
        _show(ended.exc_type, ended.exc_value, ended.exc_traceback)
