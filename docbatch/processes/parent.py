"""What a process does that was started as a `Child`: it answers its parent's requests, and ends when there is no parent."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable

from docbatch.processes.frames import CHUNK, LAST, READY, Frame, Frames, pack, write

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Make this process end when its parent does, whatever it is at; on Linux with the thread that started it."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - needed once, by children on Linux

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # The parent may have died before the pact was made.
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def private_pipes() -> tuple[int, int]:
    """Move requests and answers away from standard input and output, where a library's stray print would corrupt them."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def serve(
    pipes: tuple[int, int], answer: Callable[[Frame], Frame], is_spent: Callable[[], bool] = lambda: False
) -> None:
    """Say that this process is ready, then answer until there are no more requests, or this process is spent."""
    serve_all(pipes, lambda request: (answer(request),), is_spent)


def serve_all(
    pipes: tuple[int, int],
    answers_to: Callable[[Frame], Iterable[Frame]],
    is_spent: Callable[[], bool] = lambda: False,
) -> None:
    """Do as `serve` where a request asks for several things: each answer is written before the next of them is begun."""
    requests, answers = pipes
    frames = Frames()
    write(answers, pack(READY))
    while chunk := os.read(requests, CHUNK):
        for request in frames.feed(chunk):
            for answer in answers_to(request):
                write(answers, pack(answer))
                if is_spent():
                    write(answers, pack(LAST))
                    return
