"""Reading what an emulator is sent, with the local engine: in killable processes, and outside of the emulator's turn."""

import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path
from threading import Timer

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import DocumentInfo
from docbatch.emulators.journal import write_whole
from docbatch.emulators.reading import Page, Reading
from docbatch.emulators.server import Emulator
from docbatch.media import HEAD_SIZE, detect
from docbatch.packed import unpacked
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Answer, Task, Written
from docbatch.providers.local.ocr import tesseract_data
from docbatch.providers.local.payload import LocalAnswer, read
from docbatch.providers.local.pool import Pool
from docbatch.providers.local.reading_pool import TaskOutcome

PATIENCE = 120.0
MEMORY = 2 * 10**9
LANGUAGES = ("eng",)

Done = Callable[[Reading], None]


class LocalReader:
    """Keeps documents and what they say below `folder`; what was read once is not read again.

    All but the reading itself happens in the emulator's turn. `told` hears of each document that was read, under the
    name this reader gives it. Until `start` documents only gather, and `release` lets one go that was read before.
    """

    def __init__(self, emulator: Emulator, folder: Path, told: Callable[[str], None]) -> None:
        self._emulator = emulator
        self._told = told
        self._documents = folder / "documents"
        self._readings = folder / "readings"
        self._waiting: dict[str, list[Done]] = {}
        self._tasks: dict[str, Task] = {}
        self._due: dict[str, float] = {}
        self._timers: list[Timer] = []
        self._pool: Pool | None = None
        # Whoever has something to give out waits for the emulator's turn, which neither a request nor the pool may do.
        self._giving = ThreadPoolExecutor(1, thread_name_prefix="docbatch-emulate-reader")
        for each in (self._documents, self._readings):
            each.mkdir(parents=True, exist_ok=True)

    def read(self, content: bytes, name: str, done: Done) -> None:
        task = self._kept(content, name)
        self._waiting.setdefault(task.id, []).append(done)
        self._due[task.id] = time.monotonic() + self._emulator.scenario.takes(name)
        self._tasks[task.id] = task
        if self._pool is not None and len(self._waiting[task.id]) == 1:
            self._ask(task.id)

    def release(self, name: str) -> None:
        """Give out what was read before. Raises OSError, ValueError when it is not there any more."""
        self._give(name, self._recalled(name))

    def start(self) -> None:
        """Begin to read what gathered."""
        self._pool = Pool(lambda: self._attend(""))
        for name in list(self._waiting):
            self._ask(name)

    def close(self) -> None:
        """Stop; what is not read yet is read after the next start."""
        for timer in self._timers:
            timer.cancel()
        if self._pool is not None:
            self._pool.close()
        self._giving.shutdown()

    def _ask(self, name: str) -> None:
        assert self._pool is not None
        if self._reading(name).exists():
            self._attend(name)
        else:
            self._pool.submit([self._tasks[name]])

    def _attend(self, name: str) -> None:
        self._giving.submit(self._settle, name)

    def _settle(self, name: str) -> None:
        """Give out one reading that is kept, or all that the pool ended."""
        assert self._pool is not None
        try:
            readings = {name: self._recalled(name)} if name else dict(map(self._ended, self._pool.drain()))
            for each, reading in readings.items():
                self._give_in_time(each, reading)
        except Exception:  # noqa: BLE001 - one document must not stop the reading of the others
            self._emulator.note_failure(f"reading {name}" if name else "reading")

    def _give_in_time(self, name: str, reading: Reading) -> None:
        """Give a reading out, not before its document took as long as it should."""
        left = self._due.get(name, 0.0) - time.monotonic()
        if left > 0:
            timer = Timer(left, self._giving.submit, (self._give_in_time, name, reading))
            timer.daemon = True
            self._timers.append(timer)
            timer.start()
            return
        with self._emulator.turn:
            self._give(name, reading)
            self._told(name)

    def _give(self, name: str, reading: Reading) -> None:
        for done in self._waiting.pop(name, ()):
            done(reading)

    def _kept(self, content: bytes, name: str) -> Task:
        """Keep a document, and return how it is to be read."""
        digest = hashlib.sha256(content).hexdigest()
        media_type = detect(content[:HEAD_SIZE], os.fsencode(name), io.BytesIO(content))
        identity = hashlib.sha256(f"{digest} {media_type}".encode()).hexdigest()
        path = self._documents / digest
        if not path.exists():
            write_whole(path, content)
        return Task(
            id=identity,
            path=bytes(path.absolute()),
            digest=digest,
            size=len(content),
            media_type=media_type,
            out=bytes(self._readings.absolute() / f"{identity}.part"),
            timeout=PATIENCE,
            max_memory=MEMORY,
            options=Options("auto", LANGUAGES, tesseract_data.folder(LANGUAGES)),
        )

    def _ended(self, outcome: TaskOutcome) -> tuple[str, Reading]:
        name, reading = outcome.task.id, read_out(outcome.answer, Path(os.fsdecode(outcome.task.out)))
        write_whole(self._reading(name), json.dumps(astuple(reading)).encode())
        return name, reading

    def _recalled(self, name: str) -> Reading:
        pages, failure = json.loads(self._reading(name).read_bytes())
        said = None if failure is None else Failure(FailureClass(failure[0]), *failure[1:])
        return Reading(tuple(Page(*page) for page in pages), said)

    def _reading(self, name: str) -> Path:
        return self._readings / f"{name}.json"


def read_out(answer: Answer, path: Path) -> Reading:
    """Return what the engine made of a document, and remove the file it was written to, where it was."""
    if isinstance(answer, Failure):
        return Reading(failure=answer)
    if not isinstance(answer, Written):
        return Reading(failure=Failure(FailureClass.VENDOR_ERROR, answer.reason))
    entry = answer.entry
    if entry is None:
        entry = path.read_bytes()
        path.unlink()
    payload = unpacked(entry, answer.digest)
    return Reading(_pages(read(payload), partial=answer.partial))


def _pages(answer: LocalAnswer, *, partial: bool) -> tuple[Page, ...]:
    """Return a document's pages; one that has none is a single page."""
    found = answer.result(DocumentInfo(path="", sha256="", size=0, media_type="")).pages
    if not found:
        return (Page(answer.text(), answer.markdown()),)
    return tuple(
        Page(
            page.text,
            page.text if page.markdown is None else page.markdown,
            partial and not page.text.strip(),
        )
        for page in found
    )
