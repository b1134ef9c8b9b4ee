"""How fast kept results reach a data set of Parquet files, beside a bare loop that writes as many files with pyarrow.

python benchmarks/rows_parquet.py [--documents 20000] [--lines 1] [--rounds 3] [--rows document] [--keep FOLDER]
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from kept_rows import KeptResults, run, tell, timed

from docbatch.sinks.parquet.arrow_rows import batch_of, schema_of
from docbatch.sinks.parquet.part_names import chosen_parts, part_name, part_of
from docbatch.sinks.rows.row_maker import Row, RowMaker

SINK = "{{type: parquet, path: out/rows, rows: {rows}}}"


def bare(kept: KeptResults, maker: RowMaker, documents: int, out: Path) -> None:
    out.mkdir()
    schema = schema_of(maker.columns)
    parts = chosen_parts(0, documents)
    made: list[list[Row]] = [[] for _ in range(parts)]
    for window in kept.deliveries():
        for delivery in window:
            made[part_of(delivery.path, parts)] += [
                (*row, delivery.result_digest) for row in maker.rows(delivery)
            ]
    for place, part in enumerate(made):
        if part:
            table = pa.Table.from_batches([batch_of(part, schema)])
            pq.write_table(table, out / part_name(place, parts), compression="zstd")


def measure(kept: KeptResults, given: argparse.Namespace) -> None:
    declared = SINK.format(rows=given.rows)
    maker = kept.maker(kept.sink(declared))
    ours, theirs = [], []
    for number in range(given.rounds):
        shutil.rmtree(kept.root / "out", ignore_errors=True)
        out = kept.root / f"bare{number}"
        theirs.append(timed(partial(bare, kept, maker, given.documents, out)))
        took, whole = kept.delivered(declared)
        ours.append(took)
        here, there = (
            pa.concat_tables([pq.read_table(part) for part in sorted(each.glob("*.parquet"))])
            for each in (kept.root / "out" / "rows", out)
        )
        assert here.sort_by("path").equals(there.sort_by("path")), "the rows differ"
        print(f"bare loop {theirs[-1]}; delivery {took}; apply as a whole {whole:.2f} s", flush=True)
    tell("parquet", theirs, ours)


if __name__ == "__main__":
    run(__doc__, measure)
