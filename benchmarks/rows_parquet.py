"""Time the delivery of many small results to a sink of Parquet files, beside a bare loop that writes the same rows with pyarrow.

    python benchmarks/rows_parquet.py [--documents 20000] [--rounds 3] [--rows document] [--keep FOLDER]

The results are made by a stand-in that answers at once, each another, and kept by a first apply. Then each round adds the sink to
the job, in a new state of the same results, and times what its delivery takes within `docbatch apply`, and the whole of that; and
the bare loop, which reads the same kept results, makes the same rows, and writes them with pyarrow into as many files.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
from unchanged import Instant, sample_payload, tree

from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.running.apply import Assignment, apply
from docbatch.engine.running.deliveries import deliver_together
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.providers.base import Intent, Ready
from docbatch.providers.kind import Settings, Surroundings
from docbatch.providers.local import KIND, TRAITS
from docbatch.sinks.base import Delivery
from docbatch.sinks.parquet.arrow_rows import batch_of, schema_of
from docbatch.sinks.parquet.options import ParquetSinkSpec
from docbatch.sinks.parquet.part_names import chosen_parts, part_name, part_of
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.fields import RowKind
from docbatch.sinks.rows.row_maker import Row, RowMaker
from docbatch.specs.load import load_jobs, load_project
from docbatch.spool import Spool
from docbatch.spool.readers import reading
from docbatch.state.store import Store

JOB = """apiVersion: docbatch/v1
name: small
source: {{root: in, include: "**/*.txt"}}
provider: local
sink: [{sinks}]
"""
FIRST = "{type: jsonl, path: out/all.jsonl}"
ROWS = "{FIRST}, {{type: parquet, path: out/rows, rows: {rows}}}"
_WINDOW = 256


class Numbered(Instant):
    """Answers each document at once with a payload of its own."""

    number = 0

    def fetch(self, intent: Intent, ready: Ready) -> bytes:  # type: ignore[override]  # noqa: ARG002
        Numbered.number += 1
        return self.payload.replace(b"note number 0", b"note number %d" % Numbered.number)


def applied(root: Path, *, with_stand_in: bool = False) -> float:
    """Apply the project, and return the seconds it took. With a stand-in no other process reads results."""
    Numbered.payload = sample_payload()

    def connect(_settings: Settings, surroundings: Surroundings) -> Numbered:
        return Numbered(surroundings.incoming)

    stand_in = replace(KIND, traits=lambda _settings: replace(TRAITS, max_items=2000), connect=connect)
    project = load_project(root)
    started = time.perf_counter()
    with REGISTRY.added(stand_in, replacing=True) if with_stand_in else nullcontext():
        work = Assignment(load_jobs(project), root / ".docbatch", project.mark)
        outcome = apply(work, lambda _notice: None, lambda _report: True)
    assert outcome.exit_code == 0, outcome
    return time.perf_counter() - started


@contextmanager
def delivery_timed() -> Iterator[list[float]]:
    """Collect the seconds that deliveries to the sink take."""
    took: list[float] = []
    write = deliver_together.write_together

    def timed(*arguments: object) -> None:
        started = time.perf_counter()
        write(*arguments)  # type: ignore[arg-type]
        took.append(time.perf_counter() - started)

    with mock.patch.object(deliver_together, "write_together", timed):
        yield took


def _same(answer: Answer) -> Answer:
    return answer


def bare(folder: Path, out: Path, rows: RowKind) -> float:
    """Read, make and write the same rows, and return the seconds it took."""
    started = time.perf_counter()
    out.mkdir()
    maker = RowMaker(
        ParquetSinkSpec(type="parquet", path="x", rows=rows), RowFacts("small", {}, lambda _path: {}), {}
    )
    schema = schema_of(maker.columns)
    with Store.readable(folder) as store:
        spool = Spool(folder / "spool", store.results)
        number = store.documents.count("small")
        parts = chosen_parts(0, number)
        made: list[list[Row]] = [[] for _ in range(parts)]
        read, after = REGISTRY.kind("local").read, b""
        with reading(spool.root):
            while window := store.documents.with_results("small", after, _WINDOW):
                after = window[-1].path
                for each in window:
                    info = DocumentInfo(
                        path=escape(each.path), sha256=each.digest, size=each.size, media_type=each.media_type
                    )
                    answer = read(spool.read(each.result))
                    delivery = Delivery(each.path, b"", each.result, info, partial(_same, answer))
                    made[part_of(each.path, parts)] += [(*row, each.result) for row in maker.rows(delivery)]
    for place, part in enumerate(made):
        if part:
            table = pa.Table.from_batches([batch_of(part, schema)])
            pq.write_table(table, out / part_name(place, parts), compression="zstd")
    return time.perf_counter() - started


def measure(root: Path, documents: int, rounds: int, rows: RowKind) -> None:
    tree(root, documents, 1000)
    (root / "jobs").mkdir()
    os.chdir(root)
    (root / "jobs" / "small.yaml").write_text(JOB.format(sinks=FIRST))
    print(f"first apply of {documents:,} documents: {applied(root, with_stand_in=True):.1f} s", flush=True)
    shutil.copytree(root / ".docbatch", root / "kept")
    (root / "jobs" / "small.yaml").write_text(JOB.format(sinks=ROWS.format(FIRST=FIRST, rows=rows)))
    found = []
    for place in range(rounds):
        for folder in (root / ".docbatch", root / "out"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root / "kept", root / ".docbatch")
        loop = bare(root / "kept", root / f"bare{place}", rows)
        with delivery_timed() as took:
            whole = applied(root)
        ours, theirs = (
            pa.concat_tables([pq.read_table(part) for part in sorted(each.glob("*.parquet"))])
            for each in (root / "out" / "rows", root / f"bare{place}")
        )
        assert ours.sort_by("path").equals(theirs.sort_by("path")), "the rows differ"
        found.append((loop, sum(took)))
        print(
            f"bare loop {loop:.2f} s, delivery {sum(took):.2f} s ({loop / sum(took):.0%}), apply as a whole {whole:.2f} s",
            flush=True,
        )
    print(
        f"best: {min(loop for loop, _ in found) / min(took for _, took in found):.0%} of the bare loop's speed"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default="document", choices=["document", "page", "block", "table"])
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True)
        measure(chosen.keep.absolute(), chosen.documents, chosen.rounds, chosen.rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), chosen.documents, chosen.rounds, chosen.rows)


if __name__ == "__main__":
    main()
