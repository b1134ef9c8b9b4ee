"""Processes that read results, for runs so small that they would start none."""

import os
import signal
from pathlib import Path

from docbatch.engine.reading.result_reader_pool import ResultReaders
from docbatch.engine.reading.result_reader_process import Kept
from docbatch.testing.patience import until

SWITCH = "TESTS_READ_ELSEWHERE"
"""In the environment of a command: after how many results the process dies, 0 for never."""
WITNESS = ".read-elsewhere"
"""Lies in the project's folder once results were kept so."""


class Eager(ResultReaders):
    """One process, there before it is needed."""

    def __init__(self, spool: Path, *, dies_after: int) -> None:
        super().__init__(spool, few=0, width=1)
        self._dies_after = dies_after
        self._kept = 0

    def expect(self, results: int) -> None:
        is_new = not self._processes
        super().expect(results)
        if is_new:
            until(
                lambda: all(each.is_ready for each in self._processes), "no process that reads became ready"
            )

    def close(self) -> None:
        super().close()
        if self._kept:
            Path(WITNESS).touch()

    def keep(self, kind: str, payload: bytes, *, soon: bool) -> Kept | None:
        kept = super().keep(kind, payload, soon=soon)
        self._kept += 1
        if self._kept == self._dies_after:
            os.kill(self._processes[0].pid, signal.SIGKILL)
        return kept
