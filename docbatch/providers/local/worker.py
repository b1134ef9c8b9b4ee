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
from collections.abc import Iterator
from dataclasses import replace

from docbatch.core.models import Failure, FailureClass
from docbatch.core.result_warnings import abridged
from docbatch.packed import MOST_CARRIED, packed, write_entry
from docbatch.processes import confine
from docbatch.processes.frames import Frame
from docbatch.processes.parent import die_with, private_pipes, serve_all
from docbatch.providers.local import engines, panics, reading, verdict
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import Catalogue, Engine, Json, Parsed, shows_pages
from docbatch.providers.local.messages import (
    MORE_MEMORY,
    Answer,
    Differs,
    Task,
    Unkept,
    Written,
    answer_frame,
    read_tasks,
    returned_frame,
)
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.pdf.passwords import locked

# A process is replaced after this much work, or when it holds this much memory.
_DOCUMENTS = 300
_SECONDS = 30.0
# The models that read pictures take up to 0.9 GB of it.
_RESIDENT = 3 << 29

# Many documents that were given at once should be read in a fraction of this time; where they are not, few are kept.
_LONG = 0.1
_KEPT = 3

# What the parent is told of an answer's warnings; all of them stand in the answer.
_MOST_WARNINGS = 20
_LONGEST_WARNING = 300

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

    def answers(self, request: Frame) -> Iterator[Frame]:
        """Read the tasks in a message; give back those for which another worker may have time sooner."""
        tasks = list(read_tasks(request.message))
        begun = time.monotonic()
        while tasks:
            yield answer_frame(self.answer(tasks.pop(0)))
            if len(tasks) > _KEPT and time.monotonic() - begun > _LONG:
                yield returned_frame(_KEPT, len(tasks) - _KEPT)
                del tasks[_KEPT:]

    def answer(self, task: Task) -> Answer:
        started = time.perf_counter()
        try:
            answer = self._answer(task, started)
        except MemoryError:
            self._spoilt = True
            needs = "the document needs more memory than max_memory allows"
            answer = Failure(FailureClass.MEMORY, f"{needs}; {MORE_MEMORY}")
        self._spoilt |= panics.CURRENT.taken()
        self._documents += 1
        self._seconds += time.perf_counter() - started
        return answer

    def _answer(self, task: Task, started: float) -> Answer:
        data = reading.read(task)
        if isinstance(data, Differs | Failure):
            return data
        payload = self._payload(data, task)
        if isinstance(payload, Failure):
            return locked(payload, task)
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        entry = packed(content)
        is_large = bool(task.out) and len(entry) > MOST_CARRIED
        try:
            if is_large:
                write_entry(task.out, entry)
        except OSError as error:
            return Unkept(error.strerror or str(error))
        digest = hashlib.sha256(content).hexdigest()
        first = abridged(payload["warnings"], _MOST_WARNINGS)
        told = tuple(warning[:_LONGEST_WARNING] for warning in first)
        seconds = time.perf_counter() - started
        return Written(
            digest, len(content), seconds, payload["partial"], told, entry=None if is_large else entry
        )

    def _payload(self, data: bytes, task: Task) -> Json | Failure:
        names = self._catalogue.route(task.media_type, task.options)
        if not names:
            return _not_read(task.media_type)
        if task.options.ocr == "force" and ways.of(task.options) is None and shows_pages(task.media_type):
            return Failure(
                FailureClass.NEEDS_OCR,
                f"ocr: force needs what reads pictures; {ways.advice(task.options)}",
            )
        failures: list[Failure] = []
        failed = [_failed(names[0], task.died, task)] if task.skip else []
        for name in names[task.skip :]:
            engine = self._engine(name)
            outcome = self._attempt(engine, data, task)
            if isinstance(outcome, Parsed) and (failures or task.skip) and not outcome.has_text():
                # Where one engine fails, the silence of the next says nothing about what there is to see.
                outcome = Failure(FailureClass.CORRUPT, "no text was found in it")
            if not isinstance(outcome, Failure):
                damaged = any(each.kind is FailureClass.CORRUPT for each in failures)
                lost = engines.lost_by_damage(task.media_type) if damaged else []
                told = [*failed, *outcome.warnings]
                whole = replace(outcome, warnings=told, lost=[*lost, *outcome.lost])
                # What is not there may be what the other engine did not find.
                blank = [] if failed else verdict.blank(outcome)
                found = verdict.answer_of(engine.label, whole, task.options, blank)
                return found | verdict.part_of(outcome, task.options) if task.options.pages else found
            failures.append(outcome)
            # An engine that found nothing to read leaves it to the next; that is no fault of its own.
            failed += [] if outcome.kind is FailureClass.EMPTY else [_failed(name, outcome.message, task)]
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
        if isinstance(outcome, Failure) or task.options.pages:
            # What a part is silent about is judged with the others.
            return outcome
        return verdict.judged(outcome, data, task.media_type, task.options)

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            confine.lift_memory_limit()
            engine = self._catalogue.load(name)
            engine.warm_up()
            self._engines[name] = engine
        return self._engines[name]


def _failed(engine: str, reason: str, task: Task) -> str:
    hidden = locked(Failure(FailureClass.CORRUPT, reason), task).message
    return engines.read_by_another(engine, hidden)


def _not_read(media_type: str) -> Failure:
    if media_type == "application/x-ole-encrypted":
        return Failure(FailureClass.ENCRYPTED, "the file is encrypted as a whole")
    return Failure(FailureClass.UNSUPPORTED, f"documents of type {media_type} are not read")


def main(parent: int, catalogue: str) -> None:
    die_with(parent)
    confine.no_core_file()
    pipes = private_pipes()
    reader = DocumentReader(importlib.import_module(catalogue))

    serve_all(pipes, reader.answers, lambda: reader.spent)
    # Native threads make an orderly end slow and sometimes a crash.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
