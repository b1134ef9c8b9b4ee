"""Time the first `docbatch apply` over many tiny text files, beside the bare engine in a plain process pool.

    python benchmarks/first.py [--files 10000 100000] [--width N]

The pool makes the same engine calls and drops the results; docbatch also keeps state, spool and one Markdown file a
document, each durable. Memory is that of the largest single process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local import JOB, items, plain_pool


def tree(root: Path, files: int) -> None:
    for number in range(files):
        folder = root / f"{number // 1000:05}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"note{number % 1000:04}.txt").write_bytes(b"note number %d\n" % number)


def first_apply(root: Path, place: Path) -> tuple[float, int]:
    """Return wall seconds and the peak memory of the largest process in bytes."""
    (place / "jobs").mkdir()
    (place / "jobs" / "tiny.yaml").write_text(JOB.format(root=json.dumps(str(root))))
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "docbatch", "apply"], cwd=place, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - began, usage.ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--width", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    for files in options.files:
        with tempfile.TemporaryDirectory() as folder:
            root, place = Path(folder) / "in", Path(folder) / "project"
            place.mkdir()
            tree(root, files)
            seconds, memory = first_apply(root, place)
            bare, _ = plain_pool(list(items(root)), options.width)
        print(
            f"{files:,} files: docbatch apply {files / seconds:,.0f} documents/s, peak {memory / 1e6:.0f} MB;"
            f" bare engine {files / bare.seconds:,.0f} documents/s"
        )


if __name__ == "__main__":
    main()
