"""A run at a service, from a program: work that is left running, and collected by the next run."""

from pathlib import Path

import docbatch
from docbatch.emulators.extend.service import ExtendEmulator
from tests.providers.extend.project import extend_project


def test_what_is_left_running_is_collected_by_the_next_run(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        project = docbatch.open_project(extend_project(tmp_path, vendor).root)
        (job,) = project.validate()
        assert (job.provider, job.in_process) == ("extend", False)

        vendor.latency = 3600
        left = project.apply(wait=False)
        (submission,) = project.status().open
        (line,) = project.plan().lines

        assert (left.exit_code, submission.connection) == (4, "extend")
        assert (line.kind, line.documents) == ("wait", 3)
        for run in vendor.runs.values():
            run.ends = 0.0
        assert project.apply().exit_code == 0
        results = list(project.results("job"))

    assert [result.document.path for result in results] == ["one.txt", "three.txt", "two.txt"]
    assert all(result.raw for result in results)


def test_a_key_that_is_missing_is_told_by_the_outcome(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        files = extend_project(tmp_path, vendor)
        (files.root / "key").unlink()

        outcome = docbatch.open_project(files.root).apply()

    assert [type(error) for error in outcome.errors] == [docbatch.CredentialsError]
    assert outcome.exit_code == 12
