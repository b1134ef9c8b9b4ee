"""What lies in a folder before a session of the documentation begins, by the name that the page says."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

from tests.cli.project import JOB, Project
from tests.cli.test_failures import bad
from tests.docs.pages import ROOT
from tests.emulators.rehearsing import staged

QUICK = """
apiVersion: docbatch/v1
project: {id: pages0000001}
providers:
  extend:
    api_key: {env: EXTEND_API_KEY}
    poll: {initial: 0.02, max: 0.1}
    rates: {requests_per_second: 2000}
"""
EXAMPLE = """
apiVersion: docbatch/v1
name: example
source: {include: "inbox/**"}
provider: extend
sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""
SAMPLES = ("report.pdf", "invoice.pdf", "letter.txt")


def samples(project: Project, names: tuple[str, ...], folder: str = "inbox") -> None:
    project.write({f"{folder}/{Path(name).name}": (ROOT / "samples" / name).read_bytes() for name in names})


@contextmanager
def nothing(folder: Path) -> Iterator[Project]:
    """An empty folder."""
    project = Project(folder / "letters")
    project.root.mkdir()
    yield project


@contextmanager
def demo(folder: Path) -> Iterator[Project]:
    """A checkout in which script/demo has taken its first step."""
    project = Project(folder)
    for name in ("samples", "jobs"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py", "__pycache__", "formats")
        )
    project.applied("jobs/samples.yaml")
    yield project


@contextmanager
def rehearsed(folder: Path) -> Iterator[Project]:
    """A project of a paid service, with two documents of which one is damaged."""
    project = Project(folder)
    project.write({"docbatch.yaml": QUICK})
    project.job(EXAMPLE, "example")
    samples(project, ("difficult/truncated.pdf", "report.pdf"))
    yield project


@contextmanager
def rehearsal(folder: Path) -> Iterator[Project]:
    """The same with documents that are well."""
    project = Project(folder)
    project.write({"docbatch.yaml": QUICK})
    project.job(EXAMPLE, "example")
    samples(project, SAMPLES)
    yield project


LETTERS = """
apiVersion: docbatch/v1
name: letters
source: {root: in, include: "**"}
provider: extend
labels: {team: finance}
sink: [{type: files, path: "out/{{ doc.%s }}.md"}]
"""


@contextmanager
def letters(folder: Path) -> Iterator[Project]:
    """Documents that were sent to Extend, of which one was written anew since, as was where they go, and one is damaged."""
    project = Project(folder)
    project.write({"docbatch.yaml": QUICK})
    project.job(LETTERS % "name", "letters")
    project.write({f"in/{name}.txt": f"letter {name}" for name in "abcd"})
    with staged("extend", project), mock.patch.dict(os.environ, {"EXTEND_API_KEY": "rehearsal"}):
        project.applied("--yes")
        project.write({"in/a.txt": "letter anew", "in/damaged.pdf": bad(1)})
        project.job(LETTERS % "path", "letters")
        project.call("apply")
        yield project


@contextmanager
def damaged(folder: Path) -> Iterator[Project]:
    """Documents of this machine, three of which are damaged."""
    project = Project(folder)
    project.job()
    project.write({f"in/{each}.txt": f"text {each}" for each in range(5)})
    project.write({f"in/bad/{each}.pdf": bad(each) for each in range(3)})
    project.call("apply")
    yield project


TEAM = ROOT / "examples/team"


@contextmanager
def team(folder: Path, mistake: str = "") -> Iterator[Project]:
    """The example of a team, without its comments, so that lines count as the page shows them."""
    project = Project(folder)
    shutil.copytree(TEAM, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".docbatch", "out"))
    for spec in folder.rglob("*.yaml"):
        lines = spec.read_text(encoding="utf-8").splitlines(keepends=True)
        spec.write_text("".join(line for line in lines if not line.startswith("#")), encoding="utf-8")
    base = folder / "fragments/base.yaml"
    base.write_text(
        base.read_text(encoding="utf-8").replace("\ntimeout:", mistake or "\ntimeout:"), encoding="utf-8"
    )
    yield project


@contextmanager
def part_of_a_job(folder: Path) -> Iterator[Project]:
    """Documents of which one is as it was, one is gone, and three are new, two of them in a folder of their own."""
    project = Project(folder)
    project.job()
    project.write({"in/kept.txt": "kept", "in/gone.txt": "gone"})
    project.applied()
    (folder / "in/gone.txt").unlink()
    project.write({"in/other.txt": "other", "in/new/a.txt": "new 1", "in/new/b.txt": "new 2"})
    yield project


OF_A_TEAM = "apiVersion: docbatch/v1\nproject: {id: pabcdef012345678}\n"


@contextmanager
def crooked_spec(folder: Path) -> Iterator[Project]:
    """Four specs, one of which is not laid out."""
    project = Project(folder)
    project.write({"docbatch.yaml": OF_A_TEAM})
    for name, text in (("invoices", "name:   crooked\n"), ("letters", "name: a\n"), ("orders", "name: b\n")):
        project.job(text, name)
    yield project


@contextmanager
def recorded_plan(folder: Path) -> Iterator[Project]:
    """A plan that was recorded before a sink's template changed."""
    project = Project(folder)
    project.write({"docbatch.yaml": OF_A_TEAM, "in/a.txt": "one"})
    project.job()
    project.call("test", "--update")
    project.job(JOB.replace("doc.path", "doc.stem"))
    yield project


ARRANGEMENTS: Mapping[str, Callable[[Path], AbstractContextManager[Project]]] = {
    "an empty folder": nothing,
    "the demo": demo,
    "a rehearsal in one line": rehearsed,
    "a rehearsal": rehearsal,
    "letters": letters,
    "damaged documents": damaged,
    "a team": team,
    "a team with a mistake": partial(team, mistake="\ntimout:"),
    "a part of a job": part_of_a_job,
    "a crooked spec": crooked_spec,
    "a recorded plan": recorded_plan,
}
