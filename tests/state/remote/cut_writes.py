"""A process that is killed at a byte of what it writes, as far as files know."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Killed(BaseException):
    """Nothing that the killed one would have done follows."""


class CutWrites:
    """Counts bytes that are written, and calls that change names or lengths as one each; ends the process at `at`."""

    def __init__(self, at: int | None) -> None:
        self.done = 0
        self._at = at

    def step(self, most: int) -> int:
        """Return how much of the next step is done."""
        if self._at is not None and self.done + most > self._at:
            left = self._at - self.done
            self.done = self._at
            return left
        self.done += most
        return most

    @property
    def is_over(self) -> bool:
        return self._at is not None and self.done >= self._at


@contextmanager
def cut_at(at: int | None) -> Iterator[CutWrites]:
    """Let all that is written in the block end at a byte, or count it."""
    cut, pwrite = CutWrites(at), os.pwrite

    def write(descriptor: int, content: memoryview, offset: int) -> int:
        taken = cut.step(len(content))
        if taken:
            pwrite(descriptor, content[:taken], offset)
        if taken < len(content):
            raise Killed
        return taken

    def whole(name: str) -> Any:
        real = getattr(os, name)

        def call(*args: Any, **options: Any) -> Any:
            if not cut.step(1):
                raise Killed
            return real(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", write)
        for name in ("replace", "unlink", "truncate", "ftruncate"):
            patch.setattr(os, name, whole(name))
        yield cut
