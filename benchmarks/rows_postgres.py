"""How fast results reach a table of PostgreSQL, beside a bare loop that reads the same kept results and makes the same rows.

python benchmarks/rows_postgres.py [--documents 20000] [--rounds 3] [--dsn DSN]

A job of small texts is read once by the local engine, into a sink of lines. Then, by turns and into tables of their own, the job gets a
`postgres` sink, which `docbatch apply` fills from what is kept, and a bare loop does as much: one COPY into a temporary table, and one
upsert. Shown is what docbatch takes for delivering alone, and for the whole command with its start and its plan.
Without `--dsn` a server of Debian's packages is started for the time, as the tests do.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import psycopg

from docbatch.engine.reading.result_reader_process import Wanted
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.sinks.base import Delivery
from docbatch.sinks.postgres.options import PostgresSinkSpec
from docbatch.sinks.postgres.result_table import TYPES
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.row_maker import Row, RowMaker
from docbatch.spool.spool import Spool
from docbatch.state.store import Store

HERE = Path(__file__).resolve().parents[1]
SINK = {"type": "postgres", "dsn": {"env": "PG_DSN"}, "rows": "document", "table": "TABLE"}
JOB = """apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*.txt"}
provider: local
sink:
- {type: jsonl, path: out.jsonl}
"""
DELIVERING = """
import json, sys, time
from docbatch.engine.running import deliver_results
from docbatch.cli import main
took, plain = [0.0, 0.0], deliver_results._write
def timed(*arguments):
    before = time.perf_counter(), time.process_time()
    try:
        return plain(*arguments)
    finally:
        took[0] += time.perf_counter() - before[0]
        took[1] += time.process_time() - before[1]
deliver_results._write = timed
told, sys.argv = sys.argv[1], ["docbatch", "apply", "--yes"]
try:
    main()
finally:
    with open(told, "w") as file:
        file.write(json.dumps(took))
"""


def bare(root: Path, table: str) -> None:
    """Read what is kept, make the rows, and write them. What it takes without a start is written down as for docbatch."""
    before = time.perf_counter(), time.process_time()
    read = REGISTRY.kind("local").read
    spec = PostgresSinkSpec.model_validate({**SINK, "table": table})
    maker = RowMaker(spec, RowFacts("job", {}, lambda _path: {}), {})

    def rows() -> Iterator[Row]:
        with Store.readable(root / ".docbatch") as store:
            spool = Spool(root / ".docbatch" / "spool", store.results)
            held = store.deliveries.holdings(store.deliveries.sinks("job")[0])
            while window := list(islice(held, 512)):
                places = spool.places([each.result for each in window])
                for each, place in zip(window, places, strict=True):
                    wanted = Wanted(
                        each.result, escape(each.path), each.digest, each.size, each.media_type, place
                    )
                    answer = partial(read, spool.read(each.result, place))
                    yield from maker.rows(Delivery(each.path, b"", each.result, wanted.document(), answer))

    names = ", ".join(f'"{each.name}"' for each in maker.columns)
    columns = ", ".join(f'"{each.name}" {TYPES[each.type].as_string()}' for each in maker.columns)
    changes = ", ".join(
        f'"{each.name}" = excluded."{each.name}"' for each in maker.columns if not each.is_key
    )
    with psycopg.connect(os.environ["PG_DSN"]) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (job, path))".encode())
        cursor.execute(f"CREATE TEMP TABLE incoming ({columns}) ON COMMIT DROP".encode())
        with cursor.copy(f"COPY incoming ({names}) FROM STDIN".encode()) as copy:
            for row in rows():
                copy.write_row(row)
        query = f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming ON CONFLICT (job, path) DO UPDATE SET {changes}"
        cursor.execute(query.encode())
    took = time.perf_counter() - before[0], time.process_time() - before[1]
    (root / "took.json").write_text(json.dumps(took))


def _run(root: Path, *arguments: str) -> tuple[float, float]:
    """Run a process and return its seconds: by the clock, and of processors."""
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(root: Path, documents: int, rounds: int) -> None:
    (root / "in").mkdir()
    for number in range(documents):
        folder = root / "in" / f"{number % 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(
            f"Invoice {number}\n\nThe total of order {number * 7} is {number / 7:.2f} EUR.\n" * 5
        )
    (root / "jobs").mkdir()
    (root / "jobs/job.yaml").write_text(JOB)
    print(f"reading {documents:,} texts once: %.1f s" % _run(root, "-m", "docbatch", "apply")[0], flush=True)
    best: dict[str, tuple[float, float]] = {}
    for number in range(rounds):
        _run(root, str(Path(__file__).resolve()), "--bare", f"bare_{number}")
        loop = json.loads((root / "took.json").read_text())
        sink = json.dumps({**SINK, "table": f"ours_{number}"})
        (root / "jobs/job.yaml").write_text(f"{JOB}- {sink}\n")
        command = _run(root, "-c", DELIVERING, "took.json")
        delivering = json.loads((root / "took.json").read_text())
        for name, took in (("bare loop", loop), ("delivering", delivering), ("docbatch apply", command)):
            print(f"  {name}: {took[0]:.2f} s, {took[1]:.2f} s of processors", flush=True)
            best[name] = min(tuple(took), best.get(name, (float("inf"), 0.0)))
    for name in ("delivering", "docbatch apply"):
        by_clock, by_processors = (best["bare loop"][each] / best[name][each] for each in (0, 1))
        print(
            f"{name}: {by_clock:.0%} of the bare loop's speed, {by_processors:.0%} by processors", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dsn")
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare:
        bare(Path.cwd(), chosen.bare)
        return
    sys.path.insert(0, str(HERE))
    if chosen.dsn is None:
        from tests.sinks.postgres_server import server  # noqa: PLC0415 - found by the path that was just set

        chosen.dsn = server().dsn()
    os.environ["PG_DSN"] = chosen.dsn
    root = Path(tempfile.mkdtemp(prefix="docbatch-rows-"))
    try:
        measure(root, chosen.documents, chosen.rounds)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
