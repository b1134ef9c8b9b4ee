"""The local engine as a provider: a batch is submitted, polled and fetched like anywhere else.

Work lives in this process only. After a restart every older batch is `Gone`, and sending it again costs nothing.
"""

import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from docbatch.core.errors import Gone, NotSent, ProviderError, Refused
from docbatch.core.models import Draft, Failure, Operation, WorkItem
from docbatch.owner_only import make_folder
from docbatch.providers.base import (
    Accepted,
    Batch,
    Changed,
    Failed,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Unsearchable,
)
from docbatch.providers.local import engines, traits
from docbatch.providers.local.held_answers import HeldAnswers, file_name
from docbatch.providers.local.messages import Differs, Task, Unkept, Written
from docbatch.providers.local.ocr import tesseract_data
from docbatch.providers.local.options import PART, LocalConfig, memory_bytes
from docbatch.providers.local.payload import LocalAnswer, read
from docbatch.providers.local.pins import pins
from docbatch.providers.local.pool import CATALOGUE, Pool
from docbatch.providers.local.reading_pool import ReadingPool

# How many ended batches are remembered, so that a repeated fetch finds its answer.
_REMEMBERED = 8


@dataclass(slots=True)
class _Work:
    """One submitted batch: what still runs (task id to item key), what ended unreported, the answers to fetch (key to id)."""

    running: dict[str, str]
    ended: list[Ready | Failed | Changed] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)


class LocalProvider(Unsearchable):
    """Reads documents in worker processes of this machine, or in what `make_pool` makes.

    Large answers are written below `incoming`. `wake` is called, from another thread, when documents ended that are worth a look.
    How much is taken at once follows from how many documents are read at a time, once that is known.
    """

    type = "local"
    account = "local"

    def __init__(
        self,
        incoming: Path,
        *,
        workers: int | None = None,
        wake: Callable[[], None] = lambda: None,
        catalogue: str = CATALOGUE,
        search: Sequence[str] = (),
        make_pool: Callable[[Callable[[], None]], ReadingPool] | None = None,
    ) -> None:
        self.traits = traits(workers)
        self._incoming = incoming
        self._below = bytes(incoming.absolute()) + b"/"
        self._wake = wake
        self._make_pool = make_pool or partial(Pool, width=workers, catalogue=catalogue, search=search)
        self._lock = threading.Lock()
        self._pool: ReadingPool | None = None
        self._is_closed = False
        self._answers = HeldAnswers(incoming)
        self._works: dict[str, _Work] = {}
        self._owners: dict[str, str] = {}

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002
        return pins(config)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:  # noqa: ARG002
        request = {
            "submission": batch.submission,
            "operation": batch.operation.value,
            "config": batch.config,
            "pins": batch.pins,
            "items": [[item.key, item.digest, item.size, item.media_type] for item in batch.items],
        }
        return json.dumps(request, sort_keys=True, separators=(",", ":")).encode()

    def create(self, intent: Intent) -> Accepted:
        batch = intent.batch
        if batch.operation is not Operation.PARSE:
            raise Refused(f"the local engine does not {batch.operation}", hint="set operation: parse")
        series = secrets.token_hex(12)
        tasks = {f"{series}{number:x}": item for number, item in enumerate(batch.items)}
        with self._lock:
            if batch.submission in self._works:
                return Accepted(batch.submission)
            if self._is_closed:
                raise NotSent("the local engine was closed")
            self._forget_old()
            self._works[batch.submission] = _Work({id_: item.key for id_, item in tasks.items()})
            self._owners.update(dict.fromkeys(tasks, batch.submission))
            pool = self._started()
        pool.submit(self._tasks(tasks, batch))
        return Accepted(batch.submission)

    def look(self, intent: Intent) -> Sighting:
        known = intent.submission in self._works
        return Sighting(Accepted(intent.submission) if known else None, witness=True)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:  # noqa: ARG002
        with self._lock:
            self._take_in()
            work = self._work(intent)
            ended, work.ended = work.ended, []
            remark = "" if self._pool is None else self._pool.remark()
        return Progress(ended, note=remark)

    def fetch(self, intent: Intent, ready: Ready) -> Draft:
        with self._lock:
            draft = self._answers.fetch(self._work(intent).answers.get(ready.key, ""))
        if draft is None:
            raise Gone(f"the local engine has no result of {ready.key}")
        return draft

    def read(self, payload: bytes) -> LocalAnswer:
        return read(payload)

    def recall(self, marker: str) -> Recalled:
        raise Gone(f"the local engine keeps no work between runs, so there is no {marker}")

    def cancel(self, intent: Intent, remote_id: str | None) -> None:  # noqa: ARG002
        with self._lock:
            work, pool = self._works.get(intent.submission), self._pool
            running = set(work.running) if work else set()
        if pool and running:
            pool.cancel(running)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            pool, self._pool = self._pool, None
        if pool:
            pool.close()

    def _started(self) -> ReadingPool:
        if self._pool is None:
            make_folder(self._incoming)
            self._pool = self._make_pool(self._wake)
        return self._pool

    def _heed(self, pool: ReadingPool) -> None:
        """Take as much at once as keeps all busy."""
        sized = traits(pool.width)
        if sized != self.traits:
            self.traits = sized

    def _tasks(self, items: Mapping[str, WorkItem], batch: Batch) -> list[Task]:
        pages = batch.config.get(PART)
        config = LocalConfig.model_validate(
            {name: value for name, value in batch.config.items() if name != PART}
        )
        languages = tuple(config.languages)
        options = engines.Options(
            ocr=config.ocr,
            languages=languages,
            tessdata=tesseract_data.folder(languages),
            running_lines=config.running_lines,
            encoding=config.encoding,
            passwords=batch.passwords,
            pages=None if pages is None else (pages[0], pages[1]),
        )
        max_memory = memory_bytes(config.max_memory)
        return [
            Task(
                id=id_,
                path=batch.files[item.key],
                digest=item.digest,
                size=item.size,
                media_type=item.media_type,
                out=self._below + os.fsencode(file_name(id_)),
                timeout=config.timeout,
                max_memory=max_memory,
                options=options,
            )
            for id_, item in items.items()
        ]

    def _work(self, intent: Intent) -> _Work:
        work = self._works.get(intent.submission)
        if work is None:
            raise Gone(f"submission {intent.submission} ended with the process that ran it")
        return work

    def _take_in(self) -> None:
        """Sort what the pool ended to the batches it belongs to."""
        if self._pool is None:
            return
        self._heed(self._pool)
        try:
            outcomes = self._pool.drain()
        except RuntimeError as error:
            raise ProviderError(
                f"the local engine stopped: {error.__cause__}", hint="run the same command again"
            ) from error
        for task, answer in outcomes:
            self._drop_copy(task)
            if isinstance(answer, Unkept):
                raise self._unkept(answer.reason)
            work = self._works.get(self._owners.pop(task.id, ""))
            if work:
                key = work.running.pop(task.id)
                work.ended.append(_ended(key, task.id, answer))
                if isinstance(answer, Written):
                    self._hold(task.id, answer)
                    work.answers[key] = task.id

    def _drop_copy(self, task: Task) -> None:
        """What was copied for a worker alone has served."""
        if task.path.startswith(self._below):
            place = Path(os.fsdecode(task.path))
            if place.parent == self._incoming.absolute():
                place.unlink(missing_ok=True)

    def _hold(self, id_: str, answer: Written) -> None:
        try:
            self._answers.add(id_, answer)
        except OSError as error:
            raise self._unkept(error.strerror or str(error)) from error

    def _unkept(self, reason: str) -> ProviderError:
        return ProviderError(
            f"results cannot be written to {self._incoming}: {reason}",
            hint="nothing is lost; free space there and run the same command again",
        )

    def _forget_old(self) -> None:
        done = [name for name, work in self._works.items() if not work.running and not work.ended]
        for name in done[:-_REMEMBERED]:
            for id_ in self._works.pop(name).answers.values():
                self._answers.drop(id_)


def _ended(key: str, id_: str, answer: Written | Differs | Failure) -> Ready | Failed | Changed:
    match answer:
        case Written():
            return Ready(key, id_, partial=answer.partial)
        case Differs():
            return Changed(key, answer.reason)
        case Failure():
            return Failed(key, answer, id_)
