"""Asking for what comes next while what came last is still worked on."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

_AHEAD = 8
_GLANCE = 0.2

T = TypeVar("T")


def ahead(
    each: Iterable[T],
    watch: Callable[[], object] = lambda: None,
    silent: Callable[[float], object] = lambda _seconds: None,
) -> Iterator[T]:
    """Yield the same, asked for in a thread of its own, a few before they are wanted.

    `watch` is called while they are waited for, `silent` with the seconds for which one has been.
    """
    reader = _Reader(each, watch, silent)
    try:
        yield from reader.found()
    finally:
        reader.is_over.set()


class _Reader(Generic[T]):
    """Puts one after the other into a queue, and an error or nothing behind the last; who waits no more says that it is over."""

    def __init__(
        self, each: Iterable[T], watch: Callable[[], object], silent: Callable[[float], object]
    ) -> None:
        self.is_over = threading.Event()
        self._each = each
        self._watch = watch
        self._silent = silent
        self._queue: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_AHEAD)

    def found(self) -> Iterator[T]:
        threading.Thread(target=self._ask, name="docbatch-ahead", daemon=True).start()
        while (found := self._next()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]

    def _next(self) -> "tuple[T] | BaseException | None":
        began = time.monotonic()
        while True:
            self._watch()
            try:
                return self._queue.get(timeout=_GLANCE)
            except queue.Empty:
                self._silent(time.monotonic() - began)

    def _ask(self) -> None:
        try:
            for each in self._each:
                self._put((each,))
                if self.is_over.is_set():
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._put(error)

    def _put(self, found: "tuple[T] | BaseException | None") -> None:
        while not self.is_over.is_set():
            try:
                self._queue.put(found, timeout=_GLANCE)
            except queue.Full:
                continue
            return
