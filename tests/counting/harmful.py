"""A process that counts, for tests: the name of a document says what happens at it."""

import os
import signal
import sys
import time
from collections.abc import Iterator

from docbatch.core.extents import Extent
from docbatch.counting.messages import answer, read_request
from docbatch.processes.frames import Frame
from docbatch.processes.parent import die_with, private_pipes, serve_all


def answers(request: Frame) -> Iterator[Frame]:
    _, asked = read_request(request)
    extents = []
    for each in asked:
        match each.media_type:
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
        extents.append(Extent(pages=each.size))
    yield answer(extents)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    serve_all(private_pipes(), answers)
