"""How many processes read at a time: what a connection says, or what there are processors for."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from docbatch.processes import processors
from docbatch.providers import REGISTRY
from docbatch.providers.local import KIND, traits
from docbatch.providers.local.messages import Task
from docbatch.providers.local.pool import Pool
from docbatch.providers.local.reading_pool import TaskOutcome
from tests.cli.project import JOB, Project

CONNECTIONS = """
project: {id: pabcdef012345}
providers:
  local: {workers: 1}
  wide: {type: local, workers: 3}
  usual: {type: local}
"""
PROCESSORS = 2


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[int, set[int]]:
    """Note the processes of each pool, in the order of the pools."""
    noted: dict[int, set[int]] = {}
    drain = Pool.drain

    def note(pool: Pool) -> list[TaskOutcome]:
        noted.setdefault(id(pool), set()).update(pool.pids())
        return drain(pool)

    monkeypatch.setattr(Pool, "drain", note)
    monkeypatch.setattr(processors, "available", lambda: PROCESSORS)
    return noted


@pytest.mark.parametrize(("connection", "workers"), [("local", 1), ("wide", 3), ("usual", PROCESSORS)])
def test_a_run_has_as_many_workers_as_the_connection_says(
    tmp_path: Path, started: dict[int, set[int]], connection: str, workers: int
) -> None:
    project = Project(tmp_path, has_workers=True)
    project.write({"docbatch.yaml": CONNECTIONS, **{f"in/{number}.txt": str(number) for number in range(12)}})
    project.job(JOB.replace("provider: local", f"provider: {connection}"))
    project.applied()

    assert [len(pids) for pids in started.values()] == [workers]
    assert len(project.outputs()) == 12


def test_connections_of_one_run_have_their_own_workers(tmp_path: Path, started: dict[int, set[int]]) -> None:
    project = Project(tmp_path, has_workers=True)
    project.write({"docbatch.yaml": CONNECTIONS, **{f"in/{number}.txt": str(number) for number in range(8)}})
    for connection, ocr in (("local", "auto"), ("wide", "off")):
        job = JOB.replace("name: job", f"name: {connection}").replace("out/", f"out/{connection}/")
        own = f'provider: {connection}\nconfig: {{ocr: "{ocr}"}}'
        project.job(job.replace("provider: local", own), name=connection)
    project.applied()

    assert sorted(len(pids) for pids in started.values()) == [1, 3]


def test_documents_have_the_time_and_memory_of_their_own_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds: dict[str, tuple[float, int]] = {}
    submit = Pool.submit

    def note(pool: Pool, tasks: Iterable[Task]) -> None:
        given = list(tasks)
        bounds.update((task.digest, (task.timeout, task.max_memory)) for task in given)
        submit(pool, given)

    monkeypatch.setattr(Pool, "submit", note)
    project = Project(tmp_path, has_workers=True)
    project.write(
        {"hasty/a.txt": "one", "patient/b.txt": "two", "hasty/both.txt": "x", "patient/both.txt": "x"}
    )
    for job, timeout, memory in (("patient", 600, "4GB"), ("hasty", 60, "1GB")):
        own = f"provider: local\nconfig: {{timeout: {timeout}, max_memory: {memory}}}"
        written = JOB.replace("name: job", f"name: {job}").replace("root: in", f"root: {job}")
        project.job(written.replace("out/", f"out/{job}/").replace("provider: local", own), name=job)

    project.applied()

    by_document = {text: bounds[sha256(text.encode()).hexdigest()] for text in ("one", "two", "x")}
    assert by_document == {"one": (60, 10**9), "two": (600, 4 * 10**9), "x": (60, 10**9)}


def test_more_workers_send_nothing_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"docbatch.yaml": CONNECTIONS, "in/a.txt": "one"})
    project.job()
    assert project.applied().processed == 1
    project.write({"docbatch.yaml": CONNECTIONS.replace("workers: 1", "workers: 7")})

    assert project.applied().processed == 0


@pytest.mark.parametrize(("workers", "submissions"), [(1, 4), (8, 10), (512, 64), (16384, 128)])
def test_enough_documents_are_handed_out_to_keep_all_workers_busy(workers: int, submissions: int) -> None:
    assert traits(workers).max_in_flight == submissions


def test_only_what_works_on_this_machine_has_workers() -> None:
    assert [kind.name for kind in REGISTRY.kinds() if kind.has_workers] == [KIND.name]
