"""A child for tests. A request's message is the name of what it does; the payload comes back with the answer."""

import os
import sys
import time
from collections.abc import Callable

from docbatch.processes.frames import Frame, pack
from docbatch.processes.parent import private_pipes, serve

PIPES = private_pipes()
SPENT: list[bool] = []


def fork() -> int:
    pid = os.fork()
    if not pid:
        time.sleep(600)
    return pid


def linger() -> None:
    os.close(PIPES[1])
    time.sleep(0.1)
    os._exit(3)


DEEDS: dict[str, Callable[[], object]] = {
    "say": lambda: None,
    "print": lambda: os.write(1, b"".join(pack(Frame("a stray print")))),
    "read": sys.stdin.read,
    "babble": lambda: os.write(PIPES[1], b"{}" * 100),
    "abort": os.abort,
    "fork": fork,
    "linger": linger,
    "hold": lambda: len(b"x" * (100 << 20)),
    "last": lambda: SPENT.append(True),
}


def answer(request: Frame) -> Frame:
    return Frame([request.message, DEEDS[request.message]()], request.payload)


if __name__ == "__main__":
    serve(PIPES, answer, lambda: bool(SPENT))
