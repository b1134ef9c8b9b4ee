"""Run tasks through a real pool and wait for their outcomes."""

import hashlib
import json
import os
import select
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docbatch.packed import unpacked
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Answer, Task, Written
from docbatch.providers.local.pool import Pool

ROOT = str(Path(__file__).parents[3])
PATIENCE = 60


class Bench:
    """A pool and a folder with its documents. Tasks are named after their files."""

    def __init__(self, folder: Path, pool: Pool, ended: threading.Event) -> None:
        self.folder = folder
        self.pool = pool
        self._ended = ended

    def task(self, name: str, content: bytes, media_type: str = "application/one", **changes: Any) -> Task:
        path = self.folder / name
        path.write_bytes(content)
        values: dict[str, Any] = {
            "id": name,
            "path": os.fsencode(path),
            "digest": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "media_type": media_type,
            "out": os.fsencode(self.folder / f"{name}.part"),
            "timeout": 30.0,
            "max_memory": 10**9,
            "options": Options(),
        }
        return Task(**(values | changes))

    def run(self, *tasks: Task) -> dict[str, Answer]:
        self.pool.submit(tasks)
        return self.wait(len(tasks))

    def wait(self, count: int) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        while len(answers) < count:
            answers |= self.called(answers)
        return answers

    def called(self, before: Collection[str] = ()) -> dict[str, Answer]:
        """Return what ended by the time that the pool calls for it to be taken."""
        assert self._ended.wait(PATIENCE), f"only {sorted(before)} ended"
        self._ended.clear()
        return {outcome.task.id: outcome.answer for outcome in self.pool.drain()}

    def written(self, task: Task, answer: Answer) -> Mapping[str, Any]:
        """Return the payload of a task that ended well, after checking its digest and size."""
        assert isinstance(answer, Written), answer
        entry = answer.entry or Path(os.fsdecode(task.out)).read_bytes()
        content = unpacked(entry, answer.digest)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (answer.digest, answer.size)
        payload: Mapping[str, Any] = json.loads(content)
        return payload


@contextmanager
def bench(
    folder: Path, *, width: int = 1, catalogue: str = "tests.providers.local.wicked"
) -> Iterator[Bench]:
    ended = threading.Event()
    pool = Pool(ended.set, width=width, catalogue=catalogue, search=(ROOT,))
    try:
        yield Bench(folder, pool, ended)
    finally:
        pool.close()


class Ear:
    """A named pipe that a document's `tell:` word reports to as soon as it is read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ear"
        os.mkfifo(self._path)
        self._pipe = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def word(self) -> str:
        return f"tell:{self._path}"

    def pid(self, *, stays: bool = False) -> int:
        """Wait for the report and return the process that sent it. One that `stays` lets others report to it, too."""
        await_readable(self._pipe)
        pid = int(os.read(self._pipe, 100))
        if not stays:
            os.close(self._pipe)
        return pid


def await_readable(descriptor: int) -> None:
    readable, _, _ = select.select([descriptor], [], [], PATIENCE)
    assert readable, "nothing happened"
