"""Pages a second of the local provider beside the bare engine in a plain process pool of the same width.

    python benchmarks/local.py FOLDER [--width N] [--rounds N]

All sides make the same engine calls with the same options; the plain pool drops the results, the provider keeps them,
and `docbatch apply` is the whole command from start-up to delivered Markdown. Rounds alternate, and the best of each
side counts, because the machine is not ours alone. See README.md for how to read the figures.
"""

import argparse
import compileall
import hashlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docbatch
from docbatch.core.models import Failure, Operation, WorkItem
from docbatch.media import HEAD_SIZE, detect
from docbatch.processes.child import environment
from docbatch.providers.base import Batch, Intent, Ready
from docbatch.providers.local import engines
from docbatch.providers.local.pool import ONE_THREAD_EACH
from docbatch.providers.local.provider import LocalProvider

_OPTIONS = engines.Options(ocr="off")
_loaded: dict[str, engines.Engine] = {}


@dataclass(frozen=True, slots=True)
class Score:
    seconds: float
    cpu: float
    documents: int

    def line(self, pages: int) -> str:
        rates = f"{pages / self.seconds:7.1f} pages/s  {self.documents / self.seconds:7.1f} documents/s"
        return f"{self.seconds:6.2f} s  {self.cpu:6.2f} CPU s  {rates}"


def items(folder: Path) -> Iterator[WorkItem]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size:
            data = path.read_bytes()
            with path.open("rb") as file:
                media_type = detect(data[:HEAD_SIZE], os.fsencode(path.name), file)
            digest = hashlib.sha256(data).hexdigest()
            yield WorkItem(digest, "", digest, len(data), media_type, path.name, os.fsencode(path.absolute()))


def bare(item: WorkItem) -> int:
    """Read one document as the provider's worker does and drop the result; return its pages, 0 for a failure."""
    data = Path(os.fsdecode(item.place)).read_bytes()
    for name in engines.route(item.media_type, _OPTIONS):
        if name not in _loaded:
            _loaded[name] = engines.load(name)
        parsed = _loaded[name].extract(data, item.media_type, _OPTIONS)
        if not isinstance(parsed, Failure):
            return max(len(parsed.pages), 1)
    return 0


def plain_pool(work: list[WorkItem], width: int) -> tuple[Score, int]:
    """Return the score and the number of pages."""
    started, before = time.perf_counter(), _cpu()
    with multiprocessing.get_context("spawn").Pool(width) as pool:
        pages = list(pool.imap_unordered(bare, work))
        pool.close()
        pool.join()
    return Score(time.perf_counter() - started, _cpu() - before, len(pages)), sum(pages)


def provider(work: list[WorkItem], width: int) -> Score:
    started, before = time.perf_counter(), _cpu()
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        local = LocalProvider(Path(folder), workers=width, wake=ended.set)
        documents = _drive(local, list(_intents(work, local.traits.max_items)), ended)
        local.close()
    return Score(time.perf_counter() - started, _cpu() - before, documents)


JOB = """apiVersion: docbatch/v1
name: corpus
source:
  root: {root}
  include: "**/*"
provider: local
config: {{ocr: "off"}}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
"""


def apply(folder: Path, documents: int) -> Score:
    """Time the whole command on a new project: start-up, scan, state, spool and one Markdown file a document."""
    with tempfile.TemporaryDirectory() as place:
        jobs = Path(place) / "jobs"
        jobs.mkdir()
        (jobs / "corpus.yaml").write_text(JOB.format(root=json.dumps(str(folder.absolute()))))
        started, before = time.perf_counter(), _cpu()
        done = subprocess.run(
            [sys.executable, "-m", "docbatch", "apply"],
            cwd=place,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in {0, 3}, done.stderr
        return Score(time.perf_counter() - started, _cpu() - before, documents)


def _drive(local: LocalProvider, waiting: list[Intent], ended: threading.Event) -> int:
    """Submit, poll and fetch as the engine does, without keeping anything; return how many documents ended."""
    documents = 0
    live: dict[str, tuple[Intent, int]] = {}
    while waiting or live:
        while waiting and len(live) < local.traits.max_in_flight:
            intent = waiting.pop(0)
            local.create(intent)
            live[intent.submission] = (intent, len(intent.batch.items))
        ended.wait(1)
        ended.clear()
        for name, (intent, left) in list(live.items()):
            news = local.poll(intent, name).ended
            for one in news:
                if isinstance(one, Ready):
                    local.fetch(intent, one)
            documents += len(news)
            live[name] = (intent, left - len(news))
            if left == len(news):
                del live[name]
    return documents


def _intents(work: list[WorkItem], size: int) -> Iterator[Intent]:
    for number in range(0, len(work), size):
        name = str(number)
        items = tuple(work[number : number + size])
        files = {item.key: item.place for item in items}
        batch = Batch(name, name, Operation.PARSE, items, {"ocr": "off"}, files=files)
        yield Intent(name, name, b"", batch)


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    # The plain pool gets what makes the engines fast in the provider's workers, so that only the pool differs.
    os.environ.update(
        {
            key: value
            for key, value in (environment() | ONE_THREAD_EACH).items()
            if key.endswith(("_THREADS", "_MAX"))
        }
    )
    # An installed docbatch was compiled when it was installed; a checkout may not be, and would be at every start.
    compileall.compile_dir(Path(docbatch.__file__).parent, quiet=1)
    work = list(items(arguments.folder))
    plain, ours, whole = [], [], []
    for _ in range(arguments.rounds):
        score, pages = plain_pool(work, arguments.width)
        plain.append(score)
        ours.append(provider(work, arguments.width))
        whole.append(apply(arguments.folder, len(work)))
    best, own, all_in = (min(scores, key=lambda score: score.seconds) for scores in (plain, ours, whole))
    print(f"{len(work)} documents, {pages} pages, {arguments.width} workers, best of {arguments.rounds}")
    print(f"plain pool  {best.line(pages)}")
    print(f"provider    {own.line(pages)}")
    print(f"apply       {all_in.line(pages)}")
    print(f"provider reaches {best.seconds / own.seconds:.0%} of the plain pool, the whole command")
    print(
        f"{best.seconds / all_in.seconds:.0%} (CPU: {best.cpu / own.cpu:.0%} and {best.cpu / all_in.cpu:.0%})"
    )


if __name__ == "__main__":
    main()
