"""Measure what a project of many documents takes: the first apply, one that finds nothing to do, and one after an edit.

    python benchmarks/scale.py [--documents 20000 …] [--provider fake|local] [--sink jsonl|files] [--keep FOLDER]
                               [--figures FILE]

Every stage is the real command, a process with its children. The documents are a few bytes each, so that what docbatch
itself costs is seen and not what reading takes. `fake` is a vendor in a file, paid, with the batches of Extend, which answers at
once; what it takes of the processor is told apart. Memory is the proportional share of all processes, looked at four
times a second; what stands at 10, 50 and 100 % is the most that was held while the 5 % before were brought. Several
numbers of documents are measured one after the other, and compared. Works on Linux alone.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from scale_project import PROVIDERS, SINKS, ScaleProject
from scale_watch import MARKS, Held, Watched, watched

MB = 1_000_000
FIRST = "first apply"
EDIT = "one edit"


@dataclass(frozen=True)
class Stage:
    """What one command took, and how things stood behind it: seconds, bytes, rows of the state, requests of this stage.

    `vendor` are the seconds of `cpu` that the vendor in a file took.
    """

    name: str
    documents: int
    wall: float
    cpu: float
    vendor: float
    peak: int
    own_peak: int
    held: Sequence[Held]
    bytes: dict[str, int]
    rows: dict[str, int]
    requests: dict[str, int]
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def own(self) -> float:
        """Seconds of the processor without the vendor's."""
        return self.cpu - self.vendor


def staged(name: str, project: ScaleProject, before: Counter[str]) -> Stage:
    took: Watched = watched(project.command, project.root, project.environment, project.documents)
    at = [took.at(mark) for mark in MARKS if name == FIRST]
    return Stage(
        name,
        project.documents,
        took.wall,
        took.cpu,
        project.vendor_seconds(),
        took.peak,
        took.own_peak,
        [each for each in at if each is not None],
        project.bytes(),
        dict(project.rows()),
        dict(project.requests() - before),
    )


def measured(project: ScaleProject) -> list[Stage]:
    """Apply three times, and see that all documents were brought, and none was paid twice."""
    stages = []
    for name in (FIRST, "no-op", EDIT):
        if name == EDIT:
            # A file that is as fresh as the look at it is read again anyway; the edit alone is to be measured.
            time.sleep(3)
            project.edit()
        stages.append(staged(name, project, project.requests()))
        tell(stages[-1])
        assert project.outputs() == project.documents, (project.outputs(), project.documents)
    if project.provider == "fake":
        assert project.paid() == {1: project.documents + 1}, project.paid()
        print("    paid once: each document, and the edited one as another")
    return stages


def tell(stage: Stage) -> None:
    documents = stage.documents
    vendor = f" and {stage.vendor:.2f} s of the vendor" if stage.vendor else ""
    print(
        f"  {stage.name}: {stage.wall:.2f} s by the clock ({documents / stage.wall:,.0f} documents/s, load {stage.load:.1f}),"
        f" CPU {stage.own:.2f} s{vendor} ({stage.own / documents * 1e6:.0f} µs a document)"
    )
    at = ", ".join(f"{100 * mark:.0f} %: {own / MB:.0f}/{all_ / MB:.0f}" for mark, own, all_ in stage.held)
    print(
        f"    memory, own/all: peak {stage.own_peak / MB:.0f}/{stage.peak / MB:.0f} MB{'; ' if at else ''}{at}"
    )
    print(
        "    bytes: "
        + ", ".join(f"{name} {size:,} ({size / documents:.0f} each)" for name, size in stage.bytes.items())
    )
    largest = Counter(stage.rows).most_common(6)
    print(
        f"    rows: {sum(stage.rows.values()):,}: " + ", ".join(f"{name} {rows:,}" for name, rows in largest)
    )
    if stage.requests:
        told = ", ".join(f"{name} {number:,}" for name, number in Counter(stage.requests).most_common())
        print(f"    requests: {sum(stage.requests.values()):,}: {told}", flush=True)


def compare(few: Sequence[Stage], many: Sequence[Stage]) -> None:
    """Print what grew, as what a document takes of the larger number beside one of the smaller."""
    times = many[0].documents / few[0].documents
    print(f"{few[0].documents:,} and {many[0].documents:,} documents ({times:.0f} times):")
    for one, other in zip(few, many, strict=True):
        cpu = other.own / one.own
        peak = other.peak - one.peak
        print(
            f"  {one.name}: CPU {cpu:.2f} times, {cpu / times:.2f} a document; memory {peak / MB:+.0f} MB;"
            f" state {other.bytes['state'] / one.bytes['state'] / times:.2f} a document,"
            f" rows {sum(other.rows.values()) / sum(one.rows.values()) / times:.2f}"
        )


def project_in(folder: Path, documents: int, provider: str, sink: str) -> ScaleProject:
    project = ScaleProject(folder / f"{provider}-{sink}-{documents}", documents, provider, sink)
    if project.root.exists():
        raise SystemExit(f"{project.root} is there already: remove it, or name another folder")
    began = time.perf_counter()
    project.write()
    print(
        f"{documents:,} documents, provider {provider}, sink {sink}; made in {time.perf_counter() - began:.0f} s"
    )
    return project


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="+", default=[20_000])
    parser.add_argument("--provider", choices=sorted(PROVIDERS), default="fake")
    parser.add_argument("--sink", choices=sorted(SINKS), default="jsonl")
    parser.add_argument("--keep", type=Path, help="make the projects in this folder, and leave them there")
    parser.add_argument("--figures", type=Path, help="add the figures to this file, a JSON line each")
    options = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )
    folder = options.keep or Path(tempfile.mkdtemp(prefix="scale-"))
    found = []
    for documents in options.documents:
        project = project_in(folder, documents, options.provider, options.sink)
        found.append(measured(project))
        if options.figures is not None:
            with options.figures.open("a") as lines:
                for each in found[-1]:
                    lines.write(
                        json.dumps({"provider": options.provider, "sink": options.sink, **asdict(each)})
                        + "\n"
                    )
        if options.keep is None:
            shutil.rmtree(project.root)
    for few, many in pairwise(found):
        compare(few, many)


if __name__ == "__main__":
    main()
