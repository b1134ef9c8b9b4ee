"""Projects for `scale.py`: many small documents that all differ, one job, and what it leaves behind, counted."""

import os
import sqlite3
import sys
import sysconfig
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import scale_vendor
from scale_vendor import CLOUD_VARIABLE, NAME

import docbatch

PER_FOLDER = 1000
PROJECT = "project: {id: scale00000001}\n"
JOB = """apiVersion: docbatch/v1
name: small
source: {{root: in, include: "**/*.txt"}}
provider: {provider}
sink:
  - {sink}
"""
SINKS = {
    "files": '{type: files, path: "out/{{ doc.path }}.md", format: markdown}',
    "jsonl": "{type: jsonl, path: out/all.jsonl}",
}
PROVIDERS = {"fake": NAME, "local": "local"}


@dataclass(frozen=True)
class ScaleProject:
    """A folder with a project of so many documents. `python` is an environment that has the vendor as a plug-in."""

    root: Path
    documents: int
    provider: str
    sink: str

    @property
    def cloud(self) -> Path:
        return self.root / "cloud.db"

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, CLOUD_VARIABLE: str(self.cloud), "NO_COLOR": "1"}

    @property
    def command(self) -> Sequence[str]:
        return [str(self.root / "venv/bin/python"), "-m", "docbatch", "apply", "--yes", "--json"]

    def write(self) -> None:
        (self.root / "jobs").mkdir(parents=True)
        (self.root / "docbatch.yaml").write_text(PROJECT)
        (self.root / "jobs/job.yaml").write_text(
            JOB.format(provider=PROVIDERS[self.provider], sink=SINKS[self.sink])
        )
        for number in range(self.documents):
            path = self.path(number)
            if number % PER_FOLDER == 0:
                path.parent.mkdir(parents=True)
            path.write_bytes(b"document %d\n" % number)
        install_vendor(self.root / "venv")

    def path(self, number: int) -> Path:
        folder, name = divmod(number, PER_FOLDER)
        above, beside = divmod(folder, PER_FOLDER)
        return self.root / f"in/{above:03}/{beside:03}/{name:03}.txt"

    def edit(self) -> None:
        self.path(self.documents // 2).write_bytes(b"another document\n")

    def outputs(self) -> int:
        if self.sink == "files":
            return sum(len(files) for _, _, files in os.walk(self.root / "out"))
        with (self.root / "out/all.jsonl").open("rb") as lines:
            return sum(1 for _ in lines)

    def bytes(self) -> dict[str, int]:
        """Return how much lies where, as file sizes."""
        own = self.root / ".docbatch"
        places = {
            "state": sorted(own.glob("state.db*")),
            "cache": sorted(own.glob("cache.db*")),
            "spool": [own / "spool"],
            "outputs": [self.root / "out"],
            "documents": [self.root / "in"],
        }
        return {name: sum(map(_size, paths)) for name, paths in places.items()}

    def rows(self) -> Counter[str]:
        with closing(sqlite3.connect(self.root / ".docbatch/state.db")) as state:
            tables = state.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return +Counter(
                {name: state.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}
            )

    def requests(self) -> Counter[str]:
        """Return what the vendor was asked so far, by the sort of call."""
        if not self.cloud.exists():
            return Counter()
        with closing(sqlite3.connect(self.cloud)) as cloud:
            # The vendor looks up there, too, whether a poll is to find nothing.
            asked = cloud.execute("SELECT call, max(nth) FROM seen WHERE call != 'gone' GROUP BY call")
            return Counter(dict(asked.fetchall()))

    def paid(self) -> Counter[int]:
        """Return how many documents were paid how often."""
        with closing(sqlite3.connect(self.cloud)) as cloud:
            times = cloud.execute("SELECT count(*) FROM run GROUP BY content")
            return Counter(each for (each,) in times)

    def vendor_seconds(self) -> float:
        taken = self.cloud.with_name(self.cloud.name + scale_vendor.TAKEN)
        seconds = float(taken.read_text()) if taken.exists() else 0.0
        taken.unlink(missing_ok=True)
        return seconds


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(Path(entry.path)) for entry in os.scandir(path))
    return path.stat().st_size if path.exists() else 0


def install_vendor(place: Path) -> None:
    """Make an environment that has all of this one and the vendor as a plug-in, which docbatch's own children find, too."""
    venv.create(place, symlinks=True, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(place)}))
    here = [str(Path(docbatch.__file__).parents[1]), *_packages()]
    (packages / "scale.pth").write_text("\n".join(here) + "\n")
    (packages / "scale_vendor.py").write_text(Path(scale_vendor.__file__).read_text())
    about = packages / "scale_vendor-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: scale-vendor\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[docbatch.providers]\n{NAME} = scale_vendor:KIND\n")


def _packages() -> Iterator[str]:
    for each in sys.path:
        if each.endswith("site-packages"):
            yield each
