"""What a plan and the processes that count for it say to each other."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from docbatch.core.extents import Extent
from docbatch.processes.frames import Frame


class Uncounted(NamedTuple):
    """A document that is to be counted: what was planned of it, and the file that holds it.

    `open` gives its bytes where no file of this machine has them.
    """

    key: str
    digest: str
    media_type: str
    size: int
    file: bytes | None
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class CountedExtent:
    """What was counted. `ended` says that counting had to be ended, so that another time may come further.

    `extent` is None where the document is not what was planned, or cannot be read.
    """

    extent: Extent | None
    ended: bool = False


class Asked(NamedTuple):
    """A document as a process is told of it. `file` is empty where its bytes come with the message."""

    file: str
    size: int
    digest: str
    media_type: str


def request(documents: Sequence[Uncounted], since_ns: int, content: bytes = b"") -> Frame:
    """Ask for documents. Files that have changed at `since_ns` or later are compared with what was planned."""
    asked = [(os.fsdecode(each.file or b""), each.size, each.digest, each.media_type) for each in documents]
    return Frame([since_ns, asked], content)


def read_request(frame: Frame) -> tuple[int, list[Asked]]:
    since_ns, asked = frame.message
    return since_ns, [Asked(*each) for each in asked]


def answer(extents: Sequence[Extent | None]) -> Frame:
    return Frame([each and [each.pages, each.sheets, each.cells] for each in extents])


def read_answer(message: Any) -> list[Extent | None]:
    """Return what a process answered, one after the other. Raises one of NONSENSE."""
    return [None if each is None else Extent(*map(_number, each)) for each in message]


def _number(value: Any) -> int | None:
    if value is not None and not (type(value) is int and 0 <= value < 1 << 40):
        raise ValueError(f"{value!r} is no number of anything")
    return value
