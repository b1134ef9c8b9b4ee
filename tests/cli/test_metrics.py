"""`--metrics`: a whole file that Prometheus reads, with labels whose number documents do not raise."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.state import lock
from docbatch.testing.matrix import HASTE
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project

Sample = tuple[str, tuple[tuple[str, str], ...]]


def read(path: Path) -> Mapping[Sample, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def prepared(project: Project) -> Project:
    project.job(JOB)
    project.write({"in/a.txt": "one", "in/b.pdf": b"%PDF-1.4 nothing"})
    return project


def test_a_run_leaves_what_it_came_to(project: Project) -> None:
    ended = prepared(project).call("apply", "--metrics", "docbatch.prom")

    found = read(project.root / "docbatch.prom")
    of_job = (("connection", "local"), ("job", "job"))
    assert ended.code == 3
    assert found["docbatch_run_exit_code", ()] == 3
    assert found["docbatch_documents", (*of_job, ("status", "succeeded"))] == 1
    assert found["docbatch_documents", (*of_job, ("status", "failed"))] == 1
    assert found["docbatch_run_failed_documents", (("job", "job"),)] == 1
    assert found["docbatch_stored_results", ()] == 1
    assert found["docbatch_document_longest_seconds", (("job", "job"),)] > 0
    assert [path.name for path in project.root.glob("docbatch.prom*")] == ["docbatch.prom"]


def test_status_leaves_how_things_stand_and_nothing_of_a_run(project: Project) -> None:
    prepared(project).call("apply")

    assert project.call("status", "--metrics", "docbatch.prom").code == 0

    names = {name for name, _ in read(project.root / "docbatch.prom")}
    assert "docbatch_documents" in names
    assert not {name for name in names if name.startswith("docbatch_run_")}


def test_a_run_that_an_error_ends_leaves_its_exit_code(project: Project) -> None:
    project.job(JOB)
    (project.root / "in").mkdir(exist_ok=True)

    ended = project.call("apply", "--metrics", "docbatch.prom")

    assert ended.code == 6
    assert read(project.root / "docbatch.prom")["docbatch_run_exit_code", ()] == 6


def test_a_file_that_cannot_be_written_changes_no_exit_code(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.job(JOB)

    ended = project.call("apply", "--metrics", "no/such/folder.prom")

    assert ended.code == 0
    assert (
        "warning: no/such/folder.prom: the metrics cannot be written: No such file or directory" in ended.err
    )


def test_what_is_not_installed_is_named_before_anything_is_done(project: Project) -> None:
    prepared(project)

    with mock.patch.dict(sys.modules, {"prometheus_client": None}):
        ended = project.call("apply", "--metrics", "docbatch.prom")

    assert ended.code == 64
    assert "pip install 'docbatch[metrics]'" in ended.err
    assert not (project.root / "out").exists()


def test_what_nobody_knows_is_no_number(tmp_path: Path) -> None:
    """A text at Extend: the vendor tells its credits, and nobody knows beforehand how many pages it counts as."""
    with ExtendEmulator() as vendor:
        vendor.haste = HASTE
        project = extend_project(tmp_path, vendor, documents={"in/a.txt": "one"})
        assert project.call("apply", "--yes", "--metrics", "docbatch.prom").code == 0

    found = read(project.root / "docbatch.prom")
    extend = (("connection", "extend"),)
    assert found["docbatch_run_spent_credits", extend] == 2
    assert ("docbatch_run_spent_usd", extend) not in found
    assert found["docbatch_run_unpriced_documents", extend] == 1


@pytest.mark.parametrize("name", ["docbatch.yaml", "in/a.txt", ".docbatch/state.db"])
def test_what_is_no_file_of_metrics_is_not_replaced(project: Project, name: str) -> None:
    prepared(project).write({"docbatch.yaml": "project: {id: pabcdef012345}\n"})
    project.call("apply")
    before = (project.root / name).read_bytes()

    for command in ("apply", "status"):
        ended = project.call(command, "--metrics", name)
        assert ended.code == 64
        assert f"{name}: exists already and is not a file of metrics that docbatch wrote" in ended.err
    assert (project.root / name).read_bytes() == before


def test_what_is_no_file_at_all_is_not_replaced(project: Project) -> None:
    prepared(project)
    os.mkfifo(project.root / "pipe")

    assert project.call("apply", "--metrics", "pipe").code == 64
    assert (project.root / "pipe").is_fifo()


def test_a_file_of_an_earlier_run_and_an_empty_one_are_replaced(project: Project) -> None:
    prepared(project).write({"docbatch.prom": ""})

    for _ in range(2):
        assert project.call("apply", "--metrics", "docbatch.prom").code == 3
    assert read(project.root / "docbatch.prom")["docbatch_run_exit_code", ()] == 3


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (ZeroDivisionError(), 1)])
def test_whatever_ends_a_run_leaves_its_exit_code(project: Project, error: BaseException, code: int) -> None:
    prepared(project)

    with (
        mock.patch("docbatch.api.callbacks.apply", side_effect=error),
        contextlib.suppress(ZeroDivisionError),
    ):
        project.call("apply", "--metrics", "docbatch.prom")

    assert read(project.root / "docbatch.prom")["docbatch_run_exit_code", ()] == code


def test_where_no_project_can_be_opened_the_exit_code_is_left(project: Project) -> None:
    prepared(project).write({"docbatch.yaml": "project: ["})

    assert project.call("apply", "--metrics", "docbatch.prom").code == 64
    assert read(project.root / "docbatch.prom")["docbatch_run_exit_code", ()] == 64


def test_a_run_that_finds_another_at_work_leaves_its_exit_code(project: Project) -> None:
    prepared(project).call("apply")
    project.write({"in/c.txt": "three"})

    with lock.hold(project.root / ".docbatch/lock"):
        assert project.call("apply", "--metrics", "docbatch.prom").code == 11

    found = read(project.root / "docbatch.prom")
    assert found["docbatch_run_exit_code", ()] == 11
