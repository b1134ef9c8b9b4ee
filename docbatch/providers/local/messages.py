"""What the pool and its workers say to each other."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, NamedTuple

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.frames import Frame, message_of, read_message
from docbatch.providers.local.engines import Options

# What a person can do about a limit of the job; documents that failed are read under a new one when that is asked for.
MORE_TIME = "raise config.timeout and run 'docbatch retry'"
MORE_MEMORY = "raise config.max_memory and run 'docbatch retry'"
PERHAPS_MORE_MEMORY = f"where memory ran out, {MORE_MEMORY}"
_ADVICE = (PERHAPS_MORE_MEMORY, MORE_MEMORY, MORE_TIME)

# The format of an answer.
FORMAT = "docbatch/local/v2"


class Task(NamedTuple):
    """One document to read.

    `id` is chosen by the caller and comes back with the outcome. `out` is the file a large answer is written to; where it is
    empty, every answer is carried.
    `timeout` in seconds, `max_memory` in bytes. The first `skip` engines are left out: they died on this document, the
    first of them for the reason in `died`.
    """

    id: str
    path: bytes
    digest: str
    size: int
    media_type: str
    out: bytes
    timeout: float
    max_memory: int
    options: Options = Options()
    skip: int = 0
    died: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer, packed for the spool (see `docbatch.packed`); digest and size are those of the uncompressed bytes.

    `warnings` are the first of those in the answer, each cut to what fits a line or two. `entry` is None where the packed
    answer lies in the task's `out`, because it is large.
    """

    digest: str
    size: int
    seconds: float
    partial: bool = False
    warnings: tuple[str, ...] = ()
    entry: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Differs:
    """The bytes found are not those of the task; nothing was read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unkept:
    """The document was read, but its answer could not be written. That is no verdict on the document."""

    reason: str


def without_advice(failure: Failure) -> str:
    """Return what a failure says, without what a person can do about it."""
    message = failure.message
    for advice in _ADVICE:
        message = message.removesuffix(f"; {advice}")
    return message


_RETURNED = "Returned"

Answer = Written | Differs | Unkept | Failure


def tasks_message(tasks: Sequence[Task]) -> list[Any]:
    """Return tasks as they travel: behind what several have in common, what is each one's own."""
    message: list[Any] = []
    common: tuple[Any, ...] | None = None
    for task in tasks:
        its = (task.timeout, task.max_memory, task.skip, task.died, task.options)
        if its != common:
            common = its
            own: list[Any] = []
            message.append([*its[:-1], astuple(task.options), own])
        paths = os.fsdecode(task.path), os.fsdecode(task.out)
        own.append((task.id, task.digest, task.size, task.media_type, *paths))
    return message


def read_tasks(message: Any) -> Iterator[Task]:
    for timeout, max_memory, skip, died, options, own in message:
        ocr, languages, tessdata, running_lines, encoding, passwords, pages = options
        part = None if pages is None else (pages[0], pages[1])
        common = Options(ocr, tuple(languages), tessdata, running_lines, encoding, tuple(passwords), part)
        for id_, digest, size, media_type, path, out in own:
            paths = {"path": os.fsencode(path), "out": os.fsencode(out)}
            yield Task(
                id=id_, digest=digest, size=size, media_type=media_type, **paths, timeout=timeout,
                max_memory=max_memory, options=common, skip=skip, died=died,
            )  # fmt: skip


def returned_frame(kept: int, returned: int) -> Frame:
    """Return what a worker says that gives back tasks: of those it was asked and has not answered, so many behind those it keeps."""
    return Frame([_RETURNED, kept, returned])


def read_returned(frame: Frame) -> tuple[int, int] | None:
    """Return how many tasks are kept and how many behind them returned, None for an answer. Raises one of NONSENSE."""
    if frame.message[0] != _RETURNED:
        return None
    _, kept, returned = frame.message
    if kept < 0 or returned < 0:
        raise ValueError("fewer than no tasks")
    return kept, returned


def answer_frame(answer: Answer) -> Frame:
    """Return an answer as it travels: what is packed goes behind the message."""
    if not isinstance(answer, Written):
        return Frame(message_of(answer))
    plain = answer.digest, answer.size, answer.seconds, answer.partial, answer.warnings
    return Frame([Written.__name__, *plain], answer.entry or b"")


def read_answer(frame: Frame) -> Answer:
    """Return the answer in a frame. Raises one of NONSENSE."""
    name, *values = frame.message
    if name == Written.__name__:
        digest, size, seconds, partial, warnings = values
        return Written(digest, size, seconds, partial, tuple(warnings), frame.payload or None)
    answer: Answer = read_message(frame.message, Differs, Unkept, Failure)
    return replace(answer, kind=FailureClass(answer.kind)) if isinstance(answer, Failure) else answer
