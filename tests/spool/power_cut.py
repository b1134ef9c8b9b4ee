"""A disk that keeps of a pack what was flushed, and nothing else, when a run dies: as after a power cut."""

import contextlib
from collections.abc import Iterator

import pytest

from docbatch.spool import pack
from docbatch.spool.pack import PackWriter
from docbatch.spool.spool import Spool


@contextlib.contextmanager
def power_cuts() -> Iterator[None]:
    """Hold back what is written into packs until it is flushed, and forget it where the next run begins."""
    held: list[tuple[int, bytes, int]] = []
    write, flush, close, sweep = pack._write, PackWriter.flush, PackWriter.close, Spool.sweep

    def hold(descriptor: int, data: bytes, at: int) -> None:
        held.append((descriptor, bytes(data), at))

    def let_through(self: PackWriter) -> None:
        for each in [each for each in held if each[0] == self._descriptor]:
            held.remove(each)
            write(*each)
        flush(self)

    def let_go(self: PackWriter) -> None:
        # The next file that is opened has the same number.
        held[:] = [each for each in held if each[0] != self._descriptor]
        close(self)

    def forget(self: Spool) -> None:
        held.clear()
        sweep(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "_write", hold)
        patch.setattr(PackWriter, "flush", let_through)
        patch.setattr(PackWriter, "close", let_go)
        patch.setattr(Spool, "sweep", forget)
        yield
