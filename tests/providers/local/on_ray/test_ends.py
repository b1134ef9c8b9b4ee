"""Ends of a run on a cluster that nobody planned: the command is killed, and the head goes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.testing.patience import comes_true
from tests.cli.project import Project
from tests.providers.local.on_ray.clusters import ENVIRONMENT, cluster, need_ray

DOCUMENTS = 40
MANY = 600
STARTS_WITHIN = 240.0
"""Seconds: a cluster has a dozen processes."""
MOMENTS = pytest.mark.parametrize("moment", [0, 1, 15])
JOB = """
    apiVersion: docbatch/v1
    name: job
    source: {root: in, include: "**/*"}
    provider: cluster
    sink: [{type: files, path: "out/{{ doc.path }}.md", format: markdown}]
"""


def project_on(root: Path, connection: str, documents: int = DOCUMENTS) -> Project:
    """Return a project of documents that take the engine a moment each."""
    project = Project(root)
    project.write(
        {
            "docbatch.yaml": "apiVersion: docbatch/v1\nproject: {id: ends00000000}\n"
            f"providers:\n  cluster: {{type: local, on: ray{connection}}}\n"
        }
    )
    project.write({f"in/{number}.html": _page(number) for number in range(documents)})
    project.job(JOB)
    return project


def _page(number: int) -> str:
    rows = "".join(f"<tr><td>{number}</td><td>row {row}</td></tr>" for row in range(2000))
    return f"<html><body><h1>Document {number}</h1><table>{rows}</table></body></html>"


def environment() -> dict[str, str]:
    return {**os.environ, **ENVIRONMENT, "NO_COLOR": "1"}


def below(pid: int) -> set[tuple[int, str]]:
    """Return the processes that descend from one, each by its id and the moment it began."""
    every = list(_processes())
    found = {pid}
    while more := {child for child, parent, _, _ in every if parent in found} - found:
        found |= more
    return {(child, began) for child, _, began, _ in every if child in found}


def alive() -> set[tuple[int, str]]:
    return {(pid, began) for pid, _, began, state in _processes() if state != "Z"}


def _processes() -> Iterator[tuple[int, int, str, str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(encoding="latin-1").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(entry.name), int(fields[1]), fields[19], fields[0]


@pytest.mark.full
@MOMENTS
def test_nothing_stays_of_a_run_that_is_killed_with_a_cluster_of_its_own(tmp_path: Path, moment: int) -> None:
    need_ray()
    project = project_on(tmp_path, ", workers: 1")
    process = project.start("apply", "--yes", env=environment())
    seen: set[tuple[int, str]] = set()

    def has_come_so_far() -> bool:
        seen.update(below(process.pid))
        return len(project.outputs()) > moment if moment else len(seen) > 4

    assert comes_true(has_come_so_far, STARTS_WITHIN)
    seen |= below(process.pid)
    process.kill()
    process.communicate()
    assert len(seen) > 4
    assert comes_true(lambda: not seen & alive())

    again = project.run("apply", "--yes", env=environment())
    assert again.returncode == 0, again.stderr
    assert len(project.outputs()) == DOCUMENTS


@pytest.mark.full
def test_a_run_that_is_killed_leaves_nothing_on_a_cluster_of_others(tmp_path: Path) -> None:
    with cluster(1) as made:
        project = project_on(tmp_path, f', address: "{made.address}"')
        before = below(made.pid)
        process = project.start("apply", "--yes", env=environment())
        assert comes_true(lambda: len(project.outputs()) > 0, STARTS_WITHIN)
        seen = below(made.pid) - before
        assert seen
        process.kill()
        process.communicate()
        assert comes_true(lambda: not {each for each in seen if _is_ours(each[0])} & alive())
        again = project.run("apply", "--yes", env=environment())
        assert (again.returncode, len(project.outputs())) == (0, DOCUMENTS)


def _is_ours(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"docbatch.providers.local.worker" in command or b"NodeReader" in command


@pytest.mark.full
def test_a_run_whose_head_goes_ends_incomplete_and_the_next_goes_on(tmp_path: Path) -> None:
    with cluster(1) as made:
        project = project_on(tmp_path, f', unreachable_after: 3s, address: "{made.address}"', MANY)
        process = project.start("apply", "--yes", env=environment())
        assert comes_true(lambda: len(project.outputs()) > 0, STARTS_WITHIN)
        made.kill("head")
        out, err = process.communicate(timeout=180)
    assert process.returncode == 4, out + err
    assert f"the Ray cluster at {made.address} cannot be used: " in err
    with cluster(2) as other:
        project.write(
            {"docbatch.yaml": (tmp_path / "docbatch.yaml").read_text().replace(made.address, other.address)}
        )
        again = project.run("apply", "--yes", env=environment())
        assert (again.returncode, len(project.outputs())) == (0, MANY)
