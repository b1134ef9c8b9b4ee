"""Hints of what was spent, and of limits in status."""

from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project


@helps(", {} of them held or perhaps not even there, as 'docbatch status' tells")
def test_what_is_reserved_for_work_that_may_not_be_there(
    tmp_path: Path, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without batches nobody can look for a create whose answer was lost.
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    with ExtendEmulator() as vendor:
        vendor.create_faults = ["lost_before"]
        project = extend_project(tmp_path, vendor, documents={"in/a.txt": "one"})
        assert project.call("apply").code == 4
        told = hints.follow(project, project.call("costs"))

    assert "held" in told.out


@helps("{}; 'docbatch validate' lists them")
def test_limits_that_cannot_be_read(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor, documents={"in/a.txt": "one"})
        project.applied()
    project.write({"jobs/bad.yaml": "name: ["})
    told = hints.follow(project, project.call("status"))

    assert (told.code, "jobs/bad.yaml:" in told.err) == (64, True)
