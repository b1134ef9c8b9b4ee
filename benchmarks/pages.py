"""Time `docbatch plan` over new PDFs with and without their pages, beside hashing the same files.

    python benchmarks/pages.py [--files 2000] [--rounds 3] [--keep FOLDER]

The PDFs are made here: 1 to 30 pages of text, compressed, with fonts and a table of objects. Each round runs, one after
the other, a bare loop that reads and hashes every file, `docbatch plan --no-pages`, and `docbatch plan`, each without
anything known from before, and then `docbatch plan` once more with what was counted kept. All files are in the page
cache. Processor time, that of children included, is given beside the clock.
"""

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

JOB = """apiVersion: docbatch/v1
name: pages
source:
  root: in
  include: "**/*.pdf"
provider: local
sink:
  - {type: jsonl, path: out/all.jsonl}
"""
HASH = """
import hashlib, os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            hashlib.sha256(file.read()).hexdigest()
"""
WORDS = [
    "invoice",
    "amount",
    "total",
    "of",
    "the",
    "customer",
    "delivered",
    "on",
    "account",
    "number",
    "date",
    "reference",
    "street",
    "city",
]
PER_FOLDER = 1000


def pdf(number: int, pages: int) -> bytes:
    """Return a PDF of so many pages of text; another number has other words."""
    chosen = random.Random(number)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for page in range(pages):
        lines = (" ".join(chosen.choices(WORDS, k=10)) + f" {number}.{page}" for _ in range(45))
        text = "BT /F1 11 Tf 50 780 Td 14 TL " + " ".join(f"({line}) ' " for line in lines) + "ET"
        content = zlib.compress(text.encode())
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, b" ".join(kids))
    return _written(objects)


def _written(objects: list[bytes]) -> bytes:
    made, places = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        made
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            len(made),
        )
    )


def make(root: Path, files: int) -> int:
    """Write a project of so many PDFs and return how many pages they have."""
    (root / "jobs").mkdir(parents=True)
    (root / "jobs" / "pages.yaml").write_text(JOB)
    pages = 0
    for number in range(files):
        folder = root / "in" / f"{number // PER_FOLDER:03}"
        folder.mkdir(parents=True, exist_ok=True)
        has = 1 + number * 7 % 30
        (folder / f"{number:06}.pdf").write_bytes(pdf(number, has))
        pages += has
    # What was written within the last two seconds is hashed once more.
    time.sleep(3)
    return pages


def spent(command: list[str], root: Path) -> tuple[float, float]:
    """Run a command and return its seconds by the clock and of processors."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "pages in" in done.stdout:
        print("   ", next(line.strip() for line in done.stdout.splitlines() if "pages in" in line))
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(root: Path, rounds: int) -> None:
    plan = [sys.executable, "-m", "docbatch", "plan"]
    # A state folder is what keeps anything: apply makes it.
    kept = root / ".docbatch"
    legs: dict[str, Callable[[], tuple[float, float]]] = {
        "hashing alone": lambda: spent([sys.executable, "-c", HASH, "in"], root),
        "plan --no-pages": lambda: spent([*plan, "--no-pages"], root),
        "plan": lambda: spent(plan, root),
        "plan again, known": lambda: spent(plan, root),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in legs}
    for _ in range(rounds):
        for name, leg in legs.items():
            if name != "plan again, known":
                shutil.rmtree(kept, ignore_errors=True)
                kept.mkdir(mode=0o700)
            taken[name].append(leg())
    bare = min(wall for wall, _ in taken["plan --no-pages"])
    for name, seconds in taken.items():
        wall, cpu = (statistics.median(column) for column in zip(*seconds, strict=True))
        print(
            f"{name:20} {wall:7.2f} s  {cpu:7.2f} s of processors  {min(each for each, _ in seconds) / bare:5.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="docbatch-pages-"))
    try:
        if not (folder / "jobs").exists():
            print(f"{make(folder, asked.files):,} pages in {asked.files:,} files")
        size = sum(each.stat().st_size for each in folder.glob("in/*/*"))
        print(
            f"{size / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}; best by the clock to that of plan --no-pages:"
        )
        measure(folder, asked.rounds)
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
