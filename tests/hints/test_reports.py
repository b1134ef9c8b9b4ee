"""What a report says to do next."""

import errno
from pathlib import Path
from unittest import mock

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.sinks import outputs
from tests.cli.project import JOB, Project
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project
from tests.providers.local import specimens
from tests.providers.local.locked import locked_pdf


def reported(project: Project) -> str:
    return (project.root / "report/report.md").read_text()


@helps("docbatch apply")
def test_a_run_that_is_not_through(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.call("apply", "--max-new", "1", "--report", "report")

    assert hints.follow(project, reported(project)).code == 0


@helps("docbatch retry")
def test_failures_that_may_be_gone(project: Project, hints: Hints) -> None:
    project.write({"in/a.pdf": locked_pdf("sesame"), "words.txt": "sesame"})
    project.call("apply", "--report", "report")
    project.job(JOB + "passwords: {file: words.txt}\n")

    assert "1 document queued" in hints.follow(project, reported(project)).out
    project.applied()


@helps("docbatch retry --class lost", "docbatch failures")
def test_documents_that_are_partial_or_fail_again(project: Project, hints: Hints) -> None:
    project.job(JOB + "config: {ocr: 'off'}\n")
    project.write({"in/a.pdf": specimens.pdf(scanned=(2,)), "in/b.pdf": b"%PDF-1.7\n"})
    project.call("apply", "--report", "report")

    listed = hints.follow(project, reported(project), "docbatch failures")
    queued = hints.follow(project, reported(project), "docbatch retry --class lost")

    assert "docbatch accept" in listed.out
    assert "1 document queued" in queued.out


@helps("docbatch status")
def test_a_create_that_is_held(tmp_path: Path, hints: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    with ExtendEmulator() as vendor:
        vendor.create_faults = ["lost_before"]
        made = extend_project(tmp_path, vendor, documents={"in/a.txt": "one"})
        made.call("apply", "--report", "report")

        assert "decide with 'docbatch resolve" in hints.follow(made, reported(made)).out


@helps("what the run did is recorded; mend it, and 'docbatch status --report DIR' writes how things stand")
def test_a_report_that_cannot_be_written(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    project.call("apply")
    with mock.patch.object(outputs, "write", side_effect=OSError(errno.ENOSPC, "No space left on device")):
        told = project.call("apply", "--report", "report")

    assert told.code == 1
    assert hints.follow(project, told, DIR="report").code == 0
    assert "1 of 1 document done" in reported(project)
