"""The process that reads results: `python -m docbatch.engine.reading.result_reader_process SPOOL`.

It checks and compresses what was fetched, and makes outputs of what is in the spool. Requests come on its standard input,
each a line and the payload it speaks of, and are answered on its standard output in their order. It knows no key, and ends
with the process that started it, because its input ends then.
"""

import gc
import json
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO

from docbatch.core.errors import StateError
from docbatch.core.models import Draft
from docbatch.core.results import Answer, DocumentInfo
from docbatch.fields import Format
from docbatch.naming.signed import without_signatures
from docbatch.providers import REGISTRY
from docbatch.sinks.formats import encoded
from docbatch.spool import Spool

HEAD = struct.Struct(">BQ")
"""Before an answer: what it is, and its length in bytes."""

MOST_FRESH = 128 << 20
READ = 3
"""About how much larger an answer is in memory than the payload it was read from."""


class ReplyKind(IntEnum):
    """What an answer is. With LEFT the other side has to do it: it will meet the same trouble, and knows what to say."""

    READY = 0
    DONE = 1
    REFUSED = 2
    LEFT = 3


@dataclass(frozen=True, slots=True)
class Keep:
    """Check a payload of so many bytes and draft it for the spool. `soon` says that it will be rendered."""

    kind: str
    size: int
    soon: bool


@dataclass(frozen=True, slots=True)
class Render:
    """Make an output of a result. `kind` is the type of provider that reads it."""

    kind: str
    digest: str
    form: Format
    document: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Kept:
    """A result on its way into the spool, and what only it says of its document."""

    draft: Draft
    partial: bool
    credits: float | None


def keep(read: Callable[[bytes], Answer], spool: Spool, payload: bytes) -> tuple[Kept, Answer]:
    """Cut what is secret in a payload, check it and draft it for the spool.

    Raises ValueError for one that cannot be read, StateError.
    """
    payload = without_signatures(payload)
    answer = read(payload)
    return Kept(spool.draft(payload), answer.is_partial, answer.credits), answer


class ResultReader:
    """Does what is asked. Answers that were just kept are held as far as memory allows: most are rendered next."""

    def __init__(self, spool: Spool, room: int = MOST_FRESH) -> None:
        self._spool = spool
        self._fresh: dict[tuple[str, str], tuple[Answer, int]] = {}
        self._room = room

    def keep(self, wanted: Keep, payload: bytes) -> bytes:
        kept, answer = keep(REGISTRY.kind(wanted.kind).read, self._spool, payload)
        name, size = (wanted.kind, kept.draft.digest), kept.draft.size * READ
        if wanted.soon and size <= self._room and name not in self._fresh:
            self._fresh[name] = (answer, size)
            self._room -= size
        drafted = [str(kept.draft.path), kept.draft.digest, kept.draft.size]
        return json.dumps([drafted, kept.partial, kept.credits]).encode()

    def render(self, wanted: Render) -> bytes:
        answer, size = self._fresh.pop((wanted.kind, wanted.digest), (None, 0))
        self._room += size
        if answer is None:
            answer = REGISTRY.kind(wanted.kind).read(self._spool.read(wanted.digest))
        return encoded(answer, DocumentInfo.model_validate(wanted.document), wanted.form)

    def answer(self, wanted: Keep | Render, payload: bytes) -> tuple[ReplyKind, bytes]:
        try:
            done = self.keep(wanted, payload) if isinstance(wanted, Keep) else self.render(wanted)
        except StateError as error:
            return ReplyKind.REFUSED, json.dumps([error.message, error.hint]).encode()
        except ValueError as error:
            return ReplyKind.REFUSED, json.dumps([str(error)]).encode()
        except (OSError, RecursionError, MemoryError):
            return ReplyKind.LEFT, b""
        return ReplyKind.DONE, done


def line(request: Keep | Render) -> bytes:
    values = [getattr(request, each.name) for each in fields(request)]
    return json.dumps([type(request).__name__, *values]).encode() + b"\n"


def read_request(line: bytes) -> Keep | Render:
    what, *values = json.loads(line)
    return Keep(*values) if what == Keep.__name__ else Render(*values)


def read_kept(answer: bytes) -> Kept:
    (path, digest, size), partial, charged = json.loads(answer)
    return Kept(Draft(Path(path), digest, size), partial, charged)


def read_refusal(answer: bytes) -> ValueError | StateError:
    message, *hint = json.loads(answer)
    return StateError(message, hint=hint[0]) if hint else ValueError(message)


def serve(reader: ResultReader, requests: BinaryIO, answers: BinaryIO) -> None:
    """Say that this process is ready, then answer until there are no more requests."""
    answers.write(HEAD.pack(ReplyKind.READY, 0))
    answers.flush()
    for each in requests:
        wanted = read_request(each)
        payload = requests.read(wanted.size) if isinstance(wanted, Keep) else b""
        said, content = reader.answer(wanted, payload)
        answers.write(HEAD.pack(said, len(content)) + content)
        answers.flush()


if __name__ == "__main__":
    # Answers are trees of many thousand objects; looking for circles in them all the time takes longer than reading.
    gc.set_threshold(200_000, 20, 100)
    serve(ResultReader(Spool(Path(sys.argv[1]))), sys.stdin.buffer, sys.stdout.buffer)
