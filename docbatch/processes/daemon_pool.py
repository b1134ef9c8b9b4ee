"""Threads that a process does not wait for at its end: what they ask may never be answered.

The pools of the standard library are joined when the interpreter ends, however long that takes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class CallPool(Protocol):
    def submit(self, act: Callable[..., T], *arguments: Any) -> "Future[T]":
        """Have something done, and return what becomes of it."""

    def close(self) -> None:
        """Begin nothing more. What was begun goes on, what was not is cancelled."""

    def join(self, seconds: float) -> None:
        """Wait so long at most until all threads have ended. After `close`."""


class DaemonPool:
    """`width` threads at most, started when there is something to do."""

    def __init__(self, width: int, name: str) -> None:
        self._width = width
        self._name = name
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_closed = False

    def submit(self, act: Callable[..., T], *arguments: Any) -> "Future[T]":
        future: Future[T] = Future()
        self._tasks.put(lambda: self._do(future, act, arguments))
        if len(self._threads) < self._width:
            self._threads.append(threading.Thread(target=self._work, name=self._name, daemon=True))
            self._threads[-1].start()
        return future

    def close(self) -> None:
        self._is_closed = True
        for _ in self._threads:
            self._tasks.put(None)

    def join(self, seconds: float) -> None:
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            # What a task held must not live on while this thread waits for the next.
            del task

    def _do(self, future: "Future[T]", act: Callable[..., T], arguments: tuple[Any, ...]) -> None:
        if self._is_closed:
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        try:
            outcome = act(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised where the outcome is asked for
            future.set_exception(error)
        else:
            future.set_result(outcome)


class AtOnce:
    """Does what it is given before it returns, in the thread that asks for it."""

    def submit(self, act: Callable[..., T], *arguments: Any) -> "Future[T]":
        future: Future[T] = Future()
        try:
            future.set_result(act(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised where the outcome is asked for
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is under way."""

    def join(self, seconds: float) -> None:
        """Nothing is waited for."""
