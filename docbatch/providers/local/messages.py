"""What travels between the pool and its workers: one JSON value a line, in both directions. The line's end is not in it."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Options

READY = b"ready"
SPENT = b"spent"

# The format of the file an answer is written to.
FORMAT = "docbatch/local/v1"


@dataclass(frozen=True, slots=True)
class Task:
    """One document to read.

    `id` is chosen by the caller and comes back with the outcome. `out` is the file the answer is written to.
    `timeout` in seconds, `max_memory` in bytes. The first `skip` engines are left out: they died on this document.
    """

    id: str
    path: bytes
    digest: str
    size: int
    media_type: str
    out: bytes
    timeout: float
    max_memory: int
    options: Options = field(default_factory=Options)
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """The answer lies in the task's `out`; digest and size are those of the uncompressed bytes."""

    digest: str
    size: int
    seconds: float
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Differs:
    """The bytes found are not those of the task; nothing was read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unkept:
    """The document was read, but its answer could not be written. That is no verdict on the document."""

    reason: str


Answer = Written | Differs | Unkept | Failure


def encode_task(task: Task) -> bytes:
    values = [getattr(task, name) for name in _FIELDS]
    options = [task.options.ocr, task.options.languages, task.options.tessdata]
    paths = [os.fsdecode(task.path), os.fsdecode(task.out)]
    return json.dumps([*values, options, *paths], separators=(",", ":")).encode()


def decode_task(line: bytes) -> Task:
    *values, (ocr, languages, tessdata), path, out = json.loads(line)
    options = Options(ocr, tuple(languages), tessdata)
    plain = dict(zip(_FIELDS, values, strict=True))
    return Task(**plain, options=options, path=os.fsencode(path), out=os.fsencode(out))


_FIELDS = ("id", "digest", "size", "media_type", "timeout", "max_memory", "skip")

_NAMES: dict[type[Answer], str] = {
    Written: "written",
    Differs: "differs",
    Unkept: "unkept",
    Failure: "failed",
}


def encode_answer(answer: Answer) -> bytes:
    return json.dumps({"is": _NAMES[type(answer)], **asdict(answer)}, separators=(",", ":")).encode()


def decode_answer(line: bytes) -> Answer:
    values: dict[str, Any] = json.loads(line)
    match values.pop("is"):
        case "written":
            return Written(**values)
        case "differs":
            return Differs(**values)
        case "unkept":
            return Unkept(**values)
        case _:
            return Failure(FailureClass(values["kind"]), values["message"], values["code"])
