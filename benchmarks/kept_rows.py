"""What benchmarks of rows have in common: results that are kept, their delivery to a sink that is added later, and who does the same in a loop.

The results are made by a stand-in that answers at once, each another, and kept by a first apply. Each round then adds a sink to the
job, in a new copy of that state, and times what its delivery takes within `docbatch apply`: by the clock, and in seconds of processors,
of this process and of those that make rows for it. The bare loop reads the same results, makes the same rows, and writes them as fast as
a library can.
"""

import argparse
import gc
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from unchanged import Instant, sample_payload, tree

from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.running import deliver_results
from docbatch.engine.running.apply import Assignment, apply
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.providers.base import Intent, Ready
from docbatch.providers.kind import Settings, Surroundings
from docbatch.providers.local import KIND, TRAITS
from docbatch.sinks.base import Delivery
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import JobSink
from docbatch.spool import Spool
from docbatch.state.store import Store

JOB = """apiVersion: docbatch/v1
name: small
source: {{root: in, include: "**/*.txt"}}
provider: local
sink: [{sinks}]
"""
FIRST = "{type: jsonl, path: first/all.jsonl}"
_WINDOW = 512


class Took(NamedTuple):
    """Seconds: by the clock, of processors in this process, and of those in processes that make rows, their start included."""

    clock: float
    own: float
    others: float = 0.0

    def __str__(self) -> str:
        others = f" and {self.others:.2f} s" if self.others else ""
        return f"{self.clock:.2f} s, {self.own:.2f} s{others} of processors"


class Numbered(Instant):
    """Answers each document at once, with words of its own."""

    number = 0

    def fetch(self, intent: Intent, ready: Ready) -> bytes:  # type: ignore[override]  # noqa: ARG002
        Numbered.number += 1
        return self.payload.replace(b"note number 0", b"note number %d" % Numbered.number)


@dataclass(frozen=True, slots=True)
class KeptResults:
    """A project in the working folder, whose results are kept in a state that is copied for each round."""

    root: Path

    @classmethod
    def made(cls, root: Path, documents: int, lines: int) -> "KeptResults":
        """Make a project of so many documents, with as many lines of text each."""
        tree(root, documents, 1000)
        (root / "jobs").mkdir()
        os.chdir(root)
        Numbered.payload = sample_payload().replace(
            b"note number 0", b"\\n".join([b"note number 0 of some that are longer than a word"] * lines)
        )
        made = cls(root)
        made._declare(FIRST)
        began = time.perf_counter()
        made._apply(with_stand_in=True)
        print(f"first apply of {documents:,} documents: {time.perf_counter() - began:.1f} s", flush=True)
        shutil.copytree(root / ".docbatch", made.state)
        return made

    @property
    def state(self) -> Path:
        """The state that nothing is written to."""
        return self.root / "kept"

    def sink(self, declared: str) -> JobSink:
        """Return a sink as the job has it that declares it."""
        self._declare(f"{FIRST}, {declared}")
        (job,) = load_jobs(load_project(self.root))
        return job.sinks[1]

    def maker(self, sink: JobSink) -> RowMaker:
        options: Any = sink.options
        return RowMaker(options, RowFacts("small", {}, lambda _path: {}), sink.context)

    def delivered(self, declared: str) -> tuple[Took, float]:
        """Add a sink, and return what its delivery took, and the seconds of the apply as a whole."""
        self._declare(f"{FIRST}, {declared}")
        shutil.rmtree(self.root / ".docbatch")
        shutil.copytree(self.state, self.root / ".docbatch")
        took = [0.0, 0.0]
        deliver = deliver_results.deliver

        def timed(*arguments: Any) -> None:
            with timing(took):
                deliver(*arguments)

        began, before = time.perf_counter(), _of_children()
        with mock.patch.object(deliver_results, "deliver", timed):
            self._apply()
        return Took(took[0], took[1], _of_children() - before), time.perf_counter() - began

    def deliveries(self) -> Iterator[list[Delivery]]:
        """Yield what is kept in windows, each to be read once."""
        read = REGISTRY.kind("local").read
        with Store.readable(self.state) as store:
            spool = Spool(self.state / "spool", store.results)
            after = b""
            while window := store.documents.with_results("small", after, _WINDOW):
                after = window[-1].path
                places = spool.places([each.result for each in window])
                yield [
                    Delivery(
                        each.path,
                        b"",
                        each.result,
                        DocumentInfo(
                            path=escape(each.path),
                            sha256=each.digest,
                            size=each.size,
                            media_type=each.media_type,
                        ),
                        partial(_read, spool, read, each.result, place),
                    )
                    for each, place in zip(window, places, strict=True)
                ]

    def _declare(self, sinks: str) -> None:
        (self.root / "jobs" / "small.yaml").write_text(JOB.format(sinks=sinks))

    def _apply(self, *, with_stand_in: bool = False) -> None:
        """Apply the project. With a stand-in no other process reads results: none but this one knows it."""

        def connect(_settings: Settings, surroundings: Surroundings) -> Numbered:
            return Numbered(surroundings.incoming)

        stand_in = replace(KIND, traits=lambda _settings: replace(TRAITS, max_items=2000), connect=connect)
        project = load_project(self.root)
        with REGISTRY.added(stand_in, replacing=True) if with_stand_in else nullcontext():
            work = Assignment(load_jobs(project), self.root / ".docbatch", project.mark)
            outcome = apply(work, lambda _notice: None, lambda _report: True)
        assert outcome.exit_code == 0, outcome


def _read(spool: Spool, read: Callable[[bytes], Answer], digest: str, place: Any) -> Answer:
    return read(spool.read(digest, place))


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def timing(took: list[float]) -> Iterator[None]:
    """Add what a block takes to seconds by the clock, and to those of processors."""
    before = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        took[0] += time.perf_counter() - before[0]
        took[1] += time.process_time() - before[1]


def timed(act: Callable[[], object]) -> Took:
    took = [0.0, 0.0]
    with timing(took):
        act()
    return Took(*took)


def tell(name: str, bare: list[Took], ours: list[Took]) -> None:
    """Print how close one comes to the other: best against best, and the middle of the rounds' own shares."""
    shares = [their.clock / our.clock for their, our in zip(bare, ours, strict=True)]
    best = min(each.clock for each in bare) / min(each.clock for each in ours)
    own = min(each.own for each in bare) / min(each.own for each in ours)
    print(
        f"{name}: {best:.0%} of the bare loop's speed at best, {statistics.median(shares):.0%} in the middle of the rounds;"
        f" {own:.0%} by processor time of this process",
        flush=True,
    )


def run(doc: str | None, measure: Callable[[KeptResults, argparse.Namespace], None], lines: int = 1) -> None:
    """Read the arguments of a benchmark and let it measure. Garbage is looked for as seldom as the command does, by both sides."""
    gc.set_threshold(50_000, 20, 20)
    gc.freeze()
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, conflict_handler="resolve"
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=lines, help="lines of text of each document")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default="document", choices=["document", "page", "block", "table"])
    parser.add_argument("--keep", type=Path, help="a new folder to leave the project in")
    parser.add_argument("--dsn", help="of a PostgreSQL server; one of Debian's packages is started without")
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True)
        measure(KeptResults.made(given.keep.absolute(), given.documents, given.lines), given)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(KeptResults.made(Path(folder), given.documents, given.lines), given)
