"""The process that counts: `python -m docbatch.counting.worker PARENT_PID`.

Documents are strangers' bytes: it knows no secret, keeps nothing between them, and may be killed at any moment.
"""

import hashlib
import io
import os
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.counting import kinds
from docbatch.counting.messages import Asked, answer, read_request
from docbatch.processes import confine
from docbatch.processes.frames import Frame
from docbatch.processes.parent import die_with, private_pipes, serve_all
from docbatch.sources.content import ContentError, open_content

MEMORY = 512 << 20
LARGEST = 2 << 30
_FREE_SIZE = 64 << 20
"""Documents up to this size need no memory of their own beside what all of them have."""
_DOCUMENTS = 20_000
_RESIDENT = 256 << 20
_CHUNK = 1 << 20
_TOGETHER = 16
_SOON = 0.02


class DocumentCounter:
    """Counts what it is asked for, and is `spent` after so much work that a new process is better."""

    def __init__(self) -> None:
        self._documents = 0

    @property
    def spent(self) -> bool:
        return self._documents >= _DOCUMENTS or confine.resident() >= _RESIDENT

    def answers(self, request: Frame) -> Iterator[Frame]:
        """Count what is asked for; what is quickly counted is answered together."""
        since_ns, asked = read_request(request)
        confine.limit_memory(MEMORY)
        counted: list[Extent | None] = []
        told = time.monotonic()
        for each in asked:
            counted.append(self.count(each, since_ns, request.payload))
            if len(counted) >= _TOGETHER or time.monotonic() - told >= _SOON:
                yield answer(counted)
                counted, told = [], time.monotonic()
        if counted:
            yield answer(counted)

    def count(self, asked: Asked, since_ns: int, content: bytes) -> Extent | None:
        """Return what a document has, None where it is not what was planned."""
        self._documents += 1
        try:
            if not asked.file:
                return _count(io.BytesIO(content), asked) if _is(content, asked) else None
            with open_content(os.fsencode(asked.file)) as file:
                if not _is_planned(file, asked, since_ns):
                    return None
                return _count(file, asked)
        except (ContentError, OSError):
            return None
        except MemoryError:
            return UNCOUNTED
        except Exception:  # noqa: BLE001 - what a document makes a library raise says that it gives no number
            return UNCOUNTED


def _count(file: BinaryIO, asked: Asked) -> Extent:
    if asked.size > LARGEST:
        return UNCOUNTED
    if asked.size > _FREE_SIZE:
        confine.limit_memory(MEMORY + asked.size)
    return kinds.count(file, asked.size, asked.media_type)


def _is(content: bytes, asked: Asked) -> bool:
    return len(content) == asked.size and hashlib.sha256(content).hexdigest() == asked.digest


def _is_planned(file: BinaryIO, asked: Asked, since_ns: int) -> bool:
    """Whether a file is what was planned: it was hashed a moment ago, so only one that was touched since is read for that."""
    status = os.fstat(file.fileno())
    if status.st_size != asked.size:
        return False
    # A link that leads elsewhere by now was made anew.
    touched = max(status.st_ctime_ns, os.lstat(asked.file).st_ctime_ns)
    if touched < since_ns:
        return True
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest() == asked.digest


def main(parent: int) -> None:
    die_with(parent)
    confine.no_core_file()
    counter = DocumentCounter()
    serve_all(private_pipes(), counter.answers, lambda: counter.spent)
    # Native code has nothing to put in order here.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
