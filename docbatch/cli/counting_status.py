"""What is shown while a plan is made: how far reading objects and counting pages came."""

import sys
from typing import TYPE_CHECKING

import docbatch
from docbatch.cli.output import say

if TYPE_CHECKING:
    from rich.status import Status

    from docbatch import Notice


class CountingStatus:
    """Shows on a terminal how far reading objects and counting came, as long as it goes on. What holds that up is said anywhere."""

    def __init__(self) -> None:
        self._status: Status | None = None

    def __call__(self, notice: "Notice") -> None:
        if isinstance(notice, docbatch.Trouble):
            from docbatch.cli.notice_words import trouble

            self.close()
            say(trouble(notice) or "", err=True)
        text = before_the_plan(notice)
        if text is None or not sys.stderr.isatty():
            return
        if self._status is None:
            from rich.console import Console
            from rich.status import Status

            self._status = Status("", console=Console(stderr=True))
            self._status.start()
        self._status.update(text)

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def before_the_plan(notice: "Notice") -> str | None:
    """Say how far came what is done for a plan; None of what is told later."""
    match notice:
        case docbatch.Counting():
            return f"counting pages: {notice.documents:,} of {notice.total:,} documents"
        case docbatch.ReadObjects():
            return f"reading new objects: {notice.objects:,} so far"
    return None
