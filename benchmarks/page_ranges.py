"""How long a PDF of thousands of pages takes: whole by one worker, in parts by one, by two, and by two of which one is killed.

Every leg is the whole command in a process of its own, start-up and outputs included, by turns. Beside the clock stands the
processor time of the command and its workers. The Markdown of all legs is compared byte for byte.
"""

import argparse
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from docbatch.testing.patience import comes_true
from tests.providers.local.pdf_pages import Line, lines, pdf

KILLED_AFTER = 0.4
"""The share of the time of two workers after which one of them is killed."""
WORKER = b"docbatch.providers.local.worker"


@dataclass(frozen=True)
class Leg:
    name: str
    config: str
    workers: int
    kills: bool = False


LEGS = (
    Leg("whole, one worker", "{}", 1),
    Leg("in parts, one worker", "{split_pages: SIZE}", 1),
    Leg("in parts, two workers", "{split_pages: SIZE}", 2),
    Leg("in parts, two workers, one killed", "{split_pages: SIZE}", 2, kills=True),
)


def book(pages: int) -> bytes:
    """Return a book with chapters, running heads, page numbers and two columns of figures on every fifth page."""
    return pdf(*(list(_page(number)) for number in range(1, pages + 1)))


def _page(number: int) -> Iterator[Line]:
    yield Line(72, 760, "The Chronicle of Bees", 9)
    yield Line(300, 30, str(number), 9)
    if number == 1:
        yield Line(72, 700, "The Great Book of Bees", 28)
    elif number % 40 == 1:
        yield Line(72, 700, f"Chapter {number // 40}: On honey", 18)
    if number % 5:
        said = "says that bees were seen near the river and the mill on that day."
        yield from lines(*(f"Line {n} of page {number} {said}" for n in range(40)), y=650, size=11)
    else:
        for row in range(30):
            yield Line(72, 650 - 14 * row, f"hive {row}", 11)
            yield Line(220, 650 - 14 * row, f"{number * row % 977}", 11)
            yield Line(360, 650 - 14 * row, f"{number + row} g", 11)


def set_up(root: Path, leg: Leg, size: int) -> Path:
    """Write the project of a leg, without a state, and return where its output will be."""
    shutil.rmtree(root / ".docbatch", ignore_errors=True)
    (root / "docbatch.yaml").write_text(
        f"project: {{id: pagesofranges}}\nproviders: {{local: {{type: local, workers: {leg.workers}}}}}\n"
    )
    (root / "jobs").mkdir(exist_ok=True)
    out = f"out-{LEGS.index(leg)}"
    shutil.rmtree(root / out, ignore_errors=True)
    config = leg.config.replace("SIZE", str(size)).replace("{}", "{timeout: 3600}")
    (root / "jobs/book.yaml").write_text(
        "apiVersion: docbatch/v1\nname: book\nsource: {include: 'in/*'}\nprovider: local\n"
        f"config: {config}\nsink: [{{type: files, path: '{out}/{{{{ doc.path }}}}.md'}}]\n"
    )
    return root / out / "in/book.pdf.md"


def workers_of(parent: int) -> list[int]:
    """Return the processes that read documents for another."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                command = (each / "cmdline").read_bytes()
            except OSError:
                continue
            if WORKER + b"\0%d\0" % parent in command:
                found.append(int(each.name))
    return found


def run(root: Path, leg: Leg, kill_after: float) -> tuple[float, float]:
    """Return the seconds by the clock and of processors that one apply takes."""
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "docbatch", "apply"]
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ)
    )
    if leg.kills:
        comes_true(lambda: len(workers_of(process.pid)) > 1)
        time.sleep(max(0.0, kill_after - (time.monotonic() - since)))
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    said, _ = process.communicate()
    took, after = time.monotonic() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{leg.name}: exit code {process.returncode}\n{said.decode()}")
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(leg: Leg, taken: Sequence[tuple[float, float]], base: float) -> None:
    clock = statistics.median(each for each, _ in taken)
    used = statistics.median(each for _, each in taken)
    print(f"{leg.name:36} {clock:8.2f} s  {clock / base:5.2f} x  {used:8.2f} s of processors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--size", type=int, default=500, help="pages of a part")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "in").mkdir()
        (root / "in/book.pdf").write_bytes(book(asked.pages))
        taken: dict[Leg, list[tuple[float, float]]] = {leg: [] for leg in LEGS}
        said: dict[Leg, bytes] = {}
        for _ in range(asked.rounds):
            for leg in LEGS:
                output = set_up(root, leg, asked.size)
                two = taken[LEGS[2]]
                taken[leg].append(run(root, leg, KILLED_AFTER * two[-1][0] if two else 0.0))
                said[leg] = output.read_bytes()
        base = statistics.median(each for each, _ in taken[LEGS[0]])
        for leg in LEGS:
            show(leg, taken[leg], base)
        same = len(set(said.values())) == 1
        print(
            f"{asked.pages:,} pages in parts of {asked.size}: the Markdown is {'the same' if same else 'not the same'} in all legs"
        )


if __name__ == "__main__":
    main()
