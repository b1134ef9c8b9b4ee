"""The process that reads documents: `python -m docbatch.providers.local.worker PARENT_PID CATALOGUE`.

It takes tasks from the pool and answers each. It knows no secret, keeps nothing between documents, and may be killed at
any moment.
"""

import hashlib
import importlib
import json
import os
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.frames import Frame, message_of
from docbatch.processes.parent import die_with, private_pipes, serve
from docbatch.providers.local import confine, reading
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import Catalogue, Engine, Json, Options, Parsed, shows_pages
from docbatch.providers.local.messages import FORMAT, Answer, Differs, Task, Unkept, Written, read_task
from docbatch.providers.local.ocr import ways

# A process is replaced after this much work, or when it holds this much memory.
_DOCUMENTS = 300
_SECONDS = 30.0
# The models that read pictures take up to 0.9 GB of it.
_RESIDENT = 3 << 29

# What the parent is told of an answer's warnings; all of them stand in the answer.
_MOST_WARNINGS = 20
_LONGEST_WARNING = 300

_NO_LETTERS = "empty: there are no letters in the document"

# Another engine would come to the same end.
_FINAL = frozenset({FailureClass.ENCRYPTED, FailureClass.NEEDS_OCR})


class DocumentReader:
    """Reads documents with the engines of one catalogue, each loaded when it is first needed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._engines: dict[str, Engine] = {}
        self._documents = 0
        self._seconds = 0.0
        self._spoilt = False

    @property
    def spent(self) -> bool:
        """Whether this process should be replaced: engines leak a little, and a panic may leave locks behind."""
        long_enough = self._documents >= _DOCUMENTS and self._seconds >= _SECONDS
        return self._spoilt or long_enough or confine.resident() >= _RESIDENT

    def answer(self, task: Task) -> Answer:
        started = time.perf_counter()
        try:
            answer = self._answer(task, started)
        except MemoryError:
            self._spoilt = True
            answer = Failure(FailureClass.MEMORY, "the document needs more memory than max_memory allows")
        self._documents += 1
        self._seconds += time.perf_counter() - started
        return answer

    def _answer(self, task: Task, started: float) -> Answer:
        data = reading.read(task)
        if isinstance(data, Differs | Failure):
            return data
        payload = self._payload(data, task)
        if isinstance(payload, Failure):
            return payload
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        try:
            _write(task.out, content)
        except OSError as error:
            return Unkept(error.strerror or str(error))
        digest = hashlib.sha256(content).hexdigest()
        told = tuple(warning[:_LONGEST_WARNING] for warning in payload["warnings"][:_MOST_WARNINGS])
        return Written(digest, len(content), time.perf_counter() - started, payload["partial"], told)

    def _payload(self, data: bytes, task: Task) -> Json | Failure:
        names = self._catalogue.route(task.media_type, task.options)
        if not names:
            return _not_read(task.media_type)
        if task.options.ocr == "force" and ways.of(task.options) is None and shows_pages(task.media_type):
            return Failure(
                FailureClass.NEEDS_OCR,
                f"ocr: force needs what reads pictures; {ways.advice(task.options)}",
            )
        failures = []
        for name in names[task.skip :]:
            engine = self._engine(name)
            outcome = self._attempt(engine, data, task)
            if not isinstance(outcome, Failure):
                return _payload(engine.label, outcome, task.options)
            failures.append(outcome)
            if outcome.kind in _FINAL:
                break
        return failures[0]

    def _attempt(self, engine: Engine, data: bytes, task: Task) -> Parsed | Failure:
        confine.limit_memory(task.max_memory)
        CURRENT.start(task.timeout)
        try:
            outcome = engine.extract(data, task.media_type, task.options)
        except (MemoryError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of a native engine is a BaseException
            self._spoilt = True
            return Failure(FailureClass.CRASHED, f"{engine.label} failed: {type(error).__name__}: {error}")
        return outcome if isinstance(outcome, Failure) else _judged(outcome, task)

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            confine.lift_memory_limit()
            engine = self._catalogue.load(name)
            engine.warm_up()
            self._engines[name] = engine
        return self._engines[name]


def _not_read(media_type: str) -> Failure:
    if media_type == "application/x-ole-encrypted":
        return Failure(FailureClass.ENCRYPTED, "the document needs a password")
    return Failure(FailureClass.UNSUPPORTED, f"documents of type {media_type} are not read")


def _judged(parsed: Parsed, task: Task) -> Parsed | Failure:
    """Turn a success without a word into what it is."""
    if parsed.has_text():
        return parsed
    if parsed.lost:
        return Failure(FailureClass.CORRUPT, "; ".join(parsed.lost))
    if parsed.unread:
        return Failure(
            FailureClass.NEEDS_OCR, f"the document is a picture without text; {ways.advice(task.options)}"
        )
    if parsed.looked_at:
        return replace(parsed, warnings=[_NO_LETTERS, *parsed.warnings])
    return Failure(FailureClass.EMPTY, "no text was found in the document")


def _payload(engine: str, parsed: Parsed, options: Options) -> Json:
    return {
        "format": FORMAT,
        "engine": engine,
        "partial": bool(parsed.unread or parsed.lost),
        "markdown": parsed.markdown,
        "text": parsed.text,
        "pages": parsed.pages,
        "blocks": parsed.blocks,
        "tables": parsed.tables,
        "attachments": parsed.attachments,
        "metadata": parsed.metadata,
        "warnings": [
            *_scans(parsed.unread, options),
            *(f"lost: {each}" for each in parsed.lost),
            *parsed.warnings,
        ],
    }


def _scans(pages: Sequence[int], options: Options) -> list[str]:
    if not pages:
        return []
    numbers = ", ".join(map(str, pages))
    return [f"lost: pictures without text on page {numbers}; {ways.advice(options)}"]


def _write(path: bytes, content: bytes) -> None:
    # As the spool keeps its entries: level 1, no time, no name.
    packed = zlib.compress(content, 1, wbits=31)
    with open(path, "wb") as file:  # noqa: PTH123 - paths are bytes
        file.write(packed)


def main(parent: int, catalogue: str) -> None:
    die_with(parent)
    confine.no_core_file()
    pipes = private_pipes()
    reader = DocumentReader(importlib.import_module(catalogue))

    def answer(request: Frame) -> Frame:
        return Frame(message_of(reader.answer(read_task(request.message))))

    serve(pipes, answer, lambda: reader.spent)
    # Native threads make an orderly end slow and sometimes a crash.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
