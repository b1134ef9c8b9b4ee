"""The process that reads results: `python -m docbatch.engine.reading.result_reader_process SPOOL`.

It checks and compresses what was fetched, and makes outputs of what is in the spool. It knows no key, and ends with the
process that started it, because its input ends then.
"""

import gc
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.models import Draft, ResultPlace
from docbatch.core.results import Answer, DocumentInfo, offered_warnings
from docbatch.engine.reading.told_warnings import told_warnings
from docbatch.naming.signed import without_signatures
from docbatch.processes.frames import Frame, read_message
from docbatch.processes.parent import private_pipes, serve
from docbatch.providers import REGISTRY
from docbatch.sinks.formats import packed_output
from docbatch.sinks.kind import Form
from docbatch.sinks.picture_modes import AS_GIVEN
from docbatch.sinks.rows.row_form import RowForm
from docbatch.spool import Spool

if TYPE_CHECKING:
    from docbatch.sinks.rows.rows_elsewhere import RowsElsewhere

MOST_FRESH = 128 << 20
READ = 3
"""About how much larger an answer is in memory than the payload it was read from."""
MOST_MADE = 4 << 20
"""Bytes of outputs after which no more of them are made at once."""


class ReplyKind(StrEnum):
    """What an answer is. With LEFT the other side has to do it: it will meet the same trouble, and knows what to say."""

    DONE = "done"
    REFUSED = "refused"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Keep:
    """Check the payload that comes with this and draft it for the spool. `soon` says that it will be rendered."""

    kind: str
    soon: bool


class Wanted(NamedTuple):
    """An output to be made: of which result, of which document, and where the result lies in the spool.

    `known` is what a list says of the document, for rows; `beside` where its pictures are to lie, as `SinkSpec.pictures_at` says.
    """

    digest: str
    path: str
    sha256: str
    size: int
    media_type: str
    place: ResultPlace | None = None
    known: Mapping[str, str] | None = None
    beside: str | None = AS_GIVEN

    def document(self) -> DocumentInfo:
        return DocumentInfo(path=self.path, sha256=self.sha256, size=self.size, media_type=self.media_type)


@dataclass(frozen=True, slots=True)
class Render:
    """Make outputs of results, or the first of them where they are long. `kind` is the type of provider that reads them."""

    kind: str
    form: Form | RowForm
    wanted: Sequence[Wanted]


Output = bytes | ValueError | StateError | None
"""What was made, or why there is none; None where the other side has to see for itself."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A result on its way into the spool, and what only it says of its document."""

    draft: Draft
    partial: bool
    credits: float | None
    warnings: tuple[str, ...] = ()


def keep(read: Callable[[bytes], Answer], spool: Spool, payload: bytes) -> tuple[Kept, Answer]:
    """Cut what is secret in a payload, check it and draft it for the spool.

    Raises ValueError for one that cannot be read, StateError.
    """
    payload = without_signatures(payload)
    answer = read(payload)
    told = told_warnings(offered_warnings(answer), partial=answer.is_partial)
    return Kept(spool.draft(payload), answer.is_partial, answer.credits, told), answer


class ResultReader:
    """Does what is asked. Answers that were just kept are held as far as memory allows: most are rendered next."""

    def __init__(self, spool: Spool, room: int = MOST_FRESH) -> None:
        self._spool = spool
        self._fresh: dict[tuple[str, str], tuple[Answer, int]] = {}
        self._room = room
        self._maker: tuple[RowForm, RowsElsewhere] | None = None

    def keep(self, wanted: Keep, payload: bytes) -> bytes:
        kept, answer = keep(REGISTRY.kind(wanted.kind).read, self._spool, payload)
        name, size = (wanted.kind, kept.draft.digest), kept.draft.size * READ
        if wanted.soon and size <= self._room and name not in self._fresh:
            self._fresh[name] = (answer, size)
            self._room -= size
        return kept_message(kept, self._spool)

    def render(self, request: Render) -> bytes:
        """Make outputs, as many as are worth one answer."""
        outputs: list[Output] = []
        size = 0
        for each in request.wanted:
            outputs.append(self._output(request, Wanted(*each)))
            size += len(outputs[-1]) if isinstance(outputs[-1], bytes) else 0
            if size >= MOST_MADE:
                break
        return outputs_message(outputs)

    def _output(self, request: Render, wanted: Wanted) -> Output:
        try:
            answer, document = self._answer(request.kind, wanted), wanted.document()
            if isinstance(request.form, str):
                return packed_output(answer, document, request.form, wanted.beside)
            return self._rows(request.form).content(answer, document, wanted.known or {})
        except ResultLost:
            return None
        except (StateError, ValueError) as error:
            return error
        except (OSError, RecursionError, MemoryError):
            return None

    def _rows(self, form: RowForm) -> "RowsElsewhere":
        """Return what makes the rows; requests of one job follow each other."""
        from docbatch.sinks.rows.rows_elsewhere import RowsElsewhere  # noqa: PLC0415 - few outputs are rows

        if self._maker is None or self._maker[0] != form:
            self._maker = form, RowsElsewhere(RowForm(*form))
        return self._maker[1]

    def _answer(self, kind: str, wanted: Wanted) -> Answer:
        answer, size = self._fresh.pop((kind, wanted.digest), (None, 0))
        self._room += size
        if answer is None:
            place = None if wanted.place is None else ResultPlace(*wanted.place)
            answer = REGISTRY.kind(kind).read(self._spool.read(wanted.digest, place))
        return answer

    def answer(self, request: Frame) -> Frame:
        wanted: Keep | Render = read_message(request.message, Keep, Render)
        try:
            done = self.keep(wanted, request.payload) if isinstance(wanted, Keep) else self.render(wanted)
        except ResultLost:
            return Frame([ReplyKind.LEFT])
        except (StateError, ValueError) as error:
            return Frame([ReplyKind.REFUSED, *refusal(error)])
        except (OSError, RecursionError, MemoryError):
            return Frame([ReplyKind.LEFT])
        return Frame([ReplyKind.DONE], done)


def kept_message(kept: Kept, spool: Spool) -> bytes:
    """Return a kept result as bytes that travel, with a file in its place where it is large. Raises StateError."""
    draft = spool.lay_aside(kept.draft)
    entry, path = (b"", str(draft.entry)) if isinstance(draft.entry, Path) else (draft.entry, "")
    told = [path, draft.digest, draft.size, kept.partial, kept.credits, kept.warnings]
    return json.dumps(told).encode() + b"\n" + entry


def read_kept(answer: bytes) -> Kept:
    told, _, entry = answer.partition(b"\n")
    path, digest, size, partial, charged, warnings = json.loads(told)
    return Kept(Draft(Path(path) if path else entry, digest, size), partial, charged, tuple(warnings))


def outputs_message(outputs: Sequence[Output]) -> bytes:
    """Return outputs as bytes that travel."""
    made = [each for each in outputs if isinstance(each, bytes)]
    return json.dumps([_told(each) for each in outputs]).encode() + b"\n" + b"".join(made)


def _told(output: Output) -> int | list[str | None] | None:
    if isinstance(output, ValueError | StateError):
        return refusal(output)
    return None if output is None else len(output)


def read_outputs(answer: bytes) -> list[Output]:
    told, _, made = answer.partition(b"\n")
    outputs: list[Output] = []
    start = 0
    for each in json.loads(told):
        if isinstance(each, int):
            outputs.append(made[start : start + each])
            start += each
        else:
            outputs.append(None if each is None else read_refusal(*each))
    return outputs


def refusal(error: ValueError | StateError) -> list[str | None]:
    """Return an error as what `read_refusal` makes it again of."""
    return [error.message, error.hint] if isinstance(error, StateError) else [str(error)]


def read_refusal(message: str, *hint: str | None) -> ValueError | StateError:
    return StateError(message, hint=hint[0]) if hint else ValueError(message)


if __name__ == "__main__":
    # Answers are trees of many thousand objects; looking for circles in them all the time takes longer than reading.
    gc.set_threshold(200_000, 20, 100)
    serve(private_pipes(), ResultReader(Spool(Path(sys.argv[1]))).answer)
